"""One line of a log: which sandbox it could not stop, why, when, and whose it is.

The forms; all but the second were seen in real logs (what is known of each stands beside the tests):

- the kubelet's JSON, Talos's default; the same with ``msg`` and ``err`` in one text, as Talos's log sender writes it; klog's text, also
  nested in the texts of other errors, each level with one more level of quoting; text of kubelets before 1.21;
- containerd's JSON and its ``key=value`` text;
- any of them behind what ``talosctl logs``, a container's log file or journald puts before it, or inside the JSON of a log shipper;
- cut off at either end, as a ring in memory begins and as shippers cut long lines.
"""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from enum import StrEnum
from functools import lru_cache
from typing import Any, NamedTuple


class Cause(StrEnum):
    """Why the network of a sandbox was not taken down."""

    CACHE = "cached-result"  # the trouble that this is about
    NOT_READY = "not-initialized"  # no CNI configuration yet, as in the first minutes after a boot
    PLUGIN = "plugin-failed"  # a plugin's own reason
    OTHER = "other"


# Words that tell the other causes, in the order in which they are looked for; the first is containerd's, before 1.4 and since.
_TELLING = (
    ("cni plugin not initialized", Cause.NOT_READY),
    ("cni config uninitialized", Cause.NOT_READY),
    ("cni config not initialized", Cause.NOT_READY),
    ('plugin type="', Cause.PLUGIN),
    ("netplugin failed", Cause.PLUGIN),
)


class Failure(NamedTuple):
    """A sandbox whose network could not be taken down.

    Attributes:
        sandbox: its ID; empty when the line was cut off before it.
        network: whose cached result could not be read; empty for another cause.
        reason: what follows ``cached result:``, or what follows the sandbox's ID.
        cause: the kind of reason.
        is_whole: whether the reason is known to be complete.
        plugin: the CNI plugin whose own libcni could not read the cached result, as Multus's; empty where it was containerd's.
    """

    sandbox: str
    network: str
    reason: str
    cause: Cause
    is_whole: bool = True
    plugin: str = ""


class LogLine(NamedTuple):
    """A line that tells of such a failure.

    Attributes:
        failure: what failed.
        at: when, seconds since 1970; None when the line does not say.
        namespace, pod, uid: of the pod, where the line names it.
        node: what ``talosctl logs`` put before the line; else empty.
        of_pod: whether the kubelet says so of its work on the pod itself, which it still has. Its garbage collection, which has only the
            sandbox, uses other words.
    """

    failure: Failure
    at: float | None = None
    namespace: str = ""
    pod: str = ""
    uid: str = ""
    node: str = ""
    of_pod: bool = False


_FAILED = re.compile(r'destroy network for sandbox (\\*)"([0-9a-f]{64})\1": ?(.*)', re.DOTALL)
_CACHED = re.compile(r'failed to get network (\\*)"([A-Za-z0-9][A-Za-z0-9_.\-]{0,252})\1" cached result: (.*)', re.DOTALL)
# What the kubelet calls the failure to stop a pod that it still has, one that is to get a new sandbox or one that is to end
# (killPodWithSyncResult in kuberuntime_manager.go). Both come from the pod's worker; the collector (kuberuntime_gc.go) never says it.
_OF_POD = "KillPodSandboxError"
# libcni puts this before what a plugin said; Multus's words are in the same line, up to `cached result:`.
_PLUGIN = re.compile(r'plugin type=\\*"([^"\\]{1,64})\\*"')
# Matches begin with the first backslash of a run only: else a long run would be searched again from each of them.
_QUOTES = re.compile(r'(?<!\\)(\\*+)"')
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r"}
_SANDBOX_FIELD = re.compile(r'andboxID(?:\\*")?[=:]\s*(?:\{.{0,80}?"ID\\*":\s*)?\\*"([0-9a-f]{64})')
_UID = re.compile(r'for \\*"([0-9a-fA-F\-]{8,64})\\*" with KillPodSandboxError')
_POD_TEXT = re.compile(r'\bpod="([a-z0-9.\-]{1,253})/([a-z0-9.\-]{1,253})"')
_UID_TEXT = re.compile(r'\bpodUID="?([0-9a-fA-F\-]{8,64})')
_KLOG = re.compile(r"\b[IWEF](\d\d)(\d\d) (\d\d):(\d\d):(\d\d)(\.\d{1,9})?")
_ISO = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,12})?(?:Z|[+-]\d\d:?\d\d)")
_TS = re.compile(r'"ts":\s?(\d{9,14}(?:\.\d+)?)')
# What talosctl puts before a line: `10.5.0.3: `. What a container's log file or journald puts there ends otherwise.
_NODE = re.compile(r"([^\s:]\S{0,252}): (?=\{|[IWEF]\d{4} |time=)")
_LEADING_TS = re.compile(rb'\{"ts":([1-9]\d{8,13}(?:\.\d{1,9})?),(?=")')
_TRAILING_TIME = b',"time":"'
_TEXT_FIELDS = ("err", "error", "msg", "message", "log", "MESSAGE", "line")
_TIME_FIELDS = ("ts", "time", "talos-time", "@timestamp", "timestamp")
LONGEST_REASON = 1000  # characters; libcni's own words have no more than 300, the rest is what they quote
_LONGEST_PREFIX = 300  # characters before the JSON of a line
_LONGEST_KEPT = 2000  # characters of a text whose reading is remembered
_DECODER = json.JSONDecoder()
# 1e11 seconds end in the year 5138, so a number that large counts milliseconds; one of 1e14 or more is no time.
_MILLISECONDS, _LATEST = 1e11, 1e14
_DAY = 86_400.0


def read_line(line: bytes, now: float | None = None) -> LogLine | None:
    """Read one line; None when it tells of no failure to take a sandbox's network down.

    Args:
        line: its bytes, without the line break.
        now: about when the log was fetched, seconds since 1970. klog's text has no year: it gets the latest that is not in the future.
    """
    if len(line) <= _LONGEST_KEPT:
        timeless, at = _without_time(line)
        # Kubelet and containerd say the same again and again, all but the time.
        said = _read_timeless(timeless) if timeless else None
        if said is not None:
            return said if at is None else said._replace(at=at)
    record = record_of(line)
    if record is not None:
        found = _of_record(record, 0)
        if found is None or line.startswith(b"{"):
            return found
        return found._replace(node=_node_before(line[: line.find(b"{") + 1].decode("utf-8", "replace")))
    text = line.decode("utf-8", "replace")
    failure = _with_sandbox(failure_in(text), text)
    if failure is None:
        return None
    pod, uid = _POD_TEXT.search(text), _UID.search(text) or _UID_TEXT.search(text)
    return LogLine(
        failure,
        time_in(text, now),
        pod[1] if pod else "",
        pod[2] if pod else "",
        uid[1] if uid else "",
        _node_before(text),
        _OF_POD in text,
    )


def _without_time(line: bytes) -> tuple[bytes, float | None]:
    """Return a record without its time, and that, where it stands first (the kubelet's) or last (containerd's); nothing for other lines."""
    begins = _LEADING_TS.match(line)
    if begins is not None:
        return b"{" + line[begins.end() :], _seconds(float(begins[1]))
    ends = line.rfind(_TRAILING_TIME)
    if ends < 1 or line[-2:] != b'"}' or line[:1] != b"{":
        return b"", None
    text = line[ends + len(_TRAILING_TIME) : -2]
    return (line[:ends] + b"}", _iso(text.decode("ascii", "replace"))) if b'"' not in text else (b"", None)


@lru_cache(maxsize=1024)
def _read_timeless(line: bytes) -> LogLine | None:
    record = record_of(line)
    return _of_record(record, 0) if record is not None else None


def record_of(line: bytes) -> dict[str, Any] | None:
    """Return a line's JSON object, which may start some way into the line; None when it has none that can be read."""
    brace = line.find(b"{", 0, _LONGEST_PREFIX)
    if brace < 0:
        return None
    try:
        record = _DECODER.decode((line[brace:] if brace else line).decode("utf-8", "replace"))
    except (ValueError, RecursionError):
        return None
    return record if isinstance(record, dict) else None


def _of_record(record: dict[str, Any], depth: int) -> LogLine | None:
    for field in _TEXT_FIELDS:
        text = record.get(field)
        if not isinstance(text, str) or ("destroy network for sandbox" not in text and "cached result" not in text):
            continue
        if depth < 2 and text.startswith("{"):  # a shipper's record, whose text is the kubelet's
            inner = record_of(text.encode("utf-8", "replace"))
            found = _of_record(inner, depth + 1) if inner is not None else None
            if found is not None:
                return found if found.at is not None else found._replace(at=time_of(record))
        failure = failure_in(text)
        if failure is not None and not failure.sandbox:
            failure = _named(record, failure)
        if failure is None:
            continue
        if "pod" not in record and _OF_POD not in text:
            return LogLine(failure, time_of(record))
        namespace, pod = _pod(record.get("pod"))
        uid = record.get("podUID")
        if not isinstance(uid, str):
            match = _UID.search(text)
            uid = match[1] if match else ""
        return LogLine(failure, time_of(record), namespace, pod, uid[:64], of_pod=_OF_POD in text)
    return None


def failure_in(text: str) -> Failure | None:
    """Return the failure that a text tells of, at whatever depth of quoting it stands; the sandbox is empty where it was cut off."""
    # The kubelet says the same again and again.
    return _failure_in(text) if len(text) <= _LONGEST_KEPT else _failure_in.__wrapped__(text)


@lru_cache(maxsize=1024)
def _failure_in(text: str) -> Failure | None:
    outer = _FAILED.search(text)
    cached = _CACHED.search(outer[3] if outer else text)
    sandbox = outer[2] if outer else ""
    if cached is not None:
        reason, is_whole = _unquoted(cached[3], len(cached[1]))
        plugin = _PLUGIN.search((outer[3] if outer else text)[: cached.start()])
        return Failure(sandbox, cached[2], reason, Cause.CACHE, is_whole, plugin[1] if plugin else "")
    if outer is None:
        return None
    reason, is_whole = _unquoted(outer[3], len(outer[1]))
    if not is_whole or reason.startswith("failed to get network") or "failed to get network".startswith(reason):
        return None  # cut off, perhaps before it says what it is about
    return Failure(sandbox, "", reason, next((cause for words, cause in _TELLING if words in reason), Cause.OTHER))


def _unquoted(text: str, backslashes: int) -> tuple[str, bool]:
    """Return a text up to the quote that ends it, with its own quotes as they were, and whether that end is there.

    Each level of quoting doubles the backslashes before a quote and adds one: 0, 1, 3, 7. A quote with fewer of them than those inside the
    text have is the end of it. Text that is not quoted ends where the whole ends.
    """
    if not backslashes:
        return text[:LONGEST_REASON], True
    end = next((match.start() for match in _QUOTES.finditer(text) if len(match[1]) < backslashes), -1)
    kept = text if end < 0 else text[:end]
    for _ in range((backslashes + 1).bit_length() - 1):
        kept = _ESCAPE.sub(_unescaped, kept)
    return kept[:LONGEST_REASON], end >= 0


def _unescaped(match: re.Match[str]) -> str:
    char = match[1]
    return char if char in '"\\' else _ESCAPES.get(char, match[0])


def _with_sandbox(failure: Failure | None, text: str) -> Failure | None:
    if failure is None or failure.sandbox:
        return failure
    match = _SANDBOX_FIELD.search(text)
    return failure._replace(sandbox=match[1]) if match else None


def _named(record: dict[str, Any], failure: Failure) -> Failure | None:
    for field in ("podSandboxID", "sandboxID"):
        value = record.get(field)
        value = value.get("ID") if isinstance(value, dict) else value
        if isinstance(value, str) and re.fullmatch("[0-9a-f]{64}", value):
            return failure._replace(sandbox=value)
    return None


def _pod(value: Any) -> tuple[str, str]:
    """Return namespace and name, which klog writes as an object in JSON and as ``namespace/name`` in text."""
    if isinstance(value, dict):
        namespace, name = value.get("namespace"), value.get("name")
        return (namespace[:253], name[:253]) if isinstance(namespace, str) and isinstance(name, str) else ("", "")
    if isinstance(value, str) and value.count("/") == 1:
        namespace, _, name = value.partition("/")
        return namespace[:253], name[:253]
    return "", ""


def _node_before(text: str) -> str:
    match = _NODE.match(text)
    return match[1] if match else ""


def time_of(record: dict[str, Any]) -> float | None:
    """Return the time that a record bears, seconds since 1970."""
    for field in _TIME_FIELDS:
        if field in record:
            value = record[field]
            found = _iso(value) if isinstance(value, str) else _seconds(value)
            if found is not None:
                return found
    return None


def time_in(text: str, now: float | None = None) -> float | None:
    """Return the time that stands in a line that is no record: klog's header, a date as ISO 8601 has it, or what is left of a record."""
    match = _KLOG.search(text)
    if match:
        return _klog_time(match, now)
    match = _TS.search(text)
    if match:
        return _seconds(float(match[1]))
    match = _ISO.search(text)
    return _iso(match[0]) if match else None


def _klog_time(match: re.Match[str], now: float | None) -> float | None:
    """The latest such moment that is at most a day ahead of now; without a now there is no year, and no time."""
    if now is None:
        return None
    month, day, hour, minute, second = (int(match[group]) for group in range(1, 6))
    try:
        latest = datetime.fromtimestamp(now + _DAY, UTC)
    except (ValueError, OverflowError, OSError):
        return None
    for year in (latest.year, latest.year - 1, latest.year - 2, latest.year - 3, latest.year - 4):  # back to the last 29th of February
        try:
            found = datetime(year, month, day, hour, minute, second, tzinfo=UTC)
        except ValueError:
            continue
        if found <= latest:
            return found.timestamp() + float(match[6] or 0)
    return None


def _iso(text: str) -> float | None:
    try:
        found = datetime.fromisoformat(text)
        return _seconds((found if found.tzinfo is not None else found.replace(tzinfo=UTC)).timestamp())
    except (ValueError, OverflowError, OSError):
        return None


def _seconds(value: Any) -> float | None:
    """Return a number of seconds or milliseconds as seconds."""
    if not isinstance(value, (int, float)) or isinstance(value, bool) or not 0 < value < _LATEST:
        return None
    return value / 1000 if value >= _MILLISECONDS else float(value)
