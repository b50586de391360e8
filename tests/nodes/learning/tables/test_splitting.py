"""Which rows are held out: whole groups, every class keeping one to learn from."""

from __future__ import annotations

import numpy as np
import pytest

from understudy.nodes.learning.tables.splitting import BLOCKS, group_numbers, held_out_rows
from understudy.nodes.media.tables.columns import Column
from understudy.nodes.media.tables.table import Table, single_lines

NAMES = ("run", "walk", "wave")


def labelled(groups: list[str], classes: list[int]) -> Table:
    """Rows of groups, each with a class."""
    column = Column("label", "category", NAMES)
    values = np.array(classes, float)[:, None]
    return single_lines([column], values, np.array(groups), np.arange(1, len(groups) + 1))


def clips(count: int = 12, length: int = 9) -> Table:
    """Clips of one class each, the classes in turn, their rows mixed."""
    order = np.random.Generator(np.random.Philox(1)).permutation(count * length) % count
    return labelled([f"clip{one}" for one in order], [int(one) % 3 for one in order])


@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize("ratio", [0.05, 0.25, 0.6])
def test_a_group_is_held_out_whole_or_not_at_all(seed: int, ratio: float) -> None:
    """No clip has rows on both sides, and every class has clips on both."""
    table = clips()
    held_out = held_out_rows(table, ratio, seed)
    rest = np.setdiff1d(np.arange(len(table)), held_out)
    assert not set(table.groups[held_out]) & set(table.groups[rest])
    assert set(table.column("label")[rest]) == {0.0, 1.0, 2.0}
    assert len(held_out)


def test_as_many_rows_are_held_out_as_asked_for() -> None:
    """A quarter of 12 clips is 3, and that is what the seed draws, each time others."""
    drawn = {tuple(sorted(set(clips().groups[held_out_rows(clips(), 0.25, seed)]))) for seed in range(10)}
    assert {len(one) for one in drawn} == {3}
    assert len(drawn) > 3


def test_the_same_seed_draws_the_same_rows() -> None:
    """Which rows are held out depends on nothing else."""
    assert held_out_rows(clips(), 0.25, 5).tolist() == held_out_rows(clips(), 0.25, 5).tolist()


@pytest.mark.parametrize("seed", range(10))
def test_a_class_of_a_single_group_is_always_learned(seed: int) -> None:
    """Half of the rows are asked for; the only clip that waves stays, and so does a class seen once."""
    groups = [f"clip{one}" for one in range(8) for _ in range(5)]
    classes = [0 if one < 4 else 1 for one in range(8) for _ in range(5)]
    classes[37] = 2  # a single row of the last clip
    assert "clip7" not in set(np.array(groups)[held_out_rows(labelled(groups, classes), 0.5, seed)])


@pytest.mark.parametrize("seed", range(5))
def test_without_groups_neighbours_are_held_out_together(seed: int) -> None:
    """Blocks of ten rows are whole on one side: a row's neighbour is too alike to measure by."""
    table = labelled([""] * 400, [place % 3 for place in range(400)])
    taken = np.zeros(400, bool)
    taken[held_out_rows(table, 0.1, seed)] = True
    blocks = taken.reshape(BLOCKS, 10)
    assert (blocks.all(axis=1) | ~blocks.any(axis=1)).all()
    assert blocks.all(axis=1).sum() == 4


def test_a_single_group_is_cut_into_blocks() -> None:
    """One clip alone says nothing of what belongs together."""
    assert group_numbers(labelled(["walk"] * 80, [0] * 80)).tolist() == np.repeat(np.arange(40), 2).tolist()
    assert group_numbers(labelled(["b", "a", "b"], [0, 0, 0])).tolist() == [1, 0, 1]


def test_numbers_are_held_out_by_group_as_well() -> None:
    """Without classes every group may go, all but what is to be trained on."""
    groups = np.array([f"take{place // 4}" for place in range(40)])
    table = single_lines([Column("x", "number")], np.arange(40.0)[:, None], groups, np.arange(40))
    held_out = held_out_rows(table, 0.3, 0)
    assert len(held_out) == 12
    assert len(set(groups[held_out])) == 3
