"""A node's services: their states, health and events, and the event stream that tells of them."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from talospatch.wire.proto import machine_pb2

if TYPE_CHECKING:
    from google.protobuf.message import Message

_KEPT = 500  # events that a node remembers
_URL = "talos/runtime/machine."
_BASE32 = "0123456789abcdefghijklmnopqrstuv"
_ACTIONS = {
    "Initialized": machine_pb2.ServiceStateEvent.INITIALIZED,
    "Preparing": machine_pb2.ServiceStateEvent.PREPARING,
    "Waiting": machine_pb2.ServiceStateEvent.WAITING,
    "Running": machine_pb2.ServiceStateEvent.RUNNING,
    "Stopping": machine_pb2.ServiceStateEvent.STOPPING,
    "Finished": machine_pb2.ServiceStateEvent.FINISHED,
    "Failed": machine_pb2.ServiceStateEvent.FAILED,
    "Skipped": machine_pb2.ServiceStateEvent.SKIPPED,
    "Starting": machine_pb2.ServiceStateEvent.STARTING,
}
STAGES = {
    "booting": machine_pb2.MachineStatusEvent.BOOTING,
    "running": machine_pb2.MachineStatusEvent.RUNNING,
    "rebooting": machine_pb2.MachineStatusEvent.REBOOTING,
}
# How each service's runner says that it runs; goroutines inside machined, processes, and containers.
_RUNNERS = {
    "machined": "Service started as goroutine",
    "containerd": 'Process Process(["/bin/containerd" "--address" "/system/run/containerd/containerd.sock"]) started with PID 2101',
    "cri": 'Process Process(["/bin/containerd" "--address" "/run/containerd/containerd.sock" "--config" "/etc/cri/containerd.toml"])'
    " started with PID 2307",
    "udevd": 'Process Process(["/sbin/systemd-udevd" "--resolve-names=never"]) started with PID 1893',
}
WORKER = ("apid", "containerd", "cri", "dashboard", "kubelet", "machined", "syslogd", "udevd")
CONTROL_PLANE = (*WORKER, "etcd", "trustd")
NEEDS_CRI = ("cri", "kubelet", "etcd")  # do not come up when the boot stops at the user files
_NO_HEALTH = frozenset({"dashboard"})


@dataclass(frozen=True, slots=True)
class Event:
    """One event: its id sorts by time."""

    id: str
    at: float
    kind: str
    data: bytes

    def message(self) -> machine_pb2.Event:
        """As the Events RPC sends it."""
        sent = machine_pb2.Event(id=self.id)
        sent.data.type_url, sent.data.value = _URL + self.kind, self.data
        return sent


@dataclass(slots=True)
class Service:
    """One service.

    Attributes:
        events: message, state and time of each.
        healthy: None while unknown.
        changed: when health last changed.
    """

    id: str
    state: str = "Initialized"
    events: list[tuple[str, str, float]] = field(default_factory=list)
    healthy: bool | None = None
    last_message: str = ""
    changed: float = 0.0

    def health(self) -> machine_pb2.ServiceHealth:
        """As ServiceList and events have it."""
        sent = machine_pb2.ServiceHealth(unknown=self.healthy is None, healthy=self.healthy is True, last_message=self.last_message)
        sent.last_change.FromMicroseconds(round(self.changed * 1e6))
        return sent


class Board:
    """Services and events of a node since its boot.

    Args:
        machine: 3 bytes that are in every event's id.
        unknown_health: the first health of a service has a message and a time (since 1.13).
        skew: seconds by which the node's clock is ahead.
    """

    def __init__(self, machine: bytes, *, unknown_health: bool, skew: float) -> None:
        self.services: dict[str, Service] = {}
        self.events: deque[Event] = deque(maxlen=_KEPT)
        self._machine, self._unknown, self._skew, self._count = machine, unknown_health, skew, 0

    def say(self, kind: str, message: Message, at: float) -> None:
        """Add an event."""
        self._count += 1
        data = int(at + self._skew).to_bytes(4, "big") + self._machine + b"\x07\xe9" + self._count.to_bytes(3, "big")
        bits = int.from_bytes(data, "big") << 4
        text = "".join(_BASE32[bits >> shift & 31] for shift in range(95, -1, -5))
        self.events.append(Event(text, at, kind, message.SerializeToString(deterministic=True)))

    def stage(self, stage: str, at: float, *, ready: bool) -> None:
        """Tell of the machine's stage."""
        event = machine_pb2.MachineStatusEvent(stage=STAGES[stage])
        event.status.ready = ready
        self.say("MachineStatusEvent", event, at)

    def note(self, name: str, state: str, message: str, at: float) -> None:
        """A service goes into a state and says why."""
        service = self.services.setdefault(name, Service(name))
        service.state = state
        service.events.append((message, state, at + self._skew))
        self._tell(service, message, at)

    def health(self, name: str, healthy: bool | None, message: str, at: float) -> None:
        """A service's health changes."""
        service = self.services[name]
        if service.healthy == healthy and healthy is not None:
            return
        service.healthy, service.last_message, service.changed = healthy, message, at + self._skew
        if healthy is not None:
            said = "Health check successful" if healthy else f"Health check failed: {message}"
            service.events.append((said, service.state, at + self._skew))
            self._tell(service, said, at)

    def _tell(self, service: Service, message: str, at: float) -> None:
        event = machine_pb2.ServiceStateEvent(service=service.id, action=_ACTIONS[service.state], message=message)
        event.health.CopyFrom(service.health())
        if service.healthy is None and not self._unknown:
            event.health.last_message = ""
            event.health.last_change.FromJsonString("0001-01-01T00:00:00Z")
        self.say("ServiceStateEvent", event, at)

    def start(self, name: str, at: float) -> None:
        """A service comes up, short of being healthy."""
        self.prepare(name, at)
        self.run(name, at)

    def prepare(self, name: str, at: float) -> None:
        """A service gets as far as its runner."""
        service = self.services.setdefault(name, Service(name))
        service.healthy, service.last_message, service.changed = None, "Unknown", at + self._skew
        self.note(name, "Starting", "Starting service", at)
        self.note(name, "Preparing", "Running pre state", at)
        self.note(name, "Preparing", "Creating service runner", at)

    def run(self, name: str, at: float) -> None:
        """A service's runner has started it."""
        self.note(name, "Running", _RUNNERS.get(name, f"Started task {name} (PID 2719) for container {name}"), at)

    def well(self, name: str, at: float) -> None:
        """A service passes its check, if it has one."""
        if name not in _NO_HEALTH:
            self.health(name, True, "", at)

    def wait(self, name: str, message: str, at: float) -> None:
        """A service waits for something."""
        self.note(name, "Waiting", message, at)

    def listed(self) -> list[machine_pb2.ServiceInfo]:
        """As ServiceList gives them: by name, with their last events."""
        found = []
        for service in sorted(self.services.values(), key=lambda item: item.id):
            info = machine_pb2.ServiceInfo(id=service.id, state=service.state, health=service.health())
            for message, state, at in service.events[-16:]:
                event = info.events.events.add(msg=message, state=state)
                event.ts.FromMicroseconds(round(at * 1e6))
            found.append(info)
        return found
