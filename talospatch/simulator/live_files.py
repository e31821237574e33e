"""Files of a node whose content follows from its state: made when somebody reads them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from talospatch.simulator import cri

if TYPE_CHECKING:
    from talospatch.simulator.node import SimulatedNode
    from talospatch.simulator.tree import Tree


def add_live_files(tree: Tree, node: SimulatedNode) -> None:
    """Put a node's live files into its tree."""
    for name in node.physical_parts():
        tree.put_live(cri.CONF_D + name, _Part(node, name).content)
    tree.put_live(f"/etc/{cri.CRI_TOML}", _CriToml(node).content)
    tree.put_live("/proc/sys/kernel/random/boot_id", _BootId(node).content, 0o444)
    tree.put_live("/system/state/config.yaml", _StoredConfig(node).content)


@dataclass(frozen=True, slots=True)
class _Live:
    """A file of a node; a class and no closure, so that a node can be copied."""

    node: SimulatedNode


class _CriToml(_Live):
    def content(self) -> bytes:
        merged = self.node.runtime.merged
        return merged.text.encode("utf-8", "surrogateescape") if self.node.runtime.rendered else b""


class _BootId(_Live):
    def content(self) -> bytes:
        return f"{self.node.boot_id}\n".encode()


class _StoredConfig(_Live):
    def content(self) -> bytes:
        return self.node.disk


@dataclass(frozen=True, slots=True)
class _Part(_Live):
    """A file of ``/etc/cri/conf.d``: up to 1.13 the configuration's fragment is one of them."""

    name: str

    def content(self) -> bytes:
        return self._text().encode("utf-8", "surrogateescape")

    def _text(self) -> str:
        node = self.node
        if self.name == cri.LEGACY_PART and not node.profile.live_cri and b"files:" in node.active:
            config = node.config()
            for item in config.machine_files if config is not None else ():
                if item.path == cri.LEGACY_PATH:
                    return item.content
        return node.physical_parts().get(self.name, "")
