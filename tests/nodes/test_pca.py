"""PCA in a graph: of poses, of poses that are added, and of frames."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from small_rig import bar_poses, bar_rig

from understudy import Graph, check, run
from understudy.nodes.learning.meshes.basis import Basis
from understudy.nodes.media.images.frame import Frame, Window
from understudy.nodes.media.images.writing import write_frame
from understudy.nodes.media.meshes.writing import write_posed
from understudy.runtime.context import Settings


def add_poses(folder: Path, name: str, count: int, seed: int) -> None:
    """A file of poses of the bar."""
    write_posed(folder / "poses" / f"{name}.npz", bar_rig(), **bar_poses(bar_rig(), count, seed))


def pca_graph(folder: Path, **knobs: Any) -> Graph:
    """The principal shapes of a folder of poses."""
    graph = Graph(folder / "graph.toml")
    graph.add("DataSource", "rig", path="poses")
    knobs = {"principal_shapes_limit": 5} | knobs
    graph.add("PCA", "pca", inputs={"shapes": "rig.shapes"}, **knobs)
    return graph


def frames_graph(folder: Path, **knobs: Any) -> Graph:
    """The principal frames of a sequence."""
    graph = Graph(folder / "graph.toml")
    graph.add("DataSource", "plate", path="plate.####.exr")
    knobs = {"principal_shapes_limit": 4} | knobs
    graph.add("PCA", "pca", inputs={"frames": "plate"}, **knobs)
    return graph


def run_pca(graph: Graph, **settings: Any) -> tuple[bytes, str]:
    """The bytes of the basis, empty where it failed; and all that was said."""
    events: list[Any] = []
    outcome = run(graph, to=["pca"], settings=Settings(device="cpu", **settings), sink=events.append)
    said = [getattr(event, "message", "") for event in events] + list(outcome.failed.values())
    written = outcome.values.get("pca", {}).get("basis")
    return (Path(written["path"]).read_bytes() if written else b""), "\n".join(said)


def write_frames(folder: Path, count: int, *, height: int = 6) -> np.ndarray:
    """Frames of three changing patterns; gives their values, a row each."""
    draw = np.random.Generator(np.random.Philox(key=1))
    patterns = draw.standard_normal((3, height * 8 * 3))
    rows = (0.5 + draw.standard_normal((count, 3)) @ patterns).astype(np.float32)
    window = Window(0, 0, 8, height)
    for number, row in enumerate(rows, 1):
        frame = Frame(pixels=row.reshape(height, 8, 3), channels=("R", "G", "B"), data=window, display=window)
        write_frame(folder / f"plate.{number:04d}.exr", frame, dtype="float")
    return rows


def test_a_file_that_is_added_is_merged_into_what_was_found(tmp_path: Path) -> None:
    """Only its poses are read, and the basis has the bytes of one that was begun anew."""
    for seed, name in enumerate(("a", "b")):
        add_poses(tmp_path, name, 24, seed)
    run_pca(pca_graph(tmp_path))
    add_poses(tmp_path, "c", 12, 2)
    gone_on, said = run_pca(pca_graph(tmp_path))
    anew, said_anew = run_pca(pca_graph(tmp_path), fresh=True)

    assert "pca: 12 poses are added to the shapes of 48" in said
    assert "are added" not in said_anew
    assert gone_on == anew


def test_a_changed_file_begins_anew_from_there(tmp_path: Path) -> None:
    """Shapes of a file whose poses are others now are not used."""
    for seed, name in enumerate(("a", "b")):
        add_poses(tmp_path, name, 24, seed)
    run_pca(pca_graph(tmp_path))
    add_poses(tmp_path, "a", 24, 9)
    changed, said = run_pca(pca_graph(tmp_path))

    assert "are added" not in said
    assert changed == run_pca(pca_graph(tmp_path), fresh=True)[0]


def test_the_basis_of_a_folder_leaves_what_a_full_decomposition_leaves(tmp_path: Path) -> None:
    """Of object deltas, which are vertices minus skinning, against numpy's singular values."""
    for seed, name in enumerate(("a", "b", "c")):
        add_poses(tmp_path, name, 24, seed)
    run_pca(pca_graph(tmp_path, deltas="object", principal_shapes_limit=1))
    (path,) = (tmp_path / ".understudy" / "basis").glob("????????????????*.npz")
    found = Basis.read(path)
    deltas = np.concatenate([np.load(file)["deltas"] for file in sorted((tmp_path / "poses").iterdir())])
    values = np.linalg.svd(deltas.reshape(72, -1) - deltas.reshape(72, -1).mean(axis=0), compute_uv=False)

    assert np.sqrt((values[1:] ** 2).sum() / (72 * 320)) == pytest.approx(
        float(found.shapes.residuals()[1]), rel=1e-3
    )
    assert found.space == "object"


def test_too_few_poses_are_told(tmp_path: Path) -> None:
    """As many shapes as poses are the most, and one pose has none."""
    add_poses(tmp_path, "a", 4, 0)
    _, few = run_pca(pca_graph(tmp_path))
    add_poses(tmp_path, "a", 1, 0)
    _, one = run_pca(pca_graph(tmp_path))

    assert "pca.principal_shapes_limit: 5 principal shapes were asked of 4 poses" in few
    assert "There are too few poses for principal shapes: 1" in one


def test_principal_frames_give_frames_back(tmp_path: Path) -> None:
    """Frames of three patterns have three principal frames, whose sums are the frames."""
    rows = write_frames(tmp_path, 9)
    _, said = run_pca(frames_graph(tmp_path, report="report.png"))
    (path,) = (tmp_path / ".understudy" / "basis").glob("*.npz")
    found = Basis.read(path)

    assert "3 principal shapes of 9 frames give back 100" in said
    assert (found.space, found.channels, found.size) == ("frames", ("R", "G", "B"), (6, 8))
    np.testing.assert_allclose(rows, found.shapes.restored(found.shapes.coefficients(rows)), atol=1e-4)
    assert (tmp_path / "report.png").stat().st_size > 0


def test_frames_of_several_sizes_are_refused(tmp_path: Path) -> None:
    """It names the frame, both sizes and what to do."""
    write_frames(tmp_path, 5)
    window = Window(0, 0, 4, 4)
    odd = Frame(pixels=np.ones((4, 4, 3), np.float32), channels=("R", "G", "B"), data=window, display=window)
    write_frame(tmp_path / "plate.0006.exr", odd)

    assert "Frame 6 is 4 x 4 pixels, and the first 8 x 6" in run_pca(frames_graph(tmp_path))[1]


@pytest.mark.parametrize(
    ("knobs", "said"),
    [
        ({"principal_shapes_limit": 8}, "there can be no more principal shapes than frames"),
        ({"deltas": "object"}, "frames have no deltas"),
    ],
)
def test_knobs_that_do_not_fit_frames_are_faults(tmp_path: Path, knobs: dict[str, Any], said: str) -> None:
    """They are found before anything runs."""
    write_frames(tmp_path, 5)

    assert said in "\n".join(map(str, check(frames_graph(tmp_path, **knobs))))


def test_a_basis_is_of_shapes_or_of_frames(tmp_path: Path) -> None:
    """Neither and both are faults."""
    add_poses(tmp_path, "a", 8, 0)
    write_frames(tmp_path, 5)
    graph = frames_graph(tmp_path)
    graph.add("DataSource", "rig", path="poses")
    graph.add("PCA", "both", inputs={"frames": "plate", "shapes": "rig.shapes"}, principal_shapes_limit=4)
    graph.add("PCA", "neither", principal_shapes_limit=4)
    neither, both = map(str, check(graph))

    assert "both are connected" in both
    assert "neither is connected" in neither


def test_a_basis_of_frames_is_not_for_meshes(tmp_path: Path) -> None:
    """A Trainer of poses says which basis it takes."""
    add_poses(tmp_path, "a", 30, 0)
    write_frames(tmp_path, 5)
    graph = frames_graph(tmp_path)
    graph.add("DataSource", "rig", path="poses")
    inputs = {"input": "rig.controls", "groundtruth": "rig.shapes", "basis": "pca"}
    graph.add("Trainer", "learn", inputs=inputs)
    outcome = run(graph, to=["learn"], settings=Settings(device="cpu"))

    assert "the basis is of frames; connect that of a PCA of shapes" in outcome.failed["learn"]
