"""Networks that a Trainer can train."""
