"""Whether free-form data can be read as an OCI runtime specification: Go's encoding/json puts it into typed structs.

Source of the table: the field names and types of github.com/opencontainers/runtime-spec, 1.2.1 (Talos 1.11, 1.12) and 1.3.0 (from 1.13).
"""

from __future__ import annotations

import math
import re
from functools import cache
from typing import Any

from talospatch.machineconfig.scalars import Timestamp
from talospatch.machineconfig.typed.free import AnyKeys
from talospatch.machineconfig.validation.rule import at_least

# One struct to a line; field:type, no type is text. []T is a list, {}T a map; a minor behind @ is the first that has the field, or
# the last before it has it no longer when it begins with a minus.
_TABLE = """
Spec ociVersion process:Process root:Root hostname domainname mounts:[]Mount hooks:Hooks annotations:{}string linux:Linux solaris:Solaris windows:Windows vm:VM zos:ZOS freebsd:FreeBSD@1.13
Scheduler policy nice:int32 priority:int32 flags:[]string runtime:uint64 deadline:uint64 period:uint64
Process terminal:bool consoleSize:Box user:User args:[]string commandLine env:[]string cwd capabilities:Capabilities rlimits:[]Rlimit noNewPrivileges:bool apparmorProfile oomScoreAdj:int64 scheduler:Scheduler selinuxLabel ioPriority:IOPriority execCPUAffinity:Affinity
Capabilities bounding:[]string effective:[]string inheritable:[]string permitted:[]string ambient:[]string
IOPriority class priority:int64
Affinity initial final
Box height:uint64 width:uint64
User uid:uint32 gid:uint32 umask:uint32 additionalGids:[]uint32 username
Root path readonly:bool
Mount destination type source options:[]string uidMappings:[]IDMapping gidMappings:[]IDMapping
Hook path args:[]string env:[]string timeout:int64
Hooks prestart:[]Hook createRuntime:[]Hook createContainer:[]Hook startContainer:[]Hook poststart:[]Hook poststop:[]Hook
Linux uidMappings:[]IDMapping gidMappings:[]IDMapping sysctl:{}string resources:Resources cgroupsPath namespaces:[]Namespace devices:[]Device netDevices:{}NetDevice@1.13 seccomp:Seccomp rootfsPropagation maskedPaths:[]string readonlyPaths:[]string mountLabel intelRdt:IntelRdt memoryPolicy:MemoryPolicy@1.13 personality:Personality timeOffsets:{}TimeOffset
Namespace type path
IDMapping containerID:uint32 hostID:uint32 size:uint32
TimeOffset secs:int64 nanosecs:uint32
Rlimit type hard:uint64 soft:uint64
HugepageLimit pageSize limit:uint64
InterfacePriority name priority:uint32
WeightDevice major:int64 minor:int64 weight:uint16 leafWeight:uint16
ThrottleDevice major:int64 minor:int64 rate:uint64
BlockIO weight:uint16 leafWeight:uint16 weightDevice:[]WeightDevice throttleReadBpsDevice:[]ThrottleDevice throttleWriteBpsDevice:[]ThrottleDevice throttleReadIOPSDevice:[]ThrottleDevice throttleWriteIOPSDevice:[]ThrottleDevice
Memory limit:int64 reservation:int64 swap:int64 kernel:int64 kernelTCP:int64 swappiness:uint64 disableOOMKiller:bool useHierarchy:bool checkBeforeUpdate:bool
CPU shares:uint64 quota:int64 burst:uint64 period:uint64 realtimeRuntime:int64 realtimePeriod:uint64 cpus mems idle:int64
Pids limit:int64
Network classID:uint32 priorities:[]InterfacePriority
Rdma hcaHandles:uint32 hcaObjects:uint32
Resources devices:[]DeviceCgroup memory:Memory cpu:CPU pids:Pids blockIO:BlockIO hugepageLimits:[]HugepageLimit network:Network rdma:{}Rdma unified:{}string
Device path type major:int64 minor:int64 fileMode:uint32 uid:uint32 gid:uint32
NetDevice name
DeviceCgroup allow:bool type major:int64 minor:int64 access
Personality domain flags:[]string
Solaris milestone limitpriv maxShmMemory anet:[]Anet cappedCPU:CappedCPU cappedMemory:CappedMemory
CappedCPU ncpus
CappedMemory physical swap
Anet linkname lowerLink allowedAddress configureAllowedAddress defrouter linkProtection macAddress
Windows layerFolders:[]string devices:[]WindowsDevice resources:WindowsResources credentialSpec:any servicing:bool ignoreFlushesDuringBoot:bool hyperv:HyperV network:WindowsNetwork
WindowsDevice id idType
WindowsResources memory:WindowsMemory cpu:WindowsCPU storage:WindowsStorage
WindowsMemory limit:uint64
WindowsCPU count:uint64 shares:uint16 maximum:uint16 affinity:[]WindowsAffinity
WindowsAffinity mask:uint64 group:uint32
WindowsStorage iops:uint64 bps:uint64 sandboxSize:uint64
WindowsNetwork endpointList:[]string allowUnqualifiedDNSQuery:bool DNSSearchList:[]string networkSharedContainerName networkNamespace
HyperV utilityVMPath
IOMems firstGFN:uint64 firstMFN:uint64 nrMFNs:uint64
HWConfig deviceTree vcpus:uint32 memory:uint64 dtdevs:[]string iomems:[]IOMems irqs:[]uint32
VM hypervisor:Hypervisor kernel:Kernel image:Image hwconfig:HWConfig@1.13
Hypervisor path parameters:[]string
Kernel path parameters:[]string initrd
Image path format
Seccomp defaultAction defaultErrnoRet:uint64 architectures:[]string flags:[]string listenerPath listenerMetadata syscalls:[]Syscall
SeccompArg index:uint64 value:uint64 valueTwo:uint64 op
Syscall names:[]string action errnoRet:uint64 args:[]SeccompArg
IntelRdt closID schemata:[]string@1.13 l3CacheSchema memBwSchema enableCMT:bool@-1.12 enableMBM:bool@-1.12 enableMonitoring:bool@1.13
MemoryPolicy mode nodes flags:[]string
ZOS namespaces:[]Namespace
FreeBSD devices:[]FreeBSDDevice jail:Jail
FreeBSDDevice path mode:uint32
Jail parent host ip4 ip4Addr:[]string ip6 ip6Addr:[]string vnet interface vnetInterfaces:[]string sysvmsg sysvsem sysvshm enforceStatfs:int64 allow:JailAllow
JailAllow setHostname:bool rawSockets:bool chflags:bool mount:[]string quotas:bool socketAf:bool mlock:bool reservedPorts:bool suser:bool
"""  # noqa: E501 - one struct to a line
_INTEGER = re.compile(r"(u?)int(\d+)")
_WORDS = {"string": "a text", "bool": "true or false"}
Problem = tuple[str, str]


def problem_with(data: dict[str, Any], minor: str) -> Problem | None:
    """Judge data by the specification that a minor has.

    Args:
        data: free-form data, as :mod:`talospatch.machineconfig.typed.free` reads it.
        minor: the Talos minor.

    Returns:
        The path inside of what is wrong, as ``process.args``, and why; None when all is well.
    """
    return _unprintable(data, "") or _misfit(data, "Spec", "", minor)


def _unprintable(data: Any, path: str) -> Problem | None:
    """What cannot be written as JSON in the first place."""
    if isinstance(data, AnyKeys):
        return path, "has keys that are no texts"
    if isinstance(data, float) and not math.isfinite(data):
        return path, "is not a number that JSON has"
    inside = data.items() if isinstance(data, dict) else ((None, item) for item in data) if isinstance(data, list) else ()
    for key, value in inside:
        if found := _unprintable(value, path if key is None else _join(path, str(key))):
            return found
    return None


def _misfit(data: Any, type_: str, path: str, minor: str) -> Problem | None:
    if data is None or type_ == "any":
        return None
    if type_.startswith("[]"):
        if not isinstance(data, list):
            return path, "must be a list in an OCI runtime specification"
        return next((found for item in data if (found := _misfit(item, type_[2:], path, minor))), None)
    if type_.startswith("{}"):
        if not isinstance(data, dict):
            return path, "must be a mapping in an OCI runtime specification"
        return next((found for key, item in data.items() if (found := _misfit(item, type_[2:], _join(path, key), minor))), None)
    if match := _INTEGER.fullmatch(type_):
        return _number(data, path, signed=not match[1], bits=int(match[2]))
    if type_ in _WORDS:
        fits = isinstance(data, str | Timestamp) if type_ == "string" else isinstance(data, bool)
        return None if fits else (path, f"must be {_WORDS[type_]} in an OCI runtime specification")
    if not isinstance(data, dict):
        return path, "must be a mapping in an OCI runtime specification"
    fields = _structs(minor)[type_]
    for key, value in data.items():
        inner = fields.get(key.lower())
        if inner is not None and (found := _misfit(value, inner, _join(path, key), minor)):
            return found
    return None


def _number(data: Any, path: str, *, signed: bool, bits: int) -> Problem | None:
    low, high = (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) if signed else (0, 2**bits - 1)
    whole = (
        isinstance(data, int | float) and not isinstance(data, bool) and data == int(data) and (isinstance(data, int) or abs(data) < 1e21)
    )
    if not whole or not low <= data <= high:
        return path, f"must be a whole number from {low} to {high} in an OCI runtime specification"
    return None


def _join(path: str, key: str) -> str:
    return f"{path}.{key}" if path else key


@cache
def _structs(minor: str) -> dict[str, dict[str, str]]:
    """Return the type of each field by struct; JSON finds fields whatever the case of their names."""
    found: dict[str, dict[str, str]] = {}
    for line in _TABLE.splitlines():
        name, *fields = line.split() or [""]
        for field in fields:
            declared, _, since = field.partition("@")
            if since and not (at_least(since[1:], minor) if since.startswith("-") else at_least(minor, since)):
                continue
            key, _, type_ = declared.partition(":")
            found.setdefault(name, {})[key.lower()] = type_ or "string"
    return found
