"""One simulated machine: its configurations, its life from boot to boot, and what a change sets off. No I/O; the clock is an argument."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from talospatch.simulator import boot, collector, cri, ports, sample_configs, services
from talospatch.simulator.boot import Outcome
from talospatch.simulator.configs import Config, ConfigRefused, read
from talospatch.simulator.cri import LEGACY_PART
from talospatch.simulator.live_files import add_live_files
from talospatch.simulator.node_files import first_tree
from talospatch.simulator.profiles import profile_of
from talospatch.simulator.runtime import FAILING, Runtime, Stamp
from talospatch.simulator.services import Board
from talospatch.simulator.spec import ClusterSpec, FileSpec, NodeSpec, Timings
from talospatch.simulator.timers import Timers
from talospatch.versions import TalosVersion

if TYPE_CHECKING:
    from collections.abc import Sequence

    from talospatch.simulator.images import Image
    from talospatch.simulator.tree import Tree

UPTIME = 86_400.0  # how long a node has been running when the simulation starts
BOOT_TIMEOUT = 70 * 60.0
_LOG_LINES = 2_000
ACTIVE, PERSISTENT, MACHINE = "MachineConfigs/v1alpha1", "MachineConfigs/persistent", "MachineStatuses/machine"


class SimulatedNode:
    """One machine.

    Args:
        spec: what it is.
        cluster: the cluster that it is in.
        index: its place there.
        now: seconds since 1970.
    """

    def __init__(self, spec: NodeSpec, cluster: ClusterSpec, index: int, now: float) -> None:
        self.spec, self.cluster, self.index = spec, cluster, index
        self.peers: Sequence[SimulatedNode] = (self,)
        self.version = TalosVersion.parse(spec.talos)
        self.profile = profile_of(self.version)
        text = spec.config if spec.config is not None else sample_configs.config(spec, cluster)
        self.first = self.active = self.persistent = self.disk = text.encode()
        self.up = not spec.down
        self.stage, self.ready, self.rebooting = "running", True, False
        self.boots, self.booted_at = 0, now - UPTIME - 7.0 * index
        self.runtime = Runtime(self)
        self.logs: dict[str, deque[tuple[float, str]]] = {}
        self.images: dict[str, dict[str, Image]] = {}
        self.timers = Timers()
        self._stamps: dict[str, Stamp] = {}
        self._rollback: tuple[int, bytes] | None = None
        self._board: Board | None = None
        self._tree: Tree | None = None
        self.blocked = False  # the boot stopped before the runtime
        self._boot_timeout = 0

    # What the node is

    @property
    def name(self) -> str:
        """Host name."""
        return self.spec.name

    @property
    def address(self) -> str:
        """IP address."""
        return self.spec.address

    @property
    def timings(self) -> Timings:
        """How long things take."""
        return self.cluster.timings

    @property
    def is_control_plane(self) -> bool:
        """Whether it runs etcd and the API server."""
        return self.spec.machine_type in {"controlplane", "init"}

    @property
    def shown(self) -> SimulatedNode:
        """The node whose identity this one gives: itself, but for a fault."""
        other = self.spec.faults.answers_for
        return next((peer for peer in self.peers if peer.name == other), self) if other else self

    @property
    def uuid(self) -> str:
        """Of the hardware."""
        return self.spec.uuid or str(self.cluster.identity("uuid", self.name))

    @property
    def boot_id(self) -> str:
        """The kernel's, new with each boot; that of containers is their host's."""
        if self.spec.platform == "container":
            return str(self.cluster.identity("boot"))
        return str(self.cluster.identity("boot", self.name, self.boots))

    @property
    def ports(self) -> tuple[tuple[int, str, bool], ...]:
        """Port, process and whether on all addresses, of what listens besides containerd's metrics."""
        return ports.CONTROL_PLANE if self.is_control_plane else ports.WORKER

    def clock(self, now: float) -> float:
        """What the node takes for the time."""
        return now + self.spec.faults.clock_skew

    # What is made when it is first asked for

    @property
    def board(self) -> Board:
        """Services and events since the boot."""
        if self._board is None:
            self._board = self._new_board()
            for name in self._service_names():
                self._board.start(name, self.booted_at)
                self._board.well(name, self.booted_at + 1)
            if self.spec.containerd:
                self._board.stage("running", self.booted_at + 2, ready=True)
        return self._board

    @property
    def tree(self) -> Tree:
        """The file system."""
        if self._tree is None:
            self._tree = first_tree(self.spec, self.profile, int(self.booted_at))
            add_live_files(self._tree, self)
        return self._tree

    def physical_parts(self) -> dict[str, str]:
        """Files of ``/etc/cri/conf.d`` without what the configuration puts there."""
        overrides = dict(self.spec.cri_parts)
        if not self.spec.containerd:
            # The recorded nodes had the placeholder on every version, and nobody wrote the registries' file.
            overrides = {LEGACY_PART: "", **({} if self.profile.live_cri else {"01-registries.part": ""}), **overrides}
        return cri.physical_parts(self.profile, overrides, cri.registries_part(self.profile))

    def config(self) -> Config | None:
        """The active configuration, read; None when this version cannot read it."""
        return self._read(self.active)

    def _read(self, text: bytes) -> Config | None:
        try:
            return read(text, self.profile)
        except ConfigRefused:
            return None

    def stamp(self, key: str) -> Stamp:
        """Versions and times of a resource, by type and id."""
        if key not in self._stamps:
            # A status is written twice by the time a boot is over; others are there from the start.
            version = 2 if key == MACHINE and self.stage != "booting" else 1
            self._stamps[key] = Stamp(version, self.booted_at, self.booted_at)
        return self._stamps[key]

    def touch(self, key: str, at: float) -> None:
        """Count a change of a resource."""
        stamp = self.stamp(key)
        stamp.version, stamp.updated = stamp.version + 1, at

    def _service_names(self) -> tuple[str, ...]:
        if not self.spec.containerd:
            return ("machined",)
        return services.CONTROL_PLANE if self.is_control_plane else services.WORKER

    def _new_board(self) -> Board:
        machine = self.cluster.identity("events", self.name).bytes[:3]
        return Board(machine, unknown_health=self.profile.unknown_health, skew=self.spec.faults.clock_skew)

    def boot_outcome(self, text: bytes | None = None) -> Outcome:
        """What a boot with a configuration would come to; the active one unless said."""
        text = self.active if text is None else text
        config = self._read(text)
        if config is None or (b"files:" not in text and b"CRICustomizationConfig" not in text):
            return Outcome(merged=cri.merge(self.profile, self.physical_parts(), {}))
        return boot.boot(config, self.profile, self.physical_parts(), self.tree)

    # Time

    def next_due(self) -> float | None:
        """When something will happen by itself."""
        return self.timers.next_due()

    def advance(self, now: float) -> None:
        """Let happen what was due."""
        while (due := self.timers.take(now)) is not None:
            at, action, arguments = due
            getattr(self, f"_on_{action}")(at, *arguments)

    def log(self, service: str, line: str, at: float) -> None:
        """Add a line to a service's log."""
        self.logs.setdefault(service, deque(maxlen=_LOG_LINES)).append((at, line))

    def note_removed(self, path: str, at: float) -> None:
        """A file was removed from outside: one of a sandbox that could not be stopped lets the kubelet stop it at its next try."""
        sandbox = collector.freed_by(self, path)
        if sandbox is not None:
            self.timers.set(collector.next_try(self, sandbox, at), "collect", sandbox.id)

    def _on_collect(self, at: float, sandbox: str) -> None:
        collector.collect(self, sandbox, at)

    # Configurations

    def set_active(self, data: bytes, at: float) -> None:
        """Make a configuration the active one; since 1.14 the runtime's follows a little later."""
        if self.profile.live_cri:
            self.runtime.remember()
        self.active = data
        self.touch(ACTIVE, at)
        if self.profile.live_cri and self.timings.settle > 0:
            self.timers.set(at + self.timings.settle, "settle")
        elif self.profile.live_cri:
            self.runtime.settle(at)

    def set_persistent(self, data: bytes, at: float) -> None:
        """Make a configuration the one of the next boot."""
        self.persistent = data
        self.touch(PERSISTENT, at)
        if self.spec.faults.full_disk:
            self.log("controller-runtime", "error writing machine config: write /system/state/config.yaml: no space left on device", at)
        else:
            self.disk = data

    def try_until(self, data: bytes, at: float, seconds: float) -> None:
        """Make a configuration active until it is taken back to what is active now, be that a trial itself."""
        before = self.active
        self.cancel_rollback(at)
        if seconds > 0:
            self._rollback = (self.timers.set(at + seconds, "rollback", before), before)
            self.set_active(data, at)
        elif self.profile.zero_try_reverts:
            self.set_active(data, at)
            self.set_active(before, at)
        else:  # the timer fires before the trial is set, and nothing takes it back
            self.set_active(before, at)
            self.set_active(data, at)

    def cancel_rollback(self, at: float) -> None:
        """Take back a pending rollback."""
        if self._rollback is None:
            return
        number, before = self._rollback
        self.timers.cancel(number)
        self._rollback = None
        if self.spec.faults.late_rollback > 0:
            self.timers.set(at + self.spec.faults.late_rollback, "rollback", before)

    def _on_rollback(self, at: float, before: bytes) -> None:
        self._rollback = None
        self.log("machined", "rolling back the configuration", at)
        self.set_active(before, at)

    # From boot to boot

    def reboot(self, at: float) -> None:
        """Begin a reboot: the node answers a little longer, and says so."""
        board = self.board
        self.stage, self.ready = "rebooting", False
        self.touch(MACHINE, at)
        board.stage("rebooting", at, ready=False)
        self.timers.set(at + self.timings.stop, "stop")

    def _on_stop(self, at: float) -> None:
        self.up, self.runtime.up = False, False
        self.timers.cancel_all()
        self._rollback = None
        if not self.spec.faults.never_returns:
            self.timers.set(at + self.timings.down, "apid")

    def _on_apid(self, at: float) -> None:
        """Apid answers again, and the boot goes on."""
        self.up, self.boots, self.booted_at = True, self.boots + 1, at
        self.stage, self.ready, self.rebooting, self.blocked = "booting", False, False, False
        self.active = self.persistent = self.disk
        self._stamps, self.logs = {}, {}
        self.images.pop("inmem", None)
        self._board = board = self._new_board()
        board.stage("booting", at, ready=False)
        for name in self._service_names():
            if name not in services.NEEDS_CRI:
                board.start(name, at)
                board.well(name, at)
        if self.spec.faults.reboot_loop:
            self.timers.set(at + self.timings.boot, "stop")
            return
        if self.spec.faults.stuck_boot:
            self.blocked = True
            self._wait_for_cri(at)
            return
        outcome = self.boot_outcome()
        self.runtime.begin(outcome.merged, at)
        for path, content in outcome.written:
            self.tree.put(path if path.startswith("/var/") else f"/var{path}", FileSpec(content.encode(), mode=0o644))
        if outcome.problem:
            self.blocked = True
            self.timers.set(at + (self.timings.part_wait if outcome.waited else 0.0), "boot_failed", outcome.problem)
            self._wait_for_cri(at)
        elif outcome.merged is None:
            self.log("controller-runtime", f"controller failed, controller: files.CRIConfigController, error: {outcome.merge_problem}", at)
            self._wait_for_cri(at)
            self._boot_timeout = self.timers.set(at + BOOT_TIMEOUT, "stop")
        else:
            self._bring_up_cri(at)

    def _wait_for_cri(self, at: float) -> None:
        for name in self._service_names():
            if name in services.NEEDS_CRI and name != "cri":
                self.board.wait(name, 'Waiting for service "cri" to be "up"', at)

    def _on_settle(self, at: float) -> None:
        self.runtime.settle(at)

    def _on_cri_up(self, at: float, restart: int) -> None:
        if self.runtime.come_up(at, restart) and self.stage == "booting":  # a boot that waited for it goes on
            self.timers.cancel(self._boot_timeout)
            self._on_running(at)

    def _on_boot_failed(self, at: float, problem: str) -> None:
        minutes = round(self.timings.failure_pause / 60)
        self.log("machined", f"[talos] task writeUserFiles (1/1): failed: {problem}", at)
        self.log(
            "machined",
            f"[talos] writeUserFiles failed, rebooting in {minutes} minutes. "
            "You can use talosctl apply-config or talosctl edit mc to fix the issues",
            at,
        )
        self.timers.set(at + self.timings.failure_pause, "stop")

    def _bring_up_cri(self, at: float) -> None:
        """The last part of a boot: the runtime, and what runs in it."""
        if not self.spec.containerd:
            self.timers.set(at + self.timings.boot, "running")
            return
        refused = self.runtime.refuses()
        if refused:
            self.board.prepare("cri", at)
            self.log("cri", f"containerd: {refused}", at)
            self.board.wait("cri", FAILING, at)
            self._wait_for_cri(at)
            self._boot_timeout = self.timers.set(at + BOOT_TIMEOUT, "stop")
        else:
            self.timers.set(at + self.timings.boot, "running")

    def _on_running(self, at: float) -> None:
        for name in self._service_names():
            if name in services.NEEDS_CRI and not (name == "cri" and self.runtime.up):
                self.board.start(name, at)
                self.board.well(name, at)
        self.runtime.up = self.spec.containerd
        self.stage, self.ready = "running", True
        self.touch(MACHINE, at)
        self.board.stage("running", at, ready=True)

    def restart_service(self, name: str, at: float) -> None:
        """Stop a service and start it again."""
        self.board.note(name, "Stopping", f"Sending SIGTERM to task {name}", at)
        self.board.note(name, "Finished", "Service finished successfully", at)
        self.board.start(name, at)
        self.board.well(name, at)
