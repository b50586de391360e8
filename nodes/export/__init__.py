"""Trained models for other programs: one format, one file, found by `format.formats`."""
