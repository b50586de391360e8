"""What is wrong with rows and columns."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from understudy.nodes.diagnosis.rows import column_faults, row_faults

if TYPE_CHECKING:
    from pathlib import Path

NAMES = ["bend", "twist", "lift"]


def rows(count: int = 60) -> np.ndarray:
    """Poses drawn from a normal law."""
    return np.random.default_rng(3).normal(0, (1.0, 20.0, 0.01), (count, 3))


def kinds(values: np.ndarray, labels: np.ndarray | None = None) -> dict[int, list[str]]:
    """The kinds of findings of each row that has some; rows are called by their place from 101."""
    found = row_faults(values, NAMES, range(101, 101 + len(values)), labels)
    return {row: [one.kind for one in findings] for row, findings in found.items()}


def test_healthy_rows_raise_no_alarm() -> None:
    """Whatever the units of the columns."""
    assert kinds(rows()) == {}
    assert column_faults(rows(), NAMES) == []


def test_a_row_that_is_there_before_is_told() -> None:
    """By what the earlier one is called."""
    values = rows()
    values[40] = values[7]
    (finding,) = row_faults(values, NAMES, range(101, 161))[40]
    assert str(finding) == "duplicate: it repeats row 108"


def test_the_same_features_with_other_labels_contradict() -> None:
    """One of both is wrong; with the same labels the row is a repeat."""
    values, labels = rows(), np.arange(60.0)[:, None]
    values[40], values[41] = values[7], values[8]
    labels[41] = labels[8]
    assert kinds(values, labels) == {40: ["contradiction"], 41: ["duplicate"]}


def test_a_value_far_off_is_an_outlier_with_its_column() -> None:
    """The sentence names the column, and what is usual in it."""
    values = rows()
    values[5, 2] = 3.0
    (finding,) = row_faults(values, NAMES, range(60))[5]
    assert finding.kind == "outlier"
    assert finding.evidence["column"] == "lift"


def test_a_row_far_from_all_others_is_an_outlier_though_each_value_is_usual() -> None:
    """Bend and twist go together in every pose but one."""
    rng = np.random.default_rng(4)
    bend = rng.uniform(-1, 1, 300)
    values = np.stack([bend, bend + rng.normal(0, 0.002, 300), bend + rng.normal(0, 0.002, 300)], axis=1)
    values[50] = (0.9, -0.9, 0.9)
    assert kinds(values) == {50: ["outlier"]}


def test_rows_without_a_number_are_told_with_the_column() -> None:
    """They are in no comparison."""
    values = rows()
    values[3, 1] = np.nan
    (finding,) = row_faults(values, NAMES, range(60))[3]
    assert str(finding) == 'missing: it has no number in the column "twist"'


def test_columns_that_never_change_are_told() -> None:
    """Also where some values are missing; a column without any is not called so."""
    values = rows()
    values[:, 0], values[4, 0], values[:, 1] = 0.25, np.nan, np.nan
    (finding,) = column_faults(values, NAMES)
    assert finding.sentence == 'the column "bend" is 0.25 in every row; leave it out'


def test_few_rows_are_no_trouble() -> None:
    """None, one, and no columns."""
    for shape in ((0, 3), (1, 3), (5, 0)):
        assert kinds(np.zeros(shape)) in ({}, {})


def test_poses_of_a_real_rig_are_healthy(shared_data: Path) -> None:
    """Random poses of an arm, whose angles lie within the rig's limits, have no outlier."""
    with np.load(shared_data / "mesh_deform_bench" / "arm_small.npz") as file:
        angles = file["train_rotvec"]
    angles = angles.reshape(len(angles), -1)
    found = row_faults(angles, [str(place) for place in range(angles.shape[1])], range(len(angles)))
    assert not any(one.kind == "outlier" for findings in found.values() for one in findings)
