"""Finding node types in the node folders and in other packages."""

from __future__ import annotations

import sys
from importlib.metadata import EntryPoint
from types import ModuleType
from typing import TYPE_CHECKING

import pytest

from understudy.graph.errors import UnderstudyError
from understudy.graph.node import Node
from understudy.nodes import registry as module
from understudy.nodes.registry import FOLDERS, node_types, registry

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def anew() -> Iterator[None]:
    """Types are looked for anew, and forgotten afterwards."""
    registry.cache_clear()
    yield
    registry.cache_clear()


def package(monkeypatch: pytest.MonkeyPatch, name: str, *classes: str) -> EntryPoint:
    """A package that offers node types, as installed."""
    made = ModuleType(f"{name}_nodes")
    for one in classes:
        setattr(made, one, type(one, (Node,), {"__module__": made.__name__, "__doc__": "Odd.", "version": 1}))
    monkeypatch.setitem(sys.modules, made.__name__, made)
    return EntryPoint(name, made.__name__, module.GROUP)


def install(monkeypatch: pytest.MonkeyPatch, *entries: EntryPoint) -> None:
    """Makes these the only packages that offer node types."""
    monkeypatch.setattr("importlib.metadata.entry_points", lambda *, group: entries if group else ())


BESIDE_A_PACKAGE = {"Export": "exportmodel"}
"""Nodes whose name a package has already: `export/` holds the formats."""


def test_each_node_has_a_file_of_its_name() -> None:
    """`ContactSheet` is in `contact_sheet.py`: one name finds code, test and page."""
    for cls in registry():
        if "." not in cls.type_name:
            folder, _, name = cls.__module__.rpartition(".")
            assert folder in FOLDERS
            assert name.replace("_", "") == BESIDE_A_PACKAGE.get(cls.type_name, cls.type_name.lower())


@pytest.mark.usefixtures("anew")
def test_other_packages_have_names_of_their_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two packages with one class name, which is also one of ours, don't hide each other."""
    studio, vendor = (package(monkeypatch, name, "Trainer") for name in ("studio", "vendor"))
    install(monkeypatch, studio, vendor)
    found = {name: registry().find(name) for name in ("Trainer", "studio.Trainer", "vendor.Trainer")}

    assert len(set(found.values())) == 3
    assert None not in found.values()
    assert registry().nearest("studio.Trainr") == "studio.Trainer"


@pytest.mark.usefixtures("anew")
def test_two_packages_of_one_name_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """The second does not silently replace the first."""
    one, other = package(monkeypatch, "studio", "Blur"), package(monkeypatch, "studio2", "Blur")
    install(monkeypatch, one, EntryPoint("studio", other.value, module.GROUP))

    with pytest.raises(UnderstudyError, match=r"Two node types are called studio\.Blur"):
        registry().find("studio.Blur")


@pytest.mark.usefixtures("anew")
def test_a_package_that_cannot_be_imported_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """A broken package is told by name; graphs that need none of its types still run."""
    install(monkeypatch, EntryPoint("studio", "no_such_module", module.GROUP))

    assert registry().find("Trainer") is not None
    with pytest.raises(UnderstudyError, match=r"studio \(no_such_module\) can't be loaded: ModuleNotFound"):
        registry().find("studio.Blur")


def test_imported_and_abstract_classes_are_no_types() -> None:
    """A module's own node types only: what it imports stays with its own module."""
    made = ModuleType("made")
    made.Node = Node  # type: ignore[attr-defined]

    assert node_types(made) == []
