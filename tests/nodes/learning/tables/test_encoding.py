"""Rows of a table as numbers for a network, and rows that do not fit what was trained on."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from understudy.graph.errors import UnderstudyError
from understudy.nodes.learning.tables.encoding import RowEncoding
from understudy.nodes.media.tables.columns import Column
from understudy.nodes.media.tables.table import Table, single_lines

SIZE = Column("size", "number")
LIGHT = Column("light", "category", ("day", "night"))
TURN = Column("turn", "circular", period=360.0)
NAN = float("nan")


def table(columns: list[Column], values: list[list[float]]) -> Table:
    """Rows of features."""
    rows = np.array(values, float)
    return single_lines(columns, rows, np.full(len(rows), ""), np.arange(1, len(rows) + 1))


ROWS = table([SIZE, LIGHT, TURN], [[1, 0, 0], [3, 1, 90], [5, 1, 270], [7, 0, 180]])


def test_numbers_have_mean_0_and_deviation_1_over_the_trained_rows() -> None:
    """A category is a number for each name, a circle sine and cosine."""
    encoding = RowEncoding.of(ROWS)
    encoded = encoding.encode(ROWS.lines())
    assert encoding.size == 1 + 2 + 2
    np.testing.assert_allclose(encoded.mean(axis=0), 0.0, atol=1e-6)
    np.testing.assert_allclose(encoded.std(axis=0), 1.0, atol=1e-6)


def test_the_ends_of_a_circle_are_neighbours() -> None:
    """359 and 1 degrees are next to each other, 359 and 181 are not."""
    encoding = RowEncoding.of(ROWS)
    one, other, far = encoding.encode(np.array([[3, 0, 359], [3, 0, 1], [3, 0, 181]], float))
    assert np.abs(one - other).max() < 0.06  # 2 degrees, in deviations of 0.7
    assert np.abs(one - far).max() > 2.0


def test_a_missing_value_is_the_trained_mean() -> None:
    """Whatever kind of column it is in; the other values of its row are as they were."""
    encoding = RowEncoding.of(ROWS)
    encoded = encoding.encode(np.array([[NAN, 1, 90], [3, NAN, NAN]]))
    whole = encoding.encode(np.array([[3, 1, 90]], float))
    assert encoded[0].tolist() == [0.0, *whole[0, 1:].tolist()]
    assert encoded[1].tolist() == [whole[0, 0], 0.0, 0.0, 0.0, 0.0]


def test_missing_values_have_no_part_in_means() -> None:
    """And a column without a single value gives zeros, not NaN."""
    encoding = RowEncoding.of(table([SIZE, Column("empty", "number")], [[1, NAN], [NAN, NAN], [3, NAN]]))
    assert encoding.means[0] == 2.0
    assert encoding.encode(np.array([[1.0, NAN], [3.0, 5.0]]))[:, 0].tolist() == [-1.0, 1.0]
    assert np.isfinite(encoding.encode(np.array([[1.0, NAN], [3.0, 5.0]]))).all()


def test_a_column_that_never_changes_is_named_and_harms_nothing() -> None:
    """It is divided by 1, not by 0."""
    encoding = RowEncoding.of(table([SIZE, Column("same", "number")], [[1, 1e9], [2, 1e9]]))
    assert encoding.constant == ["same"]
    assert encoding.encode(np.array([[1.0, 1e9 + 2]]))[0, 1] == pytest.approx(2.0)


def test_columns_and_categories_in_another_order_mean_the_same() -> None:
    """They go by their names; further columns are left aside."""
    other = table(
        [TURN, Column("more", "number"), Column("light", "category", ("night", "day")), SIZE],
        [[90, 8, 0, 3], [0, 9, 1, 1], [0, 9, NAN, 1]],
    )
    fitted = RowEncoding.of(ROWS).fitted(other)
    np.testing.assert_array_equal(fitted, [[3, 1, 90], [1, 0, 0], [1, NAN, 0]])


@pytest.mark.parametrize(
    ("other", "said"),
    [
        (table([Column("sizes", "number"), LIGHT, TURN], [[1, 0, 0]]), 'no column "size".*"sizes" meant'),
        (table([LIGHT, TURN], [[0, 0]]), 'no column "size".*There are light, turn'),
        (
            table([Column("size", "category", ("big",)), LIGHT, TURN], [[0, 0, 0]]),
            r"size \(category: big\) was trained on as size \(number\)",
        ),
        (
            table([SIZE, Column("light", "category", ("day", "dusk")), TURN], [[1, 1, 0]]),
            '"dusk", which was never trained on; known are day, night',
        ),
        (replace(ROWS, starts=ROWS.starts[:3], length=2), "2 frames each, .* of 1; give the features"),
    ],
)
def test_rows_that_do_not_fit_are_refused_by_name(other: Table, said: str) -> None:
    """The sentence names the column, or the window."""
    with pytest.raises(UnderstudyError, match=said):
        RowEncoding.of(ROWS).fitted(other)


def test_truth_values_may_be_given_as_numbers() -> None:
    """A table of 0 and 1 fits a column that was true and false."""
    trained = table([Column("loud", "boolean")], [[0], [1]])
    given = table([Column("loud", "number")], [[1], [0]])
    assert RowEncoding.of(trained).fitted(given).tolist() == [[1.0], [0.0]]


def test_numbers_beyond_the_trained_range_are_counted() -> None:
    """By column; circles and categories have no such range, and the ends themselves are inside."""
    beyond = RowEncoding.of(ROWS).beyond(np.array([[7, 0, 300], [8, 1, 0], [-1, 0, 0], [1, 0, 0]], float))
    assert beyond == [("size", 2)]


def test_a_checkpoint_gives_the_encoding_back() -> None:
    """Columns, their order and categories, means and ranges."""
    encoding = RowEncoding.of(ROWS)
    again = RowEncoding.restored(encoding.header(), encoding.arrays())
    assert again.columns == encoding.columns
    assert again.encode(ROWS.lines()).tolist() == encoding.encode(ROWS.lines()).tolist()
    assert again.beyond(np.array([[8.0, 0, 0]])) == [("size", 1)]
