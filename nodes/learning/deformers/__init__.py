"""Deformers: from rig controls to the vertices of a mesh."""
