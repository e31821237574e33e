"""``talospatch rollout``: the journal and what can be done with it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Annotated

import typer

from talospatch.cli.app import new
from talospatch.cli.cluster_options import Allowed, Conduct, Connection, Journal
from talospatch.cli.options import Output, bundled

if TYPE_CHECKING:
    from talospatch.cli.progress import RolloutProgress
    from talospatch.rollout.journal import JournalStore

app = new(help="Look at, continue or undo what was rolled out.")

Id = Annotated[str, typer.Argument(metavar="ID", help="The rollout: its id, the beginning of it, or last.")]

HISTORY = """\b
Examples:
  talospatch rollout history
  talospatch rollout history -o json --journal-dir ci/journal
"""
SHOW = """\b
Examples:
  talospatch rollout show last
  talospatch rollout show 20261123T1750 -o markdown
"""
RESUME = """\b
Examples:
  talospatch rollout resume last

\b
Role: os:admin. What was allowed when the rollout was begun is still allowed, and nothing else.
"""
UNDO = """\b
Examples:
  talospatch rollout undo last
  talospatch rollout undo 20261123T175012Z-1f2e3d --yes --no-drain

\b
Role: os:admin. An undo is a rollout like any other: planned, shown, asked for, proven, journalled.
"""


@app.callback()
def rollout() -> None:
    """Look at, continue or undo what was rolled out."""


@app.command(epilog=HISTORY)
@bundled
def history(journal: Journal, output: Output) -> int:
    """List the rollouts, the newest first. Asks no node."""
    from talospatch.cli.output import emit
    from talospatch.cli.terminal import Terminal
    from talospatch.cli.views import journal as views
    from talospatch.rollout.history import history as read

    emit(views.history(read(_store(journal))), output.form, Terminal())
    return 0


@app.command(epilog=SHOW)
@bundled
def show(rollout_id: Id, journal: Journal, output: Output) -> int:
    """Show one rollout: what was planned, done and seen. Asks no node."""
    from talospatch.cli.output import emit
    from talospatch.cli.terminal import Terminal
    from talospatch.cli.views import journal as views
    from talospatch.rollout.history import show as read

    emit(views.shown(read(_store(journal), rollout_id)), output.form, Terminal())
    return 0


@app.command(epilog=RESUME)
@bundled
def resume(
    rollout_id: Id,
    connection: Connection,
    journal: Journal,
    output: Output,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask. Needed where there is no terminal to ask on.")] = False,
) -> int:
    """Go on with a rollout that was interrupted or that stopped.

    Every node is read again and the rules are asked again; a trial that was left is waited for, and then proven and kept, or taken back.
    """
    from talospatch.cli import rollouts
    from talospatch.cli.output import emit
    from talospatch.cli.session import connected
    from talospatch.cli.terminal import Terminal
    from talospatch.cli.views import journal as journal_views
    from talospatch.cli.views import report as views
    from talospatch.planning.outcomes import ExitCode
    from talospatch.rollout.history import show as read

    terminal = Terminal()
    rollouts.must_be_confirmable(terminal, yes=yes)
    known = read(_store(journal), rollout_id)
    terminal.say(journal_views.shown(known).text(terminal.prose_width, terminal.error_paint))
    if not yes and not terminal.ask(f"\nGo on with {known.summary.id}?"):
        terminal.say(rollouts.DECLINED)
        return ExitCode.REFUSED

    async def go_on(watch: RolloutProgress) -> int:
        async with connected(connection, terminal, journal) as cluster:
            report = await cluster.resume(known.summary.id, watch=watch)
        emit(views.view(report), output.form, terminal)
        return report.exit_code()

    return rollouts.interruptible(go_on, terminal, rollout=known.summary.id)


@app.command(epilog=UNDO)
@bundled
def undo(rollout_id: Id, allowed: Allowed, conduct: Conduct, connection: Connection, journal: Journal, output: Output) -> int:
    """Put back what each node had before a rollout.

    Only where a node still has what was written, is the same machine, and runs a Talos that can carry the former configuration; else it is
    refused with the difference.
    """
    from talospatch.cli import plans, rollouts
    from talospatch.cli.session import connected
    from talospatch.cli.terminal import Terminal

    terminal = Terminal()
    rollouts.must_be_confirmable(terminal, yes=conduct.yes)
    undone = _store(journal).find(rollout_id)  # once: ``last`` may mean another rollout a moment later

    async def go_back(watch: RolloutProgress) -> int:
        async with connected(connection, terminal, journal) as cluster:
            plan = await cluster.plan_undo(undone, options=plans.options(allowed, pace=conduct.pace))
            return await rollouts.carry_out(
                lambda plan: cluster.apply(plan, undo_of=undone, watch=watch), plan, terminal, output, yes=conduct.yes
            )

    return rollouts.interruptible(go_back, terminal)


def _store(journal: Journal) -> JournalStore:
    from talospatch.rollout.journal import JournalStore
    from talospatch.rollout.places import Places

    return JournalStore(Places.of(os.environ, journal_dir=journal.journal_dir))
