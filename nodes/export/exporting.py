"""The one way out for a trained model: read from its checkpoint, made, compared and written."""

from __future__ import annotations

import importlib
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from understudy.graph.errors import UnderstudyError
from understudy.nodes.export.format import Format, Options, Written, format_of, formats

if TYPE_CHECKING:
    from pathlib import Path

    from understudy.nodes.export.models.exportable import Exportable

_MODELS = "understudy.nodes.export.models"


def export(
    file: Path, name: str, path: Path, options: Options | None = None, evidence: Any | None = None
) -> Written:
    """Writes the model in a checkpoint for another program, once its result was compared with ours.

    Args:
        file: The `.cat`.
        name: The format's name.
        path: The file or folder to write.
        options: What was asked for beside that.
        evidence: Frames or poses to compare results on, as a value or as a path, beside what is drawn.

    Raises:
        FormatError: The checkpoint is damaged.
        UnderstudyError: There is no such format, the model does not suit it, something that it needs is
            missing, or results differ; nothing is written then.
        StorageError: It can't be written.
    """
    chosen, asked = format_of(name), options or Options()
    chosen.check(asked)
    return chosen.write(_model(file, chosen, evidence), path, asked)


def _model(file: Path, chosen: Format, evidence: Any | None) -> Exportable:
    from understudy.runtime.runs.container import read_container

    container = read_container(file, "cat")
    subject = str(container.header.get("subject", "something else"))
    module = f"{_MODELS}.{subject}"
    suiting = [each.name for each in formats().values() if subject in each.subjects]
    if not subject.isidentifier() or not suiting or find_spec(module) is None:
        raise UnderstudyError(f"{file} is a model of {subject}, which is not exported.")
    if subject not in chosen.subjects:
        raise UnderstudyError(
            f"{file} is a model of {subject}, and {chosen.name} takes models of "
            f"{' and '.join(chosen.subjects)}. Models of {subject} are exported to {', '.join(suiting)}."
        )
    model: Exportable = importlib.import_module(module).exportable(container, str(file), evidence)
    return model
