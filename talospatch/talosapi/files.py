"""The calls about a node's files: List, Read, Copy."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import TYPE_CHECKING

from talospatch.errors import IncompleteAnswer, InputError
from talospatch.talos.files import CopiedFiles, FileInfo
from talospatch.talosapi import answers
from talospatch.talosapi.calls import Calls, check_in_band, in_band_failure
from talospatch.talosapi.failures import clean, translate
from talospatch.talosapi.roots import allowed
from talospatch.wire.methods import COPY, LIST, READ

if TYPE_CHECKING:
    from talospatch.wire.transport import RpcFailure

READ_LIMIT = 4 << 20
COPY_LIMIT = 64 << 20
_LONGEST_WARNING = 300


class FileCalls(Calls):
    """List, Read and Copy. See :class:`talospatch.talosapi.client.Client`."""

    async def list_files(self, node: str, root: str, *, depth: int = 1, timeout: float | None = None) -> AsyncGenerator[FileInfo, None]:
        """Yield the entries of a directory that is known to stay, the directory itself first, as ``.``; then in the order of names.

        An entry that cannot be looked at, mostly one that vanished meanwhile, has its ``error`` set and ends nothing.

        Args:
            node: the node's address or host name.
            root: one of :data:`talospatch.talosapi.roots.ROOTS`.
            depth: levels below the root, 1 or more.
            timeout: seconds for the whole call; the method's own when None.

        Raises:
            RefusedError: ``unstable-root``; nothing was sent.
            NotFound: there is no such directory.
            NodeError: the call failed.
        """
        from talospatch.wire.proto import machine_pb2

        if depth < 1:
            raise InputError(f"a depth of {depth}: it is 1 or more")
        # No ``types``: a filter without DIRECTORY makes the walker ignore the depth (archiver/walker.go).
        request = machine_pb2.ListRequest(root=allowed(root), recurse=depth > 1, recursion_depth=depth if depth > 1 else 0)
        async with aclosing(self._stream(LIST, node, request, timeout)) as messages:
            async for message in messages:
                check_in_band(message, node=node, method=LIST, secrets=self._secrets())
                yield answers.file_info(message)

    async def read_file(
        self, node: str, path: str, *, limit: int = READ_LIMIT, expected_size: int | None = None, timeout: float | None = None
    ) -> bytes:
        """Return a file's content. Needs os:admin.

        A node that cannot read on in the middle of a file ends the stream as if it were whole. Where that matters, give the size that List
        told as ``expected_size``; files of ``/proc`` have none.

        Raises:
            InputError: the path is not absolute.
            NotFound: there is no such file.
            IncompleteAnswer: the file is larger than ``limit`` bytes, or not ``expected_size`` bytes long.
            NodeError: the call failed.
        """
        from talospatch.wire.proto import machine_pb2

        if not path.startswith("/"):
            raise InputError(f"{path[:200]!r} is not an absolute path", hint="a relative one is looked up in machined's own directory")
        data = bytearray()
        async with aclosing(self._stream(READ, node, machine_pb2.ReadRequest(path=path), timeout)) as messages:
            async for message in messages:
                check_in_band(message, node=node, method=READ, secrets=self._secrets())
                data += message.bytes
                if len(data) > limit:
                    raise IncompleteAnswer(node, READ.name, "OK", f"{path} is larger than the limit of {limit} bytes")
        if expected_size is not None and len(data) != expected_size:
            came = "1 byte" if len(data) == 1 else f"{len(data)} bytes"
            text = f"{came} of {path} came, but it has {expected_size}: it changed meanwhile, or the node could not read on"
            raise IncompleteAnswer(node, READ.name, "OK", text)
        return bytes(data)

    async def copy_files(self, node: str, root: str, *, limit: int = COPY_LIMIT, timeout: float | None = None) -> CopiedFiles:
        """Return every regular file below a directory that is known to stay, all levels. Needs os:admin.

        The cheapest way to see many files at about the same moment. Files that vanish meanwhile are left out, with a warning. A file that
        shrinks meanwhile spoils all that follow: then the copy is made once more.

        Args:
            node: the node's address or host name.
            root: one of :data:`talospatch.talosapi.roots.ROOTS`.
            limit: bytes of the archive, unpacked, 512 and more for each entry included.
            timeout: seconds for one copy.

        Raises:
            RefusedError: ``unstable-root``; nothing was sent.
            NotFound: there is no such directory.
            IncompleteAnswer: the archive is damaged or larger than the limit.
            NodeError: the call failed.
        """
        root = allowed(root)
        try:
            return await self._copy_once(node, root, limit=limit, timeout=timeout)
        except _SpoiltError:
            pass
        try:
            return await self._copy_once(node, root, limit=limit, timeout=timeout)
        except _SpoiltError:
            pass
        raise IncompleteAnswer(node, COPY.name, "OK", f"files below {root} shrank while they were copied, twice; try again")

    async def _copy_once(self, node: str, root: str, *, limit: int, timeout: float | None) -> CopiedFiles:
        from talospatch.talosapi.archive import ArchiveError, unpack

        archive, ending = await self._copy_stream(node, root, limit=limit, timeout=timeout)
        text = "" if ending is None else ending.details
        if "missed writing" in text:
            raise _SpoiltError
        problem = ""
        if archive:
            try:
                return CopiedFiles(unpack(archive, limit=limit), self._warnings(text))
            except ArchiveError as error:
                problem = str(error)
        if ending is not None:
            raise translate(ending, node=node, method=COPY, timeout=timeout or COPY.deadline, secrets=self._secrets()).error
        raise IncompleteAnswer(node, COPY.name, "OK", f"the archive of {root} {problem or 'is empty'}")

    async def _copy_stream(self, node: str, root: str, *, limit: int, timeout: float | None) -> tuple[bytes, RpcFailure | None]:
        """Return what came, and what the node said at the end: in a message up to 1.13, as a status since."""
        from talospatch.talosapi.archive import BLOCK
        from talospatch.wire.proto import machine_pb2

        data = bytearray()
        ending: RpcFailure | None = None

        def note(failure: RpcFailure) -> bool:
            nonlocal ending
            if failure.code != "UNKNOWN":  # not the walker's word, but a lost connection, a deadline or a missing role
                return False
            ending = failure
            return True

        async with aclosing(self._stream(COPY, node, machine_pb2.CopyRequest(root_path=root), timeout, keep=note)) as messages:
            async for message in messages:
                failure = in_band_failure(message.metadata) if message.HasField("metadata") else None
                if failure is not None:
                    ending = failure
                data += message.bytes
                if len(data) > limit + limit // 1000 + BLOCK:  # what gzip may add to data that it cannot make smaller
                    raise IncompleteAnswer(node, COPY.name, "OK", f"the archive of {root} is larger than the limit of {limit} bytes")
        return bytes(data), ending

    def _warnings(self, text: str) -> tuple[str, ...]:
        """Return one line for each file that the node left out, from the multi-line text of its walker."""
        lines = [line.strip().removeprefix("* ") for line in text.splitlines()]
        told = [line for line in lines if line and not line.endswith("occurred:")]
        return tuple(clean(line, secrets=self._secrets(), limit=_LONGEST_WARNING) for line in told)


class _SpoiltError(Exception):
    """The archive lacks entries that were there."""
