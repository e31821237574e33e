"""One sandbox's story: its files, what the logs say of it, whose it is, and what it still holds, put together.

A story is a value; :mod:`talospatch.cni.telling` puts it into sentences. Nothing of a cache file's annotations is in it, because
:mod:`talospatch.cni.cache` never takes them out.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import NamedTuple

from talospatch.cni.leases import Lease, by_sandbox
from talospatch.cni.loglines import Cause
from talospatch.cni.logreport import LogReport, PodName, SandboxLog
from talospatch.cni.names import shown
from talospatch.cni.rules import RULES, WITHOUT_FILE, WORST_FIRST, Rule, Verdict
from talospatch.cni.verdict import BOOT_MARGIN, Judged, Liveness, NodeState, of_pod, whereabouts


class Source(StrEnum):
    """Where something is known from."""

    CACHE = "cache"  # the sandbox's cache file
    LOG = "log"
    NODE = "node"  # the node's list of what runs
    KUBERNETES = "kubernetes"  # its list of the node's pods
    UNKNOWN = "unknown"


class Whose(NamedTuple):
    """Whose a sandbox is, as far as that is known.

    Attributes:
        pod: the pod; None when nothing tells.
        source: what tells.
        hostname: the sandbox's, where nothing tells the pod or Kubernetes knew it by this alone; else empty. Mostly it is the pod's name.
    """

    pod: PodName | None = None
    source: Source = Source.UNKNOWN
    hostname: str = ""

    def to_dict(self) -> dict[str, str] | None:
        """Return plain values of the pod; None when it is not known."""
        if self.pod is None:
            return None
        named = {"namespace": shown(self.pod.namespace), "name": shown(self.pod.name), "uid": shown(self.pod.uid)}
        return {**named, "source": self.source.value}


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """What is known of one sandbox.

    Attributes:
        sandbox: its ID.
        liveness: what has become of it.
        files: its cache files, the worst first.
        log: what the logs say of it; None when they say nothing.
        still_fails: whether it could still not be stopped when the logs ended.
        pod: whose it is; None when nothing tells.
        pod_source: what tells.
        hostname: its own, where nothing tells the pod or Kubernetes knew it by this alone; else empty.
        pod_exists: what tells that its pod still exists: LOG or KUBERNETES, and then the pod waits for this sandbox to stop; NODE where the
            pod runs in another sandbox. None when nothing tells, which does not mean that it is gone.
        addresses: those held for it, as host-local's own files say.
        namespace_file: its network namespace in ``/run/netns``, where a cache file or the node names it.
        since: when the trouble began, as far as can be seen: seconds since 1970; None when nothing tells.
        since_source: what tells: the file's time, or the log's first line about it.
        from_earlier_boot: whether its files were written before the node booted. Of a sandbox that runs they were not, whatever their time.
        code: key of :data:`~talospatch.cni.rules.RULES`, or of :data:`~talospatch.cni.rules.WITHOUT_FILE`.
    """

    sandbox: str
    liveness: Liveness
    code: str
    files: tuple[Judged, ...] = ()
    log: SandboxLog | None = None
    still_fails: bool = False
    pod: PodName | None = None
    pod_source: Source = Source.UNKNOWN
    hostname: str = ""
    pod_exists: Source | None = None
    addresses: tuple[str, ...] = ()
    namespace_file: str = ""
    since: float | None = None
    since_source: Source = Source.UNKNOWN
    from_earlier_boot: bool = False

    @property
    def whose(self) -> Whose:
        """Whose it is, as far as that is known."""
        return Whose(self.pod, self.pod_source, self.hostname)

    @property
    def rule(self) -> Rule:
        """What it comes to, in words."""
        return RULES[self.code] if self.files else WITHOUT_FILE[self.code]

    @property
    def verdict(self) -> Verdict:
        """How much it matters."""
        return self.rule.verdict

    @property
    def error(self) -> str | None:
        """What stopping it fails with, as predicted or else as logged."""
        worst = self.files[0].error if self.files else None
        return worst or (self.log.reason if self.log is not None else None)

    @property
    def per_hour(self) -> float | None:
        """Log lines an hour that it costs; None when it costs none, or too few are there to tell."""
        return self.log.per_hour if self.log is not None and self.still_fails else None

    @property
    def is_damaged(self) -> bool:
        """Whether one of its files is."""
        return any(file.is_damaged for file in self.files)

    @property
    def steady(self) -> float:
        """Seconds over which successive looks saw all its files unchanged."""
        return min((file.steady for file in self.files), default=0.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Traces:
    """What is known of a node's sandboxes besides their cache files.

    Attributes:
        logs: what the logs say.
        leases: the addresses given out.
        pods: whose the READY sandboxes are, as the node lists them, by ID.
        namespaces: network namespaces of READY sandboxes, by ID.
        are_files_complete: whether every cache file of the node was listed, so that one that is not there is gone.
    """

    logs: LogReport = field(default_factory=LogReport)
    leases: Sequence[Lease] = ()
    pods: Mapping[str, PodName] = field(default_factory=dict)
    namespaces: Mapping[str, str] = field(default_factory=dict)
    are_files_complete: bool = True


def story(sandbox: str, judged: Iterable[Judged], traces: Traces, node: NodeState) -> Story:
    """Return the story of one sandbox.

    Args:
        sandbox: its ID.
        judged: its cache files.
        traces: what else is known of the node's sandboxes.
        node: the node.
    """
    files = tuple(sorted(judged, key=lambda each: (WORST_FIRST.index(each.verdict), each.file.name)))
    log = traces.logs.sandboxes.get(sandbox)
    leases = by_sandbox(traces.leases).get(sandbox, ())
    alive = files[0].liveness if files else _whereabouts(sandbox, leases, node)
    pod, pod_source = _pod(sandbox, files, traces)
    exists = _exists(sandbox, alive, log, pod, traces)
    since, since_source = _since(files, log)
    return Story(
        sandbox=sandbox,
        liveness=alive,
        code=files[0].code if files else _code(alive, log, leases, traces),
        files=files,
        log=log,
        still_fails=log is not None and alive is not Liveness.GONE and traces.logs.still_fails(log),
        pod=pod,
        pod_source=pod_source,
        pod_exists=exists,
        addresses=tuple(each.address for each in leases),
        namespace_file=traces.namespaces.get(sandbox) or next(filter(None, map(_namespace_file, files)), ""),
        since=since,
        since_source=since_source,
        from_earlier_boot=bool(files) and alive is not Liveness.RUNNING and _is_older(files[0], node.boot_time),
    )


def waiting(found: Story) -> Story:
    """Return a story of which Kubernetes has told that the pod still exists: the pod waits for this sandbox to stop."""
    files = tuple(map(of_pod, found.files))
    return replace(found, pod_exists=Source.KUBERNETES, files=files, code=files[0].code if files else found.code)


def stories(judged: Iterable[Judged], traces: Traces, node: NodeState) -> tuple[Story, ...]:
    """Return the stories that are worth telling, the worst first: of damaged files that matter, and of failures in the logs."""
    files = files_by_sandbox(judged)
    telling = {sandbox for sandbox, found in files.items() if any(_is_telling(each) for each in found)}
    telling |= {log.sandbox for log in traces.logs.sandboxes.values()}
    told = [story(sandbox, files.get(sandbox, ()), traces, node) for sandbox in telling]
    return tuple(sorted(told, key=lambda each: (WORST_FIRST.index(each.verdict), each.sandbox)))


def files_by_sandbox(judged: Iterable[Judged]) -> dict[str, list[Judged]]:
    """Return cache files by the sandbox that they are of."""
    found: dict[str, list[Judged]] = {}
    for each in judged:
        if each.file.parsed is not None:
            found.setdefault(each.file.parsed.sandbox, []).append(each)
    return found


def _is_telling(judged: Judged) -> bool:
    """Whether a file is damaged and still of some consequence. A file that was not read tells nothing, nor does one that nobody reads."""
    return judged.verdict in (Verdict.FATAL, Verdict.TIME_BOMB, Verdict.UNKNOWN, Verdict.HEALS) and judged.code != "content-unread"


def _whereabouts(sandbox: str, leases: Sequence[Lease], node: NodeState) -> Liveness:
    return whereabouts(sandbox, max((each.modified for each in leases), default=0), node)


def _code(alive: Liveness, log: SandboxLog | None, leases: Sequence[Lease], traces: Traces) -> str:
    """Return what a sandbox without a cache file comes to."""
    if log is None:
        return "address-only" if leases and alive is Liveness.GONE else "no-file"
    if alive is Liveness.GONE or log.is_over or not traces.logs.is_recent(log):
        return "logged-and-over"
    if log.cause is not Cause.CACHE:
        return "another-cause"
    if traces.are_files_complete:
        return "logged-and-removed"
    if log.plugin:
        return "logged-by-plugin"
    return "logged-of-pod" if log.has_pod else "logged"


def _pod(sandbox: str, files: Sequence[Judged], traces: Traces) -> tuple[PodName | None, Source]:
    for judged in files:
        entry = judged.inspection.entry
        if entry is not None and entry.pod:
            return PodName(entry.namespace, entry.pod, entry.uid), Source.CACHE
    if sandbox in traces.pods:
        return traces.pods[sandbox], Source.NODE
    logged = traces.logs.pod_of(sandbox)
    return (logged, Source.LOG) if logged is not None else (None, Source.UNKNOWN)


def _exists(sandbox: str, alive: Liveness, log: SandboxLog | None, pod: PodName | None, traces: Traces) -> Source | None:
    """Return what tells that the pod of a sandbox that does not run still exists."""
    if alive in (Liveness.RUNNING, Liveness.STARTING, Liveness.GONE):
        return None
    if log is not None and log.has_pod and traces.logs.still_fails(log):
        return Source.LOG
    if alive is not Liveness.STOPPED:
        return None
    uid = pod.uid if pod is not None else ""
    elsewhere = uid and any(each.uid == uid for other, each in traces.pods.items() if other != sandbox)
    return Source.NODE if elsewhere else None


def _since(files: Sequence[Judged], log: SandboxLog | None) -> tuple[float | None, Source]:
    """Return when the trouble began: a file's own time is when the damage was done, and a log has lost what is older than its ring."""
    damaged = [each.file.modified for each in files if each.verdict is not Verdict.HEALTHY and each.file.modified > 0]
    if damaged:
        return float(min(damaged)), Source.CACHE
    if log is not None and log.first is not None:
        return log.first, Source.LOG
    return None, Source.UNKNOWN


def _is_older(judged: Judged, boot_time: int | None) -> bool:
    return boot_time is not None and judged.file.modified < boot_time - BOOT_MARGIN


def _namespace_file(judged: Judged) -> str:
    entry = judged.inspection.entry
    return entry.namespace_file if entry is not None else ""
