"""The run folder: its formats, its manifest and how it is found again."""
