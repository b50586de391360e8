"""Reads the cells of CSV, Parquet and npz files, by column. Nothing heavy is imported before it is needed."""

from __future__ import annotations

import csv
import gzip
import zipfile
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any

from understudy.graph.errors import MediaError

if TYPE_CHECKING:
    import io
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

TEXT = (".csv", ".tsv")
"""Suffixes of tables that are text; `.gz` may follow."""

SUFFIXES = (*TEXT, ".parquet", ".npz")


@dataclass(frozen=True, slots=True)
class Cells:
    """A table as it stands in its file.

    Attributes:
        names: The columns' names, in order.
        columns: The cells of each column; texts, numbers, truth values or None.
        whole: Whether all rows were read.
    """

    names: tuple[str, ...]
    columns: Mapping[str, Sequence[Any]]
    whole: bool

    def __len__(self) -> int:
        """The number of rows."""
        return len(next(iter(self.columns.values()), ()))


def suffix_of(path: Path) -> str:
    """The suffix that says what a file is, in small letters; `.gz` is left out."""
    name = path.name.lower().removesuffix(".gz")
    return "." + name.rpartition(".")[2] if "." in name else ""


def read_cells(path: Path, most: int | None = None) -> Cells:
    """The cells of a table.

    Args:
        path: A file with one of `SUFFIXES`.
        most: Rows to read of a text file, from the first.

    Raises:
        MediaError: The file is absent, empty or damaged; a ragged row is named by its line.
    """
    suffix = suffix_of(path)
    try:
        if suffix in TEXT:
            return _read_text(path, most)
        return _read_parquet(path) if suffix == ".parquet" else _read_npz(path)
    except OSError as error:
        raise MediaError(path, f"It can't be read: {error.strerror or error}.") from error


def _read_text(path: Path, most: int | None) -> Cells:
    opened = gzip.open if path.suffix.lower() == ".gz" else open
    try:
        with opened(path, "rt", encoding="utf-8-sig", newline="") as file:
            return _parsed(path, file, most)
    except UnicodeDecodeError as error:
        raise MediaError(path, "It is no text in UTF-8. Save it as CSV in UTF-8.") from error
    except (EOFError, csv.Error, gzip.BadGzipFile) as error:
        raise MediaError(path, f"It is no whole table ({error}). Write it again.") from error


def _parsed(path: Path, file: io.TextIOBase, most: int | None) -> Cells:
    first = file.readline()
    if not first.strip():
        raise MediaError(path, "It is empty. A table begins with a line of column names.")
    reader = csv.reader(_again(first, file), delimiter=_delimiter(path, first), strict=True)
    names = tuple(name.strip() for name in next(reader))
    _check_names(path, names)
    rows = []
    for row in islice(reader, most):
        if len(row) != len(names) and row:
            raise MediaError(
                path,
                f"Line {reader.line_num:,} has {len(row)} values, and the first line has {len(names)} names. "
                "Every line needs as many; put quotes around a text that holds the separator.",
            )
        if row:
            rows.append(row)
    if not rows:
        raise MediaError(path, f"It has the columns {', '.join(names[:8])} and no rows.")
    columns = dict(zip(names, zip(*rows, strict=True), strict=True))
    return Cells(names, columns, most is None or len(rows) < most)


def _again(first: str, file: Any) -> Iterator[str]:
    yield first
    yield from file


def _delimiter(path: Path, header: str) -> str:
    if suffix_of(path) == ".tsv":
        return "\t"
    counts = {mark: header.count(mark) for mark in (",", ";", "\t")}
    return max(counts, key=lambda mark: counts[mark])


def _check_names(path: Path, names: Sequence[str]) -> None:
    for place, name in enumerate(names, 1):
        if not name:
            raise MediaError(path, f"Column {place} has no name. Every column needs one in the first line.")
        if name in names[: place - 1]:
            raise MediaError(path, f'Two columns are called "{name}". Give each a name of its own.')


def _read_parquet(path: Path) -> Cells:
    try:
        import pyarrow as pa
        from pyarrow import parquet
    except ImportError:
        raise MediaError(
            path, 'Reading Parquet needs pyarrow: pip install "understudy[tables]" brings it.'
        ) from None
    try:
        table = parquet.read_table(path)
    except pa.ArrowException as error:
        raise MediaError(path, f"It is no whole Parquet file ({error}). Write it again.") from error
    _check_names(path, table.column_names)
    columns = {name: table.column(name).to_pylist() for name in table.column_names}
    return _checked(path, columns)


def _read_npz(path: Path) -> Cells:
    import numpy as np

    try:
        with np.load(path, allow_pickle=False) as archive:
            arrays = {name: archive[name] for name in archive.files}
    except (zipfile.BadZipFile, ValueError, EOFError, KeyError) as error:
        raise MediaError(path, f"It is no whole .npz file ({error}). Write it again.") from error
    columns: dict[str, Any] = {}
    for name, array in arrays.items():
        if array.ndim == 2 and array.dtype.kind in "fiub":
            columns |= {f"{name}.{place}": array[:, place].tolist() for place in range(array.shape[1])}
        elif array.ndim == 1:
            columns[name] = array.tolist()
        else:
            raise MediaError(
                path,
                f'The array "{name}" has the shape {array.shape}. A column has the shape (rows,), and an '
                "array (rows, columns) makes several.",
            )
    return _checked(path, columns)


def _checked(path: Path, columns: dict[str, Any]) -> Cells:
    """Refuses a table without rows or with columns of unlike lengths."""
    lengths = {name: len(cells) for name, cells in columns.items()}
    if not lengths or not max(lengths.values()):
        raise MediaError(path, "It has no rows.")
    first, count = next(iter(lengths.items()))
    for name, other in lengths.items():
        if other != count:
            raise MediaError(
                path, f'"{first}" has {count:,} rows and "{name}" has {other:,}. Columns need as many.'
            )
    return Cells(tuple(columns), columns, whole=True)
