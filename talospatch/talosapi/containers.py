"""The calls about containers and images: Containers, the image service, one-off containers."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import aclosing
from typing import Any

from talospatch.errors import IncompleteAnswer, InputError
from talospatch.talos.containers import Container, Image, RunResult
from talospatch.talosapi import answers
from talospatch.talosapi.calls import Calls, only
from talospatch.wire.methods import CONTAINER_RUN, CONTAINERS, IMAGE_IMPORT, IMAGE_LIST, IMAGE_PULL, IMAGE_REMOVE

OUTPUT_LIMIT = 64 << 10
_CHUNK = 256 << 10  # bytes of an image in one message, as talosctl sends them

# Where images and one-off containers can live, by talosctl's words: containerd's instance and its namespace. The fourth pair is refused.
STORES = {
    "inmem": ("CONTAINERD", "NS_SYSTEM"),  # on a tmpfs, best for an image that is thrown away
    "system": ("CRI", "NS_SYSTEM"),
    "cri": ("CRI", "NS_CRI"),
}


class ContainerCalls(Calls):
    """Containers, images and one-off containers. See :class:`talospatch.talosapi.client.Client`."""

    async def containers(
        self, node: str, *, driver: str = "cri", namespace: str = "k8s.io", timeout: float | None = None
    ) -> tuple[Container, ...]:
        """Return pod sandboxes and their containers, in no order.

        With the driver ``cri``, only sandboxes that are READY, and the containers of those: what is not listed may well exist. Before Talos
        1.9 there are no ids of sandboxes. With the driver ``containerd``, only what has a running task.

        Raises:
            InputError: no such driver.
            NodeBusy: a pod vanished while the list was made, each time.
            NodeError: the call failed.
        """
        from talospatch.wire.proto import common_pb2, machine_pb2

        drivers = {"cri": common_pb2.CRI, "containerd": common_pb2.CONTAINERD}
        if driver not in drivers:
            raise InputError(f"{driver!r} is not a driver of containers", hint=f"these are: {', '.join(drivers)}")
        request = machine_pb2.ContainersRequest(namespace=namespace, driver=drivers[driver])
        answer = only(await self._unary(CONTAINERS, node, request, timeout), node=node, method=CONTAINERS)
        return tuple(answers.container(container) for container in answer.containers)

    async def images(self, node: str, *, store: str = "cri", timeout: float | None = None) -> tuple[Image, ...]:
        """Return the images of a store. Since Talos 1.13.

        Raises:
            NotSupported: the node's Talos is older.
            NodeError: the call failed.
        """
        from talospatch.wire.proto import image_pb2

        request = image_pb2.ImageServiceListRequest(containerd=_instance(store))
        async with aclosing(self._stream(IMAGE_LIST, node, request, timeout)) as messages:
            return tuple([answers.image(message) async for message in messages])

    async def pull_image(self, node: str, reference: str, *, store: str = "cri", timeout: float | None = None) -> str:
        """Pull an image and return its name, pinned by digest. Since Talos 1.13; needs os:operator.

        Talos 1.13 goes on trying for 20 minutes when a registry refuses: the deadline is what ends it.

        Raises:
            IncompleteAnswer: the node named no image in the end.
            NodeError: the call failed.
        """
        from talospatch.wire.proto import image_pb2

        request = image_pb2.ImageServicePullRequest(containerd=_instance(store), image_ref=reference)
        name = ""
        async with aclosing(self._stream(IMAGE_PULL, node, request, timeout)) as messages:
            async for message in messages:
                name = message.name or name
        if not name:
            raise IncompleteAnswer(node, IMAGE_PULL.name, "OK", "the node ended the pull without naming the image")
        return name

    async def import_image(self, node: str, archive: bytes | Sequence[bytes], *, store: str = "cri", timeout: float | None = None) -> str:
        """Send an image as an OCI or docker archive and return its name. Since Talos 1.13; needs os:admin. Sending one again is harmless.

        Args:
            node: the node's address or host name.
            archive: the tar, whole or in pieces of any size.
            store: one of :data:`STORES`.
            timeout: seconds for the whole call.

        Raises:
            InvalidOnNode: the archive names no image.
            NodeError: the call failed.
        """
        from talospatch.wire.proto import common_pb2, image_pb2

        instance = _instance(store)
        pieces: Sequence[bytes] = (archive,) if isinstance(archive, bytes) else archive

        async def requests() -> AsyncIterator[Any]:
            yield image_pb2.ImageServiceImportRequest(containerd=instance)
            for chunk in _chunks(pieces):
                yield image_pb2.ImageServiceImportRequest(image_chunk=common_pb2.Data(bytes=chunk))

        answer = await self._client_stream(IMAGE_IMPORT, node, requests, timeout)
        return str(answer.name)

    async def remove_image(self, node: str, reference: str, *, store: str = "cri", timeout: float | None = None) -> None:
        """Remove an image from a store. Since Talos 1.13; needs os:admin.

        Raises:
            NotFound: the store has no such image.
            NodeError: the call failed.
        """
        from talospatch.wire.proto import image_pb2

        await self._unary(
            IMAGE_REMOVE, node, image_pb2.ImageServiceRemoveRequest(containerd=_instance(store), image_ref=reference), timeout
        )

    async def run_container(
        self,
        node: str,
        image: str,
        args: Sequence[str],
        *,
        store: str = "cri",
        timeout: float | None = None,
        output_limit: int = OUTPUT_LIMIT,
    ) -> RunResult:
        """Run a privileged one-off container, wait for its end and return what it printed. Since Talos 1.13; needs os:admin.

        The node's root is at ``/host``. The image must be in the store already. Never sent twice. When the call fails on the way, the
        container is killed, and what it had done by then is not known.

        Args:
            node: the node's address or host name.
            image: name of the image in the store.
            args: the whole command line; it replaces the image's own.
            store: one of :data:`STORES`.
            timeout: seconds the run may take.
            output_limit: bytes of output that are kept; the rest is read and dropped.

        Returns:
            The result; its exit code is None when the node ended the call without one.

        Raises:
            NotFound: the image is not in the store; nothing was run.
            NodeError: the call failed.
        """
        from talospatch.wire.proto import debug_pb2

        spec = debug_pb2.DebugContainerRunRequestSpec(
            containerd=_instance(store),
            image_name=image,
            args=list(args),
            profile=debug_pb2.DebugContainerRunRequestSpec.PROFILE_PRIVILEGED,
        )

        async def requests() -> AsyncIterator[Any]:
            # Ending here closes the container's standard input, and lets the server go when the run is over.
            yield debug_pb2.DebugContainerRunRequest(spec=spec)

        output, truncated = bytearray(), False
        async with aclosing(self._stream(CONTAINER_RUN, node, requests(), timeout)) as messages:
            async for message in messages:
                if message.HasField("exit_code"):
                    return RunResult(message.exit_code, bytes(output), truncated)
                room = output_limit - len(output)
                truncated = truncated or len(message.stdout_data) > room
                output += message.stdout_data[:room]
        return RunResult(None, bytes(output), truncated)


def _instance(store: str) -> Any:
    from talospatch.wire.proto import common_pb2

    if store not in STORES:
        raise InputError(f"{store!r} is not a store of images", hint=f"these are: {', '.join(STORES)}")
    driver, namespace = STORES[store]
    return common_pb2.ContainerdInstance(driver=driver, namespace=namespace)


def _chunks(pieces: Iterable[bytes]) -> Iterable[bytes]:
    for piece in pieces:
        for start in range(0, len(piece), _CHUNK):
            yield piece[start : start + _CHUNK]
