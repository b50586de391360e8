"""The files that a model of images comes from: a checkpoint of ours, or an `.onnx` from elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

from understudy.nodes.learning.images.model import ImageModel
from understudy.runtime.runs.container import read_container

if TYPE_CHECKING:
    from pathlib import Path

    from understudy.nodes.learning.images.foreign_model import Tried


def read_image_model(path: Path | str, threads: int, known: Tried | None = None) -> tuple[ImageModel, str]:
    """The model in a file, on the processor, and the precision that it was trained in.

    Args:
        path: A .cat or .onnx.
        threads: Threads that a tile may take where the file is not computed by torch.
        known: What a trial of an .onnx has shown before.

    Raises:
        FormatError: The file is damaged, or holds something else.
        UnderstudyError: What computes it is not installed.
    """
    if str(path).endswith(".onnx"):
        from understudy.nodes.learning.images.foreign_model import read_foreign_model

        return read_foreign_model(str(path), threads, known), "float32"
    container = read_container(path, "cat")
    model = ImageModel.from_container(container, str(path))
    model.network.eval()
    return model, str(container.header.get("precision", "float32"))
