"""``talospatch patch machineconfig``: talosctl's words for ``talospatch apply``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from typer.core import TyperGroup

from talospatch.cli.app import new
from talospatch.cli.commands.apply import apply

if TYPE_CHECKING:
    from typer._click import Command, Context

EPILOG = """\b
The same as `talospatch apply`, under the name that talosctl has for it; mc is short for machineconfig.

\b
Examples:
  talospatch patch mc -p @patch.yaml -n 10.0.0.5
  talospatch patch mc --patch-file patch.yaml -n 10.0.0.5 --dry-run
"""
NAME = "machineconfig"
ALIASES = frozenset({"mc", "machineconfigs"})


class Resources(TyperGroup):
    """The resources that can be patched, by any name that talosctl has for them."""

    def get_command(self, ctx: Context, cmd_name: str) -> Command | None:
        """Return one command."""
        return super().get_command(ctx, NAME if cmd_name in ALIASES else cmd_name)


app = new(help="Patch the machine configuration of nodes, in talosctl's words.", cls=Resources)


@app.callback()
def patch() -> None:
    """Patch the machine configuration of nodes, in talosctl's words."""


app.command(NAME, epilog=EPILOG)(apply)
