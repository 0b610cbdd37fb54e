"""Assignment 8: Gaussians in space and in the picture, compositing, and densification."""
