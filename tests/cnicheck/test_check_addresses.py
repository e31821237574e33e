"""The check of addresses and network namespaces."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from cni_scripted import BOOT, NETWORKS, RESULTS, SCRATCH, ScriptedClient, ScriptedNode

from talospatch.cni.leases import Holder
from talospatch.cni.rules import Verdict
from talospatch.cnicheck.check import check
from talospatch.cnicheck.options import CheckOptions, NodeToCheck
from talospatch.errors import NodeTimeout

if TYPE_CHECKING:
    from talospatch.cnicheck.report import NodeCni

SAMPLES = Path(__file__).parent.parent / "samples"
GOOD = (SAMPLES / "cni-cache" / "1.0.0-flannel__cbr0-a1a1a1a1-eth0").read_bytes()
FLANNEL = (SAMPLES / "cni-addresses" / "flannel-scratch.json").read_bytes()
RUNNING, STOPPED, GONE = "a1" * 32, "b2" * 32, "c3" * 32
NOW = BOOT + 100_000


def of(sandbox: str) -> bytes:
    return f"{sandbox}\r\neth0".encode()


LEASES = {
    "cbr0/10.244.7.2": of(RUNNING),
    "cbr0/10.244.7.3": of(STOPPED),
    "cbr0/10.244.7.4": of(GONE),
    "cbr0/10.244.7.5": b"",
    "cbr0/last_reserved_ip.0": b"10.244.7.5",
    "cbr0/lock": b"",
}
NODE = ScriptedNode(
    talos="v1.7.4",
    files={f"cbr0-{RUNNING}-eth0": GOOD, f"cbr0-{STOPPED}-eth0": b""},
    known=[RUNNING, STOPPED],
    tasks=[RUNNING],
    leases=LEASES,
    scratch={RUNNING: FLANNEL},
    namespaces=["cni-1", "cni-2"],
)


def look(node: ScriptedNode, *, admin: bool = True, **changes: object) -> tuple[NodeCni, ScriptedClient]:
    client = ScriptedClient({"n": node}, admin=admin)
    options = replace(CheckOptions(now=lambda: NOW), **changes)  # type: ignore[arg-type]
    return asyncio.run(check(client, [NodeToCheck("n", talos=node.talos)], options)).nodes[0], client


def test_who_holds_each_address_is_told_where_something_is_wrong() -> None:
    """By one Copy, and the pool from flannel's scratch file."""
    found, client = look(NODE)
    (network,) = found.networks
    assert {each.lease.address: each.holder for each in network.held} == {
        "10.244.7.2": Holder.RUNNING,
        "10.244.7.3": Holder.STOPPED,
        "10.244.7.4": Holder.GONE,
        "10.244.7.5": Holder.NOBODY,
    }
    assert (str(network.pool), network.free) == ("10.244.7.1-10.244.7.254", 249)
    assert {finding.code for finding in found.findings} == {"leaked-addresses", "unnamed-leases", "stuck-addresses"}
    assert found.stories[0].addresses == ("10.244.7.3",)
    assert client.calls["n", "Copy"] == 1


def test_with_os_reader_the_empty_lease_and_the_surplus_are_seen_all_the_same() -> None:
    """Names and sizes tell that much."""
    found, _ = look(NODE, admin=False)
    (network,) = found.networks
    assert network.counts == {Holder.UNREAD: 3, Holder.NOBODY: 1}
    assert network.at_least_leaked == 2
    assert "who holds which address: unknown (needs os:admin)" in found.notes
    assert network.pool is None


HEALTHY = replace(
    NODE, talos="v1.13.0", files={f"cbr0-{RUNNING}-eth0": GOOD}, known=[RUNNING], ready=[RUNNING], networks={RUNNING: "cni-1"}
)


def test_a_node_whose_cache_is_in_order_is_asked_for_addresses_only_when_told_to() -> None:
    """That is two more calls on each of a thousand nodes."""
    _, client = look(HEALTHY)
    assert not any(NETWORKS in call for _, call in client.calls)
    found, _ = look(HEALTHY, addresses=True)
    assert found.networks[0].counts[Holder.GONE] == 2
    assert found.verdict is Verdict.RESIDUE


def test_leaked_addresses_and_namespaces_count_as_residue() -> None:
    """A job that only cares for what is fatal stays green."""
    spaces = [f"cni-{number}" for number in range(5)]
    found, _ = look(replace(HEALTHY, namespaces=spaces), addresses=True)
    assert {finding.code for finding in found.findings} == {"leaked-addresses", "unnamed-leases", "leaked-namespaces"}
    assert set(found.beyond_files) == {Verdict.RESIDUE}


def test_the_pool_is_read_from_the_configuration_where_it_is_there() -> None:
    """Plain bridge with host-local; then no scratch file is read."""
    conflist = b'{"name":"cbr0","cniVersion":"1.0.0","plugins":[{"type":"bridge","ipam":{"type":"host-local","subnet":"10.244.7.0/29"}}]}'
    found, client = look(replace(NODE, conflists={"10.conflist": conflist}))
    assert (str(found.networks[0].pool), found.networks[0].free) == ("10.244.7.1-10.244.7.6", 1)
    assert "few-free-addresses" not in {finding.code for finding in found.findings}
    assert client.calls["n", "Read"] == 2  # the configuration and the file that is worth reading


def test_the_pool_is_told_by_a_sound_file_or_by_the_log_where_nothing_else_does() -> None:
    """With os:reader the log alone: it is there when no address is left."""
    damaged = GOOD.replace(b'"result":{"cniVersion":"1.0.0"', b'"result":{"cniVersion":"9.9.9"')
    found, _ = look(replace(NODE, scratch={}, files={f"cbr0-{RUNNING}-eth0": damaged, f"cbr0-{STOPPED}-eth0": b""}))
    assert (str(found.networks[0].pool), found.networks[0].pool and found.networks[0].pool.source) == (
        "10.244.7.1-10.244.7.254",
        "cache files",
    )
    said = b'{"msg":"x","err":"no IP addresses available in range set: 10.244.7.2-10.244.7.5"}\n'
    found, _ = look(replace(NODE, service_logs={"kubelet": [said]}), admin=False)
    assert found.networks[0].free == 0
    assert {"no-free-address", "no-address-in-log"} <= {finding.code for finding in found.findings}


def test_a_lease_that_was_given_back_meanwhile_is_none() -> None:
    """It was listed, and is not in the copy."""

    class Released(ScriptedClient):
        async def copy_files(self, node: str, root: str, *, limit: int):  # type: ignore[no-untyped-def]
            copied = await super().copy_files(node, root, limit=limit)
            return replace(copied, files={name: data for name, data in copied.files.items() if not name.endswith(".3")})

    found = asyncio.run(check(Released({"n": NODE}), [NodeToCheck("n", talos="v1.7.4")], CheckOptions(now=lambda: NOW))).nodes[0]
    assert [each.lease.address for each in found.networks[0].held] == ["10.244.7.2", "10.244.7.4", "10.244.7.5"]


@pytest.mark.parametrize("call", [f"List {NETWORKS}", f"List {SCRATCH}", "List /run/netns", "Copy"])
def test_what_cannot_be_seen_of_addresses_is_said_and_costs_nothing_else(call: str) -> None:
    """The cache is judged all the same."""
    found, _ = look(replace(NODE, failures={call: NodeTimeout("n", "x", "DEADLINE_EXCEEDED", "too slow")}))
    assert found.verdict is Verdict.FATAL
    assert len(found.notes) == 1


def test_a_node_without_host_local_has_no_addresses_to_look_at() -> None:
    """Calico and Cilium keep theirs elsewhere."""
    found, client = look(replace(NODE, leases=None))
    assert (found.networks, client.calls["n", f"List {SCRATCH}"]) == ((), 0)


def test_more_leases_than_are_looked_at_are_said() -> None:
    """A pool of IPv6 has room for any number."""
    leases = {f"cbr0/fd00::{number:x}": b"" for number in range(1, 300)}
    found, _ = look(replace(NODE, leases=leases), most_entries=100)
    assert len(found.networks[0].held) == 99  # the network's directory is an entry as well
    assert "more than 100 addresses: the rest was not looked at" in found.notes


def test_the_cache_is_listed_once() -> None:
    """However much else is looked at."""
    _, client = look(NODE, addresses=True)
    assert client.calls["n", f"List {RESULTS}"] == 1
