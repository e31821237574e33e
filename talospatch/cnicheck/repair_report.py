"""What a repair did, file by file, with the proof of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from talospatch.cni.names import shown
from talospatch.errors import RolloutError
from talospatch.planning.outcomes import GOOD, ExitCode, Outcome, exit_code
from talospatch.planning.report import ProofItem

SCHEMA = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class FileReport:
    """What happened to one file.

    Attributes:
        node, hostname: where.
        name: the file, as it can be shown.
        sandbox: ID of its sandbox.
        outcome: how it ended. PROVEN: it is gone, its sandbox was removed, the log is silent about it, its address came back.
            NOT_PROVEN: it is gone, and something of that was not seen. REFUSED: it is not any more what it was, and was left alone.
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


@dataclass(frozen=True, slots=True, kw_only=True)
class RepairReport:
    """What a repair did; a file's failure is a value in here.

    Attributes:
        repair: id in the journal; empty when nothing was to be done.
        files: in the order of the plan.
        notes: what is worth knowing beside them, with the node's name: an image that was left, a container that was left behind.
        image: what was run, by digest where the node told it.
        started_at, ended_at: seconds since 1970.
    """

    repair: str
    files: tuple[FileReport, ...]
    notes: tuple[str, ...] = ()
    image: str = ""
    started_at: float = 0.0
    ended_at: float = 0.0

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
        """Return the exit code that the command line ends with."""
        return exit_code(file.outcome for file in self.files)

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
            "startedAt": self.started_at,
            "endedAt": self.ended_at,
            "exitCode": int(self.exit_code()),
            "files": [file.to_dict() for file in self.files],
            "notes": [shown(note) for note in self.notes],
        }
