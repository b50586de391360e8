"""How the clinic ends: the list of what to leave out, the summary, and the outputs of the node."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from understudy.graph.errors import NodeError
from understudy.nodes.diagnosis import report
from understudy.nodes.diagnosis.quarantine import add_to_quarantine
from understudy.nodes.diagnosis.rules import RuleError, parse_rule
from understudy.runtime.durable import replace_bytes

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from understudy.nodes.clinic import Clinic
    from understudy.nodes.diagnosis.finding import Finding
    from understudy.nodes.diagnosis.naming import Row
    from understudy.runtime.context import Context


def quarantined(
    node: Clinic,
    context: Context,
    values: Mapping[int, Mapping[str, float]],
    findings: Mapping[int, Sequence[Finding]],
    words: tuple[tuple[str, ...], tuple[str, ...]],
    names: Mapping[int, Row] | None = None,
) -> list[str]:
    """Adds the frames of which the rule is true to the list, if there is a rule.

    Args:
        node: Its knobs have the rule and name the list.
        context: Takes the list as a file of the result: when it is gone, it is written anew.
        values: The measures of each frame, or of each row by its place.
        findings: The findings of those that have some.
        words: The measures and the findings that the rule may name.
        names: What each row is called; frames are called by their number.

    Returns:
        What a person should know.

    Raises:
        NodeError: The rule can't be understood.
    """
    if not node.drop:
        return []
    try:
        rule = parse_rule(node.drop, *words)
    except RuleError as error:
        raise NodeError(node.name, str(error), knob="drop") from None
    reasons: dict[Row, str] = {}
    for number in sorted({*values, *findings}):
        has = {one.kind.replace(" ", "_"): 1.0 for one in findings.get(number, ())}
        if rule.test({**values.get(number, {}), **has}):
            row = names[number] if names else ("", number)
            reasons[row] = report.reasons_of(findings.get(number, ()), rule.text, values.get(number, {}))
    path = node.path_of(node.quarantine)
    new = add_to_quarantine(path, reasons)
    if not reasons:
        return [f'No frame is left out: "{rule.text}" is true of none.']
    context.editable.append(path)
    known = "" if len(new) == len(reasons) else f", {len(reasons) - len(new):,} of them listed before or kept"
    are = "is" if len(reasons) == 1 else "are"
    told = f"{len(reasons):,} {are} to be left out{known}: {node.quarantine} lists them."
    return [f'{told} A DataSource leaves them out with exclude = "{node.quarantine}".']


def finished(
    context: Context, folder: Path, files: list[Path], lines: list[str], picture: Path | None
) -> dict[str, Any]:
    """Writes and tells the summary; gives the outputs of the node."""
    path = folder / "summary.txt"
    replace_bytes(path, ["".join(line + "\n" for line in lines).encode()])
    context.files += [*files, path]
    for line in lines:
        context.say(line)
    context.wrote(folder / "table.csv", "clinic")
    return {
        "table": {"path": str(folder / "table.csv"), "summary": lines},
        "picture": {"path": str(picture) if picture else ""},
    }
