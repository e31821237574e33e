"""A node's container runtime: its merged configuration, and the service that runs with it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from talospatch.simulator import cri
from talospatch.simulator.tomltext import TomlError

if TYPE_CHECKING:
    from talospatch.simulator.cri import Merged
    from talospatch.simulator.node import SimulatedNode

CRI_SPEC = f"EtcFileSpecs/{cri.CRI_TOML}"
FAILING = "Error running Process(/bin/containerd), going to restart forever: exit status 1"


@dataclass(slots=True)
class Stamp:
    """What a resource's metadata say of its changes."""

    version: int
    created: float
    updated: float


class Runtime:
    """The runtime of one node.

    Attributes:
        up: whether its service runs.
        system_up: whether Talos's own containerd runs, the one that has apid and the debug containers.
        rendered: False when this boot could not merge the configuration, so that there is no file at all (1.14).
        customizations: 1.14: content of each fragment of the configuration by name, with the changes of its resource.
    """

    def __init__(self, node: SimulatedNode) -> None:
        self.node = node
        self.up = node.spec.containerd
        self.system_up = True
        self.rendered = True
        self.customizations: dict[str, tuple[str, Stamp]] = {}
        self._merged: Merged | None = None
        self._serving: str | None = None
        self._restarts = 0

    def remember(self) -> Merged:
        """What was merged last; made from the active configuration when nothing was."""
        if self._merged is None:
            outcome = self.node.boot_outcome()
            self.begin(outcome.merged, self.node.booted_at)
        assert self._merged is not None
        return self._merged

    @property
    def merged(self) -> Merged:
        """The configuration as it was last merged."""
        return self.remember()

    @property
    def serving(self) -> str:
        """``host:port`` of the metrics; empty when there are none."""
        if not self.up or not self.node.up:
            return ""
        if self._serving is None:
            self._serving = cri.metrics_address(self.node.profile, self.merged.tables)
        return self._serving

    def begin(self, merged: Merged | None, at: float) -> None:
        """Start anew with a boot's configuration; without one, with what Talos ships."""
        self.rendered = merged is not None or not self.node.profile.live_cri
        self._merged = merged or cri.merge(self.node.profile, self.node.physical_parts(), {})
        self._serving = None
        self.customizations = {}
        self._note_customizations(at)

    def _note_customizations(self, at: float) -> None:
        """Bring the resources of fragments in line with the active configuration."""
        config = self.node.config() if self.node.profile.live_cri else None
        wanted = config.customizations() if config is not None else {}
        for name in set(self.customizations) - set(wanted):
            del self.customizations[name]
        for name, content in wanted.items():
            old = self.customizations.get(name)
            if old is None:
                self.customizations[name] = (content, Stamp(1, at, at))
            elif old[0] != content:
                self.customizations[name] = (content, Stamp(old[1].version + 1, old[1].created, at))

    def settle(self, at: float) -> None:
        """Merge again after a change of the configuration, and restart when the file changed (1.14)."""
        node, before = self.node, self.merged
        self._note_customizations(at)
        contents = {name: content for name, (content, _) in self.customizations.items()}
        try:
            merged = cri.merge(node.profile, node.physical_parts(), contents)
        except TomlError as error:
            # Nothing else shows it: the old file and the running containerd stay.
            text = f"controller failed, controller: files.CRIConfigController, error: error merging CRI config: {error}"
            node.log("controller-runtime", text, at)
            return
        if merged.text == before.text and self.rendered:
            return
        if self.rendered:
            node.touch(CRI_SPEC, at)
        self._merged, self.rendered = merged, True
        if node.spec.containerd and not node.blocked:
            self._restart(at)

    def _restart(self, at: float) -> None:
        board = self.node.board
        if self.up:
            board.note("cri", "Stopping", "Sending SIGTERM to Process(/bin/containerd)", at)
            board.note("cri", "Finished", "Service finished successfully", at)
        self.up, self._serving = False, None
        self._restarts += 1
        board.prepare("cri", at)
        self.node.timers.set(at + self.node.timings.cri_restart, "cri_up", self._restarts)

    def come_up(self, at: float, restart: int) -> bool:
        """End a restart; False when there was a later one, or when containerd does not take its configuration."""
        if restart != self._restarts:
            return False
        board, refused = self.node.board, self.refuses()
        if refused:
            self.node.log("cri", f"containerd: {refused}", at)
            board.health("cri", False, "containerd is not running", at)
            board.wait("cri", FAILING, at)
            return False
        board.run("cri", at)
        board.well("cri", at)
        self.up = True
        return True

    def refuses(self) -> str:
        """Why containerd would not run with the merged configuration; empty when it would."""
        if self.node.spec.faults.failing_cri:
            return "failed to recover state: input/output error"
        if self.node.spec.faults.bad_drop_in:
            first = self.node.boot_outcome(self.node.first).merged
            if first is None or first.text != self.merged.text:
                return "failed to load plugin: invalid configuration"
        taken = frozenset(port for port, _, _ in self.node.ports)
        return cri.containerd_refuses(self.node.profile, self.merged.tables, frozenset({self.node.address}), taken)
