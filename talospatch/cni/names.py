"""Names of CNI result-cache files, and how a name that a node gave us is shown."""

from __future__ import annotations

import re
from typing import NamedTuple

# Source: getCacheFilePath in libcni/api.go joins network, container ID and interface with dashes; ValidateNetworkName and
# ValidateInterfaceName in pkg/utils/utils.go say what the outer two may hold. containerd's IDs are 64 lower-case hexadecimal digits, which
# makes the three parts unambiguous although networks and interfaces may hold dashes. IDs of other runtimes differ on purpose: not ours.
_NAME = re.compile(r"([A-Za-z0-9][A-Za-z0-9_.\-]*?)-([0-9a-f]{64})-([^/:\s]{1,15})")  # lazy: networks are short, and there is one ID
LONGEST_SHOWN = 200


class CacheName(NamedTuple):
    """What the name of a cache file says.

    Attributes:
        network: name of the conflist that was in force when the pod was made.
        sandbox: the sandbox's ID, 64 hexadecimal digits.
        interface: as ``eth0``.
    """

    network: str
    sandbox: str
    interface: str

    def __str__(self) -> str:
        return f"{self.network}-{self.sandbox}-{self.interface}"


def parse(name: str) -> CacheName | None:
    """Read a file name; None when it is not one that containerd's libcni writes. Such a file is never touched."""
    match = _NAME.fullmatch(name)
    if match is None:
        return None
    network, sandbox, interface = match.groups()
    return CacheName(network, sandbox, interface) if interface not in (".", "..") and interface.isprintable() else None


def shown(name: str) -> str:
    r"""Return a name as it can be shown anywhere: one line, nothing in it that moves a cursor or turns the direction of writing.

    What is not printable, format characters such as bidirectional overrides included, is written as ``\x1b`` or ``\u202e``, a backslash
    as two. A longer name than 200 characters is cut and ends in ``…``.
    """
    cut = name[:LONGEST_SHOWN]
    text = "".join(_shown_char(char) for char in cut)
    return text + "…" if len(name) > LONGEST_SHOWN else text


def _shown_char(char: str) -> str:
    if char == "\\":
        return r"\\"
    if char.isprintable():
        return char
    code = ord(char)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
