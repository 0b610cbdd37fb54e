"""The rasteriser of splats by tiles: torch, numba and Triton."""
