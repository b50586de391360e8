"""The node types, and what they are made of."""
