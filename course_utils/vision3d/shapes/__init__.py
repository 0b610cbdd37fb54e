"""One shape, many forms: voxels, points, meshes, implicit functions, and the ways between them."""
