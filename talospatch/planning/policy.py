"""Which node may go ahead: one function a rule, each a sentence and a way out.

The rules look at what was observed and at what the user allowed, never at the network. All that apply are given, not only the first.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from talospatch.errors import VersionError
from talospatch.planning.effects import Effect
from talospatch.planning.facts import CONTAINER
from talospatch.planning.plan import Diverged, NodePlan, Options, Refusal, Strategy
from talospatch.talos.finding import Finding, Severity
from talospatch.talos.machine_type import MachineType
from talospatch.versions import Fact, TalosVersion

if TYPE_CHECKING:
    from talospatch.planning.facts import NodeFacts

ADMIN = "os:admin"
_BUDGET = "unavailable-budget"


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One node on which the rules are asked.

    Attributes:
        expected_hostname: hostname by which the inventory knows this address; empty when it does not.
        changes: whether its configuration would become another; None when it could not be told.
    """

    facts: NodeFacts
    options: Options
    changes: bool | None
    effect: Effect = Effect.UNKNOWN
    findings: tuple[Finding, ...] = ()
    expected_hostname: str = ""

    @property
    def version(self) -> TalosVersion | None:
        """The node's version, or None when it names none."""
        try:
            return TalosVersion.parse(self.facts.talos)
        except VersionError:
            return None


def refusals(case: Case) -> tuple[Refusal, ...]:
    """Return everything that stands against changing this node; empty when it may go ahead."""
    rules = _ALWAYS if case.changes is False else (*_ALWAYS, *_WHEN_CHANGED)
    return tuple(refusal for rule in rules if (refusal := rule(case)) is not None)


def strategy(changes: bool, effect: Effect, talos: TalosVersion) -> Strategy:
    """Return how a node is changed: by a trial wherever Talos takes one, else by the reboot that comes with it."""
    if not changes:
        return Strategy.NOTHING
    reboots = effect in {Effect.REBOOT, Effect.UNKNOWN} and not talos.can(Fact.NO_REBOOT_MODE)
    return Strategy.REBOOT if reboots else Strategy.TRY


def within_budget(nodes: Sequence[NodePlan], options: Options) -> tuple[NodePlan, ...]:
    """Refuse reboots while as many nodes are down already as may be unavailable at once.

    Nodes go one at a time, so one more than those already down is what a reboot makes of it. What an earlier call refused is judged anew.
    """
    nodes = [replace(node, refusals=tuple(refusal for refusal in node.refusals if refusal.code != _BUDGET)) for node in nodes]
    down = [node for node in nodes if node.error or (node.facts is not None and node.facts.status is not None and not node.facts.running)]
    if len(down) < options.max_unavailable:
        return tuple(nodes)
    refusal = Refusal(
        _BUDGET,
        f"it would reboot while {len(down)} of the targets ({', '.join(node.name for node in down[:5])}) are down already, "
        f"and at most {options.max_unavailable} may be",
        "repair those first, or raise --max-unavailable",
    )
    return tuple(
        replace(node, refusals=(*node.refusals, refusal)) if node.strategy is Strategy.REBOOT and not node.error else node for node in nodes
    )


def one_machine_each(nodes: Sequence[NodePlan]) -> tuple[NodePlan, ...]:
    """Refuse every target but the first that turns out to be the same machine by another address.

    Told by the boot id, which is drawn at each boot; the firmware's UUID may be shared by machines of one make, or missing. Containers
    share the kernel and so the boot id of their host: among these the host name tells, too.
    """
    first: dict[tuple[str, str], NodePlan] = {}
    result = []
    for node in nodes:
        boot = node.facts.boot_id if node.facts else ""
        container = node.facts is not None and node.facts.platform == CONTAINER
        known = first.setdefault((boot, node.hostname if container else ""), node) if boot else node
        if known is node:
            result.append(node)
        else:
            sentence = f"it is the same machine as {known.node} (boot id {boot})"
            result.append(replace(node, refusals=(*node.refusals, Refusal("same-machine", sentence, "name each machine once"))))
    return tuple(result)


def moved(then: NodeFacts, now: NodeFacts) -> str:
    """Return what moved on a node since its plan was made, as one sentence; empty when nothing did.

    What a rollout depends on and cannot be read counts as moved: nothing is applied on a guess.
    """
    for name, label in (("talos", "its Talos version"), ("boot_id", "its boot id"), ("stage", "its stage")):
        old, new = getattr(then, name), getattr(now, name)
        if not old:
            return f"{label} was not read when the plan was made"
        if not new:
            return f"{label} cannot be read now: {now.unread.get('status' if name == 'stage' else name, 'no answer')}"
        if old != new:
            return f"{label} was {old} and is {new}" + (" (it has rebooted)" if name == "boot_id" else "")
    if "machine_uuid" in now.unread or then.machine_uuid != now.machine_uuid:  # some firmware gives none: empty then, and empty now
        return f"its machine UUID was {then.machine_uuid or 'none'} and is {now.unread.get('machine_uuid') or now.machine_uuid or 'none'}"
    if then.running and not now.running:
        return "it was ready and is no longer"
    for name, label in (("active", "active"), ("persistent", "persistent")):
        old, new = getattr(then, name), getattr(now, name)
        if old is None or new is None:
            return f"its {label} configuration cannot be read: {(now if new is None else then).unread.get(name, 'no answer')}"
        if old.data != new.data:
            return f"its {label} configuration has become another"
    return ""


def _version_known(case: Case) -> Refusal | None:
    if case.version is not None:
        return None
    seen = f"{case.facts.talos[:40]!r} names no Talos version" if case.facts.talos else case.facts.unread.get("talos", "it gave no version")
    return Refusal(
        "unknown-version", f"its Talos version is not known: {seen}", "what a change does depends on the version; nothing is guessed"
    )


def _old_enough(case: Case) -> Refusal | None:
    if case.version is None or case.version.can(Fact.WRITE):
        return None
    return Refusal(
        "inspect-only",
        f"it runs Talos {case.version}; nodes older than {Fact.WRITE.since} are inspected, never changed",
        "upgrade Talos first",
    )


def _readable(case: Case) -> Refusal | None:
    missing = [name for name in ("active", "persistent") if getattr(case.facts, name) is None and name in case.facts.unread]
    if not missing:
        return None
    return Refusal(
        "unreadable-configuration",
        f"its machine configuration cannot be read ({case.facts.unread[missing[0]]})",
        f"reading it needs a talosconfig with the role {ADMIN}",
    )


def _itself(case: Case) -> Refusal | None:
    expected, hostname = case.expected_hostname, case.facts.hostname
    if not expected or not hostname or expected.partition(".")[0] == hostname.partition(".")[0]:
        return None
    return Refusal(
        "answers-for-another", f"the inventory knows this address as {expected}, and {hostname} answers", "refresh what names the nodes"
    )


def _running(case: Case) -> Refusal | None:
    status = case.facts.status
    if status is None:
        if "status" not in case.facts.unread:
            return None
        return Refusal("not-running", f"its stage is not known: {case.facts.unread['status']}", "look at the node first")
    if case.facts.running:
        return None
    unmet = ", ".join(name for name, _reason in status.unmet)
    return Refusal(
        "not-running",
        f"it is in stage {status.stage!r}" + (f" and waits for {unmet}" if unmet else "" if status.ready else " and not ready"),
        "wait until it is running and ready",
    )


def _converged(case: Case) -> Refusal | None:
    if not case.facts.diverged or case.options.diverged is not Diverged.REFUSE:
        return None
    return Refusal(
        "diverged",
        "its active and its persistent configuration differ: an unpersisted or staged difference; "
        "whether a rollback is pending cannot be known",
        "wait a few minutes for a trial to end, or say which one to build on: --diverged active or --diverged persistent",
    )


def _workers_only(case: Case) -> Refusal | None:
    if case.facts.machine_type is MachineType.WORKER:
        return None
    if case.facts.machine_type is MachineType.CONTROL_PLANE:
        return Refusal(
            "control-plane",
            "it is a control-plane node, and only workers are changed: talospatch does not watch over etcd yet",
            "change it with talosctl, one node at a time, with etcd healthy before and after",
        )
    return Refusal(
        "unknown-role", "whether it is a worker or a control-plane node is not known", "see what `talosctl get machinetype` says on it"
    )


def _etcd_healthy(case: Case) -> Refusal | None:
    problem = case.facts.etcd_problem
    return Refusal("etcd", f"etcd is not healthy: {problem}", "repair etcd before a control-plane node is touched") if problem else None


def _unmanaged(case: Case) -> Refusal | None:
    if not case.facts.managed_by:
        return None
    return Refusal(
        "managed",
        f"its configuration is managed by {case.facts.managed_by}, which would undo the change",
        "put the patch there instead; `talospatch patches show` prints a bundled one",
    )


def _no_errors(case: Case) -> Refusal | None:
    errors = [finding for finding in case.findings if finding.severity is Severity.ERROR]
    if not errors:
        return None
    first = errors[0]
    place = f"{first.path}: " if first.path else ""
    more = f" (and {len(errors) - 1} more)" if len(errors) > 1 else ""
    return Refusal(first.code, f"{place}{first.message}{more}", first.hint)


def _drained(case: Case) -> Refusal | None:
    if case.effect not in {Effect.REBOOT, Effect.UNKNOWN} or case.options.no_drain:
        return None
    if case.version is None or not case.version.can(Fact.WRITE) or case.version.can(Fact.NO_REBOOT_MODE):
        return None
    return Refusal(
        "needs-drain",
        f"on Talos {case.facts.talos} this reboots the node, and talospatch cannot drain it yet",
        "drain it yourself and pass --no-drain: the node then reboots as it is, its pods are killed and come back with it or elsewhere",
    )


_ALWAYS = (_version_known, _readable, _itself, _converged)
_WHEN_CHANGED = (_old_enough, _running, _workers_only, _etcd_healthy, _unmanaged, _no_errors, _drained)
