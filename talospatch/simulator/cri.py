"""The configuration of a node's container runtime: its parts, how they become ``cri.toml``, and what containerd makes of that."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from talospatch.simulator import tomltext
from talospatch.simulator.tomltext import TomlError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from talospatch.simulator.profiles import Profile

CONF_D = "/etc/cri/conf.d/"
CRI_TOML = "cri/conf.d/cri.toml"
LEGACY_PART = "20-customization.part"
LEGACY_PATH = CONF_D + LEGACY_PART
_ANY_OR_LOOPBACK = frozenset({"", "0.0.0.0", "::", "::1", "localhost"})  # noqa: S104 - a host in a configuration; nothing is bound here
_METRICS_PLUGIN = "io.containerd.server.v1.metrics"


@dataclass(frozen=True, slots=True)
class Part:
    """One fragment.

    Attributes:
        origin: as the header of the merged file names it.
        content: TOML.
    """

    origin: str
    content: str

    @property
    def digest(self) -> str:
        """sha256 of the content, in hexadecimal."""
        return hashlib.sha256(self.content.encode("utf-8", "surrogateescape")).hexdigest()


@dataclass(frozen=True, slots=True)
class Merged:
    """A merged ``cri.toml``.

    Attributes:
        text: the file.
        tables: the same, parsed.
        digests: path to sha256 of each physical part, as the resource's annotations have them up to 1.13.
    """

    text: str
    tables: Mapping[str, Any]
    digests: Mapping[str, str]


def physical_parts(profile: Profile, overrides: Mapping[str, str], registries: str) -> dict[str, str]:
    """Files of ``/etc/cri/conf.d`` by name.

    Up to 1.13 the root file system has an empty placeholder for the customization, and the registries are a file like the others.
    """
    files = {"00-base.part": profile.base_part}
    if not profile.live_cri:
        files |= {"01-registries.part": registries, LEGACY_PART: ""}
    return files | dict(overrides)


def registries_part(profile: Profile) -> str:
    """What Talos writes for a node without registry settings."""
    name = f"plugins.'{profile.cri_images}'.registry"
    return (
        f"[plugins]\n  [plugins.'{profile.cri_images}']\n    [{name}]\n"
        f"      config_path = '/etc/cri/conf.d/hosts'\n\n      [{name}.configs]\n"
    )


def merge(profile: Profile, files: Mapping[str, str], customizations: Mapping[str, str]) -> Merged:
    """Merge parts in the order of their names.

    Args:
        profile: of the node.
        files: physical parts by file name.
        customizations: 1.14: fragments by name, held in memory; one named as a file takes its place.

    Raises:
        TomlError: one part is no TOML, or two hold different types under one name.
    """
    prefix = "file " if profile.live_cri else ""
    parts = {name: Part(f"{prefix}{CONF_D}{name}", content) for name, content in files.items() if name.endswith(".part")}
    if profile.live_cri:
        parts["01-registries.part"] = Part("in-memory registries", registries_part(profile))
        for name, content in customizations.items():
            parts[f"20-{name}.part"] = Part(f'in-memory customization "{name}"', content)
    tables: dict[str, Any] = {}
    header = []
    for name in sorted(parts):
        part = parts[name]
        shown = name if profile.live_cri else CONF_D + name
        try:
            read = tomltext.read(part.content, toml_1_1=profile.toml_1_1)
        except TomlError as error:
            raise TomlError(f'error decoding "{shown}": {error}') from None
        try:
            tomltext.merge(tables, read)
        except TomlError as error:
            raise TomlError(f'error merging "{shown}": {error}') from None
        header.append(f"## {part.origin} (sha256:{part.digest})\n" if profile.part_headers else f"## {part.origin}\n")
    text = "".join(header) + "\n" + tomltext.Writer(newest=profile.live_cri).write(tables)
    digests = {} if profile.live_cri else {CONF_D + name: part.digest for name, part in parts.items()}
    return Merged(text, tables, digests)


def metrics_address(profile: Profile, tables: Mapping[str, Any]) -> str:
    """Where containerd would serve its metrics; empty for nowhere. From 2.3 on the plugin's own table wins over ``[metrics]``."""
    plain = _address(tables.get("metrics"))
    plugins = tables.get("plugins")
    if profile.live_cri and isinstance(plugins, dict):
        return _address(plugins.get(_METRICS_PLUGIN)) or plain
    return plain


def _address(table: Any) -> str:
    address = table.get("address") if isinstance(table, dict) else None
    return address if isinstance(address, str) else ""


def containerd_refuses(profile: Profile, tables: Mapping[str, Any], addresses: frozenset[str], ports: frozenset[int]) -> str:
    """Why containerd would exit with this configuration, in its words; empty when it would run.

    Args:
        profile: of the node.
        tables: the merged configuration.
        addresses: what the node can bind to besides loopback and any.
        ports: taken already.
    """
    version = tables.get("version", 1)
    if not isinstance(version, int) or version > profile.containerd_config:
        if profile.live_cri:
            return f"failed to load TOML: drop-in config version {version} higher than root config version {profile.containerd_config}"
        return f"expected containerd config version equal to or less than `{profile.containerd_config}`, got `{version}`"
    for name, kind in (("metrics", dict), ("plugins", dict), ("disabled_plugins", list), ("imports", list)):
        if name in tables and not isinstance(tables[name], kind):
            return f"failed to load TOML: toml: cannot decode into {name}"
    address = metrics_address(profile, tables)
    reason = _cannot_listen(address, addresses, ports) if address else ""
    return f"failed to get listener for metrics endpoint: {reason}" if reason else ""


def _cannot_listen(address: str, addresses: frozenset[str], ports: frozenset[int]) -> str:
    host, colon, port = address.rpartition(":")
    if not colon:
        return f"listen tcp: address {address}: missing port in address"
    if not port.isdigit() or int(port) > 65535:
        return f"listen tcp: address {port}: invalid port" if port.isdigit() else f"listen tcp: lookup tcp/{port}: unknown port"
    bare = host.removeprefix("[").removesuffix("]")
    if ":" in bare and not host.startswith("["):
        return f"listen tcp: address {address}: too many colons in address"
    if bare not in _ANY_OR_LOOPBACK and not bare.startswith("127.") and bare not in addresses:
        return f"listen tcp {address}: bind: cannot assign requested address"
    return f"listen tcp {address}: bind: address already in use" if int(port) in ports else ""
