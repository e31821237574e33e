"""What happened to each node of a rollout, with the proof of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from talospatch.errors import RolloutError
from talospatch.planning.outcomes import GOOD, ExitCode, Outcome, exit_code
from talospatch.talos.finding import Finding

SCHEMA = 1
SOURCE_OF_TRUTH = (
    "Add the change to wherever these configurations come from (Git, talhelper, Terraform …), or the next apply from there undoes it."
)


@dataclass(frozen=True, slots=True)
class ProofItem:
    """One thing that was looked at.

    Attributes:
        what: a stable word: ``configuration``, ``drop-in``, ``service cri``, ``service kubelet``, ``boot``, ``listener`` or ``etcd``.
        expected: what should be seen.
        seen: what was seen.
        ok: whether the two agree; None when it could not be looked at.
        at: seconds since 1970.
    """

    what: str
    expected: str
    seen: str
    ok: bool | None
    at: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeReport:
    """What happened to one node.

    Attributes:
        node: address by which it was called.
        reason: one sentence, without secrets: why it ended so and, unless it ended well, what the node has now.
        proof: what was looked at last.
        seconds: how long it took; 0 when nothing was done.
    """

    node: str
    outcome: Outcome
    reason: str = ""
    hostname: str = ""
    proof: tuple[ProofItem, ...] = ()
    findings: tuple[Finding, ...] = ()
    seconds: float = 0.0

    @property
    def name(self) -> str:
        """Hostname where known, else the address."""
        return self.hostname or self.node

    @property
    def ok(self) -> bool:
        """Whether it ended as wanted."""
        return self.outcome in GOOD

    def to_dict(self) -> dict[str, Any]:
        """Return plain values."""
        return {
            "node": self.node,
            "hostname": self.hostname,
            "outcome": self.outcome.value,
            "reason": self.reason,
            "proof": [{name: getattr(item, name) for name in ProofItem.__slots__} for item in self.proof],
            "findings": [finding.to_dict() for finding in self.findings],
            "seconds": round(self.seconds, 3),
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> NodeReport:
        """Read what :meth:`to_dict` gave."""
        return cls(
            node=data["node"],
            hostname=data["hostname"],
            outcome=Outcome(data["outcome"]),
            reason=data["reason"],
            proof=tuple(ProofItem(**item) for item in data["proof"]),
            findings=tuple(Finding.from_dict(finding) for finding in data["findings"]),
            seconds=data["seconds"],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What happened in a rollout; a node's failure is a value in here.

    Attributes:
        rollout: id in the journal, by which it is shown, resumed and undone; empty when nothing was to be done.
        nodes: in the order of the plan.
        changes: names of the changes.
        started_at, ended_at: seconds since 1970.
        findings: about the rollout as a whole.
    """

    rollout: str
    nodes: tuple[NodeReport, ...]
    changes: tuple[str, ...] = ()
    started_at: float = 0.0
    ended_at: float = 0.0
    findings: tuple[Finding, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether every node ended as wanted."""
        return all(node.ok for node in self.nodes)

    @property
    def counts(self) -> dict[Outcome, int]:
        """How many nodes ended how; outcomes that did not happen are left out."""
        counted = Counter(node.outcome for node in self.nodes)
        return {outcome: counted[outcome] for outcome in Outcome if counted[outcome]}

    @property
    def advice(self) -> tuple[str, ...]:
        """What to do next, a sentence each."""
        sentences = []
        if any(node.outcome in {Outcome.PROVEN, Outcome.NOT_PROVEN} for node in self.nodes):
            sentences.append(SOURCE_OF_TRUTH)
        if self.rollout and not self.ok:
            sentences.append(
                f"See it again with `talospatch rollout show {self.rollout}`; go on with `talospatch rollout resume {self.rollout}`."
            )
        return tuple(sentences)

    def exit_code(self) -> ExitCode:
        """Return the exit code that the command line ends with."""
        return exit_code(node.outcome for node in self.nodes)

    def raise_on_failure(self) -> None:
        """Do nothing when every node ended as wanted.

        Raises:
            RolloutError: some did not; it has this report and names them.
        """
        bad = [node for node in self.nodes if not node.ok]
        if bad:
            lines = "".join(f"\n  {node.name}: {node.outcome.value}: {node.reason}" for node in bad)
            raise RolloutError(f"{len(bad)} of {len(self.nodes)} nodes did not end as wanted:{lines}", self)

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, as for JSON."""
        return {
            "schema": SCHEMA,
            "rollout": self.rollout,
            "changes": list(self.changes),
            "startedAt": self.started_at,
            "endedAt": self.ended_at,
            "exitCode": int(self.exit_code()),
            "findings": [finding.to_dict() for finding in self.findings],
            "nodes": [node.to_dict() for node in self.nodes],
            "advice": list(self.advice),
        }
