"""``python -m talospatch.simulator``: a simulated cluster as a process of its own, for tests, benchmarks and programs in other languages.

Writes one line of JSON to standard output when the cluster can be dialled, and stops on SIGINT, SIGTERM or SIGHUP, or when standard input
ends. A file or /dev/null there does not count as ending.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import stat
import sys
from collections.abc import Sequence
from pathlib import Path

from talospatch.errors import InputError
from talospatch.simulator.launch import running, until_stopped
from talospatch.simulator.spec import ClusterSpec, from_json


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a cluster until it is told to stop; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m talospatch.simulator", description="Run a simulated Talos cluster on loopback.")
    parser.add_argument("--spec", required=True, metavar="FILE", help="its description in JSON; - reads one line from standard input")
    parser.add_argument("--directory", type=Path, help="where to write the talosconfig files; a temporary directory unless said")
    parser.add_argument("--scale", type=float, default=1.0, help="how many times as fast as real time the cluster lives")
    parser.add_argument("--workers-too", action="store_true", help="give workers an endpoint as well")
    parser.add_argument("--no-metrics", action="store_true", help="serve no metrics ports")
    options = parser.parse_args(arguments)
    try:
        text = _read(options.spec)
        spec = from_json(text, source=None if options.spec == "-" else options.spec)
        asyncio.run(_serve(spec, options))
    except (InputError, OSError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


def _read(source: str) -> str:
    return sys.stdin.readline() if source == "-" else Path(source).read_text(encoding="utf-8")


def _somebody_holds_stdin() -> bool:
    """Whether standard input ends when somebody goes: a pipe, a socket or a terminal; a file or /dev/null says nothing of the kind."""
    try:
        mode = os.fstat(sys.stdin.fileno()).st_mode
    except (AttributeError, OSError, ValueError):  # closed
        return False
    return stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode) or sys.stdin.isatty()


async def _serve(spec: ClusterSpec, options: argparse.Namespace) -> None:
    loop = asyncio.get_running_loop()
    reader = None
    if _somebody_holds_stdin():
        reader = asyncio.StreamReader()
        protocol = asyncio.StreamReaderProtocol(reader)
        await loop.connect_read_pipe(lambda: protocol, sys.stdin)
    # Before anything is started, so that a signal never finds us without a way to clean up.
    stopped = loop.create_task(until_stopped(reader))
    async with running(
        spec, options.directory, scale=options.scale, workers_too=options.workers_too, metrics=False if options.no_metrics else None
    ) as cluster:
        sys.stdout.write(json.dumps(cluster.description()) + "\n")
        sys.stdout.flush()
        await stopped


if __name__ == "__main__":
    sys.exit(main())
