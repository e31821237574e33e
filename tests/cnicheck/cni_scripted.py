"""Nodes for the check: files, sandboxes and troubles by table, answering like the client does."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, Iterable
from dataclasses import dataclass, field

from talospatch.errors import IncompleteAnswer, NodeError, NotAuthorized, NotFound
from talospatch.talos.containers import Container
from talospatch.talos.files import MODE_DIRECTORY, MODE_FIFO, MODE_SYMLINK, CopiedFiles, FileInfo
from talospatch.talos.node import Mount, NodeVersion

RESULTS = "/var/lib/cni/results"
SANDBOXES = "/var/lib/containerd/io.containerd.grpc.v1.cri/sandboxes"
CONFLISTS = "/etc/cni/net.d"
TASKS = "/run/containerd/io.containerd.runtime.v2.task/k8s.io"
NETWORKS = "/var/lib/cni/networks"
SCRATCH = "/var/lib/cni/flannel"
NAMESPACES = "/run/netns"
BOOT = 1_700_000_000
FLANNEL = b'{"name":"cbr0","cniVersion":"1.0.0","plugins":[{"type":"flannel"},{"type":"portmap"}]}'


@dataclass
class ScriptedNode:
    """One node.

    Attributes:
        files: of the cache, by name.
        sizes: sizes that List tells where they are not those of the content.
        kinds: mode bits of entries that are no regular files.
        errors: per-entry errors of List.
        vanishing: files that List shows and that are gone when they are read.
        hostnames: what stands in the file of that name of a sandbox, by its ID.
        known, ready: sandboxes that have a directory; those that are READY.
        conflists: files of /etc/cni/net.d; None when there is no such directory.
        tasks: IDs that containerd has a task for; None when there is no such directory.
        leases: contents by ``network/address``; None when there is no such directory.
        scratch: flannel's scratch files, by sandbox.
        namespaces: names in /run/netns.
        networks: network namespace of a READY sandbox, by its ID; the host's when it has none.
        service_logs: the logs by service, in pieces.
        boot_time: seconds since 1970.
        mounts: what it says of its file systems.
        failures: error by call's short name, raised instead of an answer.
        delay: seconds before each answer.
    """

    talos: str = "v1.7.4"
    files: dict[str, bytes] | None = field(default_factory=dict)
    sizes: dict[str, int] = field(default_factory=dict)
    kinds: dict[str, int] = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)
    vanishing: set[str] = field(default_factory=set)
    modified: int = BOOT + 5000
    known: Iterable[str] | None = ()
    ready: Iterable[str] = ()
    hostnames: dict[str, bytes] = field(default_factory=dict)
    conflists: dict[str, bytes] | None = field(default_factory=lambda: {"10-flannel.conflist": FLANNEL})
    tasks: Iterable[str] | None = None
    leases: dict[str, bytes] | None = None
    scratch: dict[str, bytes] = field(default_factory=dict)
    namespaces: Iterable[str] = ()
    networks: dict[str, str] = field(default_factory=dict)
    service_logs: dict[str, list[bytes]] = field(default_factory=dict)
    boot_time: int = BOOT
    mounts: tuple[Mount, ...] = (Mount("/dev/loop0", "/", 64 << 20, 0), Mount("/dev/vda6", "/var", 40 << 30, 31 << 30))
    failures: dict[str, NodeError] = field(default_factory=dict)
    delay: float = 0.0


class ScriptedClient:
    """Answers for nodes by address, and counts what is asked of whom."""

    def __init__(self, nodes: dict[str, ScriptedNode], *, admin: bool = True) -> None:
        self.nodes, self.admin = nodes, admin
        self.calls: Counter[tuple[str, str]] = Counter()
        self.together = self.most_together = 0

    async def _enter(self, address: str, call: str, *, admin: bool = False) -> ScriptedNode:
        self.calls[address, call] += 1
        node = self.nodes[address]
        self.together += 1
        self.most_together = max(self.most_together, self.together)
        try:
            await asyncio.sleep(node.delay)
        finally:
            self.together -= 1
        if call in node.failures:
            raise node.failures[call]
        if admin and not self.admin:
            raise NotAuthorized(address, call, "PERMISSION_DENIED", "not authorized")
        return node

    async def version(self, node: str) -> NodeVersion:
        return NodeVersion((await self._enter(node, "Version")).talos)

    async def list_files(self, node: str, root: str, *, depth: int = 1) -> AsyncGenerator[FileInfo, None]:
        found = await self._enter(node, f"List {root}")
        assert depth == (2 if root == NETWORKS else 1)
        leases = None if found.leases is None else [*{name.partition("/")[0] for name in found.leases}, *found.leases]
        names: Iterable[str] | None = {
            RESULTS: found.files,
            SANDBOXES: found.known,
            CONFLISTS: found.conflists,
            TASKS: found.tasks,
            NETWORKS: leases,
            SCRATCH: found.scratch,
            NAMESPACES: found.namespaces,
        }[root]
        if names is None:
            raise NotFound(node, "List", "UNKNOWN", f"lstat {root}: no such file or directory")
        yield FileInfo(root, ".", 4096, MODE_DIRECTORY | 0o700, BOOT)
        for name in names:
            yield self._entry(found, root, name)

    def _entry(self, node: ScriptedNode, root: str, name: str) -> FileInfo:
        path = f"{root}/{name}"
        if root in (SANDBOXES, TASKS) or (root == NETWORKS and "/" not in name):
            return FileInfo(path, name, 4096, MODE_DIRECTORY | 0o700, BOOT)
        if name in node.errors:
            return FileInfo(path, name, error=node.errors[name])
        contents = {RESULTS: node.files, NETWORKS: node.leases, SCRATCH: node.scratch, NAMESPACES: {}, CONFLISTS: node.conflists}[root]
        content = (contents or {}).get(name, b"")
        kind = node.kinds.get(name, 0)
        link = "/etc/shadow" if kind & MODE_SYMLINK else ""
        return FileInfo(path, name, node.sizes.get(name, len(content)), kind | 0o600, node.modified, link)

    async def containers(self, node: str) -> tuple[Container, ...]:
        found = await self._enter(node, "Containers")
        pods = [
            Container(
                id=f"shop/{each[:8]}",
                internal_id=each,
                pod_id=f"shop/{each[:8]}",
                status="SANDBOX_READY",
                network_namespace=found.networks.get(each, ""),
                uid=f"uid-{each[:4]}",
            )
            for each in found.ready
        ]
        return (*pods, Container(id="shop/x:app:123456789abc", internal_id="e" * 64, pod_id="shop/x", status="CONTAINER_RUNNING"))

    async def boot_time(self, node: str) -> int:
        return (await self._enter(node, "SystemStat")).boot_time

    async def mounts(self, node: str) -> tuple[Mount, ...]:
        return (await self._enter(node, "Mounts")).mounts

    async def logs(self, node: str, service_id: str, *, tail_lines: int = -1) -> AsyncGenerator[bytes, None]:
        found = await self._enter(node, f"Logs {service_id}")
        assert tail_lines == -1
        for piece in found.service_logs.get(service_id, []):
            await asyncio.sleep(0)
            yield piece

    async def read_file(self, node: str, path: str, *, limit: int, expected_size: int | None = None) -> bytes:
        found = await self._enter(node, "Read", admin=True)
        folder, _, name = path.rpartition("/")
        if name == "hostname":
            if (sandbox := folder.removeprefix(f"{SANDBOXES}/")) not in found.hostnames:
                raise NotFound(node, "Read", "NOT_FOUND", f"stat {path}: no such file or directory")
            return found.hostnames[sandbox]
        files = {RESULTS: found.files, CONFLISTS: found.conflists, SCRATCH: found.scratch}[folder]
        assert files is not None
        assert not found.kinds.get(name, 0) & (MODE_SYMLINK | MODE_FIFO), "a link or a FIFO was opened"
        if name in found.vanishing:
            raise NotFound(node, "Read", "NOT_FOUND", f"stat {path}: no such file or directory")
        content = files[name]
        if len(content) > limit or expected_size not in (None, len(content)):
            raise IncompleteAnswer(node, "Read", "OK", f"{len(content)} bytes of {path} came, but it has {expected_size}")
        return content

    async def copy_files(self, node: str, root: str, *, limit: int) -> CopiedFiles:
        found = await self._enter(node, "Copy", admin=True)
        if root == NETWORKS:
            return CopiedFiles(found.leases or {})
        assert root == RESULTS
        assert not any(kind & MODE_FIFO for kind in found.kinds.values()), "a FIFO was opened"
        files = {name: content for name, content in (found.files or {}).items() if name not in found.vanishing}
        if sum(map(len, files.values())) > limit:
            raise IncompleteAnswer(node, "Copy", "OK", "the archive is larger than the limit")
        return CopiedFiles(files, ("lstat gone: no such file or directory",) if found.vanishing else ())
