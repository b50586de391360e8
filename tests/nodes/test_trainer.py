"""The Trainer: run folders, resuming, lengthening, and what it refuses."""

from __future__ import annotations

import json
import random
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from stopped_training import stop_after

from understudy import check, run
from understudy.graph.document import Source
from understudy.nodes.learning import schedules
from understudy.nodes.media.images.frame import Frame
from understudy.nodes.media.images.reading import read_frame
from understudy.nodes.media.images.writing import write_frame
from understudy.runtime.context import Settings
from understudy.runtime.runs.folder import RunFolder
from understudy.runtime.runs.manifest import read_manifest
from understudy.runtime.runs.summary import read_summary

if TYPE_CHECKING:
    from collections.abc import Callable

    from understudy.graph.document import Graph
    from understudy.runtime.scheduler import Outcome


CPU = Settings(device="cpu", threads=1)


def trained(graph: Graph, settings: Settings = CPU, events: list[Any] | None = None) -> Outcome:
    """Runs the Trainer of a graph."""
    outcome = run(graph, to=["learn"], settings=settings, sink=(events if events is not None else []).append)
    assert not outcome.failed, outcome.failed
    return outcome


def folder_of(shot: Path, name: str = "run") -> RunFolder:
    """A run's folder."""
    return RunFolder(shot / "training" / name)


def contents(folder: RunFolder) -> dict[str, Any]:
    """Everything in a run's folder that is a function of the job: all but times, host, log and lock."""
    found: dict[str, Any] = {
        path.name: path.read_bytes()
        for path in folder.path.iterdir()
        if path.suffix in (".cat", ".ost", ".png")
    }
    summary = read_summary(folder.summary)
    found["losses"] = [summary.steps.tolist(), summary.losses.tolist(), summary.rates.tolist()]
    found["validation"] = [summary.validation_steps.tolist(), summary.validation.tolist()]
    found["records"] = summary.records
    return found


def test_a_run_folder_holds_what_the_design_says(shot: Path, make_graph: Callable[..., Graph]) -> None:
    """Model, state, losses, contact sheets, preview, loss graph, graph, manifest and log."""
    graph = make_graph(shot)
    trained(graph)
    folder = folder_of(shot)
    steps = 6 * 3
    for path in (
        folder.cat(steps),
        folder.ost(steps),
        folder.summary,
        folder.contact_sheet(1),
        folder.contact_sheet(steps),
        folder.preview(steps),
        folder.loss_graph,
        folder.graph,
        folder.log,
    ):
        assert path.stat().st_size > 0, path
    manifest = read_manifest(folder.manifest)
    assert (manifest.state, manifest.step, manifest.steps) == ("finished", steps, steps)
    assert read_summary(folder.summary).steps.tolist() == list(range(1, steps + 1))


def test_same_job_same_bytes(
    tmp_path: Path, make_shot: Callable[..., None], make_graph: Callable[..., Graph]
) -> None:
    """Two runs in two folders at two times write the same checkpoints and pictures."""
    for name in ("one", "two"):
        make_shot(tmp_path / name)
        trained(make_graph(tmp_path / name))
    one, two = contents(folder_of(tmp_path / "one")), contents(folder_of(tmp_path / "two"))
    assert one.keys() == two.keys()
    assert [name for name in one if one[name] != two[name]] == []


def test_a_finished_run_is_left_alone(shot: Path, make_graph: Callable[..., Graph]) -> None:
    """Running again, with or without the kept result, trains nothing and touches no file."""
    trained(make_graph(shot))
    before = {path: path.stat().st_mtime_ns for path in folder_of(shot).path.iterdir()}
    assert trained(make_graph(shot)).up_to_date == ["learn"]
    shutil.rmtree(shot / ".understudy")
    assert trained(make_graph(shot)).ran == ["plate", "painted", "learn"]
    assert {path: path.stat().st_mtime_ns for path in folder_of(shot).path.iterdir()} == before


def test_a_longer_run_equals_one_that_was_long_from_the_start(
    tmp_path: Path,
    make_shot: Callable[..., None],
    make_graph: Callable[..., Graph],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """More epochs go on from the state before the decay, and end with the same model to the bit."""
    monkeypatch.setattr(schedules, "WARM_UP_STEPS", 2)
    for name in ("short", "long"):
        make_shot(tmp_path / name)
    trained(make_graph(tmp_path / "short", epochs=6))
    finished = contents(folder_of(tmp_path / "short"))
    events: list[Any] = []
    trained(make_graph(tmp_path / "short", epochs=10, run_name="longer"), events=events)
    trained(make_graph(tmp_path / "long", epochs=10))
    longer, long = folder_of(tmp_path / "short", "longer"), folder_of(tmp_path / "long")
    assert any("goes on from run" in getattr(event, "message", "") for event in events)
    lengthened, whole = read_summary(longer.summary), read_summary(long.summary)
    assert lengthened.losses.tolist() == whole.losses.tolist()
    assert read_manifest(longer.manifest).parent == "run"
    assert contents(folder_of(tmp_path / "short")) == finished
    assert network_of(longer.cat(30)) == network_of(long.cat(30))


def network_of(path: Path) -> dict[str, bytes]:
    """The weights in a checkpoint."""
    from understudy.runtime.runs.container import read_container

    return {name: array.tobytes() for name, array in read_container(path, "cat").tensors.items()}


def test_a_changed_job_gets_a_run_of_its_own(shot: Path, make_graph: Callable[..., Graph]) -> None:
    """Another seed begins a new run and leaves the old one as it was."""
    trained(make_graph(shot))
    before = contents(folder_of(shot))
    trained(make_graph(shot, seed=1, run_name="other"))
    assert contents(folder_of(shot)) == before
    assert contents(folder_of(shot, "other"))["losses"] != before["losses"]


def test_a_frame_that_changed_is_named(shot: Path, make_graph: Callable[..., Graph]) -> None:
    """The change is named and recorded where going on was allowed."""
    stop_after(make_graph(shot, epochs=200))
    frame = read_frame(shot / "matte.0004.exr")
    write_frame(shot / "matte.0004.exr", Frame(**parts(frame) | {"pixels": frame.pixels * 0.5}))
    events: list[Any] = []
    settings = Settings(device="cpu", threads=1, accept_changed_data=True)
    stop_after(make_graph(shot, epochs=200), settings=settings, events=events)
    manifest = read_manifest(folder_of(shot).manifest)
    assert manifest.changes[-1]["data"] == "groundtruth 4 changed"


def parts(frame: Frame) -> dict[str, Any]:
    """A frame's fields."""
    return {name: getattr(frame, name) for name in ("pixels", "channels", "data", "display", "metadata")}


def test_a_stopped_run_ends_with_the_bytes_of_the_unbroken_one(
    tmp_path: Path, make_shot: Callable[..., None], make_graph: Callable[..., Graph]
) -> None:
    """Stopped twice by SIGTERM and run again each time, every file equals the unbroken run's."""
    for name in ("whole", "stopped"):
        make_shot(tmp_path / name)
    knobs = {"epochs": 12, "checkpoint_interval": 10, "hold_out": 0.34, "validation_interval": 4}
    trained(make_graph(tmp_path / "whole", **knobs))
    for steps in (3, 9):
        stop_after(make_graph(tmp_path / "stopped", **knobs), steps)
    trained(make_graph(tmp_path / "stopped", **knobs))
    whole, stopped = contents(folder_of(tmp_path / "whole")), contents(folder_of(tmp_path / "stopped"))
    differing = [name for name in whole if whole[name] != stopped.get(name)]
    # the resume states at the stops are extra; the final ones are the same
    assert [name for name in differing if not name.endswith(".ost")] == []
    assert whole[folder_of(tmp_path / "whole").ost(24).name] == stopped["run_00000024.ost"]


def kill_until_done(shot: Path, kills: int, seed: int) -> int:
    """Runs real processes and kills them with SIGKILL at random moments; counts the kills."""
    chance, done = random.Random(seed), 0  # noqa: S311 - moments of test kills
    command = [
        str(Path(sys.executable).with_name("understudy")),
        "run",
        "graph.toml",
        "--device",
        "cpu",
        "--threads",
        "1",
    ]
    while True:
        process = subprocess.Popen(command, cwd=shot, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL)
        if done < kills:
            wait_for_run(shot, process, saved=done == kills - 1)
            time.sleep(chance.uniform(0.0, 1.5))
            if process.poll() is None:
                process.send_signal(signal.SIGKILL)
                done += 1
        _, errors = process.communicate()
        if process.returncode == 0:
            return done
        assert process.returncode == -signal.SIGKILL, errors.decode()


def wait_for_run(shot: Path, process: subprocess.Popen[bytes], *, saved: bool) -> None:
    """Waits until a process has begun to make steps, so that kills fall into the training.

    Args:
        shot: The folder.
        process: The training.
        saved: Whether to wait for a state too, so that the next process has something to go on from.
    """
    summary = folder_of(shot).summary
    size = summary.stat().st_size if summary.exists() else 0
    while process.poll() is None:
        states = [*summary.parent.glob("*.ost")] or not saved
        if summary.exists() and summary.stat().st_size != size and states:
            return
        time.sleep(0.002)


def check_kills(folder: Path, make_shot: Any, make_graph: Any, kills: int) -> None:
    """A run that is killed again and again ends with the bytes of the one that was not."""
    knobs = {"epochs": 60 * kills, "checkpoint_interval": 20, "contact_sheet_interval": 50}
    for name in ("whole", "killed"):
        make_shot(folder / name)
        make_graph(folder / name, **knobs).save(folder / name / "graph.toml")
    kill_until_done(folder / "whole", 0, seed=0)
    assert kill_until_done(folder / "killed", kills, seed=1) == kills
    whole, killed = contents(folder_of(folder / "whole")), contents(folder_of(folder / "killed"))
    differing = [name for name in whole if whole[name] != killed.get(name)]
    assert [name for name in differing if not name.endswith(".ost")] == []
    assert "goes on" in folder_of(folder / "killed").log.read_text(), "no kill fell behind a save"
    leftovers = [path.name for path in folder_of(folder / "killed").path.iterdir() if "partial" in path.name]
    assert leftovers == []


def test_sigkill_at_random_moments(
    tmp_path: Path, make_shot: Callable[..., None], make_graph: Callable[..., Graph]
) -> None:
    """Three kills of a real process, each followed by the same command."""
    check_kills(tmp_path, make_shot, make_graph, kills=3)


@pytest.mark.slow
def test_sigkill_thirty_times(
    tmp_path: Path, make_shot: Callable[..., None], make_graph: Callable[..., Graph]
) -> None:
    """Thirty kills in a row."""
    check_kills(tmp_path, make_shot, make_graph, kills=30)


def test_strict_resume_refuses_another_machine(shot: Path, make_graph: Callable[..., Graph]) -> None:
    """A state that was written with other threads is named, and refused where that was asked for."""
    graph = make_graph(shot, epochs=200)
    stop_after(graph, settings=Settings(device="cpu", threads=2))
    outcome = run(graph, to=["learn"], settings=Settings(device="cpu", threads=1, strict_resume=True))
    assert "threads was 2, is 1" in outcome.failed["learn"]
    events: list[Any] = []
    stop_after(graph, events=events)
    assert any("the last bits may differ" in getattr(event, "message", "") for event in events)
    assert any("threads was 2" in str(record) for record in read_summary(folder_of(shot).summary).records)


def test_nan_pixels_are_told_and_the_weights_stay_finite(
    shot: Path, make_graph: Callable[..., Graph]
) -> None:
    """NaN and infinity in a painted frame's plate are named; the model is finite."""
    frame = read_frame(shot / "plate.0004.exr")
    pixels = frame.pixels.copy()
    pixels[10:20, 10:20], pixels[30, 30] = np.nan, np.inf
    write_frame(shot / "plate.0004.exr", Frame(**parts(frame) | {"pixels": pixels}))
    events: list[Any] = []
    trained(make_graph(shot), events=events)
    assert any("frame 4 of input holds NaN" in getattr(event, "message", "") for event in events)
    weights = network_of(folder_of(shot).cat(18))
    assert all(np.isfinite(np.frombuffer(value, np.float32)).all() for value in weights.values())


def test_numbers_that_stay_wrong_stop_the_training(shot: Path, make_graph: Callable[..., Graph]) -> None:
    """A learning rate that makes infinities ends with a sentence that names the batch's frames and crops."""
    outcome = run(make_graph(shot, epochs=60, learning_rate=1e30), to=["learn"], settings=CPU)
    assert "steps in a row had no finite loss" in outcome.failed["learn"]
    assert "frame " in outcome.failed["learn"]


def test_check_refuses_a_batch_larger_than_the_pairs(shot: Path, make_graph: Callable[..., Graph]) -> None:
    """It says how many pairs there are and why."""
    (fault,) = check(make_graph(shot, batch_size=4))
    assert (fault.node, fault.knob, fault.expected) == ("learn", "batch_size", "at most 3")


def test_check_refuses_sides_without_common_frames(shot: Path, make_graph: Callable[..., Graph]) -> None:
    """It names the frames of both sides."""
    graph = make_graph(shot)
    graph.set("plate", "frames", "5-7")
    (fault,) = check(graph)
    assert fault.what == "input and groundtruth have no frame in common"
    assert fault.found == "5-7 and 1-8"


def test_check_refuses_a_basis_beside_frames(shot: Path, make_graph: Callable[..., Graph]) -> None:
    """Principal shapes have no part in learning frames; that is told and not ignored."""
    graph = make_graph(shot)
    graph.add("PCA", "shapes", inputs={"frames": "painted"}, principal_shapes_limit=2)
    graph.entries["learn"].inputs["basis"] = [Source("shapes")]
    (fault,) = check(graph)
    assert (fault.node, fault.found) == ("learn", "basis beside frames")


def test_a_frame_of_another_size_is_named(shot: Path, make_graph: Callable[..., Graph]) -> None:
    """A painted frame that is smaller than its plate is refused with both sizes and the frame."""
    frame = read_frame(shot / "matte.0004.exr")
    from understudy.nodes.media.images.frame import Window

    window = Window(0, 0, 48, 32)
    small = Frame(**parts(frame) | {"pixels": frame.pixels[:32, :48], "data": window, "display": window})
    write_frame(shot / "matte.0004.exr", small)
    outcome = run(make_graph(shot), to=["learn"], settings=CPU)
    assert "96 x 64 and the groundtruth 48 x 32" in outcome.failed["learn"]
    assert "frame 4" in outcome.failed["learn"]


@pytest.mark.parametrize("size", ["small", "medium"])
def test_weights_start_from_a_checkpoint(shot: Path, make_graph: Callable[..., Graph], size: str) -> None:
    """A run that starts from a trained model, also a smaller one, has a lower first loss than one anew."""
    trained(make_graph(shot, epochs=40))
    first = read_summary(folder_of(shot).summary).losses[0]
    events = trained_from(make_graph(shot, run_name="second", model_size=size), shot, 120)
    assert read_summary(folder_of(shot, "second").summary).losses[0] < first
    said = "\n".join(getattr(event, "message", "") for event in events)
    assert "weights fit" in said
    assert ("were put into wider ones" in said) == (size == "medium")


def trained_from(graph: Graph, shot: Path, step: int) -> list[Any]:
    """Trains with the weights that the run `run` had at a step; gives what was told."""
    graph.add("Checkpoint", "before", pick=str(folder_of(shot).cat(step).relative_to(shot)))
    graph.entries["learn"].inputs["weights"] = [Source("before")]
    events: list[Any] = []
    trained(graph, events=events)
    return events


def test_frozen_layers_stay_what_they_were(shot: Path, make_graph: Callable[..., Graph]) -> None:
    """Held to the end, the first layers are the checkpoint's to the bit; later ones move."""
    trained(make_graph(shot))
    frozen = make_graph(shot, run_name="second", freeze="encoders", freeze_steps=1000)
    trained_from(frozen, shot, 18)
    before, after = network_of(folder_of(shot).cat(18)), network_of(folder_of(shot, "second").cat(18))
    same = {name for name in before if name.startswith("network/") and before[name] == after[name]}
    assert same == {name for name in before if name.startswith(("network/stem.", "network/encoders."))}


def test_a_training_that_holds_random_weights_resumes_to_the_same_bytes(
    tmp_path: Path, make_shot: Callable[..., None], make_graph: Callable[..., Graph]
) -> None:
    """Which weights a step holds is drawn by the step, so one that was stopped ends as the unbroken one."""
    for name in ("whole", "broken"):
        make_shot(tmp_path / name)
    trained(make_graph(tmp_path / "whole", rate_dropout=0.5))
    stop_after(make_graph(tmp_path / "broken", rate_dropout=0.5))
    trained(make_graph(tmp_path / "broken", rate_dropout=0.5))
    whole, broken = (network_of(folder_of(tmp_path / name).cat(18)) for name in ("whole", "broken"))
    assert whole == broken


def test_a_rate_is_found_and_drawn(shot: Path, make_graph: Callable[..., Graph]) -> None:
    """With `find` a trial comes first; its picture lies in the run folder, and the losses have its rate."""
    trained(make_graph(shot, learning_rate="find"))
    folder = folder_of(shot)
    assert (folder.path / "run_rates.png").is_file()
    (said,) = re.findall(r"found the learning rate ([\d.e-]+):", folder.log.read_text())
    assert max(read_summary(folder.summary).rates) == pytest.approx(float(said), rel=0.05)  # two digits


def test_a_layer_that_is_not_there_is_refused(shot: Path, make_graph: Callable[..., Graph]) -> None:
    """The knob is named, with the nearest layer, and no run is made."""
    outcome = run(make_graph(shot, freeze="stme", freeze_steps=5), to=["learn"], settings=CPU)
    assert 'no layer "stme". Did you mean "stem"?' in outcome.failed["learn"]
    assert not list((shot / "training").glob("*"))


def test_the_manifest_is_json_for_other_programs(shot: Path, make_graph: Callable[..., Graph]) -> None:
    """It names the node, the job and every frame that was learned from."""
    trained(make_graph(shot))
    manifest = json.loads(folder_of(shot).manifest.read_text())
    assert manifest["node"] == "learn"
    assert {"input 1", "input 4", "input 8", "groundtruth 8"} <= manifest["data"].keys()
