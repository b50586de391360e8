"""Labels as a network learns them, and what its outputs mean."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from understudy.nodes.learning.tables.targets import Targets
from understudy.nodes.media.tables.columns import Column
from understudy.nodes.media.tables.table import Table, single_lines

MOOD = Column("mood", "category", ("glad", "sad", "wild"))
ENERGY = Column("energy", "number")
PHASE = Column("phase", "circular", period=1.0)
LOUD = Column("loud", "boolean")


def table(columns: list[Column], values: list[list[float]]) -> Table:
    """Rows of labels."""
    rows = np.array(values, float)
    return single_lines(columns, rows, np.full(len(rows), ""), np.arange(1, len(rows) + 1))


MIXED = table(
    [MOOD, ENERGY, PHASE, LOUD], [[0, 10, 0.25, 1], [1, 20, 0.5, 0], [0, 60, 0.9, 0], [0, 30, 0, 0]]
)


def outputs_of(targets: Targets, values: np.ndarray) -> np.ndarray:
    """Outputs that say just these labels: sure logits, and encoded numbers and circles."""
    encoded = targets.encode(values).astype(float)
    found = np.zeros((len(values), targets.outputs))
    for head in targets.heads:
        part = encoded[:, head.target]
        if head.column.kind == "category":
            part = 20.0 * np.eye(len(head.column.categories))[part[:, 0].astype(int)]
        elif head.column.kind == "boolean":
            part = 40.0 * part - 20.0
        found[:, head.output] = part
    return found


def test_outputs_that_say_the_labels_give_them_back() -> None:
    """A category takes an output for each name, a circle two, numbers and truth values one."""
    targets = Targets.of(MIXED)
    assert targets.outputs == 3 + 1 + 2 + 1
    values, chances = targets.decode(outputs_of(targets, MIXED.lines()))
    np.testing.assert_allclose(values, MIXED.lines(), atol=1e-5)  # of float32 numbers up to 60
    assert [None if one is None else one.shape for one in chances] == [(4, 3), None, None, (4, 2)]


def test_a_phase_just_before_its_end_is_next_to_one_just_after_its_begin() -> None:
    """0.999 and 0.001 are as far apart as 0.499 and 0.501, and come back on their own side."""
    targets = Targets.of(table([PHASE], [[0.999], [0.001], [0.499], [0.501]]))
    values = np.array([[0.999], [0.001], [0.499], [0.501]])
    encoded = targets.encode(values)
    apart = np.linalg.norm(encoded[0] - encoded[1]), np.linalg.norm(encoded[2] - encoded[3])
    assert apart == pytest.approx((0.01257, 0.01257), abs=1e-4)  # 2 pi 0.002
    np.testing.assert_allclose(targets.decode(encoded.astype(float))[0], values, atol=1e-6)


def test_a_circle_never_gives_its_period() -> None:
    """An angle a hair below 0 is 0, not 360; any length of sine and cosine will do."""
    targets = Targets.of(table([Column("heading", "circular", period=360.0)], [[0.0], [90.0]]))
    values, _ = targets.decode(np.array([[-1e-18, 1.0], [3.0, 0.0], [0.0, -0.2]]))
    np.testing.assert_allclose(values[:, 0], [0.0, 90.0, 180.0])


def test_numbers_are_in_units_of_their_deviation() -> None:
    """Of 0 and 10 the mean is 5 and the deviation 5; a number that never changes is its mean."""
    targets = Targets.of(table([ENERGY, Column("same", "number")], [[0, 7], [10, 7]]))
    assert targets.encode(np.array([[0.0, 7.0], [10.0, 7.0]])).tolist() == [[-1, 0], [1, 0]]
    assert targets.decode(np.array([[2.0, 0.0]]))[0].tolist() == [[15.0, 7.0]]


def test_the_loss_is_that_of_the_books() -> None:
    """A class at one half costs log 2, an error of 3 costs 9 or 3; the loss is the mean of both labels."""
    two = Column("two", "category", ("a", "b"))
    labels = table([two, ENERGY], [[0, -1], [1, 1]])
    output, wanted = torch.tensor([[0.0, 0.0, 4.0]]), torch.tensor([[0.0, 1.0]])
    assert float(Targets.of(labels).loss(output, wanted)) == pytest.approx((np.log(2) + 9) / 2)
    assert float(Targets.of(labels, absolute=True).loss(output, wanted)) == pytest.approx((np.log(2) + 3) / 2)


def test_balanced_classes_weigh_alike_however_many_rows_they_have() -> None:
    """Three rows of a class cost log 2 each, one of another log 4: the mean is that of the classes."""
    two = Column("two", "category", ("often", "rare"))
    labels = table([two], [[0], [0], [0], [1]])
    output = torch.tensor([[0.0, 0.0], [0.0, 0.0], [0.0, 0.0], [float(np.log(3)), 0.0]])
    wanted = torch.tensor(labels.lines()).float()
    assert float(Targets.of(labels).loss(output, wanted)) == pytest.approx((3 * np.log(2) + np.log(4)) / 4)
    balanced = Targets.of(labels, balanced=True)
    assert float(balanced.loss(output, wanted)) == pytest.approx((np.log(2) + np.log(4)) / 2)


@pytest.mark.parametrize("balanced", [False, True])
def test_a_class_seen_once_or_never_leaves_everything_finite(balanced: bool) -> None:  # noqa: FBT001 - a parameter
    """The class "wild" has no row and "sad" has one: loss and gradient are numbers all the same."""
    targets = Targets.of(MIXED, balanced=balanced)
    output = torch.from_numpy(np.tile(targets.nothing(), (4, 1))).float().requires_grad_()
    loss = targets.loss(output, torch.from_numpy(targets.encode(MIXED.lines())))
    loss.backward()
    assert torch.isfinite(loss)
    assert output.grad is not None
    assert torch.isfinite(output.grad).all()


def test_who_knows_nothing_says_how_common_each_class_is() -> None:
    """3 of 4 rows are glad and 1 sad, a quarter is loud; numbers are their mean."""
    targets = Targets.of(MIXED)
    values, chances = targets.decode(targets.nothing()[None])
    assert chances[0] is not None
    assert chances[3] is not None
    np.testing.assert_allclose(chances[0], [[0.75, 0.25, 0.0]], atol=1e-6)
    np.testing.assert_allclose(chances[3], [[0.75, 0.25]], atol=1e-6)
    assert values[0, 1] == pytest.approx(30.0)


def test_a_temperature_makes_unsure_and_leaves_the_class() -> None:
    """Logits 4 and 0 at a temperature of 4 are 1 and 0."""
    targets = Targets.of(table([LOUD, MOOD], [[0, 0], [1, 1]]))
    values, chances = targets.decode(np.array([[4.0, 0.0, 4.0, 0.0]]), np.array([4.0, 4.0]))
    assert values.tolist() == [[1.0, 1.0]]
    assert chances[0] is not None
    assert chances[1] is not None
    e = np.e
    np.testing.assert_allclose(chances[0], [[1 / (1 + e), e / (1 + e)]])
    np.testing.assert_allclose(chances[1], [[1 / (2 + e), e / (2 + e), 1 / (2 + e)]])


def test_a_checkpoint_gives_the_labels_back() -> None:
    """Names, categories, means and what classes weigh."""
    targets = Targets.of(MIXED, absolute=True, balanced=True)
    again = Targets.restored(targets.header(), targets.arrays())
    assert (again.columns, again.absolute, again.balanced) == (targets.columns, True, True)
    assert again.encode(MIXED.lines()).tolist() == targets.encode(MIXED.lines()).tolist()
    assert [one.tolist() for one in again.shares] == [one.tolist() for one in targets.shares]
