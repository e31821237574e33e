"""The seam between a repair and what runs its commands on a node: what it is asked, and what it tells."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from talospatch.cnicheck.repair.plan import FileRepair, NodeRepair

LONGEST_OUTPUT = 300


@dataclass(frozen=True, slots=True)
class Removal:
    """What running one command came to. Only a look at the directory tells whether the file is gone.

    Attributes:
        exit_code: the command's; None when it is not known whether it ran, or how it ended.
        removed: whether it printed the file's path, which it does only after it deleted it; None when its output was not seen.
        said: what else it printed, or why it could not be run, fit to be shown.
        ran: False when it surely did not run.
    """

    exit_code: int | None
    removed: bool | None
    said: str = ""
    ran: bool = True


@dataclass(frozen=True, slots=True)
class Removals:
    """What a node's commands came to.

    Attributes:
        files: by name; a file without an entry was not tried.
        image: what was run, by digest where that is known.
        notes: what is worth knowing beside them.
    """

    files: Mapping[str, Removal] = field(default_factory=dict)
    image: str = ""
    notes: tuple[str, ...] = ()


class Remover(Protocol):
    """Runs the commands of a plan on one node after another."""

    async def prepare(self, node: NodeRepair, boot_id: str) -> None:
        """Make sure that commands can be run there, without running one.

        Args:
            node: the node.
            boot_id: of the machine that Talos answers for, so that no other one is taken for it.

        Raises:
            TalosPatchError: they cannot; nothing was changed but what :meth:`clean_up` takes back.
        """

    async def remove(self, node: NodeRepair, files: Sequence[FileRepair]) -> Removals:
        """Run the command of each file. Cancelling it ends what runs on the node.

        Raises:
            TalosPatchError: not one of them was run.
        """

    async def clean_up(self, node: NodeRepair) -> tuple[str, ...]:
        """Take back what was put on the node or into Kubernetes; return notes on what stays. Safe to call twice. Raises none of ours."""


def read_output(output: bytes, path: str) -> tuple[bool, str]:
    """Return whether a command printed that it deleted the file, and what else it printed, fit to be shown.

    Args:
        output: standard output and error, mixed in any order.
        path: the file as the command names it.
    """
    lines = output.decode("utf-8", "replace").splitlines()
    rest = " ".join(line.strip() for line in lines if line != path and line.strip())
    text = "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in rest)
    return path in lines, text if len(text) <= LONGEST_OUTPUT else text[: LONGEST_OUTPUT - 1] + "…"
