"""The client of the Talos API: one method is one call to one node with one deadline."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterable
from contextlib import aclosing
from typing import TYPE_CHECKING

from talospatch.errors import InputError
from talospatch.talos.apply import ApplyMode, ApplyReply
from talospatch.talosapi import answers
from talospatch.talosapi.calls import check_in_band, only
from talospatch.talosapi.containers import ContainerCalls
from talospatch.talosapi.cosi import ResourceCalls
from talospatch.talosapi.failures import clean
from talospatch.talosapi.files import FileCalls
from talospatch.wire.methods import (
    APPLY_CONFIGURATION,
    ETCD_MEMBER_LIST,
    ETCD_STATUS,
    EVENTS,
    LOGS,
    MOUNTS,
    NETSTAT,
    REBOOT,
    SERVICE_LIST,
    SYSTEM_STAT,
    VERSION,
)

if TYPE_CHECKING:
    from talospatch.talos.node import EtcdMember, EtcdStatus, Listener, Mount, NodeVersion, Service
    from talospatch.talos.resources import NodeEvent

BOOT_ID = "/proc/sys/kernel/random/boot_id"
SHORTEST_TRY = 2.0  # seconds; with 0 the rollback may run before the trial starts, which then never ends


class Client(ResourceCalls, FileCalls, ContainerCalls):
    """Every call that this project makes to Talos.

    ``node`` is an address or a host name that the endpoint can resolve; the empty text is the endpoint itself. ``timeout`` is in seconds
    and covers the whole call with its retries; None means the client's own, else the
    deadline that :mod:`talospatch.wire.methods` gives the method. Answers are
    plain values of :mod:`talospatch.talos`.

    Every method raises :class:`~talospatch.errors.NodeError` or one of its kinds when the node or the way to it fails, and
    :class:`~talospatch.errors.DialError` when no endpoint can be reached. Calls that change nothing are made again a few times when the
    connection fails; of those that change something, only a dry run is.
    """

    async def version(self, node: str, *, timeout: float | None = None) -> NodeVersion:
        """Return the node's Talos version and platform."""
        from google.protobuf.empty_pb2 import Empty

        answer = await self._unary(VERSION, node, Empty(), timeout)
        return answers.version(only(answer, node=node, method=VERSION))

    async def apply_configuration(
        self,
        node: str,
        data: bytes,
        *,
        mode: ApplyMode,
        dry_run: bool = False,
        try_timeout: float | None = None,
        timeout: float | None = None,
    ) -> ApplyReply:
        """Give the node a machine config. Needs os:admin. Sent once, unless it is a dry run.

        Any mode but TRY ends a pending TRY's rollback, dry runs included. A second TRY rolls back to the first one's configuration.

        Args:
            node: the node's address or host name.
            data: the whole configuration; the node keeps these very bytes.
            mode: how it takes effect; it has no default.
            dry_run: only say what would happen.
            try_timeout: seconds after which a TRY reverts by itself, at least 2; Talos's minute when None.
            timeout: seconds for the call.

        Returns:
            What the node did. A configuration diff in its text is left out, it may hold secrets.

        Raises:
            InputError: ``try_timeout`` is too short, or the mode is not TRY.
            InvalidOnNode: the configuration is refused; up to 1.13 also when taking it without a reboot is not possible, which
                :func:`talospatch.talosapi.failures.needs_reboot` tells.
            NodeBusy: another apply is in progress, or the node is about to reboot.
            NodeError: the call failed; unless it was a dry run, the node may have taken the configuration.
        """
        from google.protobuf.duration_pb2 import Duration

        from talospatch.wire.proto import machine_pb2

        if try_timeout is not None and (mode is not ApplyMode.TRY or try_timeout < SHORTEST_TRY):
            raise InputError(
                f"a trial of {try_timeout:g} s in mode {mode.name}: the window belongs to TRY and is at least {SHORTEST_TRY:g} s"
            )
        number = machine_pb2.ApplyConfigurationRequest.Mode.Name(int(mode))
        request = machine_pb2.ApplyConfigurationRequest(data=data, mode=number, dry_run=dry_run)
        if try_timeout is not None:
            request.try_mode_timeout.CopyFrom(Duration(seconds=int(try_timeout), nanos=round(try_timeout % 1 * 1e9) % 10**9))

        def secrets() -> Iterable[str]:
            return _secrets_of(data)

        answer = await self._unary(APPLY_CONFIGURATION, node, request, timeout, safe=dry_run, secrets=secrets)
        reply = only(answer, node=node, method=APPLY_CONFIGURATION)
        known = (*self._secrets(), *(secrets() if reply.warnings else ()))
        return ApplyReply(
            mode=reply.mode,
            details=clean(reply.mode_details, secrets=known),
            warnings=tuple(clean(warning, secrets=known) for warning in reply.warnings),
        )

    async def services(self, node: str, *, timeout: float | None = None) -> tuple[Service, ...]:
        """Return Talos's own services, such as ``cri`` and ``kubelet``."""
        from google.protobuf.empty_pb2 import Empty

        answer = only(await self._unary(SERVICE_LIST, node, Empty(), timeout), node=node, method=SERVICE_LIST)
        return tuple(answers.service(service) for service in answer.services)

    async def logs(
        self, node: str, service_id: str, *, tail_lines: int = -1, follow: bool = False, timeout: float | None = None
    ) -> AsyncGenerator[bytes, None]:
        """Yield the log of a Talos service in pieces that are not lines; it may hold secrets.

        Logs are rings of about 1 MiB in memory that start anew at each boot: what is not in there may have happened all the same.

        Args:
            node: the node's address or host name.
            service_id: as ``kubelet``, ``cri`` or ``machined``.
            tail_lines: how many of the last lines; -1 for all there are, 0 for none.
            follow: wait for more until the deadline, which then ends the iterator with NodeTimeout.
            timeout: seconds for the whole call.
        """
        from talospatch.wire.proto import common_pb2, machine_pb2

        request = machine_pb2.LogsRequest(
            namespace="system", id=service_id, driver=common_pb2.CONTAINERD, follow=follow, tail_lines=max(tail_lines, -1)
        )
        async with aclosing(self._stream(LOGS, node, request, timeout)) as messages:
            async for message in messages:
                check_in_band(message, node=node, method=LOGS, secrets=self._secrets())
                if message.bytes:
                    yield message.bytes

    async def events(
        self, node: str, *, tail_events: int = 0, tail_seconds: int = 0, with_actor_id: str = "", timeout: float | None = None
    ) -> AsyncGenerator[NodeEvent, None]:
        """Yield what happens on the node until the deadline, or until the iterator is closed.

        The first event has the kind ``""``: from then on nothing is missed.

        Args:
            node: the node's address or host name.
            tail_events: how many past events to begin with; -1 for all that are kept.
            tail_seconds: begin with the events of that many seconds.
            with_actor_id: only events that come from this actor, such as what :meth:`reboot` returns.
            timeout: seconds for the whole call.
        """
        from talospatch.wire.proto import machine_pb2

        request = machine_pb2.EventsRequest(tail_events=tail_events, tail_seconds=tail_seconds, with_actor_id=with_actor_id)
        async with aclosing(self._stream(EVENTS, node, request, timeout)) as messages:
            async for message in messages:
                check_in_band(message, node=node, method=EVENTS, secrets=self._secrets())
                yield answers.event(message)

    async def listeners(self, node: str, *, timeout: float | None = None) -> tuple[Listener, ...]:
        """Return the TCP sockets that listen in the node's host network, with the name of the process where it is known."""
        from talospatch.wire.proto import machine_pb2

        kind = machine_pb2.NetstatRequest
        request = kind(
            filter=kind.LISTENING,
            feature=kind.Feature(pid=True),
            l4proto=kind.L4proto(tcp=True, tcp6=True),
            netns=kind.NetNS(hostnetwork=True),
        )
        answer = only(await self._unary(NETSTAT, node, request, timeout), node=node, method=NETSTAT)
        return tuple(answers.listener(record) for record in answer.connectrecord)

    async def boot_time(self, node: str, *, timeout: float | None = None) -> int:
        """Return when the kernel started, in seconds since 1970. It moves with the node's clock; :meth:`boot_id` does not."""
        from google.protobuf.empty_pb2 import Empty

        answer = await self._unary(SYSTEM_STAT, node, Empty(), timeout)
        return int(only(answer, node=node, method=SYSTEM_STAT).boot_time)

    async def boot_id(self, node: str, *, timeout: float | None = None) -> str:
        """Return the kernel's id of this boot. Needs os:admin."""
        return (await self.read_file(node, BOOT_ID, limit=1024, timeout=timeout)).decode("ascii", "replace").strip()

    async def mounts(self, node: str, *, timeout: float | None = None) -> tuple[Mount, ...]:
        """Return the file systems that are mounted on the node, in the order in which they were.

        The node looks at each of them: one that does not answer, such as a network file system whose server is gone, keeps it until the
        deadline; and one that cannot be asked fails the call (Mounts in Talos's v1alpha1_server.go).
        """
        from google.protobuf.empty_pb2 import Empty

        answer = only(await self._unary(MOUNTS, node, Empty(), timeout), node=node, method=MOUNTS)
        return tuple(answers.mount(mount) for mount in answer.stats)

    async def reboot(self, node: str, *, timeout: float | None = None) -> str:
        """Start a reboot and return its actor id, by which :meth:`events` can follow it. Needs os:operator. Sent once."""
        from talospatch.wire.proto import machine_pb2

        answer = await self._unary(REBOOT, node, machine_pb2.RebootRequest(mode=machine_pb2.RebootRequest.DEFAULT), timeout)
        return str(only(answer, node=node, method=REBOOT).actor_id)

    async def etcd_members(self, node: str, *, timeout: float | None = None) -> tuple[EtcdMember, ...]:
        """Return etcd's members as this control-plane node sees them. Needs os:operator."""
        from talospatch.wire.proto import machine_pb2

        answer = await self._unary(ETCD_MEMBER_LIST, node, machine_pb2.EtcdMemberListRequest(), timeout)
        return tuple(answers.etcd_member(member) for member in only(answer, node=node, method=ETCD_MEMBER_LIST).members)

    async def etcd_status(self, node: str, *, timeout: float | None = None) -> EtcdStatus:
        """Return the state of this control-plane node's etcd. Needs os:operator."""
        from google.protobuf.empty_pb2 import Empty

        answer = await self._unary(ETCD_STATUS, node, Empty(), timeout)
        return answers.etcd_status(only(answer, node=node, method=ETCD_STATUS).member_status)


def _secrets_of(data: bytes) -> Iterable[str]:
    """Return what is secret in a configuration, to take it out of what a node says about it."""
    from talospatch.errors import TalosPatchError
    from talospatch.machineconfig.config import MachineConfig
    from talospatch.machineconfig.secrets import secret_values

    try:
        return frozenset(secret_values(MachineConfig.parse(data.decode(), source="the configuration sent")))
    except (TalosPatchError, UnicodeDecodeError):
        return ()
