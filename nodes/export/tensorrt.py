"""An engine of TensorRT for the GPU that is here, kept by GPU, version and model."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from understudy.graph.errors import UnderstudyError
from understudy.nodes.export.format import Format, Options, Written

if TYPE_CHECKING:
    from pathlib import Path

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
    file, remarks = _file(trt, path, precision, data, shapes)
    made = file.read_bytes() if file.exists() else engine.engine_bytes(trt, data, shapes)
    difference = largest_difference(model, engine.Engine(trt, made).play, "the TensorRT engine")
    notes = model.noted(difference=difference, precision=precision, shapes=options.shapes or engine.SHAPES)
    make_folder(path)
    replace_bytes(file, [made])
    replace_bytes(file.with_suffix(".json"), [json.dumps(notes, indent=1).encode()])
    written = (file, file.with_suffix(".json"))
    return Written(written, len(made), difference, model.compared, remarks=remarks)


def _file(trt: Any, path: Path, precision: str, data: bytes, shapes: Any) -> tuple[Path, tuple[str, ...]]:
    """The engine's file, named by all that it depends on; and what to tell."""
    import hashlib

    import torch

    def plain(text: str) -> str:
        return re.sub(r"[^A-Za-z0-9.]+", "_", text)

    gpu, digest = torch.cuda.get_device_name(), hashlib.sha256(data + repr(shapes).encode()).hexdigest()[:12]
    file = path / f"{plain(gpu)}-{plain(trt.__version__)}-{precision}-{digest}.engine"
    if file.exists():
        return file, (f"The engine for {gpu} was there already, and is used again.",)
    others = sorted(each.name for each in path.glob("*.engine")) if path.is_dir() else []
    if not others:
        return file, ()
    told = f"{others[0]} is of another GPU, version or model"
    return file, (f"{told}; a new engine was built for {gpu} and TensorRT {trt.__version__}.",)


def _halved(model: TorchExportable) -> TorchExportable:
    """The model in float16, from pixels to pixels; its results are compared with ours in float32."""
    import copy
    from dataclasses import replace

    import numpy as np

    return replace(
        model,
        module=copy.deepcopy(model.module).half(),
        samples=[sample.astype(np.float16) for sample in model.samples],
        ours=lambda sample: model.expected(sample.astype(np.float32)),
        tolerance=_HALF_TOLERANCE,
    )


FORMAT = Format(
    name="tensorrt",
    help="a folder with an engine for the NVIDIA GPU that is here",
    subjects=("images",),
    example="matte_engine",
    write=write,
    options=("precision", "shapes"),
)
