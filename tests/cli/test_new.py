"""`understudy new`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pytest
    from conftest import Command


def test_without_a_template_they_are_listed(understudy: Command) -> None:
    """Each with a line of help."""
    said = understudy("new")

    assert (said.status, said.err) == (0, "")
    assert said.out.startswith("roto  ")


def test_it_says_what_to_do_next(understudy: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    """The command that runs the new graph stands there to be copied."""
    made = [Path("first/graph.toml"), Path("first/a.exr")]
    monkeypatch.setattr("understudy.cli.templates.create", lambda *_: made)
    said = understudy("new", "roto", "first")

    assert said.out == "first: 2 files. Next: understudy run first/graph.toml\n"
    assert "making the footage of roto" in said.err


def test_a_misspelt_template_is_told_with_the_nearest(understudy: Command) -> None:
    """Nothing is made."""
    said = understudy("new", "rotto", "first")

    assert said.status == 2
    assert "roto" in said.err
    assert not Path("first").exists()
