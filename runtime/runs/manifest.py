"""`manifest.json` of a run folder: what the run is, and how it stands; replaced whole at every change.

It is for programs and for people, so it is JSON. Here, and in the log, stand the times, hosts and paths that
a `.cat` leaves out.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, Literal, get_args

from understudy.graph.errors import FormatError
from understudy.runtime.durable import replace_bytes

VERSION = 2
LARGEST_FILE = 64 << 20
"""In bytes: a frame's digest takes some hundred."""

State = Literal["running", "finished", "stopped", "failed"]


@dataclass(slots=True, kw_only=True)
class Manifest:
    """What a run is, and how it stands.

    Attributes:
        name: What its files' names begin with.
        number: Its place among the runs of its data directory, from 1; the clock has no part in it.
        node: The node that made it.
        job: The fingerprint of the job.
        lineage: The same without the knobs that only say how long to go on.
        state: `running` also after a crash: whether somebody works on it, the lock tells.
        step: The step at which this was written.
        steps: How many steps the job has.
        best_step: The step with the lowest held-out loss; None where none was measured.
        best_loss: That loss.
        created: When the run began, as ISO 8601 with time zone.
        host: The machine that it was last worked on.
        graph: The graph file that it came from.
        parent: The run that it began from, as a path; None for none.
        verdict: What the losses say, in a word or two.
        reason: The same in a paragraph, with the evidence; why it failed, where it did.
        versions: The programs that it was last worked on with, by name.
        changes: What was changed on resuming, the oldest first.
        data: The digest of every file that was learned from, by path.
        details: Anything else that its node wants to find again.
    """

    name: str
    number: int
    node: str
    job: str
    lineage: str
    state: State = "running"
    step: int = 0
    steps: int = 0
    best_step: int | None = None
    best_loss: float | None = None
    created: str = ""
    host: str = ""
    graph: str = ""
    parent: str | None = None
    verdict: str = ""
    reason: str = ""
    versions: dict[str, str] = field(default_factory=dict)
    changes: list[dict[str, Any]] = field(default_factory=list)
    data: dict[str, str] = field(default_factory=dict)
    details: dict[str, Any] = field(default_factory=dict)


def write_manifest(path: Path | str, manifest: Manifest) -> None:
    """Replaces a manifest, whole or not at all.

    Raises:
        StorageError: It can't be written; the old one is untouched.
    """
    text = json.dumps({"understudy_run": VERSION, **asdict(manifest)}, indent=1, ensure_ascii=False)
    replace_bytes(path, [text.encode(errors="surrogateescape") + b"\n"])


def read_manifest(path: Path | str) -> Manifest:
    """Reads a manifest.

    Raises:
        FormatError: It is none, is of an unknown version, or can't be read.
    """
    try:
        with Path(path).open("rb") as file:
            data = file.read(LARGEST_FILE + 1)
        if len(data) > LARGEST_FILE:
            raise FormatError(path, f"it is larger than {LARGEST_FILE:,} bytes", offset=LARGEST_FILE)
        values = json.loads(data.decode(errors="surrogateescape"))
    except OSError as error:
        raise FormatError(path, f"can't be read: {error.strerror or error}") from error
    except (ValueError, RecursionError) as error:
        raise FormatError(path, f"it is no JSON: {error}") from None
    version = values.pop("understudy_run", None) if type(values) is dict else None
    if type(version) is not int or not 1 <= version <= VERSION:
        raise FormatError(path, f"it is no manifest of a version from 1 to {VERSION}")
    if version == 1:  # its verdict was the paragraph
        values["reason"] = values.pop("verdict", "")
    return Manifest(**_checked(path, values))


def _checked(path: Path | str, values: dict[str, Any]) -> dict[str, Any]:
    """The values, each of its field's type."""
    known = {item.name: item for item in fields(Manifest)}
    missing = {"name", "number", "node", "job", "lineage"} - set(values)
    if strange := missing | (set(values) - set(known)):
        raise FormatError(path, f"it lacks, or should not have: {', '.join(sorted(strange)[:5])}")
    for name, value in values.items():
        if not isinstance(value, _TYPES[str(known[name].type)]) or isinstance(value, bool):
            raise FormatError(path, f"{name} should be {known[name].type}, not {value!r:.60}")
    if values.get("state", "running") not in get_args(State):
        raise FormatError(path, f"state should be one of {', '.join(get_args(State))}")
    return values


_TYPES: dict[str, Any] = {
    "str": str,
    "State": str,
    "int": int,
    "int | None": (int, type(None)),
    "float | None": (float, int, type(None)),
    "str | None": (str, type(None)),
    "dict[str, str]": dict,
    "dict[str, Any]": dict,
    "list[dict[str, Any]]": list,
}
"""What JSON gives for each annotation."""
