"""Printing: JSON lines for programs, aligned columns for people."""

from __future__ import annotations

import json
import textwrap
from contextlib import contextmanager
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from understudy.graph.errors import GraphError, UnderstudyError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from understudy.graph.errors import Fault


def print_json(**record: Any) -> None:
    """One JSON object on a line of standard output."""
    click.echo(json.dumps(record, default=str))


def print_faults(faults: Sequence[Fault]) -> None:
    """A JSON line for each fault of a graph."""
    for fault in faults:
        print_json(event="fault", **asdict(fault))


@contextmanager
def errors_as_json(*, wanted: bool) -> Iterator[None]:
    """Prints an error of the block as JSON lines too, where they are wanted; it is raised all the same."""
    try:
        yield
    except GraphError as error:
        if wanted:
            print_faults(error.faults)
        raise
    except UnderstudyError as error:
        if wanted:
            print_json(event="error", message=str(error))
        raise


def columns(rows: Sequence[Sequence[str]], heading: Sequence[str] = ()) -> str:
    """Rows of texts, each column as wide as its widest text but the last, which runs on.

    >>> print(columns([("a", "bc"), ("def", "g")]))
    a    bc
    def  g
    """
    lines = [heading, *rows] if heading else list(rows)
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    padded = [[text.ljust(width) for text, width in zip(line, widths, strict=True)] for line in lines]
    if heading:
        padded.insert(1, ["-" * width for width in widths])
    return "\n".join("  ".join(line).rstrip() for line in padded)


def duration(seconds: float) -> str:
    """A span of time as people say it.

    >>> duration(0.25), duration(42), duration(150), duration(7500)
    ('0.2 s', '42 s', '2 min 30 s', '2 h 5 min')
    """
    if seconds < 10:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


def number(value: float | None, digits: int = 4) -> str:
    """A number with so many digits that count; nothing for None."""
    return "" if value is None else f"{value:.{digits}g}"


def steps(done: int | None, of: int | None) -> str:
    """How far a training is.

    >>> steps(1200, 4000)
    '1,200 of 4,000'
    """
    return "" if done is None or of is None else f"{done:,} of {of:,}"


def shortened(text: str, most: int) -> str:
    """A text cut to a length, with dots where something was cut off."""
    return text if len(text) <= most else text[: most - 3].rstrip() + "..."


def paragraph(text: str, width: int = 100) -> str:
    """A text in lines of readable length."""
    return "\n".join(textwrap.wrap(text, width))
