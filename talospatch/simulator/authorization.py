"""Which role may make which call, and which calls each version has.

Source: ``rules`` in internal/app/machined/pkg/system/services/machined.go at v1.12.11, v1.13.9 and v1.14.0-rc.1. What is not in the table
needs os:admin; what is in no service of the node is unknown to it, whatever the role.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from talospatch.simulator.exchange import Exchange, failure

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from talospatch.simulator.profiles import Profile

ADMIN, OPERATOR, READER = "os:admin", "os:operator", "os:reader"
ETCD_BACKUP, IMPERSONATOR = "os:etcd:backup", "os:impersonator"
_ALL, _OPERATORS, _ADMINS = frozenset({ADMIN, OPERATOR, READER}), frozenset({ADMIN, OPERATOR}), frozenset({ADMIN})

_MACHINE = "/machine.MachineService/"
_RULES: dict[str, frozenset[str]] = {
    **{
        _MACHINE + name: _ALL
        for name in [
            "CPUInfo",
            "CPUFreqStats",
            "Containers",
            "DiskStats",
            "DiskUsage",
            "Dmesg",
            "Events",
            "Hostname",
            "ImageList",
            "List",
            "LoadAvg",
            "Logs",
            "LogsContainers",
            "Memory",
            "Mounts",
            "NetworkDeviceStats",
            "Netstat",
            "Processes",
            "ServiceList",
            "Stats",
            "SystemStat",
            "Version",
        ]
    },
    **{
        _MACHINE + name: _OPERATORS
        for name in [
            "EtcdAlarmDisarm",
            "EtcdDefragment",
            "ImagePull",
            "PacketCapture",
            "Reboot",
            "Restart",
            "ServiceRestart",
            "ServiceStart",
            "ServiceStop",
            "Shutdown",
        ]
    },
    **{
        _MACHINE + name: _ADMINS
        for name in [
            "ApplyConfiguration",
            "Bootstrap",
            "Copy",
            "EtcdForfeitLeadership",
            "EtcdLeaveCluster",
            "EtcdRecover",
            "EtcdRemoveMemberByID",
            "EtcdDowngradeCancel",
            "EtcdDowngradeEnable",
            "EtcdDowngradeValidate",
            "GenerateClientConfiguration",
            "Kubeconfig",
            "MetaWrite",
            "MetaDelete",
            "Read",
            "Reset",
            "Rollback",
            "Upgrade",
        ]
    },
    **{_MACHINE + name: _ALL | {ETCD_BACKUP} for name in ("EtcdAlarmList", "EtcdMemberList", "EtcdStatus")},
    _MACHINE + "EtcdSnapshot": _OPERATORS | {ETCD_BACKUP},
    **{f"/cosi.resource.State/{name}": _ALL for name in ("Get", "List", "Watch")},
    **{f"/cosi.resource.State/{name}": _ADMINS for name in ("Create", "Update", "Destroy", "Teardown", "TeardownAndDestroy")},
    "/machine.ImageService/List": _ALL,
    "/machine.ImageService/Pull": _OPERATORS,
    "/machine.ImageService/Import": _ADMINS,
    "/machine.ImageService/Remove": _ADMINS,
    "/machine.ImageService/Verify": _ALL,
    "/machine.DebugService/ContainerRun": _ADMINS,
    "/machine.LifecycleService/Install": _ADMINS,
    "/machine.LifecycleService/Upgrade": _ADMINS,
    "/storage.StorageService/Disks": _ALL,
    "/storage.StorageService/BlockDeviceWipe": _ADMINS,
    "/time.TimeService/Time": _ALL,
    "/time.TimeService/TimeCheck": _ALL,
    "/cluster.ClusterService/HealthCheck": _ALL,
    "/inspect.InspectService/ControllerRuntimeDependencies": _ALL,
}
_SINCE_1_13 = ("machine.ImageService", "machine.DebugService", "machine.LifecycleService")


def refusal(profile: Profile, method: str, roles: Sequence[str]) -> Exchange | None:
    """Why a node does not even look at the request; None when it does."""
    service, _, name = method.removeprefix("/").rpartition("/")
    if method not in _RULES or (service in _SINCE_1_13 and not profile.image_service):
        services = {known.removeprefix("/").rpartition("/")[0] for known in _RULES}
        if service not in services or (service in _SINCE_1_13 and not profile.image_service):
            return failure("UNIMPLEMENTED", f"unknown service {service}")
        return failure("UNIMPLEMENTED", f"unknown method {name} for service {service}")
    allowed = _RULES[method]
    if method == _MACHINE + "ApplyConfiguration" and profile.reader_may_try_apply:
        allowed |= {READER}  # let through for nodes without a configuration; the handler refuses
    return None if allowed & set(roles) else failure("PERMISSION_DENIED", "not authorized")


def effective_roles(roles: Sequence[str], metadata: Mapping[str, Sequence[str]]) -> tuple[str, ...]:
    """Roles of a call: the certificate's, or those that an impersonator asks for."""
    asked = metadata.get("talos-role")
    return tuple(asked) if asked and IMPERSONATOR in roles else tuple(roles)
