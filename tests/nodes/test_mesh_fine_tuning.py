"""A deformer that is trained on with more poses, validated on a wire, or given very few."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from small_rig import bar_poses, bar_rig

from understudy import Graph, run
from understudy.graph.document import Source
from understudy.nodes.learning.deformers.measuring import Errors, errors, errors_of
from understudy.nodes.learning.meshes import pictures as mesh_pictures
from understudy.nodes.learning.meshes.model import MeshModel
from understudy.nodes.learning.state import WEIGHTS
from understudy.nodes.media.meshes.posed import PosedMeshes, read_posed
from understudy.nodes.media.meshes.skinning import skinned
from understudy.nodes.media.meshes.writing import write_posed
from understudy.runtime.context import Settings
from understudy.runtime.runs.container import read_container
from understudy.runtime.runs.folder import RunFolder
from understudy.runtime.runs.summary import read_summary

if TYPE_CHECKING:
    from pathlib import Path

CPU = Settings(device="cpu", threads=1)
COUNTS = {"few": 20, "more": 60, "val": 30, "test": 40}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Files of a bar's poses: 20, 60 others, 30 to validate on and 40 to test on."""
    monkeypatch.setattr(mesh_pictures, "SIZE", 32)
    rig = bar_rig()
    for seed, (name, count) in enumerate(COUNTS.items()):
        write_posed(tmp_path / f"{name}.npz", rig, **bar_poses(rig, count, seed))
    return tmp_path


def graph_of(folder: Path, poses: str, name: str, **knobs: Any) -> Graph:
    """A small deformer of these poses, validated on a wire of its own, in the run of this name."""
    graph = Graph(folder / f"{name}.toml")
    graph.add("DataSource", "rig", path=f"{poses}.npz")
    graph.add("DataSource", "val", path="val.npz")
    graph.add("LocalDeformer", "local", neurons=8, made_up_poses=40, principal_shapes_limit=8)
    inputs = {"input": "rig.controls", "groundtruth": "rig.shapes", "network": "local"}
    inputs["validation"] = "val.shapes"
    graph.add("Trainer", "learn", inputs=inputs, **({"epochs": 20, "run_name": name} | knobs))
    return graph


def trained(graph: Graph) -> RunFolder:
    """The run folder of a finished graph."""
    outcome = run(graph, settings=CPU)
    assert not outcome.failed, outcome.failed
    return RunFolder(graph.folder / "training" / str(graph.entries["learn"].knobs["run_name"]))


def model_of(cat: Path) -> MeshModel:
    """The model in a checkpoint."""
    return MeshModel.from_container(read_container(cat, "cat"), str(cat))


def last_model(found: RunFolder) -> MeshModel:
    """The model of a run's last step."""
    cats = found.cats()
    return model_of(cats[max(cats)])


def without_learning(poses: PosedMeshes) -> Errors:
    """What skinning alone leaves."""
    matrices = poses.joint_matrices
    base = skinned(poses.rig, matrices, len(poses), space="object")
    return errors(poses, [base.vertices])


def test_poses_on_a_validation_wire_are_measured_and_never_trained_on(folder: Path) -> None:
    """All captured poses are trained on, and the figures are those of the validation poses."""
    said: list[Any] = []
    graph = graph_of(folder, "more", "run")
    outcome = run(graph, settings=CPU, sink=said.append)
    assert not outcome.failed, outcome.failed
    model = last_model(RunFolder(folder / "training" / "run"))
    figures = model.deformer.figures
    expected = errors_of(model.deformer, read_posed(folder / "val.npz")).percent
    assert figures["validation_percent"][figures["chosen"]] == pytest.approx(expected, rel=1e-4)
    assert "60 poses; 30 held out" in "\n".join(getattr(event, "message", "") for event in said)


def test_training_on_with_more_poses_begins_where_the_model_was(folder: Path) -> None:
    """The net begins with the old one's weights, which mean the same, and the model is better than before.

    With a learning rate of next to nothing the weights stay: inputs, shapes and ridge below are the old ones.
    """
    few = trained(graph_of(folder, "few", "few"))
    old = last_model(few)
    cat = few.cats()[max(few.cats())]
    graph = graph_of(folder, "more", "on", learning_rate=1e-9, epochs=1)
    graph.add("Checkpoint", "old", pick=str(cat))
    connect(graph, "weights", "old")
    on = trained(graph)
    new = last_model(on)
    test = read_posed(folder / "test.npz")
    before, after = weights_in(cat), weights_in(on.cats()[max(on.cats())])
    assert before.keys() == after.keys()
    for name, array in before.items():
        np.testing.assert_allclose(array, after[name], atol=1e-6, err_msg=name)
    np.testing.assert_array_equal(old.deformer.inputs.mean, new.deformer.inputs.mean)
    assert set(new.deformer.figures["validation_percent"]) == {"ridge", "kernel", "net", "model begun with"}
    assert errors_of(new.deformer, test).rms < errors_of(old.deformer, test).rms


def connect(graph: Graph, port: str, source: str) -> None:
    """Connects an input of the Trainer."""
    graph.entries["learn"].inputs[port] = [Source.parse(source)]


def weights_in(cat: Path) -> dict[str, np.ndarray]:
    """The net's weights in a checkpoint, copied."""
    tensors = read_container(cat, "cat").tensors
    return {name: np.array(array) for name, array in tensors.items() if name.startswith(WEIGHTS)}


def test_a_model_of_another_rig_is_not_gone_on_from(folder: Path) -> None:
    """It says which control is missing, before anything is prepared."""
    few = trained(graph_of(folder, "few", "few", epochs=1))
    rig = bar_rig()
    other = bar_poses(rig, 30, 9)
    for name in ("other", "val"):
        write_posed(folder / f"{name}.npz", replace(rig, control_names=("flexing",)), **other)
    graph = graph_of(folder, "other", "on")
    graph.add("Checkpoint", "old", pick=str(few.cats()[max(few.cats())]))
    connect(graph, "weights", "old")
    outcome = run(graph, settings=CPU)
    assert 'The control "flex" of the model is missing' in str(outcome.failed["learn"])


@pytest.mark.parametrize("count", [6, 12, 20])
def test_few_poses_are_never_worse_than_ridge_and_skinning(folder: Path, count: int) -> None:
    """With a handful of poses the model is no worse than ridge where validated, and beats skinning."""
    graph = graph_of(folder, "few", "run")
    graph.set("rig", "frames", f"1-{count}")
    model = last_model(trained(graph))
    percent = model.deformer.figures["validation_percent"]
    test = read_posed(folder / "test.npz")
    assert percent[model.deformer.figures["chosen"]] <= percent["ridge"]
    assert errors_of(model.deformer, test).rms < without_learning(test).rms


def differential(folder: Path, name: str, **knobs: Any) -> RunFolder:
    """The run of a differential deformer with these knobs."""
    graph = graph_of(folder, "more", name)
    del graph.entries["local"]
    graph.add("DifferentialDeformer", "local", neurons=8, principal_shapes_limit=8, **knobs)
    return trained(graph)


@pytest.mark.parametrize(
    ("knob", "net"), [("differential_epochs", 0), ("anchor_epochs", 1)], ids=["differential", "anchors"]
)
def test_a_net_learns_no_more_after_its_epochs(folder: Path, knob: str, net: int) -> None:
    """The net whose epochs are over keeps its weights, and the other one goes on."""
    first, second = (
        weights_in(max(differential(folder, str(epochs), **{knob: epochs}).cats().values()))
        for epochs in (2, 20)
    )
    first, second = (weights[WEIGHTS + "matrices.0"] for weights in (first, second))
    assert np.array_equal(first[1 - net], second[1 - net])
    assert not np.array_equal(first[net], second[net])


def test_a_batch_divider_makes_more_steps_of_fewer_poses(folder: Path) -> None:
    """Poses over the divider are a batch: 6 divides 60 poses into 6 steps an epoch."""
    found = differential(folder, "run", batch_divider=6)
    assert int(read_summary(found.summary).steps[-1]) == 6 * 20
