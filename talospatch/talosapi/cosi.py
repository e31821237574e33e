"""The calls about resources, COSI's State service, and the resources that we know by name."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from typing import TYPE_CHECKING, TypeVar

from talospatch.errors import IncompleteAnswer
from talospatch.talos.machine_type import MachineType
from talospatch.talos.resources import Resource, ResourceEvent, StoredConfig
from talospatch.talosapi import answers
from talospatch.talosapi.calls import Calls
from talospatch.talosapi.failures import clean
from talospatch.talosapi.specs import mapping, parse_yaml, text_of, texts
from talospatch.wire.methods import COSI_GET, COSI_LIST, COSI_WATCH

if TYPE_CHECKING:
    from talospatch.talos.node import MachineStatus, Member

# Namespace, type and, where there is one only, id. Types are exact: the wrong case is "not found". Source: pkg/machinery/resources.
MACHINE_CONFIG = ("config", "MachineConfigs.config.talos.dev")
MACHINE_TYPE = ("config", "MachineTypes.config.talos.dev", "machine-type")
MEMBERS = ("cluster", "Members.cluster.talos.dev")
MACHINE_STATUS = ("runtime", "MachineStatuses.runtime.talos.dev", "machine")
NODE_ADDRESSES = ("network", "NodeAddresses.net.talos.dev", "routed")
HOSTNAME_STATUS = ("network", "HostnameStatuses.net.talos.dev", "hostname")
SYSTEM_INFORMATION = ("hardware", "SystemInformations.hardware.talos.dev", "systeminformation")

_YAML_IS_A_STRING = "talos.dev/yaml-spec"  # annotation of a MachineConfig whose YAML form is a string that holds the text; since 1.12
_API_VERSION = 1  # without it the server leaves out BOOTSTRAPPED and ERRORED events
_T = TypeVar("_T")


class ResourceCalls(Calls):
    """Get, List and Watch. See :class:`talospatch.talosapi.client.Client`."""

    async def get_resource(self, node: str, namespace: str, type: str, id: str, *, timeout: float | None = None) -> Resource:  # noqa: A002 - Talos's word
        """Return one resource.

        Raises:
            NotFound: there is none of that id, or the type is in the wrong case.
            NotSupported: the node's Talos has no such type or namespace.
            NotAuthorized: the type is sensitive and the certificate is not os:admin's.
            NodeError: the call failed.
        """
        from talospatch.wire.proto import cosi_pb2

        request = cosi_pb2.GetRequest(namespace=namespace, type=type, id=id, options=cosi_pb2.GetOptions())
        answer = await self._unary(COSI_GET, node, request, timeout)
        return answers.resource(answer.resource)

    async def list_resources(
        self,
        node: str,
        namespace: str,
        type: str,  # noqa: A002 - Talos's word
        *,
        id_pattern: str = "",
        timeout: float | None = None,
    ) -> AsyncGenerator[Resource, None]:
        """Yield the resources of a type, in the order of their ids; ``id_pattern`` is a Go regular expression, empty for all.

        Raises:
            NotSupported, NotAuthorized, NodeError: as in :meth:`get_resource`.
        """
        from talospatch.wire.proto import cosi_pb2

        options = cosi_pb2.ListOptions(id_query=cosi_pb2.IDQuery(regexp=id_pattern)) if id_pattern else cosi_pb2.ListOptions()
        request = cosi_pb2.ListRequest(namespace=namespace, type=type, options=options)
        async with aclosing(self._stream(COSI_LIST, node, request, timeout)) as messages:
            async for message in messages:
                yield answers.resource(message.resource)

    async def watch_resources(
        self,
        node: str,
        namespace: str,
        type: str,  # noqa: A002 - Talos's word
        id: str | None = None,  # noqa: A002 - Talos's word
        *,
        timeout: float | None = None,
    ) -> AsyncGenerator[ResourceEvent, None]:
        """Yield changes until the deadline or until the iterator is closed.

        With an ``id``, the first event is what the resource is now (``created``, or ``destroyed`` where there is none). Without one, a
        ``created`` for each resource there is, then ``bootstrapped``.

        Raises:
            NodeTimeout: the deadline came; the way a watch ends that nobody closes.
            NotSupported, NotAuthorized, NodeError: as in :meth:`get_resource`.
        """
        from talospatch.wire.proto import cosi_pb2

        # Options are always sent: servers up to 1.12 panic on a watch by id without them.
        options = cosi_pb2.WatchOptions(bootstrap_contents=id is None)
        request = cosi_pb2.WatchRequest(namespace=namespace, type=type, id=id, options=options, api_version=_API_VERSION)
        async with aclosing(self._stream(COSI_WATCH, node, request, timeout)) as messages:
            async for message in messages:  # the first has no event: "ready"
                for event in message.event:
                    yield answers.resource_event(event, lambda text: clean(text, secrets=self._secrets()))

    async def machine_config(self, node: str, id: str = "v1alpha1", *, timeout: float | None = None) -> StoredConfig:  # noqa: A002 - Talos's word
        """Return a machine config with the exact bytes that were applied. Needs os:admin.

        Args:
            node: the node's address or host name.
            id: ``v1alpha1`` is what runs, ``persistent`` (since 1.10) what the next boot will read.
            timeout: seconds.

        Raises:
            NotFound: the node has no such configuration.
            IncompleteAnswer: the resource holds no configuration that can be read.
            NodeError: the call failed.
        """
        found = await self.get_resource(node, *MACHINE_CONFIG, id, timeout=timeout)
        data = _config_bytes(found)
        if data is None:
            raise IncompleteAnswer(node, COSI_GET.name, "OK", f"the machine config {id!r} came without its text")
        return StoredConfig(data=data, version=found.version)

    async def members(self, node: str, *, timeout: float | None = None) -> tuple[Member, ...]:
        """Return the nodes that cluster discovery knows; none where it is disabled. A dead node stays listed for up to 30 minutes."""
        return tuple([self._read(node, found, answers.member) async for found in self.list_resources(node, *MEMBERS, timeout=timeout)])

    async def machine_status(self, node: str, *, timeout: float | None = None) -> MachineStatus:
        """Return where the machine is in its life."""
        return self._read(node, await self.get_resource(node, *MACHINE_STATUS, timeout=timeout), answers.machine_status)

    async def machine_type(self, node: str, *, timeout: float | None = None) -> MachineType:
        """Return what the machine's own configuration makes it."""
        found = await self.get_resource(node, *MACHINE_TYPE, timeout=timeout)
        return self._read(node, found, lambda resource: MachineType.parse(text_of(parse_yaml(resource.spec_yaml))))

    async def node_addresses(self, node: str, *, timeout: float | None = None) -> tuple[str, ...]:
        """Return the machine's routed addresses, without the length of their prefix."""
        found = await self.get_resource(node, *NODE_ADDRESSES, timeout=timeout)
        spec = self._read(node, found, lambda resource: mapping(parse_yaml(resource.spec_yaml)))
        return tuple(address.partition("/")[0] for address in texts(spec.get("addresses")))

    async def hostname(self, node: str, *, timeout: float | None = None) -> str:
        """Return the host name the machine gives itself, without its domain."""
        found = await self.get_resource(node, *HOSTNAME_STATUS, timeout=timeout)
        spec = self._read(node, found, lambda resource: mapping(parse_yaml(resource.spec_yaml)))
        return text_of(spec.get("hostname"))

    async def machine_uuid(self, node: str, *, timeout: float | None = None) -> str:
        """Return the machine's SMBIOS UUID; empty where its firmware gives none. Cloned machines may share one."""
        found = await self.get_resource(node, *SYSTEM_INFORMATION, timeout=timeout)
        spec = self._read(node, found, lambda resource: mapping(parse_yaml(resource.spec_yaml)))
        return text_of(spec.get("uuid"))

    def _read(self, node: str, found: Resource, read: Callable[[Resource], _T]) -> _T:
        try:
            return read(found)
        except ValueError as error:
            problem = str(error)
        raise IncompleteAnswer(node or "endpoint", COSI_GET.name, "OK", f"{found.type} {found.id!r} cannot be read: {problem}")


def _config_bytes(found: Resource) -> bytes | None:
    """Return the bytes as they were applied: from the protobuf form, which holds them on every version, else from the YAML form."""
    from google.protobuf.message import DecodeError

    from talospatch.wire.proto import cosi_pb2

    try:
        exact = cosi_pb2.MachineConfigSpec.FromString(found.spec_proto).yaml_marshalled
    except DecodeError:
        exact = b""
    if exact:
        return exact
    if _YAML_IS_A_STRING not in found.annotations:
        return found.spec_yaml.encode() or None
    return _string_scalar(found.spec_yaml)


def _string_scalar(document: str) -> bytes | None:
    import yaml

    try:
        events = list(yaml.parse(document, Loader=getattr(yaml, "CBaseLoader", yaml.BaseLoader)))
    except yaml.YAMLError:
        return None
    scalars = [event for event in events if isinstance(event, yaml.ScalarEvent)]
    if len(scalars) != 1 or len(events) != 5:  # stream and document start, the scalar, document and stream end
        return None
    return str(scalars[0].value).encode()
