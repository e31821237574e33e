"""The command that removes one file: find's own predicates test it again in the very call that deletes it. No shell anywhere."""

from __future__ import annotations

from dataclasses import dataclass

from talospatch.cni.directories import TASKS
from talospatch.cni.eligibility import EARLIER_BOOT
from talospatch.cni.verdict import SETTLING

FIND, TEST = "/usr/bin/find", "/usr/bin/test"
# What the image must have: GNU findutils, for -newermt to the second and -delete. Debian's busybox has neither.


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """One file to remove, exactly as it was seen.

    Attributes:
        name: base name below /var/lib/cni/results.
        sandbox: ID of its sandbox.
        size: bytes.
        modified: whole seconds since 1970, as List gives them; the file system has fractions.
        shown_dead: what showed that its sandbox is dead.
    """

    name: str
    sandbox: str
    size: int
    modified: int
    shown_dead: tuple[str, ...]


def command(order: Order, directory: str, *, host: str | None = None) -> tuple[str, ...]:
    """Return the command line that removes the file if it still is what was seen, and prints its path if it did.

    It must be a regular file of exactly this size, last changed in exactly this second, and, unless it is from before the boot, still old
    by the node's own clock. A link is not followed. ``-delete`` is true only where it deleted, so what is printed is what is gone.

    Args:
        order: the file.
        directory: where the cache's directory is in the container.
        host: where the node's root is, where the container has it: then containerd's directory of running tasks is looked at, too.
    """
    path = f"{directory}/{order.name}"
    words = [FIND, path, "-maxdepth", "0", "-type", "f", "-size", f"{order.size}c"]
    words += ["-newermt", f"@{order.modified - 1}.999999999", "!", "-newermt", f"@{order.modified}.999999999"]
    if EARLIER_BOOT not in order.shown_dead:
        words += ["-mmin", f"+{SETTLING // 60 - 1}"]
    if host is not None:
        words += ["-exec", TEST, "!", "-e", f"{host}{TASKS}/{order.sandbox}", ";"]
    return (*words, "-delete", "-print")
