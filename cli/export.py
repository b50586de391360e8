"""`understudy export`: a trained model for another program, checked."""

from __future__ import annotations

from pathlib import Path

import click

from understudy.cli import options, output
from understudy.nodes.export.format import Options, formats


def epilog() -> str:
    """The formats from their registry, and an example of each."""
    known = formats().values()
    rows = [(each.name, ", ".join(each.subjects), each.help) for each in known]
    first, second = (max(len(row[place]) for row in rows) for place in (0, 1))
    lines = [f"  {name:<{first}}  {subjects:<{second}}  {told}" for name, subjects, told in rows]
    models = {"images": "matte.cat", "meshes": "head.cat"}
    examples = [
        f"  understudy export {models[each.subjects[0]]} --to {each.name} {each.example}" for each in known
    ]
    return "\n".join(["Formats, and of what:", *lines, "", "Examples:", *examples, ""])


@click.command(
    "export", cls=options.Command, epilog=epilog(), short_help="Write a trained model for another program."
)
@click.argument("file")
@click.option(
    "--to", "kind", type=click.Choice(tuple(formats())), metavar="FORMAT", required=True, help="The format."
)
@click.argument("path")
@click.option("--check", metavar="FRAMES", help="Real frames or poses to compare results on, as well.")
@click.option("--host", default="", metavar="VERSION", help="The program's version, such as 14.0 (nuke).")
@click.option("--precision", default="", metavar="TYPE", help="float32 or float16 (tensorrt).")
@click.option(
    "--shapes",
    default="",
    metavar="SIZES",
    help='As "64x64 1920x1080 4096x2160": least, best, most (tensorrt).',
)
@options.json_option
def command(*, file: str, kind: str, path: str, check: str | None, as_json: bool, **asked: str) -> None:
    """Writes the model in FILE, a .cat, to PATH for another program.

    Pixels or values of controls go in as they are: encoding, padding and decoding are inside. What is written
    is loaded, run and compared with our own result first; where both differ by more than 1e-4 of the range of
    the values, nothing is written. Skinning stays with the host.
    """
    from understudy.nodes.export.exporting import export

    with output.errors_as_json(wanted=as_json):
        evidence = None if check is None else Path(check)
        written = export(Path(file), kind, Path(path), Options(**asked), evidence)
    if as_json:
        output.print_json(
            file=file,
            to=kind,
            path=path,
            files=[str(each) for each in written.files],
            bytes=written.size,
            difference=written.difference,
            compared=written.compared,
            milliseconds=written.milliseconds,
            remarks=list(written.remarks),
        )
        return
    click.echo(written.sentence(path))
    for remark in written.remarks:
        click.echo(remark)
