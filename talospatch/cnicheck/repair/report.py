"""What a repair did, file by file, with the proof of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from talospatch.cni.explain import shown_error
from talospatch.cni.names import shown
from talospatch.cni.rules import Verdict
from talospatch.cnicheck.repair.plan import counted_files
from talospatch.errors import RolloutError
from talospatch.planning.outcomes import GOOD, ExitCode, Outcome, exit_code
from talospatch.planning.report import ProofItem

if TYPE_CHECKING:
    from talospatch.cnicheck.repair.plan import FileLeft, RepairPlan

SCHEMA = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class FileReport:
    """What happened to one file.

    Attributes:
        node, hostname: where.
        name: the file, as it can be shown.
        sandbox: ID of its sandbox.
        outcome: how it ended. PROVEN: it is gone, its sandbox stopped, the log is silent about it, its address came back.
            NOT_PROVEN: it is gone, and one of the others was not seen. REFUSED: it is not any more what it was, and was left alone.
        reason: one sentence, without secrets.
        proof: what was looked at afterwards.
    """

    node: str
    hostname: str = ""
    name: str
    sandbox: str
    outcome: Outcome
    reason: str = ""
    proof: tuple[ProofItem, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether it ended as wanted."""
        return self.outcome in GOOD

    @property
    def node_name(self) -> str:
        """Hostname where known, else the address."""
        return self.hostname or self.node

    def to_dict(self) -> dict[str, Any]:
        """Return plain values."""
        return {
            "node": self.node,
            "hostname": self.hostname,
            "name": self.name,
            "sandbox": self.sandbox,
            "outcome": self.outcome.value,
            "reason": self.reason,
            "proof": [{name: getattr(item, name) for name in ProofItem.__slots__} for item in self.proof],
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> FileReport:
        """Read what :meth:`to_dict` gave."""
        return cls(
            node=data["node"],
            hostname=data["hostname"],
            name=data["name"],
            sandbox=data["sandbox"],
            outcome=Outcome(data["outcome"]),
            reason=data["reason"],
            proof=tuple(ProofItem(**item) for item in data["proof"]),
        )


@dataclass(frozen=True, slots=True)
class StillFatal:
    """A file that was left alone although it keeps its sandbox from stopping.

    Attributes:
        node, hostname: where.
        left: the file and why it was left.
    """

    node: str
    hostname: str
    left: FileLeft

    def to_dict(self) -> dict[str, Any]:
        """Return plain values: the node's hostname is that of a report's files, so the sandbox's has a name of its own."""
        said = self.left.to_dict()
        return {"node": self.node, **said, "hostname": self.hostname, "sandboxHostname": said["hostname"]}


@dataclass(frozen=True, slots=True)
class Undone:
    """What a run leaves undone, as its plan has it.

    Attributes:
        fatal: files left alone that keep sandboxes from stopping.
        over_limit: how many more files could be removed in another run.
        limit: most files that one run removes.
        unseen: why a node was not looked at, by its address.
    """

    fatal: tuple[StillFatal, ...] = ()
    over_limit: int = 0
    limit: int = 0
    unseen: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def by(cls, plan: RepairPlan) -> Undone:
        """Return what a plan leaves."""
        fatal = tuple(
            StillFatal(node.address, node.hostname, left)
            for node in plan.nodes
            for left in node.left
            if left.judged.verdict is Verdict.FATAL
        )
        return cls(fatal, plan.over_limit, plan.options.limit, {node.address: node.error for node in plan.nodes if node.error})

    @property
    def sentence(self) -> str:
        """What still keeps sandboxes from stopping; empty when nothing that was seen does."""
        parts = [f"{counted_files(len(self.fatal), 'fatal ')} left alone, for the reasons above"] if self.fatal else []
        if self.over_limit:
            parts.append(f"{counted_files(self.over_limit, 'more ')} can be removed in another run (--limit {self.limit})")
        return f"Not done yet: {'; '.join(parts)}" if parts else ""

    def exit_code(self) -> ExitCode:
        """Return the least exit code that a run can end with."""
        if self.unseen:
            return ExitCode.FAILED
        return ExitCode.DIFFERENCES if self.fatal or self.over_limit else ExitCode.DONE


@dataclass(frozen=True, slots=True, kw_only=True)
class RepairReport:
    """What a repair did; a file's failure is a value in here.

    Attributes:
        repair: id in the journal; empty when nothing was to be done.
        files: in the order of the plan.
        notes: what is worth knowing beside them, with the node's name: an image that was left, a container that was left behind.
        image: what was run, by digest where the node told it.
        journalled: how many files have their bytes in the journal.
        started_at, ended_at: seconds since 1970.
        undone: what the plan left, and which nodes it did not see.
    """

    repair: str
    files: tuple[FileReport, ...]
    notes: tuple[str, ...] = ()
    image: str = ""
    journalled: int = 0
    started_at: float = 0.0
    ended_at: float = 0.0
    undone: Undone = field(default_factory=Undone)

    def __str__(self) -> str:
        """A line for each file with how it ended, then what was left, not seen, or is worth knowing; fit to be printed."""
        lines = [f"{_place(file.node, file.hostname)}: {file.outcome.value}: {shown(file.name)}: {_seen(file)}" for file in self.files]
        lines += [f"{_place(each.node, each.hostname)}: left alone: {each.left}" for each in self.undone.fatal]
        if self.undone.over_limit:
            lines.append(f"{counted_files(self.undone.over_limit, 'more ')} can be removed in another run (limit {self.undone.limit})")
        lines += [f"{shown(address)}: not looked at: {shown_error(error)}" for address, error in self.undone.unseen.items()]
        return "\n".join([*lines, *map(shown_error, self.notes)]) or "nothing was to be done"

    @property
    def ok(self) -> bool:
        """Whether every file ended as wanted."""
        return all(file.ok for file in self.files)

    @property
    def counts(self) -> dict[Outcome, int]:
        """How many files ended how; outcomes that did not happen are left out."""
        counted = Counter(file.outcome for file in self.files)
        return {outcome: counted[outcome] for outcome in Outcome if counted[outcome]}

    def exit_code(self) -> ExitCode:
        """Return the exit code that the command line ends with: of how the files ended and of what was left the highest."""
        return max(exit_code(file.outcome for file in self.files), self.undone.exit_code())

    def raise_on_failure(self) -> None:
        """Do nothing when every file ended as wanted.

        Raises:
            RolloutError: some did not; it has this report and names them.
        """
        bad = [file for file in self.files if not file.ok]
        if bad:
            lines = "".join(f"\n  {file.node_name}: {file.name}: {file.outcome.value}: {file.reason}" for file in bad)
            raise RolloutError(f"{len(bad)} of {len(self.files)} files did not end as wanted:{lines}", self)

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, as for JSON."""
        return {
            "schema": SCHEMA,
            "repair": self.repair,
            "image": self.image or None,
            "journalled": self.journalled,
            "startedAt": self.started_at,
            "endedAt": self.ended_at,
            "exitCode": int(self.exit_code()),
            "files": [file.to_dict() for file in self.files],
            "left": [each.to_dict() for each in self.undone.fatal],
            "overLimit": self.undone.over_limit,
            "unseen": [{"address": address, "error": shown(error)} for address, error in self.undone.unseen.items()],
            "notes": [shown(note) for note in self.notes],
        }


def _place(address: str, hostname: str) -> str:
    return shown(hostname or address)


def _seen(file: FileReport) -> str:
    """Return why it ended so; of one that is proven, what was seen."""
    if file.ok and file.proof:
        return ", ".join(f"{item.what} {shown_error(item.seen)}" for item in file.proof)
    return shown_error(file.reason)
