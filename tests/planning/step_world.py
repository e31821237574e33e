"""A small node, with a clock, on which the steps of a rollout are tried: rules of its own, so that it does not agree by construction."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from talospatch.containerd.proof import ExpectedPart, FragmentProof
from talospatch.errors import InvalidOnNode, JournalError, NodeBusy, NodeTimeout, NodeUnavailable, TalosPatchError
from talospatch.planning.actions import Action, Depth, Kind, Seen
from talospatch.planning.effects import Effect
from talospatch.planning.facts import NodeFacts
from talospatch.planning.plan import NodePlan, Options, Strategy
from talospatch.planning.steps import begin, step
from talospatch.talos.apply import ApplyMode, ApplyReply
from talospatch.talos.machine_type import MachineType
from talospatch.talos.node import Listener, MachineStatus, Service
from talospatch.talos.resources import StoredConfig

if TYPE_CHECKING:
    from talospatch.planning.state import State

BEFORE, AFTER, OTHER = b"machine: {type: worker}\n", b"machine: {type: worker, metrics: on}\n", b"machine: {type: worker, by: somebody}\n"
HEADER = '## in-memory customization "talospatch-metrics"'
CONTENT = b'[metrics]\n  address = "0.0.0.0:11234"\n'
PROOF = FragmentProof("own-document", (ExpectedPart(HEADER, CONTENT),), "0.0.0.0:11234", about_metrics=True)


@dataclass
class World:
    """One node. Set the attributes to make it misbehave."""

    talos: str = "v1.14.0"
    now: float = 1000.0
    active: bytes = BEFORE
    persistent: bytes = BEFORE
    boot: int = 1
    revert_at: float | None = None
    revert_to: bytes = BEFORE
    late_rollback: float | None = None  # seconds after a commit at which a cancelled rollback lands all the same
    rollback_again: bool = False  # after each further apply too
    down_until: float = 0.0
    booting_until: float = 0.0
    stuck_with: bytes | None = None  # a configuration with which the boot stands still
    loops_with: bytes | None = None  # one with which it boots for ever
    containerd_takes: Callable[[bytes], bool] = lambda _config: True
    settle: float = 1.5
    changed_at: float = 0.0
    refuse: list[TalosPatchError | None] = field(default_factory=list)  # one for each apply, before it acts
    lose_answer: list[bool] = field(default_factory=list)  # one for each apply, after it acted
    journal_fails: set[str] = field(default_factory=set)
    look_fails: list[TalosPatchError | None] = field(default_factory=list)
    reboots: bool = True
    returns: bool = True  # from a reboot
    forgets: bool = False  # what it was given, at a reboot
    slowness: float = 1.0
    taken_over_at: int = 0  # number of the action before which somebody else applies OTHER
    log: list[Action] = field(default_factory=list)
    applies: list[tuple[ApplyMode, bytes]] = field(default_factory=list)

    def advance(self, seconds: float) -> None:
        self.now += seconds * self.slowness
        if self.revert_at is not None and self.now >= self.revert_at:
            self.active, self.revert_at, self.changed_at = self.revert_to, None, self.now
        if self.loops_with is not None and self.persistent == self.loops_with and self.boot > 1 and self.now >= self.booting_until:
            self._reboot()

    def _reboot(self) -> None:
        self.boot += 1
        if self.forgets:
            self.persistent = BEFORE
        self.active, self.revert_at = self.persistent, None
        self.down_until, self.booting_until = self.now + 5 if self.returns else 1e12, self.now + 15

    def act(self, action: Action) -> Seen:
        """Do one action."""
        self.log.append(action)
        if len(self.log) == self.taken_over_at:
            self.active, self.persistent, self.revert_at = OTHER, OTHER, None
        facts = reply = error = None
        try:
            if action.kind is Kind.LOOK:
                facts = self._look(action)
            elif action.kind is Kind.APPLY:
                reply = self._apply(action)
            elif action.kind is Kind.JOURNAL and action.event in self.journal_fails:
                raise JournalError("no space left on device")
            elif action.kind is Kind.SLEEP:
                self.advance(action.seconds)
        except TalosPatchError as problem:
            error = problem
        return Seen(now=self.now, at=self.now + 1e9, facts=facts, reply=reply, error=error)

    def _look(self, action: Action) -> NodeFacts:
        self.advance(0.02)
        failure = self.look_fails.pop(0) if self.look_fails else None
        if failure is not None:
            raise failure
        if self.now < self.down_until:
            raise NodeUnavailable("n", "Version", "UNAVAILABLE", "connection refused")
        facts = self.facts()
        return facts if action.depth is Depth.EVERYTHING else replace(facts, services=(), listeners=None, status=None, cri_toml=None)

    def facts(self) -> NodeFacts:
        """What the node is now."""
        live = self.talos >= "v1.14"
        stuck = self.stuck_with is not None and self.active == self.stuck_with and self.boot > 1
        running = self.now >= self.booting_until and not stuck
        settled = self.now >= self.changed_at + self.settle if live else running
        effective = self.active if settled else b""
        has_metrics = effective == AFTER and self.containerd_takes(AFTER)
        healthy = running and settled and self.containerd_takes(self.active)
        cri = Service("cri", "Running" if healthy else "Failed", healthy, started=self.changed_at + self.boot if healthy else 1.0)
        kubelet = Service("kubelet", "Running" if healthy else "Waiting", healthy)
        line = f"{HEADER} (sha256:{hashlib.sha256(CONTENT).hexdigest()})\n" if effective == AFTER else ""
        body = '[metrics]\naddress = "0.0.0.0:11234"\n' if effective == AFTER else ""
        return NodeFacts(
            node="10.0.0.5",
            hostname="worker-1",
            machine_type=MachineType.WORKER,
            talos=self.talos,
            machine_uuid="uuid-1",
            boot_id=f"boot-{self.boot}",
            status=MachineStatus("running" if running else "booting", running, () if running else (("services", "cri"),)),
            services=(cri, kubelet),
            listeners=(Listener("tcp6", "::", 11234, "LISTEN", "containerd"),) if has_metrics else (),
            active=StoredConfig(self.active, str(self.boot)),
            persistent=StoredConfig(self.persistent, str(self.boot)),
            cri_toml=line + body,
        )

    def _apply(self, action: Action) -> ApplyReply:
        assert action.mode is not None
        self.advance(0.05)
        refusal = self.refuse.pop(0) if self.refuse else None
        if refusal is not None:
            raise refusal
        if self.now < self.down_until:
            raise NodeUnavailable("n", "ApplyConfiguration", "UNAVAILABLE", "connection refused")
        self.applies.append((action.mode, action.data))
        mode: int = action.mode
        if action.mode is ApplyMode.TRY:
            assert action.window is not None
            self.revert_to, self.revert_at = self.active, self.now + action.window
            self._activate(action.data)
        elif action.mode is ApplyMode.AUTO and self.talos < "v1.14":
            self.persistent, mode = action.data, 0
            if self.reboots:
                self._reboot()
        else:
            cancelled, self.revert_at = self.revert_at is not None, None
            self.persistent = action.data
            self._activate(action.data)
            if (cancelled or self.rollback_again) and self.late_rollback is not None:
                self.revert_at = self.now + self.late_rollback
                self.late_rollback = self.late_rollback if self.rollback_again else None
        if self.lose_answer and self.lose_answer.pop(0):
            raise NodeTimeout("n", "ApplyConfiguration", "DEADLINE_EXCEEDED", "no answer")
        return ApplyReply(mode, "")

    def _activate(self, data: bytes) -> None:
        if data != self.active:
            self.active, self.changed_at = data, self.now


def plan_for(world: World, *, effect: Effect | None = None) -> NodePlan:
    """The plan that a planner would make for this node now."""
    facts = world.facts()
    live = world.talos >= "v1.14"
    return NodePlan(
        node=facts.node,
        hostname=facts.hostname,
        machine_type=facts.machine_type,
        talos=facts.talos,
        facts=facts,
        before=BEFORE,
        after=AFTER,
        effect=effect or (Effect.CRI_RESTART if live else Effect.REBOOT),
        strategy=Strategy.TRY if live else Strategy.REBOOT,
        proof=PROOF,
    )


def run(
    world: World, plan: NodePlan | None = None, options: Options | None = None, *, state: State | None = None, most: int = 5000
) -> Action:
    """Take every step until the end, and return the last action."""
    state = state or begin(plan or plan_for(world), options or Options())
    seen = Seen(now=world.now, at=world.now)
    for _ in range(most):
        state, action = step(state, seen)
        if action.kind is Kind.FINISH:
            return action
        seen = world.act(action)
    raise AssertionError(f"no end after {most} steps, in phase {state.phase}")


def busy() -> NodeBusy:
    """What a node says while another apply goes on."""
    return NodeBusy("10.0.0.5", "ApplyConfiguration", "FAILED_PRECONDITION", "another apply is in progress on the node")


def invalid() -> InvalidOnNode:
    """What a node says of a configuration that it does not take."""
    return InvalidOnNode("10.0.0.5", "ApplyConfiguration", "INVALID_ARGUMENT", "unknown keys found during decoding")


def lost() -> NodeUnavailable:
    """What comes of a connection that breaks."""
    return NodeUnavailable("10.0.0.5", "ApplyConfiguration", "UNAVAILABLE", "connection lost")
