"""What a node's directories show, by List alone: names, sizes and times."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from talospatch.cni import conflist as conflists
from talospatch.cni.directories import CONFLISTS, NAMESPACES, NETWORKS, RESULTS, SANDBOXES, SCRATCH, TASKS
from talospatch.cni.leases import Lease, lease
from talospatch.cni.names import parse, shown
from talospatch.cni.predict import FileKind
from talospatch.cni.verdict import CacheFile
from talospatch.errors import NodeError, NotFound
from talospatch.talos.files import MODE_FIFO, MODE_SYMLINK, FileInfo

if TYPE_CHECKING:
    from talospatch.cnicheck.calls import CniCalls

_MOST_CONFLISTS = 1000
_VANISHED = "no such file or directory"


class TooManyError(Exception):
    """A directory has more entries than are looked at."""


@dataclass(slots=True)
class Listing:
    """Lists the directories of one node. What is missing in the answers is in the notes.

    Attributes:
        client: the client.
        node: the node's address.
        most: entries of a directory that are looked at.
        notes: sentences about what could not be seen.
        incomplete: whether some cache files were not looked at.
    """

    client: CniCalls
    node: str
    most: int
    notes: list[str] = field(default_factory=list)
    incomplete: bool = False

    async def sandboxes(self) -> frozenset[str] | None:
        """Return the IDs of the sandboxes that containerd knows; None when they could not be listed."""
        try:
            return await self._names(SANDBOXES)
        except TooManyError:
            self.notes.append(f"more than {self.most} sandboxes: which of them exist was not looked at")
        except NotFound:
            self.notes.append("containerd has no directory of sandboxes: which of them exist is not known")
        except NodeError as error:
            self.notes.append(f"which sandboxes exist was not seen: {error}")
        return None

    async def tasks(self) -> frozenset[str] | None:
        """Return the IDs that containerd has a task for; None when they could not be listed."""
        try:
            # containerd renames the directory of a task to a hidden one before it deletes it.
            return frozenset(name for name in await self._names(TASKS) if not name.startswith("."))
        except TooManyError:
            self.notes.append(f"more than {self.most} tasks: which pods run was not looked at")
        except NotFound:
            pass  # containerd makes it with the first task after a boot
        except NodeError as error:
            self.notes.append(f"which pods run was not seen: {error}")
        return None

    async def namespaces(self) -> frozenset[str] | None:
        """Return the names of network namespaces; None when they could not be listed."""
        try:
            return await self._names(NAMESPACES)
        except TooManyError:
            self.notes.append(f"more than {self.most} network namespaces: they were not looked at")
        except NotFound:
            return frozenset()
        except NodeError as error:
            self.notes.append(f"network namespaces were not seen: {error}")
        return None

    async def cache_files(self) -> list[CacheFile]:
        """Return the entries of the cache.

        Raises:
            NodeError: it could not be listed. A missing cache is no error: libcni makes it with the first pod that gets a network.
        """
        files: list[CacheFile] = []
        try:
            await self._walk(RESULTS, lambda entry: files.append(_cache_file(entry)))  # what came before the bound is kept
        except TooManyError:
            self.notes.append(f"more than {self.most} files in the cache: the rest was not looked at")
            self.incomplete = True
        except NotFound:
            pass
        return files

    async def leases(self) -> list[Lease]:
        """Return the addresses given out, without the contents of their files."""
        found: list[Lease] = []

        def take(entry: FileInfo) -> None:
            network, slash, name = entry.relative_name.partition("/")
            made = lease(network, name, entry.size, entry.modified) if slash and entry.is_regular and not entry.link else None
            if made is not None:
                found.append(made)

        try:
            await self._walk(NETWORKS, take, depth=2)
        except TooManyError:
            self.notes.append(f"more than {self.most} addresses: the rest was not looked at")
        except NotFound:
            return []  # its addresses are not host-local's
        except NodeError as error:
            self.notes.append(f"addresses were not seen: {error}")
            return []
        return found

    async def scratch(self) -> dict[str, int]:
        """Return the sizes of flannel's scratch files, by name."""
        found: dict[str, int] = {}

        def take(entry: FileInfo) -> None:
            if entry.is_regular and not entry.link:
                found[entry.relative_name] = entry.size

        try:
            await self._walk(SCRATCH, take)
        except (TooManyError, NotFound):
            pass
        except NodeError as error:
            self.notes.append(f"flannel's scratch files were not seen: {error}")
        return found

    async def conflist_name(self) -> str | None:
        """Return the name of the CNI configuration in force; None when there is none.

        Raises:
            NodeError: the directory could not be listed.
        """
        names: list[str] = []
        try:
            async with aclosing(self.client.list_files(self.node, CONFLISTS)) as entries:
                async for entry in entries:
                    if not entry.is_directory and not entry.error and "/" not in entry.relative_name:
                        names.append(entry.relative_name)
                    if len(names) >= _MOST_CONFLISTS:
                        break
        except NotFound:
            return None
        return conflists.active(names)

    async def _names(self, root: str) -> frozenset[str]:
        names: set[str] = set()
        await self._walk(root, lambda entry: names.add(entry.relative_name))
        return frozenset(names)

    async def _walk(self, root: str, take: Callable[[FileInfo], None], *, depth: int = 1) -> None:
        """Hand each entry below a directory to ``take``, up to the bound. What vanished while it was walked is left out.

        Not a generator: another one around the client's costs as much for each file as looking at it.
        """
        left = self.most
        async with aclosing(self.client.list_files(self.node, root, depth=depth)) as entries:
            async for entry in entries:
                name = entry.relative_name
                if name in (".", "") or (entry.error and _VANISHED in entry.error):
                    if name == "." and entry.name not in ("", root):
                        self.notes.append(f"the node listed {shown(entry.name)} in place of {root}, which should never be a link")
                    continue
                if not left:
                    raise TooManyError
                left -= 1
                take(entry)


def _cache_file(entry: FileInfo) -> CacheFile:
    name = entry.relative_name
    if entry.is_regular and not entry.link:
        return CacheFile(name, parse(name), entry.size, entry.modified)
    if entry.is_directory:
        # Only one level was listed, so whether it is empty is not known: it is taken for full, which is what libcni cannot remove.
        kind = FileKind.FULL_DIRECTORY
    elif entry.mode & MODE_FIFO:
        kind = FileKind.FIFO
    else:
        kind = FileKind.UNOPENABLE
    is_link = bool(entry.link) or bool(entry.mode & MODE_SYMLINK)
    return CacheFile(name, parse(name), entry.size, entry.modified, kind, entry.error, is_link)
