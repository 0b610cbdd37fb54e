"""Plausible mistakes with a pinhole camera, and the sentence that helps with each."""

from course_utils.checks.exercise import Misconception

PROJECT_POINTS = (
    Misconception(
        "rotation_transposed",
        "The rotation is the wrong way round.",
        "`rotation` takes camera axes into the world. Here you go the other way: Rᵀ (X − C).",
    ),
    Misconception(
        "centre_added",
        "The camera's centre is added.",
        "The camera's own centre must become 0 in camera axes: X − C.",
    ),
    Misconception(
        "centre_after_rotation",
        "The centre is taken off (or added) after the rotation.",
        "C is given in the world: subtract it first, then turn.",
    ),
    Misconception(
        "centre_forgotten",
        "The camera's centre plays no part.",
        "Points are seen from where the camera stands: X − C.",
    ),
    Misconception(
        "rotation_forgotten",
        "The rotation plays no part.",
        "Turn into the camera's axes first: x right, y down, z forward.",
    ),
    Misconception(
        "no_perspective",
        "Nothing is divided by the depth.",
        "What is twice as far looks half as large: x / z and y / z.",
    ),
    Misconception(
        "divided_by_distance",
        "It is divided by the distance from the camera.",
        "The picture is a plane: divide by the depth z along the axis.",
    ),
    Misconception(
        "divided_by_another_axis",
        "It is divided by another coordinate than the depth.",
        "In camera axes z points forward: x / z and y / z.",
    ),
    Misconception(
        "divided_after_principal",
        "The principal point is added before the division by the depth.",
        "First x / z and y / z, times f; then add the principal point, which is in pixels.",
    ),
    Misconception(
        "v_flipped",
        "The picture is upside down.",
        "The camera's y axis and the picture's v both point down: no minus sign.",
    ),
    Misconception(
        "u_flipped",
        "The picture is a mirror image.",
        "The camera's x axis and the picture's u both point right: no minus sign.",
    ),
    Misconception(
        "both_flipped",
        "The picture is turned by half a turn.",
        "The picture plane is thought in front of the pinhole, at z = +f: nothing is turned round.",
    ),
    Misconception(
        "focal_forgotten",
        "The focal length plays no part.",
        "x / z is a slope; times f it becomes pixels.",
    ),
    Misconception(
        "focal_divides",
        "It is divided by the focal length.",
        "A longer focal length makes things larger: multiply.",
    ),
    Misconception(
        "focal_on_one_axis",
        "Only one of the two coordinates is multiplied by the focal length.",
        "Pixels are square: the same f for u and v.",
    ),
    Misconception(
        "principal_forgotten",
        "The principal point is missing.",
        "Pixels are counted from the upper left corner: the axis meets the picture at `principal`.",
    ),
    Misconception(
        "principal_subtracted",
        "The principal point is subtracted.",
        "A point on the axis must come out at `principal`, not at its negative.",
    ),
    Misconception(
        "principal_times_focal",
        "The principal point is multiplied by the focal length.",
        "It is in pixels already: f · (x / z, y / z) + principal.",
    ),
    Misconception(
        "principal_swapped",
        "The two coordinates of the principal point are swapped.",
        "It is (u, v), in the order of the pixels.",
    ),
    Misconception(
        "half_pixel_moved",
        "All pixels are off by a half.",
        "(0, 0) is the *corner* of the first pixel, (0.5, 0.5) its centre: nothing is added.",
    ),
    Misconception(
        "rounded",
        "The pixels are rounded to whole numbers.",
        "A picture's plane is continuous: where the point falls, to the fraction of a pixel.",
    ),
    Misconception(
        "rows_before_columns",
        "Rows and columns are swapped.",
        "(u, v): first to the right, then down.",
    ),
    Misconception(
        "depth_is_distance",
        "The depth is the distance from the camera.",
        "Depth is the coordinate along the optical axis: z alone.",
    ),
    Misconception(
        "depth_without_sign",
        "The depth of points behind the camera is not negative.",
        "Leave z as it is: its sign tells what is behind.",
    ),
    Misconception(
        "depth_negated",
        "The depth has the wrong sign.",
        "z points forward: what is seen has a positive depth.",
    ),
    Misconception(
        "depth_inverted",
        "This is one over the depth.",
        "Return z itself.",
    ),
    Misconception(
        "depth_before_rotation",
        "The depth is taken before the rotation.",
        "It is the third coordinate in *camera* axes.",
    ),
    Misconception(
        "depth_first",
        "The two results are in the wrong order.",
        "(pixels, depth).",
    ),
    Misconception(
        "one_tensor",
        "A single tensor came, not two.",
        "Return a pair: pixels (points, 2) and depth (points,).",
    ),
    Misconception(
        "points_behind_dropped",
        "Points behind the camera are left out.",
        "One pixel and one depth for each point: whoever calls looks at the sign.",
    ),
    Misconception(
        "gradient_cut",
        "The numbers are right, but no gradient gets through.",
        "Stay with torch functions: cameras are found by descending through them.",
    ),
)

PIXELS_TO_RAYS = (
    Misconception(
        "not_unit",
        "The directions do not have length 1.",
        "Divide each by its own length, along the last axis.",
    ),
    Misconception(
        "unit_over_the_rays",
        "The directions are divided by a length over all rays.",
        "Each ray by itself: the norm along the last axis.",
    ),
    Misconception(
        "divided_by_the_square",
        "The directions are divided by their squared length.",
        "Take the root: the length is √(x² + y² + z²).",
    ),
    Misconception(
        "rotation_transposed",
        "The rotation is the wrong way round.",
        "`rotation` takes camera axes into the world, and that is where you go: R d.",
    ),
    Misconception(
        "rotation_forgotten",
        "The rotation plays no part: the directions are in camera axes.",
        "Rays live in the world: turn them with R.",
    ),
    Misconception(
        "focal_forgotten",
        "The focal length plays no part.",
        "A pixel is f pixels in front of the pinhole: divide by f, or take f as depth.",
    ),
    Misconception(
        "focal_multiplied",
        "The offset is multiplied by the focal length.",
        "A longer focal length sees a narrower angle: divide.",
    ),
    Misconception(
        "focal_as_depth_twice",
        "The focal length is used twice: divided by, and as depth.",
        "(u − u₀, v − v₀, f), or all of it divided by f. Not both.",
    ),
    Misconception(
        "principal_forgotten",
        "The principal point is missing.",
        "The axis leaves the picture at `principal`: subtract it first.",
    ),
    Misconception(
        "principal_added",
        "The principal point is added.",
        "The pixel `principal` itself must look straight ahead: subtract it.",
    ),
    Misconception(
        "principal_after_focal",
        "The principal point is subtracted after the division by f.",
        "It is in pixels: subtract first, then divide.",
    ),
    Misconception(
        "principal_swapped",
        "The two coordinates of the principal point are swapped.",
        "It is (u, v), in the order of the pixels.",
    ),
    Misconception(
        "v_flipped",
        "Rays of lower pixels go up.",
        "The picture's v and the camera's y both point down: no minus sign.",
    ),
    Misconception(
        "both_flipped",
        "The offset has the wrong sign: right is left, and down is up.",
        "pixel − principal, not the other way round.",
    ),
    Misconception(
        "backwards",
        "The rays go backwards, away from what is seen.",
        "z = +1 is forward in camera axes.",
    ),
    Misconception(
        "flat",
        "The directions lie in the picture's plane: their forward part is 0.",
        "Append a 1 for z before turning.",
    ),
    Misconception(
        "rows_before_columns",
        "Rows and columns are swapped.",
        "Pixels are (u, v): first to the right, then down.",
    ),
    Misconception(
        "half_pixel_moved",
        "All pixels are moved by a half.",
        "The given pixels are exact places in the picture; a pixel's centre comes as 0.5 already.",
    ),
    Misconception(
        "centre_in_direction",
        "The camera's centre got into the directions.",
        "A direction is a difference: only turned, never moved.",
    ),
    Misconception(
        "origin_at_zero",
        "The rays begin at the world's origin.",
        "They all go through the pinhole: the camera's centre.",
    ),
    Misconception(
        "origin_on_the_picture",
        "The rays begin on the picture's plane, or one unit out.",
        "They begin in the pinhole: the camera's centre.",
    ),
    Misconception(
        "origin_negated",
        "The origins have the wrong sign.",
        "`centre` is in world coordinates already: take it as it is.",
    ),
    Misconception(
        "one_origin",
        "There is one origin for all rays.",
        "One row for each pixel: `centre.expand(...)`.",
    ),
    Misconception(
        "direction_first",
        "The two results are in the wrong order.",
        "(origins, directions).",
    ),
    Misconception(
        "directions_only",
        "A single tensor came, not two.",
        "Return a pair: origins and directions, each (pixels, 3).",
    ),
    Misconception(
        "gradient_cut",
        "The numbers are right, but no gradient gets through.",
        "Stay with torch functions: no `.detach()`, `.tolist()` or `no_grad`.",
    ),
)

FRUSTUM_PLANES = (
    Misconception(
        "inward",
        "All normals point inwards.",
        "The inside is where n · x ≤ d, so the normals point out.",
    ),
    Misconception(
        "sides_inward",
        "The normals of the four sides point inwards.",
        "Outside of the left side is where x < z (left − u₀) / f: there n · x must be positive.",
    ),
    Misconception(
        "camera_plane_inward",
        "The normal of the camera's own plane points inwards.",
        "Outside is *behind* the camera: its normal is −forward.",
    ),
    Misconception(
        "half_inward",
        "Two of the sides have their normals turned round.",
        "Left and right look in opposite directions, and so do top and bottom.",
    ),
    Misconception(
        "not_unit",
        "The normals do not have length 1.",
        "Divide each by its own length.",
    ),
    Misconception(
        "unit_over_the_planes",
        "The normals are divided by a length over all planes.",
        "Each plane by itself: the norm along the last axis.",
    ),
    Misconception(
        "rotation_transposed",
        "The rotation is the wrong way round.",
        "From camera axes into the world: R n for each normal.",
    ),
    Misconception(
        "rotation_forgotten",
        "The normals are in camera axes.",
        "Turn them into the world with R, before the offsets are computed.",
    ),
    Misconception(
        "offsets_zero",
        "All offsets are 0, as if the camera stood at the origin.",
        "Every plane goes through the pinhole: d = n · C.",
    ),
    Misconception(
        "offsets_negated",
        "The offsets have the wrong sign.",
        "n · x = d must hold at the camera's centre.",
    ),
    Misconception(
        "offsets_per_axis",
        "There are three offsets for each plane.",
        "A scalar product: sum over the last axis.",
    ),
    Misconception(
        "principal_forgotten",
        "The principal point is missing.",
        "Subtract it from both corners of the rectangle.",
    ),
    Misconception(
        "principal_on_first_corner",
        "The principal point is subtracted from one corner only.",
        "From (left, top) *and* from (right, bottom).",
    ),
    Misconception(
        "focal_forgotten",
        "The focal length plays no part.",
        "A slope is (left − u₀) / f.",
    ),
    Misconception(
        "focal_multiplied",
        "The offset in the picture is multiplied by the focal length.",
        "A longer focal length sees a narrower angle: divide.",
    ),
    Misconception(
        "corner_and_size",
        "The last two numbers are read as width and height.",
        "The rectangle is (left, top, right, bottom).",
    ),
    Misconception(
        "left_and_right_swapped",
        "Left and right are swapped.",
        "The normal of the left side points left: its x is negative in camera axes.",
    ),
    Misconception(
        "top_and_bottom_swapped",
        "Top and bottom are swapped.",
        "v and the camera's y point down, so the normal of the top has a negative y.",
    ),
    Misconception(
        "axes_swapped",
        "Horizontal and vertical are swapped.",
        "left and right go with x and u₀, top and bottom with y and v₀.",
    ),
    Misconception(
        "other_order",
        "The right planes in another order.",
        "left, top, right, bottom, then the camera's own plane.",
    ),
    Misconception(
        "slope_sign",
        "The slopes have the wrong sign.",
        "On the left side x = z (left − u₀) / f must give n · x = 0.",
    ),
    Misconception(
        "edges_for_normals",
        "These are the edges of the pyramid, not its normals.",
        "A normal is at right angles to two neighbouring edges.",
    ),
    Misconception(
        "along_the_planes",
        "These vectors lie in the planes.",
        "A normal is at right angles to its plane: for x = s z it is (∓1, 0, ±s).",
    ),
    Misconception(
        "parallel_sides",
        "The sides are parallel to the axis, as if there were no perspective.",
        "The sides lean by their slope: n has a z part too.",
    ),
    Misconception(
        "camera_plane_missing",
        "The camera's own plane is missing.",
        "Without it, what is behind the camera would count: five planes.",
    ),
    Misconception(
        "offsets_first",
        "The two results are in the wrong order.",
        "(normals, offsets).",
    ),
    Misconception(
        "one_tensor",
        "A single tensor came, not two.",
        "Return a pair: normals (5, 3) and offsets (5,).",
    ),
)
