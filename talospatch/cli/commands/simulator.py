"""``talospatch simulator``: a cluster to play with."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from talospatch.cli.app import new
from talospatch.cli.options import finite
from talospatch.cli.terminal import Terminal

if TYPE_CHECKING:
    from talospatch.simulator.launch import RunningCluster

app = new(help="A Talos cluster to play with, on this machine alone.")

EPILOG = """\b
Examples:
  talospatch simulator up
  talospatch simulator up --workers 6 --talos 1.13.9 --talos 1.14.0 --speed 5
  talospatch simulator up --fault worker-1=never-returns --fault latency:0.2

\b
Then, in another terminal:
  export TALOSCONFIG=…        # as printed
  talospatch nodes --all
  talosctl version
"""


@app.callback()
def simulator() -> None:
    """A Talos cluster to play with, on this machine alone."""


@app.command(epilog=EPILOG)
def up(
    control_planes: Annotated[int, typer.Option("--control-planes", metavar="N", min=1, help="Control-plane nodes.")] = 1,
    workers: Annotated[int, typer.Option("--workers", metavar="N", min=0, help="Workers.")] = 3,
    talos: Annotated[
        list[str] | None, typer.Option("--talos", metavar="VERSION", help="Talos version; several are given to the workers in turn.")
    ] = None,
    spec: Annotated[Path | None, typer.Option("--spec", metavar="FILE", help="A description in JSON instead of the options above.")] = None,
    port: Annotated[
        int | None, typer.Option("--port", metavar="PORT", min=1, max=65535, help="Port of the first control-plane node on 127.0.0.1.")
    ] = None,
    directory: Annotated[Path | None, typer.Option("--directory", metavar="DIR", help="Where to put the talosconfig files.")] = None,
    speed: Annotated[
        float, typer.Option("--speed", metavar="X", min=0.01, callback=finite, help="Live X times as fast as real time.")
    ] = 1.0,
    seed: Annotated[int, typer.Option("--seed", metavar="N", help="What identities and faults follow from.")] = 0,
    fault: Annotated[
        list[str] | None, typer.Option("--fault", metavar="[NODE=]FAULT", help="Something that goes wrong; an unknown one lists them.")
    ] = None,
) -> int:
    """Start a simulated Talos cluster and keep it up until Ctrl-C.

    It speaks the Talos API over mutual TLS on loopback, for talospatch and talosctl alike. Nothing of it leaves this machine; it holds no
    real secrets, and its files go when it stops.
    """
    import asyncio

    from talospatch.cli import signals, simulated
    from talospatch.simulator.network_faults import NetworkFaults
    from talospatch.simulator.spec import from_json

    terminal = Terminal()
    described = (
        from_json(spec.read_text(encoding="utf-8"), source=str(spec))
        if spec
        else simulated.cluster(control_planes=control_planes, workers=workers, versions=talos or (), seed=seed)
    )
    described, network = simulated.with_faults(described, fault or ())
    listen = {next(node.name for node in described.nodes if node.machine_type != "worker"): ("127.0.0.1", port)} if port else None

    async def serve() -> None:
        from talospatch.simulator.launch import running, until_stopped

        async with running(
            described, _made(directory), scale=speed, faults=NetworkFaults.of(*network, seed=seed) if network else None, listen=listen
        ) as cluster:
            terminal.out(_introduction(cluster))
            await until_stopped(None)

    with signals.in_order():
        asyncio.run(serve())
    terminal.say("stopped")
    return 0


def _made(directory: Path | None) -> Path | None:
    if directory is not None:
        directory.mkdir(parents=True, exist_ok=True)
    return directory


def _introduction(cluster: RunningCluster) -> str:
    nodes = ", ".join(f"{node.name} ({node.address}, {node.talos})" for node in cluster.spec.nodes[:12])
    more = len(cluster.spec.nodes) - 12
    lines = [
        f"Nodes: {nodes}{f' and {more} more' if more > 0 else ''}",
        *(f"Talosconfig for os:{role}: {path}" for role, path in cluster.talosconfigs.items()),
        *([f"Time runs {cluster.clock.scale:g} times as fast as real time."] if cluster.clock.scale != 1 else []),
        "",
        f"export TALOSCONFIG={cluster.talosconfigs['admin']}",
        "talospatch nodes --all",
        f"talosctl -n {cluster.spec.nodes[-1].address} version",
        "",
        "Ctrl-C stops it.",
    ]
    return "\n".join(lines)
