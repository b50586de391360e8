"""What is wrong with examples: measures of frames, faults of pairs, and what to leave out."""
