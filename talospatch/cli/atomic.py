"""Putting a text in the place of a file: whole or not at all, whatever ends us meanwhile.

The text goes into a draft beside the file, is on the disk before it takes the file's name, and the name is on the disk before this returns.
The file keeps its mode, owner and extended attributes (ACLs, labels); a symbolic link stays one, and what it leads to is replaced. Another
name of the same file (a hard link) keeps the old text.

If we are killed, the draft can stay behind. One without a name (O_TMPFILE) would not help: linkat cannot replace a file, so it needs a name
of its own before.
"""

from __future__ import annotations

import contextlib
import os
import stat
from typing import TYPE_CHECKING

from talospatch.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator

PRIVATE = 0o600
LONGEST_NAME = 200  # bytes of the file's own in the draft's, which must not get too long for the file system


def replace(path: str, data: bytes, *, seen: os.stat_result | None = None, mode: int = PRIVATE) -> None:
    """Put data in the place of a file.

    Args:
        path: the file, which need not exist.
        data: its new content.
        seen: what the file was when its content was read; one that is not that any more is left alone.
        mode: for a file that does not exist yet; a machine config holds secrets.

    Raises:
        InputError: it cannot be written, or was changed meanwhile. The file is as it was.
    """
    with _said(path):
        there = _stat(path)
        if there is not None and not stat.S_ISREG(there.st_mode):
            _pour(path, data)  # a pipe or a device: it has no content that could be half new
            return
        real = os.path.realpath(path)
        if there is not None and not os.access(real, os.W_OK, effective_ids=os.access in os.supports_effective_ids):
            raise InputError("is read-only", source=path, hint="chmod u+w, or write elsewhere with -o")
        directory, name = os.path.split(real)
        draft = os.path.join(directory, _draft(name))  # noqa: PTH118 - a text all along
        try:
            # In here, because Ctrl-C can come between the file and the next step.
            descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, PRIVATE)
            try:
                _fill(descriptor, data)
                _take_over(descriptor, real, there, mode)
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
            if seen is not None and not _same(seen, _stat(real)):
                raise InputError("was changed by somebody else meanwhile", source=path, hint="run it again")
            os.replace(draft, real)  # noqa: PTH105 - likewise
        except FileExistsError:
            raise  # somebody else's
        except BaseException:
            with contextlib.suppress(OSError):
                os.unlink(draft)  # noqa: PTH108 - likewise
            raise
        _sync(directory)


def writable_as(path: str) -> os.stat_result | None:
    """Return what a file is now, for :func:`replace`; None for one that is not there.

    Raises:
        InputError: it is no regular file, so it cannot be changed in place.
    """
    with _said(path):
        there = _stat(path)
    if there is not None and not stat.S_ISREG(there.st_mode):
        raise InputError("is not a regular file", source=path)
    return there


@contextlib.contextmanager
def _said(path: str) -> Iterator[None]:
    try:
        yield
    except (OSError, ValueError) as error:
        raise InputError(f"cannot be written: {getattr(error, 'strerror', None) or error}", source=path) from None


def _stat(path: str) -> os.stat_result | None:
    try:
        return os.stat(path)  # noqa: PTH116 - likewise
    except FileNotFoundError:
        return None


def _draft(name: str) -> str:
    """Return a name for a draft: hidden, so that no run takes it for a config, and one by which it is known for ours if we are killed."""
    known_by = os.fsencode(name)[:LONGEST_NAME].decode(errors="ignore")
    return f".{known_by}.talospatch-{os.getpid()}-{os.urandom(4).hex()}"


def _same(one: os.stat_result, other: os.stat_result | None) -> bool:
    return other is not None and all(getattr(one, name) == getattr(other, name) for name in ("st_ino", "st_dev", "st_size", "st_mtime_ns"))


def _fill(descriptor: int, data: bytes) -> None:
    left = memoryview(data)
    while left:
        left = left[os.write(descriptor, left) :]


def _pour(path: str, data: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
    try:
        _fill(descriptor, data)
    finally:
        os.close(descriptor)


def _take_over(descriptor: int, real: str, there: os.stat_result | None, mode: int) -> None:
    """Give a draft what the file has: owner first, because a change of owner takes bits from the mode."""
    if there is None:
        os.fchmod(descriptor, mode)
        return
    now = os.fstat(descriptor)
    if (now.st_uid, now.st_gid) != (there.st_uid, there.st_gid):
        try:
            os.fchown(descriptor, there.st_uid, there.st_gid)
        except PermissionError:
            raise InputError("belongs to somebody else, and cannot be given back to them", hint="write elsewhere with -o") from None
    for name in _attributes(real):
        with contextlib.suppress(OSError):  # a label that only the system sets, or a file system without attributes
            os.setxattr(descriptor, name, os.getxattr(real, name))
    os.fchmod(descriptor, stat.S_IMODE(there.st_mode))


def _attributes(real: str) -> list[str]:
    if not hasattr(os, "listxattr"):  # macOS
        return []
    try:
        return os.listxattr(real)
    except OSError:
        return []


def _sync(directory: str) -> None:
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
