"""Which frames of a shot to paint next.

A painted frame teaches what lies near it, in time and in looks. So each frame has a need: how far the nearest
painted frame is, times how unsure the model is there. The frames that are suggested are those that take away
most of the need of the whole shot: a weighted k-median (Kariv and Hakimi 1979, "An algorithmic approach to
network location problems"), found greedily and improved by exchanging one frame at a time (Teitz and Bart
1968). Two suggestions never crowd, since the second would take away what is gone already, and where nothing
but time is known they are evenly spaced.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np
from PIL import Image

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from understudy.nodes.media.images.frame import Frame
    from understudy.nodes.media.images.sequence import Frames

CANDIDATES = 64
"""Of a longer shot, so many evenly taken frames are looked at."""

THUMBNAIL = (16, 9)
"""Width and height, in pixels, at which frames are compared: what moves and changes, not its detail."""

COVERAGE = 0.5
"""The share of a frame's weight that all frames have alike; the rest goes by the uncertainty.

A model is often sure where it is wrong, so that what it says is not trusted alone.
"""

_UNSURE = 1.2
_UNLIKE = 1.2


class Suggested(Protocol):
    """A frame to paint or a pose to capture: its number, what it is worth, and why in a sentence."""

    @property
    def frame(self) -> int: ...  # noqa: D102 - described above
    @property
    def score(self) -> float: ...  # noqa: D102 - described above
    @property
    def reason(self) -> str: ...  # noqa: D102 - described above


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A frame to paint.

    Attributes:
        frame: Its number.
        score: The share of the shot's need that painting it takes away, 0 to 1, when those suggested before
            it have been painted.
        reason: Why, in a sentence.
    """

    frame: int
    score: float
    reason: str


@dataclass(frozen=True, slots=True)
class Shot:
    """The frames of a shot as they are compared.

    Attributes:
        numbers: Frame numbers that are looked at, sorted, those painted among them.
        painted: Which of them are painted, `(N,)`.
        looks: A thumbnail of each, flattened, `(N, K)`.
        doubt: How unsure the model is of each, any unit, `(N,)`; None without a model.
    """

    numbers: tuple[int, ...]
    painted: NDArray[np.bool_]
    looks: NDArray[np.float32]
    doubt: NDArray[np.float64] | None = None

    def distances(self) -> NDArray[np.float64]:
        """How far any two frames are apart, `(N, N)`: in time and in looks, each 1 on average."""
        at = np.array(self.numbers, np.float64)[:, None]
        return np.asarray(_relative(np.abs(at - at.T)) + _relative(self.unlikeness()))

    def unlikeness(self) -> NDArray[np.float64]:
        """How far any two frames are apart in looks, `(N, N)`."""
        flat = self.looks.astype(np.float64)
        squares = (flat**2).sum(axis=1)
        return np.asarray(np.sqrt(np.maximum(squares[:, None] + squares - 2.0 * flat @ flat.T, 0.0)))

    def weights(self) -> NDArray[np.float64]:
        """How much each frame counts, `(N,)`, 1 on average."""
        if self.doubt is None or not self.doubt.any():
            return np.ones(len(self.numbers))
        return np.asarray(COVERAGE + (1.0 - COVERAGE) * self.doubt / self.doubt.mean())


def shot_of(
    frames: Frames,
    painted: Sequence[int],
    doubt_of: Callable[[int], float] | None = None,
    told: Callable[[int, int], None] = lambda _, __: None,
) -> Shot:
    """Looks at a shot's frames.

    Args:
        frames: The plate.
        painted: The numbers of the frames that are painted; those that it lacks are left out.
        doubt_of: How unsure the model is of a frame; None without a model.
        told: Takes how many frames are done, and of how many.
    """
    there = sorted(frames.numbers)
    places = np.linspace(0, len(there) - 1, min(CANDIDATES, len(there))).round().astype(int)
    numbers = sorted({there[place] for place in places} | (set(painted) & set(there)))
    looks, doubts = [], []
    for done, number in enumerate(numbers):
        told(done, len(numbers))
        looks.append(thumbnail(frames.read(number)))
        if doubt_of is not None:
            doubts.append(doubt_of(number))
    return Shot(
        tuple(numbers),
        np.isin(numbers, list(painted)),
        np.stack(looks),
        np.array(doubts, np.float64) if doubt_of is not None else None,
    )


def thumbnail(frame: Frame) -> NDArray[np.float32]:
    """A frame's first three channels at `THUMBNAIL`'s size, flattened; highlights are rolled off."""
    shown = np.nan_to_num(frame.pixels[..., :3], nan=0.0, posinf=1e4, neginf=0.0)
    rolled = shown / (1.0 + np.abs(shown))
    small = [
        np.asarray(Image.fromarray(rolled[..., channel]).resize(THUMBNAIL, Image.Resampling.BOX))
        for channel in range(rolled.shape[-1])
    ]
    return np.concatenate([channel.ravel() for channel in small])


def frames_to_paint(shot: Shot, count: int) -> list[Suggestion]:
    """The frames that are most worth painting, the most telling first; fewer where no more are left."""
    distances, weights = shot.distances(), shot.weights()
    near = distances[:, shot.painted].min(axis=1) if shot.painted.any() else distances.max(axis=1)
    free = np.flatnonzero(~shot.painted)
    chosen = _chosen(distances, weights, near, free, min(count, len(free)))
    need = float((weights * near).sum()) or 1.0
    found = []
    left = near
    while chosen:
        gains = [float((weights * (left - np.minimum(left, distances[:, place]))).sum()) for place in chosen]
        place = chosen.pop(int(np.argmax(gains)))
        found.append(Suggestion(shot.numbers[place], max(gains) / need, _reason(shot, place)))
        left = np.minimum(left, distances[:, place])
    return found


def expected_error(doubt: NDArray[np.float32], matte: NDArray[np.float32] | None = None) -> float:
    """The squared error that a model expects of a frame, from its pixels' deviations.

    Args:
        doubt: The deviations.
        matte: The matte itself, where the model makes one: the error is then a share of what the matte
            covers, as one minus the IoU is, so that a small subject counts like a large one.

    Returns:
        The mean over pixels; for a matte 0 to 1.
    """
    squares = np.nan_to_num(doubt.astype(np.float64), posinf=0.0) ** 2
    if matte is None:
        return float(squares.mean())
    covered = float(np.clip(np.nan_to_num(matte), 0.0, 1.0).sum())
    return float(squares.sum() / max(covered + squares.sum(), 1.0))


def _relative(values: NDArray[np.float64]) -> NDArray[np.float64]:
    mean = float(values.mean())
    return values / mean if mean > 0.0 else values


def _chosen(
    distances: NDArray[np.float64],
    weights: NDArray[np.float64],
    near: NDArray[np.float64],
    free: NDArray[np.intp],
    count: int,
) -> list[int]:
    """The places of `count` frames that leave the least need: picked greedily, then exchanged."""
    chosen: list[int] = []
    for _ in range(count):
        chosen.append(_best(distances, weights, _nearest(distances, near, chosen), free, chosen)[0])
    improved = True
    while improved:
        improved = False
        for turn in range(len(chosen)):
            others = chosen[:turn] + chosen[turn + 1 :]
            left = _nearest(distances, near, others)
            now = float((weights * np.minimum(left, distances[:, chosen[turn]])).sum())
            place, need = _best(distances, weights, left, free, others)
            if need < now * (1.0 - 1e-9):
                chosen[turn], improved = place, True
    return chosen


def _nearest(
    distances: NDArray[np.float64], near: NDArray[np.float64], chosen: Sequence[int]
) -> NDArray[np.float64]:
    """How far each frame is from what is painted and chosen."""
    return np.minimum(near, distances[:, list(chosen)].min(axis=1)) if chosen else near


def _best(
    distances: NDArray[np.float64],
    weights: NDArray[np.float64],
    left: NDArray[np.float64],
    free: NDArray[np.intp],
    taken: Sequence[int],
) -> tuple[int, float]:
    """The frame that leaves the least need, and how much that is."""
    candidates = np.setdiff1d(free, np.array(taken, np.intp))
    needs = (weights[:, None] * np.minimum(left[:, None], distances[:, candidates])).sum(axis=0)
    best = int(np.argmin(needs))
    return int(candidates[best]), float(needs[best])


def _reason(shot: Shot, place: int) -> str:
    """What is special about a frame, in a sentence."""
    words = []
    if shot.doubt is not None:
        times = float(shot.doubt[place] / max(float(np.median(shot.doubt)), 1e-30))
        if times > _UNSURE:
            words.append(f"the model expects {times:.1f} times the usual error there")
    painted = np.array(shot.numbers)[shot.painted]
    if painted.size:
        nearest = int(painted[np.argmin(np.abs(painted - shot.numbers[place]))])
        words.append(f"{abs(nearest - shot.numbers[place])} frames from the nearest painted one, {nearest}")
        unlike = shot.unlikeness()[:, shot.painted].min(axis=1)
        if unlike[place] > _UNLIKE * float(np.median(unlike[~shot.painted])):
            words.append("it looks unlike all painted frames")
    sentence = "; ".join(words) or "it stands for the frames around it"
    return sentence[0].upper() + sentence[1:] + "."
