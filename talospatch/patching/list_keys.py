"""Which fields identify an element of a list: a table by the type of the element.

talosctl knows five of these (:mod:`talospatch.machineconfig.typed.keyed`) and appends to all other lists. Here an element for a key that
the list has is merged into it. Sources: the fields that Talos itself finds these things by, in the v1alpha1_types.go and types/* of its
machinery; where two elements with one key would both be in force, the list is not in the table.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from talospatch.machineconfig.typed.urls import write_url

Element = dict[str, Any]


class ListKey(NamedTuple):
    """One row.

    Attributes:
        fields: what tells elements apart; zero values are values like others.
        replaces: whether a new element takes the old one's place as a whole.
        required: whether an element without any of the fields is never found.
    """

    fields: tuple[str, ...]
    replaces: bool = False
    required: bool = True


# A file of op append is never found: each of them adds to the file.
FILE, APPEND = "v1alpha1.MachineFile", "append"
DEVICE = "v1alpha1.Device"  # by name, or by its selector where it has none: two ways, so not a row

LIST_KEYS: dict[str, ListKey] = {
    FILE: ListKey(("path",)),
    "v1alpha1.Vlan": ListKey(("vlanId",), required=False),
    "v1alpha1.AdmissionPluginConfig": ListKey(("name",), required=False),
    "extensions.ConfigFile": ListKey(("mountPath",), required=False),
    "security.ImageVerificationRuleV1Alpha1": ListKey(("image",), replaces=True, required=False),
    "v1alpha1.AuthorizationConfigAuthorizerConfig": ListKey(("type", "name")),
    "v1alpha1.ClusterInlineManifest": ListKey(("name",)),
    "v1alpha1.DeviceWireguardPeer": ListKey(("publicKey",)),
    "v1alpha1.DiskPartition": ListKey(("mountpoint",)),
    "v1alpha1.EncryptionKey": ListKey(("slot",), required=False),
    "v1alpha1.ExtraHost": ListKey(("ip",)),
    "v1alpha1.ExtraMount": ListKey(("destination",)),
    "v1alpha1.KernelModuleConfig": ListKey(("name",)),
    "v1alpha1.LinuxIDMapping": ListKey(("containerID",), required=False),
    "v1alpha1.LoggingDestination": ListKey(("endpoint",)),
    "v1alpha1.MachineDisk": ListKey(("device",)),
    "v1alpha1.MachineSeccompProfile": ListKey(("name",)),
    "v1alpha1.Route": ListKey(("network", "gateway", "source")),
    "v1alpha1.VolumeMountConfig": ListKey(("mountPath",)),
    "block.EncryptionKey": ListKey(("slot",), required=False),
    "cri.RegistryEndpoint": ListKey(("url",)),
    "network.AddressConfig": ListKey(("address",)),
    "network.RouteConfig": ListKey(("destination", "gateway", "source", "table")),
    "network.WireguardPeer": ListKey(("publicKey",)),
}

# Static pods are free-form objects; a new one of a name takes the old one's place.
PODS = frozenset({"v1alpha1.Unstructured", "meta.Unstructured"})

# Lists of words in which the order counts and a word may stand twice: a command line.
COMMAND_LINES = frozenset({("ContainerConfig", "args"), ("ContainerConfig", "entrypoint")})


def key_of(type_name: str, element: Element) -> tuple[Any, ...] | None:
    """Return what tells an element from others of its list, or None when nothing does: then only an equal one is the same."""
    if type_name == DEVICE:
        name, selector = element.get("interface"), element.get("deviceSelector")
        chosen = _frozen(selector or {})
        return ("interface", name) if name else ("deviceSelector", chosen) if chosen else None
    if type_name in PODS:
        return _pod_key(element)
    row = LIST_KEYS.get(type_name)
    if row is None or (type_name == FILE and element.get("op") == APPEND):
        return None
    values = tuple(_part(element.get(field)) for field in row.fields)
    return None if row.required and not any(values) else values


def is_found_by(type_name: str, old: Element, new: Element) -> bool:
    """Whether an element of a patch is for one that the list has."""
    if type_name == DEVICE and not new.get("interface"):  # by its selector, whether the old one has a name or not
        old = {"deviceSelector": old.get("deviceSelector")}
    key = key_of(type_name, new)
    return key is not None and key == key_of(type_name, old)


def key_fields(type_name: str) -> frozenset[str]:
    """Return the fields that can tell elements of a type apart."""
    if type_name == DEVICE:
        return frozenset({"interface", "deviceSelector"})
    row = LIST_KEYS.get(type_name)
    return frozenset(row.fields if row is not None else ())


def replaces(type_name: str) -> bool:
    """Whether a new element takes the place of the old one, instead of being merged into it."""
    row = LIST_KEYS.get(type_name)
    return type_name in PODS or (row is not None and row.replaces)


def _pod_key(pod: Element) -> tuple[Any, ...] | None:
    metadata = pod.get("metadata")
    if not isinstance(metadata, dict) or not metadata.get("name"):
        return None
    return str(metadata["name"]), str(metadata.get("namespace") or "")


def _part(value: Any) -> Any:
    """Return a value as a part of a key; of URLs the text, because one URL can be held in several ways."""
    return (write_url(value) if isinstance(value, dict) else _frozen(value)) or None


def _frozen(value: Any) -> Any:
    """Return a value as one that can be compared and hashed; empty texts in a mapping are as good as absent."""
    if isinstance(value, dict):
        return tuple(sorted((str(key), _frozen(each)) for key, each in value.items() if each not in ("", None)))
    return tuple(map(_frozen, value)) if isinstance(value, list) else value
