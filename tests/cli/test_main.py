"""The command line as a whole: help, exit statuses, sentences instead of tracebacks, a quick start."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from understudy.cli.main import COMMANDS

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Command


def test_help_names_every_command_and_exit_status(understudy: Command) -> None:
    """The first page says where to start, what there is, and what the statuses mean."""
    said = understudy("--help")

    assert (said.status, said.err) == (0, "")
    for word in (*COMMANDS, "understudy new roto first", "0 ", "1 ", "2 ", "130 "):
        assert f"  {word}" in said.out


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_teaches_itself(understudy: Command, command: str) -> None:
    """Each command's help has a sentence, examples that begin with the command, and fits 100 columns."""
    said = understudy(command, "--help")

    assert said.status == 0
    assert f"understudy {command}" in said.out.partition("Examples:")[2]
    assert max(map(len, said.out.splitlines())) <= 100


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["rum"], 'There is no command "rum". Did you mean "run"?'),
        (["qqqq"], "The commands are: new, check, plan"),
        (["run"], "Missing argument 'GRAPH'"),
        (["run", "--fersh", "job.toml"], "--fresh"),
        (["run", "job.toml", "--threads", "-1"], "-1 is not in the range"),
        (["run", "job.toml", "--set", "value"], '"value" has no NAME=VALUE form'),
        (["run", "job.toml", "--set", "value=1"], '"value=1" has no NODE.KNOB=VALUE form'),
        (["run", "job.toml", "--frames", "1-2:3"], 'a step is written "1-10x2"'),
        (["run", "job.toml", "--device", "gpu"], 'There is no device "gpu"'),
        (["run", "job.toml", "--device", "cuda:99"], '"cuda:99" was asked for, but torch sees'),
        (["new", "roto"], "Name the folder to make: understudy new roto FOLDER"),
    ],
)
def test_a_wrong_call_is_told_with_the_nearest_right_one(
    understudy: Command, graph: Path, arguments: list[str], expected: str
) -> None:
    """Nothing runs, the status is 2, and the message says what would have been right."""
    said = understudy(*arguments)

    assert (said.status, said.out) == (2, "")
    assert expected in said.err
    assert not (graph.parent / ".understudy").exists()


def test_an_error_of_ours_is_a_sentence(
    understudy: Command, graph: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An internal error shows no traceback but says where it is; `--debug` prints it."""

    def broken(*_: object) -> None:
        raise RuntimeError("boom")

    monkeypatch.setattr("understudy.graph.checking.check", broken)
    monkeypatch.setattr("tempfile.gettempdir", lambda: str(graph.parent))
    said, debugged = understudy("check", "job.toml"), understudy("--debug", "check", "job.toml")
    (trace,) = graph.parent.glob("understudy-*-traceback.txt")

    assert said.status == debugged.status == 1
    assert "Understudy made a mistake of its own (RuntimeError: boom)" in said.err
    assert "Traceback" not in said.err
    assert str(trace) in said.err
    assert "Traceback" in trace.read_text()
    assert "Traceback" in debugged.err


def test_help_and_check_import_nothing_heavy(graph: Path) -> None:
    """What a person waits for at every call stays light, whatever the node types need for running."""
    code = """
import sys
from understudy.cli.main import status_of
assert status_of(["--help"]) == 0
light = set(sys.modules)
status_of(["check", sys.argv[1]])
status_of(["plan", sys.argv[1]])
heavy = {"torch", "numpy", "scipy", "rich", "matplotlib", "OpenImageIO", "PIL", "tomlkit"}
print(sorted(heavy & set(sys.modules)), sorted({"tomllib", "sqlite3", "fileseq"} & light), file=sys.stderr)
"""
    done = subprocess.run(
        [sys.executable, "-c", code, str(graph)], capture_output=True, text=True, check=True
    )

    assert done.stderr.splitlines()[-1] == "[] []"
