"""Removing files through Talos's DebugService: a one-off container for each, from an image that is brought and taken away again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from talospatch.cnicheck.repair.command import FIND
from talospatch.cnicheck.repair.remover import Removal, Removals, read_output
from talospatch.errors import InvalidOnNode, NodeError, NotFound, RefusedError

if TYPE_CHECKING:
    from talospatch.cnicheck.repair.calls import DebugCalls
    from talospatch.cnicheck.repair.plan import FileRepair, NodeRepair, RepairOptions

# The containerd namespace that each store's debug containers are in, as Containers names it.
NAMESPACES = {"inmem": "system", "system": "system", "cri": "k8s.io"}
_DEBUG = "debug-"  # what their ids begin with (internal/app/debug)
_RUN_TIMEOUT = 60.0  # seconds for one find on one file; recorded runs took 0.15


@dataclass(slots=True)
class DebugRemover:
    """See :class:`talospatch.cnicheck.repair.remover.Remover`. One node at a time."""

    client: DebugCalls
    options: RepairOptions
    _image: str = ""
    _brought: tuple[str, ...] = ()
    _before: frozenset[str] | None = field(default=None)

    async def prepare(self, node: NodeRepair, boot_id: str) -> None:
        """Have the image in the node's store, by pull or import; each has its own deadline."""
        del boot_id  # the same connection that looked at the node runs the container
        self._image, self._brought = "", ()
        address, store, wanted = node.address, self.options.store, self.options.image
        there = {image.name: image.digest for image in await self.client.images(address, store=store)}
        self._before = await self._debug_containers(address)
        if self.options.archive is not None:
            # The archive's own name counts. Send it even if an image of that name is in the store: only then is it certain which image
            # runs.
            self._image = await self.client.import_image(address, self.options.archive, store=store)
            await self._note_brought(address, there)
            return
        if wanted in there:
            self._image = wanted
            return
        self._image = await self.client.pull_image(address, wanted, store=store)
        await self._note_brought(address, there)
        if not self._brought:
            raise RefusedError("image-lost", f"{node.name}: the image was pulled as {self._image[:200]!r} and is not in the store {store}")

    async def _note_brought(self, address: str, there: Mapping[str, str]) -> None:
        """Take note of every name that the image has got in the store: as long as one of them stays, the image stays.

        A pull gives it three (manageAliases in Talos's internal/pkg/containers/image, 1.13 and 1.14): the reference that was asked for, the
        repository with the digest, which is the name that the call returns, and the digest alone.
        """
        now = {image.name: image.digest for image in await self.client.images(address, store=self.options.store)}
        digest = now.get(self._image, "")
        same = [name for name, found in now.items() if name == self._image or (digest and found == digest)]
        self._brought = tuple(name for name in same if name not in there)

    async def remove(self, node: NodeRepair, files: Sequence[FileRepair]) -> Removals:
        """Run one container after the other, until the end of one is not seen."""
        address, store = node.address, self.options.store
        done: dict[str, Removal] = {}
        for file in files:
            name = file.judged.file.name
            try:
                result = await self.client.run_container(address, self._image, file.command, store=store, timeout=_RUN_TIMEOUT)
            except (NotFound, InvalidOnNode) as error:
                done[name] = Removal(None, removed=False, said=error.text, ran=False)
                break
            except NodeError as error:
                done[name] = Removal(None, None, f"the connection to the container was lost: {error.text}")
                break
            removed, said = read_output(result.output, file.command[1])
            if result.exit_code is None:
                done[name] = Removal(None, removed or None, said or "the node ended the run without saying how the command ended")
                break
            done[name] = Removal(result.exit_code, removed, said)
            if result.exit_code and _lacks_gnu_find(said):
                break
        return Removals(done, await self._digest(address))

    async def clean_up(self, node: NodeRepair) -> tuple[str, ...]:
        """Remove the image if it was not there before, and name containers that were left behind."""
        address, store = node.address, self.options.store
        notes = []
        brought, self._brought = self._brought, ()
        for name in brought:
            try:
                await self.client.remove_image(address, name, store=store)
            except NotFound:
                pass
            except NodeError as error:
                notes.append(f"{node.name}: the image {name} stays in the node's store {store}: {error.text}")
        left = await self._debug_containers(address)
        if self._before is not None and left is not None:
            where = f"containerd namespace {NAMESPACES[store]}"
            notes += [
                f"{node.name}: the debug container {name} was left behind ({where}); nothing in Talos's API removes it, a reboot does"
                for name in sorted(left - self._before)
            ]
        return tuple(notes)

    async def _debug_containers(self, address: str) -> frozenset[str] | None:
        try:
            found = await self.client.containers(address, driver="containerd", namespace=NAMESPACES[self.options.store])
        except NodeError:
            return None
        return frozenset(each.id for each in found if each.id.startswith(_DEBUG))

    async def _digest(self, address: str) -> str:
        """Return the image by digest, where the store tells it."""
        try:
            for image in await self.client.images(address, store=self.options.store):
                if image.name == self._image and image.digest and "@" not in self._image:
                    return f"{self._image}@{image.digest}"
        except NodeError:
            pass
        return self._image


def _lacks_gnu_find(said: str) -> bool:
    """Whether another find than GNU's ran, which will not understand the next command either."""
    return "unrecognized" in said or "BusyBox" in said or f"{FIND}: unknown predicate" in said
