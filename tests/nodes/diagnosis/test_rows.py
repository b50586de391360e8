"""What is wrong with rows and columns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from understudy.nodes.diagnosis.row_values import Rows, millionths
from understudy.nodes.diagnosis.rows import column_faults, row_faults

if TYPE_CHECKING:
    from pathlib import Path

    from understudy.nodes.diagnosis.finding import Finding

NAMES = ["bend", "twist", "lift"]


def rows(count: int = 60) -> np.ndarray:
    """Poses drawn from a normal law."""
    return np.random.default_rng(3).normal(0, (1.0, 20.0, 0.01), (count, 3))


def faults(values: np.ndarray, labels: np.ndarray | None = None, **lines: Any) -> dict[int, list[Finding]]:
    """The findings of each row that has some; rows are called by their place from 101."""
    starts = lines.pop("starts", np.arange(len(values)))
    names = [("", 101 + place) for place in range(len(starts))]
    columns = [str(place) for place in range(values.shape[1])] if values.shape[1] > 3 else NAMES
    return row_faults(Rows(names, values, columns, starts, millionths(values), labels=labels, **lines))


def kinds(values: np.ndarray, labels: np.ndarray | None = None, **lines: Any) -> dict[int, list[str]]:
    """The kinds of findings of each row that has some."""
    found = faults(values, labels, **lines)
    return {row: [one.kind for one in findings] for row, findings in found.items()}


def test_healthy_rows_raise_no_alarm() -> None:
    """Whatever the units of the columns."""
    assert kinds(rows()) == {}
    assert column_faults(rows(), NAMES) == []


def test_a_row_that_is_there_before_is_told() -> None:
    """By what the earlier one is called."""
    values = rows()
    values[40] = values[7]
    (finding,) = faults(values)[40]
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
    (finding,) = faults(values)[5]
    assert finding.kind == "outlier"
    assert finding.evidence["column"] == "lift"


def test_of_few_rows_the_outlier_does_not_hide_itself() -> None:
    """What is usual is told without it: three deviations of 1, which 40 values tell within 30 %."""
    values = rows(40)
    values[5, 0] = 30.0
    (finding,) = faults(values)[5]
    assert finding.kind == "outlier"
    usual = float(finding.sentence.rpartition("more than ")[2])
    assert 2 < usual < 4


def test_a_column_that_mostly_rests_may_move() -> None:
    """A control of a face, used in a few poses; one value far off all others is told still."""
    values = rows(150)
    values[:, 1] = 0
    values[[3, 30, 60], 1] = (0.1, 0.15, 0.8)

    def far(values: np.ndarray) -> list[int]:
        return [row for row, (one, *_) in faults(values).items() if one.evidence.get("column") == "twist"]

    assert far(values) == []
    values[90, 1] = 50
    assert far(values) == [90]


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
    (finding,) = faults(values)[3]
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
    assert not any("outlier" in found for found in kinds(angles).values())


def test_a_window_repeats_another_only_as_a_whole() -> None:
    """Two walks that begin in the same pose are two walks."""
    values = rows(12)
    values[3:6], values[6] = values[0:3], values[0]
    assert kinds(values, starts=np.array([0, 3, 6, 9]), length=3) == {1: ["duplicate"]}


def test_a_window_is_an_outlier_wherever_in_it_the_outlier_is() -> None:
    """Each window that it is in is named."""
    values = rows(60)
    values[5, 2] = 3.0
    assert kinds(values, starts=np.arange(0, 57), length=4) == {row: ["outlier"] for row in (2, 3, 4, 5)}
