"""3D vision: cameras, shapes, and pictures rendered from fields and from Gaussians."""
