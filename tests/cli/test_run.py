"""`understudy run`: what is computed, what is said, and the exit status."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from small_nodes import computed

if TYPE_CHECKING:
    from conftest import Command


def test_a_run_says_what_was_done_and_written(understudy: Command, graph: Path) -> None:
    """At the end stand the files and how many nodes ran; the second time nothing does."""
    first, second = understudy("run", "job.toml"), understudy("run", "job.toml")

    assert (first.status, first.out) == (0, "sh010.txt  text\nDone: 4 ran.\n")
    assert (second.status, second.out, second.err) == (0, "Done: 2 up to date.\n", "")


def test_changes_on_the_command_line_count(understudy: Command, graph: Path) -> None:
    """`--set` and `--var` change the job, not the file."""
    before = graph.read_bytes()
    understudy("run", "job.toml", "--set", "one.value=5", "--var", "shot=sh020")

    assert (graph.parent / "sh020.txt").read_text() == "5"
    assert graph.read_bytes() == before


def test_a_text_knob_takes_numbers_as_text(understudy: Command, graph: Path) -> None:
    """Nobody has to quote twice."""
    understudy("run", "job.toml", "--set", "write.path=1001", "--to", "write")

    assert (graph.parent / "1001").read_text() == "3"


def test_only_what_a_target_needs_runs(understudy: Command, graph: Path) -> None:
    """`--to` may be given several times."""
    understudy("run", "job.toml", "--to", "sum", "--to", "one")

    assert computed == ["one", "sum"]


def test_fresh_runs_everything_again(understudy: Command, graph: Path) -> None:
    """`--fresh` uses nothing that was kept."""
    understudy("run", "job.toml")

    assert understudy("run", "job.toml", "--fresh").out.endswith("Done: 4 ran.\n")


def test_frames_restrict_what_is_made(understudy: Command, tmp_path: Path) -> None:
    """`--frames` takes a range, and its result is kept for that range."""
    (tmp_path / "f.toml").write_text(
        'understudy = 1\n[nodes.f]\ntype = "Frames"\n'
        '[nodes.w]\ntype = "WriteFrames"\ninputs = { input = "f" }\n'
    )

    assert "ran" in understudy("run", "f.toml", "--frames", "2-6x2").out
    assert "up to date" in understudy("run", "f.toml", "--frames", "2,4 6").out
    assert "ran" in understudy("run", "f.toml").out


def test_faults_are_told_before_anything_runs(understudy: Command, graph: Path) -> None:
    """Every fault has a line on standard error, those of the command line without a place in the file."""
    said = understudy("run", "job.toml", "--set", "one.value=-1", "--set", "sum.mor=1")

    assert (said.status, said.out, computed) == (2, "", [])
    assert said.err.splitlines() == [
        (
            "job.toml: one.value: this knob does not take that value; found -1; "
            "expected a whole number from 0 to 1e+06."
        ),
        'job.toml: sum.mor: Add has no such knob. Did you mean "more"?',
    ]


def test_a_failure_is_a_sentence_and_the_rest_is_done(understudy: Command, graph: Path) -> None:
    """The status is 1, and what does not depend on the failed node ran."""
    with graph.open("a") as file:
        file.write('[nodes.bad]\ntype = "Fail"\n[nodes.below]\ntype = "Add"\ninputs = { input = "bad" }\n')
    said = understudy("run", "job.toml")

    assert said.status == 1
    assert "failed: bad: ZeroDivisionError" in said.err
    assert "Traceback" not in said.err
    assert said.out.endswith("Failed: 4 ran, 1 failed, 1 skipped because of that.\n")


def test_json_prints_one_object_a_line_and_nothing_else(understudy: Command, graph: Path) -> None:
    """Programs read every event, and the end with status and names."""
    records = understudy("run", "job.toml", "--json").records

    assert {"started", "progress", "finished", "wrote", "end"} == {record["event"] for record in records}
    assert {"event": "wrote", "node": "write", "path": "sh010.txt", "what": "text"} in records
    assert records[-1]["status"] == 0
    assert sorted(records[-1]["ran"]) == ["one", "sum", "wait", "write"]


def test_json_tells_faults_too(understudy: Command, graph: Path) -> None:
    """A program gets the parts of each fault."""
    said = understudy("run", "job.toml", "--set", "one.valeu=1", "--json")

    assert said.status == 2
    assert said.records == [
        {
            "event": "fault",
            "what": "Number has no such knob",
            "file": "job.toml",
            "line": None,
            "node": "one",
            "knob": "valeu",
            "found": None,
            "expected": None,
            "suggestion": 'Did you mean "value"?',
        }
    ]


def started(graph: Path, *arguments: str, out: int = subprocess.PIPE) -> subprocess.Popen[str]:
    """The command in a second process."""
    code = """
import sys, understudy.nodes.registry, small_nodes
understudy.nodes.registry.registry = small_nodes.small_registry
from understudy.cli.main import main
main()
"""
    return subprocess.Popen(
        [sys.executable, "-c", code, "run", str(graph), *arguments],
        stdout=out,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])},
    )


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_with_130_and_the_next_run_goes_on(graph: Path, number: signal.Signals) -> None:
    """What was done is kept, and the person is told to run the same command again."""
    process = started(graph, "--json", "--to", "wait", "--set", "wait.steps=3000")
    assert process.stdout is not None
    for line in process.stdout:
        if json.loads(line)["event"] == "progress":
            break
    process.send_signal(number)
    out, err = process.communicate(timeout=60)
    again = started(graph, "--json", "--to", "wait")
    end = json.loads(again.communicate(timeout=60)[0].splitlines()[-1])

    assert process.returncode == 130
    assert json.loads(out.splitlines()[-1])["stopped"] is True
    assert "Run the same command again to go on." in err
    assert (again.returncode, end["ran"]) == (0, ["wait"])


def test_a_killed_run_is_gone_on_with(graph: Path) -> None:
    """After kill -9 the same command computes only what was not done; nothing is locked."""
    process = started(graph, "--json", "--to", "wait", "--set", "wait.steps=3000")
    assert process.stdout is not None
    for line in process.stdout:
        if json.loads(line)["event"] == "progress":
            break
    process.kill()
    process.communicate(timeout=60)
    again = started(graph, "--json", "--to", "wait")
    end = json.loads(again.communicate(timeout=60)[0].splitlines()[-1])

    assert (again.returncode, end["ran"], end["up_to_date"]) == (0, ["wait"], ["sum"])


def test_a_reader_that_goes_away_does_not_end_the_run(graph: Path) -> None:
    """Whoever watches a run may leave; it comes to its end all the same."""
    reading, writing = os.pipe()
    os.close(reading)
    process = started(graph, "--json", out=writing)
    os.close(writing)
    _, err = process.communicate(timeout=60)

    assert (process.returncode, err.splitlines()[-1]) == (0, "Done: 4 ran.")


def test_names_of_an_old_encoding_can_be_printed(graph: Path) -> None:
    """A folder whose name is no UTF-8 text serves like any other."""
    folder = graph.parent / b"caf\xe9".decode("utf-8", "surrogateescape")
    folder.mkdir()
    process = started(graph.rename(folder / "job.toml"))
    out, _ = process.communicate(timeout=60)

    assert process.returncode == 0
    assert out.splitlines()[0].endswith("caf\\udce9/sh010.txt  text")
