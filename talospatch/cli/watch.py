"""Looking again and again: the first result whole, then whatever has changed."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from talospatch.cli.evidence import Look
    from talospatch.cnicheck.report import CniReport, NodeCni

SHORTEST = 10.0  # seconds between two looks
USUAL = 60.0


async def watch(
    look: Look,
    show: Callable[[CniReport], None],
    interval: float,
    *,
    rounds: int | None = None,
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    tell: Callable[[str], None] | None = None,
) -> CniReport:
    """Look, show, wait, and so on until interrupted, or for so many rounds; a look that shows what the one before did is not shown.

    Args:
        look: looks once, given the report of the look before.
        show: shows a report.
        interval: seconds between the end of one look and the next.
        rounds: how many looks; None for no end.
        sleep: waits.
        tell: told, before a later report is shown, what in it has changed.

    Returns:
        The last report.
    """
    report = await look(None)
    show(report)
    done = 1
    while rounds is None or done < rounds:
        await sleep(interval)
        later = await look(report)
        if said(later) != said(report):
            if tell is not None:
                tell(f"changed: {', '.join(changed(report, later))}")
            show(later)
        report, done = later, done + 1
    return report


def said(report: CniReport) -> object:
    """Return what of a report is worth showing again when it differs: not times that go on by themselves."""
    return [_said_of(node) for node in report.nodes], _said_beyond(report)


def changed(before: CniReport, now: CniReport) -> list[str]:
    """Return the names of the nodes of which something else is said now, or that are new or gone; then what no node has."""
    was, found = ({node.address: node for node in report.nodes} for report in (before, now))
    names = [
        node.hostname or node.address
        for address, node in {**was, **found}.items()
        if address not in was or address not in found or _said_of(was[address]) != _said_of(found[address])
    ]
    return [*names, *(["what the logs alone tell"] if _said_beyond(before) != _said_beyond(now) else [])]


def _said_of(node: NodeCni) -> object:
    return (
        node.address,
        node.error,
        node.talos,
        dict(node.counts),
        node.notes,
        [(judged.file, judged.code, judged.liveness, judged.confirmed) for judged in node.files],
        [(story.sandbox, story.code, story.pod) for story in node.stories],
        [(finding.code, finding.message) for finding in node.findings],
    )


def _said_beyond(report: CniReport) -> object:
    return [(story.sandbox, story.code) for story in report.unplaced]


async def confirmed_look(look: Look, wait: Callable[[float], Awaitable[None]], tell: Callable[[str], None]) -> CniReport:
    """Look once, and where something is in a state that could be repaired, once more after a minute.

    Args:
        look: looks once, given the report of the look before.
        wait: waits so many seconds.
        tell: is told why that takes so long.
    """
    from talospatch.cni.rules import Verdict
    from talospatch.cni.verdict import CONFIRMING

    report = await look(None)
    if not any(judged.verdict is Verdict.FATAL for node in report.nodes for judged in node.files):
        return report
    tell(f"Looking again in {CONFIRMING:.0f} s: what is the same then is confirmed.")
    await wait(CONFIRMING + 1)
    return await look(report)
