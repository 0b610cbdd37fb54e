"""Meshes and Mesh R-CNN: cubify, graph convolutions, losses on surfaces."""
