"""Reading the contents of cache files from one node, within bounds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from talospatch.cni.directories import RESULTS
from talospatch.cni.predict import FileKind
from talospatch.errors import IncompleteAnswer, NodeError, NotAuthorized, NotFound

if TYPE_CHECKING:
    from talospatch.cni.verdict import CacheFile
    from talospatch.cnicheck.calls import CniCalls
    from talospatch.cnicheck.options import CheckOptions

# Up to this many files are read one by one; for more, one Copy of the directory is cheaper (each Read is a call, each file in an archive
# takes 100 microseconds).
FEW = 8
# Bytes that an entry takes in an archive beside its content, rounded up: header, padding, a long name.
_PER_ENTRY = 2048


@dataclass(slots=True)
class Contents:
    """What reading gave.

    Attributes:
        data: content by file name.
        gone: files that were not there any more.
        changed: why a content was not taken, by file name: it is not as long as the directory says.
        notes: what kept others from being read.
        refused: whether the node refuses us contents.
    """

    data: dict[str, bytes] = field(default_factory=dict, repr=False)
    gone: set[str] = field(default_factory=set)
    changed: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    refused: bool = False


async def read_contents(
    client: CniCalls, node: str, wanted: Sequence[CacheFile], listed: Sequence[CacheFile], options: CheckOptions
) -> Contents:
    """Read the wanted files, by one Copy of the directory or by one Read each.

    Args:
        client: the client.
        node: the node's address.
        wanted: regular files to read; sizes are known from the directory.
        listed: everything in the directory, which is what a Copy would bring.
        options: the bounds.
    """
    contents = Contents()
    whole = sum(file.size + _PER_ENTRY for file in listed)
    # Talos's archiver opens what it finds; a FIFO would hold it up, and what is below a directory was not counted.
    plain = all(file.kind is FileKind.REGULAR and not file.problem for file in listed)
    if len(wanted) > FEW and plain and whole <= options.most_bytes:
        await _copy(client, node, wanted, contents, whole)
        return contents
    left = options.most_bytes
    for file in wanted[: options.most_reads]:
        if contents.refused or file.size > left:
            continue
        left -= file.size
        await _read(client, node, file, contents)
    missing = len(wanted) - len(contents.data) - len(contents.gone) - len(contents.changed)
    if missing and not contents.notes:
        contents.notes.append(
            f"{missing} {'file was' if missing == 1 else 'files were'} not read: that would be more than this check takes from one node"
        )
    return contents


async def _copy(client: CniCalls, node: str, wanted: Sequence[CacheFile], contents: Contents, whole: int) -> None:
    try:
        # Twice the room: new pods may have come since the directory was listed.
        copied = await client.copy_files(node, RESULTS, limit=2 * whole)
    except NotAuthorized:
        contents.refused = True
        contents.notes.append("contents: unknown (needs os:admin)")
        return
    except NodeError as error:
        contents.notes.append(f"contents were not read: {error}")
        return
    contents.notes += [f"while copying: {warning}" for warning in copied.warnings[:3]]
    for file in wanted:
        data = copied.files.get(file.name)
        if data is None:
            contents.gone.add(file.name)
        elif len(data) != file.size:
            came = "1 byte" if len(data) == 1 else f"{len(data)} bytes"
            contents.changed[file.name] = f"{came} came of {file.size}: it changed meanwhile, or the node could not read on"
        else:
            contents.data[file.name] = data


async def _read(client: CniCalls, node: str, file: CacheFile, contents: Contents) -> None:
    try:
        contents.data[file.name] = await client.read_file(node, f"{RESULTS}/{file.name}", limit=file.size, expected_size=file.size)
    except NotAuthorized:
        contents.refused = True
        contents.notes.append("contents: unknown (needs os:admin)")
    except NotFound:
        contents.gone.add(file.name)
    except IncompleteAnswer as error:
        contents.changed[file.name] = error.text
    except NodeError as error:
        contents.notes.append(f"a file was not read: {error}")
