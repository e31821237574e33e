"""One node's plan from what was observed on it: what it would get, what that does, and what stands against it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Protocol

from talospatch.containerd.carriers import describe
from talospatch.containerd.metrics import port_findings
from talospatch.errors import TalosPatchError
from talospatch.machineconfig.config import MachineConfig
from talospatch.planning.difference import NodeDifference
from talospatch.planning.effects import Consequence, Effect, effects_between, gravest
from talospatch.planning.plan import Diverged, NodePlan, Options, Refusal
from talospatch.planning.policy import Case, refusals, strategy
from talospatch.talos.machine_type import MachineType
from talospatch.versions import Fact, TalosVersion

if TYPE_CHECKING:
    from talospatch.containerd.proof import FragmentProof
    from talospatch.patching.patched import Patched
    from talospatch.planning.facts import NodeFacts
    from talospatch.talos.finding import Finding
    from talospatch.talos.resources import StoredConfig

OMNI_DOCUMENT = "SideroLinkConfig"


class Change(Protocol):
    """What turns a configuration into a new one; see :class:`talospatch.patching.change.Change`."""

    @property
    def name(self) -> str:
        """As the user gave it."""

    def apply(self, config: MachineConfig, *, talos: TalosVersion, fleet_has_older: bool = False) -> Patched:
        """Apply it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """What the changes make of one text on one version.

    Attributes:
        after: the bytes to apply; those before when the meaning is the same.
        effect: the gravest of its effects.
        metrics_before: where containerd is configured to listen before, or None.
        omni: whether the text says that the machine is managed through SideroLink.
        machine_type: what the text makes of the machine.
    """

    after: bytes = field(repr=False)
    difference: NodeDifference = field(repr=False)
    effect: Effect
    effects: tuple[Consequence, ...]
    findings: tuple[Finding, ...]
    proof: FragmentProof | None = field(repr=False)
    metrics_before: str | None
    omni: bool
    machine_type: MachineType


class Drafts:
    """Makes the plans of nodes; those with the same text and version share the work.

    Args:
        changes: applied in order.
        options: what the user allowed.
        fleet_has_older: whether some node of the fleet is too old for a document of its own.
        managed_by: what manages all of these configurations from elsewhere, or empty.
    """

    def __init__(self, changes: Sequence[Change], options: Options, *, fleet_has_older: bool, managed_by: str = "") -> None:
        self._changes, self._options, self._older, self._managed_by = list(changes), options, fleet_has_older, managed_by
        self._known: dict[tuple[bytes, str], Draft | TalosPatchError] = {}
        self._texts: dict[bytes, bytes] = {}

    def node(self, facts: NodeFacts, *, expected_hostname: str = "") -> NodePlan:
        """Return the plan of one node. What cannot be done is in it, as a refusal.

        Args:
            facts: the node, observed.
            expected_hostname: hostname by which the inventory knows the address; empty when it does not.
        """
        facts = replace(
            facts,
            managed_by=facts.managed_by or self._managed_by,
            hostname=facts.hostname or expected_hostname,
            active=self._shared(facts.active),
            persistent=self._shared(facts.persistent),
        )
        plan = NodePlan(node=facts.node, hostname=facts.hostname, machine_type=facts.machine_type, talos=facts.talos, facts=facts)
        case = Case(facts=facts, options=self._options, changes=False, expected_hostname=expected_hostname)
        base = facts.persistent if facts.diverged and self._options.diverged is Diverged.PERSISTENT else facts.active
        if base is None or case.version is None:
            return replace(plan, refusals=refusals(case) or (Refusal("no-configuration", "it has no machine configuration"),))
        if not case.version.can(Fact.WRITE):
            return replace(plan, before=base.data, after=base.data, refusals=refusals(replace(case, changes=True)))
        draft = self._draft(base.data, case.version)
        if isinstance(draft, TalosPatchError):
            return replace(plan, before=base.data, after=base.data, refusals=(*refusals(case), Refusal("change", str(draft))))
        try:
            return self._filled(plan, base.data, draft, case)
        except TalosPatchError as error:  # the other of two configurations that differ may be broken
            return replace(plan, before=base.data, after=base.data, refusals=(*refusals(case), Refusal("change", str(error))))

    def _filled(self, plan: NodePlan, before: bytes, draft: Draft, case: Case) -> NodePlan:
        facts, version = case.facts, case.version
        assert version is not None
        if draft.omni and not facts.managed_by:
            facts = replace(facts, managed_by=f"Omni (it has a {OMNI_DOCUMENT} document)")
        if draft.machine_type is MachineType.CONTROL_PLANE or facts.machine_type is MachineType.UNKNOWN:
            facts = replace(facts, machine_type=draft.machine_type)
        if facts.machine_type is MachineType.WORKER:
            facts = replace(facts, etcd_problem="")  # it was asked while nobody knew that it has none
        staged: tuple[Refusal, ...] = ()
        if facts.diverged and draft.after == before and self._options.diverged is not Diverged.REFUSE:
            before, draft = _settling(facts, self._options.diverged, draft, version)
            if draft.effect is Effect.REBOOT:  # and taking it back would be a reboot into the same text
                staged = (Refusal("staged", "it has what is wanted stored for its next boot already", "drain it and reboot it"),)
        changes = draft.after != before
        findings = (*draft.findings, *_port_findings(facts, draft))
        case = replace(case, facts=facts, changes=changes, effect=draft.effect, findings=findings)
        return replace(
            plan,
            machine_type=facts.machine_type,
            facts=facts,
            before=before,
            after=draft.after,
            difference=draft.difference,
            carrier=draft.proof.carrier if draft.proof else "",
            effect=draft.effect,
            effects=draft.effects if changes else (),
            strategy=strategy(changes, draft.effect, version),
            findings=findings,
            refusals=(*refusals(case), *staged),
            proof=draft.proof,
        )

    def _shared(self, config: StoredConfig | None) -> StoredConfig | None:
        """The same text of a thousand nodes, and of both configurations of one, is kept once."""
        return replace(config, data=self._texts.setdefault(config.data, config.data)) if config is not None else None

    def _draft(self, before: bytes, version: TalosVersion) -> Draft | TalosPatchError:
        key = (before, version.tag)
        if key not in self._known:
            try:
                self._known[key] = self._made(before, version)
            except TalosPatchError as error:
                self._known[key] = error
        return self._known[key]

    def _made(self, before: bytes, version: TalosVersion) -> Draft:
        config = MachineConfig.parse(before, source="its configuration")
        patched = config.patch(self._changes, talos=version, fleet_has_older=self._older)
        difference = config.diff(patched.config)
        after = patched.config.data if difference.entries else before  # the same text or the same meaning: nothing to apply
        effects = effects_between(config, patched.config, difference, version)
        return Draft(
            after=after,
            difference=NodeDifference(before, after, difference),
            effect=gravest(effects),
            effects=effects,
            findings=patched.findings,
            proof=patched.proof,
            metrics_before=describe(config, version).metrics_address,
            omni=any(document.kind == OMNI_DOCUMENT for document in config.documents),
            machine_type=MachineType.parse(str(config.get("machine.type", ""))),
        )


def _settling(facts: NodeFacts, build_on: Diverged, draft: Draft, version: TalosVersion) -> tuple[bytes, Draft]:
    """Return the text to be given up, and what giving it up comes to, where the one that is built on holds the change already."""
    assert facts.active is not None
    assert facts.persistent is not None
    active, persistent = facts.active.data, facts.persistent.data
    former, kept = (persistent, active) if build_on is Diverged.ACTIVE else (active, persistent)
    old, new = MachineConfig.parse(former, source="its configuration"), MachineConfig.parse(kept, source="its configuration")
    difference = old.diff(new)
    # What runs stays as it is, or becomes what is stored.
    effects = () if build_on is Diverged.ACTIVE else effects_between(old, new, difference, version)
    effect = Effect.LIVE if build_on is Diverged.ACTIVE else gravest(effects)
    settled = NodeDifference(former, kept, difference)
    return former, replace(draft, after=kept, difference=settled, effect=effect, effects=effects)


def _port_findings(facts: NodeFacts, draft: Draft) -> tuple[Finding, ...]:
    """Whether another process has the port that containerd is to listen on: containerd would then not start."""
    address = draft.proof.metrics_address if draft.proof and draft.proof.about_metrics else None
    if not address or facts.listeners is None:
        return ()
    return port_findings(address, facts.listeners, current=draft.metrics_before)
