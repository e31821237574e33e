"""What is wrong, or soon will be, with the content of a drop-in, whoever wrote it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from talospatch.containerd.base_parts import OLD_CRI, base_findings, base_version
from talospatch.containerd.metrics import PLACES, address_findings, forms_in, live_forms, metrics_address, value_at
from talospatch.containerd.toml_read import leaves
from talospatch.talos.finding import Finding, Severity
from talospatch.versions import Fact, TalosVersion


def content_findings(data: Mapping[str, Any], talos: TalosVersion, path: str) -> tuple[Finding, ...]:
    """Return everything worth knowing about a drop-in's data on a version.

    Args:
        data: parsed TOML.
        talos: the node's version.
        path: where it stands in the config.
    """
    return (
        *_version(data, talos, path),
        *base_findings(data, talos, path),
        *_zeros(data, path),
        *_old_names(data, talos, path),
        *_metrics(data, talos, path),
    )


def _version(data: Mapping[str, Any], talos: TalosVersion, path: str) -> tuple[Finding, ...]:
    version, base = data.get("version"), base_version(talos)
    if not isinstance(version, int) or version <= base:
        return ()
    message = f"sets version = {version}, above the {base} of Talos's own part: containerd does not start with it"
    return (Finding(Severity.ERROR, "toml-version-above-base", path, message, "take the line out"),)


def _zeros(data: Mapping[str, Any], path: str) -> tuple[Finding, ...]:
    """Source: Talos's merge of parts, which skips zero values on the right; false is no zero for it."""
    return tuple(
        Finding(
            Severity.WARNING,
            "toml-zero-ignored",
            path,
            f"{'.'.join(keys)} = {value!r} cannot override: Talos skips empty values when it merges parts",
        )
        for keys, value in leaves(data).items()
        if not isinstance(value, bool | list) and value in {"", 0}
    )


def _old_names(data: Mapping[str, Any], talos: TalosVersion, path: str) -> tuple[Finding, ...]:
    plugins = data.get("plugins")
    if base_version(talos) < 3 or not isinstance(plugins, Mapping) or OLD_CRI not in plugins:
        return ()
    if talos.can(Fact.LIVE_CRI_CUSTOMIZATION):
        message = f"settings under {OLD_CRI} take effect again with containerd 2.3, wherever the new name does not set them"
        return (
            Finding(Severity.WARNING, "toml-old-plugin-name", path, message, "move them under io.containerd.cri.v1.runtime or .images"),
        )
    message = f"settings under {OLD_CRI} are ignored by containerd 2.0 to 2.2, and come back to life with Talos 1.14"
    return (Finding(Severity.NOTE, "toml-old-plugin-name", path, message, "move them under io.containerd.cri.v1.runtime or .images"),)


def _metrics(data: Mapping[str, Any], talos: TalosVersion, path: str) -> tuple[Finding, ...]:
    forms, live = forms_in(data), live_forms(talos)
    findings: list[Finding] = []
    dead = [form for form in forms if form not in live]
    if dead:
        message = f"{dead[0].value} is ignored silently by this node's containerd"
        findings.append(Finding(Severity.WARNING, "metrics-form-ignored", path, message, f"write it as {live[0].value}"))
    elif len(forms) > 1:
        message = f"metrics are set in both forms; containerd obeys {live[0].value} and ignores {forms[1].value}"
        findings.append(Finding(Severity.WARNING, "metrics-both-forms", path, message, "keep one of them"))
    for form in live:
        address = value_at(data, PLACES[form]["address"])
        if address is not None and not isinstance(address, str):
            message = f"metrics address {address!r} is not text; containerd would exit, and kubelet wait for it"
            findings.append(Finding(Severity.ERROR, "metrics-address-invalid", path, message, 'write it as "0.0.0.0:11234"'))
    address = metrics_address(data, live)
    if address is not None:
        findings.extend(address_findings(address, path))
    return tuple(findings)
