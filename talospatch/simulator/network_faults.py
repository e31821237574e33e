"""Faults of the network on request: which connection or call they hit is decided by a seed and by counting, never by the clock.

What goes wrong inside a node is part of the model (:class:`talospatch.simulator.spec.NodeFaults`). Here is what happens between a client
and an endpoint, whoever the node behind it is.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from enum import StrEnum


class FaultKind(StrEnum):
    """What goes wrong. The first group hits connections, the second calls."""

    REFUSED = "refused"  # nothing listens
    BLACK_HOLE = "black-hole"  # TCP is accepted and then nothing is said
    RESET_ON_ACCEPT = "reset-on-accept"
    EXPIRED_CERTIFICATE = "expired-certificate"
    FUTURE_CERTIFICATE = "future-certificate"
    WRONG_NAME = "wrong-name"  # a certificate for another host
    OTHER_AUTHORITY = "other-authority"  # a server certificate signed by somebody else
    SLOW_READER = "slow-reader"  # the endpoint takes our bytes slowly
    SLOW_WRITER = "slow-writer"  # the endpoint sends its bytes slowly
    LATENCY = "latency"
    SILENCE = "silence"  # the call is never answered
    RESET_BEFORE = "reset-before"  # the connection breaks and the node has not acted
    RESET_AFTER = "reset-after"  # the connection breaks and the node has acted
    GOAWAY = "goaway"  # the endpoint asks its clients to connect again; calls in flight go on
    UNREACHABLE = "unreachable"  # the endpoint cannot reach the node: apid's own UNAVAILABLE


ON_CALLS = frozenset(
    {
        FaultKind.LATENCY,
        FaultKind.SILENCE,
        FaultKind.RESET_BEFORE,
        FaultKind.RESET_AFTER,
        FaultKind.GOAWAY,
        FaultKind.UNREACHABLE,
    }
)


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault and where it strikes. Counting starts at 1 and is of what the fault's own selection matches.

    Attributes:
        endpoint: name of the node that was dialled; empty is any.
        node: the node that is asked, as the client named it; empty is any. For calls only.
        method: short name of the method, as ``Version``; empty is any. For calls only.
        first: the first match that it strikes.
        every: from then on each how manieth.
        times: how often it strikes at most; 0 is without end.
        chance: how likely each of those strikes, from 0 to 1.
        seconds: of latency.
        jitter: up to how many more seconds of latency.
        rate: bytes per second of a slow reader or writer.
    """

    kind: FaultKind
    endpoint: str = ""
    node: str = ""
    method: str = ""
    first: int = 1
    every: int = 1
    times: int = 0
    chance: float = 1.0
    seconds: float = 0.0
    jitter: float = 0.0
    rate: int = 64 * 1024


@dataclass(frozen=True, slots=True)
class Call:
    """A call as faults and hooks see it.

    Attributes:
        number: of all calls to the server, from 1.
        endpoint: name of the node that was dialled.
        node: as the client named it, ``a,b`` for several, empty for the endpoint itself.
        method: full path.
    """

    number: int
    endpoint: str
    node: str
    method: str


class Moment(StrEnum):
    """When a hook is called."""

    BEFORE = "before"  # the request is here and the node has not acted
    AFTER = "after"  # the node has acted and nothing has been answered


Hook = Callable[[Moment, Call], None]


@dataclass(slots=True)
class NetworkFaults:
    """All faults of one server.

    Attributes:
        seed: decides chances and jitter; the same seed and the same calls give the same faults.
        faults: may be changed while the server runs.
        hook: told of every call, twice; may do what it likes, such as killing the client.
    """

    seed: int = 0
    faults: list[Fault] = field(default_factory=list)
    hook: Hook | None = None
    _seen: Counter[Fault] = field(default_factory=Counter)
    _struck: Counter[Fault] = field(default_factory=Counter)

    @classmethod
    def of(cls, *faults: Fault, seed: int = 0, hook: Hook | None = None) -> NetworkFaults:
        """Return these faults."""
        return cls(seed, list(faults), hook)

    def refused(self, endpoint: str) -> bool:
        """Whether nothing is to listen at this endpoint now. Not a matter of counting: it lasts while the fault is there."""
        return any(fault.kind is FaultKind.REFUSED and fault.endpoint in ("", endpoint) for fault in self.faults)

    def on_connection(self, endpoint: str) -> dict[FaultKind, Fault]:
        """Return the faults that strike the connection which ``endpoint`` has just been asked for."""
        asked = (fault for fault in self.faults if fault.kind not in ON_CALLS and fault.kind is not FaultKind.REFUSED)
        return self._strike(fault for fault in asked if fault.endpoint in ("", endpoint))

    def on_call(self, call: Call) -> dict[FaultKind, Fault]:
        """Return the faults that strike this call."""
        short = call.method.rpartition("/")[2]
        nodes = call.node.split(",")
        return self._strike(
            fault
            for fault in self.faults
            if fault.kind in ON_CALLS
            and fault.endpoint in ("", call.endpoint)
            and (not fault.node or fault.node in nodes)
            and fault.method in ("", short)
        )

    def delay(self, fault: Fault) -> float:
        """Return the seconds by which this strike of ``fault`` delays."""
        return fault.seconds + self._draw(fault, "jitter") * fault.jitter

    def _strike(self, candidates: Iterable[Fault]) -> dict[FaultKind, Fault]:
        struck = {}
        for fault in candidates:
            self._seen[fault] += 1
            late = self._seen[fault] - fault.first
            if late < 0 or late % fault.every or (fault.times and self._struck[fault] >= fault.times):
                continue
            if fault.chance < 1 and self._draw(fault, "chance") >= fault.chance:
                continue
            self._struck[fault] += 1
            struck[fault.kind] = fault
        return struck

    def _draw(self, fault: Fault, purpose: str) -> float:
        """Draw a number that follows from the seed, the fault and its count, so that the order of other calls does not matter."""
        return random.Random(f"{self.seed}/{purpose}/{fault!r}/{self._seen[fault]}").random()  # noqa: S311 - a simulation
