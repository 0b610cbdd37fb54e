"""Pictures to learn from: the toy world by default, real ones by the same call."""

from course_utils.data.images import SOURCES, ImageSet, load_images

__all__ = ["SOURCES", "ImageSet", "load_images"]
