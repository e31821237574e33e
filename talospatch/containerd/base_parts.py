"""What Talos's own parts of containerd's configuration set, by version.

A fragment that has another type for one of these keys stops the merge on the node.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from talospatch.talos.finding import Finding, Severity

if TYPE_CHECKING:
    from talospatch.containerd.toml_scan import Keys
    from talospatch.versions import TalosVersion

IMAGES, RUNTIME, NRI = "io.containerd.cri.v1.images", "io.containerd.cri.v1.runtime", "io.containerd.nri.v1.nri"
OLD_CRI = "io.containerd.grpc.v1.cri"
RUNC = ("containerd", "runtimes", "runc")


class BaseKey(NamedTuple):
    """A key that Talos sets itself.

    Attributes:
        type: ``string``, ``bool``, ``int``, ``array`` or ``table``.
        since: first tag that has it.
        until: first tag that has it no more, or empty.
    """

    keys: Keys
    type: str
    since: str
    until: str = ""


# Source: hack/00-base.part of Talos at every tag, and the registries controller for 01-registries.part.
BASE_KEYS = (
    BaseKey(("version",), "int", "1.6.0"),
    BaseKey(("plugins", OLD_CRI, *RUNC, "runtime_type"), "string", "1.6.0", "1.8.0-alpha.0"),
    BaseKey(("plugins", OLD_CRI, *RUNC, "discard_unpacked_layers"), "bool", "1.6.0", "1.8.0-alpha.0"),
    BaseKey(("plugins", OLD_CRI, "registry", "config_path"), "string", "1.6.0", "1.8.0-alpha.0"),
    BaseKey(("plugins", IMAGES, "discard_unpacked_layers"), "bool", "1.8.0"),
    BaseKey(("plugins", IMAGES, "registry", "config_path"), "string", "1.8.0"),
    BaseKey(("plugins", RUNTIME, *RUNC, "base_runtime_spec"), "string", "1.9.0"),
    BaseKey(("plugins", NRI, "disable"), "bool", "1.9.2", "1.14.0-alpha.2"),
    BaseKey(("plugins", IMAGES, "use_local_image_pull"), "bool", "1.11.0"),
    BaseKey(("plugins", RUNTIME, "enable_cdi"), "bool", "1.13.0-beta.0"),
    BaseKey(("plugins", RUNTIME, "cdi_spec_dirs"), "array", "1.13.0-beta.0"),
    BaseKey(("plugins", RUNTIME, *RUNC, "options", "ShimCgroup"), "string", "1.14.0-alpha.2"),
)

# The configuration version of the base. Source: the same files; a part above it keeps containerd from starting, a part below is only
# migrated.
BASE_VERSIONS = (("1.6.0", "1.8.0-alpha.0", 2), ("1.8.0-alpha.0", "", 3))


def base_version(talos: TalosVersion) -> int:
    """Return the ``version`` that Talos's own part has."""
    return next((version for since, until, version in BASE_VERSIONS if talos.within(since, until)), BASE_VERSIONS[0][2])


def base_findings(data: Mapping[str, Any], talos: TalosVersion, path: str) -> tuple[Finding, ...]:
    """Return what the node's merge with Talos's own part would make of a fragment.

    Args:
        data: parsed TOML.
        talos: the node's version.
        path: where the fragment stands in the config.
    """
    findings: list[Finding] = []
    for row in BASE_KEYS:
        if row.keys == ("version",) or not talos.within(row.since, row.until):
            continue
        place, value = _reach(data, row.keys)
        if value is None:
            continue
        expected = row.type if place == row.keys else "table"
        name = ".".join(place)
        if toml_type(value) != expected:
            message = (
                f"{name} is of type {toml_type(value)} here and {expected} in Talos's own part: containerd's configuration is not written"
            )
            findings.append(Finding(Severity.ERROR, "toml-type-conflict", path, message, f"write it as {expected}"))
        elif expected == "array" and value:
            message = f"{name}: Talos appends these elements to its own, it does not replace them"
            findings.append(Finding(Severity.NOTE, "toml-array-appended", path, message))
    return tuple(dict.fromkeys(findings))


def _reach(data: Mapping[str, Any], keys: Keys) -> tuple[Keys, Any]:
    """Follow the keys as far as there are tables; return how far that was and what stands there, or None when nothing does."""
    value: Any = data
    for depth, key in enumerate(keys):
        if not isinstance(value, Mapping):
            return keys[:depth], value
        if key not in value:
            return keys, None
        value = value[key]
    return keys, value


def toml_type(value: Any) -> str:
    """Return the name of a value's TOML type."""
    for kind, name in (
        (bool, "bool"),
        (int, "int"),
        (float, "float"),
        (str, "string"),
        (list, "array"),
        (Mapping, "table"),
        ((dt.datetime, dt.date, dt.time), "date or time"),
    ):
        if isinstance(value, kind):
            return name
    return type(value).__name__
