"""Reading the archive that Copy sends: a gzipped tar, with hard limits, in memory only.

The archive comes from a node, which may be broken or hostile: nothing in it decides where anything is written, how much memory is
used, or how long reading takes.
"""

from __future__ import annotations

import io
import tarfile
import zlib

BLOCK = 512  # bytes of a tar block; every entry has at least one
_GZIP = 31  # zlib's window bits for a gzip wrapper


class ArchiveError(ValueError):
    """The archive is damaged, cut off, or larger than allowed. The message is a clause without its subject."""


def unpack(compressed: bytes, *, limit: int) -> dict[str, bytes]:
    """Return the regular files, by path below the root.

    Directories, links, devices and sparse files are left out, and so is whatever has a name that leads out of the root.

    Args:
        compressed: the whole stream.
        limit: bytes that the archive may have when unpacked, 512 bytes and more for each entry included.

    Raises:
        ArchiveError: see there.
    """
    plain = _gunzip(compressed, limit=limit)
    files: dict[str, bytes] = {}
    try:
        with tarfile.open(fileobj=io.BytesIO(plain), mode="r:", errorlevel=2) as archive:
            # A damaged size can send the reader backwards: there cannot be more entries than blocks.
            for _ in range(len(plain) // BLOCK + 1):
                entry = archive.next()
                if entry is None:
                    return files
                if entry.type in {tarfile.REGTYPE, tarfile.AREGTYPE} and _stays_inside(entry.name):
                    files[entry.name] = _content(archive, entry)
    except (tarfile.TarError, EOFError, OverflowError, OSError):
        pass
    raise ArchiveError("is damaged")


def _content(archive: tarfile.TarFile, entry: tarfile.TarInfo) -> bytes:
    content = archive.extractfile(entry) if entry.size >= 0 else None
    data = b"" if content is None else content.read(entry.size)
    if len(data) != entry.size:
        raise ArchiveError(f"is cut off inside {entry.name[:200]!r}")
    return data


def _gunzip(compressed: bytes, *, limit: int) -> bytes:
    inflate = zlib.decompressobj(_GZIP)
    try:
        plain = inflate.decompress(compressed, limit + 1)
    except zlib.error:
        raise ArchiveError("is not a gzip stream, or a damaged one") from None
    if len(plain) > limit:
        raise ArchiveError(f"has more than {limit} bytes when unpacked")
    if not inflate.eof:
        raise ArchiveError("is cut off")
    return plain


def _stays_inside(name: str) -> bool:
    return bool(name) and not name.startswith("/") and "\0" not in name and ".." not in name.split("/")
