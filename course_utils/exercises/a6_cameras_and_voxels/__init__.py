"""Assignment 6: pinhole cameras, their rays and frustums, and voxel grids."""
