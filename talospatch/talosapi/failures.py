"""What a failed call means: from a status to an error of :mod:`talospatch.errors`.

A table, read from the top; the first row that fits decides. A server's text is shown only after what may be secret has been taken out: up
to 1.13 the refusal of an apply quotes a whole configuration diff, every version quotes unknown keys with their values.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from talospatch.errors import (
    IncompleteAnswer,
    InvalidOnNode,
    NodeBusy,
    NodeError,
    NodeTimeout,
    NodeUnavailable,
    NotAuthorized,
    NotForwarded,
    NotFound,
    NotSupported,
)
from talospatch.redaction import redact
from talospatch.wire.methods import ADMIN, CONTAINER_RUN, CONTAINERS, NOBODY, Method

if TYPE_CHECKING:
    from talospatch.wire.transport import RpcFailure

LONGEST_TEXT = 600  # characters of a server's text that are kept
_LONGEST_RAW = 1 << 16  # characters that are looked through for secrets; a status may have megabytes
NEEDS_REBOOT = "can't be applied in immediate mode"  # the refusal of NO_REBOOT and TRY up to 1.13, when the change itself is valid


@dataclass(frozen=True, slots=True)
class Row:
    """One meaning.

    Attributes:
        code: gRPC status code.
        pattern: searched in the server's text; empty fits all.
        error: what is raised.
        sentence: what is said; ``{text}`` is the server's text, cleaned; ``{role}``, ``{since}`` and ``{timeout}`` belong to the call.
        passing: whether the same call may well succeed a moment later.
        path: when given, the row is for this method only.
    """

    code: str
    pattern: str
    error: type[NodeError]
    sentence: str = "{text}"
    passing: bool = False
    path: str = ""


_ROLE = (
    "the role of the client certificate does not allow this, it needs {role}; use a talosconfig with that role "
    "(`talosctl config info` shows which one it has)"
)
_CONTAINERD = r"dial unix[: ]\S*containerd"  # its socket; a path of machined's own would mean that the node is not up
_TOO_BIG_ANSWER = "the answer is larger than the 32 MiB that a message may have"

# Sources: texts as recorded from Talos 1.12.11, 1.13.9 and 1.14.0-rc.1 unless said otherwise.
ROWS = (
    # apid and machined's authorisation (authz), director.go, resources/access.go
    Row(
        "PERMISSION_DENIED",
        "no request forwarding",
        NotForwarded,
        "the endpoint is a worker, which forwards nothing; use control-plane nodes as endpoints",
    ),
    Row(
        "PERMISSION_DENIED", r"^(resource type|namespace) .* is not supported$", NotSupported, "this Talos version does not have it: {text}"
    ),
    Row("PERMISSION_DENIED", "^not authorized$", NotAuthorized, _ROLE),
    Row("PERMISSION_DENIED", "", NotAuthorized),
    Row("UNAUTHENTICATED", "", NotAuthorized, "the credentials were not accepted: {text}"),
    # A missing program inside a one-off container is worded like a missing file (runc); it is neither.
    Row("UNKNOWN", "^failed to create task: ", InvalidOnNode, path=CONTAINER_RUN.path),
    # containerd behind machined does not answer: the node itself does.
    Row("UNKNOWN", _CONTAINERD, NodeBusy, "containerd on the node does not answer", passing=True),
    Row("INTERNAL", _CONTAINERD, NodeBusy, "containerd on the node does not answer", passing=True),
    Row("UNAVAILABLE", f"runtime service failed|{_CONTAINERD}", NodeBusy, "containerd on the node does not answer", passing=True),
    # List and Copy say UNKNOWN, and Read does up to 1.7 or when the file vanishes between its two looks (archiver/walker.go, Read handler).
    Row("UNKNOWN", r"^(lstat|stat|open|readlink) .*: no such file or directory$", NotFound),
    Row("UNKNOWN", "^(container|log) .* (not found|was not registered)$", NotFound),
    # CRI's own status for a pod that vanished while the list was made (containers/cri/cri.go); nothing else of Containers says NOT_FOUND.
    Row("NOT_FOUND", "", NodeBusy, "a pod vanished while the node made its list", passing=True, path=CONTAINERS.path),
    Row("NOT_FOUND", "", NotFound),
    # Whichever side noticed; a Go handler may return its context's error raw.
    Row("DEADLINE_EXCEEDED", "", NodeTimeout, "no answer within {timeout:g} s"),
    Row("UNKNOWN", "context deadline exceeded", NodeTimeout, "no answer within {timeout:g} s"),
    Row("UNKNOWN", "context canceled", NodeUnavailable, "the call was cut off on the way", passing=True),
    Row("CANCELLED", "", NodeUnavailable, "the call was cut off on the way", passing=True),
    Row(
        "UNAVAILABLE",
        "record lookup error|name resolver error|no such host",
        NodeUnavailable,
        "the endpoint cannot resolve this name: {text}",
    ),
    Row(
        "UNAVAILABLE", "^connection error|error while dialing", NodeUnavailable, "the endpoint cannot reach the node: {text}", passing=True
    ),
    Row("UNAVAILABLE", "", NodeUnavailable, "the connection to the node was lost: {text}", passing=True),
    Row("INTERNAL", "^failed proxying", NodeUnavailable, "the connection to the node was lost: {text}", passing=True),
    Row("INTERNAL", "^invalid target", InvalidOnNode, "{text}; name a node by address or host name alone, without a port"),
    Row(
        "UNIMPLEMENTED",
        "^unknown (service|method)",
        NotSupported,
        "this Talos version does not have the call, which came with {since}: {text}",
    ),
    Row("UNIMPLEMENTED", "", NotSupported),
    Row("FAILED_PRECONDITION", "not supported in container mode", NotSupported),
    Row("FAILED_PRECONDITION", "already in progress", NodeBusy, "another apply is in progress on the node", passing=True),
    Row("FAILED_PRECONDITION", "", NodeBusy),
    # grpc-go names what it received, so that is our request; gRPC's own text in this process is about the answer.
    Row(
        "RESOURCE_EXHAUSTED",
        "^grpc: received message larger than max",
        InvalidOnNode,
        "the request is larger than the 32 MiB that a message may have",
    ),
    Row("RESOURCE_EXHAUSTED", "(?i)received message larger than max", IncompleteAnswer, _TOO_BIG_ANSWER),
    Row(
        "RESOURCE_EXHAUSTED",
        "(?i)sent message larger than max",
        InvalidOnNode,
        "the request is larger than the 32 MiB that a message may have",
    ),
    Row("RESOURCE_EXHAUSTED", "", NodeBusy, "the node has no room for this: {text}"),
    Row("INVALID_ARGUMENT", "", InvalidOnNode),
    Row("UNKNOWN", "^(incorrect mode|path is not absolute|path must be a regular file)", InvalidOnNode),
    Row("OUT_OF_RANGE", "", InvalidOnNode),
    Row("DATA_LOSS", "", IncompleteAnswer),
    Row("ABORTED", "", NodeBusy, passing=True),
)
_COMPILED = tuple((row, re.compile(row.pattern, re.DOTALL)) for row in ROWS)


@dataclass(frozen=True, slots=True)
class Meaning:
    """A failure in our words, and whether asking again may help."""

    error: NodeError
    passing: bool


def translate(failure: RpcFailure, *, node: str, method: Method, timeout: float, secrets: Iterable[str] = ()) -> Meaning:
    """Return what a failed call means. Total: an unknown status gives a plain :class:`~talospatch.errors.NodeError`.

    Args:
        failure: the status, with the server's raw text.
        node: as it was addressed; empty means the endpoint itself.
        method: what was called.
        timeout: seconds the call had.
        secrets: values to take out of the server's text beyond those that give themselves away.
    """
    row = next((row for row, pattern in _COMPILED if _fits(row, pattern, failure, method)), Row(failure.code, "", NodeError))
    said = clean(failure.details, secrets=secrets)
    text = row.sentence.format(text=said or failure.code, role=_role(method), since=f"Talos {method.since}", timeout=timeout)
    return Meaning(row.error(node or "endpoint", method.name, failure.code, text), row.passing)


def needs_reboot(error: NodeError) -> bool:
    """Whether a node up to 1.13 refused only because it would have to reboot: what was sent is valid."""
    return isinstance(error, InvalidOnNode) and NEEDS_REBOOT in error.text


def clean(text: str, *, secrets: Iterable[str] = (), limit: int = LONGEST_TEXT) -> str:
    """Return a server's text without what it quotes of a configuration, redacted and cut to ``limit`` characters."""
    text = _manageable(_without_diff(text))
    text = _without_unknown_values(text)
    text = _QUOTED_SCALAR.sub("…", text)
    return redact(text, secrets=secrets, limit=limit).strip()


def _fits(row: Row, pattern: re.Pattern[str], failure: RpcFailure, method: Method) -> bool:
    return row.code == failure.code and row.path in {"", method.path} and pattern.search(failure.details) is not None


def _role(method: Method) -> str:
    # Reading resources is allowed to os:reader; where it is denied all the same, the type is a sensitive one (resources/access.go).
    return ADMIN if method.path.startswith("/cosi.") or method.role == NOBODY else method.role


# "can't be applied in immediate mode\ndiff: …", "Config diff:\n\n--- a …", and a unified diff wherever else one may start.
_DIFF = re.compile(r"\n?(?:^|(?<=\n))(?:Config )?diff:(?!\s*No changes\.).*|\n--- .*|\n@@ .*", re.DOTALL)
_UNKNOWN_KEYS = "unknown keys found during decoding:\n"
_QUOTED_SCALAR = re.compile(r"(?s:(?<= )`.*?`(?= into))|`.*`")  # "cannot construct !!str `value` into int"


def _manageable(text: str) -> str:
    """Cut a text that nobody would read to its end, between two words: half a secret would not be recognised."""
    if len(text) <= _LONGEST_RAW:
        return text
    return text[: max(text.rfind(" ", 0, _LONGEST_RAW), text.rfind("\n", 0, _LONGEST_RAW), 0)]


def _without_diff(text: str) -> str:
    return _DIFF.sub("", text, count=1)


def _without_unknown_values(text: str) -> str:
    """Keep the paths of the unknown keys, which say what is wrong, and drop what stands behind them."""
    head, found, quoted = text.partition(_UNKNOWN_KEYS)
    if not found:
        return text
    return f"{head}unknown keys: {', '.join(_key_paths(quoted)) or 'not shown'}"


def _key_paths(quoted: str) -> list[str]:
    from talospatch.talosapi.specs import parse_yaml

    try:
        tree = parse_yaml(quoted)
    except ValueError:
        return []
    paths: list[str] = []
    stack: list[tuple[str, object]] = [("", tree)]
    while stack and len(paths) < 20:
        path, value = stack.pop()
        if isinstance(value, dict) and value:
            stack.extend((f"{path}.{key}" if path else str(key), below) for key, below in reversed(value.items()))
        elif isinstance(value, list) and any(isinstance(item, dict | list) for item in value):
            stack.extend((f"{path}[{index}]", below) for index, below in reversed(list(enumerate(value))))
        elif path:
            paths.append(path)
    return paths
