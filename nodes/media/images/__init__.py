"""Frames: reading, cropping, converting and writing them."""
