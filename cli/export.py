"""`understudy export`: a trained model for another program, checked."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

import click

from understudy.cli import options, output

FORMATS = ("mldf", "onnx")
"""Each is the `export` of the module of its name in `nodes/export`."""

EPILOG = """
Formats:
  mldf  a folder with model.onnx and metadata.json, which has the names of Maya's ML Deformer
  onnx  one file: values of controls and joint rotations go in, deltas of vertices come out

Examples:
  understudy export head.cat --to mldf head.mldf
  understudy export head.cat --to onnx head.onnx
"""


@click.command(
    "export", cls=options.Command, epilog=EPILOG, short_help="Write a trained model for another program."
)
@click.argument("file")
@click.option("--to", "kind", type=click.Choice(FORMATS), required=True, help="The format.")
@click.argument("path")
@options.json_option
def command(*, file: str, kind: str, path: str, as_json: bool) -> None:
    """Writes the deformer in FILE, a .cat, to PATH for another program.

    The written model is run and compared with ours first; it counts only where both agree to 1e-5 of the
    rest shape's diagonal. Skinning stays with the host. Models of images are not exported yet.
    """
    with output.errors_as_json(wanted=as_json):
        deformer = _deformer(file)
        export: Any = importlib.import_module(f"understudy.nodes.export.{kind}").export
        report = export(deformer, Path(path))
    if as_json:
        facts = {"bytes": report.size, "difference": report.difference, "milliseconds": report.milliseconds}
        output.print_json(file=file, to=kind, path=path, **facts)
        return
    click.echo(
        f"{path}: {report.size:,} bytes, {report.milliseconds:.2f} ms a pose on one thread; its result "
        f"differs from ours by at most {report.difference:.0e} of the diagonal."
    )


def _deformer(file: str) -> Any:
    """The deformer in a .cat.

    Raises:
        UnderstudyError: It is damaged, or a model of images.
    """
    from understudy.graph.errors import UnderstudyError
    from understudy.nodes.learning.mesh_model import MeshModel
    from understudy.runtime.runs.container import read_container

    container = read_container(file, "cat")
    if container.header.get("subject") == "images":
        raise UnderstudyError(
            f"{file} is a model of images, which can't be exported yet; models of posed meshes can. "
            "Apply it with a Checkpoint and an Inference node."
        )
    return MeshModel.from_container(container, file).deformer
