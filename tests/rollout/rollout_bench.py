"""A simulated cluster, a client, a journal and a clock for tests of rollouts; and a way to kill the client at any action."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterable, Coroutine, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from talospatch.patching.change import Change
from talospatch.planning.plan import Options, Plan
from talospatch.rollout.executor import Progress, execute
from talospatch.rollout.journal import JournalStore
from talospatch.rollout.observe import Reading, observe
from talospatch.rollout.places import Places
from talospatch.rollout.planner import make_plan
from talospatch.rollout.resume import resume
from talospatch.rollout.undo import plan_undo
from talospatch.simulator.clock import VirtualClock
from talospatch.simulator.cluster import SimulatedCluster
from talospatch.simulator.memory import MemoryTransport
from talospatch.simulator.network_faults import NetworkFaults
from talospatch.simulator.spec import ClusterSpec, NodeSpec, Timings
from talospatch.talos.machine_type import MachineType
from talospatch.talosapi.client import Client
from talospatch.wire.methods import APPLY_CONFIGURATION, Method

if TYPE_CHECKING:
    import pytest
    from google.protobuf.message import Message

    from talospatch.planning.draft import Change as AnyChange
    from talospatch.planning.facts import NodeFacts
    from talospatch.planning.report import Report

METRICS = Change.parse('[metrics]\n  address = "0.0.0.0:11234"\n', source="containerd-metrics.toml", name="containerd-metrics")
OPTIONS = Options(no_drain=True, try_window=60, proof_timeout=20, margin=15, reboot_timeout=60, stuck_timeout=15, poll=3, settle=1)
_T = TypeVar("_T")


class Killed(BaseException):
    """The client is no more."""


@dataclass
class Ticks:
    """Numbers everything that reaches the world, and ends the client at one of them.

    ``kill_at`` is the number at which it dies; ``for_good`` tells SIGKILL, after which nothing more is done, from Ctrl-C, after which it
    cleans up.
    """

    kill_at: int = 0
    for_good: bool = True
    kinds: list[str] = field(default_factory=list)
    dead: bool = False

    @property
    def count(self) -> int:
        """How many there were."""
        return len(self.kinds)

    def tick(self, kind: str) -> None:
        """One effect."""
        if self.dead:
            raise Killed
        self.kinds.append(kind)
        if self.count == self.kill_at:
            self.dead = self.for_good
            raise Killed


@dataclass(frozen=True)
class Row:
    """A node as an inventory has it."""

    address: str
    hostname: str
    machine_type: MachineType
    talos: str = ""
    error: str = ""


class Clock:
    """The cluster's virtual time, as a rollout sees it."""

    def __init__(self, virtual: VirtualClock, ticks: Ticks) -> None:
        self._virtual, self._ticks = virtual, ticks

    def now(self) -> float:
        return self._virtual.now()

    def at(self) -> float:
        return self._virtual.now()

    async def sleep(self, seconds: float) -> None:
        self._ticks.tick("sleep")
        await self._virtual.sleep(seconds)


@dataclass(frozen=True)
class Sent:
    """A request as the node saw it."""

    node: str
    method: str
    timeout: float
    request: Any


class Watched(MemoryTransport):
    """Notes every request, and lets the client die before it is sent and after the node has acted."""

    def __init__(self, cluster: SimulatedCluster, clock: VirtualClock, ticks: Ticks, sent: list[Sent], **others: Any) -> None:
        super().__init__(cluster, clock, **others)
        self._ticks, self._sent = ticks, sent

    async def unary(self, method: Method, node: str, request: Message, timeout: float) -> Any:
        self._ticks.tick(f"before {method.name}")
        self._sent.append(Sent(node, method.name, timeout, request))
        answer = await super().unary(method, node, request, timeout)
        self._ticks.tick(f"after {method.name}")
        return answer

    async def stream(self, method: Method, node: str, requests: Message | AsyncIterable[Message], timeout: float) -> Any:
        self._ticks.tick(f"before {method.name}")
        self._sent.append(Sent(node, method.name, timeout, requests))
        async for message in super().stream(method, node, requests, timeout):
            yield message


@dataclass
class Bench:
    """Everything of one cluster and its operator."""

    spec: ClusterSpec
    home: Path
    faults: NetworkFaults = field(default_factory=NetworkFaults)
    roles: tuple[str, ...] = ("os:admin",)
    ticks: Ticks = field(default_factory=Ticks)
    sent: list[Sent] = field(default_factory=list)
    seen: list[Progress] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.time = VirtualClock()
        self.cluster = SimulatedCluster(self.spec, self.time.now())
        self.store = JournalStore(Places.of({"HOME": str(self.home)}))

    @property
    def client(self) -> Client:
        transport = Watched(self.cluster, self.time, self.ticks, self.sent, roles=self.roles, faults=self.faults)
        return Client(transport, sleep=self.time.sleep, clock=self.time.now, spread=lambda: 0.5)

    @property
    def clock(self) -> Clock:
        return Clock(self.time, self.ticks)

    def rows(self, *, every: bool = False) -> list[Row]:
        nodes = [node for node in self.spec.nodes if every or node.machine_type == "worker"]
        return [Row(node.address, node.name, MachineType.parse(node.machine_type)) for node in nodes]

    def plan(
        self, options: Options = OPTIONS, *, rows: Sequence[Row] | None = None, changes: Sequence[AnyChange] = (METRICS,), **others: Any
    ) -> Plan:
        return run(make_plan(self.client, self.rows() if rows is None else rows, changes, options, now=self.time.now(), **others))

    def apply(self, plan: Plan, **others: Any) -> Report:
        return run(execute(self.client, plan, self.store, scope="sim", clock=self.clock, watch=self.seen.append, **others))

    def resume(self, rollout: str = "last") -> Report:
        return run(resume(self.client, self.store, rollout, scope="sim", clock=self.clock, watch=self.seen.append))

    def plan_undo(self, rollout: str = "last", options: Options = OPTIONS) -> Plan:
        return run(plan_undo(self.client, self.store, rollout, options, now=self.time.now()))

    def facts(self, node: str) -> NodeFacts:
        """What a node has, read by somebody else."""
        client = Client(MemoryTransport(self.cluster, self.time), sleep=self.time.sleep, clock=self.time.now, spread=lambda: 0.5)
        return run(observe(client, node, Reading.PLAN, machine_type=MachineType.WORKER))

    def has(self, node: str) -> tuple[bytes, bytes]:
        """Its active and its persistent configuration."""
        facts = self.facts(node)
        assert facts.active is not None
        assert facts.persistent is not None
        return facts.active.data, facts.persistent.data

    def applies(self, node: str = "") -> list[str]:
        """The apply requests that were sent, as ``TRY``, ``NO_REBOOT`` …, dry runs as ``dry TRY``."""
        from talospatch.talos.apply import ApplyMode

        wanted = [one for one in self.sent if one.method == APPLY_CONFIGURATION.name and node in {"", one.node}]
        return [f"{'dry ' if one.request.dry_run else ''}{ApplyMode(one.request.mode).name}" for one in wanted]

    def outcomes(self, report: Report) -> dict[str, str]:
        return {node.name: node.outcome.value for node in report.nodes}


def run(work: Coroutine[Any, Any, _T]) -> _T:
    """Run to the end in a loop of its own."""
    return asyncio.run(work)


def spec_of(*workers: NodeSpec, timings: Timings | None = None) -> ClusterSpec:
    """One control plane and these workers."""
    control_plane = NodeSpec("cp-1", "10.5.0.2", "controlplane")
    return ClusterSpec(nodes=(control_plane, *workers), timings=timings or Timings())


def count_disk(monkeypatch: pytest.MonkeyPatch, ticks: Ticks) -> None:
    """Make each write and each fsync an effect; a client killed in a write leaves half of it."""
    write = os.write

    def counted_write(descriptor: int, data: Any) -> int:
        try:
            ticks.tick("write")
        except Killed:
            write(descriptor, bytes(data)[: len(data) // 2])
            raise
        return write(descriptor, data)

    def counted_fsync(descriptor: int) -> None:
        ticks.tick("fsync")  # and no real one: the machine does not lose power

    monkeypatch.setattr(os, "write", counted_write)
    monkeypatch.setattr(os, "fsync", counted_fsync)
