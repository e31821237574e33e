"""What Loki has of sandboxes that could not be stopped: which lines are asked for, and how they are read."""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from talospatch.cni.logs import LogScan
from talospatch.errors import InputError

if TYPE_CHECKING:
    from talospatch.cni.logreport import LogReport
    from talospatch.telemetry.loki import Loki

# Every stream: Loki has given each one this label since 3.0, and LogQL wants at least one label that is not empty.
ANY_STREAM = '{service_name=~".+"}'
# What a line must hold. LogQL's line filter sees the line as it was sent, so none of these words has a quote in it: how quotes are written
# depends on how often the line was wrapped.
_FAILURES = "destroy network for sandbox|cached result: |no IP addresses available"
_STARTED = "returns sandbox id"
_IDS_AT_ONCE = 20  # sandboxes whose start is looked for in one query
# Labels that name a node, as the usual shippers set them; the first that is there counts.
NODE_LABELS = ("node", "nodename", "node_name", "kubernetes_node", "hostname", "host", "talos_node", "instance")
_SELECTOR = re.compile(r"\{.*\}", re.DOTALL)
_SECOND = 1_000_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class LokiQuestion:
    """What to look for.

    Attributes:
        start, end: seconds since 1970.
        selector: of streams, as LogQL has it; kubelet's and containerd's must be among them.
        most_lines: lines that are read; that there are more is said in a note.
    """

    start: float
    end: float
    selector: str = ANY_STREAM
    most_lines: int = 500_000

    def __post_init__(self) -> None:
        if not _SELECTOR.fullmatch(self.selector.strip()):
            raise InputError(f"{self.selector[:100]!r} selects no streams", hint='write it as {job="talos"}, with its braces')
        if not self.start < self.end:
            raise InputError("the time to look at ends before it begins")


async def ask_loki(loki: Loki, question: LokiQuestion) -> LogReport:
    """Return what lines in Loki say of sandboxes that could not be stopped, and whose these are.

    Raises:
        TelemetryError: Loki did not answer.
        InputError: the selector finds no stream; it names the labels that there are.
    """
    scan = LogScan(now=question.end)
    left = await _read(loki, f'{question.selector} |~ "{_FAILURES}"', question, scan, question.most_lines)
    report = scan.report()
    if not report.bytes:
        await _refuse_strange_streams(loki, question)
    unknown = sorted(sandbox for sandbox, log in report.sandboxes.items() if log.pod is None)
    for start in range(0, len(unknown), _IDS_AT_ONCE):
        ids = "|".join(unknown[start : start + _IDS_AT_ONCE])
        left = await _read(loki, f'{question.selector} |= "{_STARTED}" |~ "{ids}"', question, scan, left)
    # Only such lines were asked for: the log does not end with the last of them, but where the time asked for does.
    report = replace(scan.report(), first=question.start, last=question.end)
    if left > 0:
        return report
    return replace(
        report, notes=(*report.notes, f"Loki has more than {question.most_lines} lines: the rest was not read, ask for less time")
    )


async def _read(loki: Loki, query: str, question: LokiQuestion, scan: LogScan, left: int) -> int:
    """Read what a query finds, and return how many more lines may be read."""
    async with aclosing(loki.lines(query, question.start, question.end)) as entries:
        async for entry in entries:
            if left <= 0:
                break
            left -= 1
            scan.entry(entry.line.encode("utf-8", "replace"), at=entry.at / _SECOND, node=_node(entry.labels))
    return left


async def _refuse_strange_streams(loki: Loki, question: LokiQuestion) -> None:
    """Raise where the selector finds nothing at all, which is something else than a log without such lines."""
    async with aclosing(loki.lines(question.selector, question.start, question.end)) as entries:
        async for _ in entries:
            return
    names = await loki.labels(question.start, question.end)
    there = f"streams there have the labels {', '.join(names[:30])}" if names else "there are no streams at all in that time"
    raise InputError(f"{question.selector} selects no stream; {there}", hint='select those of kubelet and containerd, as {job="talos"}')


def _node(labels: Mapping[str, str]) -> str:
    found = next((labels[name] for name in NODE_LABELS if labels.get(name)), "")
    # A scrape's instance has a port.
    return found.rpartition(":")[0] if found.count(":") == 1 else found
