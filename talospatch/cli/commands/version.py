"""``talospatch version``."""

from __future__ import annotations

import typer

from talospatch.cli.app import NAME, new

app = new()


@app.command()
def version() -> int:
    """Print the version."""
    from talospatch import __version__

    typer.echo(f"{NAME} {__version__}")
    return 0
