"""Learns what was done to a few frames or poses, and does it to the whole sequence."""

__version__ = "0.1.0"
