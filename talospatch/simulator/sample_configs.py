"""Machine configs for nodes that were given none: plain, synthetic, without a real secret."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from talospatch.simulator.spec import ClusterSpec, NodeSpec

# Where a certificate would be. It is none, so that nobody takes these for a cluster's secrets.
_PLACEHOLDER = base64.b64encode(b"a certificate of the simulated cluster would be here\n").decode()

_CONFIG = """\
# Machine config of {name} in the simulated cluster {cluster}.
version: v1alpha1
machine:
  type: {type}
  token: simsim.0123456789abcdef # made up
  ca:
    crt: {placeholder}
{key}  certSANs: []
  kubelet:
    image: images.example/kubelet:{kubernetes}
    defaultRuntimeSeccompProfileEnabled: true
  network:
    hostname: {name}
  install:
    disk: /dev/sda
    wipe: false
{extra}  features:
    hostDNS:
      enabled: true
      forwardKubeDNSToHost: true
cluster:
  controlPlane:
    endpoint: https://{endpoint}:6443
  clusterName: {cluster}
"""

_FILE = """\
  files:
    - path: {path}
      op: {op}
      content: |
{content}
"""


def config(node: NodeSpec, cluster: ClusterSpec, *, extra: str = "") -> str:
    """A configuration for a node. ``extra``: lines of the ``machine`` section, indented by two."""
    endpoint = next((peer.address for peer in cluster.nodes if peer.machine_type != "worker"), node.address)
    return text(node.name, node.machine_type, cluster.name, endpoint, extra=extra)


def text(name: str, machine_type: str, cluster: str, endpoint: str, *, extra: str = "", kubernetes: str = "v1.36.3") -> str:
    """The same from plain values."""
    key = f"    key: {_PLACEHOLDER}\n" if machine_type != "worker" else ""
    return _CONFIG.format(
        name=name,
        type=machine_type,
        cluster=cluster,
        endpoint=f"[{endpoint}]" if ":" in endpoint else endpoint,
        placeholder=_PLACEHOLDER,
        key=key,
        extra=extra,
        kubernetes=kubernetes,
    )


def file_entry(path: str, content: str, *, op: str = "create") -> str:
    """A ``machine.files`` section with one entry."""
    return _FILE.format(path=path, op=op, content="\n".join(f"        {line}" for line in content.splitlines()))
