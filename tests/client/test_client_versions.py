"""The client against a simulated node of each Talos version: the same meaning, however the version words it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import pytest

from talospatch.errors import InvalidOnNode, NodeUnavailable, NotAuthorized, NotForwarded, NotFound, NotSupported
from talospatch.simulator.clock import VirtualClock
from talospatch.simulator.cluster import SimulatedCluster
from talospatch.simulator.memory import MemoryTransport
from talospatch.simulator.spec import ClusterSpec, NodeSpec, SandboxSpec
from talospatch.talos.apply import ApplyMode
from talospatch.talos.machine_type import MachineType
from talospatch.talos.resources import ChangeKind
from talospatch.talosapi.client import Client
from talospatch.talosapi.failures import needs_reboot

VERSIONS = ("v1.7.7", "v1.11.6", "v1.12.11", "v1.13.9", "v1.14.0-rc.1")
NODE, CP, RESULTS = "10.5.0.3", "10.5.0.2", "/var/lib/cni/results"
SANDBOX = "5d43ad13eb6bf90b7ca5287cb746fdd17f6d996597969063425cb0a7662f48ba"
EMPTY = f"cbr0-{SANDBOX}-eth0"
_T = TypeVar("_T")


def ask(talos: str, work: Callable[[Client], Awaitable[_T]], *, role: str = "os:admin", endpoint: str = "cp-1") -> _T:
    sandbox = SandboxSpec(SANDBOX, "default", "web-0")
    worker = NodeSpec("worker-1", NODE, talos=talos, sandboxes=(sandbox,), cni_files={EMPTY: b"", "cbr0-0-eth0": b'{"kind": 1}'})
    clock = VirtualClock()
    cluster = SimulatedCluster(ClusterSpec(nodes=(NodeSpec("cp-1", CP, "controlplane", talos=talos), worker)), clock.now())
    client = Client(MemoryTransport(cluster, clock, roles=(role,), endpoint=endpoint), sleep=clock.sleep, clock=clock.now)

    async def run() -> _T:
        return await work(client)

    return asyncio.run(run())


async def entries(client: Client, root: str = RESULTS) -> dict[str, int]:
    return {entry.relative_name: entry.size async for entry in client.list_files(NODE, root) if entry.is_regular}


@pytest.mark.parametrize("talos", VERSIONS)
def test_a_node_says_its_version_type_stage_and_name(talos: str) -> None:
    async def look(client: Client) -> Any:
        return (
            (await client.version(NODE)).tag,
            await client.machine_type(NODE),
            (await client.machine_status(NODE)).stage,
            await client.hostname(NODE),
            await client.node_addresses(NODE),
        )

    assert ask(talos, look) == (talos, MachineType.WORKER, "running", "worker-1", (NODE,))


@pytest.mark.parametrize("talos", VERSIONS)
def test_files_are_listed_by_os_reader_and_read_and_copied_by_os_admin(talos: str) -> None:
    sizes = ask(talos, entries, role="os:reader")
    assert sizes == {EMPTY: 0, "cbr0-0-eth0": 11}
    assert ask(talos, lambda client: client.read_file(NODE, f"{RESULTS}/{EMPTY}", expected_size=0)) == b""
    assert ask(talos, lambda client: client.copy_files(NODE, RESULTS)).files == {EMPTY: b"", "cbr0-0-eth0": b'{"kind": 1}'}
    for denied in (lambda client: client.read_file(NODE, "/etc/os-release"), lambda client: client.copy_files(NODE, RESULTS)):
        with pytest.raises(NotAuthorized, match="needs os:admin"):
            ask(talos, denied, role="os:reader")


@pytest.mark.parametrize("talos", VERSIONS)
def test_what_is_missing_is_not_found_whichever_call_says_so(talos: str) -> None:
    missing: list[Callable[[Client], Awaitable[Any]]] = [
        lambda client: client.read_file(NODE, f"{RESULTS}/nothing"),
        lambda client: client.copy_files(NODE, "/var/lib/cni/networks/nothing"),
        lambda client: entries(client, "/var/lib/cni/networks/nothing"),
        lambda client: client.machine_config(NODE, "no-such"),
        lambda client: client.get_resource(NODE, "cluster", "Members.cluster.talos.dev", "nobody"),
    ]
    for call in missing:
        with pytest.raises(NotFound):
            ask(talos, call)


@pytest.mark.parametrize("talos", VERSIONS)
def test_the_machine_config_is_the_same_bytes_by_either_form(talos: str) -> None:
    """The protobuf form everywhere; the YAML form is text up to 1.11 and a string since."""
    from talospatch.talos.resources import Resource
    from talospatch.talosapi import cosi

    stored = ask(talos, lambda client: client.machine_config(NODE))
    assert stored.data.startswith(b"version: v1alpha1") or b"machine:" in stored.data
    found: Resource = ask(talos, lambda client: client.get_resource(NODE, *cosi.MACHINE_CONFIG, "v1alpha1"))
    without = Resource(found.namespace, found.type, found.id, found.version, annotations=found.annotations, spec_yaml=found.spec_yaml)
    assert cosi._config_bytes(without) == stored.data


@pytest.mark.parametrize("talos", VERSIONS)
def test_sandbox_ids_are_there_since_1_9(talos: str) -> None:
    found = ask(talos, lambda client: client.containers(NODE), role="os:reader")
    (sandbox,) = [container for container in found if container.is_sandbox]
    assert sandbox.id == "default/web-0"
    assert sandbox.internal_id == ("" if talos == "v1.7.7" else SANDBOX)


@pytest.mark.parametrize("talos", VERSIONS)
def test_services_since_1_13_are_not_supported_before(talos: str) -> None:
    if talos.startswith(("v1.13", "v1.14")):
        assert ask(talos, lambda client: client.images(NODE)) is not None
        return
    with pytest.raises(NotSupported, match=r"came with Talos 1\.13"):
        ask(talos, lambda client: client.images(NODE))


@pytest.mark.parametrize("talos", VERSIONS)
def test_a_watch_by_id_works_on_every_version(talos: str) -> None:
    """Up to 1.12 a server panics when the options are missing."""

    async def first(client: Client) -> Any:
        events = client.watch_resources(NODE, "config", "MachineConfigs.config.talos.dev", "v1alpha1", timeout=5)
        try:
            return await anext(events)
        finally:
            await events.aclose()

    event = ask(talos, first)
    assert event.kind is ChangeKind.CREATED
    assert event.resource.id == "v1alpha1"


@pytest.mark.parametrize("talos", [version for version in VERSIONS if version != "v1.7.7"])
def test_a_change_that_needs_a_reboot_is_told_from_one_that_is_wrong(talos: str) -> None:
    async def dry_run(client: Client, more: bytes) -> Any:
        config = (await client.machine_config(NODE)).data
        return await client.apply_configuration(
            NODE, config.replace(b"machine:\n", b"machine:\n" + more, 1), mode=ApplyMode.TRY, dry_run=True
        )

    env = b"  env:\n    HTTP_PROXY: http://10.0.0.1:3128\n"
    if talos.startswith("v1.14"):
        assert not ask(talos, lambda client: dry_run(client, env)).reboots
    else:
        with pytest.raises(InvalidOnNode) as caught:
            ask(talos, lambda client: dry_run(client, env))
        assert needs_reboot(caught.value)
        assert "10.0.0.1" not in str(caught.value)
    with pytest.raises(InvalidOnNode) as caught:
        ask(talos, lambda client: dry_run(client, b"  nosuch: hunter2hunter2\n"))
    assert not needs_reboot(caught.value)
    assert "machine.nosuch" in caught.value.text
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize("talos", VERSIONS)
def test_a_node_that_is_not_there_is_unavailable_and_a_worker_as_endpoint_forwards_nothing(talos: str) -> None:
    with pytest.raises(NodeUnavailable, match="cannot reach the node"):
        ask(talos, lambda client: client.version("10.5.0.99"))
    with pytest.raises(NodeUnavailable, match="cannot resolve this name"):
        ask(talos, lambda client: client.version("no-such-node"))
    with pytest.raises(NotForwarded, match="use control-plane nodes as endpoints"):
        ask(talos, lambda client: client.version(CP), endpoint="worker-1")
    with pytest.raises(InvalidOnNode, match="without a port"):
        ask(talos, lambda client: client.version("10.5.0.3:50000"))


@pytest.mark.parametrize("talos", VERSIONS)
def test_boot_identity_listeners_services_and_logs_can_be_read(talos: str) -> None:
    async def look(client: Client) -> Any:
        pieces = [piece async for piece in client.logs(NODE, "kubelet", tail_lines=3)]
        services = {service.id: service.state for service in await client.services(NODE)}
        return (
            len(await client.boot_id(NODE)),
            await client.machine_uuid(NODE),
            await client.boot_time(NODE),
            services,
            await client.listeners(NODE),
            pieces,
        )

    boot_id, uuid, boot_time, services, listeners, _pieces = ask(talos, look)
    assert boot_id == len(uuid) == 36
    assert boot_time > 1_700_000_000
    assert services["cri"] == services["kubelet"] == "Running"
    assert all(listener.state == "LISTEN" and listener.port for listener in listeners)
