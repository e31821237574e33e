"""``talospatch machineconfig``: files, offline. Each command stands in a module of its own, with its examples as ``EPILOG``."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

import typer
from typer.core import TyperGroup

from talospatch.cli.app import new

if TYPE_CHECKING:
    from typer._click import Command, Context

COMMANDS = ("patch", "diff", "validate", "convert")


class FileCommands(TyperGroup):
    """The commands for files, each loaded when first asked for: making sense of the options of one takes as long as a small patch."""

    def list_commands(self, ctx: Context) -> list[str]:
        """Return the names in the order of the help."""
        return list(COMMANDS)

    def get_command(self, ctx: Context, cmd_name: str) -> Command | None:
        """Load one command."""
        if cmd_name not in COMMANDS:
            return None
        module = import_module(f"talospatch.cli.commands.mc_{cmd_name}")
        alone = new()
        alone.command(cmd_name, epilog=module.EPILOG)(getattr(module, cmd_name))
        command = typer.main.get_command(alone)
        command.name = cmd_name
        return command


app = new(help="Patch, compare, validate and convert machine configurations in files.", cls=FileCommands)


@app.callback()
def machineconfig() -> None:
    """Patch, compare, validate and convert machine configurations in files. Needs no cluster; its short name is mc."""
