"""Plans and the command line: what a user allows, what a plan's exit code is, and what ``--strict`` makes of it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from talospatch.errors import RefusedError
from talospatch.planning.outcomes import ExitCode
from talospatch.planning.plan import Diverged, Options
from talospatch.talos.finding import Severity

if TYPE_CHECKING:
    from talospatch.cli.cluster_options import Allowed
    from talospatch.planning.plan import Plan


def options(allowed: Allowed, *, pace: float = 1.0) -> Options:
    """Return what the user allowed, and how often nodes are looked at."""
    usual = Options()
    return replace(
        usual,
        max_unavailable=allowed.max_unavailable,
        no_drain=allowed.no_drain,
        diverged=Diverged(allowed.diverged.value),
        poll=usual.poll * pace,
        settle=usual.settle * pace,
    )


def exit_code(plan: Plan, *, strict: bool = False) -> ExitCode:
    """Return the exit code of looking at a plan: the highest that applies."""
    codes = {ExitCode.DONE}
    if plan.has_differences:
        codes.add(ExitCode.DIFFERENCES)
    if plan.failed:
        codes.add(ExitCode.FAILED)
    if plan.refused or (strict and warnings(plan)):
        codes.add(ExitCode.REFUSED)
    return max(codes)


def warnings(plan: Plan) -> tuple[str, ...]:
    """Return the codes of what is more than a note."""
    everything = [*plan.findings, *(finding for node in plan.nodes for finding in node.findings)]
    return tuple(dict.fromkeys(finding.code for finding in everything if finding.severity is not Severity.NOTE))


def insist(plan: Plan) -> None:
    """Raise where ``--strict`` refuses a plan.

    Raises:
        RefusedError: it has warnings.
    """
    if found := warnings(plan):
        raise RefusedError("strict", f"--strict refuses a change with warnings: {', '.join(found)}; nothing was changed")
