"""A directory entry as the List RPC gives it."""

from __future__ import annotations

from dataclasses import dataclass

# Go's os.FileMode bits, which List reports instead of st_mode (facts: Go os/types.go).
MODE_DIRECTORY, MODE_SYMLINK, MODE_DEVICE, MODE_FIFO, MODE_SOCKET, MODE_IRREGULAR = 1 << 31, 1 << 27, 1 << 26, 1 << 25, 1 << 24, 1 << 19
_TYPE_BITS = MODE_DIRECTORY | MODE_SYMLINK | MODE_DEVICE | MODE_FIFO | MODE_SOCKET | MODE_IRREGULAR


@dataclass(frozen=True, slots=True)
class FileInfo:
    """One entry.

    Attributes:
        name: absolute path on the node; a symlinked root shows resolved.
        relative_name: path below the listed root; ``.`` is the root itself.
        size: bytes.
        mode: Go ``os.FileMode`` bits, not ``st_mode``.
        modified: seconds since 1970, whole.
        link: target when it is a symbolic link, else empty.
        error: why this entry could not be looked at, else empty; then size, mode and modified are 0.
    """

    name: str
    relative_name: str
    size: int = 0
    mode: int = 0
    modified: int = 0
    link: str = ""
    error: str = ""
    uid: int = 0
    gid: int = 0

    @property
    def is_directory(self) -> bool:
        """Whether it is a directory."""
        return bool(self.mode & MODE_DIRECTORY)

    @property
    def is_regular(self) -> bool:
        """Whether it is a regular file, seen without error."""
        return not self.error and not self.mode & _TYPE_BITS
