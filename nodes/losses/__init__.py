"""Losses that a Trainer can train against."""
