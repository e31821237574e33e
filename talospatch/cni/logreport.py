"""What logs say of the sandboxes of a node, as values."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, NamedTuple

from talospatch.cni.loglines import Cause
from talospatch.cni.verdict import LoggedFailure

if TYPE_CHECKING:
    from talospatch.cni.pools import Pool

# Seconds. The kubelet tries about every minute, and every ten to fifteen seconds while the pod is Terminating: what failed within this much
# of a log's end, and did not succeed since, still fails.
RECENT = 900.0
# A rate is told from this many lines and seconds on.
_RATE_LINES, _RATE_SECONDS = 3, 120.0


class PodName(NamedTuple):
    """A pod, as a log, a cache file or the node's API names it."""

    namespace: str
    name: str
    uid: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SandboxLog:
    """What logs say of one sandbox whose network could not be taken down.

    Attributes:
        sandbox: its ID.
        cause: why.
        network: whose cached result could not be read; empty for another cause.
        reason: the exact words after ``cached result:``, or after the sandbox's ID for another cause.
        plugin: the CNI plugin whose own libcni could not read it; empty where it was containerd's, or for another cause.
        lines: how many lines say so.
        first, last: when the first and the last of them were written, seconds since 1970; None when no line says when.
        is_over: whether containerd said afterwards that it was stopped or removed.
        pod: whose it is, where a line says so.
        has_pod: whether the kubelet still had the pod when it failed last: then the pod can neither start nor end.
        node: the node, where the log says so.
    """

    sandbox: str
    cause: Cause
    network: str = ""
    reason: str = ""
    plugin: str = ""
    lines: int = 1
    first: float | None = None
    last: float | None = None
    is_over: bool = False
    pod: PodName | None = None
    has_pod: bool = False
    node: str = ""

    @property
    def per_hour(self) -> float | None:
        """Lines an hour, while it lasted; None when there are too few to tell."""
        if self.first is None or self.last is None or self.lines < _RATE_LINES or self.last - self.first < _RATE_SECONDS:
            return None
        return (self.lines - 1) * 3600 / (self.last - self.first)


@dataclass(frozen=True, slots=True, kw_only=True)
class LogReport:
    """What logs say.

    Attributes:
        sandboxes: by ID, those whose network could not be taken down.
        pods: by ID of a sandbox or another container, whose it is.
        exhausted: pools that host-local found empty, with the time of the last line that says so.
        first, last: the time that the logs span, seconds since 1970; None when no line says when.
        bytes: how much was read.
        notes: what could not be told, one sentence each.
    """

    sandboxes: Mapping[str, SandboxLog] = field(default_factory=dict)
    pods: Mapping[str, PodName] = field(default_factory=dict)
    exhausted: Mapping[Pool, float | None] = field(default_factory=dict)
    first: float | None = None
    last: float | None = None
    bytes: int = 0
    notes: tuple[str, ...] = ()

    def failing(self) -> Mapping[str, LoggedFailure]:
        """Return the sandboxes whose cached result still kept them from being stopped when the logs ended."""
        failing = (each for each in self.sandboxes.values() if self.still_fails(each))
        return {each.sandbox: LoggedFailure(each.network, each.reason, each.plugin, each.has_pod) for each in failing}

    def still_fails(self, each: SandboxLog) -> bool:
        """Whether a sandbox of it could still not be stopped when the logs ended, because of its cached result."""
        return each.cause is Cause.CACHE and not each.is_over and self.is_recent(each)

    def is_recent(self, each: SandboxLog) -> bool:
        """Whether it failed until about the end of the logs; True where no line has a time, since it may have."""
        return each.last is None or self.last is None or each.last >= self.last - RECENT

    def pod_of(self, sandbox: str) -> PodName | None:
        """Return whose sandbox it is, where a line says so."""
        told = self.sandboxes.get(sandbox)
        return told.pod if told is not None and told.pod is not None else self.pods.get(sandbox)


def only(report: LogReport, sandboxes: Iterable[str]) -> LogReport:
    """Return what a report says of some sandboxes, without what it says of others."""
    chosen = frozenset(sandboxes)
    return LogReport(
        sandboxes={sandbox: log for sandbox, log in report.sandboxes.items() if sandbox in chosen},
        pods={sandbox: pod for sandbox, pod in report.pods.items() if sandbox in chosen},
        first=report.first,
        last=report.last,
        bytes=report.bytes,
    )


def joined(elsewhere: LogReport, own: LogReport) -> LogReport:
    """Return what a node's own logs and others say of it as one; where both speak of a sandbox, the one that reaches further counts."""
    if not elsewhere.bytes:
        return own
    return replace(
        own,
        sandboxes={
            sandbox: max(
                (report.sandboxes[sandbox] for report in (own, elsewhere) if sandbox in report.sandboxes),
                key=lambda log: (log.last or 0.0, log.lines),
            )
            for sandbox in {**elsewhere.sandboxes, **own.sandboxes}
        },
        pods={**elsewhere.pods, **own.pods},
        exhausted={**elsewhere.exhausted, **own.exhausted},
        bytes=elsewhere.bytes + own.bytes,
        notes=(*elsewhere.notes, *own.notes),
        first=min((at for at in (own.first, elsewhere.first) if at is not None), default=None),
        last=max((at for at in (own.last, elsewhere.last) if at is not None), default=None),
    )
