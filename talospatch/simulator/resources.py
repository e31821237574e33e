"""What a node's controllers know, as COSI resources: built when asked for, from the node's state."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from talospatch.simulator import emit
from talospatch.simulator import wireformat as wire
from talospatch.simulator.cri import CRI_TOML
from talospatch.simulator.node import ACTIVE, MACHINE, PERSISTENT
from talospatch.simulator.resource_types import DEFINITIONS, known
from talospatch.simulator.runtime import CRI_SPEC, Stamp
from talospatch.simulator.yamltree import Dialect
from talospatch.wire.proto import cosi_pb2

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from talospatch.simulator.node import SimulatedNode

SELINUX_LABEL = "system_u:object_r:etc_t:s0"
_STAGES = {"booting": 1, "running": 4, "rebooting": 5}
_MACHINE_TYPES = {"init": 1, "controlplane": 2, "worker": 3}
_API_SERVER_PORT = 6443


class Builder:
    """Builds the resources of one node at one moment."""

    __slots__ = ("node",)

    def __init__(self, node: SimulatedNode) -> None:
        self.node = node

    def build(self, resource_type: str) -> list[cosi_pb2.Resource]:
        """Everything of a type, by id."""
        source = _SOURCES.get(resource_type)
        return sorted(source(self), key=lambda item: item.metadata.id) if source is not None else []

    def _make(
        self,
        resource_type: str,
        identifier: str,
        proto: bytes,
        yaml: str,
        *,
        namespace: str = "",
        stamp: Stamp | None = None,
        owner: str = "",
        annotations: dict[str, str] | None = None,
    ) -> cosi_pb2.Resource:
        found = known(self.node.profile.minor)[resource_type.lower()]
        stamp = stamp or Stamp(1, self.node.booted_at, self.node.booted_at)
        metadata = cosi_pb2.Metadata(
            namespace=namespace or found.namespace,
            type=resource_type,
            id=identifier,
            version=str(stamp.version),
            owner=owner,
            phase="running",
            annotations=annotations or {},
        )
        metadata.created.FromMicroseconds(round(self.node.clock(stamp.created) * 1e6))
        metadata.updated.FromMicroseconds(round(self.node.clock(stamp.updated) * 1e6))
        return cosi_pb2.Resource(metadata=metadata, spec=cosi_pb2.Spec(proto_spec=proto, yaml_spec=yaml))

    def machine_configs(self) -> Iterator[cosi_pb2.Resource]:
        """The configuration in use, and since 1.10 the one on disk."""
        node = self.node
        rows = [("v1alpha1", node.active, ACTIVE)]
        if node.profile.persistent_id:
            rows.append(("persistent", node.persistent, PERSISTENT))
        for identifier, data, key in rows:
            text = data.decode("utf-8", "replace")
            yaml = _quoted(text, node.profile.dialect) if node.profile.config_as_string else text
            annotations = {"talos.dev/yaml-spec": "1"} if node.profile.config_as_string else None
            proto = cosi_pb2.MachineConfigSpec(yaml_marshalled=data).SerializeToString()
            yield self._make("MachineConfigs.config.talos.dev", identifier, proto, yaml, stamp=node.stamp(key), annotations=annotations)

    def machine_types(self) -> Iterator[cosi_pb2.Resource]:
        """What kind of machine it is."""
        kind = self.node.spec.machine_type
        yield self._make("MachineTypes.config.talos.dev", "machine-type", wire.number(1, _MACHINE_TYPES[kind]), f"{kind}\n")

    def members(self) -> Iterator[cosi_pb2.Resource]:
        """Every node of the cluster, as discovery has it: one that is down stays for half an hour."""
        for peer in self.node.peers:
            kind, system = peer.spec.machine_type, f"Talos ({peer.version.tag})"
            identity = f"simulatedNodeIdentity{peer.index:022d}"
            proto = wire.text(1, identity) + wire.data(2, wire.address(peer.address)) + wire.text(3, peer.name)
            proto += wire.number(4, _MACHINE_TYPES[kind]) + wire.text(5, system)
            yaml = f"nodeId: {identity}\naddresses:\n    - {_yaml(peer.address)}\nhostname: {peer.name}\n"
            yaml += f"machineType: {kind}\noperatingSystem: {system}\n"
            if peer.is_control_plane:
                proto += wire.data(6, wire.number(1, _API_SERVER_PORT))
                yaml += f"controlPlane:\n    port: {_API_SERVER_PORT}\n"
            yield self._make("Members.cluster.talos.dev", peer.name, proto, yaml)

    def hostname(self) -> Iterator[cosi_pb2.Resource]:
        """Host name."""
        name = self.node.shown.name
        yield self._make("HostnameStatuses.net.talos.dev", "hostname", wire.text(1, name), f'hostname: {name}\ndomainname: ""\n')

    def nodename(self) -> Iterator[cosi_pb2.Resource]:
        """Kubernetes's name for it."""
        name = self.node.shown.name
        yaml = f'nodename: {name}\nhostnameVersion: "1"\nskipNodeRegistration: false\n'
        yield self._make("Nodenames.kubernetes.talos.dev", "nodename", wire.text(1, name) + wire.text(2, "1"), yaml)

    def node_addresses(self) -> Iterator[cosi_pb2.Resource]:
        """Addresses, in the lists that Talos keeps."""
        address = self.node.shown.address
        bits = 64 if ":" in address else 24
        proto = wire.data(1, wire.address(address) + wire.number(2, bits))
        yaml = f"addresses:\n    - {_yaml(f'{address}/{bits}')}\nsortAlgorithm: v1\n"
        for identifier in ("accumulative", "current", "default", "routed", "routed-no-k8s", "current-no-k8s", "accumulative-no-k8s"):
            yield self._make("NodeAddresses.net.talos.dev", identifier, proto, yaml)

    def machine_status(self) -> Iterator[cosi_pb2.Resource]:
        """Stage and readiness."""
        node = self.node
        ready = str(node.ready).lower()
        unmet, conditions = b"", " []\n"
        if node.stage == "booting":
            unmet = wire.data(2, wire.text(1, "services") + wire.text(2, "kubelet not running"))
            conditions = "\n        - name: services\n          reason: kubelet not running\n"
        status = wire.number(1, int(node.ready)) + unmet
        proto = wire.number(1, _STAGES[node.stage]) + (wire.data(2, status) if status else b"")
        yaml = f"stage: {node.stage}\nstatus:\n    ready: {ready}\n    unmetConditions:{conditions}"
        yield self._make("MachineStatuses.runtime.talos.dev", "machine", proto, yaml, stamp=node.stamp(MACHINE))

    def services(self) -> Iterator[cosi_pb2.Resource]:
        """Services that run; the recorded nodes, which had none, were given one for CRI."""
        rows = {
            service.id: (service.state == "Running", service.healthy is True, service.healthy is None)
            for service in self.node.board.services.values()
        }
        if not self.node.spec.containerd:
            rows["cri"] = (True, True, False)
        for identifier, (running, healthy, unknown) in rows.items():
            if running:
                proto = wire.number(1, 1) + wire.number(2, int(healthy)) + wire.number(3, int(unknown))
                yaml = f"running: true\nhealthy: {str(healthy).lower()}\nunknown: {str(unknown).lower()}\n"
                yield self._make("Services.v1alpha1.talos.dev", identifier, proto, yaml)

    def versions(self) -> Iterator[cosi_pb2.Resource]:
        """Talos's version."""
        tag, named = self.node.version.tag, self.node.profile.version_name
        proto = (wire.text(2, "Talos") if named else b"") + wire.text(1, tag)
        yaml = f"name: Talos\nversion: {tag}\n" if named else f"version: {tag}\n"
        yield self._make("Versions.runtime.talos.dev", "version", proto, yaml)

    def etc_file_specs(self) -> Iterator[cosi_pb2.Resource]:
        """The merged configuration of the runtime, as it is to be."""
        node, merged = self.node, self.node.runtime.merged
        if not node.runtime.rendered:
            return
        proto = cosi_pb2.EtcFileSpec(contents=merged.text.encode("utf-8", "surrogateescape"), mode=0o600, selinux_label=SELINUX_LABEL)
        contents = emit.document({"contents": merged.text}, node.profile.dialect)
        yield self._make(
            "EtcFileSpecs.files.talos.dev",
            CRI_TOML,
            proto.SerializeToString(),
            f"{contents}mode: {0o600}\nselinux_label: {SELINUX_LABEL}\n",
            stamp=node.stamp(CRI_SPEC),
            owner="files.CRIConfigController" if node.profile.live_cri else "files.CRIConfigPartsController",
            annotations={f"talos.dev/source-file:{path}": digest for path, digest in merged.digests.items()},
        )

    def etc_file_statuses(self) -> Iterator[cosi_pb2.Resource]:
        """The same, as it is on disk."""
        self.node.runtime.remember()
        if not self.node.runtime.rendered:
            return
        spec = self.node.stamp(CRI_SPEC)
        written = str(spec.version)
        stamp = Stamp(spec.version + 1, spec.created, spec.updated)
        yield self._make("EtcFileStatuses.files.talos.dev", CRI_TOML, wire.text(1, written), f'specVersion: "{written}"\n', stamp=stamp)

    def customizations(self) -> Iterator[cosi_pb2.Resource]:
        """CRI fragments of the configuration (1.14)."""
        self.node.runtime.remember()  # which brings them up to date
        for name, (content, stamp) in self.node.runtime.customizations.items():
            yaml = emit.document({"content": content}, self.node.profile.dialect)
            owner = "cri.CustomizationConfigController"
            yield self._make("CustomizationConfigs.cri.talos.dev", name, wire.text(1, content), yaml, stamp=stamp, owner=owner)

    def system_information(self) -> Iterator[cosi_pb2.Resource]:
        """The hardware, which a container cannot see."""
        if self.node.spec.platform == "container":
            return
        uuid = self.node.shown.uuid
        proto = wire.text(1, "talospatch") + wire.text(2, "Simulated machine") + wire.text(5, uuid)
        yaml = f"manufacturer: talospatch\nproductName: Simulated machine\nuuid: {_yaml(uuid)}\n"
        yield self._make("SystemInformations.hardware.talos.dev", "systeminformation", proto, yaml)

    def definitions(self) -> Iterator[cosi_pb2.Resource]:
        """Definitions of all types."""
        for row in known(self.node.profile.minor).values():
            proto, yaml = row.definition(self.node.profile.dialect)
            yield self._make(DEFINITIONS, row.id, proto, yaml, owner="meta")


@lru_cache(maxsize=4)  # the active and the stored configuration are mostly the same, and asked for one after the other
def _quoted(text: str, dialect: Dialect) -> str:
    """A whole configuration as one YAML string."""
    return emit.document(text, dialect)


def _yaml(text: str) -> str:
    """A string where YAML may want quotes."""
    return emit.scalar(text, Dialect.V4_RC4)


_SOURCES: dict[str, Callable[[Builder], Iterator[cosi_pb2.Resource]]] = {
    "MachineConfigs.config.talos.dev": Builder.machine_configs,
    "MachineTypes.config.talos.dev": Builder.machine_types,
    "Members.cluster.talos.dev": Builder.members,
    "HostnameStatuses.net.talos.dev": Builder.hostname,
    "Nodenames.kubernetes.talos.dev": Builder.nodename,
    "NodeAddresses.net.talos.dev": Builder.node_addresses,
    "MachineStatuses.runtime.talos.dev": Builder.machine_status,
    "Services.v1alpha1.talos.dev": Builder.services,
    "Versions.runtime.talos.dev": Builder.versions,
    "EtcFileSpecs.files.talos.dev": Builder.etc_file_specs,
    "EtcFileStatuses.files.talos.dev": Builder.etc_file_statuses,
    "CustomizationConfigs.cri.talos.dev": Builder.customizations,
    "SystemInformations.hardware.talos.dev": Builder.system_information,
    DEFINITIONS: Builder.definitions,
}
