"""What is wrong with pairs of a set: what one alone does not tell, its neighbours do."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from understudy.nodes.diagnosis import transfer
from understudy.nodes.diagnosis.finding import Finding
from understudy.nodes.diagnosis.pairs import Pair, describe_pair, gamma_finding

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

LEAST_PAIRS = 5
"""With fewer there is no majority to tell the odd one by."""

LEAST_SOFTER = 0.7
"""How much the logarithm of the ratio of detail is below the usual one where a truth is blurred: half."""

ALIKE = 0.75
"""The part of a set that has to go one way before a pair that goes the other way is called swapped."""

_APART = {"misaligned", "scale"}
"""Values of pictures that don't lie on each other can't be compared."""


def set_faults(pairs: Iterable[tuple[NDArray[np.float32], NDArray[np.float32]]]) -> list[list[Finding]]:
    """What is wrong with each pair of a set, in order.

    Beside the faults of pairs by themselves: "swapped", where most pairs change one way and this one the
    other way; "gamma", where a pair lies a known transfer curve off the grade of the others. Where nearly all
    mattes look inverted, that is how they are meant, and nobody is told.

    Args:
        pairs: Input and truth, each (H, W, channels); they are taken one after another, and not kept.
    """
    return faults_of([describe_pair(*pair) for pair in pairs])


def faults_of(pairs: Sequence[Pair]) -> list[list[Finding]]:
    """The same from descriptions."""
    found = [list(pair.findings) for pair in pairs]
    _take_back(found, "inverted matte")
    _take_back(found, "empty matte", part=1.0)
    told = _swapped(pairs) | _unlike_in_gamma(pairs)
    for place, finding in _softer(pairs).items():  # swapping makes softer, and blur changes values
        if place not in told or told[place].kind == "gamma":
            told[place] = finding
    for place, finding in told.items():
        known = {"swapped", "gamma"} | (_APART if finding.kind == "gamma" else set())
        if not known & {one.kind for one in found[place]}:
            found[place].append(finding)
    return found


def _take_back(found: list[list[Finding]], kind: str, part: float = 0.8) -> None:
    """Removes a kind of finding that nearly every pair has, and so belongs to the job."""
    having = [one for one in found if any(finding.kind == kind for finding in one)]
    if len(found) >= LEAST_PAIRS and len(having) > part * len(found):
        for one in having:
            one[:] = [finding for finding in one if finding.kind != kind]


def _swapped(pairs: Sequence[Pair]) -> dict[int, Finding]:
    """Pairs whose truth differs from the input as the input differs from the truth in the others."""
    told = {place: pair.character for place, pair in enumerate(pairs) if pair.character}
    if len(told) < LEAST_PAIRS:
        return {}
    values = np.array(list(told.values()))
    usual = np.median(values, axis=0)
    size = float(usual @ usual)
    ways = values @ usual / size if size > 0.01 else np.ones(len(values))
    if float((ways > 0.3).mean()) < ALIKE:
        return {}
    found = {}
    for place, way, value in zip(told, ways, values, strict=True):
        unlike, turned = (float(np.linalg.norm(one)) for one in (value - usual, value + usual))
        if way < -0.3 and turned < 0.7 * unlike:
            found[place] = Finding(
                "swapped",
                "from input to truth this pair changes the other way round than the others; exchange them, "
                "unless its truth is out of focus",
                {"change_along_the_others": float(way)},
            )
    return found


def _softer(pairs: Sequence[Pair]) -> dict[int, Finding]:
    """Pairs whose truth has far less of the input's detail than the truths of the others have."""
    told = {place: pair.character[0] for place, pair in enumerate(pairs) if pair.character}
    if len(told) < LEAST_PAIRS:
        return {}
    usual = float(np.median(list(told.values())))
    spread = 1.4826 * float(np.median([abs(value - usual) for value in told.values()]))
    found = {}
    for place, value in told.items():
        if value < usual - max(LEAST_SOFTER, 8 * spread):
            left = float(np.exp(value - usual))
            sentence = (
                f"the truth has {left:.0%} of the fine detail that the others have; is it out of focus?"
            )
            found[place] = Finding("blurred", sentence, {"detail": left})
    return found


def _unlike_in_gamma(pairs: Sequence[Pair]) -> dict[int, Finding]:
    """Pairs whose values go the way of the others and then through a known transfer curve."""
    told = {place: pair.curve for place, pair in enumerate(pairs) if pair.curve}
    usual = transfer.usual_curve(list(told.values())) if len(told) >= LEAST_PAIRS else None
    if usual is None:
        return {}
    scatter = transfer.scatter_of(list(told.values()), usual)
    known = {place: transfer.known_transfer(curve, usual, scatter) for place, curve in told.items()}
    return {place: gamma_finding(one, "those of the other pairs") for place, one in known.items() if one}


def as_data(pair: Pair) -> dict[str, object]:
    """A description as plain data, for JSON."""
    findings = [
        {"kind": one.kind, "sentence": one.sentence, "evidence": dict(one.evidence)} for one in pair.findings
    ]
    return {"findings": findings, "matte": pair.matte, "curve": pair.curve, "character": pair.character}


def from_data(data: dict[str, object]) -> Pair:
    """The description that `as_data` made."""
    pair = Pair(**data)  # type: ignore[arg-type]
    return replace(pair, findings=[Finding(**one) for one in pair.findings])  # type: ignore[arg-type]
