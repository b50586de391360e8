"""A module of torch as TorchScript, with nothing that torch 1.12 lacks."""

from __future__ import annotations

import io
import warnings
import zipfile
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from understudy.graph.errors import UnderstudyError
from understudy.nodes.export.models.exportable import largest_difference

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from understudy.nodes.export.models.exportable import TorchExportable

    Values = NDArray[np.float32]

NEWEST_VERSION = 10
"""The newest version of a TorchScript file that torch 1.12 loads."""

_OPERATORS = "operators.txt"


def checked_torchscript(model: TorchExportable) -> tuple[bytes, float]:
    """A model as TorchScript, and the largest difference of its results from ours.

    What surrounds the network is scripted, so that it follows the frame's size, type and device; the network
    is traced, so that any that torch can compute will do.

    Raises:
        UnderstudyError: The network has an operator that torch 1.12 lacks, or results differ.
    """
    data = _saved(model)
    script = _loaded(data)
    _check_operators(script)
    _check_version(data)

    def play(sample: Values) -> Values:
        with torch.inference_mode():
            return np.asarray(script(torch.from_numpy(sample)).numpy())

    return data, largest_difference(model, play, "the TorchScript model")


def half_difference(model: TorchExportable, data: bytes) -> float | None:
    """How far half precision is off, as a share of the values' range; None if it can't compute so."""
    script, largest = _loaded(data).half(), 0.0
    for sample in model.samples:
        halved = torch.from_numpy(sample).half()
        expected = model.expected(np.asarray(halved.float().numpy()))
        try:
            with torch.inference_mode():
                found = script(halved).float().numpy()
        except RuntimeError:  # the network names a type, or has an operator that knows no halves
            return None
        largest = max(largest, float((np.abs(found - expected) / model.span(expected)).max()))
    return largest if np.isfinite(largest) else None


def known_operators() -> frozenset[str]:
    """The operators of torch that programs with torch 1.12 have, such as `aten::add`."""
    text = files("understudy.nodes.export.models").joinpath(_OPERATORS).read_text(encoding="utf-8")
    return frozenset(f"aten::{name}" for name in text.split())


def _saved(model: TorchExportable) -> bytes:
    import copy

    module: Any = copy.deepcopy(model.module)
    jit: Any = torch.jit
    stride = module.stride
    example = torch.zeros(1, model.samples[0].shape[1], 2 * stride, 3 * stride)
    target = io.BytesIO()
    with torch.no_grad(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch announces the successor, which no host loads
        module.network = jit.trace(module.network, example, check_trace=False)
        jit.save(jit.script(module), target)
    return target.getvalue()


def _loaded(data: bytes) -> Any:
    jit: Any = torch.jit
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # as above
        return jit.load(io.BytesIO(data), map_location="cpu").eval()


def _check_operators(script: Any) -> None:
    jit: Any = torch.jit
    used = {name.partition(".")[0] for name in jit.export_opnames(script)}
    lacking = sorted(name for name in used if name.startswith("aten::") and name not in known_operators())
    lacking += sorted(name for name in used if not name.startswith(("aten::", "prim::")))
    if lacking:
        raise UnderstudyError(
            f"The network has the operator {lacking[0]}, which Nuke's torch (1.12) lacks. Train one without "
            "it, such as UNet."
        )


def _check_version(data: bytes) -> None:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        name = next(each for each in archive.namelist() if each.endswith("/version"))
        version = int(archive.read(name))
    if version > NEWEST_VERSION:
        raise UnderstudyError(
            f"This torch ({torch.__version__}) writes TorchScript files of version {version}, and Nuke's "
            f"torch (1.12) reads {NEWEST_VERSION} at most. Export with torch 2.6 to 2.13."
        )
