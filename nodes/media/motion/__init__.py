"""Motion: clips of joint rotations."""
