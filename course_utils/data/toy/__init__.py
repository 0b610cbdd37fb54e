"""The toy world: pictures of simple objects with exact ground truth for everything.

scenes = toy.sample_scenes(4, generator=generator)
camera = toy.sample_cameras(scenes, generator=generator, size=128)
rendering = toy.render(scenes, camera)       # image, depth, normal, instance, part
images = toy.make_images(10_000, size=32)    # cached on disk
"""

from course_utils.data.toy.backdrops import BACKDROPS as BACKDROPS
from course_utils.data.toy.blueprints.base import COLOURS as COLOURS
from course_utils.data.toy.blueprints.base import PALETTE as PALETTE
from course_utils.data.toy.blueprints.base import Objects as Objects
from course_utils.data.toy.blueprints.classes import CLUTTER as CLUTTER
from course_utils.data.toy.blueprints.classes import EMPTY_SLOT as EMPTY_SLOT
from course_utils.data.toy.blueprints.classes import KEYPOINT_NAMES as KEYPOINT_NAMES
from course_utils.data.toy.blueprints.classes import KINDS as KINDS
from course_utils.data.toy.blueprints.classes import PART_NAMES as PART_NAMES
from course_utils.data.toy.blueprints.classes import make_objects as make_objects
from course_utils.data.toy.boxes import boxes_3d as boxes_3d
from course_utils.data.toy.captions import captions as captions
from course_utils.data.toy.clips import Clips as Clips
from course_utils.data.toy.clips import make_clips as make_clips
from course_utils.data.toy.clips import render_clips as render_clips
from course_utils.data.toy.clips import sample_clips as sample_clips
from course_utils.data.toy.dataset import ToyImages as ToyImages
from course_utils.data.toy.dataset import all_toy_scenes as all_toy_scenes
from course_utils.data.toy.dataset import make_images as make_images
from course_utils.data.toy.dataset import toy_scenes as toy_scenes
from course_utils.data.toy.ground_truth import Keypoints as Keypoints
from course_utils.data.toy.ground_truth import full_boxes as full_boxes
from course_utils.data.toy.ground_truth import keypoints as keypoints
from course_utils.data.toy.ground_truth import occupancy as occupancy
from course_utils.data.toy.ground_truth import signed_distance as signed_distance
from course_utils.data.toy.meshes import Mesh as Mesh
from course_utils.data.toy.meshes import mesh_of as mesh_of
from course_utils.data.toy.motion import Correspondence as Correspondence
from course_utils.data.toy.motion import correspondence as correspondence
from course_utils.data.toy.render import Rendering as Rendering
from course_utils.data.toy.render import render as render
from course_utils.data.toy.render import render_image as render_image
from course_utils.data.toy.render import render_truth as render_truth
from course_utils.data.toy.render import warm_up as warm_up
from course_utils.data.toy.scenes import Scenes as Scenes
from course_utils.data.toy.scenes import sample_cameras as sample_cameras
from course_utils.data.toy.scenes import sample_scenes as sample_scenes
from course_utils.data.toy.scenes import scene_ball as scene_ball
from course_utils.data.toy.scenes import stack_scenes as stack_scenes
from course_utils.data.toy.surfaces import SurfacePoints as SurfacePoints
from course_utils.data.toy.surfaces import surface_points as surface_points
