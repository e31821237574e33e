"""What a check may do, and its bounds."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from talospatch.cni.logreport import LogReport
    from talospatch.cni.pods import KubernetesPod
    from talospatch.cni.selector import Selector


@dataclass(frozen=True, slots=True)
class NodeToCheck:
    """A node to check, where there is no inventory. See :class:`talospatch.rollout.rows.NodeRow`."""

    address: str
    hostname: str = ""
    talos: str = ""
    error: str = ""


class PodsOfNodes(Protocol):
    """Tells the pods that Kubernetes has on a node. :class:`talospatch.cnicheck.node_pods.NodePods` does."""

    async def on(self, node: str) -> tuple[KubernetesPod, ...]:
        """Return the pods of the node of that address.

        Raises:
            TalosPatchError: why they are not known.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckOptions:
    """How a check is made.

    Attributes:
        may_read: whether to try calls that need os:admin. Without, or where a node refuses, contents and conflist stay unknown.
        deep: read every file, also where its content can do no harm and its size raises no suspicion.
        read_logs: read a node's logs of kubelet and CRI where they can decide something.
        addresses: look at addresses and network namespaces of every node, not only where something is wrong with its cache.
        logs: what logs from elsewhere say, as a file or Loki; joined with what the nodes show.
        about: tell only what belongs to this sandbox, file or pod, whatever state it is in.
        pods: tells the pods that Kubernetes has on a node; asked only with ``about``, about sandboxes of which nothing else tells the
            pod, or whether it still exists.
        concurrency: nodes looked at at the same time.
        node_timeout: seconds for everything that is asked of one node.
        log_timeout: seconds for one log of a node; what came until then counts.
        most_log_bytes: bytes of one log taken from one node; Talos keeps about one MiB of each.
        most_entries: entries of a directory that are looked at; one that has more makes the node incomplete.
        most_rows: files of one node, and stories, that are listed in the report; counts are of all.
        most_reads: files read one by one on a node, where one Copy of the directory will not do.
        most_bytes: bytes of contents taken from one node.
        keep_sandboxes: keep the IDs of sandboxes in each node's state, for a repair to decide by.
        now: the clock, seconds since 1970.
        ticks: a clock of ours that never goes back, in seconds: tells how far apart two looks are.
    """

    may_read: bool = True
    deep: bool = False
    read_logs: bool = True
    addresses: bool = False
    logs: LogReport | None = None
    about: Selector | None = None
    pods: PodsOfNodes | None = None
    concurrency: int = 32
    node_timeout: float = 60.0
    log_timeout: float = 20.0
    most_log_bytes: int = 4 << 20
    most_entries: int = 20_000
    most_rows: int = 100
    most_reads: int = 64
    most_bytes: int = 8 << 20
    keep_sandboxes: bool = False
    now: Callable[[], float] = time.time
    ticks: Callable[[], float] = time.monotonic
