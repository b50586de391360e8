"""The command `understudy`: finds the command that was named, and turns what goes wrong into sentences."""

from __future__ import annotations

import importlib
import io
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from understudy.cli.options import write_epilog
from understudy.graph.errors import GraphError, Stopped, UnderstudyError, nearest

if TYPE_CHECKING:
    from collections.abc import Sequence

COMMANDS = (
    "new",
    "check",
    "plan",
    "clinic",
    "run",
    "resume",
    "runs",
    "watch",
    "suggest",
    "show",
    "measure",
    "export",
    "nodes",
)
"""The commands in the order in which somebody meets them; each is the `command` of the module of its name."""

DONE, FAILED, WRONG, STOPPED = 0, 1, 2, 130


EPILOG = """
Start here:
  understudy new roto first        makes the folder first with a graph and footage
  understudy run first/graph.toml  learns from the painted frames, then mattes the shot
  understudy COMMAND --help        explains a command, with examples

Exit status:
  0    done
  1    a node failed; what does not depend on it is done
  2    the graph or the call is wrong; nothing ran
  130  stopped by a signal with everything saved: run the same command again to go on
"""


class Commands(click.Group):
    """Commands that are imported when somebody names them."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - the signature of click
        """The names in the order of the help."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - the signature of click
        """The command of that name, or None."""
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = importlib.import_module(f"understudy.cli.{cmd_name}").command
        return command

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 - the signature of click
        """Writes where to start, and the exit statuses."""
        write_epilog(self.epilog, formatter)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command that the arguments begin with; an unknown one is refused with the nearest name."""
        if args[0] not in COMMANDS and not args[0].startswith("-"):
            close = nearest(args[0], COMMANDS)
            known = f'Did you mean "{close}"?' if close else f"The commands are: {', '.join(COMMANDS)}."
            raise click.UsageError(f'There is no command "{args[0]}". {known}', ctx)
        return super().resolve_command(ctx, args)


@click.group(
    cls=Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
    epilog=EPILOG,
)
@click.option("--debug", is_flag=True, help="Print the traceback of an internal error.")
@click.version_option(package_name="understudy", message="%(prog)s %(version)s")
def understudy(*, debug: bool) -> None:
    """Learns what was done to a few frames or poses, and does it to the whole sequence."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Runs the command line and ends the process with its exit status."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # names of an old encoding can be printed too
            stream.reconfigure(errors="backslashreplace")
    given = list(sys.argv[1:] if arguments is None else arguments)
    sys.exit(status_of(given))


def status_of(arguments: list[str]) -> int:
    """Runs the command line, tells what goes wrong on standard error, and gives the exit status."""
    try:
        result: Any = understudy.main(arguments, prog_name="understudy", standalone_mode=False)
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (click.Abort, KeyboardInterrupt, Stopped):
        return STOPPED
    except UnderstudyError as error:
        click.echo(str(error), err=True)
        return WRONG if isinstance(error, GraphError) else FAILED
    except Exception as error:  # noqa: BLE001 - everybody else's last resort
        click.echo(_mistake(error, printed="--debug" in arguments), err=True)
        return FAILED
    return result if isinstance(result, int) else DONE


def _mistake(error: Exception, *, printed: bool) -> str:
    """The sentence for an error of our own; its traceback goes to a file unless it is to be printed."""
    import tempfile
    import traceback

    trace = "".join(traceback.format_exception(error))
    what = f"Understudy made a mistake of its own ({type(error).__name__}: {error})."
    if printed:
        return f"{trace}{what}"
    path = Path(tempfile.gettempdir()) / f"understudy-{os.getpid()}-traceback.txt"
    try:
        path.write_text(trace, encoding="utf-8")
    except OSError:
        return f"{what} See the traceback with: understudy --debug ..."
    return f"{what} The traceback is in {path}; please send it with your report."
