"""The training file of posed meshes, and what it is refused for."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from understudy.graph.errors import MediaError
from understudy.nodes.media.meshes.posed import read_posed
from understudy.nodes.media.meshes.skinning import skinned
from understudy.nodes.media.meshes.writing import write_npz, write_posed

if TYPE_CHECKING:
    from pathlib import Path

    from understudy.nodes.media.meshes.rig import Rig

Arrays = dict[str, np.ndarray]


@pytest.fixture
def file(tmp_path: Path, rig: Rig, poses: Arrays) -> Path:
    """The bar's forty poses as a file."""
    write_posed(tmp_path / "poses.npz", rig, **poses)
    return tmp_path / "poses.npz"


def rewritten(file: Path, **changed: np.ndarray | None) -> Path:
    """The same file with arrays replaced, or left out where None."""
    arrays = dict(np.load(file))
    arrays.update({name: array for name, array in changed.items() if array is not None})
    write_npz(file, {name: array for name, array in arrays.items() if changed.get(name, 0) is not None})
    return file


def refusal(path: Path) -> str:
    """The sentence with which a file is refused."""
    with pytest.raises(MediaError) as caught:
        read_posed(path)
    assert str(path.name) in str(caught.value)
    return str(caught.value)


def test_a_file_gives_back_what_was_written(file: Path, rig: Rig, poses: Arrays) -> None:
    """Controls, joints and vertices come back; deltas are added to the skinned mesh."""
    read = read_posed(file)
    base = skinned(rig, poses["joint_matrices"], 40, space="object")

    np.testing.assert_array_equal(poses["controls"], read.controls)
    np.testing.assert_allclose(base.vertices + poses["deltas"], read.vertices(slice(None)), atol=1e-6)
    assert rig.digest() == read.rig.digest()
    assert read.notes == ()


def test_equal_poses_make_equal_files(tmp_path: Path, file: Path, rig: Rig, poses: Arrays) -> None:
    """A file holds nothing of when and where it was written."""
    write_posed(tmp_path / "again.npz", rig, **poses)

    assert file.read_bytes() == (tmp_path / "again.npz").read_bytes()


def test_compressed_files_are_read_as_well(tmp_path: Path, file: Path) -> None:
    """An .npz of compressed arrays gives the same poses."""
    np.savez_compressed(tmp_path / "small.npz", **np.load(file))

    small = read_posed(tmp_path / "small.npz")

    np.testing.assert_array_equal(read_posed(file).vertices([3, 1]), small.vertices([3, 1]))


def test_a_folder_is_its_files_one_after_the_other(tmp_path: Path, rig: Rig, poses: Arrays) -> None:
    """Poses of a folder's files follow each other; rows are picked across files."""
    for name, rows in (("a.npz", slice(0, 10)), ("b.npz", slice(10, 40))):
        write_posed(tmp_path / "all" / name, rig, **{key: array[rows] for key, array in poses.items()})

    read = read_posed(tmp_path / "all")

    assert len(read) == 40
    np.testing.assert_array_equal(poses["controls"], read.controls)
    np.testing.assert_array_equal(poses["controls"][[30, 2]], read.select([30, 2]).controls)
    assert read.vertices([30, 2]).shape == (2, *rig.rest.shape)


def test_identical_samples_are_dropped(file: Path, poses: Arrays) -> None:
    """A pose that was captured twice counts once, and a note says so."""
    twice = {name: np.concatenate([array, array[:3]]) for name, array in poses.items()}

    read = read_posed(rewritten(file, **twice))

    assert len(read) == 40
    assert "3 of 43 poses repeat" in read.notes[0]


def test_animation_without_vertices_keeps_its_still_frames(file: Path, poses: Arrays) -> None:
    """A file of controls alone can be played, and a pose that is held stays held."""
    held = {name: np.concatenate([poses[name], poses[name][:3]]) for name in ("controls", "joint_matrices")}

    read = read_posed(rewritten(file, deltas=None, **held))

    assert len(read) == 43
    assert not read.has_vertices


def test_a_constant_control_is_noted(file: Path) -> None:
    """A control that never changes is named."""
    read = read_posed(rewritten(file, controls=np.ones((40, 1), np.float32)))

    assert '"bulge"' in read.notes[-1]


def test_whole_number_deltas_are_scaled(file: Path, poses: Arrays) -> None:
    """Deltas stored as integers are multiplied by delta_scale."""
    whole = np.round(poses["deltas"] / 1e-4).astype(np.int16)

    read = read_posed(rewritten(file, deltas=whole, delta_scale=np.float32(1e-4)))

    np.testing.assert_allclose(
        whole.astype(np.float32) * np.float32(1e-4),
        read.vertices(slice(None)) - skinned(read.rig, poses["joint_matrices"], 40, space="object").vertices,
        atol=1e-6,
    )


def test_vertex_counts_that_differ_are_refused(file: Path) -> None:
    """Deltas of another mesh are refused with both counts."""
    assert "90 vertices" in refusal(rewritten(file, deltas=np.zeros((40, 90, 3), np.float32)))


def test_pose_counts_that_differ_are_refused(file: Path) -> None:
    """Fewer joint matrices than controls are refused."""
    assert "for 7 poses" in refusal(rewritten(file, joint_matrices=np.zeros((7, 2, 3, 4), np.float32)))


def test_vertices_that_are_no_numbers_are_refused(file: Path, poses: Arrays) -> None:
    """A NaN names its pose and vertex."""
    broken = poses["deltas"].copy()
    broken[17, 5, 1] = np.nan

    assert "In pose 18 vertex 5 is not a number" in refusal(rewritten(file, deltas=broken))


def test_weights_that_do_not_sum_to_one_are_refused(file: Path, rig: Rig) -> None:
    """The first wrong vertex and its sum are named."""
    weights = rig.skin_weights.copy()
    weights[4] *= 0.5

    assert "those of vertex 4 sum to 0.5" in refusal(rewritten(file, skin_weights=weights))


def test_a_missing_array_is_named_with_the_nearest(file: Path, rig: Rig) -> None:
    """A misspelt array is guessed."""
    path = rewritten(file, rest=None, rets=rig.rest)

    assert '"rest"' in refusal(path)
    assert 'Is "rets" meant' in refusal(path)


def test_a_truncated_file_is_refused(file: Path) -> None:
    """A file that was cut short says so, wherever it was cut."""
    whole = file.read_bytes()
    for size in (0, 100, len(whole) // 2, len(whole) - 1):
        file.write_bytes(whole[:size])

        assert "cut short" in refusal(file)


def test_python_objects_are_refused(file: Path) -> None:
    """A pickled array is not loaded."""
    np.savez(file, **np.load(file), extra=np.array([{"a": 1}], object))

    assert "Python objects" in refusal(file)


def test_a_newer_version_is_refused(file: Path) -> None:
    """A file of a later format asks for an update."""
    assert "version 9" in refusal(rewritten(file, version=np.array(9)))


def test_renamed_and_reordered_controls_are_refused(tmp_path: Path, rig: Rig) -> None:
    """In a folder, controls must be the same in the same order; the faults are told apart."""
    two = replace(rig, control_names=("smile", "frown"), joint_names=(), joint_parents=None,
                  skin_weights=None, bind_matrices=None)  # fmt: skip
    controls = np.eye(2, dtype=np.float32)
    vertices = np.tile(rig.rest, (2, 1, 1))
    write_posed(tmp_path / "a.npz", two, controls=controls, vertices=vertices)
    sentences = {}
    for names in (("smile", "frwon"), ("frown", "smile")):
        other = replace(two, control_names=names)
        write_posed(tmp_path / "b.npz", other, controls=controls, vertices=vertices)
        with pytest.raises(MediaError) as caught:
            read_posed(tmp_path)
        sentences[names[0]] = str(caught.value)

    assert 'renamed to "frwon"' in sentences["smile"]
    assert "another order" in sentences["frown"]
