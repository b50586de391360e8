"""Collecting faults, so that all of them are told at once."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from understudy.graph.errors import Fault

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(slots=True)
class Report:
    """The faults of one graph; `about` names the node that is being looked at.

    Attributes:
        file: The graph file, for the faults' place.
        line_of: The line of a node, or of one of its knobs.
        faults: What was found so far.
        node: The node that is being looked at.
    """

    file: str | None
    line_of: Callable[[str | None, str | None], int | None]
    faults: list[Fault] = field(default_factory=list)
    node: str | None = None

    def fault(
        self,
        what: str,
        *,
        knob: str | None = None,
        found: str | None = None,
        expected: str | None = None,
        suggestion: str | None = None,
    ) -> None:
        """Adds a fault of the current node, with its file and line."""
        fault = Fault(
            what=what, node=self.node, knob=knob, found=found, expected=expected, suggestion=suggestion
        )
        self.faults.append(replace(fault, file=self.file, line=self.line_of(self.node, knob)))
