"""``talospatch cni``."""

from __future__ import annotations

import asyncio
from enum import StrEnum
from typing import Annotated

import typer

from talospatch.cli.app import new
from talospatch.cli.commands import cni_repair
from talospatch.cli.options import Connection, Output, Selection, bundled
from talospatch.cli.output import emit
from talospatch.cli.session import connected, targets
from talospatch.cli.terminal import Terminal

app = new(help="Find and remove damaged CNI result-cache files.")

EPILOG = """\b
Examples:
  talospatch cni check --workers
  talospatch cni check --all --fail-on fatal -o json
  talospatch cni check -n 10.0.0.5 --deep

\b
Role: os:reader sees names, sizes and sandboxes; contents and the CNI configuration need os:admin, and are
unknown without it. Works on Talos 1.6 and later.
"""


class FailOn(StrEnum):
    """Levels of ``--fail-on``; the keys of :data:`talospatch.cni.rules.FAIL_ON`."""

    FATAL = "fatal"
    TIME_BOMB = "time-bomb"
    UNKNOWN = "unknown"
    HEALS = "heals"
    RESIDUE = "residue"
    NEVER = "never"


@app.callback()
def cni() -> None:
    """Find and remove damaged CNI result-cache files."""


@app.command(epilog=EPILOG)
@bundled
def check(
    selection: Selection,
    connection: Connection,
    output: Output,
    fail_on: Annotated[
        FailOn, typer.Option("--fail-on", help="Which verdicts end with 2: this one and worse; `never` reports only.")
    ] = FailOn.TIME_BOMB,
    deep: Annotated[bool, typer.Option("--deep", help="Read every file, also where its content can do no harm.")] = False,
) -> int:
    """Check the CNI result cache: which files are damaged, and what that comes to on each node.

    On Talos up to 1.7 an empty file keeps its pod's sandbox from ever stopping; later versions remove it and go on. Nothing is changed.
    """
    from talospatch.cli.views import cni as views
    from talospatch.cnicheck.options import CheckOptions

    terminal = Terminal()
    chosen = targets(selection)

    async def look() -> int:
        async with connected(connection, terminal) as cluster:
            report = await cluster.check_cni_cache(nodes=chosen, options=CheckOptions(deep=deep))
        emit(views.view(report, fail_on.value), output.form, terminal)
        return report.exit_code(fail_on.value)

    return asyncio.run(look())


app.command("repair", epilog=cni_repair.EPILOG)(cni_repair.repair)
app.command("repairs", epilog=cni_repair.REPAIRS)(cni_repair.past)
