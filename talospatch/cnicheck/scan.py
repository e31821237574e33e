"""Looking at one node."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Coroutine, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, TypeVar

from talospatch.cni import conflist as conflists
from talospatch.cni.explain import shown_error
from talospatch.cni.names import parse, shown
from talospatch.cni.predict import FileKind
from talospatch.cni.rules import WORST_FIRST, Verdict
from talospatch.cni.runtimes import runtime_of
from talospatch.cni.verdict import CacheFile, Judged, NodeState, judge, tolerates
from talospatch.cnicheck.contents import RESULTS, read_contents
from talospatch.cnicheck.report import NodeCni, count
from talospatch.errors import NodeError, NotAuthorized, NotFound, TalosPatchError, VersionError
from talospatch.talos.files import MODE_FIFO, MODE_SYMLINK, FileInfo
from talospatch.versions import Fact, TalosVersion

if TYPE_CHECKING:
    from talospatch.cnicheck.calls import CniCalls
    from talospatch.cnicheck.options import CheckOptions, NodeRow

SANDBOXES = "/var/lib/containerd/io.containerd.grpc.v1.cri/sandboxes"
CONFLISTS = "/etc/cni/net.d"
# Bytes. Even the entry of `lo` names the sandbox's 64-digit ID twice and holds a conflist in base64: the shortest one seen on a real
# containerd has 852 bytes. A file below this is damaged or not written by containerd, whatever is in it.
SMALLEST = 300
# Bytes. Kubernetes allows 256 KiB of annotations on a pod, and nothing else in an entry grows; parsing takes many times a file's size.
LARGEST = 1 << 20
_LARGEST_CONFLIST = 256 << 10
_MOST_CONFLISTS = 1000
_VANISHED = "no such file or directory"


async def scan(client: CniCalls, row: NodeRow, options: CheckOptions) -> NodeCni:
    """Check one node. Never fails: what went wrong with the node is in the answer."""
    if row.error:
        return NodeCni(address=row.address, hostname=row.hostname, talos=row.talos, error=row.error)
    scanner = _Scan(client, row, options, talos=row.talos)
    try:
        async with asyncio.timeout(options.node_timeout):
            return await scanner.run()
    except TimeoutError:
        reason = f"it did not answer everything within {options.node_timeout:g} s"
    except TalosPatchError as error:
        reason = str(error)
    return NodeCni(address=row.address, hostname=row.hostname, talos=shown(scanner.talos), error=shown_error(reason))


@dataclass(slots=True)
class _Scan:
    """One node's scan while it goes on."""

    client: CniCalls
    row: NodeRow
    options: CheckOptions
    talos: str
    notes: list[str] = field(default_factory=list)
    incomplete: bool = False
    ready_known: bool = True

    async def run(self) -> NodeCni:
        node = self.row.address
        if not self.talos:
            self.talos = (await self.client.version(node)).tag
        self._require_known(self.talos)
        directories, files = await _together(self._directories(), self._files())
        state = NodeState(runtime=runtime_of(self.talos), directories=directories, now=self.options.now())
        if tolerates(state) and not self.options.deep and not any(_is_odd(file, directories) for file in files):
            # Nothing more to ask, nor to judge: which pods run and which network is in force decide about odd files only.
            return self._report([], state, plain=len(files))
        state = await self._complete(state)
        return self._report(await self._with_contents(files, state), state)

    def _require_known(self, tag: str) -> None:
        try:
            version = TalosVersion.parse(tag)
        except VersionError:
            self.notes.append(f"{shown(tag)!r} is not a Talos version: what its containerd does is not known")
            self.ready_known = False
            return
        if not version.can(Fact.INSPECT):
            raise VersionError(f"Talos {version} is older than 1.6, the first version that can be checked")
        self.ready_known = version.can(Fact.SANDBOX_IDS)

    async def _complete(self, state: NodeState) -> NodeState:
        (ready, boot_time), found = await _together(_together(self._ready(), self._boot_time()), self._conflist())
        return replace(state, ready=ready, boot_time=boot_time, conflist=found.conflist, no_conflist=found.none_there)

    async def _directories(self) -> frozenset[str] | None:
        names: set[str] = set()
        try:
            async with aclosing(self.client.list_files(self.row.address, SANDBOXES)) as entries:
                async for entry in entries:
                    if entry.relative_name not in (".", ""):
                        names.add(entry.relative_name)
                    if len(names) > self.options.most_entries:
                        self.notes.append(f"more than {self.options.most_entries} sandboxes: which of them exist was not looked at")
                        return None
        except NotFound:
            self.notes.append("containerd has no directory of sandboxes: which of them exist is not known")
            return None
        except NodeError as error:
            self.notes.append(f"which sandboxes exist was not seen: {error}")
            return None
        return frozenset(names)

    async def _files(self) -> list[CacheFile]:
        files: list[CacheFile] = []
        try:
            async with aclosing(self.client.list_files(self.row.address, RESULTS)) as entries:
                async for entry in entries:
                    # The node walks the directory while pods come and go: what vanished under it is no file any more.
                    if entry.relative_name in (".", "") or _VANISHED in entry.error:
                        continue
                    if len(files) >= self.options.most_entries:
                        self.notes.append(f"more than {self.options.most_entries} files in the cache: the rest was not looked at")
                        self.incomplete = True
                        break
                    files.append(_cache_file(entry))
        except NotFound:
            # libcni makes the directory with the first pod that gets a network.
            return []
        return files

    async def _ready(self) -> frozenset[str] | None:
        if not self.ready_known:
            return None
        try:
            containers = await self.client.containers(self.row.address)
        except NodeError as error:
            self.notes.append(f"which pods run was not seen: {error}")
            return None
        if any(each.is_sandbox and not each.internal_id for each in containers):
            self.notes.append("the node did not name the sandboxes that run: which they are is not known")
            return None
        return frozenset(each.internal_id for each in containers if each.is_sandbox)

    async def _boot_time(self) -> int | None:
        try:
            return await self.client.boot_time(self.row.address)
        except NodeError as error:
            self.notes.append(f"when the node booted was not seen: {error}")
            return None

    async def _conflist(self) -> _Conflist:
        if not self.options.may_read:
            return _Conflist()
        node = self.row.address
        try:
            name = await self._conflist_name()
            if name is None:
                return _Conflist(none_there=True)
            content = await self.client.read_file(node, f"{CONFLISTS}/{name}", limit=_LARGEST_CONFLIST)
        except NotAuthorized:
            self.notes.append("CNI configuration: unknown (needs os:admin)")
            return _Conflist()
        except NodeError as error:
            self.notes.append(f"the CNI configuration was not read: {error}")
            return _Conflist()
        conflist = conflists.parse(content, name)
        if conflist is None:
            self.notes.append(f"{shown(name)} is not a CNI configuration that containerd could load")
        return _Conflist(conflist)

    async def _conflist_name(self) -> str | None:
        names: list[str] = []
        try:
            async with aclosing(self.client.list_files(self.row.address, CONFLISTS)) as entries:
                async for entry in entries:
                    if not entry.is_directory and not entry.error and "/" not in entry.relative_name:
                        names.append(entry.relative_name)
                    if len(names) >= _MOST_CONFLISTS:
                        break
        except NotFound:
            return None
        return conflists.active(names)

    async def _with_contents(self, files: Sequence[CacheFile], state: NodeState) -> list[Judged]:
        judged = {file.name: judge(file, state) for file in files}
        wanted = [file for file in files if self._is_wanted(judged[file.name])] if self.options.may_read else []
        large = sum(each.code == "content-unread" and each.file.size > LARGEST for each in judged.values())
        if large:
            self.notes.append(f"{large} files are larger than {LARGEST >> 20} MiB and were not read")
        if not wanted:
            if not self.options.may_read and any(each.code == "content-unread" for each in judged.values()):
                self.notes.append("contents: unknown (needs os:admin)")
            return list(judged.values())
        contents = await read_contents(self.client, self.row.address, wanted, files, self.options)
        self.notes += contents.notes
        for file in wanted:
            if file.name in contents.gone:
                del judged[file.name]
            elif file.name in contents.changed:
                judged[file.name] = judge(file._replace(problem=contents.changed[file.name]), state)
            elif file.name in contents.data:
                # Taken out, so that a content is not held longer than it takes to judge it.
                judged[file.name] = judge(file, state, contents.data.pop(file.name))
        return list(judged.values())

    def _is_wanted(self, judged: Judged) -> bool:
        """Whether to read a file: where damage does harm, all of which the verdict depends; elsewhere those too short to be whole."""
        file = judged.file
        if file.kind is not FileKind.REGULAR or file.is_link or file.parsed is None or file.problem or not 0 < file.size <= LARGEST:
            return False
        return self.options.deep or judged.code == "content-unread" or file.size < SMALLEST

    def _report(self, judged: list[Judged], state: NodeState, *, plain: int = 0) -> NodeCni:
        counts, codes = count(Counter(each.code for each in judged) + Counter({"harmless-content": plain}))
        # Files that only wait for a role that may read them are a number, not rows.
        rows = [each for each in judged if each.verdict is not Verdict.HEALTHY and each.code != "content-unread"]
        rows.sort(key=lambda each: (WORST_FIRST.index(each.verdict), each.file.name))
        if len(rows) > self.options.most_rows:
            self.notes.append(f"{len(rows) - self.options.most_rows} more files are counted but not listed")
        return NodeCni(
            address=self.row.address,
            hostname=self.row.hostname,
            talos=shown(self.talos),
            state=state if self.options.keep_sandboxes else replace(state, ready=None, directories=None),
            counts=counts,
            codes=codes,
            files=tuple(rows[: self.options.most_rows]),
            # They quote the node: its errors, its file names.
            notes=tuple(map(shown_error, self.notes)),
            incomplete=self.incomplete,
        )


_One = TypeVar("_One")
_Two = TypeVar("_Two")


async def _together(first: Coroutine[Any, Any, _One], second: Coroutine[Any, Any, _Two]) -> tuple[_One, _Two]:
    """Wait for both; when one fails, stop the other and raise what the one raised."""
    try:
        async with asyncio.TaskGroup() as group:
            one, two = group.create_task(first), group.create_task(second)
    except BaseExceptionGroup as failures:
        raise failures.exceptions[0] from None
    return one.result(), two.result()


@dataclass(frozen=True, slots=True)
class _Conflist:
    conflist: conflists.Conflist | None = None
    none_there: bool = False


def _is_odd(file: CacheFile, directories: frozenset[str] | None) -> bool:
    """Whether a file needs a second look although this containerd goes on without files it cannot read."""
    plain = file.parsed is not None and file.kind is FileKind.REGULAR and not file.is_link and not file.problem and file.size >= SMALLEST
    return not plain or directories is None or (file.parsed is not None and file.parsed.sandbox not in directories)


def _cache_file(entry: FileInfo) -> CacheFile:
    name = entry.relative_name
    if entry.is_regular and not entry.link:
        return CacheFile(name, parse(name), entry.size, entry.modified)
    if entry.is_directory:
        # One level was listed, so whether it is empty is not known; libcni can remove an empty one only.
        kind = FileKind.FULL_DIRECTORY
    elif entry.mode & MODE_FIFO:
        kind = FileKind.FIFO
    else:
        kind = FileKind.UNOPENABLE
    is_link = bool(entry.link) or bool(entry.mode & MODE_SYMLINK)
    return CacheFile(name, parse(name), entry.size, entry.modified, kind, entry.error, is_link)
