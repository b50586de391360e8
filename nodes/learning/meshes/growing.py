"""Principal shapes of poses that come in files, so that a file that is added costs its own poses.

All poses are cut into groups, file after file, and the shapes of a group are merged with those of the groups
before it. That is how the result is defined, whatever was known before: a kept beginning saves time and
changes no bit. The merge is that of Ross et al. (2008), "Incremental learning for robust visual tracking".
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from itertools import groupby
from typing import TYPE_CHECKING, NamedTuple, Self

import numpy as np

from understudy.graph.errors import MediaError
from understudy.nodes.learning.meshes.basis import arrays_of, shapes_of
from understudy.nodes.learning.meshes.decomposition import decomposed, moments
from understudy.nodes.learning.meshes.principal_shapes import PrincipalShapes, principal_shapes
from understudy.nodes.media.meshes.mapped import map_arrays
from understudy.nodes.media.meshes.writing import write_npz

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path
    from typing import Any

    from numpy.typing import NDArray

    Array = NDArray[Any]

CARRIED = 2
"""So many times the shapes asked for go from group to group: what twice as many leave is next to nothing."""

CHUNK = 1024
"""Poses of one file that are read at once, at most."""


class Group(NamedTuple):
    """Poses that are merged at once.

    Attributes:
        name: A digest of this group and of all before it.
        rows: The numbers of the poses.
        full: Whether poses that are added leave it as it is.
    """

    name: str
    rows: NDArray[np.int64]
    full: bool


@dataclass(frozen=True, slots=True)
class Beginning:
    """The shapes of the full groups, kept for when poses are added.

    Attributes:
        name: That of the last of them.
        shapes: Of all poses up to there.
    """

    name: str
    shapes: PrincipalShapes

    def write(self, path: Path) -> None:
        """Writes an .npz, whole or not at all."""
        arrays = arrays_of(self.shapes)
        write_npz(path, arrays | {"name": np.array(self.name), "digest": np.array(_digest(arrays))})

    @classmethod
    def read(cls, path: Path) -> Self | None:
        """What was written there; None where there is nothing, or it is damaged."""
        try:
            found = map_arrays(path)
            shapes, name = shapes_of(path, found), str(found["name"])
        except (MediaError, KeyError):
            return None
        return cls(name, shapes) if str(found.get("digest")) == _digest(arrays_of(shapes)) else None


def groups_of(
    places: NDArray[np.int64], digests: Sequence[str], *, start: str, least: int
) -> Iterator[Group]:
    """Cuts poses into groups: pieces of files one after the other until there are enough.

    Args:
        places: `(N, 2)`, each pose's file and its row there, file after file.
        digests: Of the files.
        start: What else the shapes depend on.
        least: Poses that fill a group.
    """
    name, rows = _named(start), np.zeros(0, np.int64)
    for piece in _pieces(places):
        held = places[piece]
        name = _named(name, digests[held[0, 0]], *map(str, held[:, 1]))
        rows = np.concatenate([rows, piece])
        if len(rows) >= least:
            yield Group(name, rows, full=True)
            rows = rows[:0]
    if len(rows):
        yield Group(name, rows, full=False)


def grown(
    groups: Sequence[Group],
    read: Callable[[NDArray[np.int64]], Array],
    rank: int,
    known: Beginning | None = None,
) -> tuple[PrincipalShapes, Beginning | None]:
    """The shapes of all groups, and of the full ones to keep.

    Args:
        groups: At least one, with two poses or more together.
        read: Gives the values `(n, M)` of poses by their numbers.
        rank: Shapes that are carried from group to group at most.
        known: A beginning that was kept; of other groups it is not used.
    """
    names = [group.name for group in groups if group.full]
    shapes, done = None, 0
    if known is not None and known.name in names:
        shapes, done = known.shapes, names.index(known.name) + 1
    else:
        known = None
    for group in groups[done:]:
        values = read(group.rows)
        if shapes is None:
            shapes = principal_shapes(values, limit=min(rank, len(values)))
        else:
            shapes = extended(shapes, values, limit=rank)
        if group.full:
            known = Beginning(group.name, shapes)
    assert shapes is not None
    return shapes, known


def extended(shapes: PrincipalShapes, data: Array, *, limit: int) -> PrincipalShapes:
    """Principal shapes of the old poses and new ones `(N, M)`, from the old shapes alone.

    Exact up to what the old shapes had left out (Ross et al. 2008, eq. 4: one more row carries the shift of
    the mean).
    """
    mean, squares = moments(data)
    old, new = shapes.count, len(data)
    sizes = np.sqrt(shapes.variances[: len(shapes.shapes), None])
    shift = np.full((1, 1), np.sqrt(old * new / (old + new)))
    still, one = np.zeros(len(mean)), np.ones((new, 1))
    rows = Stacked(((shapes.shapes, sizes, still), (data, one, mean), (shapes.mean[None], shift, mean)))
    joint = (old * shapes.mean.astype(np.float64) + new * mean) / (old + new)
    found = decomposed(rows, still, min(limit, len(rows)))
    together = shapes.squares + squares
    total = max(together - (old + new) * float(joint @ joint), float(found[1].sum()))
    return replace(
        shapes,
        mean=joint.astype(np.float32),
        shapes=found[0],
        variances=found[1],
        total=total,
        squares=together,
        count=old + new,
    )


class Stacked:
    """Arrays of equal width one below the other, each about an offset and scaled, computed as they are read.

    Args:
        parts: `(n, M)` values, `(n, 1)` scales and `(M,)` offset: the rows are scale (value - offset).
    """

    def __init__(self, parts: Sequence[tuple[Array, Array, Array]]) -> None:
        self.parts = parts
        self.shape: tuple[int, ...] = (sum(len(values) for values, _, _ in parts), parts[0][0].shape[1])

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, place: slice | tuple[slice, slice]) -> NDArray[np.float64]:
        """A slice of the rows, and on wish of the columns."""
        rows, columns = place if isinstance(place, tuple) else (place, slice(None))
        first, last, _ = rows.indices(len(self))
        found, above = [], 0
        for values, scales, offset in self.parts:
            mine = slice(max(first - above, 0), max(last - above, 0))
            found.append(scales[mine] * (np.asarray(values[mine, columns], np.float64) - offset[columns]))
            above += len(values)
        return np.concatenate(found)


def _pieces(places: NDArray[np.int64]) -> Iterator[NDArray[np.int64]]:
    """The numbers of poses of one file, `CHUNK` at most."""
    for _, mine in groupby(range(len(places)), key=lambda row: int(places[row, 0])):
        rows = np.array(list(mine), np.int64)
        yield from (rows[start : start + CHUNK] for start in range(0, len(rows), CHUNK))


def _named(*texts: str) -> str:
    return hashlib.sha256("\0".join(texts).encode()).hexdigest()


def _digest(arrays: dict[str, Array]) -> str:
    digest = hashlib.sha256()
    for name, array in arrays.items():
        digest.update(name.encode())
        digest.update(np.ascontiguousarray(array).data)
    return digest.hexdigest()
