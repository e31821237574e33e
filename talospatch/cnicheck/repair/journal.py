"""The journal of repairs: what each removed file was, byte for byte, written down before it is removed.

Beside the journal of rollouts, with the same key, in a directory of its own: a repair cannot be resumed or undone as a rollout can.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from talospatch.cni.names import shown
from talospatch.cnicheck.repair.report import FileReport, RepairReport
from talospatch.errors import JournalError
from talospatch.planning.outcomes import Outcome
from talospatch.rollout.journal import JournalStore

if TYPE_CHECKING:
    from talospatch.rollout.journal import Entry, Record

DIRECTORY = "cni-repairs"
KIND = "cni-repair"


def repairs_of(store: JournalStore) -> JournalStore:
    """Return the journals of repairs that lie beside those of rollouts."""
    return JournalStore(replace(store.places, journal=store.places.journal / DIRECTORY))


def sealed_name(name: str) -> str:
    """Return under which name a file's bytes are sealed: its own, so that one file's cannot be passed off as another's."""
    return f"content:{name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class RemovedFile:
    """A file that a repair was about to remove.

    Attributes:
        node, hostname, path: where it was.
        content: its bytes; they may hold secrets of the pod.
        mode, uid, gid, modified: as List told them; the mode is Go's os.FileMode.
        report: how it ended; None when the repair broke off before that was known.
        command: what was known of the command by then, where ``report`` is None; fit to be printed.
    """

    node: str
    hostname: str
    path: str
    content: bytes = field(repr=False)
    mode: int
    uid: int
    gid: int
    modified: int
    report: FileReport | None = None
    command: str = ""

    @property
    def name(self) -> str:
        """Base name."""
        return self.path.rpartition("/")[2]

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, without the bytes."""
        return {
            "node": self.node,
            "hostname": self.hostname,
            "path": shown(self.path),
            "size": len(self.content),
            "mode": self.mode,
            "uid": self.uid,
            "gid": self.gid,
            "modified": self.modified,
            "outcome": self.report.outcome.value if self.report else Outcome.INTERRUPTED.value,
            "reason": self.report.reason if self.report else self.command,
        }


@dataclass(frozen=True, slots=True)
class RepairRecord:
    """A repair as journalled.

    Attributes:
        id: sorts by when it began.
        started_at: seconds since 1970.
        scope: the cluster's name.
        ended: whether it came to its end.
        files: what it was about to remove.
        problem: why it cannot be read; empty when it can.
    """

    id: str
    started_at: float = 0.0
    scope: str = ""
    ended: bool = False
    files: tuple[RemovedFile, ...] = ()
    problem: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Return plain values."""
        return {
            "id": self.id,
            "startedAt": self.started_at,
            "scope": self.scope,
            "ended": self.ended,
            "files": [file.to_dict() for file in self.files],
            "problem": self.problem or None,
        }


def repairs(store: JournalStore) -> tuple[RepairRecord, ...]:
    """Return all repairs, the newest first. One that is damaged is listed as such and hides no other.

    Args:
        store: the journals of rollouts.

    Raises:
        JournalError: the directory cannot be read.
    """
    own = repairs_of(store)
    found = []
    for repair in reversed(own.ids()):
        try:
            found.append(_read(own, own.read(repair)))
        except JournalError as error:
            found.append(RepairRecord(repair, problem=str(error)))
    return tuple(found)


def read_repair(store: JournalStore, repair: str) -> RepairRecord:
    """Return one repair with the bytes of its files.

    Args:
        store: the journals of rollouts.
        repair: its id, the beginning of it, or ``last``.

    Raises:
        JournalError: there is none, it is damaged, or its bytes cannot be opened.
    """
    own = repairs_of(store)
    ids = own.ids()
    found = ids[-1:] if repair == "last" else tuple(each for each in ids if each.startswith(repair))
    if len(found) != 1:
        what = f"{len(found)} repairs have ids that begin with {repair!r}" if found else f"no repair {repair!r} in {own.places.journal}"
        raise JournalError(f"{what}; `talospatch cni repairs` lists them")
    return _read(own, own.read(found[0]))


def _read(own: JournalStore, record: Record) -> RepairRecord:
    begin = record.begin.fields
    if begin.get("kind") != KIND:
        raise JournalError(f"{record.id} is not the journal of a repair")
    ended, removal = _by_file(record, "ended"), _by_file(record, "removal")
    files = tuple(_file(own, record, entry, ended.get(file), removal.get(file)) for file, entry in _by_file(record, "intend").items())
    return RepairRecord(record.id, record.begin.at, str(begin.get("scope", "")), record.last("end") is not None, files)


def _by_file(record: Record, event: str) -> dict[tuple[str, str], Entry]:
    """Return the entries of an event by node and name of the file."""
    return {(entry.node, str(entry.fields.get("name"))): entry for entry in record.entries if entry.event == event}


def _file(own: JournalStore, record: Record, entry: Entry, ended: Entry | None, removal: Entry | None) -> RemovedFile:
    fields: Mapping[str, Any] = entry.fields
    try:
        return RemovedFile(
            node=entry.node,
            hostname=str(fields["hostname"]),
            path=str(fields["path"]),
            content=own.open(record, entry, sealed_name(str(fields["name"]))),
            mode=int(fields["mode"]),
            uid=int(fields["uid"]),
            gid=int(fields["gid"]),
            modified=int(fields["modified"]),
            report=FileReport.from_dict(ended.fields["report"]) if ended is not None else None,
            command=_command(removal.fields if removal is not None else {}),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise JournalError(f"repair {record.id}: entry {entry.number} cannot be understood") from error


def _command(removal: Mapping[str, Any]) -> str:
    """Return what a repair that broke off knew of a command, by the entry about its removal."""
    removed, exit_code = removal.get("removed"), removal.get("exitCode")
    said = f": {removal['said']}" if removal.get("said") else ""
    if removed:
        return "removed; the repair broke off before it was seen what became of it"
    if removed is None:
        return f"the repair broke off; whether the file was removed is not known{said}"
    if exit_code is None:
        return f"the command was not run{said}; then the repair broke off"
    if exit_code == 0:
        why = "on the node, at that moment, it was not any more what it was"
        return f"not removed by the command: {why}{said}; then the repair broke off"
    return f"the command failed with {exit_code}{said}; then the repair broke off"


def outcomes(report: RepairReport) -> dict[str, int]:
    """Return how many files ended how, as the last entry of a journal has it."""
    return {outcome.value: number for outcome, number in report.counts.items()}
