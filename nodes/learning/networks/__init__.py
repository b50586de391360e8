"""What networks are made of: modules of torch, and what tiling has to know of them."""
