"""Which pod a sandbox is of, by what Kubernetes lists: one that was there and fits, or none."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from talospatch.cni.logreport import PodName
from talospatch.cni.pods import KubernetesPod, Match, exists, pod_of

WEB = PodName("shop", "web-1", "u-1")
MADE = 1000.0
RUNS = KubernetesPod(WEB, ("10.244.1.2",), "web-1", 990.0)


def found(*pods: KubernetesPod, **changes: Any) -> Match | None:
    known = {"addresses": ("10.244.1.2",), "hostname": "web-1", "made": MADE, "runs": False, **changes}
    return pod_of(pods, **known)


def test_the_address_that_is_held_for_it_tells() -> None:
    """Also where the hostname is not known, and among others."""
    assert found(RUNS) == found(RUNS, hostname="") == Match(WEB, exists=True)
    others = [RUNS._replace(pod=PodName("shop", f"web-{number}"), addresses=(f"10.244.1.{number}",), hostname="") for number in (3, 4)]
    assert found(*others, RUNS) == Match(WEB, exists=True)


def test_one_of_two_addresses_is_enough() -> None:
    """Of two families, of which one lease may be lost."""
    both = RUNS._replace(addresses=("10.244.1.2", "fd00::2"))
    assert found(both, addresses=("fd00::2",)) == Match(WEB, exists=True)


def test_the_hostname_tells_where_no_address_does() -> None:
    """A pod that came back after a power cut has another address by now; it is said that this is how it was found."""
    back = RUNS._replace(addresses=("10.244.1.9",))
    assert found(back) == found(back, addresses=()) == Match(WEB, exists=True, by_hostname=True)


def test_a_running_sandbox_has_the_address_of_its_pod() -> None:
    """So one that has another is of somebody else, whatever it is called."""
    assert found(RUNS._replace(addresses=("10.244.1.9",)), runs=True) is None
    assert found(RUNS, runs=True) == Match(WEB, exists=True)


@pytest.mark.parametrize(
    ("pod", "why"),
    [
        (RUNS._replace(started=1001.0), "made after the sandbox: its name, or its address, was free again"),
        (RUNS._replace(started=None), "the kubelet took no note of it yet"),
        (RUNS._replace(ended=999.0), "it had ended when the sandbox was made"),
        (RUNS._replace(ended=float("-inf")), "it ended, and when is not told"),
        (RUNS._replace(hostname="web-2"), "the address says one thing, the hostname another"),
    ],
)
def test_what_cannot_be_is_not_told(pod: KubernetesPod, why: str) -> None:
    """A name that is wrong is worse than none."""
    assert found(pod) is None, why


def test_a_pod_whose_containers_ended_later_is_still_its() -> None:
    """That is the usual one: a job is done, and its sandbox does not stop."""
    assert found(RUNS._replace(ended=1000.0)) == found(RUNS._replace(ended=5000.0)) == Match(WEB, exists=False)


def test_a_pod_that_is_named_exists_where_it_is_listed_and_not_finished() -> None:
    """By its UID, else by its times: another one may have the name by now."""
    later = RUNS._replace(pod=PodName("shop", "web-1", "u-2"), started=1001.0)
    assert exists([RUNS], WEB, None)
    assert not exists([RUNS._replace(ended=1001.0)], WEB, MADE)
    assert not exists([later], WEB, MADE)
    assert exists([later, RUNS], WEB._replace(uid=""), MADE)
    assert not exists([later], WEB._replace(uid=""), MADE)
    assert not exists([RUNS], WEB._replace(uid=""), None)
    assert not exists([RUNS], PodName("staging", "web-1", "u-1"), MADE)


def test_two_pods_that_fit_are_none() -> None:
    """By the address, and by the hostname: the same name in two namespaces."""
    other = RUNS._replace(pod=PodName("staging", "web-1"))
    assert found(RUNS, other) is None
    assert found(RUNS._replace(addresses=()), other._replace(addresses=())) is None
    assert found(RUNS, other._replace(addresses=())) == Match(WEB, exists=True)


def test_without_the_time_it_was_made_nothing_is_told() -> None:
    """And nothing of a sandbox of which nothing is known: what is empty fits nobody."""
    assert found(RUNS, made=None) is None
    assert found(RUNS._replace(hostname=""), addresses=(), hostname="") is None


@dataclass(frozen=True)
class Past:
    """A node's past: one sandbox a second, each with the address that was longest free, and the pods that Kubernetes still lists."""

    sandboxes: tuple[tuple[PodName, str, float], ...]
    pods: tuple[KubernetesPod, ...]


@st.composite
def pasts(draw: st.DrawFn) -> Past:
    """Pods come and go, and addresses are given out again; each sandbox holds its own as long as it is there."""
    sandboxes, pods = [], []
    held: dict[str, float] = {}
    for number in range(draw(st.integers(1, 8))):
        made = 10.0 * (number + 1)
        free = [address for address in ("10.0.0.1", "10.0.0.2", "10.0.0.3") if held.get(address, 0.0) < made]
        if not free:
            continue
        address = draw(st.sampled_from(free))
        ended = draw(st.one_of(st.just(float("inf")), st.floats(made, made + 30.0)))
        held[address] = ended
        name = PodName(draw(st.sampled_from("ab")), f"{draw(st.sampled_from('xy'))}", f"u-{number}")
        sandboxes.append((name, address, made))
        if draw(st.booleans()):
            pods.append(KubernetesPod(name, (address,), name.name, made - draw(st.floats(0.0, 5.0)), ended))
    return Past(tuple(sandboxes), tuple(pods))


@given(pasts())
def test_of_addresses_that_are_used_again_the_right_pod_is_told_or_none(past: Past) -> None:
    """Whichever of its pods Kubernetes still has; and if it has the right one, that one is told."""
    listed = {each.pod: each.ended == math.inf for each in past.pods}
    for name, address, made in past.sandboxes:
        match = pod_of(past.pods, addresses=(address,), hostname="", made=made, runs=False)
        assert match == (Match(name, listed[name]) if name in listed else None)


@given(pasts(), st.randoms(use_true_random=False))
def test_the_order_of_the_list_does_not_matter(past: Past, random: Any) -> None:
    """Nor does it by the hostname."""
    shuffled = list(past.pods)
    random.shuffle(shuffled)
    for name, address, made in past.sandboxes:
        for known in ((address,), ()):
            one, other = (pod_of(pods, addresses=known, hostname=name.name, made=made, runs=False) for pods in (past.pods, shuffled))
            assert one == other
