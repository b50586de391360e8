"""The four top-level folders are one package, and the lower floors stay light."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[1]
FLOORS = ("graph", "runtime", "nodes", "cli")


def _setuptools() -> dict[str, Any]:
    table = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    settings: dict[str, Any] = table["tool"]["setuptools"]
    return settings


def test_every_package_is_shipped() -> None:
    """Every folder with an `__init__.py` stands in `packages`, and nothing else does."""
    found = {
        ".".join(("understudy", *path.parent.relative_to(ROOT).parts))
        for floor in FLOORS
        for path in (ROOT / floor).rglob("__init__.py")
    }

    assert {"understudy", *found} == set(_setuptools()["packages"])


def test_no_module_is_left_out_of_a_package() -> None:
    """Every folder of the floors that holds a module has an `__init__.py`."""
    folders = {path.parent for floor in FLOORS for path in (ROOT / floor).rglob("*.py")}

    assert sorted(str(folder) for folder in folders if not (folder / "__init__.py").is_file()) == []


def test_root_holds_no_other_module() -> None:
    """A module beside the root `__init__.py` would be installed as part of the package."""
    assert sorted(path.name for path in ROOT.glob("*.py")) == ["__init__.py"]


def test_every_example_is_shipped() -> None:
    """The graphs of `examples/` match the package data, so that `understudy new` works from a wheel."""
    shipped = _setuptools()["package-data"]["understudy"]
    graphs = [path.relative_to(ROOT).as_posix() for path in (ROOT / "examples").rglob("*.toml")]

    assert graphs
    assert all(any(fnmatch(graph, pattern) for pattern in shipped) for graph in graphs)


@pytest.mark.parametrize(
    "module",
    [
        "understudy.graph.checking",
        "understudy.graph.reading",
        "understudy.runtime.planning",
        "understudy.nodes.registry",
        "understudy.cli.main",
        "understudy.cli.templates",
    ],
)
def test_light_modules_import_nothing_heavy(module: str) -> None:
    """Reading, checking and planning graphs never import torch, nor the libraries that frames need."""
    heavy = {"torch", "numpy", "scipy", "matplotlib", "OpenImageIO"}
    code = (
        f"import sys, {module}, understudy.nodes.registry as found; found.registry(); "
        f"print(*sorted({heavy} & set(sys.modules)))"
    )

    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert printed.stdout.split() == []
