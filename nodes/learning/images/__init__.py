"""Images: from pairs of frames to a model that is applied to whole sequences."""
