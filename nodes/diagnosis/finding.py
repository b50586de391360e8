"""What was found to be wrong, as plain data."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong with a frame, a pair or a row.

    Attributes:
        kind: Its name, such as "misaligned"; one word or two of plain text.
        sentence: What is wrong and what to do, for a person.
        evidence: The numbers that it rests on, by name; their units stand in the name, as in "shift_x_px".
    """

    kind: str
    sentence: str
    evidence: Mapping[str, float | str] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.kind}: {self.sentence}"
