"""What a Trainer holds out, when it ends early, and what it says in the end."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from understudy import check, run
from understudy.graph.document import Source
from understudy.nodes.learning import schedules
from understudy.nodes.learning.verdict import WORDS
from understudy.nodes.media.images.frame import Frame
from understudy.nodes.media.images.reading import read_frame
from understudy.nodes.media.images.writing import write_frame
from understudy.runtime.context import Settings
from understudy.runtime.events import Judged, Warned
from understudy.runtime.runs.folder import RunFolder
from understudy.runtime.runs.manifest import Manifest, read_manifest
from understudy.runtime.runs.summary import read_summary

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from understudy.graph.document import Graph

CPU = Settings(device="cpu", threads=1)
IMPATIENT: dict[str, Any] = {
    "epochs": 12, "hold_out": 0.34, "validation_interval": 2, "patience": 2, "learning_rate": 1e-9,
}  # fmt: skip
"""Steps 1 to 24; the loss hardly changes, so patience ends it within a few measurements."""


def trained(graph: Graph) -> list[Any]:
    """Runs the Trainer of a graph; gives the events."""
    events: list[Any] = []
    outcome = run(graph, to=["learn"], settings=CPU, sink=events.append)
    assert not outcome.failed, outcome.failed
    return events


def manifest_of(shot: Path, name: str = "run") -> Manifest:
    """A run's manifest."""
    return read_manifest(RunFolder(shot / "training" / name).manifest)


def test_the_verdict_stands_in_manifest_log_and_events(shot: Path, make_graph: Callable[..., Graph]) -> None:
    """One word and one paragraph, the same everywhere."""
    (judged,) = [event for event in trained(make_graph(shot)) if isinstance(event, Judged)]
    manifest = manifest_of(shot)
    assert judged.verdict in WORDS
    assert (manifest.verdict, manifest.reason) == (judged.verdict, judged.reason)
    assert judged.reason in RunFolder(shot / "training" / "run").log.read_text()


def test_regions_are_measured_until_the_rate_falls(shot: Path, make_graph: Callable[..., Graph]) -> None:
    """With what a person sees; no step is called the best, since the regions are trained on afterwards."""
    trained(make_graph(shot, validation_interval=4))
    summary = read_summary(RunFolder(shot / "training" / "run").summary)
    falls = schedules.decay_start(18)
    assert summary.validation_steps.tolist() == [4, 8, falls]
    assert list(summary.figures) == ["IoU", "IoU standard error", "edge error (px)"]
    assert (manifest_of(shot).best_step, manifest_of(shot).best_loss) == (None, None)


def test_patience_ends_a_training_early(shot: Path, make_graph: Callable[..., Graph]) -> None:
    """It is finished, says why, and has its last model, sheet and loss graph."""
    trained(make_graph(shot, **IMPATIENT, schedule="constant"))
    manifest, folder = manifest_of(shot), RunFolder(shot / "training" / "run")
    assert (manifest.state, manifest.steps) == ("finished", 24)
    assert manifest.step < 24
    assert manifest.reason.startswith(f"Stopped early at step {manifest.step} of 24")
    for path in (folder.cat(manifest.step), folder.ost(manifest.step), folder.contact_sheet(manifest.step)):
        assert path.is_file()
    assert [
        event
        for event in trained(make_graph(shot, **IMPATIENT, schedule="constant"))
        if isinstance(event, Judged)
    ] == []


@pytest.mark.parametrize("change", [{"patience": 0}, {"epochs": 30}])
def test_one_that_ended_early_can_go_on(
    tmp_path: Path,
    make_shot: Callable[..., None],
    make_graph: Callable[..., Graph],
    monkeypatch: pytest.MonkeyPatch,
    change: dict[str, Any],
) -> None:
    """Without patience or with more epochs, from where it ended, to the losses of one that never ended."""
    monkeypatch.setattr(schedules, "WARM_UP_STEPS", 2)
    for name in ("early", "whole"):
        make_shot(tmp_path / name)
    trained(make_graph(tmp_path / "early", **IMPATIENT))
    ended = manifest_of(tmp_path / "early").step
    trained(make_graph(tmp_path / "early", **(IMPATIENT | change), run_name="on"))
    trained(make_graph(tmp_path / "whole", **(IMPATIENT | change | {"patience": 0})))
    went_on = read_summary(RunFolder(tmp_path / "early" / "training" / "on").summary)
    whole = read_summary(RunFolder(tmp_path / "whole" / "training" / "run").summary)
    assert manifest_of(tmp_path / "early", "on").changes[0]["step"] == ended
    assert len(went_on.steps) > ended
    assert went_on.losses.tolist() == whole.losses[: len(went_on.losses)].tolist()


def test_patience_without_anything_held_out_is_a_fault(shot: Path, make_graph: Callable[..., Graph]) -> None:
    """Regions that are trained on in the end are nothing to wait for."""
    (fault,) = check(make_graph(shot, patience=3))
    assert (fault.node, fault.knob) == ("learn", "patience")
    assert check(make_graph(shot, patience=3, hold_out="regions")) == []


def test_a_plan_says_what_is_held_out_and_what_may_end_early(
    shot: Path, make_graph: Callable[..., Graph]
) -> None:
    """Before anything runs."""
    from understudy.nodes.registry import registry
    from understudy.runtime.running import planned

    notes = planned(make_graph(shot, hold_out=0.34, patience=3), registry(), to=["learn"])["learn"].notes
    assert notes[0] == "measured and not trained on: frame 4"
    assert notes[1].startswith("it ends early after 3 measurements in a row (every 100 steps)")


def test_a_validation_input_is_measured_and_not_trained_on(
    shot: Path, make_graph: Callable[..., Graph]
) -> None:
    """Its frames stand neither in the data that was learned from nor in an epoch."""
    graph = make_graph(shot)
    graph.add("DataSource", "extra", path="matte.####.exr", frames="4")
    graph.entries["learn"].inputs["validation"] = [Source("extra")]
    trained(graph)
    manifest = manifest_of(shot)
    assert manifest.steps == 6 * 2
    assert "input 4" not in manifest.data
    assert manifest.best_loss == min(read_summary(RunFolder(shot / "training" / "run").summary).validation)


def test_mattes_in_the_place_of_plates_are_told_before_training(
    shot: Path, make_graph: Callable[..., Graph]
) -> None:
    """As a warning before the first step, and as the verdict."""
    graph = make_graph(shot)
    graph.set("plate", "path", "matte.####.exr")
    graph.set("painted", "path", "plate.####.exr")
    events = trained(graph)
    warned = next(place for place, event in enumerate(events) if isinstance(event, Warned))
    first = next(place for place, event in enumerate(events) if getattr(event, "unit", "") == "steps")
    assert warned < first
    assert "the input is a matte" in events[warned].message
    assert manifest_of(shot).verdict == "wrong order of inputs"


def test_numbers_that_stay_wrong_are_called_diverging(shot: Path, make_graph: Callable[..., Graph]) -> None:
    """Also where they ended the training."""
    run(make_graph(shot, epochs=60, learning_rate=1e30), to=["learn"], settings=CPU)
    manifest = json.loads(RunFolder(shot / "training" / "run").manifest.read_text())
    assert (manifest["state"], manifest["verdict"]) == ("failed", "diverging")


def test_what_is_wrong_in_a_frame_is_named(shot: Path, make_graph: Callable[..., Graph]) -> None:
    """An empty matte is told, with its frame; it does not decide the verdict."""
    frame = read_frame(shot / "matte.0004.exr")
    fields = {name: getattr(frame, name) for name in ("channels", "data", "display", "metadata")}
    write_frame(shot / "matte.0004.exr", Frame(pixels=np.zeros_like(frame.pixels), **fields))
    trained(make_graph(shot))
    manifest = manifest_of(shot)
    assert "frame 4: the matte is empty" in manifest.reason
    assert manifest.verdict not in ("misaligned pairs", "wrong order of inputs")
