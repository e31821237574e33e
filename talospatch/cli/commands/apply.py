"""``talospatch apply``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from talospatch.cli.app import new
from talospatch.cli.cluster_options import Allowed, ChangeOptions, Conduct, Connection, Journal, Selection
from talospatch.cli.options import Output, bundled

if TYPE_CHECKING:
    from talospatch.cli.progress import RolloutProgress

app = new()

EPILOG = """\b
Examples:
  talospatch apply -p bundled:containerd-metrics --workers
  talospatch apply -p bundled:containerd-metrics --set address=10.0.0.5:11234 -n 10.0.0.5
  talospatch apply -p @metrics.toml --workers --no-drain     # Talos up to 1.13: each node reboots
  talospatch apply -p bundled:containerd-metrics --remove --workers --yes -o json

\b
Role: os:admin. The plan and the progress go to stderr, the result to stdout. Ctrl-C leaves no node half changed;
`talospatch rollout resume` goes on, `talospatch rollout undo` goes back.
"""


@app.command(epilog=EPILOG)
@bundled
def apply(
    change: ChangeOptions,
    selection: Selection,
    allowed: Allowed,
    conduct: Conduct,
    connection: Connection,
    journal: Journal,
    output: Output,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show the plan only; the same as `talospatch diff`.")] = False,
) -> int:
    """Roll a change out: plan, ask, change node by node, prove.

    One node at a time, the first one as a canary; the first failure stops the rollout. Talos 1.14 tries a change and commits it once its
    effect was seen; up to 1.13 the drop-in reboots the node. Success is said only of what was seen on the node.
    """
    from talospatch.cli import changes, plans, rollouts
    from talospatch.cli.session import connected, targets
    from talospatch.cli.terminal import Terminal

    if dry_run:
        from talospatch.cli.commands.diff import diff

        return diff(
            **change._asdict(),
            **selection._asdict(),
            **allowed._asdict(),
            **connection._asdict(),
            **output._asdict(),
            files=None,
            talos=None,
            oldest=None,
        )
    terminal = Terminal()
    chosen, loaded = targets(selection), changes.load(change)
    rollouts.must_be_confirmable(terminal, yes=conduct.yes)

    async def roll_out(watch: RolloutProgress) -> int:
        async with connected(connection, terminal, journal) as cluster:
            plan = await cluster.plan(loaded, nodes=chosen, options=plans.options(allowed, pace=conduct.pace))
            return await rollouts.carry_out(
                lambda plan: cluster.apply(plan, watch=watch), plan, terminal, output, yes=conduct.yes, strict=change.strict
            )

    return rollouts.interruptible(roll_out, terminal)
