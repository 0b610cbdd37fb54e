"""Boxes in 2D and 3D: their overlap, frustums, proposals, detectors and scores."""
