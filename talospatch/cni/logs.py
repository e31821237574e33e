"""Reading whole logs in one pass: what they say of each sandbox, in memory that does not grow with the log.

Lines that cannot matter are never split off, let alone decoded: whole blocks are searched for a few words, which costs far less than
reading them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from talospatch.cni import pools
from talospatch.cni.loglines import Cause, Failure, LogLine, read_line, record_of, time_in, time_of
from talospatch.cni.logreport import LogReport, PodName, SandboxLog

MOST_SANDBOXES = 10_000  # whose failures are kept; no node has a tenth of that
MOST_PODS = 20_000
LONGEST_LINE = 256 << 10  # bytes; a longer line is not looked at
_MOST_REASONS = 8
_MOST_POOLS = 16
# Seconds. A pod that the kubelet has it tries to sync every 10 to 15 s (backOffPeriod in kubelet.go, jitter in pod_workers.go), and what is
# left of another it collects once a minute: where only the collector spoke for this long, the pod is gone.
_POD_TURN = 100.0
_JUMP = 300.0  # seconds that a log's clock may go back from one line to the next before it is called a jump
_EDGE, _LINES = 16 << 10, 8  # bytes at either end of a log, and lines in them, that are searched for its first and its last time
_ABOVE = 4096  # bytes before a line that continues a text, in which the header of that text is looked for

# What a line must hold to matter: a failure, containerd's message that a sandbox is there or gone, the kubelet's about a container of a
# pod, or host-local's that a pool is empty.
NEEDLES = (b"destroy network for sandbox", b"cached result: ", b" returns s", b"(PLEG): event", b" addresses available")
_STARTED = (
    # Go's JSON writes the ampersand as an escape.
    re.compile(
        rb"RunPodSandbox for (?:&|\\u0026)PodSandboxMetadata\{"
        rb"Name:(?P<name>[^,}]{1,253}),Uid:(?P<uid>[^,}]{0,64}),Namespace:(?P<space>[^,}]{1,253}),"
        rb'[^}]{0,40}\} returns sandbox id \\*"(?P<id>[0-9a-f]{64})'
    ),
    # The same written by the newer protobuf library.
    re.compile(
        rb'RunPodSandbox for name:\\*"(?P<name>[^"\\]{1,253})\\*"\s{1,2}uid:\\*"(?P<uid>[^"\\]{0,64})\\*"\s{1,2}'
        rb'namespace:\\*"(?P<space>[^"\\]{1,253})\\*".{0,40}? returns sandbox id \\*"(?P<id>[0-9a-f]{64})'
    ),
)
# What containerd logs when it has stopped or removed one, in every version (instrumented_service.go of its CRI plugin).
ENDED = re.compile(rb'(?:Stop|Remove)PodSandbox (?:for )?\\*"([0-9a-f]{64})\\*" returns successfully')
# klog writes a pod as an object in JSON and as namespace/name in text; the event as an object in either, before 1.22 as a Go struct.
_PLEG_POD = re.compile(
    rb'"pod":\{"name":"(?P<name>[a-z0-9.\-]{1,253})","namespace":"(?P<space>[a-z0-9.\-]{1,253})"\}'
    rb'|\bpod="(?P<space2>[a-z0-9.\-]{1,253})/(?P<name2>[a-z0-9.\-]{1,253})"'
)
_PLEG_DATA = re.compile(rb'\bData\\*"?: ?\\*"?([0-9a-f]{64})')
_PLEG_UID = re.compile(rb'\bID\\*"?: ?\\*"?([0-9a-fA-F\-]{8,64})')
_EXHAUSTED = re.compile(rb"no IP addresses available in range set: ([0-9a-fA-F:.][0-9a-fA-F:.,\- ]{2,400})")


def _lines(number: int, which: str) -> str:
    return f"one line {which} was" if number == 1 else f"{number} lines {which} were"


class _Seen:
    """What was said of one sandbox so far."""

    __slots__ = ("_again", "_latest", "ended", "first", "last", "lines", "node", "of_pod", "pod", "reasons", "timeless_of_pod")

    def __init__(self) -> None:
        self.lines = 0
        self.first: float | None = None
        self.last: float | None = None
        self.ended: float | None = None
        self.pod: PodName | None = None
        self.of_pod: float | None = None
        self.timeless_of_pod = False
        self.node = ""
        self.reasons: dict[Failure, int] = {}
        self._latest: Failure | None = None
        self._again = 0

    def add(self, line: LogLine, at: float | None, node: str) -> None:
        """Take in one more line that says that stopping it failed."""
        failure = line.failure
        self.lines += 1
        if failure is not self._latest:  # mostly it is, word for word: then only a number grows
            self._settle()
            self._latest = failure
        self._again += 1
        if at is not None:
            self.first = at if self.first is None or at < self.first else self.first
            self.last = at if self.last is None or at > self.last else self.last
        if self.ended is not None and (at is None or at > self.ended):
            self.ended = None
        if line.of_pod and at is not None:
            self.of_pod = at if self.of_pod is None else max(self.of_pod, at)
        elif line.of_pod:
            self.timeless_of_pod = True
        if line.pod:
            self.pod = PodName(line.namespace, line.pod, line.uid)
        self.node = node or self.node

    def _settle(self) -> None:
        if self._latest is not None and (self._latest in self.reasons or len(self.reasons) < _MOST_REASONS):
            self.reasons[self._latest] = self.reasons.get(self._latest, 0) + self._again
        self._again = 0

    def summed(self, sandbox: str, known: PodName | None) -> SandboxLog:
        """Return it as a value. Of several reasons one counts: the cache's first, then a whole one, then the most frequent."""
        self._settle()
        chosen = max(self.reasons, key=lambda each: (each.cause is Cause.CACHE, each.is_whole, self.reasons[each], len(each.reason)))
        return SandboxLog(
            sandbox=sandbox,
            cause=chosen.cause,
            network=chosen.network,
            reason=chosen.reason,
            plugin=chosen.plugin,
            lines=self.lines,
            first=self.first,
            last=self.last,
            is_over=self.ended is not None,
            pod=self.pod or known,
            has_pod=self._has_pod(),
            node=self.node,
        )

    def _has_pod(self) -> bool:
        """Whether the kubelet still had the pod when it failed last; where lines have no times, whether it ever said so."""
        if self.of_pod is None or self.last is None:
            return self.timeless_of_pod
        return self.of_pod >= self.last - _POD_TURN


def _lines_with(needle: bytes, block: bytes, low: int, high: int, lines: dict[int, int]) -> None:
    """Add each line between two offsets that holds the needle: where it begins, and where it ends."""
    place = block.find(needle, low, high)
    while place >= 0:
        end = block.find(b"\n", place, high)
        end = high if end < 0 else end
        lines[block.rfind(b"\n", low, place) + 1 or low] = end
        place = block.find(needle, end, high)


def _between(lines: dict[int, int], size: int) -> Iterator[tuple[int, int]]:
    """Yield the stretches that are in none of these lines, which are in order."""
    low = 0
    for start, end in lines.items():
        if start > low + 1:
            yield low, start - 1
        low = end + 1
    if low < size:
        yield low, size


class LogScan:
    """Reads one log, or several one after another, in pieces of any size.

    Args:
        now: about when the log was fetched, seconds since 1970; gives klog's text its year.
        most_sandboxes: sandboxes whose failures are kept; a note says that there were more.
        most_pods: containers whose pod is remembered, the latest ones.
    """

    def __init__(self, *, now: float | None = None, most_sandboxes: int = MOST_SANDBOXES, most_pods: int = MOST_PODS) -> None:
        self._now, self._most, self._most_pods = now, most_sandboxes, most_pods
        self._seen: dict[str, _Seen] = {}
        self._pods: dict[str, PodName] = {}
        self._exhausted: dict[pools.Pool, float | None] = {}
        self._rest, self._head, self._tail, self._is_skipping = b"", b"", b"", False
        self._first: float | None = None
        self._last: float | None = None
        self._previous: float | None = None
        self._bytes = self._too_long = self._too_many = self._jumps = 0
        self._fed = False  # whether a log came whole, and not only lines that somebody chose

    def feed(self, data: bytes) -> None:
        """Read on; a line may begin in one piece and end in another."""
        self._bytes += len(data)
        self._fed = self._fed or bool(data)
        if len(self._head) < _EDGE:
            self._head += data[: _EDGE - len(self._head)]
        self._tail = data[-_EDGE:] if len(data) >= _EDGE else (self._tail + data)[-_EDGE:]
        if self._is_skipping:
            end = data.find(b"\n")
            if end < 0:
                return
            data, self._is_skipping = data[end + 1 :], False
        block = self._rest + data if self._rest else data
        end = block.rfind(b"\n") + 1
        self._rest = block[end:]
        if len(self._rest) > LONGEST_LINE:
            self._rest, self._is_skipping = b"", True
            self._too_long += 1
        if end:
            self._block(block, end)

    def end_log(self, *, now: float | None = None) -> None:
        """Say that one log ends here and another may follow: its last line need not end in a line break.

        Args:
            now: about when the next one was fetched, where that differs.
        """
        if self._rest:
            self._block(self._rest, len(self._rest))
        self._span()
        self._rest, self._head, self._tail, self._is_skipping, self._previous = b"", b"", b"", False, None
        self._now = self._now if now is None else now

    def entry(self, line: bytes, *, at: float | None = None, node: str = "") -> None:
        """Read one line that came with its time, as a log store gives it.

        Args:
            line: its bytes.
            at: when, seconds since 1970; the line's own time counts where it has one.
            node: whose log it is.
        """
        self._bytes += len(line)
        self._widen(at)
        if len(line) > LONGEST_LINE:
            self._too_long += 1
        else:
            self._line(line, at=at, node=node)
            self._previous = None  # lines of several nodes come mixed

    def report(self) -> LogReport:
        """End the log and return what was said."""
        self.end_log()
        return LogReport(
            sandboxes={sandbox: seen.summed(sandbox, self._pods.get(sandbox)) for sandbox, seen in self._seen.items()},
            pods=dict(self._pods),
            exhausted=dict(self._exhausted),
            first=self._first,
            last=self._last,
            bytes=self._bytes,
            notes=tuple(self._notes()),
        )

    def _notes(self) -> Iterator[str]:
        if self._fed and self._first is None and not (self._seen or self._pods or self._exhausted):
            yield "what was read has no line with a time as kubelet and containerd write it: it may be no log of theirs"
        if self._too_many:
            yield f"{_lines(self._too_many, f'about more than {self._most} sandboxes')} not counted"
        if self._too_long:
            yield f"{_lines(self._too_long, f'longer than {LONGEST_LINE >> 10} KiB')} not looked at"
        if self._jumps:
            often = "once" if self._jumps == 1 else f"{self._jumps} times"
            yield f"the clock goes back {often} in the log, so times and rates from it may be wrong"

    def _block(self, block: bytes, size: int) -> None:
        """Read the whole lines in the first bytes of a block."""
        lines: dict[int, int] = {}
        between = [(0, size)]
        for needle in NEEDLES:
            for low, high in between:
                _lines_with(needle, block, low, high, lines)
            if needle is NEEDLES[0]:  # the one in most lines that matter: such a line need not be found again
                between = list(_between(lines, size))
        for start in sorted(lines):
            line = block[start : lines[start]]
            if len(line) > LONGEST_LINE:
                self._too_long += 1
            else:
                self._line(line, above=block[max(0, start - _ABOVE) : start] if line[:1] == b"\t" else b"")

    def _span(self) -> None:
        """Note the times of the first and the last line that has one; the very first may be cut off, as a ring begins."""
        for lines in (self._head.split(b"\n")[:_LINES], reversed(self._tail.split(b"\n")[-_LINES:])):
            self._widen(next(filter(None, map(self._time, lines)), None))

    def _time(self, line: bytes) -> float | None:
        record = record_of(line)
        return time_of(record) if record is not None else time_in(line.decode("utf-8", "replace"), self._now)

    def _widen(self, at: float | None) -> None:
        if at is not None:
            self._first = at if self._first is None else min(self._first, at)
            self._last = at if self._last is None else max(self._last, at)

    def _line(self, line: bytes, *, at: float | None = None, node: str = "", above: bytes = b"") -> None:
        if b"destroy network for sandbox" in line or b"cached result: " in line:
            found = read_line(line, self._now)
            if found is not None:
                self._failed(found, found.at or at or self._header_time(above), node)
        if b" returns s" in line:
            self._returned(line, at)
        if b"(PLEG)" in line:
            self._event(line)
        if b" addresses available" in line:
            self._no_address(line, at)

    def _header_time(self, above: bytes) -> float | None:
        """Return the time of a line that continues a text of klog's: it stands in the header, the nearest one above."""
        return next(filter(None, map(self._time, reversed(above.split(b"\n")))), None) if above else None

    def _failed(self, found: LogLine, at: float | None, node: str) -> None:
        seen = self._seen.get(found.failure.sandbox)
        if seen is None:
            if len(self._seen) >= self._most:
                self._too_many += 1
                return
            seen = self._seen[found.failure.sandbox] = _Seen()
        seen.add(found, at, node or found.node)
        if at is not None:
            self._widen(at)
            if self._previous is not None and at < self._previous - _JUMP:
                self._jumps += 1
            self._previous = at

    def _returned(self, line: bytes, at: float | None) -> None:
        ended = ENDED.search(line)
        if ended is not None:
            seen = self._seen.get(ended[1].decode())
            if seen is not None:
                when = self._time(line) or at
                if when is None or seen.last is None or when >= seen.last:
                    seen.ended = seen.last or 0.0 if when is None else when
            return
        for pattern in _STARTED:
            started = pattern.search(line)
            if started is not None:
                self._remember(started["id"], started["space"], started["name"], started["uid"])
                return

    def _event(self, line: bytes) -> None:
        pod, container = _PLEG_POD.search(line), _PLEG_DATA.search(line)
        if pod is not None and container is not None:
            uid = _PLEG_UID.search(line)
            self._remember(container[1], pod["space"] or pod["space2"], pod["name"] or pod["name2"], uid[1] if uid else b"")

    def _remember(self, container: bytes, namespace: bytes, name: bytes, uid: bytes) -> None:
        key = container.decode()
        if key not in self._pods and len(self._pods) >= self._most_pods:
            del self._pods[next(iter(self._pods))]
        self._pods[key] = PodName(*(part.decode("utf-8", "replace") for part in (namespace, name, uid)))

    def _no_address(self, line: bytes, at: float | None) -> None:
        for match in _EXHAUSTED.finditer(line):
            pool = pools.of_text(match[1].decode().strip(" ,-"), "the log")
            if pool is not None and (pool in self._exhausted or len(self._exhausted) < _MOST_POOLS):
                self._exhausted[pool] = self._time(line) or at or self._exhausted.get(pool)
