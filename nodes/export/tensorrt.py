"""An engine of TensorRT for the GPU that is here, kept by GPU, version and model."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from understudy.graph.errors import UnderstudyError
from understudy.nodes.export.format import Format, Options, Written

if TYPE_CHECKING:
    from pathlib import Path

    from understudy.nodes.export.models.engine import Engine, Shapes
    from understudy.nodes.export.models.exportable import Exportable, TorchExportable

PRECISIONS = ("float32", "float16")
_HALF_TOLERANCE = 1e-2
"""Ten bits of mantissa through some twenty layers."""


def write(model: Exportable, path: Path, options: Options) -> Written:
    """Writes a folder with an engine and a JSON of the same name; one that is there already is used again.

    Raises:
        UnderstudyError: tensorrt or a GPU is missing, TensorRT lacks an operator, the GPU has no memory, or
            results differ.
    """
    from dataclasses import replace

    from understudy.nodes.export.models import engine
    from understudy.nodes.export.models.exportable import TorchExportable, largest_difference
    from understudy.runtime.durable import make_folder, replace_bytes

    assert isinstance(model, TorchExportable), "image models are"
    shapes, precision = engine.Shapes.parse(options.shapes), options.precision or PRECISIONS[0]
    if precision not in PRECISIONS:
        raise UnderstudyError(
            f'TensorRT does not compute in "{precision}" here; expected float32 or float16.'
        )
    trt = engine.tensorrt()
    model = replace(model, samples=[shapes.fitted(sample) for sample in model.samples])
    if precision == "float16":
        model = _halved(model)
    data = model.onnx()
    file = path / engine_name(trt, precision, data, shapes)
    found, remarks = _kept(trt, file)
    if found is None:
        found = engine.Engine(trt, engine.engine_bytes(trt, data, shapes))
    difference = largest_difference(model, found.play, "the TensorRT engine")
    notes = model.noted(difference=difference, precision=precision, shapes=options.shapes or engine.SHAPES)
    make_folder(path)
    replace_bytes(file, [found.data])
    replace_bytes(file.with_suffix(".json"), [json.dumps(notes, indent=1).encode()])
    written = (file, file.with_suffix(".json"))
    return Written(written, len(found.data), difference, model.compared, remarks=remarks)


def engine_name(trt: Any, precision: str, data: bytes, shapes: Shapes) -> str:
    """The name of an engine's file: GPU, version, precision, and a digest of the model and the shapes."""
    import hashlib

    import torch

    digest = hashlib.sha256(data + repr(shapes).encode()).hexdigest()[:12]
    words = (torch.cuda.get_device_name(), trt.__version__, precision, digest)
    return "-".join(re.sub(r"[^A-Za-z0-9.]+", "_", word) for word in words) + ".engine"


def _kept(trt: Any, file: Path) -> tuple[Engine | None, tuple[str, ...]]:
    """The engine in a file, if it is there and can be loaded; and what to tell a person."""
    from understudy.nodes.export.models.engine import Engine

    if file.exists():
        try:
            return Engine(trt, file.read_bytes()), (f"{file.name} was there already, and is used again.",)
        except UnderstudyError:
            return None, (f"{file.name} could not be loaded, and was built again.",)
    others = sorted(each.name for each in file.parent.glob("*.engine")) if file.parent.is_dir() else []
    told = [f"{each} is of another GPU, version or model; a new engine was built." for each in others[:1]]
    return None, tuple(told)


def _halved(model: TorchExportable) -> TorchExportable:
    """The model with its network in float16; pixels stay float32, and so does what they are compared with."""
    import copy
    from dataclasses import replace

    return replace(model, module=copy.deepcopy(model.module).half(), tolerance=_HALF_TOLERANCE)


FORMAT = Format(
    name="tensorrt",
    help="a folder: an engine for the NVIDIA GPU that is here",
    subjects=("images",),
    example="matte_engine",
    write=write,
    options=("precision", "shapes"),
)
