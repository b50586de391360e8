"""Deformers in a graph: from posed meshes to a point cache, and what is refused on the way."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from PIL import Image
from small_rig import bar_poses, bar_rig
from stopped_training import stop_after

from understudy import Graph, check, run
from understudy.graph.document import Source
from understudy.nodes.learning.deformers.training import PREFERRED
from understudy.nodes.learning.meshes import pictures as mesh_pictures
from understudy.nodes.learning.meshes.model import MeshModel
from understudy.nodes.media.meshes import converting
from understudy.nodes.media.meshes.caches import read_pc2
from understudy.nodes.media.meshes.posed import read_posed
from understudy.nodes.media.meshes.writing import write_npz, write_posed
from understudy.runtime.context import Settings
from understudy.runtime.runs.container import read_container
from understudy.runtime.runs.folder import RunFolder
from understudy.runtime.runs.summary import read_summary

if TYPE_CHECKING:
    from pathlib import Path

    from understudy.runtime.scheduler import Outcome

CPU = Settings(device="cpu", threads=1)


def write_rig(folder: Path) -> None:
    """Two files of poses, of one clip each, and an animation of controls without vertices."""
    rig = bar_rig()
    for seed, name in enumerate(("bends", "twists")):
        poses = bar_poses(rig, 24, seed)
        write_posed(folder / "poses" / f"{name}.npz", rig, **poses, clip=np.array([name] * 24))
    played = bar_poses(rig, 10, 7)
    truth = played.pop("deltas")
    write_posed(folder / "walk.npz", rig, **played, frame=np.arange(101, 111))
    write_posed(folder / "truth.npz", rig, **played, deltas=truth, frame=np.arange(101, 111))


def rig_graph(folder: Path, network: str = "LocalDeformer", **knobs: Any) -> Graph:
    """The graph of a deformer, small; knobs are those of its Trainer."""
    graph = Graph(folder / "graph.toml")
    graph.add("DataSource", "rig", path="poses/*.npz")
    graph.add("DataSource", "animation", path="walk.npz")
    graph.add("DataSource", "truth", path="truth.npz")
    small: dict[str, Any] = {"principal_shapes_limit": 8}
    small |= {} if network == "KernelDeformer" else {"neurons": 8}
    small |= {"made_up_poses": 40} if network == "LocalDeformer" else {}
    graph.add(network, "deformer", **small)
    inputs = {"input": "rig.controls", "groundtruth": "rig.shapes", "network": "deformer"}
    inputs["preview"] = "animation.controls"
    quick: dict[str, Any] = {"epochs": 20, "run_name": "run"}
    graph.add("Trainer", "learn", inputs=inputs, **(quick | knobs))
    graph.add("Checkpoint", "best", inputs={"run": "learn"})
    graph.add("Inference", "play", inputs={"input": "animation.controls", "model": "best"})
    graph.add("Write", "out", inputs={"input": "play"}, path="out/walk.npz")
    return graph


def connect(graph: Graph, node: str, port: str, source: str) -> None:
    """Connects an input to another source."""
    graph.entries[node].inputs[port] = [Source.parse(source)]


POINTS = """#usda 1.0
( defaultPrim = "Root" )
def Xform "Root" {
    def Mesh "Face" {
        int[] faceVertexCounts = [3]
        int[] faceVertexIndices = [0, 1, 2]
        point3f[] points.timeSamples = { FRAMES }
    }
}
"""


@pytest.fixture(autouse=True)
def _small_pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pictures of a training at a fraction of the time."""
    monkeypatch.setattr(mesh_pictures, "SIZE", 32)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with poses and an animation."""
    write_rig(tmp_path)
    return tmp_path


def finished(graph: Graph, to: str, settings: Settings = CPU) -> list[Any]:
    """Runs a graph up to a node; gives the events."""
    events: list[Any] = []
    outcome = run(graph, to=[to], settings=settings, sink=events.append)
    assert not outcome.failed, outcome.failed
    return events


def failed(graph: Graph, node: str) -> str:
    """Why a node failed."""
    outcome: Outcome = run(graph, to=[node], settings=CPU)
    return str(outcome.failed[node])


def messages(events: list[Any]) -> str:
    """All that was said."""
    return "\n".join(getattr(event, "message", "") for event in events)


def test_controls_become_a_point_cache(folder: Path) -> None:
    """Poses of two files are learned, and an animation without vertices is played into vertices."""
    said = messages(finished(rig_graph(folder), "out"))
    vertices = np.load(folder / "out" / "walk.npz")["vertices"]
    truth = read_posed(folder / "truth.npz")
    apart = np.sqrt(((vertices - truth.vertices(slice(None))) ** 2).sum(axis=2).mean())
    still = np.sqrt((truth.parts[0]["deltas"] ** 2).sum(axis=2).mean())
    assert (vertices.shape, vertices.dtype) == ((10, 320, 3), np.float32)
    assert apart < 0.3 * still
    for expected in ("24 poses; 24 held out", "ridge", "kernel", "net", "Poses to capture next", "MB"):
        assert expected in said


def test_the_same_shapes_as_pc2_and_on_a_sheet_beside_their_truth(folder: Path) -> None:
    """PC2 holds the same values; the sheet has truth, output, error and uncertainty."""
    graph = rig_graph(folder, "KernelDeformer")
    graph.add("Write", "cache", inputs={"input": "play"}, path="out/walk.pc2")
    columns = ["truth.shapes", "play", "play.uncertainty"]
    graph.add("ContactSheet", "sheet", inputs={"columns": columns}, path="sheet.png", rows=2, width=64)
    outcome = run(graph, settings=CPU)
    assert not outcome.failed, outcome.failed
    assert np.array_equal(np.load(folder / "out/walk.npz")["vertices"], read_pc2(folder / "out/walk.pc2"))
    with Image.open(folder / "sheet.png") as picture:
        last = np.asarray(picture)[-70:-6]
        coloured = [np.ptp(last[:, x : x + 64], axis=2).max() for x in (64, 134, 204)]
        assert picture.width == 64 + 6 * (64 + 6)  # the uncertainty from three sides
    assert coloured[0] < 20 < coloured[2]


def test_frames_of_an_animation_are_written_where_asked(folder: Path) -> None:
    """Poses are chosen by their frame numbers."""
    graph = rig_graph(folder, "KernelDeformer")
    graph.set("out", "frames", "103-105")
    finished(graph, "out")
    assert np.load(folder / "out" / "walk.npz")["vertices"].shape == (3, 320, 3)


@pytest.mark.parametrize("network", ["KernelDeformer", "GlobalDeformer", "DifferentialDeformer"])
def test_every_deformer_learns_and_plays(folder: Path, network: str) -> None:
    """Each kind of deformer goes through Trainer, Checkpoint, Inference and Write."""
    graph = rig_graph(folder, network)
    finished(graph, "out")
    cats = RunFolder(folder / "training" / "run").cats()
    header = read_container(cats[max(cats)], "cat").header
    assert header["network"]["type"] == network
    assert np.isfinite(np.load(folder / "out" / "walk.npz")["vertices"]).all()


def test_a_closed_form_deformer_makes_one_step(folder: Path) -> None:
    """There is nothing to train, whatever the epochs."""
    finished(rig_graph(folder, "KernelDeformer"), "learn")
    assert read_summary(RunFolder(folder / "training" / "run").summary).steps.tolist() == [1]


def test_a_model_is_never_worse_than_ridge_where_it_was_held_out(folder: Path) -> None:
    """The checkpoint holds the best of ridge, kernel and net on held-out poses, or a net near it."""
    finished(rig_graph(folder), "learn")
    cats = RunFolder(folder / "training" / "run").cats()
    path = cats[max(cats)]
    figures = MeshModel.from_container(read_container(path, "cat"), str(path)).deformer.figures
    percent = figures["validation_percent"]
    assert percent.keys() == {"ridge", "kernel", "net"}
    assert percent[figures["chosen"]] <= min(percent["ridge"], PREFERRED * min(percent.values()))


def contents(folder: Path) -> dict[str, Any]:
    """What a run's folder holds that is a function of the job."""
    run_folder = RunFolder(folder / "training" / "run")
    summary = read_summary(run_folder.summary)
    found: dict[str, Any] = {
        path.name: path.read_bytes() for path in run_folder.path.iterdir() if path.suffix in (".cat", ".png")
    }
    steps = max(run_folder.osts())
    found["state"] = run_folder.ost(steps).read_bytes()
    return found | {"losses": summary.losses.tolist(), "validation": summary.validation.tolist()}


def test_a_stopped_training_ends_with_the_bytes_of_the_unbroken_one(tmp_path: Path) -> None:
    """What is closed form is prepared again on resuming, and every file equals the unbroken run's."""
    knobs: dict[str, Any] = {
        "epochs": 20,
        "batch_size": 12,
        "validation_interval": 8,
        "checkpoint_interval": 20,
    }
    for name in ("whole", "stopped"):
        write_rig(tmp_path / name)
    finished(rig_graph(tmp_path / "whole", **knobs), "learn")
    for steps in (3, 9):
        stop_after(rig_graph(tmp_path / "stopped", **knobs), steps)
    finished(rig_graph(tmp_path / "stopped", **knobs), "learn")
    whole, stopped = contents(tmp_path / "whole"), contents(tmp_path / "stopped")
    assert [name for name in whole if whole[name] != stopped.get(name)] == []


def test_coefficients_of_a_pca_are_learned(folder: Path) -> None:
    """A basis is kept as a file with its report, and a global deformer learns its coefficients."""
    graph = rig_graph(folder, "GlobalDeformer")
    knobs: dict[str, Any] = {"principal_shapes_limit": 5, "report": "pca.png"}
    graph.add("PCA", "principal", inputs={"shapes": "rig.shapes"}, **knobs)
    connect(graph, "learn", "basis", "principal")
    said = messages(finished(graph, "out"))
    cats = RunFolder(folder / "training" / "run").cats()
    tensors = read_container(cats[max(cats)], "cat").tensors
    assert "5 principal shapes of 48 poses give back" in said
    assert (folder / "pca.png").stat().st_size > 0
    assert tensors["deformer/decoder/numbers"].tolist() == [5]


def test_a_local_deformer_takes_no_basis(folder: Path) -> None:
    """It has shapes of its own for each segment, and says so."""
    graph = rig_graph(folder)
    graph.add("PCA", "principal", inputs={"shapes": "rig.shapes"}, principal_shapes_limit=5)
    connect(graph, "learn", "basis", "principal")
    assert "LocalDeformer finds principal shapes of its own" in failed(graph, "learn")


def test_more_shapes_than_poses_are_refused(folder: Path) -> None:
    """It says how many poses there are."""
    graph = rig_graph(folder)
    graph.add("PCA", "principal", inputs={"shapes": "rig.shapes"}, principal_shapes_limit=500)
    message = failed(graph, "principal")
    assert "principal.principal_shapes_limit: 500 principal shapes were asked of 48 poses" in message


def test_a_file_without_vertices_has_no_shapes(folder: Path) -> None:
    """An animation connected as groundtruth is a fault that says what there is."""
    graph = rig_graph(folder)
    connect(graph, "learn", "groundtruth", "animation.shapes")
    (fault,) = check(graph)
    assert fault.what == '"animation" has no shapes'
    assert fault.suggestion == 'It has "animation.controls".'


def damage_renamed(folder: Path) -> None:
    """The animation's control has another name."""
    rig = replace(bar_rig(), control_names=("flexing",))
    played = bar_poses(bar_rig(), 10, 7)
    del played["deltas"]
    write_posed(folder / "walk.npz", rig, **played)


def damage_reordered(folder: Path) -> None:
    """The animation's joints have swapped names."""
    rig = replace(bar_rig(), joint_names=("root", "upper", "lower"))
    played = bar_poses(bar_rig(), 10, 7)
    del played["deltas"]
    write_posed(folder / "walk.npz", rig, **played)


def damage_other_mesh(folder: Path) -> None:
    """The animation's mesh has fewer vertices."""
    rig = bar_rig()
    smaller = replace(
        rig,
        rest=rig.rest[:-8],
        faces=rig.faces[(rig.faces < len(rig.rest) - 8).all(axis=1)],
        skin_weights=rig.skin_weights[:-8],
    )
    played = bar_poses(rig, 10, 7)
    del played["deltas"]
    write_posed(folder / "walk.npz", smaller, **played)


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (damage_renamed, 'The control "flex" of the model is missing. Was it renamed to "flexing"?'),
        (damage_reordered, "Its joints are those of the model in another order"),
        (damage_other_mesh, "Its mesh has 312 vertices, and the model was trained on 320"),
    ],
)
def test_a_model_of_another_rig_is_refused(folder: Path, damage: Any, said: str) -> None:
    """Controls that were renamed or reordered, and another mesh, are named."""
    graph = rig_graph(folder, "KernelDeformer")
    finished(graph, "learn")
    cat = RunFolder(folder / "training" / "run").cat(1)
    damage(folder)
    graph = Graph(folder / "graph.toml")
    graph.add("DataSource", "animation", path="walk.npz")
    graph.add("Checkpoint", "best", pick=str(cat))
    graph.add("Inference", "play", inputs={"input": "animation.controls", "model": "best"})
    graph.add("Write", "out", inputs={"input": "play"}, path="out/walk.npz")
    assert said in failed(graph, "play")


def test_a_preview_of_another_rig_is_refused(folder: Path) -> None:
    """Before anything is trained."""
    damage_renamed(folder)
    assert "is missing" in failed(rig_graph(folder), "learn")


def test_controls_beyond_the_range_are_told_and_held_inside_on_wish(folder: Path) -> None:
    """Controls far outside of what was trained give a warning; with clamp the shape of the limit."""
    rig, played = bar_rig(), bar_poses(bar_rig(), 2, 7)
    played.pop("deltas")
    played["joint_matrices"][1] = played["joint_matrices"][0]
    played["controls"][:, 0] = [9.0, 90.0]
    write_posed(folder / "walk.npz", rig, **played)
    graph = rig_graph(folder, "KernelDeformer")
    graph.set("play", "clamp", True)
    events = finished(graph, "out")
    first, second = np.load(folder / "out" / "walk.npz")["vertices"]
    assert "of 2 poses: flex in 2" in messages(events)
    assert np.array_equal(first, second)


def test_a_frame_network_is_refused(folder: Path) -> None:
    """A U-Net can't learn poses; it says what can."""
    graph = rig_graph(folder)
    graph.add("UNet", "unet")
    connect(graph, "learn", "network", "unet")
    assert "UNet is no network for meshes; LocalDeformer" in failed(graph, "learn")


def test_controls_and_shapes_of_different_poses_are_refused(folder: Path) -> None:
    """Controls of the animation and shapes of the training poses are no pairs."""
    graph = rig_graph(folder)
    connect(graph, "learn", "input", "animation.controls")
    assert "connect both from one DataSource" in failed(graph, "learn")


def test_nothing_held_out_is_refused(folder: Path) -> None:
    """Ridge, kernel and net can't be chosen from without poses to choose by."""
    assert "hold some out" in failed(rig_graph(folder, hold_out=0.0), "learn")


def test_too_few_poses_are_refused(folder: Path) -> None:
    """It says how many there are and how many are needed."""
    graph = rig_graph(folder)
    graph.set("rig", "frames", "1")
    assert "poses are too few" in failed(graph, "learn")


def rewrite(path: Path, **arrays: Any) -> None:
    """Replaces arrays of a training file; None takes one away."""
    with np.load(path) as read:
        known = dict(read)
    write_npz(path, {name: array for name, array in (known | arrays).items() if array is not None})


def rest(count: int) -> np.ndarray:
    """A rest shape of so many vertices."""
    return np.zeros((count, 3), np.float32)


@pytest.mark.parametrize(
    ("arrays", "said"),
    [
        ({"rest": rest(7)}, '"deltas" is for 320 vertices, and "rest" for 7'),
        ({"faces": None}, 'It has no array "faces"'),
        ({"deltas": None}, "It has no vertices, and"),
        ({"controls": None, "joint_matrices": None, "skin_weights": None}, "nothing says what drives"),
    ],
)
def test_headers_that_do_not_fit_are_faults_of_the_graph(
    folder: Path, arrays: dict[str, Any], said: str
) -> None:
    """What the headers of a file show is found before anything runs."""
    rewrite(folder / "poses" / "twists.npz", **arrays)
    assert said in "\n".join(str(fault) for fault in check(rig_graph(folder)))


def test_a_truncated_file_is_a_fault_of_the_graph(folder: Path) -> None:
    """A file that was cut short is named before anything runs."""
    path = folder / "poses" / "twists.npz"
    path.write_bytes(path.read_bytes()[:1000])
    assert "twists.npz: It is no whole .npz file" in "\n".join(map(str, check(rig_graph(folder))))


def with_nan(folder: Path) -> dict[str, Any]:
    """Deltas of which one is not a number."""
    deltas = np.load(folder / "poses" / "twists.npz")["deltas"]
    deltas[3, 17] = np.nan
    return {"deltas": deltas}


def with_weights(folder: Path) -> dict[str, Any]:
    """Skin weights that sum to a half."""
    return {"skin_weights": np.load(folder / "poses" / "twists.npz")["skin_weights"] * np.float32(0.5)}


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (with_nan, "In pose 4 vertex 17 is not a number"),
        (with_weights, "The skin weights of 320 vertices don't sum to one"),
    ],
)
def test_values_that_are_wrong_fail_with_pose_and_vertex(folder: Path, damage: Any, said: str) -> None:
    """NaN vertices and weights that don't sum to one are named when the file is read."""
    rewrite(folder / "poses" / "twists.npz", **damage(folder))
    assert said in failed(rig_graph(folder), "rig")


def test_a_constant_control_and_repeats_are_told(folder: Path) -> None:
    """Neither stops anything."""
    for name in ("bends", "twists"):
        rewrite(folder / "poses" / f"{name}.npz", controls=np.zeros((24, 1), np.float32))
    (folder / "poses" / "again.npz").write_bytes((folder / "poses" / "bends.npz").read_bytes())
    said = messages(finished(rig_graph(folder, "KernelDeformer"), "learn"))
    assert 'Controls that never change, so that nothing is learned about them: "flex"' in said
    assert "24 of 72 poses repeat another and are dropped" in said


def test_the_batch_is_a_share_of_the_poses(folder: Path) -> None:
    """A divider of 6 makes 4 poses a step of 24, so 6 steps an epoch; a batch of the Trainer's own wins."""
    graph = rig_graph(folder, "DifferentialDeformer", epochs=2)
    graph.set("deformer", "batch_divider", 6)
    finished(graph, "learn")
    graph.set("learn", "run_name", "other")
    graph.set("learn", "batch_size", 12)
    finished(graph, "learn")
    steps = [int(read_summary(path).steps[-1]) for path in sorted(folder.glob("training/*/*.summary"))]
    assert steps == [4, 12]


def test_a_divided_rate_is_in_the_summary(folder: Path) -> None:
    """The rate that is told is the one that was used: a tenth from the second epoch of one step on."""
    graph = rig_graph(folder, "DifferentialDeformer", epochs=2, schedule="constant", learning_rate=0.01)
    graph.set("deformer", "rate_decay_epochs", 1)
    graph.set("deformer", "rate_divider", 10.0)
    finished(graph, "learn")
    rates = read_summary(next(folder.glob("training/run/*.summary"))).rates
    assert rates[1] / rates[0] == pytest.approx(0.1)


def test_shapes_are_not_written_over_their_source(folder: Path) -> None:
    """A Write that names the animation's own file is refused, and the file stays."""
    graph = rig_graph(folder, "KernelDeformer")
    graph.set("out", "path", "walk.npz")
    before = (folder / "walk.npz").read_bytes()
    assert "made of this file" in failed(graph, "out")
    assert (folder / "walk.npz").read_bytes() == before


def test_the_arm_is_learned_better_than_by_ridge(tmp_path: Path, shared_data: Path) -> None:
    """On real poses of an arm, default knobs and few epochs beat ridge on animation never seen."""
    bench = shared_data / "mesh_deform_bench"
    train, animation = converting.convert_bench(bench, "arm", ["train", "anim"], tmp_path)
    graph = Graph(tmp_path / "graph.toml")
    graph.add("DataSource", "rig", path=train.name)
    graph.add("DataSource", "animation", path=animation.name)
    graph.add("KernelDeformer", "kernel")
    inputs = {"input": "rig.controls", "groundtruth": "rig.shapes", "network": "kernel"}
    graph.add("Trainer", "learn", inputs=inputs)
    graph.add("Checkpoint", "best", inputs={"run": "learn"})
    graph.add("Inference", "play", inputs={"input": "animation.controls", "model": "best"})
    graph.add("Write", "out", inputs={"input": "play"}, path="out.npz")
    finished(graph, "out")
    truth = read_posed(animation)
    apart = (np.load(tmp_path / "out.npz")["vertices"] - truth.vertices(slice(None))) ** 2
    assert 100.0 * np.sqrt(apart.sum(axis=2).mean()) / truth.rig.diagonal < 0.05  # ridge: 0.128


def test_points_that_nothing_drives_are_refused_before_a_run_is_made(tmp_path: Path) -> None:
    """A point cache has no controls to learn from: that is told, and no run folder is left behind."""
    frames = ", ".join(f"{n}: [(0, 0, 0), (1, 0, {n}), (0, 1, 0)]" for n in range(1, 13))
    (tmp_path / "face.usda").write_text(POINTS.replace("FRAMES", frames))
    graph = Graph(tmp_path / "graph.toml")
    graph.add("DataSource", "rig", path="face.usda")
    graph.add("Trainer", "learn", inputs={"input": "rig.controls", "groundtruth": "rig.shapes"})
    outcome = run(graph, settings=CPU)

    assert "Nothing in it drives the mesh" in outcome.failed["learn"]
    assert not (tmp_path / "training").exists()
