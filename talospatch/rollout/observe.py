"""Reading everything about one node that a rollout goes by.

Tolerant of roles and versions: what cannot be read is left empty and said in ``unread``, by the name of the attribute. Only a node that
does not answer at all is an error.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from enum import Enum
from typing import TYPE_CHECKING, Any

from talospatch.containerd.proof import CRI_TOML
from talospatch.errors import ConfigError, NodeError, NotAuthorized, NotFound, NotSupported, VersionError
from talospatch.planning.facts import CONTAINER, NodeFacts
from talospatch.talos.machine_type import MachineType
from talospatch.versions import Fact, TalosVersion

if TYPE_CHECKING:
    from talospatch.talos.node import NodeVersion
    from talospatch.talos.resources import StoredConfig
    from talospatch.talosapi.client import Client

ETC_FILE_SPECS = ("files", "EtcFileSpecs.files.talos.dev", "cri/conf.d/cri.toml")
SIDEROLINK = (
    "network",
    "LinkStatuses.net.talos.dev",
    "siderolink",
)  # the interface by which Omni manages a machine (constants.SideroLinkName)
_QUICK = 5.0  # seconds a node has to say its version while we watch it come back


class Reading(Enum):
    """How much is read; each member lists the attributes of :class:`NodeFacts` beyond the version."""

    DIFFERENCE = ("active", "persistent")
    CONFIGURATIONS = ("active", "persistent", "boot_id")
    PLAN = ("active", "persistent", "boot_id", "machine_uuid", "status", "hostname", "services", "listeners", "managed_by")
    EVERYTHING = (*PLAN, "cri_toml")


async def observe(
    client: Client,
    node: str,
    reading: Reading,
    *,
    machine_type: MachineType = MachineType.UNKNOWN,
    version: NodeVersion | None = None,
) -> NodeFacts:
    """Read one node.

    Args:
        client: what calls are made with.
        node: its address.
        reading: how much.
        machine_type: what the inventory knows it as; asked from the node when unknown. A control-plane node's etcd is looked at too,
            unless only the difference is wanted.
        version: what the node said just now; asked from it when None.

    Raises:
        NodeError: it does not answer.
    """
    attributes = [name for name in reading.value if name != "cri_toml"]
    if machine_type is MachineType.UNKNOWN:
        attributes.append("machine_type")
    if reading in {Reading.PLAN, Reading.EVERYTHING} and machine_type is not MachineType.WORKER:
        attributes.append("etcd_problem")
    if reading is Reading.EVERYTHING:
        attributes.append("cri_toml")
    if version is None and reading in {Reading.CONFIGURATIONS, Reading.EVERYTHING}:
        # A node that is rebooting costs one short call, not one for each attribute.
        version = await client.version(node, timeout=_QUICK)
    readers = [_READERS[name] for name in attributes]
    if version is not None:
        answers = await asyncio.gather(*(_attempt(reader, client, node) for reader in readers))
    else:
        version, *answers = await asyncio.gather(*(_attempt(reader, client, node) for reader in (_version, *readers)))
        if isinstance(version, NodeError):
            raise version
    values: dict[str, Any] = {"machine_type": machine_type}
    unread: dict[str, str] = {}
    for name, answer in zip(attributes, answers, strict=True):
        if isinstance(answer, NodeError):
            unread[name] = _sentence(answer)
        else:
            values[name] = answer
    if values["machine_type"] is MachineType.WORKER:
        values.pop("etcd_problem", None)
    elif "etcd_problem" in unread:
        values["etcd_problem"] = unread["etcd_problem"]
    if "persistent" in unread and "active" in values and not _has_persistent(version.tag):
        unread.pop("persistent")
    if version.platform == CONTAINER and values.get("boot_id") and "services" in values:
        began = next((service.started for service in values["services"] if service.id == "machined"), None)
        values["boot_id"] += f"@{began or 0:.3f}"
    return NodeFacts(node=node, talos=version.tag, platform=version.platform, unread=unread, **values)


_Reader = Callable[["Client", str], Awaitable[Any]]


async def _attempt(reader: _Reader, client: Client, node: str) -> Any:
    """Read, and return what came or why it did not. The call is made in here, so that one cancelled before it began leaves nothing."""
    try:
        return await reader(client, node)
    except NodeError as error:
        return error


async def _version(client: Client, node: str) -> NodeVersion:
    return await client.version(node)


async def _config(client: Client, node: str, identity: str) -> StoredConfig:
    return await client.machine_config(node, identity)


async def _cri_toml(client: Client, node: str) -> str:
    """Containerd's merged configuration: as the node's controllers have it, else the file."""
    try:
        resource = await client.get_resource(node, *ETC_FILE_SPECS)
    except (NotFound, NotSupported):
        return (await client.read_file(node, CRI_TOML)).decode("utf-8", "replace")
    return _contents(resource.spec_yaml)


def _contents(spec_yaml: str) -> str:
    from talospatch.machineconfig.nodes import Mapping, Scalar
    from talospatch.machineconfig.reader import read

    try:
        trees = read(spec_yaml)
    except ConfigError:
        return ""
    spec = trees[0].root if trees else None
    contents = spec.values.get("contents") if isinstance(spec, Mapping) else None
    return contents.text if isinstance(contents, Scalar) else ""


async def _machine_uuid(client: Client, node: str) -> str:
    """The firmware's UUID; empty where there is none, as on many single-board computers."""
    try:
        return await client.machine_uuid(node)
    except NotFound:
        return ""


async def _managed_by(client: Client, node: str) -> str:
    try:
        await client.get_resource(node, *SIDEROLINK)
    except (NotFound, NotSupported):
        return ""
    return "SideroLink (Omni)"


async def _etcd_problem(client: Client, node: str) -> str:
    """Why etcd is not healthy, as this node sees it; empty when it is. A worker has none, which its caller knows."""
    status = await client.etcd_status(node)
    if status.errors:
        return status.errors[0]
    if not status.leader:
        return "it has no leader"
    if status.learner:
        return "this member is a learner"
    members = await client.etcd_members(node)
    learners = [member.hostname for member in members if member.learner]
    return f"{', '.join(learners)} is a learner" if learners else ""


_READERS: dict[str, _Reader] = {
    "active": lambda client, node: _config(client, node, "v1alpha1"),
    "persistent": lambda client, node: _config(client, node, "persistent"),
    "boot_id": lambda client, node: client.boot_id(node),
    "machine_uuid": _machine_uuid,
    "status": lambda client, node: client.machine_status(node),
    "hostname": lambda client, node: client.hostname(node),
    "services": lambda client, node: client.services(node),
    "listeners": lambda client, node: client.listeners(node),
    "machine_type": lambda client, node: client.machine_type(node),
    "etcd_problem": _etcd_problem,
    "managed_by": _managed_by,
    "cri_toml": _cri_toml,
}


def _has_persistent(tag: str) -> bool:
    try:
        return TalosVersion.parse(tag).can(Fact.PERSISTENT_CONFIG)
    except VersionError:
        return True


def _sentence(error: NodeError) -> str:
    # Which role it takes, without what to do about it: whoever asks for a reason says that.
    return error.text.partition(";")[0] if isinstance(error, NotAuthorized) else str(error)
