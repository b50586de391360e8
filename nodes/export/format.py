"""What a format is, and which there are: each module of this folder that has a `FORMAT` is one.

To add a format, add its file. Importing it must stay cheap, for `understudy export --help` and `check` do so:
what writes the model imports what it needs when it is called.
"""

from __future__ import annotations

import importlib
import pkgutil
from dataclasses import dataclass, fields
from functools import cache
from typing import TYPE_CHECKING, Protocol

from understudy.graph.errors import UnderstudyError, nearest

if TYPE_CHECKING:
    from pathlib import Path

    from understudy.nodes.export.models.exportable import Exportable


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What a person asked of an export; a format takes those that its `options` name.

    Attributes:
        host: The version of the program that is to load the model, such as 14.0; empty for the oldest served.
        precision: "float32", or "float16" where a format can compute in it; empty for float32.
        shapes: The smallest, the best and the largest frame, such as "64x64 1920x1080 4096x2160"; empty for
            these.
    """

    host: str = ""
    precision: str = ""
    shapes: str = ""


@dataclass(frozen=True, slots=True)
class Written:
    """What an export wrote and measured.

    Attributes:
        files: What was written, the model first.
        size: Of the model's file, in bytes.
        difference: Largest difference to our own result, as a share of the range of its values.
        compared: On what, in words, such as "64 poses".
        milliseconds: Of one pose on one thread, the median of many; None for frames.
        remarks: Sentences that a person should read.
    """

    files: tuple[Path, ...]
    size: int
    difference: float
    compared: str
    milliseconds: float | None = None
    remarks: tuple[str, ...] = ()

    def sentence(self, path: str) -> str:
        """What a person is told."""
        time = "" if self.milliseconds is None else f", {self.milliseconds:.2f} ms a pose on one thread"
        return (
            f"{path}: {self.size:,} bytes{time}; on {self.compared} its result differs from ours by at most "
            f"{self.difference:.0e} of the range."
        )


class Write(Protocol):
    """How a format writes a model."""

    def __call__(self, model: Exportable, path: Path, options: Options) -> Written:
        """Writes a model once its result was compared with ours.

        Raises:
            UnderstudyError: Something that it needs is missing, the model does not fit the format, or results
                differ; nothing is written then.
            StorageError: It can't be written.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Format:
    """A format that models can be written in.

    Attributes:
        name: What people call it by.
        help: What it is, in a few words.
        subjects: What models suit it: "images", "meshes" or "tables".
        example: A path that it would be written to.
        write: Writes a model.
        options: The names of the options that it takes.
    """

    name: str
    help: str
    subjects: tuple[str, ...]
    example: str
    write: Write
    options: tuple[str, ...] = ()

    def check(self, options: Options) -> None:
        """Refuses an option that the format has no use for.

        Raises:
            UnderstudyError: It names the option, and the formats that take it.
        """
        for field in fields(Options):
            if getattr(options, field.name) and field.name not in self.options:
                takers = [each.name for each in formats().values() if field.name in each.options]
                raise UnderstudyError(
                    f"{self.name} takes no {field.name}; that is for {' and '.join(takers)}. Leave it out."
                )


@cache
def formats() -> dict[str, Format]:
    """Every format by its name, in the order of the alphabet."""
    package = __name__.rpartition(".")[0]
    path = importlib.import_module(package).__path__
    modules = [importlib.import_module(f"{package}.{entry.name}") for entry in pkgutil.iter_modules(path)]
    found = [module.FORMAT for module in modules if hasattr(module, "FORMAT")]
    return {each.name: each for each in sorted(found, key=lambda each: each.name)}


def format_of(name: str) -> Format:
    """The format of that name.

    Raises:
        UnderstudyError: There is none; it names the nearest.
    """
    known = formats()
    if name not in known:
        close = nearest(name, known)
        hint = f'Did you mean "{close}"?' if close else f"There are {', '.join(known)}."
        raise UnderstudyError(f'Models are not exported to "{name}". {hint}')
    return known[name]
