"""Posed meshes: the training file, skinning, topology, point caches and shaded views."""
