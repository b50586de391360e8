"""What is to be known of a model from elsewhere: from a small TOML file beside it, or from its own metadata.

The file has the model's name and the suffix .toml:

    inputs = ["R", "G", "B"]          # channels that it takes, in its order
    outputs = ["R", "G", "B"]         # channels that it gives; the inputs where left out
    range = [0.0, 255.0]              # what it takes for black and white; 0 and 1 where left out
    output_range = [0.0, 1.0]         # what it gives for them; as `range` where left out
    mean = [0.485, 0.456, 0.406]      # subtracted from what is in `range`, and
    deviation = [0.229, 0.224, 0.225] # divided out
    stride = 8                        # height and width are multiples of it; tried out where left out
    reach = 64                        # pixels that it sees to each side; measured where left out
    scale = 2                         # pixels that it makes of one along each side; tried out
"""

from __future__ import annotations

import json
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from understudy.graph.errors import FormatError, nearest
from understudy.nodes.learning.encoding import Encoding

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

WORDS = ("inputs", "outputs", "range", "output_range", "mean", "deviation", "stride", "reach", "scale")


@dataclass(frozen=True, slots=True)
class Notes:
    """What the sidecar or the metadata says.

    Attributes:
        inputs: Channels that it takes.
        outputs: Channels that it gives.
        encoding: From pixels to what it takes.
        target: From pixels to what it gives.
        stride: Height and width are multiples of it; None to try out.
        reach: Pixels that it sees to each side; None to measure.
        scale: Pixels that it is said to make of one, along each side; None where nothing is said.
    """

    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    encoding: Encoding
    target: Encoding
    stride: int | None = None
    reach: int | None = None
    scale: int | None = None


def sidecar_of(path: str) -> Path:
    """The TOML file that may stand beside a model."""
    return Path(path).with_suffix(".toml")


def notes_of(path: str, metadata: Mapping[str, str]) -> Notes:
    """What the sidecar says; without one, what the metadata that this program writes says.

    Args:
        path: The model.
        metadata: Its own.

    Raises:
        FormatError: There is neither, or the sidecar is wrong.
    """
    sidecar = sidecar_of(path)
    if sidecar.is_file():
        try:
            return _from_sidecar(str(sidecar), tomllib.loads(sidecar.read_text(encoding="utf-8")))
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise FormatError(str(sidecar), f"this is no TOML: {error}") from error
    try:
        ours = json.loads(metadata["understudy"])
        inputs, outputs = tuple(map(str, ours["inputs"])), tuple(map(str, ours["outputs"]))
    except (KeyError, ValueError, TypeError):
        raise FormatError(
            path,
            f"nothing says which channels it takes. Write {sidecar.name} beside it, with a line such as "
            'inputs = ["R", "G", "B"]',
        ) from None
    geometry = (_whole(path, ours, "stride", 1), _whole(path, ours, "reach", 0))
    return Notes(inputs, outputs, _scaled((0, 1), len(inputs)), _scaled((0, 1), len(outputs)), *geometry)


def _from_sidecar(path: str, values: Mapping[str, Any]) -> Notes:
    for word in values:
        if word not in WORDS:
            close = nearest(word, WORDS)
            hint = f'did you mean "{close}"?' if close else f"it may have {', '.join(WORDS)}"
            raise FormatError(path, f'"{word}" means nothing here; {hint}')
    inputs = _channels(path, values, "inputs", None)
    outputs = _channels(path, values, "outputs", inputs)
    black_white = _numbers(path, values, "range", 2, (0.0, 1.0))
    given = _numbers(path, values, "output_range", 2, black_white)
    mean = _numbers(path, values, "mean", len(inputs), (0.0,) * len(inputs))
    deviation = _numbers(path, values, "deviation", len(inputs), (1.0,) * len(inputs))
    if 0.0 in deviation or black_white[0] == black_white[1] or given[0] == given[1]:
        raise FormatError(path, "a range of no width, and a deviation of 0, can't be undone")
    return Notes(
        inputs,
        outputs,
        _scaled(black_white, len(inputs), mean, deviation),
        _scaled(given, len(outputs)),
        _whole(path, values, "stride", 1),
        _whole(path, values, "reach", 0),
        _whole(path, values, "scale", 1),
    )


def _channels(
    path: str, values: Mapping[str, Any], word: str, otherwise: tuple[str, ...] | None
) -> tuple[str, ...]:
    found = values.get(word, otherwise)
    if found and isinstance(found, list | tuple) and all(isinstance(name, str) for name in found):
        return tuple(found)
    raise FormatError(path, f'{word} is a list of channels, such as ["R", "G", "B"]; found {found!r}')


def _numbers(
    path: str, values: Mapping[str, Any], word: str, count: int, otherwise: Sequence[float]
) -> tuple[float, ...]:
    found = values.get(word, list(otherwise))
    numbers = isinstance(found, list) and all(type(value) in (int, float) for value in found)
    if not numbers or len(found) != count:
        raise FormatError(path, f"{word} is a list of {count} numbers; found {found!r}")
    return tuple(float(value) for value in found)


def _whole(path: str, values: Mapping[str, Any], word: str, least: int) -> int | None:
    found = values.get(word)
    if found is None or (type(found) is int and found >= least):
        return found
    raise FormatError(path, f"{word} is a whole number of pixels from {least}; found {found!r}")


def _scaled(
    black_white: Sequence[float],
    channels: int,
    mean: Sequence[float] | None = None,
    deviation: Sequence[float] | None = None,
) -> Encoding:
    """`(black + value * (white - black) - mean) / deviation`, as an encoding writes it."""
    black, span = black_white[0], black_white[1] - black_white[0]
    means, deviations = mean or (0.0,) * channels, deviation or (1.0,) * channels
    return Encoding(
        "linear",
        1.0,
        tuple((each - black) / span for each in means),
        tuple(each / span for each in deviations),
    )
