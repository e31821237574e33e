"""What every rollout does on the command line, be it an apply, an undo or a resume: show, ask, carry out with progress, report."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from talospatch.cli import plans, signals
from talospatch.cli.layout import counted, wrap
from talospatch.cli.output import emit
from talospatch.cli.progress import RolloutProgress
from talospatch.cli.terminal import PROMPT
from talospatch.cli.views import plan as plan_views
from talospatch.cli.views import report as report_views
from talospatch.errors import RefusedError
from talospatch.planning.effects import Effect
from talospatch.planning.outcomes import ExitCode

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine

    from talospatch.cli.options import Output
    from talospatch.cli.terminal import Terminal
    from talospatch.planning.plan import Plan
    from talospatch.planning.report import Report

NO_TERMINAL = "there is no terminal to ask on, and without --yes nothing is changed"
DECLINED = "Nothing was changed."


def must_be_confirmable(terminal: Terminal, *, yes: bool) -> None:
    """Raise early, before anything is asked of a node, where nobody could confirm.

    Raises:
        RefusedError: ``no-confirmation``.
    """
    if not yes and not terminal.can_ask:
        raise RefusedError("no-confirmation", f"{NO_TERMINAL}; see the plan with `talospatch diff` and then pass --yes")


async def carry_out(
    apply: Callable[[Plan], Awaitable[Report]], plan: Plan, terminal: Terminal, output: Output, *, yes: bool, strict: bool = False
) -> int:
    """Show a plan, ask, carry it out, write the report; return the exit code.

    Args:
        apply: carries the plan out.
        plan: what would be done; its nodes that are as wanted are only looked at.
        terminal: the plan and the question go to stderr.
        output: form of the report.
        yes: do not ask.
        strict: refuse a plan with warnings.

    Raises:
        RefusedError: ``strict``.
    """
    terminal.say(plan_views.text(plan, terminal.prose_width, terminal.error_paint))
    if strict:
        plans.insist(plan)
    if plan.to_do and not yes and not await terminal.ask_meanwhile(f"\n{question(plan, terminal.prose_width)}"):
        terminal.say(DECLINED)
        return ExitCode.REFUSED
    terminal.say("")
    report = await apply(plan)
    terminal.say("")
    emit(report_views.view(report), output.form, terminal)
    return report.exit_code()


def question(plan: Plan, width: int = 100) -> str:
    """Return what is asked before anything is changed, wrapped so that the prompt after it fits too."""
    nodes = plan.to_do
    reboots = sum(node.effect is Effect.REBOOT for node in nodes)
    order = f", one at a time, {nodes[0].name} first" if len(nodes) > 1 else f" ({nodes[0].name})"
    warning = f"; {counted(reboots, 'node reboots', 'nodes reboot')} without a drain" if reboots else ""
    left = len(plan.refused) + len(plan.failed)
    aside = f"; {counted(left, 'node is', 'nodes are')} left alone" if left else ""
    return wrap(f"Change {counted(len(nodes), 'node')}{order}{warning}{aside}?", max(width - len(PROMPT), 20))


def interruptible(work: Callable[[RolloutProgress], Coroutine[Any, Any, int]], terminal: Terminal, *, rollout: str = "") -> int:
    """Run a rollout; Ctrl-C, or a signal that ends us, ends it with what the nodes have now and how to go on.

    Args:
        work: the rollout.
        terminal: where to say it.
        rollout: its id where it is known already.
    """
    with signals.as_ctrl_c(), RolloutProgress(terminal, rollout) as watch:
        try:
            return signals.run(work(watch))
        except KeyboardInterrupt:
            watch.close()
            terminal.say(watch.interrupted())
            return ExitCode.INTERRUPTED
