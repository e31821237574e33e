"""The tree of commands. A command's module is loaded when that command runs: ``--help`` of the whole needs this table only."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer
from typer.core import TyperGroup

if TYPE_CHECKING:
    from typer._click import Command, Context, HelpFormatter

NAME = "talospatch"
SETTINGS = {"help_option_names": ["-h", "--help"], "max_content_width": 100}


class Row(NamedTuple):
    """A command: its name, the module under ``commands`` that has its ``app``, and its line in the list of commands."""

    name: str
    module: str
    help: str


# In the order of the story: look, compare, change, go back; then what goes with it.
COMMANDS = (
    Row("demo", "demo", "Show the whole story on a simulated cluster, on this machine alone."),
    Row("nodes", "nodes", "List the nodes: role, Talos version, containerd drop-in, metrics, pending changes."),
    Row("diff", "diff", "Show what a change would do, on a cluster or to files, and change nothing."),
    Row("apply", "apply", "Roll a change out: plan, ask, change node by node, prove."),
    Row("patch", "patch", "Patch the machine configuration of nodes, in talosctl's words."),
    Row("machineconfig", "mc", "Patch, compare, validate and convert machine configurations in files."),
    Row("rollout", "rollout", "Look at, continue or undo what was rolled out."),
    Row("cni", "cni", "Find and remove damaged CNI result-cache files."),
    Row("patches", "patches", "List and show the bundled patches."),
    Row("simulator", "simulator", "A Talos cluster to play with, on this machine alone."),
    Row("completion", "completion", "Print the completion script of a shell."),
    Row("version", "version", "Print the version."),
)

# talosctl's short names; not in the list of commands.
ALIASES = {"mc": "machineconfig"}

EPILOG = """\b
Start here:
  talospatch demo
  talospatch diff -p bundled:containerd-metrics --workers
  talospatch apply -p bundled:containerd-metrics --workers

\b
Exit codes: 0 done, or nothing to do; 2 differences or problems found; 3 some nodes failed, unseen or
not proven; 4 a gate failed and the change was taken back; 5 refused by a guard; 1 error, wrong use
included; 130 interrupted.
"""


class Interrupted(Exception):
    """Ctrl-C in a command that has nothing of its own to say about it. Typer would turn KeyboardInterrupt into a bare exit code."""


class Commands(TyperGroup):
    """The group of all commands, each loaded when first asked for."""

    def invoke(self, ctx: Context) -> Any:
        """Load and run the command."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            raise Interrupted from None

    def list_commands(self, ctx: Context) -> list[str]:
        """Return the names in the table's order."""
        return [row.name for row in COMMANDS]

    def get_command(self, ctx: Context, cmd_name: str) -> Command | None:
        """Load one command."""
        for row in COMMANDS:
            if row.name == ALIASES.get(cmd_name, cmd_name):
                module = import_module(f"talospatch.cli.commands.{row.module}")
                command = typer.main.get_command(module.app)
                command.name = row.name
                return command
        return None

    def format_commands(self, ctx: Context, formatter: HelpFormatter) -> None:
        """Write the list of commands from the table alone."""
        with formatter.section("Commands"):
            formatter.write_dl([(row.name, row.help) for row in COMMANDS])


def new(*, help: str | None = None, cls: type[TyperGroup] = TyperGroup) -> typer.Typer:  # noqa: A002 - typer's words
    """Return an empty typer app with the settings that every command has."""
    return typer.Typer(
        cls=cls,
        help=help,
        rich_markup_mode=None,
        add_completion=False,
        pretty_exceptions_enable=False,
        no_args_is_help=help is not None,
        context_settings=SETTINGS,
    )


def root() -> Any:
    """Return the whole command line."""
    app = typer.Typer(
        cls=Commands, rich_markup_mode=None, add_completion=False, pretty_exceptions_enable=False, context_settings=SETTINGS, epilog=EPILOG
    )
    app.callback(invoke_without_command=True)(start)
    return typer.main.get_command(app)


def start(
    context: typer.Context,
    version: Annotated[bool, typer.Option("--version", help="Print the version and end.")] = False,
) -> None:
    """Change the machine configuration of every Talos Linux node in a fleet, safely.

    See the difference first, roll it out without losing the cluster, prove that it took effect, and be able to go back.
    """
    if version:
        from talospatch import __version__

        typer.echo(f"{NAME} {__version__}")
        raise typer.Exit
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())
        raise typer.Exit
