"""Faults of the network strike by counting and by seed, and never by chance alone."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from talospatch.simulator.network_faults import ON_CALLS, Call, Fault, FaultKind, NetworkFaults

READ = "/machine.MachineService/Read"
VERSION = "/machine.MachineService/Version"


def _strikes(faults: NetworkFaults, count: int, *, node: str = "10.5.0.3", method: str = READ, endpoint: str = "cp-1") -> list[int]:
    """Numbers of the calls that were struck."""
    return [number for number in range(1, count + 1) if faults.on_call(Call(number, endpoint, node, method))]


@pytest.mark.parametrize(
    ("fault", "struck"),
    [
        (Fault(FaultKind.SILENCE), [1, 2, 3, 4, 5, 6, 7, 8]),
        (Fault(FaultKind.SILENCE, first=3), [3, 4, 5, 6, 7, 8]),
        (Fault(FaultKind.SILENCE, every=3), [1, 4, 7]),
        (Fault(FaultKind.SILENCE, first=2, every=2, times=2), [2, 4]),
        (Fault(FaultKind.SILENCE, chance=0.0), []),
    ],
)
def test_a_fault_strikes_the_calls_that_it_counts(fault: Fault, struck: list[int]) -> None:
    """First, every and times count what the fault's own selection matches."""
    assert _strikes(NetworkFaults.of(fault), 8) == struck


@pytest.mark.parametrize(
    ("fault", "hit"),
    [
        (Fault(FaultKind.LATENCY, node="10.5.0.3"), True),
        (Fault(FaultKind.LATENCY, node="10.5.0.4"), False),
        (Fault(FaultKind.LATENCY, method="Read"), True),
        (Fault(FaultKind.LATENCY, method="Version"), False),
        (Fault(FaultKind.LATENCY, endpoint="cp-1"), True),
        (Fault(FaultKind.LATENCY, endpoint="cp-2"), False),
    ],
)
def test_a_fault_strikes_only_what_it_selects(fault: Fault, hit: bool) -> None:
    """By node as the client named it, by method and by endpoint."""
    assert bool(_strikes(NetworkFaults.of(fault), 1)) is hit


def test_calls_that_a_fault_does_not_select_are_not_counted() -> None:
    """The third Read is struck, however many other calls lie between."""
    faults = NetworkFaults.of(Fault(FaultKind.RESET_AFTER, method="Read", first=3, times=1))
    methods = [READ, VERSION, READ, VERSION, VERSION, READ, READ]
    struck = [number for number, method in enumerate(methods) if faults.on_call(Call(number, "cp-1", "", method))]
    assert struck == [5]


@given(seed=st.integers(0, 1000), chance=st.floats(0.05, 0.95))
def test_the_same_seed_strikes_the_same_calls(seed: int, chance: float) -> None:
    """And calls to other nodes in between change nothing."""
    fault = Fault(FaultKind.RESET_BEFORE, node="10.5.0.3", chance=chance)
    alone, beside = NetworkFaults.of(fault, seed=seed), NetworkFaults.of(fault, seed=seed)
    first, second = [], []
    for number in range(30):
        first.append(bool(alone.on_call(Call(number, "cp-1", "10.5.0.3", READ))))
        beside.on_call(Call(number, "cp-1", "10.5.0.9", READ))
        second.append(bool(beside.on_call(Call(number, "cp-1", "10.5.0.3", READ))))
    assert first == second


@given(seed=st.integers(0, 1000))
def test_jitter_stays_within_its_bounds(seed: int) -> None:
    """Latency is at least its seconds and at most as much more as its jitter."""
    fault = Fault(FaultKind.LATENCY, seconds=0.2, jitter=0.3)
    faults = NetworkFaults.of(fault, seed=seed)
    for number in range(5):
        struck = faults.on_call(Call(number, "cp-1", "", READ))
        assert 0.2 <= faults.delay(struck[FaultKind.LATENCY]) <= 0.5


def test_a_refused_endpoint_stays_refused_until_the_fault_is_taken_away() -> None:
    """It is a state, not a matter of counting."""
    fault = Fault(FaultKind.REFUSED, endpoint="cp-1")
    faults = NetworkFaults.of(fault)
    assert [faults.refused(name) for name in ("cp-1", "cp-1", "cp-2")] == [True, True, False]
    faults.faults.remove(fault)
    assert not faults.refused("cp-1")


@pytest.mark.parametrize("kind", [kind for kind in FaultKind if kind is not FaultKind.REFUSED])
def test_each_fault_strikes_either_connections_or_calls(kind: FaultKind) -> None:
    """Never both, so that counting is of one thing."""
    faults = NetworkFaults.of(Fault(kind))
    on_call = kind in faults.on_call(Call(1, "cp-1", "", READ))
    on_connection = kind in faults.on_connection("cp-1")
    assert (on_call, on_connection) == (kind in ON_CALLS, kind not in ON_CALLS)
