"""Clinic over poses and over motion."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from understudy import Graph, run

if TYPE_CHECKING:
    from pathlib import Path

ROUND = np.linspace(0, 2 * np.pi, 12, endpoint=False)


def arm(seed: int) -> dict[str, Any]:
    """Thirty poses of a tube that one joint bends and a control thickens; another control never changes."""
    rng = np.random.default_rng(seed)
    rest = np.array([(x, np.cos(angle), np.sin(angle)) for x in range(6) for angle in ROUND])
    weights = np.clip(rest[:, :1] / 5, 0, 1)
    bend, thick = rng.uniform(-1, 1, 30), rng.uniform(0, 1, 30)
    joints = np.tile(np.eye(3, 4), (30, 2, 1, 1))
    joints[:, 1, 0, 0] = joints[:, 1, 1, 1] = np.cos(bend)
    joints[:, 1, 1, 0], joints[:, 1, 0, 1] = np.sin(bend), -np.sin(bend)
    bent = rest @ np.swapaxes(joints[:, 1, :, :3], 1, 2)
    numbers = np.arange(72).reshape(6, 12)
    beside = np.roll(numbers, -1, axis=1)
    return {
        "rest": rest,
        "faces": np.stack([numbers[:-1], numbers[1:], beside[1:], beside[:-1]], -1).reshape(-1, 4),
        "joint_names": np.array(["root", "elbow"]),
        "joint_parents": np.array([-1, 0]),
        "bind_matrices": np.tile(np.eye(3, 4), (2, 1, 1)),
        "joint_matrices": joints,
        "skin_weights": np.concatenate([1 - weights, weights], axis=1),
        "control_names": np.array(["thick", "lock"]),
        "controls": np.stack([thick, np.full(30, 0.5)], axis=1),
        "vertices": (1 - weights) * rest + weights * bent + 0.2 * thick[:, None, None] * rest * (0, 1, 1),
    }


def save(folder: Path, takes: dict[str, dict[str, Any]]) -> None:
    """Writes training files of single precision."""
    folder.mkdir()
    for name, arrays in takes.items():
        single = {key: one.astype(np.float32) if one.dtype == float else one for key, one in arrays.items()}
        np.savez(folder / f"{name}.npz", **single)


def looked_at(folder: Path, port: str = "controls", **knobs: Any) -> list[str]:
    """The summary of a Clinic over the poses of a folder."""
    graph = Graph(folder / "graph.toml")
    graph.add("DataSource", "rig", path="poses")
    graph.add("Clinic", "clinic", inputs={"input": f"rig.{port}"}, **knobs)
    outcome = run(graph)
    assert not outcome.failed, outcome.failed
    found: list[str] = outcome.values["clinic"]["table"]["summary"]
    return found


def kinds(folder: Path) -> dict[tuple[str, int], str]:
    """The kinds of findings by clip and frame, as the table has them."""
    with (folder / "clinic" / "table.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    return {(row["clip"], int(row["frame"])): row["kinds"] for row in rows if row["kinds"]}


@pytest.fixture
def spoilt(tmp_path: Path) -> Path:
    """Two takes of which four poses are wrong; take2:12 is that of take1:3 to the last bit."""
    one, two = arm(1), arm(2)
    one["vertices"][9, 40] += 30
    two["controls"][4, 0] = 50
    for array in ("controls", "joint_matrices", "vertices"):
        two[array][11], two[array][15], two[array][20] = one[array][2], one[array][6], one[array][7]
    two["vertices"][15] += 0.05
    two["vertices"][20] += 1e-5
    save(tmp_path / "poses", {"take1": one, "take2": two})
    return tmp_path


def test_poses_are_called_by_their_take(spoilt: Path) -> None:
    """One vertex that flew off, a control far off, the same pose with other vertices, and a near copy."""
    lines = looked_at(spoilt)
    assert lines[0] == "59 poses; something is wrong with 4 of them:"
    assert kinds(spoilt) == {
        ("take1", 10): "outlier", ("take2", 5): "outlier", ("take2", 16): "contradiction",
        ("take2", 21): "duplicate",
    }  # fmt: skip
    assert "  1 contradiction (take2:16): one of each is wrong" in lines
    assert "      it repeats pose take1:8" in lines


def test_what_the_reader_saw_is_in_the_summary(spoilt: Path) -> None:
    """Exact copies are dropped before anybody learns from them; controls that rest are named."""
    lines = looked_at(spoilt)
    assert "  1 of 60 poses repeat another and are dropped." in lines
    assert '  Controls that never change, so that nothing is learned about them: "lock".' in lines


def test_poses_that_differ_in_a_joint_alone_are_healthy(tmp_path: Path) -> None:
    """A pose is its controls and its joints."""
    poses = arm(3)
    poses["controls"][:] = 0.5
    save(tmp_path / "poses", {"take": poses})
    assert looked_at(tmp_path)[0] == "30 poses; nothing is wrong with them."


def test_listed_poses_are_left_out_and_no_others(spoilt: Path) -> None:
    """The list names the take, so that the same frame of the other one stays."""
    looked_at(spoilt, drop="outlier or contradiction")
    graph = Graph(spoilt / "again.toml")
    graph.add("DataSource", "rig", path="poses", exclude="quarantine.txt")
    values = run(graph).values["rig"]
    for port in ("controls", "shapes"):
        left = {(part, row) for part, row in values[port].places.tolist()}
        assert len(left) == 56
        assert not left & {(0, 9), (1, 4), (1, 15)}


def test_a_cache_of_points_is_looked_at_by_its_vertices(tmp_path: Path) -> None:
    """Nothing drives it, and a sheet may stand still."""
    pytest.importorskip("pxr", reason="reads USD by its extra")
    rng = np.random.default_rng(4)
    corners = np.array([(0, 0, 0), (1, 0, 0), (0, 1, 0)]) + rng.normal(0, 0.05, (12, 3, 3))
    corners[8] *= 100
    samples = "".join(f"{place}: {[tuple(one) for one in points.tolist()]}, "
                      for place, points in enumerate(corners, 1))  # fmt: skip
    (tmp_path / "poses").mkdir()
    (tmp_path / "poses" / "sheet.usda").write_text(
        '#usda 1.0\n(\nstartTimeCode = 1\nendTimeCode = 12\n)\ndef Mesh "sheet" {\n'
        "int[] faceVertexCounts = [3]\nint[] faceVertexIndices = [0, 1, 2]\n"
        f"point3f[] points.timeSamples = {{{samples}}}\n}}\n"
    )
    looked_at(tmp_path, "shapes")
    assert kinds(tmp_path) == {("", 9): "outlier"}


MOTION = """\
HIERARCHY
ROOT Hips
{{
  OFFSET 0 0 0
  CHANNELS 6 Xposition Yposition Zposition Zrotation Xrotation Yrotation
  JOINT Knee
  {{
    OFFSET 0 -1 0
    CHANNELS 3 Zrotation Xrotation Yrotation
    End Site
    {{
      OFFSET 0 -1 0
    }}
  }}
}}
MOTION
Frames: {count}
Frame Time: 0.04
{frames}
"""


def test_motion_is_looked_at_frame_by_frame_and_its_labels_are_left_out(tmp_path: Path) -> None:
    """A frame is called by its clip; without its label no window around it is learned from."""
    for clip in ("walk", "run"):
        bends = [30 * np.sin(0.3 * frame) for frame in range(60)]
        bends[20] = 170.0 if clip == "run" else bends[20]
        frames = "\n".join(f"0 1 0 {bend / 9:.3f} 0 0 0 {bend:.3f} 0" for bend in bends)
        (tmp_path / "clips" / clip).mkdir(parents=True)
        (tmp_path / "clips" / clip / f"{clip}.bvh").write_text(MOTION.format(count=60, frames=frames))
    graph = Graph(tmp_path / "graph.toml")
    graph.add("DataSource", "clips", path="clips", labels=["label"])
    graph.add("Clinic", "clinic", inputs={"input": "clips.features"}, drop="outlier")
    assert not run(graph).failed
    found = kinds(tmp_path)
    assert found[("run", 21)] == "outlier"
    assert {row for row, kind in found.items() if kind == "outlier"} <= {("run", n) for n in (20, 21, 22)}
    graph = Graph(tmp_path / "again.toml")
    graph.add("DataSource", "clips", path="clips", labels=["label"], exclude="quarantine.txt")
    values = run(graph).values["clips"]
    assert len(values["features"]) == 120
    assert ("run", 21) not in values["labels"].keys
    assert ("walk", 21) in values["labels"].keys


def test_constant_columns_are_named_in_one_line(tmp_path: Path) -> None:
    """However many there are."""
    names = [f"column{place}" for place in range(20)]
    lines = "".join(f"{row * row % 17}," + ",".join(["5"] * 20) + "\n" for row in range(17))
    (tmp_path / "t.csv").write_text(f"x,{','.join(names)}\n{lines}")
    graph = Graph(tmp_path / "graph.toml")
    graph.add("DataSource", "t", path="t.csv")
    graph.add("Clinic", "clinic", inputs={"input": "t.features"})
    line = run(graph).values["clinic"]["table"]["summary"][-1]
    assert line.startswith("  20 columns are constant (column0, column1, ")
    assert line.endswith(", ...): they tell nothing")
