"""The methods of the Talos API that the client calls or the simulated cluster answers: one row each.

The library itself calls none of Hostname, ServiceRestart, GenerateClientConfiguration, and of COSI's Create and Destroy: they are here for
other clients of the simulated cluster, such as talosctl, and so that it can refuse them as Talos does.

Sources: roles from machined's authorisation rules (internal/app/machined/pkg/system/services/machined.go), versions from the API's
differences between tags, both as read at v1.14; deadlines are ours.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from google.protobuf.message import Message


class Shape(StrEnum):
    """Which side streams."""

    UNARY = "unary"
    SERVER_STREAM = "server stream"
    CLIENT_STREAM = "client stream"
    BOTH = "both"


READER, OPERATOR, ADMIN = "os:reader", "os:operator", "os:admin"
NOBODY = "refused for everybody"


@dataclass(frozen=True, slots=True)
class Method:
    """One RPC.

    Attributes:
        path: as ``/machine.MachineService/Version``.
        request_type, response_type: module and message, as ``machine.VersionResponse``; modules are those of ``wire/proto``.
        role: the least role that may call it (os:admin may always); where a resource type is sensitive, os:admin is needed beyond this.
        deadline: seconds a call may take unless the caller says otherwise.
        retry_safe: whether a call that may have been acted on can be sent again.
        since: first Talos minor that has it.
    """

    path: str
    shape: Shape
    request_type: str
    response_type: str
    role: str
    deadline: float
    retry_safe: bool
    since: str = "1.6"

    @property
    def name(self) -> str:
        """Short name, as ``Version``."""
        return self.path.rpartition("/")[2]

    def request_class(self) -> type[Message]:
        """The message class of the request; imports the generated module."""
        return _message_class(self.request_type)

    def response_class(self) -> type[Message]:
        """The message class of the response, or of each message of a stream."""
        return _message_class(self.response_type)


_WELL_KNOWN = {"empty": "google.protobuf.empty_pb2"}


@cache
def _message_class(name: str) -> type[Message]:
    module, _, message = name.partition(".")
    loaded: Any = import_module(_WELL_KNOWN.get(module, f"talospatch.wire.proto.{module}_pb2"))
    found: type[Message] = getattr(loaded, message)
    return found


_M, _C, _I, _D = "/machine.MachineService/", "/cosi.resource.State/", "/machine.ImageService/", "/machine.DebugService/"
_U, _S = Shape.UNARY, Shape.SERVER_STREAM

VERSION = Method(_M + "Version", _U, "empty.Empty", "machine.VersionResponse", READER, 10, True)
HOSTNAME = Method(_M + "Hostname", _U, "empty.Empty", "machine.HostnameResponse", READER, 10, True)
APPLY_CONFIGURATION = Method(
    _M + "ApplyConfiguration", _U, "machine.ApplyConfigurationRequest", "machine.ApplyConfigurationResponse", ADMIN, 60, False
)
LIST = Method(_M + "List", _S, "machine.ListRequest", "machine.FileInfo", READER, 60, True)
READ = Method(_M + "Read", _S, "machine.ReadRequest", "common.Data", ADMIN, 60, True)
COPY = Method(_M + "Copy", _S, "machine.CopyRequest", "common.Data", ADMIN, 120, True)
CONTAINERS = Method(_M + "Containers", _U, "machine.ContainersRequest", "machine.ContainersResponse", READER, 30, True)
SERVICE_LIST = Method(_M + "ServiceList", _U, "empty.Empty", "machine.ServiceListResponse", READER, 10, True)
SERVICE_RESTART = Method(_M + "ServiceRestart", _U, "machine.ServiceRestartRequest", "machine.ServiceRestartResponse", OPERATOR, 60, False)
LOGS = Method(_M + "Logs", _S, "machine.LogsRequest", "common.Data", READER, 60, True)
EVENTS = Method(_M + "Events", _S, "machine.EventsRequest", "machine.Event", READER, 60, True)
NETSTAT = Method(_M + "Netstat", _U, "machine.NetstatRequest", "machine.NetstatResponse", READER, 15, True)
SYSTEM_STAT = Method(_M + "SystemStat", _U, "empty.Empty", "machine.SystemStatResponse", READER, 10, True)
MOUNTS = Method(_M + "Mounts", _U, "empty.Empty", "machine.MountsResponse", READER, 10, True)
REBOOT = Method(_M + "Reboot", _U, "machine.RebootRequest", "machine.RebootResponse", OPERATOR, 30, False)
ETCD_MEMBER_LIST = Method(_M + "EtcdMemberList", _U, "machine.EtcdMemberListRequest", "machine.EtcdMemberListResponse", OPERATOR, 15, True)
ETCD_STATUS = Method(_M + "EtcdStatus", _U, "empty.Empty", "machine.EtcdStatusResponse", OPERATOR, 15, True)
GENERATE_CLIENT_CONFIGURATION = Method(
    _M + "GenerateClientConfiguration",
    _U,
    "machine.GenerateClientConfigurationRequest",
    "machine.GenerateClientConfigurationResponse",
    ADMIN,
    15,
    True,
)
COSI_GET = Method(_C + "Get", _U, "cosi.GetRequest", "cosi.GetResponse", READER, 15, True)
COSI_LIST = Method(_C + "List", _S, "cosi.ListRequest", "cosi.ListResponse", READER, 30, True)
COSI_WATCH = Method(_C + "Watch", _S, "cosi.WatchRequest", "cosi.WatchResponse", READER, 600, True)
COSI_CREATE = Method(_C + "Create", _U, "cosi.CreateRequest", "cosi.CreateResponse", NOBODY, 15, False)
COSI_DESTROY = Method(_C + "Destroy", _U, "cosi.DestroyRequest", "cosi.DestroyResponse", NOBODY, 15, False)
IMAGE_LIST = Method(_I + "List", _S, "image.ImageServiceListRequest", "image.ImageServiceListResponse", READER, 30, True, "1.13")
IMAGE_PULL = Method(_I + "Pull", _S, "image.ImageServicePullRequest", "image.ImageServicePullResponse", OPERATOR, 120, True, "1.13")
IMAGE_IMPORT = Method(
    _I + "Import", Shape.CLIENT_STREAM, "image.ImageServiceImportRequest", "image.ImageServiceImportResponse", ADMIN, 300, True, "1.13"
)
IMAGE_REMOVE = Method(_I + "Remove", _U, "image.ImageServiceRemoveRequest", "empty.Empty", ADMIN, 30, True, "1.13")
CONTAINER_RUN = Method(
    _D + "ContainerRun", Shape.BOTH, "debug.DebugContainerRunRequest", "debug.DebugContainerRunResponse", ADMIN, 120, False, "1.13"
)

METHODS: dict[str, Method] = {value.path: value for value in tuple(globals().values()) if isinstance(value, Method)}
