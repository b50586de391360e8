"""Tables and motion: from rows to labels."""
