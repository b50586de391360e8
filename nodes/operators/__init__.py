"""Image operators: what stands around a network in a comp."""
