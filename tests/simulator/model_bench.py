"""A simulated cluster and a clock, for tests of the model alone."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from talospatch.simulator import sample_configs
from talospatch.simulator.cluster import SimulatedCluster
from talospatch.simulator.cri import LEGACY_PATH
from talospatch.simulator.spec import ClusterSpec, NodeFaults, NodeSpec, Timings
from talospatch.wire import methods
from talospatch.wire.proto import common_pb2, cosi_pb2, machine_pb2

if TYPE_CHECKING:
    from talospatch.simulator.exchange import Exchange
    from talospatch.wire.methods import Method

Mode = machine_pb2.ApplyConfigurationRequest
METRICS = '[metrics]\n  address = "0.0.0.0:11234"\n'
NOW = 1_767_323_045.0
WORKER, CONTROL_PLANE = "10.5.0.3", "10.5.0.2"
TIMINGS = Timings(stop=2, down=3, boot=2, settle=0.3, cri_restart=1.5)


def config(extra: str = "", *, name: str = "worker-1", kind: str = "worker") -> str:
    """A node's configuration, with lines of the ``machine`` section, indented by two."""
    return sample_configs.text(name, kind, "sim", CONTROL_PLANE, extra=extra)


def drop_in(content: str = METRICS, *, op: str = "create", path: str = LEGACY_PATH) -> str:
    """A configuration with one entry of ``machine.files``."""
    return config(sample_configs.file_entry(path, content, op=op))


def document(name: str = "metrics", content: str = METRICS) -> str:
    """A configuration with a CRI customization document."""
    body = "".join(f"  {line}\n" for line in content.splitlines())
    return f"{config()}---\napiVersion: v1alpha1\nkind: CRICustomizationConfig\nname: {name}\ncontent: |\n{body}"


class Bench:
    """One control-plane node, one worker, and a clock that stands until it is moved."""

    def __init__(self, talos: str = "v1.14.0-rc.1", *, faults: NodeFaults | None = None, text: str | None = None, **more: Any) -> None:
        worker = NodeSpec("worker-1", WORKER, talos=talos, config=text or config(), faults=faults or NodeFaults(), **more)
        control_plane = NodeSpec("cp-1", CONTROL_PLANE, "controlplane", talos=talos)
        self.cluster = SimulatedCluster(ClusterSpec((control_plane, worker), timings=TIMINGS), NOW)
        self.now = NOW

    def wait(self, seconds: float) -> None:
        """Let time pass."""
        self.now += seconds

    def ask(self, method: Method, request: Any = None, *, node: str = WORKER, role: str = "os:admin", endpoint: str = "cp-1") -> Exchange:
        """Make a call through the control plane."""
        sent = request if request is not None else method.request_class()()
        metadata = {"node": [node]} if node else {}
        return self.cluster.call(endpoint, metadata, [role], method.path, [sent.SerializeToString()], self.now)

    def good(self, method: Method, request: Any = None, **more: Any) -> Any:
        """Make a call that has to go well; its one message, or all of them."""
        answered = self.ask(method, request, **more)
        assert answered.code == "OK", (answered.code, answered.details)
        return answered.messages if method.shape is methods.Shape.SERVER_STREAM else answered.messages[0]

    def apply(self, text: str, mode: int = Mode.AUTO, *, seconds: float | None = None, dry_run: bool = False) -> Exchange:
        """Apply a configuration."""
        request = Mode(data=text.encode(), mode=mode, dry_run=dry_run)  # type: ignore[arg-type]
        if seconds is not None:
            request.try_mode_timeout.FromNanoseconds(round(seconds * 1e9))
        return self.ask(methods.APPLY_CONFIGURATION, request)

    def applied(self, text: str, mode: int = Mode.AUTO, **more: Any) -> machine_pb2.ApplyConfiguration:
        """Apply a configuration that has to be taken."""
        answered = self.apply(text, mode, **more)
        assert answered.code == "OK", (answered.code, answered.details)
        found: Any = answered.messages[0]
        reply: machine_pb2.ApplyConfiguration = found.messages[0]
        return reply

    def resource(self, namespace: str, kind: str, identifier: str) -> cosi_pb2.Resource:
        """Get a resource that has to be there."""
        found: cosi_pb2.Resource = self.good(methods.COSI_GET, cosi_pb2.GetRequest(namespace=namespace, type=kind, id=identifier)).resource
        return found

    def stored(self, identifier: str = "v1alpha1") -> str:
        """A configuration as the node holds it."""
        spec = self.resource("config", "MachineConfigs.config.talos.dev", identifier).spec.proto_spec
        return cosi_pb2.MachineConfigSpec.FromString(spec).yaml_marshalled.decode()

    def cri_toml(self) -> str:
        """The merged configuration of the runtime."""
        spec = self.resource("files", "EtcFileSpecs.files.talos.dev", "cri/conf.d/cri.toml").spec.proto_spec
        return cosi_pb2.EtcFileSpec.FromString(spec).contents.decode()

    def stage(self) -> str:
        """The machine's stage."""
        yaml = self.resource("runtime", "MachineStatuses.runtime.talos.dev", "machine").spec.yaml_spec
        return yaml.partition("stage: ")[2].partition("\n")[0]

    def services(self) -> dict[str, str]:
        """State of each service."""
        return {service.id: service.state for service in self.good(methods.SERVICE_LIST).messages[0].services}

    def ports(self) -> set[int]:
        """Ports that something listens on."""
        request = machine_pb2.NetstatRequest(filter=machine_pb2.NetstatRequest.LISTENING)
        return {record.localport for record in self.good(methods.NETSTAT, request).messages[0].connectrecord}

    def log(self, service: str) -> str:
        """A service's whole log."""
        messages = self.good(methods.LOGS, machine_pb2.LogsRequest(namespace="system", id=service, tail_lines=-1))
        return b"".join(message.bytes for message in messages).decode()

    def read(self, path: str) -> bytes:
        """A file."""
        return b"".join(message.bytes for message in self.good(methods.READ, machine_pb2.ReadRequest(path=path)))

    def boot_id(self) -> bytes:
        """The kernel's boot id."""
        return self.read("/proc/sys/kernel/random/boot_id")


def with_timings(spec: ClusterSpec, **more: float) -> ClusterSpec:
    """The same cluster with other timings."""
    return replace(spec, timings=replace(spec.timings, **more))


CRI = common_pb2.CRI
