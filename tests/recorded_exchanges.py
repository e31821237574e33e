"""Recorded exchanges with Talos: how they are read, sent again, and compared with what the simulated cluster answers.

The format is described in ``vectors/api/README.md``. Comparing is exact except for what was scrubbed in the recording or cannot repeat:
times, random ids, the order of answers to ``nodes``, and the bytes of a compressed archive, of which the content is compared.
"""

from __future__ import annotations

import base64
import copy
import dataclasses
import io
import json
import re
import tarfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from google.protobuf import json_format
from google.protobuf.message import DecodeError, Message

from talospatch.wire.methods import APPLY_CONFIGURATION, METHODS
from talospatch.wire.proto import cosi_pb2, machine_pb2

_CUT = re.compile(r"\(cancelled by the client after (\d+) messages\)")
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z")
_UUID = re.compile(r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b")
_SCRUBBED_SECONDS = "1767323045"
_SCRUBBED_EVENT = "EVENT-ID"
_OMITTED = re.compile(r'"[a-z_]+_omitted":')

# Behind each of these, a text goes on with what Go's YAML library says or writes: an error of its scanner or its types, keys that are not
# known, a diff of two encoded configurations.
_MARKS_OF_GO_YAML = (
    "decode error: ",
    r"error decoding  to \*v1alpha1\.Config: yaml: ",
    "unknown keys found during decoding:\n",
    "Config diff:\n\n",
    "immediate mode\ndiff:\n",
)
_GO_YAML = re.compile("|".join(_MARKS_OF_GO_YAML))

# Methods that we have no messages for: requests and responses of this shape are enough for them.
_UNKNOWN_RESPONSE = machine_pb2.HostnameResponse


@dataclass(frozen=True)
class Record:
    """One recorded exchange.

    Attributes:
        id: as ``try-12-active``.
        node: name of the node that was dialled.
        request: proto3 JSON; a list for a client stream.
        response: proto3 JSON; a list for a server stream, None where there was no message.
    """

    id: str
    node: str
    metadata: Mapping[str, Sequence[str]]
    role: str
    method: str
    request: Any
    response: Any
    code: str
    details: str
    note: str = ""
    response_cut: bool = False

    @property
    def group(self) -> str:
        """What stands before the first dash of the id; between groups the recording's harness did what is not recorded."""
        return self.id.partition("-")[0]

    @property
    def number(self) -> str:
        """The id without what follows the number, as ``try-12``: records that belong together."""
        return "-".join(self.id.split("-")[:2])

    @property
    def name(self) -> str:
        """Short name of the method."""
        return self.method.rpartition("/")[2]

    @property
    def targets(self) -> tuple[str, ...]:
        """Nodes that were asked, as they were named; the endpoint's name when none was."""
        return tuple(self.metadata.get("nodes") or self.metadata.get("node") or (self.node,))

    @property
    def cut_after(self) -> int | None:
        """After how many messages the client left an open stream; None if it did not."""
        match = _CUT.fullmatch(self.details)
        return int(match[1]) if match else None

    @property
    def applies(self) -> bool:
        """Whether it is an ApplyConfiguration that changed something: accepted, and no dry run."""
        return self.name == "ApplyConfiguration" and self.code == "OK" and not self.request.get("dry_run")

    @property
    def is_whole(self) -> bool:
        """Whether all of it was recorded, so that it can be sent again and compared."""
        return not self.response_cut and not _OMITTED.search(json.dumps([self.request, self.response]))

    @cached_property
    def messages(self) -> list[bytes]:
        """The request, serialized."""
        method = METHODS.get(self.method)
        made = []
        for request in self.request if isinstance(self.request, list) else [self.request]:
            message = method.request_class()() if method else machine_pb2.HostnameResponse()
            json_format.ParseDict(request if method else {}, message)
            made.append(message.SerializeToString())
        return made

    @property
    def version(self) -> int | None:
        """Version of the resource that a Get was answered with; None for anything else."""
        if self.name != "Get" or not isinstance(self.response, dict):
            return None
        text = self.response.get("resource", {}).get("metadata", {}).get("version", "")
        return int(text) if text.isdecimal() else None

    def with_version(self, version: int) -> Record:
        """Return the same record, as if that version had been answered."""
        response = copy.deepcopy(self.response)
        response["resource"]["metadata"]["version"] = str(version)
        return dataclasses.replace(self, response=response)

    @property
    def answers(self) -> list[Any]:
        """The response as a list of messages, whatever the method's shape."""
        if self.response is None:
            return []
        return self.response if isinstance(self.response, list) else [self.response]


def load(path: Path) -> list[Record]:
    """Read one file of recorded exchanges.

    Raises:
        OSError: it cannot be read.
        ValueError: a line is no recorded exchange; says which.
    """
    records = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        try:
            data = json.loads(line)
            status = data["status"]
            records.append(
                Record(
                    data["id"],
                    data["node"],
                    data.get("metadata") or {},
                    data["role"],
                    data["method"],
                    data["request"],
                    data["response"],
                    status["code"],
                    status["details"],
                    data.get("note", ""),
                    bool(data.get("response_cut")),
                )
            )
        except (ValueError, KeyError, TypeError) as error:
            raise ValueError(f"{path}:{number}: no recorded exchange: {error!r}") from None
    return records


@dataclass(frozen=True)
class Answer:
    """What came back: serialized messages, and the status after them."""

    messages: Sequence[bytes] = field(default_factory=list)
    code: str = "OK"
    details: str = ""


@dataclass
class Versions:
    """Compares with regard to versions, which count from the first of a resource in its group: between groups, things went unrecorded.

    Attributes:
        shifts: by how much the recorded version of a resource is ahead of ours, by group, node, type and id.
    """

    shifts: dict[tuple[str, ...], int] = field(default_factory=dict)

    @property
    def shifted(self) -> dict[tuple[str, ...], int]:
        """Those that are not as they would be if everything had been recorded."""
        return {key: shift for key, shift in self.shifts.items() if shift}

    def differences(self, record: Record, answer: Answer) -> list[str]:
        """Return where the answer is not as recorded; none if it is, but for a version that is ahead since the group's beginning."""
        found = differences(record, answer)
        if record.version is None or record.code != answer.code:
            return found
        ours = cosi_pb2.GetResponse.FromString(answer.messages[0]).resource.metadata
        key = (record.group, *record.targets, ours.type, ours.id)
        if not found:
            self.shifts.setdefault(key, 0)
            return []
        shift = self.shifts.get(key, record.version - int(ours.version))
        if not differences(record.with_version(record.version - shift), answer):
            self.shifts[key] = shift
            return []
        return found


def differences(record: Record, answer: Answer) -> list[str]:
    """Return where the answer is not as recorded, one sentence each; none if it is."""
    expected_details = "" if record.cut_after is not None else record.details
    found = []
    if answer.code != record.code:
        found.append(f"status {answer.code} ({answer.details[:200]!r}) instead of {record.code} ({expected_details[:200]!r})")
    elif not _same_text(expected_details, answer.details):
        found.append(f"details {answer.details!r} instead of {expected_details!r}")
    ours = [_plain(record, message) for message in answer.messages]
    if record.name == "Copy":
        return found + _archive_differences(record.answers, ours)
    theirs = _ordered(record, record.answers)
    ours = _ordered(record, ours)
    if len(theirs) != len(ours):
        found.append(f"{len(ours)} messages instead of {len(theirs)}: {_short(ours)} instead of {_short(theirs)}")
        return found
    for number, (recorded, simulated) in enumerate(zip(theirs, ours, strict=True)):
        found.extend(_compare(_scrubbed(recorded), _scrubbed(simulated), f"[{number}]"))
    return found


def fixed_parts_agree(record: Record, answer: Answer) -> bool:
    """Whether the answer is as recorded up to where its texts go on with Go's own rendering of YAML."""
    if record.method != APPLY_CONFIGURATION.path:
        return False
    messages = [_fixed(_plain(record, message)) for message in answer.messages]
    if (answer.code, _fixed(answer.details)) != (record.code, _fixed(record.details)) or len(messages) != len(record.answers):
        return False
    pairs = zip(_ordered(record, _fixed(record.answers)), _ordered(record, messages), strict=True)
    return not any(list(_compare(_scrubbed(one), _scrubbed(other), "")) for one, other in pairs)


def _fixed(value: Any) -> Any:
    """Cut every text behind the first mark of Go's YAML."""
    if isinstance(value, dict):
        return {key: _fixed(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_fixed(item) for item in value]
    match = _GO_YAML.search(value) if isinstance(value, str) else None
    return value[: match.end()] if match else value


def _plain(record: Record, message: bytes) -> Any:
    """Return a message as the recording writes it."""
    method = METHODS.get(record.method)
    kind = method.response_class() if method else _UNKNOWN_RESPONSE
    try:
        return _message(kind.FromString(message))
    except DecodeError:
        return {"not a message": base64.b64encode(message).decode()}


def _message(message: Message) -> dict[str, Any]:
    if isinstance(message, machine_pb2.Event) and message.HasField("data"):
        # Our messages carry another package name than Talos's, so the type has to be found by its last word.
        inner = machine_pb2.Event.FromString(message.SerializeToString())
        inner.ClearField("data")
        kind = getattr(machine_pb2, message.data.type_url.rpartition(".")[2], None)
        plain = json_format.MessageToDict(inner, preserving_proto_field_name=True)
        plain["data"] = {}
        if kind is not None:
            plain["data"] = {"@type": message.data.type_url, **_message(kind.FromString(message.data.value))}
        return plain
    return json_format.MessageToDict(message, preserving_proto_field_name=True)


def _ordered(record: Record, messages: Sequence[Any]) -> list[Any]:
    """Sort what comes in no fixed order: answers of several nodes by node (their own order kept), and containers."""
    messages = list(messages)
    if record.metadata.get("nodes"):
        if len(messages) == 1 and isinstance(messages[0].get("messages"), list):
            return [{**messages[0], "messages": sorted(messages[0]["messages"], key=_hostname)}]
        return sorted(messages, key=_hostname)
    if record.name == "Containers":
        for message in messages:
            for entry in message.get("messages", []):
                entry.get("containers", []).sort(key=lambda item: (item.get("id", ""), item.get("internal_id", "")))
    return messages


def _hostname(message: Mapping[str, Any]) -> str:
    return str(message.get("metadata", {}).get("hostname", ""))


def _scrubbed(value: Any, key: str = "") -> Any:
    """Replace what the recording replaced, on both sides."""
    if isinstance(value, dict):
        return {name: _scrubbed(item, name) for name, item in value.items()}
    if isinstance(value, list):
        return [_scrubbed(item, key) for item in value]
    if isinstance(value, str):
        if key == "modified":
            return _SCRUBBED_SECONDS if value.isdecimal() else value
        if key == "bookmark":
            # Eight bytes drawn at random when the node's state was made, then the position in it.
            return base64.b64encode(base64.b64decode(value)[8:]).decode()
        if key == "id" and re.fullmatch(r"[0-9a-v]{20}", value):
            return _SCRUBBED_EVENT
        if key in ("proto_spec", "bytes", "stdout_data"):
            text = base64.b64decode(value).decode("latin-1")
            return base64.b64encode(_scrub_text(text).encode("latin-1")).decode()
        return _scrub_text(value)
    return value


def _scrub_text(text: str) -> str:
    return _UUID.sub("00000000-0000-0000-0000-000000000000", _TIME.sub("2026-01-02T03:04:05Z", text))


def _same_text(recorded: str, ours: str) -> bool:
    return _scrub_text(recorded) == _scrub_text(ours)


def _compare(recorded: Any, ours: Any, place: str) -> Iterator[str]:
    if isinstance(recorded, dict) and isinstance(ours, dict):
        for key in sorted({*recorded, *ours}):
            if key not in ours:
                yield f"{place}.{key} is missing, was {_short(recorded[key])}"
            elif key not in recorded:
                yield f"{place}.{key} is {_short(ours[key])} and was absent"
            else:
                yield from _compare(recorded[key], ours[key], f"{place}.{key}")
    elif isinstance(recorded, list) and isinstance(ours, list) and len(recorded) == len(ours):
        for number, (one, other) in enumerate(zip(recorded, ours, strict=True)):
            yield from _compare(one, other, f"{place}[{number}]")
    elif recorded != ours:
        if place.endswith(".proto_spec"):
            recorded, ours = (base64.b64decode(text) for text in (recorded, ours))
        yield f"{place} is {_short(ours)} instead of {_short(recorded)}"


def _short(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value) if not isinstance(value, bytes) else repr(value)
    return text if len(text) <= 1500 else f"{text[:1500]}…"


def _archive_differences(recorded: Sequence[Any], ours: Sequence[Any]) -> list[str]:
    """Compare two answers of Copy: what is in the archives, and the errors beside them."""
    one, other = ([message for message in side if "metadata" in message and "bytes" not in message] for side in (recorded, ours))
    found = list(_compare(_scrubbed(one), _scrubbed(other), "errors"))
    theirs, simulated = archive(recorded), archive(ours)
    return found + [
        f"in the archive, {name} is {simulated.get(name)} instead of {theirs.get(name)}"
        for name in sorted({*theirs, *simulated})
        if theirs.get(name) != simulated.get(name)
    ]


def archive(messages: Sequence[Any]) -> dict[str, tuple[Any, ...]]:
    """Unpack the archive that Copy answered: kind, permissions, owner, link and content by name; empty when there is none."""
    data = b"".join(base64.b64decode(message.get("bytes", "")) for message in messages)
    if not data:
        return {}
    unpacked = {}
    with tarfile.open(fileobj=io.BytesIO(data), mode="r:gz") as opened:
        for member in opened:
            file = opened.extractfile(member) if member.isreg() else None
            content = file.read() if file else b""
            unpacked[member.name] = (member.type, member.mode, member.uid, member.gid, member.linkname, content)
    return unpacked
