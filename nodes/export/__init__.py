"""Trained models for other programs: one format, one file, each with a function `export`."""
