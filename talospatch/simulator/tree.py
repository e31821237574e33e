"""A node's file tree, in memory: paths, links, and the errors a Linux kernel gives."""

from __future__ import annotations

import stat
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from talospatch.simulator.spec import FileSpec

# Type bits of Go's os.FileMode, which FileInfo.mode has; the low nine are permissions.
_GO_TYPES = {"directory": 1 << 31, "symlink": 1 << 27, "device": 1 << 26 | 1 << 21, "fifo": 1 << 25, "socket": 1 << 24, "file": 0}
_GO_EXTRAS = ((stat.S_ISUID, 1 << 23), (stat.S_ISGID, 1 << 22), (stat.S_ISVTX, 1 << 20))
DIRECTORY_SIZE = 4096
_MOST_LINKS = 40  # ELOOP beyond
_PRIVATE = ("/var/lib/cni", "/system/state", "/var/lib/containerd")  # directories made on the way to a file are 0700 here, 0755 elsewhere


class PathError(Exception):
    """A path cannot be used; ``str()`` is the kernel's word, without operation and path."""


MISSING = "no such file or directory"


@dataclass(slots=True)
class Entry:
    """A file, directory or link.

    Attributes:
        data: of a regular file, or a function that gives it at the time of asking.
        children: of a directory.
    """

    kind: str
    mode: int
    modified: int
    data: bytes | Callable[[], bytes] = b""
    link: str = ""
    uid: int = 0
    gid: int = 0
    unreadable: bool = False
    children: dict[str, Entry] | None = None

    def content(self) -> bytes:
        """What a regular file holds now."""
        return self.data if isinstance(self.data, bytes) else self.data()

    @property
    def size(self) -> int:
        """As stat gives it."""
        if self.kind == "directory":
            return DIRECTORY_SIZE
        return len(self.link) if self.kind == "symlink" else len(self.content()) if self.kind == "file" else 0

    @property
    def go_mode(self) -> int:
        """As Go's os.FileMode: not a POSIX st_mode."""
        return _GO_TYPES[self.kind] | (self.mode & 0o777) | sum(bit for posix, bit in _GO_EXTRAS if self.mode & posix)


class Tree:
    """The tree below ``/``."""

    __slots__ = ("_root", "_time")

    def __init__(self, files: Mapping[str, FileSpec], modified: int) -> None:
        self._time = modified
        self._root = Entry("directory", 0o755, modified, children={})
        for path in sorted(files):
            self.put(path, files[path])

    def put(self, path: str, spec: FileSpec) -> None:
        """Add or replace an entry; missing parents are made."""
        modified = self._time if spec.modified is None else spec.modified
        made = Entry(spec.kind, spec.mode, modified, spec.content, spec.link, spec.uid, spec.gid, spec.unreadable)
        self._place(path, made)

    def put_live(self, path: str, content: Callable[[], bytes], mode: int = 0o600) -> None:
        """Add a regular file whose content is asked for at each use."""
        self._place(path, Entry("file", mode, self._time, content))

    def _place(self, path: str, made: Entry) -> None:
        *parents, name = [part for part in path.split("/") if part]
        here, so_far = self._root, ""
        for part in parents:
            so_far += f"/{part}"
            assert here.children is not None
            mode = 0o700 if so_far.startswith(_PRIVATE) else 0o755
            here = here.children.setdefault(part, Entry("directory", mode, self._time, children={}))
        assert here.children is not None
        old = here.children.get(name)
        if made.kind == "directory":
            made.children = old.children if old is not None and old.children is not None else {}
        here.children[name] = made

    def remove(self, path: str) -> None:
        """Take an entry away.

        Raises:
            PathError: it is not there.
        """
        parent, _, name = path.rstrip("/").rpartition("/")
        directory = self.find(parent or "/")
        if directory.children is None or name not in directory.children:
            raise PathError(MISSING)
        del directory.children[name]

    def find(self, path: str, *, follow: bool = True) -> Entry:
        """The entry at a path; links on the way are followed, the last one only if ``follow``.

        Raises:
            PathError: there is none.
        """
        return self._walk(path, follow)[1]

    def resolve(self, path: str) -> str:
        """The path without links in it.

        Raises:
            PathError: there is no such entry.
        """
        return self._walk(path, True)[0]

    def _walk(self, path: str, follow: bool) -> tuple[str, Entry]:
        links = 0
        waiting = [part for part in path.split("/") if part and part != "."][::-1]
        trail: list[tuple[str, Entry]] = [("", self._root)]
        while waiting:
            part = waiting.pop()
            if part == "..":
                if len(trail) > 1:
                    trail.pop()
                continue
            here = trail[-1][1]
            if here.children is None:
                raise PathError("not a directory")
            entry = here.children.get(part)
            if entry is None:
                raise PathError(MISSING)
            if entry.kind == "symlink" and (waiting or follow):
                links += 1
                if links > _MOST_LINKS:
                    raise PathError("too many levels of symbolic links")
                waiting += [step for step in entry.link.split("/") if step and step != "."][::-1]
                if entry.link.startswith("/"):
                    trail = trail[:1]
                continue
            trail.append((part, entry))
        return "/".join(name for name, _ in trail) or "/", trail[-1][1]

    def walk(self, path: str) -> Iterator[tuple[str, Entry]]:
        """An entry and, if it is a directory, all below it: depth first, by name, links not followed.

        Raises:
            PathError: there is no such entry.
        """
        yield from self._below(path, self.find(path, follow=False))

    def _below(self, path: str, entry: Entry) -> Iterator[tuple[str, Entry]]:
        yield path, entry
        if entry.children is not None:
            for name in sorted(entry.children):
                yield from self._below(f"{path.rstrip('/')}/{name}", entry.children[name])
