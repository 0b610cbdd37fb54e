"""Gaussian splatting: projection, tiles, densification, files."""
