"""Which formats there are, and what they take."""

from __future__ import annotations

import subprocess
import sys

import pytest

from understudy.graph.errors import UnderstudyError
from understudy.nodes.export.format import Format, Options, format_of, formats

FORMATS = pytest.mark.parametrize("found", formats().values(), ids=lambda found: found.name)


@FORMATS
def test_a_format_says_what_it_is(found: Format) -> None:
    """In a few words without a full stop, with models that there are, under the name of its file."""
    assert 0 < len(found.help) <= 62
    assert not found.help.endswith(".")
    assert set(found.subjects) <= {"images", "meshes", "tables"}
    assert set(found.options) <= {"host", "precision", "shapes"}
    assert found.write.__module__ == f"understudy.nodes.export.{found.name}"


def test_asking_what_there_is_loads_nothing_heavy() -> None:
    """`understudy export --help` must not import torch or numpy."""
    code = (
        "import sys; from understudy.nodes.export.format import formats; formats(); "
        "print([name for name in ('torch', 'numpy', 'onnx') if name in sys.modules])"
    )

    told = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)

    assert told.stdout.strip() == "[]"


def test_an_unknown_format_is_told_the_nearest() -> None:
    """Or all, where nothing is near."""
    with pytest.raises(UnderstudyError, match='Did you mean "houdini"'):
        format_of("houdiny")
    with pytest.raises(UnderstudyError, match=r"There are flame, .*, tensorrt\."):
        format_of("fbx")


def test_an_option_that_a_format_has_no_use_for_is_refused() -> None:
    """The formats that take it are named."""
    with pytest.raises(UnderstudyError, match=r"flame takes no host; that is for nuke\."):
        formats()["flame"].check(Options(host="14.0"))
    formats()["nuke"].check(Options(host="14.0"))
