"""Makes recorded calls over gRPC and TLS, with one client for each role and endpoint."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Self

import grpc
import grpc.aio
from recorded_exchanges import Answer, Record

if TYPE_CHECKING:
    from talospatch.simulator.launch import RunningCluster

_LIMIT = 32 * 1024 * 1024
_DEADLINE = 60.0


class TlsClients:
    """Clients of a running cluster whose authority has ECDSA keys."""

    def __init__(self, cluster: RunningCluster) -> None:
        self._cluster = cluster
        self._channels: dict[tuple[str, str], grpc.aio.Channel] = {}

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exception: object) -> None:
        for channel in self._channels.values():
            await channel.close()

    async def ask(self, record: Record) -> Answer:
        """Make one recorded call."""
        # On the wire all shapes are the same, so one stream of streams does for every method.
        method: grpc.aio.StreamStreamMultiCallable[bytes, bytes] = self._channel(record.node, record.role).stream_stream(record.method)
        metadata = tuple((key, value) for key, values in record.metadata.items() for value in values)
        call = method(_sent(record.messages), metadata=metadata, timeout=_DEADLINE)
        messages: list[bytes] = []
        try:
            async for message in call:
                messages.append(message)
                if len(messages) == record.cut_after:
                    call.cancel()
                    return Answer(messages)
        except grpc.aio.AioRpcError as error:
            return Answer(messages, error.code().name, error.details() or "")
        return Answer(messages, (await call.code()).name, await call.details())

    def _channel(self, endpoint: str, role: str) -> grpc.aio.Channel:
        if (endpoint, role) not in self._channels:
            authority = self._cluster.authority
            identity = authority.client((role,))
            credentials = grpc.ssl_channel_credentials(authority.certificate, identity.key, identity.certificate)
            options = (
                ("grpc.max_receive_message_length", _LIMIT),
                ("grpc.max_metadata_size", 1024 * 1024),
                ("grpc.absolute_max_metadata_size", 1024 * 1024),
            )
            self._channels[endpoint, role] = grpc.aio.secure_channel(self._cluster.endpoints[endpoint], credentials, options=options)
        return self._channels[endpoint, role]


async def _sent(messages: list[bytes]) -> AsyncIterator[bytes]:
    for message in messages:
        yield message
