"""Files of a node, as the List and Copy RPCs give them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

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


@dataclass(frozen=True, slots=True)
class CopiedFiles:
    """Answer of the Copy RPC: the regular files below a directory at about one moment.

    Attributes:
        files: path below the root, as ``cbr0-…-eth0`` or ``networks/cbr0/10.244.7.2``, and content; the content may be secret.
        warnings: what the node says it left out, such as files that vanished meanwhile; redacted.
    """

    files: Mapping[str, bytes] = field(repr=False)
    warnings: tuple[str, ...] = ()
