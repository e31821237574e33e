"""A node's directories as somebody copied them: a directory or a tar archive that ``talosctl copy`` made, answering like the node would.

What a copy holds is recognised by its shape: a whole tree (``var/lib/cni/…``, ``etc/cni/net.d/…``), the directory ``/var/lib/cni`` with
``results`` in it, or the files of ``results`` alone. What it does not hold is unknown, and the report says so.
"""

from __future__ import annotations

import gzip
import stat
import tarfile
import zlib
from collections.abc import AsyncGenerator, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING

from talospatch.cni.directories import CNI, RESULTS
from talospatch.cni.names import parse
from talospatch.errors import IncompleteAnswer, InputError, NodeError, NotFound
from talospatch.talos.files import MODE_DEVICE, MODE_DIRECTORY, MODE_FIFO, MODE_IRREGULAR, MODE_SOCKET, MODE_SYMLINK, CopiedFiles, FileInfo
from talospatch.talos.node import NodeVersion

if TYPE_CHECKING:
    from talospatch.talos.containers import Container
    from talospatch.talos.node import Mount

LOGS = "/var/log"
MOST_ENTRIES = 400_000  # of one copy; no node has a hundredth of it
# Bytes of a file's content that an archive's reader keeps; of a larger file only the size counts. Talos rotates logs at 5 MiB.
LARGEST_KEPT = 8 << 20
MOST_KEPT = 256 << 20  # bytes of contents kept in all
MOST_UNPACKED = 1 << 30  # bytes that an archive may have when unpacked
_PIECE = 1 << 20
_GZIP = b"\x1f\x8b"
_KINDS = (
    (stat.S_ISDIR, MODE_DIRECTORY),
    (stat.S_ISLNK, MODE_SYMLINK),
    (stat.S_ISFIFO, MODE_FIFO),
    (stat.S_ISSOCK, MODE_SOCKET),
    (stat.S_ISREG, 0),
    (stat.S_ISBLK, MODE_DEVICE),
    (stat.S_ISCHR, MODE_DEVICE),
)
_TAR_KINDS = {
    tarfile.REGTYPE: 0,
    tarfile.AREGTYPE: 0,
    tarfile.DIRTYPE: MODE_DIRECTORY,
    tarfile.SYMTYPE: MODE_SYMLINK,
    tarfile.FIFOTYPE: MODE_FIFO,
    tarfile.CHRTYPE: MODE_DEVICE,
    tarfile.BLKTYPE: MODE_DEVICE,
}


@dataclass(frozen=True, slots=True)
class Copied:
    """One entry of a copy.

    Attributes:
        mode: Go's file mode, type bits only.
        size: bytes.
        modified: seconds since 1970.
        link: target, when it is a symbolic link.
        content: of a regular file, or where it is on this machine; None when it was not kept.
    """

    mode: int
    size: int
    modified: int
    link: str = ""
    content: bytes | Path | None = None


class Copy:
    """A copy of a node's directories. Has the calls that a check makes; see :class:`talospatch.cnicheck.calls.CniCalls`.

    Args:
        entries: by absolute path on the node.
        talos: the node's Talos version; empty when it is not known.
    """

    def __init__(self, entries: Mapping[str, Copied], talos: str = "") -> None:
        self._entries, self._talos = entries, talos
        self._below: dict[str, list[str]] = {}
        for path in sorted(entries):
            self._below.setdefault(path.rpartition("/")[0], []).append(path)

    async def version(self, node: str) -> NodeVersion:
        """Return the version that was given; an empty one leaves unknown which containerd the node has."""
        del node
        return NodeVersion(self._talos)

    async def list_files(self, node: str, root: str, *, depth: int = 1) -> AsyncGenerator[FileInfo, None]:
        """Yield what the copy holds of a directory.

        Raises:
            NotFound: the copy holds the directory above, and not this one.
            NodeError: the copy holds nothing from there.
        """
        if root not in self._entries:
            if root.rpartition("/")[0] in self._entries:
                raise NotFound(node, "List", "NOT_FOUND", f"{root}: the copy has no such directory")
            raise _not_copied(node, "List", root)
        yield FileInfo(root, ".", mode=MODE_DIRECTORY)
        for path in self._walk(root, depth):
            entry = self._entries[path]
            yield FileInfo(path, path[len(root) + 1 :], entry.size, entry.mode, entry.modified, entry.link)

    def _walk(self, root: str, depth: int) -> Iterator[str]:
        for path in self._below.get(root, ()):
            yield path
            if depth > 1:
                yield from self._walk(path, depth - 1)

    async def containers(self, node: str) -> tuple[Container, ...]:
        """Fail: which pods ran is in no copy."""
        raise _not_copied(node, "Containers", "the list of pods")

    async def boot_time(self, node: str) -> int:
        """Fail: when the node booted is in no copy."""
        raise _not_copied(node, "SystemStat", "the boot time")

    async def mounts(self, node: str) -> tuple[Mount, ...]:
        """Fail: how full the node's file systems were is in no copy."""
        raise _not_copied(node, "Mounts", "the free space of its file systems")

    async def logs(self, node: str, service_id: str, *, tail_lines: int = -1) -> AsyncGenerator[bytes, None]:
        """Yield what Talos 1.12 and newer keeps of a log on disk, the older part first; nothing where the copy has none of it."""
        del tail_lines
        for path in (f"{LOGS}/{service_id}.log.1", f"{LOGS}/{service_id}.log"):
            if path in self._entries:
                yield _content(node, path, self._entries[path])

    async def read_file(self, node: str, path: str, *, limit: int, expected_size: int | None = None) -> bytes:
        """Return a file's content.

        Raises:
            NotFound: the copy has no such file.
            IncompleteAnswer: it is larger than the limit, or not as long as it should be.
            NodeError: it cannot be read.
        """
        entry = self._entries.get(path)
        if entry is None:
            raise NotFound(node, "Read", "NOT_FOUND", f"{path}: the copy has no such file")
        data = _content(node, path, entry)
        if len(data) > limit or expected_size not in (None, len(data)):
            raise IncompleteAnswer(node, "Read", "OK", f"the length of {path} is {len(data)}, which is not what was expected")
        return data

    async def copy_files(self, node: str, root: str, *, limit: int) -> CopiedFiles:
        """Return the regular files below a directory, those that can be read."""
        files: dict[str, bytes] = {}
        left = limit
        for path in self._walk(root, 64):
            entry = self._entries[path]
            if entry.mode or entry.content is None or entry.size > left:
                continue
            left -= entry.size
            files[path[len(root) + 1 :]] = _content(node, path, entry)
        return CopiedFiles(files)


def _not_copied(node: str, call: str, what: str) -> NodeError:
    return NodeError(node, call, "UNKNOWN", f"{what} is not in the copy")


def _content(node: str, path: str, entry: Copied) -> bytes:
    if isinstance(entry.content, bytes):
        return entry.content
    try:
        if entry.content is not None and not entry.mode and entry.size <= LARGEST_KEPT:
            return entry.content.read_bytes()
    except OSError as error:
        raise NodeError(node, "Read", "UNKNOWN", f"{path}: {error.strerror}") from None
    raise NodeError(node, "Read", "UNKNOWN", f"{path} was not read")


def load(source: Path, talos: str = "") -> Copy:
    """Read a copy: a directory, or a tar archive, compressed or not. Nothing is unpacked to disk.

    Args:
        source: where it is.
        talos: the node's Talos version; empty when it is not known.

    Raises:
        InputError: there is none, it cannot be read, or it holds nothing of the cache.
    """
    try:
        entries = dict(_walk_directory(source)) if source.is_dir() else _unpack(source)
    except OSError as error:
        raise InputError(error.strerror or type(error).__name__, source=str(source)) from None
    placed = _placed(entries)
    if placed is None:
        raise InputError(
            "this holds nothing of /var/lib/cni", source=str(source), hint="copy it with: talosctl -n NODE copy /var/lib/cni cni.tar.gz"
        )
    return Copy(placed, talos)


def _walk_directory(top: Path) -> Iterator[tuple[str, Copied]]:
    """Yield what is in a directory, by path below it; links are not followed."""
    waiting, count = [top], 0
    while waiting:
        for path in sorted(waiting.pop().iterdir()):
            count += 1
            if count > MOST_ENTRIES:
                raise InputError(f"this has more than {MOST_ENTRIES} entries", source=str(top))
            status = path.lstat()
            mode = next((mode for test, mode in _KINDS if test(status.st_mode)), MODE_IRREGULAR)
            link = str(path.readlink()) if mode == MODE_SYMLINK else ""
            content = path if not mode else None
            yield path.relative_to(top).as_posix(), Copied(mode, status.st_size, int(status.st_mtime), link, content)
            if mode == MODE_DIRECTORY:
                waiting.append(path)


def _unpack(archive: Path) -> dict[str, Copied]:
    """Read an archive in one pass. It comes from a node, so nothing in it may decide how much memory or time this takes."""
    try:
        with archive.open("rb") as file:
            if file.peek(len(_GZIP)).startswith(_GZIP):
                with gzip.GzipFile(fileobj=file) as plain:
                    return _read_tar(plain, archive)
            return _read_tar(file, archive)
    except (tarfile.TarError, EOFError, OverflowError, zlib.error, gzip.BadGzipFile):
        raise InputError("this is no tar archive, or a damaged one", source=str(archive)) from None


def _read_tar(file: IO[bytes] | gzip.GzipFile, archive: Path) -> dict[str, Copied]:
    entries: dict[str, Copied] = {}
    watched = _Watched(file)
    kept = unpacked = 0
    with tarfile.open(fileobj=watched, mode="r|") as tar:  # type: ignore[call-overload] # read() is all that tarfile calls here
        for member in tar:
            unpacked += max(member.size, 0) + tarfile.BLOCKSIZE
            if len(entries) >= MOST_ENTRIES or unpacked > MOST_UNPACKED:
                raise InputError(f"this has more than {MOST_ENTRIES} entries or {MOST_UNPACKED >> 30} GiB", source=str(archive))
            name = member.name.removeprefix("./").strip("/")
            mode = _TAR_KINDS.get(member.type, MODE_IRREGULAR)
            if not name or member.name.startswith("/") or ".." in name.split("/") or "\0" in name:
                continue
            content = None
            if not mode and member.size <= LARGEST_KEPT and kept + member.size <= MOST_KEPT:
                stream = tar.extractfile(member)
                content = stream.read() if stream is not None else b""
                kept += member.size
                if len(content) != member.size:
                    raise EOFError
            entries[name] = Copied(mode, member.size, int(member.mtime), member.linkname if mode == MODE_SYMLINK else "", content)
    while watched.read(_PIECE):
        pass  # after the last entry comes the end of the archive, and in a gzip stream the checksum of it all
    # tarfile takes an archive that is cut off between two entries for one that ends there; a whole one ends in blocks of zeros.
    if watched.tail.strip(b"\0") or not watched.tail:
        raise EOFError
    return entries


class _Watched:
    """A file whose last bytes are remembered as it is read."""

    def __init__(self, file: IO[bytes] | gzip.GzipFile) -> None:
        self._file, self.tail = file, b""

    def read(self, size: int) -> bytes:
        """Return up to so many bytes."""
        data = self._file.read(size)
        self.tail = (self.tail + data)[-2 * tarfile.BLOCKSIZE :]
        return data


def _placed(entries: Mapping[str, Copied]) -> dict[str, Copied] | None:
    """Return the entries by their path on the node; None when nothing of the cache is there."""
    base = _base(entries)
    if base is None:
        return None
    inside, place = base
    placed = {f"{place}/{path[len(inside) :]}".rstrip("/"): entry for path, entry in entries.items() if path.startswith(inside)}
    made = {path: Copied(MODE_DIRECTORY, 0, 0) for path in (RESULTS, *_above(placed))}
    return {**{path: entry for path, entry in made.items() if path not in placed}, **placed}


def _base(entries: Mapping[str, Copied]) -> tuple[str, str] | None:
    """Return where in the copy the node's files begin, and which directory of the node that is."""
    by_depth = sorted(entries, key=lambda path: path.count("/"))
    for path in by_depth:
        if entries[path].mode == MODE_DIRECTORY and f"/{path}".endswith(CNI):
            return path.removesuffix(CNI[1:]), ""
    folder = next((path.rpartition("/")[0] for path in by_depth if parse(path.rpartition("/")[2]) is not None), None)
    if folder is None:
        folder = next((path for path in by_depth if entries[path].mode == MODE_DIRECTORY and f"/{path}".endswith("/results")), None)
    if folder is None:
        return None
    if not f"/{folder}".endswith("/results"):
        return f"{folder}/" if folder else "", RESULTS
    above = folder.removesuffix("results")
    beside = above.removesuffix("cni/")
    return (beside, "/var/lib") if beside != above and f"{beside}containerd" in entries else (above, CNI)


def _above(paths: Mapping[str, Copied]) -> set[str]:
    """Return the directories above these paths: an archive need not have entries for them."""
    found = set()
    for path in paths:
        parent = path.rpartition("/")[0]
        while parent and parent not in found:
            found.add(parent)
            parent = parent.rpartition("/")[0]
    return found
