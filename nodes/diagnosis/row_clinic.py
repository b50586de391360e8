"""What the node Clinic does with poses and with rows of tables."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from understudy.graph.errors import NodeError
from understudy.nodes.diagnosis import kinds, report
from understudy.nodes.diagnosis.ending import finished, quarantined
from understudy.nodes.diagnosis.naming import listed_rows
from understudy.nodes.diagnosis.row_values import rows_of
from understudy.nodes.diagnosis.rows import column_faults, row_faults
from understudy.runtime.durable import make_folder

if TYPE_CHECKING:
    from collections.abc import Sequence

    from understudy.graph.node import Inputs
    from understudy.nodes.clinic import Clinic
    from understudy.nodes.diagnosis.finding import Finding
    from understudy.nodes.diagnosis.naming import Row
    from understudy.nodes.diagnosis.row_values import Rows
    from understudy.runtime.context import Context


def examine_rows(node: Clinic, inputs: Inputs, context: Context) -> dict[str, Any]:
    """Looks at poses, or at the rows of a table; gives the outputs of the node.

    Raises:
        NodeError: Frames are to be sorted by what rows do not have.
    """
    if node.by != "time":
        raise NodeError(node.name, f'rows and poses are in the order of time, not of "{node.by}"', knob="by")
    value = inputs["input"]
    rows = rows_of(value, inputs.get("groundtruth"))
    findings = row_faults(rows)
    folder = node.path_of(node.path)
    make_folder(folder)
    for name in ("order.csv", "order.png", "worst.png"):  # of frames that were looked at before
        (folder / name).unlink(missing_ok=True)
    names = _names(rows)
    files = report.write_table(folder, _table(rows, findings))

    def shown(places: Sequence[int]) -> str:
        return listed_rows(names[place] for place in places)

    lines = report.summary(len(names), f"{rows.words[0]}s", findings, kinds.OF_ROWS, shown)
    if rows.own_constants:
        lines += _constants(column_faults(rows.values, rows.columns))
    lines += [f"  {note}" for note in getattr(value, "notes", ())]
    measures = {place: {"frame": float(frame)} for place, (_, frame) in enumerate(names)}
    lines += quarantined(
        node, context, measures, findings, kinds.words_of("features"), dict(enumerate(names))
    )
    return finished(context, folder, files, lines, None)


def _names(rows: Rows) -> list[Row]:
    """What each row is called: by its clip only where there are several."""
    several = len({clip for clip, _ in rows.names}) > 1
    return [(clip if several else "", frame) for clip, frame in rows.names]


def _table(rows: Rows, findings: dict[int, list[Finding]]) -> list[dict[str, Any]]:
    return [
        {"row": place + 1, "clip": clip, "frame": frame, "findings": findings.get(place, [])}
        for place, (clip, frame) in enumerate(rows.names)
    ]


def _constants(found: Sequence[Finding]) -> list[str]:
    """One column is told with its value; of several their names."""
    if len(found) == 1:
        return [f"  constant: {found[0].sentence}"]
    if not found:
        return []
    names = report.shortened(", ".join(str(one.evidence["column"]) for one in found))
    return [f"  {len(found):,} columns are constant ({names}): {report.ADVICE['constant']}"]
