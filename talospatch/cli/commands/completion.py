"""``talospatch completion``: talosctl's word for it."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from talospatch.cli.app import NAME, new

app = new()

EPILOG = """\b
Examples:
  source <(talospatch completion bash)
  talospatch completion zsh > "${fpath[1]}/_talospatch"
  talospatch completion fish > ~/.config/fish/completions/talospatch.fish
"""


class Shell(StrEnum):
    """Shells that have a script."""

    BASH = "bash"
    ZSH = "zsh"
    FISH = "fish"


@app.command(epilog=EPILOG)
def completion(shell: Annotated[Shell, typer.Argument(help="bash, zsh or fish.")]) -> int:
    """Print the completion script of a shell."""
    from typer.completion import get_completion_script  # type: ignore[attr-defined] # imported there, not exported

    typer.echo(get_completion_script(prog_name=NAME, complete_var=f"_{NAME.upper()}_COMPLETE", shell=shell.value))
    return 0
