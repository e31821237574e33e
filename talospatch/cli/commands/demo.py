"""``talospatch demo``: the whole story on a simulated cluster."""

from __future__ import annotations

import base64
import os
import secrets
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from talospatch.cli.app import NAME, new
from talospatch.cli.demo import story
from talospatch.cli.layout import wrap
from talospatch.cli.terminal import Terminal
from talospatch.planning.outcomes import ExitCode

app = new()

SPEED = 5.0
EPILOG = """\b
Examples:
  talospatch demo
  talospatch demo --keep      # and then try the commands yourself, in another terminal
"""


@app.command(epilog=EPILOG)
def demo(
    keep: Annotated[bool, typer.Option("--keep", help="Leave the cluster up afterwards, until Ctrl-C, and say how to use it.")] = False,
    ask: Annotated[bool, typer.Option("--ask", help="Let me confirm the rollout myself, as on a real cluster; needs a terminal.")] = False,
) -> int:
    """Show the whole story on a simulated cluster, on this machine alone.

    One control-plane node and five workers: look at them, see what the containerd metrics drop-in would change, roll it out safely, see it
    proven, check the CNI result cache. Needs no cluster, no root and no network; takes some seconds and leaves nothing behind.
    """
    from talospatch.cli import signals
    from talospatch.cli.demo import cluster
    from talospatch.simulator.launch import process

    terminal = Terminal()
    terminal.out(_introduction(terminal))
    # The cluster's files lie in our own directory: they go with it even where the cluster had no time to remove them.
    with (
        signals.in_order(),
        tempfile.TemporaryDirectory(prefix="talospatch-demo-") as home,
        process(cluster.spec(), ["--scale", str(SPEED), "--directory", home]) as running,
    ):
        settings = {
            "TALOSCONFIG": running["talosconfigs"]["admin"],
            "TALOSPATCH_JOURNAL_DIR": str(Path(home, "journal")),
            # In the environment, so that no key is written into the user's own configuration.
            "TALOSPATCH_JOURNAL_KEY": base64.b64encode(secrets.token_bytes(32)).decode(),
        }
        with _environment(settings):
            code = _tell(terminal, asks=ask and terminal.can_ask)
            if code != ExitCode.DONE:
                return code
            terminal.out(_ending(terminal))
            if keep:
                _keep_up(terminal, settings, running["nodes"])
    return ExitCode.DONE


def _tell(terminal: Terminal, *, asks: bool) -> int:
    """Run the steps; return the first exit code with which the story cannot go on."""
    from talospatch.cli.run import run

    for number, step in enumerate(story.STEPS, start=1):
        command = step.command if asks or step.command[0] != "apply" else (*step.command, "--yes")
        terminal.out("")
        terminal.out(wrap(step.words, terminal.prose_width, first=f"{number}. ", rest="   "))
        if "--yes" in command:
            terminal.out("   It would ask now; the demo confirms by itself, `demo --ask` lets you do it.")
        terminal.out(terminal.paint("title", f"   $ {NAME} {' '.join(command)}"))
        terminal.out("")
        code = run(command)
        if code not in step.expected:
            terminal.say(f"The demo ends here: `{NAME} {' '.join(command)}` ended with {code}.")
            return code
    return ExitCode.DONE


@contextmanager
def _environment(settings: Mapping[str, str]) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in settings}
    os.environ.update(settings)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def _introduction(terminal: Terminal) -> str:
    from talospatch.cli.demo.cluster import WORKERS
    from talospatch.cli.layout import table

    width = terminal.prose_width
    words = (
        "A simulated Talos cluster starts on this machine: the real API over mutual TLS on loopback, nothing else. "
        f"Its time runs {SPEED:g} times as fast as real time: a reboot that takes minutes takes a second here."
    )
    return f"{wrap(words, width)}\n\n{table(('NODE', 'TALOS', 'WHAT IS SPECIAL'), WORKERS, width=width, paint=terminal.paint)}"


def _ending(terminal: Terminal) -> str:
    commands = "\n".join(f"  {command}" for command in story.OWN_CLUSTER)
    words = "On your own cluster, with the talosconfig that talosctl uses (each command shows first, and apply asks):"
    return f"\n{wrap(words, terminal.prose_width)}\n\n{terminal.paint('title', commands)}"


def _keep_up(terminal: Terminal, settings: Mapping[str, str], nodes: Mapping[str, str]) -> None:
    """Wait for Ctrl-C; the cluster, its talosconfig and the journal go with us."""
    import asyncio

    from talospatch.simulator.launch import until_stopped

    lines = ["", "The cluster stays up until Ctrl-C. In another terminal:", ""]
    lines += [f"  export {name}={settings[name]}" for name in ("TALOSCONFIG", "TALOSPATCH_JOURNAL_DIR", "TALOSPATCH_JOURNAL_KEY")]
    lines += [f"  {NAME} nodes --all", f"  talosctl -n {nodes['worker-1']} get machineconfig", ""]
    terminal.out("\n".join(lines))
    asyncio.run(until_stopped(None))
