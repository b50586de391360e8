"""What computes a trained network on a processor: torch, or a library that does nothing else and is faster.

`backend` says what a back end is and swaps it in, each of the other modules is one of them, and `choosing`
measures which is the fastest here.
"""
