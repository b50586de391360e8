"""The examples in docstrings run as written."""

from __future__ import annotations

import doctest
import importlib.util
import pkgutil
from typing import TYPE_CHECKING

import pytest

import understudy.cli
import understudy.graph
import understudy.runtime

if TYPE_CHECKING:
    from types import ModuleType

PACKAGES = (understudy.graph, understudy.runtime, understudy.cli)


def with_examples(package: ModuleType) -> list[str]:
    """The modules of a package whose text has examples."""
    found = []
    for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
        spec = importlib.util.find_spec(module.name)
        source = spec.loader.get_source(module.name) if spec is not None and spec.loader is not None else ""
        if source and ">>> " in source:
            found.append(module.name)
    return found


@pytest.mark.parametrize("name", [name for package in PACKAGES for name in with_examples(package)])
def test_examples_give_what_they_say(name: str) -> None:
    """Every example of the module has the result that stands below it."""
    failed, tried = doctest.testmod(importlib.import_module(name))

    assert tried > 0
    assert failed == 0
