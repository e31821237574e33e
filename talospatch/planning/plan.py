"""The plan of a rollout: per node what it has, what it would get, what that does, and whether it may go ahead.

Pure data. Making one changes nothing; showing one shows no secret: the bytes of the configurations are left out of ``repr`` and, unless
asked for, of :meth:`Plan.to_dict`.
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from talospatch.planning.effects import Consequence, Effect
from talospatch.planning.plain import proof_from_dict, proof_to_dict
from talospatch.talos.finding import Finding
from talospatch.talos.machine_type import MachineType

if TYPE_CHECKING:
    from talospatch.containerd.proof import FragmentProof
    from talospatch.planning.difference import NodeDifference
    from talospatch.planning.facts import NodeFacts

SCHEMA = 1


class Diverged(StrEnum):
    """What to do with a node whose active and persistent configuration differ."""

    REFUSE = "refuse"
    ACTIVE = "active"  # build on what runs now, and make it permanent
    PERSISTENT = "persistent"  # build on what is stored, and drop what runs now


class Strategy(StrEnum):
    """How a node is changed."""

    NOTHING = "nothing"
    TRY = "try-then-commit"
    REBOOT = "reboot"


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What the user allowed, and how long things may take.

    Attributes:
        max_unavailable: most nodes that may be down at once by a reboot, those already down included.
        no_drain: whether a node may reboot without having been drained.
        diverged: what to do with a node whose active and persistent configuration differ.
        server_check: whether planning asks each node, by a dry run in mode TRY, if it would take the configuration.
        try_window: seconds after which a trial reverts by itself.
        proof_timeout: seconds in which the effect must be seen.
        margin: seconds of the trial window that must be left when a trial is committed.
        reboot_timeout: seconds a rebooting node may take until it is back and running.
        stuck_timeout: seconds a node that answers may stand still in its boot until it counts as stuck.
        settle: seconds after a commit at which the node is read once more, for a rollback that was on its way.
        poll: seconds between two looks.
    """

    max_unavailable: int = 1
    no_drain: bool = False
    diverged: Diverged = Diverged.REFUSE
    server_check: bool = True
    try_window: float = 180.0
    proof_timeout: float = 75.0
    margin: float = 30.0
    reboot_timeout: float = 600.0
    stuck_timeout: float = 90.0
    settle: float = 2.0
    poll: float = 1.0

    def __post_init__(self) -> None:
        """Refuse numbers with which the rules could not hold.

        Raises:
            ValueError: a number is out of its range; the sentence says which.
        """
        if self.max_unavailable < 1:
            raise ValueError("max_unavailable is at least 1")
        if min(self.proof_timeout, self.margin, self.reboot_timeout, self.stuck_timeout, self.settle, self.poll) <= 0:
            raise ValueError("timeouts, margin, settle and poll are seconds above 0")
        if self.try_window < 2:
            # Talos runs the rollback of a window of 0 s possibly before the trial itself: it then never reverts.
            raise ValueError("the trial window is at least 2 seconds")
        if self.proof_timeout + self.margin >= self.try_window:
            raise ValueError(
                f"proof_timeout ({self.proof_timeout:g} s) plus margin ({self.margin:g} s) must be less than try_window "
                f"({self.try_window:g} s): a trial is committed only well inside its window"
            )

    def to_dict(self) -> dict[str, Any]:
        """Return plain values."""
        return {name: getattr(self, name) for name in self.__slots__}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Options:
        """Read what :meth:`to_dict` gave; names we do not know are left out."""
        known = {name: data[name] for name in cls.__slots__ if name in data}
        return cls(**{**known, "diverged": Diverged(known.get("diverged", Diverged.REFUSE))})


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a node is not touched.

    Attributes:
        code: a stable word for scripts, such as ``control-plane``.
        sentence: what is the matter, without secrets.
        hint: what to do.
        detail: more to look at, such as a difference, secrets marked; may have many lines.
    """

    code: str
    sentence: str
    hint: str = ""
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class NodePlan:
    """What would happen to one node.

    Attributes:
        node: address by which it is called.
        talos: tag of its version, as ``v1.14.0``; empty when unknown.
        facts: what was observed; None when the node could not be looked at.
        before: the exact bytes that the change builds on; empty when unknown.
        after: the exact bytes to apply; equal to ``before`` when there is nothing to do.
        difference: between the two; None when it could not be made.
        effect: the gravest of its effects.
        effects: what it does to the node, the gravest first; empty when that was not worked out.
        carrier: code of where the containerd fragment goes, such as ``legacy-entry``; empty when the change has none.
        proof: what the node's cri.toml must show afterwards; None when no change is a containerd fragment.
        error: why the node could not be planned, one sentence; empty when it was.
        check: the node's own word on the configuration: ``accepted``, ``accepted, needs a reboot``, ``not asked``.
    """

    node: str
    hostname: str = ""
    machine_type: MachineType = MachineType.UNKNOWN
    talos: str = ""
    facts: NodeFacts | None = None
    before: bytes = field(default=b"", repr=False)
    after: bytes = field(default=b"", repr=False)
    difference: NodeDifference | None = field(default=None, repr=False)
    carrier: str = ""
    effect: Effect = Effect.UNKNOWN
    effects: tuple[Consequence, ...] = ()
    strategy: Strategy = Strategy.NOTHING
    findings: tuple[Finding, ...] = ()
    refusals: tuple[Refusal, ...] = ()
    proof: FragmentProof | None = field(default=None, repr=False)
    error: str = ""
    check: str = "not asked"

    @property
    def changes(self) -> bool:
        """Whether its configuration would become another."""
        return self.before != self.after

    def does(self, effect: Effect) -> bool:
        """Whether this is among what happens on the node, be it the gravest or not."""
        return effect is self.effect or any(each.effect is effect for each in self.effects)

    @property
    def may_go_ahead(self) -> bool:
        """Whether nothing stands against it."""
        return not self.refusals and not self.error

    @property
    def to_do(self) -> bool:
        """Whether a rollout would change this node."""
        return self.changes and self.may_go_ahead

    @property
    def name(self) -> str:
        """Hostname where known, else the address."""
        return self.hostname or self.node

    def to_dict(self, *, secrets: bool = False, diff: str | None = None) -> dict[str, Any]:
        """Return plain values; with ``secrets`` the exact bytes too (base64), so that the plan can be read back.

        Args:
            secrets: whether to give the exact bytes, instead of what is shown of them.
            diff: text to use for the difference, when the caller has it; None makes it.
        """
        if diff is None:
            diff = self.difference.unified() if self.difference is not None and self.changes and not secrets else ""
        data: dict[str, Any] = {
            "node": self.node,
            "hostname": self.hostname,
            "machineType": self.machine_type.value,
            "talos": self.talos,
            "facts": self.facts.to_dict(secrets=secrets) if self.facts else None,
            "changes": self.changes,
            "diff": diff,
            "carrier": self.carrier,
            "effect": self.effect.value,
            "effects": [effect.to_dict() for effect in self.effects],
            "strategy": self.strategy.value,
            "findings": [finding.to_dict() for finding in self.findings],
            "refusals": [{name: getattr(refusal, name) for name in Refusal.__slots__} for refusal in self.refusals],
            "proof": proof_to_dict(self.proof, secrets=secrets) if self.proof else None,
            "error": self.error,
            "check": self.check,
        }
        if secrets:
            data |= {"before": b64encode(self.before).decode(), "after": b64encode(self.after).decode()}
        return data

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> NodePlan:
        """Read what ``to_dict(secrets=True)`` gave; the difference is made anew from the bytes.

        Raises:
            KeyError, ValueError: it was saved without the bytes, or is not a node's plan.
        """
        from talospatch.planning.difference import NodeDifference
        from talospatch.planning.facts import NodeFacts

        before, after = b64decode(data["before"], validate=True), b64decode(data["after"], validate=True)
        return cls(
            node=data["node"],
            hostname=data["hostname"],
            machine_type=MachineType(data["machineType"]),
            talos=data["talos"],
            facts=NodeFacts.from_dict(data["facts"]) if data["facts"] else None,
            before=before,
            after=after,
            difference=NodeDifference(before, after) if before and after else None,
            carrier=data["carrier"],
            effect=Effect(data["effect"]),
            effects=tuple(Consequence.from_dict(effect) for effect in data.get("effects", ())),
            strategy=Strategy(data["strategy"]),
            findings=tuple(Finding.from_dict(finding) for finding in data["findings"]),
            refusals=tuple(Refusal(**refusal) for refusal in data["refusals"]),
            proof=proof_from_dict(data["proof"]) if data["proof"] else None,
            error=data["error"],
            check=data["check"],
        )


@dataclass(frozen=True, slots=True)
class Group:
    """Nodes for which the plan says the same."""

    nodes: tuple[NodePlan, ...]

    @property
    def difference(self) -> NodeDifference | None:
        """The difference they share."""
        return self.nodes[0].difference

    @property
    def effect(self) -> Effect:
        """The gravest effect, which they share."""
        return self.nodes[0].effect

    @property
    def effects(self) -> tuple[Consequence, ...]:
        """What happens on each of them, the gravest first."""
        return self.nodes[0].effects

    @property
    def names(self) -> tuple[str, ...]:
        """Hostname or address of each."""
        return tuple(node.name for node in self.nodes)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What would happen to every node, in the order of the rollout.

    Attributes:
        nodes: one for each target, those that cannot be planned included.
        changes: names of the changes, as the user gave them.
        created_at: seconds since 1970.
        findings: about the fleet as a whole.
    """

    nodes: tuple[NodePlan, ...]
    changes: tuple[str, ...]
    options: Options = field(default_factory=Options)
    created_at: float = 0.0
    findings: tuple[Finding, ...] = ()

    @property
    def to_do(self) -> tuple[NodePlan, ...]:
        """The nodes that a rollout would change."""
        return tuple(node for node in self.nodes if node.to_do)

    @property
    def refused(self) -> tuple[NodePlan, ...]:
        """The nodes that would change but must not."""
        return tuple(node for node in self.nodes if node.refusals)

    @property
    def failed(self) -> tuple[NodePlan, ...]:
        """The nodes that could not be planned."""
        return tuple(node for node in self.nodes if node.error)

    @property
    def unchanged(self) -> tuple[NodePlan, ...]:
        """The nodes that have what is wanted already."""
        return tuple(node for node in self.nodes if not node.changes and node.may_go_ahead)

    @property
    def has_differences(self) -> bool:
        """Whether any node's configuration would become another, whether or not it may."""
        return any(node.changes for node in self.nodes)

    @property
    def counts(self) -> dict[str, int]:
        """How many nodes are ``to do``, ``unchanged``, ``refused`` and ``failed``; each node counts once."""
        kinds = Counter(
            "failed" if node.error else "refused" if node.refusals else "to do" if node.changes else "unchanged" for node in self.nodes
        )
        return {kind: kinds[kind] for kind in ("to do", "unchanged", "refused", "failed")}

    @property
    def groups(self) -> tuple[Group, ...]:
        """The nodes that would change, grouped by identical difference, effects and refusals, in the order of the rollout."""
        grouped: dict[Any, list[NodePlan]] = {}
        for node in self.nodes:
            if node.difference is not None and node.changes:
                codes = tuple(refusal.code for refusal in node.refusals)
                grouped.setdefault((node.difference.key, node.effect, node.effects, node.strategy, codes), []).append(node)
        return tuple(Group(tuple(nodes)) for nodes in grouped.values())

    def node(self, address: str) -> NodePlan:
        """Return the plan of one node.

        Raises:
            KeyError: the plan has no such node.
        """
        for node in self.nodes:
            if node.node == address:
                return node
        raise KeyError(address)

    def diff(self) -> str:
        """Return the grouped differences as text, secrets marked, each headed by the nodes it is for."""
        parts = [
            f"# {', '.join(group.names)}: {group.effect.value}\n{group.difference.unified()}" for group in self.groups if group.difference
        ]
        return "\n".join(parts)

    def to_dict(self, *, secrets: bool = False, shared: bool = False) -> dict[str, Any]:
        """Return plain values, as for JSON.

        Args:
            secrets: give what :meth:`from_dict` needs, too: keep that encrypted.
            shared: show identical differences by the text of their first node, whose context lines may be others: for a thousand nodes.
        """
        diffs: dict[str, str] = {}
        for group in self.groups if shared and not secrets else ():
            text = group.difference.unified() if group.difference else ""
            diffs |= {node.node: text for node in group.nodes}
        return {
            "schema": SCHEMA,
            "changes": list(self.changes),
            "createdAt": self.created_at,
            "options": self.options.to_dict(),
            "counts": self.counts,
            "findings": [finding.to_dict() for finding in self.findings],
            "nodes": [node.to_dict(secrets=secrets, diff=diffs.get(node.node)) for node in self.nodes],
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Plan:
        """Read what ``to_dict(secrets=True)`` gave.

        Raises:
            ValueError: it is of another schema, was saved without the bytes, or is no plan.
        """
        if data.get("schema") != SCHEMA:
            raise ValueError(f"a plan of schema {data.get('schema')!r}; this version reads {SCHEMA}")
        try:
            return cls(
                nodes=tuple(NodePlan.from_dict(node) for node in data["nodes"]),
                changes=tuple(data["changes"]),
                options=Options.from_dict(data["options"]),
                created_at=float(data["createdAt"]),
                findings=tuple(Finding.from_dict(finding) for finding in data["findings"]),
            )
        except (KeyError, TypeError) as error:
            raise ValueError(f"not a whole plan: {type(error).__name__}: {error}") from error
