"""Writing small files so that they are whole or not there, for our eyes only; every failure is a JournalError."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from talospatch.errors import JournalError

PRIVATE_FILE, PRIVATE_DIRECTORY = 0o600, 0o700


@contextlib.contextmanager
def said(doing: str, path: Path) -> Iterator[None]:
    """Turn an operating system's error into ours.

    Raises:
        JournalError: in place of any OSError.
    """
    try:
        yield
    except OSError as error:
        raise JournalError(f"{path}: {doing}: {error.strerror or error}") from error


def make_directory(path: Path) -> None:
    """Make a directory that only its owner may enter, with those above it. One that is there already keeps its mode: it may be anything's.

    Raises:
        JournalError: it cannot be made, or is none.
    """
    with said("cannot make this directory", path):
        path.mkdir(mode=PRIVATE_DIRECTORY, parents=True, exist_ok=True)


def open_new(path: Path) -> int:
    """Open a file that must not exist yet, for appending.

    Raises:
        JournalError: it exists, or cannot be made.
    """
    with said("cannot make this file", path):
        return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC, PRIVATE_FILE)


def write_all(descriptor: int, data: bytes, path: Path) -> None:
    """Write every byte and wait until the disk has them.

    Raises:
        JournalError: it cannot, as when the disk is full.
    """
    with said("cannot write this file", path):
        left = memoryview(data)
        while left:
            left = left[os.write(descriptor, left) :]
        os.fsync(descriptor)


def sync_directory(path: Path) -> None:
    """Wait until the disk knows the names in a directory.

    Raises:
        JournalError: it cannot.
    """
    with said("cannot write this directory", path):
        descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def create_once(path: Path, data: bytes) -> bool:
    """Make a file with this content, whole; False when somebody else was first.

    Raises:
        JournalError: it cannot be made.
    """
    make_directory(path.parent)
    draft = path.with_name(f".{path.name}.{os.getpid()}.{os.urandom(4).hex()}")
    descriptor = open_new(draft)
    try:
        try:
            write_all(descriptor, data, draft)
        finally:
            os.close(descriptor)
        with said("cannot make this file", path):
            try:
                os.link(draft, path)  # unlike rename, this fails when the name is taken
            except FileExistsError:
                return False
    finally:
        with contextlib.suppress(OSError):
            draft.unlink()
    sync_directory(path.parent)
    return True
