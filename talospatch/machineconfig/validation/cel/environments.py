"""Which names each selector of a config may use, and of which type they are.

Sources: the machinery's cel/celenv/celenv.go, and the messages of api/resource/definitions (block, network) of each minor.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from talospatch.machineconfig.validation.cel.functions import Signature, read_signature, read_type
from talospatch.machineconfig.validation.rule import at_least

if TYPE_CHECKING:
    from collections.abc import Mapping

    from talospatch.machineconfig.validation.cel.types import CelType

_BLOCK = "talos.resource.definitions.block."
_NETWORK = "talos.resource.definitions.network."

# Fields by type; a minor behind @ is the first that has the field, or the whole message.
_MESSAGES = {
    f"{_BLOCK}DiskSpec": {
        "uint": "size io_size sector_size",
        "bool": "readonly rotational cdrom",
        "string": "model serial modalias wwid bus_path sub_system transport dev_path pretty_size uuid firmware_version@1.14",
        "list(string)": "secondary_disks symlinks",
    },
    f"{_BLOCK}DiscoveredVolumeSpec": {
        "uint": "size sector_size io_size block_size filesystem_block_size probed_size partition_index offset@1.12",
        "string": "name uuid label partition_uuid partition_type partition_label type"
        " device_path parent dev_path parent_dev_path pretty_size",
    },
    f"{_NETWORK}LinkStatusSpec": {
        "uint": "index link_index flags mtu master_index",
        "int": "type operational_state speed_megabits port duplex",
        "bool": "link_state",
        "bytes": "hardware_addr broadcast_addr permanent_addr",
        "string": "queue_disc kind slave_kind bus_path pciid driver driver_version firmware_version"
        " product_id vendor_id product vendor alias",
        "list(string)": "alt_names",
        f"{_NETWORK}VLANSpec": "vlan",
        f"{_NETWORK}BridgeMasterSpec": "bridge_master",
        f"{_NETWORK}BondMasterSpec": "bond_master",
        f"{_NETWORK}WireguardSpec": "wireguard",
        f"{_NETWORK}VRFMasterSpec": "vrf_master@1.13",
        f"{_NETWORK}VethSpec": "veth@1.14",
    },
    f"{_NETWORK}VLANSpec": {"uint": "vid", "int": "protocol"},
    f"{_NETWORK}BridgeMasterSpec": {f"{_NETWORK}STPSpec": "stp", f"{_NETWORK}BridgeVLANSpec": "vlan"},
    f"{_NETWORK}STPSpec": {"bool": "enabled"},
    f"{_NETWORK}BridgeVLANSpec": {"bool": "filtering_enabled"},
    f"{_NETWORK}BondMasterSpec": {
        "int": "mode hash_policy lacp_rate arp_validate arp_all_targets primary_reselect fail_over_mac ad_select adlacp_active",
        "uint": "primary_index mii_mon up_delay down_delay arp_interval resend_igmp min_links lp_interval packets_per_slave num_peer_notif"
        " tlb_dynamic_lb all_slaves_active ad_actor_sys_prio ad_user_port_key peer_notify_delay missed_max",
        "bool": "use_carrier",
        "list(common.NetIP)": "arpip_targets nsip6_targets",
    },
    f"{_NETWORK}WireguardSpec": {
        "string": "private_key public_key",
        "int": "listen_port firewall_mark",
        f"list({_NETWORK}WireguardPeer)": "peers",
    },
    f"{_NETWORK}WireguardPeer": {
        "string": "public_key preshared_key endpoint",
        "duration": "persistent_keepalive_interval",
        "list(common.NetIPPrefix)": "allowed_ips",
    },
    f"{_NETWORK}VRFMasterSpec": {"int": "table"},
    f"{_NETWORK}VethSpec": {"string": "peer_name"},
    "google.protobuf.Any": {"string": "type_url", "bytes": "value"},
    "google.protobuf.BoolValue": {"bool": "value"},
    "google.protobuf.BytesValue": {"bytes": "value"},
    "google.protobuf.DoubleValue": {"double": "value"},
    "google.protobuf.Duration": {"int": "seconds nanos"},
    "google.protobuf.Empty": {},
    "google.protobuf.FloatValue": {"double": "value"},
    "google.protobuf.Int32Value": {"int": "value"},
    "google.protobuf.Int64Value": {"int": "value"},
    "google.protobuf.ListValue": {"list(dyn)": "values"},
    "google.protobuf.StringValue": {"string": "value"},
    "google.protobuf.Struct": {"map(string, dyn)": "fields"},
    "google.protobuf.Timestamp": {"int": "seconds nanos"},
    "google.protobuf.UInt32Value": {"uint": "value"},
    "google.protobuf.UInt64Value": {"uint": "value"},
    "google.protobuf.Value": {
        "int": "null_value",
        "double": "number_value",
        "string": "string_value",
        "bool": "bool_value",
        "map(string, dyn)": "struct_value",
        "list(dyn)": "list_value",
    },
    "common.NetIP": {"bytes": "ip"},
    "common.NetIPPrefix": {"bytes": "ip", "int": "prefix_length"},
}
_UNITS = "KiB MiB GiB TiB PiB EiB kB MB GB TB PB EB"
_CLASSES = "Besteffort Burstable Guaranteed Podruntime System"
_GLOB = "glob(string, string) bool"
_PRESSURE = [f"{scope}_{window}" for scope in ("memory_some", "memory_full") for window in ("avg10", "avg60", "avg300", "total")]
_USAGE = ("current", "peak", "max")
_BY_CLASS = " ".join(
    [f"{delta}qos_{name}" for delta in ("", "d_") for name in _PRESSURE]
    + [f"{delta}qos_memory_{name}" for delta in ("", "d_") for name in _USAGE]
)

# Gone between Talos 1.13 (cel-go 0.27) and 1.14 (0.31), which has backticks instead.
_OLDER_FUNCTIONS = ("duration(int) duration",)

# Variables by type, functions, and whether optional values are known.
_ENVIRONMENTS: dict[str, tuple[dict[str, str], tuple[str, ...], bool]] = {
    "disk": ({f"{_BLOCK}DiskSpec": "disk", "bool": "system_disk", "uint": _UNITS}, (_GLOB,), False),
    "volume": ({f"{_BLOCK}DiscoveredVolumeSpec": "volume", f"{_BLOCK}DiskSpec": "disk", "uint": _UNITS}, (), False),
    "member volume": (
        {
            f"{_BLOCK}DiscoveredVolumeSpec": "volume",
            f"{_BLOCK}DiskSpec": "disk",
            "string": "volume_id",
            "bool": "system_disk",
            "uint": _UNITS,
        },
        (_GLOB,),
        False,
    ),
    "link": ({f"{_NETWORK}LinkStatusSpec": "link"}, (_GLOB, "mac(bytes) string"), False),
    "memory pressure": (
        {
            "double": " ".join([*_PRESSURE, *(f"d_{name}" for name in _PRESSURE)]),
            "map(int, double)": _BY_CLASS,
            "duration": "time_since_trigger",
            "uint": _UNITS,
            "int": _CLASSES,
        },
        ("multiply_qos_vectors(map(dyn, double), map(dyn, double)) double",),
        True,
    ),
    "cgroup": (
        {
            "optional_type(uint)": "memory_max memory_current memory_peak",
            "string": "path",
            "int": f"class {_CLASSES}",
            "uint": _UNITS,
        },
        (),
        True,
    ),
}


@dataclass(frozen=True, slots=True)
class Environment:
    """What an expression may use.

    Attributes:
        variables: type by name.
        messages: fields with their types by the full name of the message.
        functions: beyond the standard ones.
        optional: whether optional values are known.
        escaped: whether fields may stand in backticks.
    """

    variables: Mapping[str, CelType]
    messages: Mapping[str, Mapping[str, CelType]]
    functions: tuple[tuple[str, Signature], ...]
    optional: bool
    escaped: bool


@cache
def environment(name: str, minor: str) -> Environment:
    """Return what expressions of a kind may use.

    Args:
        name: ``disk``, ``volume``, ``member volume``, ``link``, ``memory pressure`` or ``cgroup``.
        minor: the Talos minor.
    """
    variables, functions, optional = _ENVIRONMENTS[name]
    messages = {message: _by_name(fields, minor) for message, fields in _MESSAGES.items()}
    newer = at_least(minor, "1.14")
    signatures = tuple(map(read_signature, functions if newer else (*functions, *_OLDER_FUNCTIONS)))
    return Environment(_by_name(variables, minor), messages, signatures, optional, escaped=newer)


def _by_name(table: Mapping[str, str], minor: str) -> dict[str, CelType]:
    found = {}
    for type_, names in table.items():
        for entry in names.split():
            name, _, since = entry.partition("@")
            if not since or at_least(minor, since):
                found[name] = read_type(type_)
    return found
