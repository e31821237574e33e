"""``talospatch patches``: what is bundled."""

from __future__ import annotations

from typing import Annotated

import typer

from talospatch.cli.app import new
from talospatch.cli.options import Output, bundled

app = new(help="List and show the bundled patches.")

LIST = """\b
Examples:
  talospatch patches list
  talospatch patches list -o json
"""
SHOW = """\b
Examples:
  talospatch patches show containerd-metrics
  talospatch patches show containerd-metrics > metrics.yaml
"""


@app.callback()
def patches() -> None:
    """List and show the bundled patches."""


@app.command("list", epilog=LIST)
@bundled
def list_patches(output: Output) -> int:
    """List the bundled patches; -p bundled:NAME takes one."""
    from talospatch.cli.output import emit
    from talospatch.cli.terminal import Terminal
    from talospatch.cli.views import patches as views
    from talospatch.offline import bundled_patches

    emit(views.view(bundled_patches()), output.form, Terminal())
    return 0


@app.command(epilog=SHOW)
def show(name: Annotated[str, typer.Argument(help="Its name.")]) -> int:
    """Print a bundled patch as it is, for a Git repository or for talosctl."""
    from talospatch.cli.terminal import Terminal
    from talospatch.offline import bundled_patch

    Terminal().out(bundled_patch(name).text)
    return 0
