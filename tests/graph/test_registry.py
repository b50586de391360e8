"""Finding node types by name."""

from __future__ import annotations

import pytest
from small_nodes import Number, small_registry

from understudy.graph.errors import UnderstudyError
from understudy.graph.node import Node
from understudy.graph.registry import Registry


def other_number() -> type[Node]:
    """Another class of the same name, as a second package may have."""
    return type("Number", (Node,), {"__doc__": "Another.", "version": 1})


def test_two_types_of_one_name_are_refused() -> None:
    """The second does not replace the first silently; the message names both modules."""
    with pytest.raises(UnderstudyError, match=r"Two node types are called Number: small_nodes and "):
        small_registry().add(other_number())


def test_types_of_two_packages_may_share_a_class_name() -> None:
    """Each is called by its package, and neither hides the other nor ours."""
    one, two = other_number(), other_number()
    registry = Registry(packages=lambda: [("studio.Number", one), ("vendor.Number", two)])
    registry.add(Number)

    assert (Number, one, two) == tuple(map(registry.find, ("Number", "studio.Number", "vendor.Number")))
    assert [cls.type_name for cls in registry] == ["Number", "studio.Number", "vendor.Number"]


def test_packages_are_loaded_only_when_named() -> None:
    """A graph of built-in types does not pay for others."""
    loaded: list[int] = []
    registry = Registry(packages=lambda: loaded.append(1) or ())
    registry.add(Number)

    assert (Number, None, []) == (registry.find("Number"), registry.find("Other"), loaded)
    assert (registry.find("a.B"), registry.find("c.D"), loaded) == (None, None, [1])
