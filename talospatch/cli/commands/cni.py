"""``talospatch cni``."""

from __future__ import annotations

import asyncio
import time
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from talospatch.cli import signals
from talospatch.cli.app import new
from talospatch.cli.cluster_options import Connection, Evidence, Selection
from talospatch.cli.commands import cni_explain, cni_repair
from talospatch.cli.options import Output, bundled, finite
from talospatch.cli.output import emit
from talospatch.cli.terminal import Terminal
from talospatch.cli.watch import SHORTEST, USUAL, confirmed_look, watch

if TYPE_CHECKING:
    from talospatch.cnicheck.report import CniReport

app = new(help="Find and remove damaged CNI result-cache files.")

EPILOG = """\b
Examples:
  talospatch cni check --workers
  talospatch cni check --all --fail-on fatal -o json
  talospatch cni check -n 10.0.0.5 --deep --confirm
  talospatch cni check --workers --watch
  talospatch cni check --logs kubelet.log
  talospatch cni check --copy cni.tar.gz --talos v1.7.4 --logs kubelet.log
  talospatch cni check --loki https://loki.example --since 1d --workers

\b
Role: os:reader sees names, sizes, sandboxes and logs; contents and the CNI configuration need os:admin, and
are unknown without it. Works on Talos 1.6 and later. --logs, --copy and --loki need no cluster; --copy takes what
was copied from Talos 1.3 and later.
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
    evidence: Evidence,
    connection: Connection,
    output: Output,
    fail_on: Annotated[
        FailOn, typer.Option("--fail-on", help="Which verdicts end with 2: this one and worse; `never` reports only.")
    ] = FailOn.TIME_BOMB,
    deep: Annotated[bool, typer.Option("--deep", help="Read every file, also where its content can do no harm.")] = False,
    addresses: Annotated[
        bool, typer.Option("--addresses", help="Look at addresses and network namespaces of every node, also where its cache is in order.")
    ] = False,
    node_logs: Annotated[
        bool, typer.Option("--node-logs/--no-node-logs", help="Read the logs of kubelet and CRI of nodes where they decide something.")
    ] = True,
    confirm: Annotated[bool, typer.Option("--confirm", help="Where something could be repaired, look again after a minute.")] = False,
    again: Annotated[bool, typer.Option("--watch", help="Look again and again, and show it anew, with what has changed.")] = False,
    interval: Annotated[
        float | None,
        typer.Option(
            "--interval",
            metavar="SECONDS",
            min=SHORTEST,
            callback=finite,
            help="Time between two looks of --watch.",
            show_default=f"{USUAL:g}",
        ),
    ] = None,
) -> int:
    """Check the CNI result cache: which files are damaged, and what that comes to on each node.

    On Talos up to 1.7 an empty file keeps its pod's sandbox from ever stopping; later versions remove it and go on. Nothing is changed.
    """
    from talospatch.cli.evidence import looking
    from talospatch.cli.views import cni as views
    from talospatch.cni.times import moment
    from talospatch.cnicheck.options import CheckOptions

    if again and (evidence.copies or confirm):
        raise typer.BadParameter("--watch looks at live nodes, again and again; it goes with neither --copy nor --confirm.")
    if interval is not None and not again:
        raise typer.BadParameter("--interval is the time between two looks of --watch, which was not given.")
    terminal = Terminal()
    options = CheckOptions(deep=deep, addresses=addresses, read_logs=node_logs)

    def show(report: CniReport) -> None:
        emit(views.view(report, fail_on.value), output.form, terminal, is_one_of_many=again)

    def changed(text: str) -> None:
        terminal.say(f"{moment(time.time())}: {text}")

    async def look() -> int:
        async with looking(selection, connection, evidence, options, terminal) as once:
            if again:
                return (await watch(once, show, interval or USUAL, tell=changed)).exit_code(fail_on.value)
            report = await confirmed_look(once, asyncio.sleep, terminal.say) if confirm else await once(None)
        show(report)
        return report.exit_code(fail_on.value)

    return signals.run(look())


app.command("explain", epilog=cni_explain.EPILOG)(cni_explain.explain)
app.command("repair", epilog=cni_repair.EPILOG)(cni_repair.repair)
app.command("repairs", epilog=cni_repair.REPAIRS)(cni_repair.past)
