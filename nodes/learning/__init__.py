"""How the program learns: networks, losses, optimiser, loop."""
