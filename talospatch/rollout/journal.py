"""The journal: what a rollout was about to do, and did, written before and after it is done.

One directory, one file of JSON lines per rollout, only ever appended to. Each line is on the disk before what it announces is done, and
carries a checksum: a torn last line, left by a crash or a full disk, is told from a damaged one.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from talospatch.errors import JournalError
from talospatch.rollout.disk import PRIVATE_FILE, make_directory, open_new, said, sync_directory, write_all
from talospatch.rollout.sealed import Sealer, load_key

if TYPE_CHECKING:
    from talospatch.rollout.places import Places

SCHEMA = 1
_ID = re.compile(r"\d{8}T\d{6}Z-[0-9a-f]{6}")
_SUFFIX = ".jsonl"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One line.

    Attributes:
        number: from 0 in its file.
        at: seconds since 1970.
        event: ``begin``, ``intend``, ``commit``, ``repair``, ``take-back``, ``ended``, ``interrupted`` or ``end``.
        fields: plain values without secrets.
        sealed: sealed bytes by name.
    """

    number: int
    at: float
    event: str
    fields: Mapping[str, Any]
    sealed: Mapping[str, str] = field(default_factory=dict, repr=False)

    @property
    def node(self) -> str:
        """Address of the node it is about; empty when it is about the rollout."""
        return str(self.fields.get("node", ""))


@dataclass(frozen=True, slots=True)
class Record:
    """A rollout as journalled.

    Attributes:
        id: sorts by when it began.
        torn: whether a last line was begun and not finished; what it would have announced was not done.
    """

    id: str
    entries: tuple[Entry, ...]
    torn: bool = False

    @property
    def begin(self) -> Entry:
        """The first entry."""
        return self.entries[0]

    def of(self, node: str, event: str = "") -> tuple[Entry, ...]:
        """The entries about a node, of one kind or of all."""
        return tuple(entry for entry in self.entries if entry.node == node and event in ("", entry.event))

    def last(self, event: str) -> Entry | None:
        """The newest entry of a kind, or None."""
        return next((entry for entry in reversed(self.entries) if entry.event == event), None)


class Journal:
    """The open journal of one rollout. Every method raises JournalError when the disk does not take what is written."""

    def __init__(self, rollout: str, path: Path, descriptor: int, sealer: Sealer, number: int = 0) -> None:
        self.rollout, self.path, self._sealer = rollout, path, sealer
        self._descriptor, self._number = descriptor, number
        self._broken = False

    def write(self, event: str, fields: Mapping[str, Any], *, at: float, sealed: Mapping[str, bytes] | None = None) -> None:
        """Append an entry and wait until the disk has it.

        Args:
            event: its kind.
            fields: plain values; they must hold no secret.
            at: seconds since 1970.
            sealed: bytes to seal, by name, bound to this rollout and the entry's machine.

        Raises:
            JournalError: it could not be written; what it announces must not be done.
        """
        machine = str(fields.get("machineUuid", ""))
        closed = {name: self._sealer.seal(data, bound_to=_bound(self.rollout, machine, name)) for name, data in (sealed or {}).items()}
        body: dict[str, Any] = {
            "n": self._number,
            "at": round(at, 3),
            "event": event,
            **({"sealed": closed} if closed else {}),
            "fields": dict(fields),
        }
        if self._broken:
            raise JournalError(f"{self.path}: an entry could not be written whole; nothing more is added to this journal")
        size = os.fstat(self._descriptor).st_size
        try:
            write_all(self._descriptor, _line(body), self.path)
        except JournalError:
            # What came through of the line is cut off; where even that fails, a further line would stand behind half a one.
            try:
                os.ftruncate(self._descriptor, size)
            except OSError:
                self._broken = True
            raise
        self._number += 1

    def close(self) -> None:
        """Close the file. Safe to call twice."""
        if self._descriptor >= 0:
            descriptor, self._descriptor = self._descriptor, -1
            with contextlib.suppress(OSError):
                os.close(descriptor)


class JournalStore:
    """The journals of a user on this machine."""

    def __init__(self, places: Places) -> None:
        self.places = places
        self._sealer: Sealer | None = None

    def begin(self, at: float, fields: Mapping[str, Any], sealed: Mapping[str, bytes]) -> Journal:
        """Start the journal of a rollout. Done before any node is touched.

        Raises:
            JournalError: the directory, the key or the file cannot be made or written.
        """
        sealer = self._sealed(create=True)
        make_directory(self.places.journal)
        rollout = f"{datetime.fromtimestamp(at, UTC):%Y%m%dT%H%M%SZ}-{os.urandom(3).hex()}"
        path = self._path(rollout)
        journal = Journal(rollout, path, open_new(path), sealer)
        try:
            journal.write("begin", {"schema": SCHEMA, "keyId": sealer.key_id, **fields}, at=at, sealed=sealed)
            sync_directory(path.parent)
        except BaseException:
            journal.close()
            raise
        return journal

    def resume(self, rollout: str) -> Journal:
        """Open a journal to go on writing it; a torn last line is cut off.

        Raises:
            JournalError: there is none of that id, it is damaged, or cannot be written.
        """
        record, whole = self._read(rollout)
        path = self._path(record.id)
        sealer = self._sealed(create=False)
        with said("cannot open this journal for writing", path):
            descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC)
            try:
                os.ftruncate(descriptor, whole)
            except BaseException:
                os.close(descriptor)
                raise
        return Journal(record.id, path, descriptor, sealer, len(record.entries))

    def ids(self) -> tuple[str, ...]:
        """Return the ids of all rollouts, the newest last."""
        with said("cannot list this directory", self.places.journal):
            try:
                names = os.listdir(self.places.journal)  # noqa: PTH208 - names alone are wanted
            except FileNotFoundError:
                return ()
        return tuple(
            sorted(name.removesuffix(_SUFFIX) for name in names if name.endswith(_SUFFIX) and _ID.fullmatch(name.removesuffix(_SUFFIX)))
        )

    def find(self, prefix: str) -> str:
        """Return the one id that begins so; ``last`` is the newest.

        Raises:
            JournalError: none does, or several do.
        """
        ids = self.ids()
        if prefix == "last" and ids:
            return ids[-1]
        found = [rollout for rollout in ids if rollout.startswith(prefix)]
        if len(found) == 1:
            return found[0]
        what = f"{len(found)} rollouts have ids that begin with {prefix!r}" if found else f"no rollout {prefix!r} in {self.places.journal}"
        raise JournalError(f"{what}; `talospatch rollout history` lists them")

    def read(self, rollout: str) -> Record:
        """Return what was journalled, without opening anything sealed.

        Raises:
            JournalError: there is none, or it is damaged.
        """
        return self._read(rollout)[0]

    def open(self, record: Record, entry: Entry, name: str) -> bytes:
        """Return sealed bytes of an entry.

        Raises:
            JournalError: the key is lost or another one, or the bytes were changed.
        """
        if name not in entry.sealed:
            raise JournalError(f"{self._path(record.id)}: entry {entry.number} holds no {name!r}")
        sealer, used = self._sealed(create=False), record.begin.fields.get("keyId")
        if used != sealer.key_id:
            problem = f"was sealed with key {used}, and the key here is {sealer.key_id}: without the former one its bytes are lost"
            raise JournalError(f"rollout {record.id} {problem}")
        return sealer.open(entry.sealed[name], bound_to=_bound(record.id, str(entry.fields.get("machineUuid", "")), name))

    @contextlib.contextmanager
    def lock(self, scope: str) -> Iterator[None]:
        """Hold the right to change one cluster, among the processes that share this directory.

        Two machines, or two users, are not kept apart by this: what protects the nodes then is that each is read again directly before it
        is changed.

        Args:
            scope: the cluster's name or anything else that is the same for the same cluster.

        Raises:
            JournalError: another process holds it, or the file cannot be made.
        """
        import fcntl

        make_directory(self.places.journal)
        path = self.places.journal / f"lock-{re.sub(r'[^A-Za-z0-9._-]', '_', scope)[:60]}-{zlib.crc32(scope.encode()):08x}"
        with said("cannot make this lock", path):
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, PRIVATE_FILE)
        try:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                holder = os.pread(descriptor, 100, 0).decode("ascii", "replace").strip() or "another process"
                raise JournalError(f"another rollout on {scope} is going on: {holder}; wait for it to end") from None
            except OSError as error:
                raise JournalError(f"{path}: cannot lock: {error.strerror or error}") from error
            with said("cannot write this lock", path):
                os.ftruncate(descriptor, 0)
                os.pwrite(descriptor, f"process {os.getpid()}\n".encode(), 0)
            yield
        finally:
            os.close(descriptor)

    def _sealed(self, *, create: bool) -> Sealer:
        if self._sealer is None:
            self._sealer = load_key(self.places, create=create)
        return self._sealer

    def _path(self, rollout: str) -> Path:
        return self.places.journal / f"{rollout}{_SUFFIX}"

    def _read(self, rollout: str) -> tuple[Record, int]:
        rollout = self.find(rollout)
        path = self._path(rollout)
        with said("cannot read this journal", path):
            data = path.read_bytes()
        entries: list[Entry] = []
        whole = 0
        lines = data.split(b"\n")
        for number, line in enumerate(lines[:-1]):
            entry = _entry(line, number)
            if entry is None:
                if number == len(lines) - 2:
                    break  # the newline of a torn line came through, its middle did not
                raise JournalError(f"{path}: line {number + 1} is damaged; what follows it cannot be trusted")
            entries.append(entry)
            whole += len(line) + 1
        if not entries or entries[0].event != "begin":
            raise JournalError(f"{path}: it has no whole first entry; the rollout ended before any node was touched")
        if entries[0].fields.get("schema") != SCHEMA:
            raise JournalError(f"{path}: it has schema {entries[0].fields.get('schema')!r}; this version reads {SCHEMA}")
        return Record(rollout, tuple(entries), torn=whole != len(data)), whole


def _bound(rollout: str, machine: str, name: str) -> str:
    return f"{rollout}\x00{machine}\x00{name}"


def _line(body: Mapping[str, Any]) -> bytes:
    text = json.dumps(body, ensure_ascii=True, separators=(",", ":"))
    return f"{zlib.crc32(text.encode()):08x} {text}\n".encode()


def _entry(line: bytes, number: int) -> Entry | None:
    checksum, _, text = line.partition(b" ")
    if checksum != b"%08x" % zlib.crc32(text):
        return None
    try:
        body = json.loads(text)
        if body["n"] != number:
            return None
        return Entry(number=number, at=float(body["at"]), event=str(body["event"]), fields=body["fields"], sealed=body.get("sealed", {}))
    except (ValueError, KeyError, TypeError, AttributeError):
        return None
