"""Posed meshes: from controls and shapes to a deformer that plays."""
