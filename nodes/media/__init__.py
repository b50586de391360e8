"""What a wire carries: images, meshes and tables."""
