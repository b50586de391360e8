"""The order of nodes."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from understudy.graph.wiring import ordered


def test_a_chain_of_100_000_has_an_order() -> None:
    """Nothing recurses, however long the chain."""
    order, circles = ordered({str(n): [str(n - 1)] if n else [] for n in reversed(range(100_000))})

    assert (circles, order[0], order[-1]) == ([], "0", "99999")


@given(st.dictionaries(st.integers(0, 12), st.lists(st.integers(0, 12), max_size=3, unique=True)))
def test_parents_come_first_and_circles_are_circles(drawn: dict[int, list[int]]) -> None:
    """Every node is in the order after its parents, or on or below a circle whose every step is a wire."""
    parents_of = {str(n): [str(p) for p in ones if p in drawn] for n, ones in drawn.items()}
    order, circles = ordered(parents_of)

    for place, name in enumerate(order):
        assert all(parent in order[:place] for parent in parents_of[name])
    assert bool(circles) == (len(order) < len(parents_of))
    for circle in circles:
        for name, parent in zip(circle, [*circle[1:], circle[0]], strict=True):
            assert parent in parents_of[name]
