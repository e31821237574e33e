"""Addresses of a node: leases, the pool they come from, and what is said about them."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import ip_network
from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from talospatch.cni import pools
from talospatch.cni.addresses import KINDS, NetworkAddresses, Surroundings, findings, networks
from talospatch.cni.leases import Holder, Lease, address_of, at_least_leaked, by_sandbox, holder, lease, with_content
from talospatch.cni.rules import Verdict
from talospatch.cni.verdict import NodeState

SAMPLES = Path(__file__).parent.parent / "samples" / "cni-addresses"
LEASE = (SAMPLES / "lease").read_bytes()
SCRATCH = (SAMPLES / "flannel-scratch.json").read_bytes()
ID, STOPPED, GONE = "a1" * 32, "b2" * 32, "c3" * 32
BOOT, NOW = 1_700_000_000, 1_700_900_000
NODE = NodeState(ready=frozenset({ID}), directories=frozenset({ID, STOPPED}), boot_time=BOOT, now=NOW)
POOL = pools.Pool((pools.Range(4, 0x0AF40701, 0x0AF4070B, 0x0AF40701),), "the CNI configuration")  # 10.244.7.1 to .11, less the gateway


def given_out(address: str, content: bytes | None, *, modified: int = BOOT + 1000) -> Lease:
    found = lease("cbr0", address, len(LEASE if content is None else content), modified)
    assert found is not None
    return found if content is None else with_content(found, content)


def of(sandbox: str) -> bytes:
    return f"{sandbox}\r\neth0".encode()


def test_a_lease_of_a_real_node_names_its_sandbox() -> None:
    """The ID, a line break as Windows has it, the interface, and no end of line."""
    found = given_out("10.244.7.2", LEASE)
    assert (found.sandbox, found.interface, found.was_read) == (ID, "eth0", True)


@pytest.mark.parametrize("content", [ID.encode(), f"{ID}\n".encode(), b" " + of(ID) + b"\n"])
def test_a_lease_of_an_old_host_local_names_the_sandbox_alone(content: bytes) -> None:
    """And space around it does not count."""
    assert given_out("10.244.7.2", content).sandbox == ID


@pytest.mark.parametrize("content", [b"", b"\0" * 70, of(ID)[:40], of(ID) + b"\r\nx", f"{ID}\neth0".encode(), of("x" * 64), b"\xff" * 70])
def test_a_lease_that_holds_anything_else_is_held_for_nobody(content: bytes) -> None:
    """DEL compares the whole content, so no container can ever release it."""
    found = given_out("10.244.7.2", content)
    assert (found.sandbox, holder(found, NODE)) == ("", Holder.NOBODY)
    assert holder(found._replace(modified=NOW - 5), NODE) is Holder.STARTING


def test_a_short_lease_needs_no_reading() -> None:
    """It is shorter than an ID."""
    empty = lease("cbr0", "10.244.7.2", 0, BOOT)
    whole = lease("cbr0", "10.244.7.2", 70, BOOT)
    assert empty is not None
    assert whole is not None
    assert (holder(empty, NODE), holder(whole, NODE)) == (Holder.NOBODY, Holder.UNREAD)


@pytest.mark.parametrize(
    "name", ["lock", "last_reserved_ip.0", "", " 10.0.0.1", "10.0.0.1.2", "10.0.0.256", "fe80::1%eth0", "\x1b[2J", "1" * 5000]
)
def test_what_is_no_address_is_no_lease(name: str) -> None:
    """host-local keeps other files beside them."""
    assert address_of(name) is None


@pytest.mark.parametrize(
    ("sandbox", "node", "expected"),
    [
        (ID, NODE, Holder.RUNNING),
        (STOPPED, NODE, Holder.STOPPED),
        (GONE, NODE, Holder.GONE),
        (GONE, replace(NODE, now=BOOT + 1100), Holder.STARTING),
        (GONE, replace(NODE, directories=None), Holder.UNSEEN),
        (STOPPED, replace(NODE, ready=None), Holder.KNOWN),
        (STOPPED, replace(NODE, ready=None, tasks=frozenset({ID})), Holder.STOPPED),
        (ID, replace(NODE, ready=None, tasks=frozenset({ID})), Holder.RUNNING),
    ],
)
def test_an_address_is_held_for_whoever_its_sandbox_is(sandbox: str, node: NodeState, expected: Holder) -> None:
    """As it is told of cache files."""
    assert holder(given_out("10.244.7.2", of(sandbox)), node) is expected


def test_leases_are_found_by_sandbox() -> None:
    """A dual-stack pod has two."""
    leases = [given_out("10.244.7.2", of(ID)), given_out("fd00::2", of(ID)), given_out("10.244.7.3", b"")]
    assert {sandbox: [each.address for each in found] for sandbox, found in by_sandbox(leases).items()} == {ID: ["10.244.7.2", "fd00::2"]}


def test_without_contents_the_surplus_of_addresses_is_leaked() -> None:
    """Counted for each family, as a dual-stack pod has one of each."""
    leases = [given_out(f"10.244.7.{number}", None) for number in range(2, 7)] + [given_out("fd00::2", None)]
    assert at_least_leaked(leases, 2) == 3
    assert at_least_leaked(leases, 9) == 0
    (found,) = networks(Surroundings(leases=leases), NODE)
    assert found.at_least_leaked == 3
    assert [finding.code for finding in findings([found], Surroundings(), NODE)] == ["more-addresses-than-sandboxes"]


def test_the_pool_of_flannel_is_in_its_scratch_file() -> None:
    """Its conflist does not say it."""
    pool = pools.of_configuration(SCRATCH, "flannel's scratch file")
    assert pool is not None
    assert (str(pool), pool.size) == ("10.244.7.1-10.244.7.254", 253)
    assert pools.of_configuration(b'{"name":"cbr0","cniVersion":"1.0.0","plugins":[{"type":"flannel"}]}', "x") is None


@pytest.mark.parametrize(
    ("ipam", "expected"),
    [
        ('{"type":"host-local","subnet":"10.1.0.0/24"}', "10.1.0.1-10.1.0.254"),
        (
            '{"type":"host-local","subnet":"10.1.0.0/24","rangeStart":"10.1.0.5","rangeEnd":"10.1.0.9","gateway":"10.1.0.7"}',
            "10.1.0.5-10.1.0.9",
        ),
        ('{"type":"host-local","ranges":[[{"subnet":"10.1.0.0/30"}],[{"subnet":"fd00::/126"}]]}', "10.1.0.1-10.1.0.2, fd00::1-fd00::3"),
    ],
)
def test_ranges_are_read_as_host_local_reads_them(ipam: str, expected: str) -> None:
    """In the old form and the new, with what is left out filled in."""
    pool = pools.of_configuration(b'{"plugins":[{"type":"loopback"},{"type":"bridge","ipam":%s}]}' % ipam.encode(), "x")
    assert str(pool) == expected


@pytest.mark.parametrize(
    "ipam",
    [
        b'{"type":"dhcp","subnet":"10.1.0.0/24"}',
        b'{"type":"host-local"}',
        b'{"type":"host-local","subnet":"10.1.0.0/31"}',
        b'{"type":"host-local","subnet":"x"}',
        b'{"type":"host-local","subnet":5}',
        b'{"type":"host-local","subnet":"10.1.0.0/24","rangeStart":"10.2.0.1"}',
        b'{"type":"host-local","subnet":"10.1.0.0/24","rangeStart":"10.1.0.9","rangeEnd":"10.1.0.5"}',
        b'{"type":"host-local","ranges":{"a":1}}',
        b'{"type":"host-local","ranges":[[5],6]}',
    ],
)
def test_a_configuration_without_a_usable_range_has_no_pool(ipam: bytes) -> None:
    """Then how many addresses are left is not known, and nothing is guessed."""
    assert pools.of_configuration(b'{"ipam":%s}' % ipam, "x") is None


@given(st.integers(0, 2**32 - 1), st.integers(8, 30))
def test_a_pool_has_one_address_for_each_that_can_be_given_out(base: int, length: int) -> None:
    """All of the subnet but its own, the broadcast and the gateway's."""
    network = ip_network((base >> (32 - length) << (32 - length), length))
    found = pools.of_subnet(str(network))
    assert found is not None
    assert found.size == network.num_addresses - 3
    again = pools.of_text(str(found), "the log")
    assert again is not None
    assert (str(again), again.size) == (str(found), found.size + 1)  # the error's text does not tell the gateway


@given(st.text(max_size=60) | st.from_regex(r"[0-9.:/,\-]{0,40}"))
def test_no_text_makes_reading_a_range_fail(text: str) -> None:
    """It comes from a node's log."""
    for pool in (pools.of_text(text, "x"), pools.of_addresses([text], "x")):
        assert pool is None or pool.size >= 0


def test_addresses_with_their_prefix_tell_the_pool() -> None:
    """As results in sound cache files have them."""
    pool = pools.of_addresses(["10.244.7.2/24", "10.244.7.9/24", "fd00::5/64"], "cache files")
    assert str(pool) == "10.244.7.1-10.244.7.254, fd00::1-fd00::ffff:ffff:ffff:ffff"
    assert pools.of_addresses(["10.0.0.1/32"], "x") is None  # Calico


def say(leases: list[Lease], pool: pools.Pool | None = None, **more: object) -> dict[str, str]:
    around = Surroundings(leases=leases, pools={"cbr0": pool} if pool else {}, **more)  # type: ignore[arg-type]
    return {each.code: each.message for each in findings(networks(around, NODE), around, NODE)}


def test_leaked_stuck_and_unnamed_addresses_are_told_apart() -> None:
    """What comes back by itself, and what never does."""
    said = say(
        [
            given_out("10.244.7.2", of(ID)),
            given_out("10.244.7.3", of(STOPPED)),
            given_out("10.244.7.4", of(GONE)),
            given_out("10.244.7.5", b""),
        ]
    )
    assert said == {
        "leaked-addresses": "1 address is held for sandboxes that containerd does not know any more: 10.244.7.4",
        "unnamed-leases": "1 address is held by files that name no sandbox, as a power cut leaves them: 10.244.7.5",
        "stuck-addresses": "1 address is held by sandboxes that do not run: 10.244.7.3",
    }


def test_a_node_in_order_has_nothing_said_about_its_addresses() -> None:
    """Every address is held for a pod that runs, and there are enough."""
    assert say([given_out("10.244.7.2", of(ID))], POOL) == {}


def test_pool_pressure_is_said_before_no_pod_can_start() -> None:
    """And what of it could be had back."""
    nearly = [given_out(f"10.244.7.{number}", of(GONE)) for number in range(2, 11)]
    said = say(nearly, POOL)
    assert (
        said["few-free-addresses"] == "1 of 10 addresses of 10.244.7.1-10.244.7.11 are left for new pods; 9 of them are not held by a pod"
    )
    full = say([*nearly, given_out("10.244.7.11", of(ID))], POOL)
    assert full["no-free-address"].startswith(
        "all 10 addresses of 10.244.7.1-10.244.7.11 are taken, so no pod that needs one can start here"
    )
    assert KINDS["no-free-address"].verdict is Verdict.FATAL


def test_an_address_outside_the_pool_takes_nothing_from_it() -> None:
    """The subnet of the node has changed since."""
    (found,) = networks(Surroundings(leases=[given_out("10.9.9.9", of(ID))], pools={"cbr0": POOL}), NODE)
    assert found.free == 10


def test_an_empty_scratch_file_of_a_sandbox_that_exists_will_leak_its_address() -> None:
    """Flannel's DEL then ends well and releases nothing."""
    assert "empty-scratch-file" in say([], scratch={STOPPED: 0, ID: 260})
    assert "empty-scratch-file" not in say([], scratch={GONE: 0, ID: 260})


def test_namespaces_beyond_those_of_sandboxes_are_leaked() -> None:
    """A stopped sandbox may still have one, whichever it is."""
    spaces = frozenset({"cni-1", "cni-2", "cni-3"})
    said = say([], namespaces=spaces, claimed=frozenset({"cni-1"}))
    assert said["leaked-namespaces"].startswith("there is one more network namespace than sandboxes")
    assert say([], namespaces=frozenset({"cni-1", "cni-2"}), claimed=frozenset({"cni-1"})) == {}


def test_the_plain_values_name_every_holder() -> None:
    """For JSON: counts, addresses, and where the pool is known from."""
    found = NetworkAddresses(network="cbr0", held=networks(Surroundings(leases=[given_out("10.244.7.5", b"")]), NODE)[0].held, pool=POOL)
    assert found.to_dict() == {
        "network": "cbr0",
        "held": 1,
        "holders": {"nobody": 1},
        "leaked": ["10.244.7.5"],
        "atLeastLeaked": 1,
        "pool": "10.244.7.1-10.244.7.11",
        "poolSource": "the CNI configuration",
        "size": 10,
        "free": 9,
    }


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["cbr0", "multus"]),
            st.ip_addresses().map(str),
            st.binary(max_size=80) | st.sampled_from([of(ID), of(GONE), of(STOPPED)]),
        ),
        max_size=30,
        unique_by=lambda each: each[:2],
    )
)
def test_every_address_is_counted_once(rows: list[tuple[str, str, bytes]]) -> None:
    """Whatever the files hold: holders partition the leases, and what is free never goes below nothing."""
    leases = [made for network, address, content in rows if (made := lease(network, address, len(content), BOOT)) is not None]
    assume(len(leases) == len(rows))
    around = Surroundings(
        leases=[with_content(each, content) for each, (_, _, content) in zip(leases, rows, strict=True)], pools={"cbr0": POOL}
    )
    found = networks(around, NODE)
    assert sum(sum(each.counts.values()) for each in found) == len(rows)
    assert all(each.free is None or 0 <= each.free <= POOL.size for each in found)
    assert all(finding.code in KINDS for finding in findings(found, around, NODE))
