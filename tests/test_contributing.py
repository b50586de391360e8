"""The node that CONTRIBUTING.md shows works as it is printed."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path

import numpy as np

from understudy.nodes.media.images.frame import Frame, Window
from understudy.nodes.registry import node_types

GUIDE = Path(__file__).resolve().parents[1] / "CONTRIBUTING.md"


def test_the_guide_s_node_inverts_a_frame(tmp_path: Path) -> None:
    """The printed module defines one node type, and its `change` does what its first line says."""
    blocks = re.findall(r"```python\n(.*?)```", GUIDE.read_text(encoding="utf-8"), re.DOTALL)
    (tmp_path / "invert.py").write_text(blocks[0])
    spec = importlib.util.spec_from_file_location("invert", tmp_path / "invert.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    (invert,) = node_types(module)
    window = Window(0, 0, 2, 1)
    frame = Frame(pixels=np.float32([[[0.25], [3.0]]]), channels=("A",), data=window, display=window)

    assert invert("one").change(frame).pixels.ravel().tolist() == [0.75, -2.0]
