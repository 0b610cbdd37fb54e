"""Functions of space that rays are sent through: volume rendering, NeRF, voxel fields."""
