"""What Talos refuses of a configuration that it could read, and what it warns of.

The rules are those that a change of a running node is likely to meet; the others of the reference are left out, so that a configuration
which passes here may still be refused by a real node, never the other way round.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from talospatch.simulator.configs import MAIN, Config, Document

if TYPE_CHECKING:
    from collections.abc import Iterator

    from talospatch.simulator.profiles import Profile

_QUALIFIED = re.compile(r"(?:[a-z0-9](?:[-a-z0-9.]{0,251}[a-z0-9])?/)?[A-Za-z0-9](?:[-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?")
_DNS_NAME = re.compile(r"[a-zA-Z0-9_][a-zA-Z0-9_-]{0,62}(?:\.[a-zA-Z0-9_][a-zA-Z0-9_-]{0,62})*[._]?")
# Words for a machine's type, and what each means; the others are older names, which draw a warning.
_TYPES = {"worker": "worker", "controlplane": "controlplane", "init": "init", "join": "worker", "": "worker"}


def check(config: Config, profile: Profile, *, container: bool) -> tuple[list[str], str]:
    """Warnings, and the text of the refusal; empty when there is none.

    Args:
        config: what was read.
        profile: of the node.
        container: the node runs as a container, which asks for more.
    """
    warnings = _warnings(config, profile)
    static: list[str] = []
    main = list(_main_problems(config, profile, container=container))
    if main and not profile.names_main:
        static += main
    elif main:
        static.append(f"v1alpha1.Config: {_listed(main)}")
    for document in config.documents:
        static += [f"{document.kind}/{document.name}: {problem}" for problem in _document_problems(document)]
    if profile.merged_validation:
        static += _container_problems(config, container=container)
    return warnings, _listed(static) if static else ""


def _listed(problems: list[str]) -> str:
    """As hashicorp's multierror prints a list."""
    head = f"{len(problems)} error{'' if len(problems) == 1 else 's'} occurred:\n"
    return head + "\n".join(f"\t* {problem}" for problem in problems) + "\n\n"


def _warnings(config: Config, profile: Profile) -> list[str]:
    warnings = []
    kind = config.get("machine", "type")
    if _TYPES.get(kind, kind) != kind:
        warnings.append(f'use "{_TYPES[kind]}" instead of "{kind}" for machine type')
    if config.get("machine", "install", "extensions"):
        warnings.append(
            ".machine.install.extensions is deprecated, please see "
            "https://docs.siderolabs.com/talos/latest/platform-specific-installations/boot-assets"
        )
    if profile.merged_validation and config.get("machine", "files"):
        warnings.append(".machine.files is deprecated; use dedicated configuration documents instead")
    return warnings


def _main_problems(config: Config, profile: Profile, *, container: bool) -> Iterator[str]:
    if config.main is None:
        return
    if config.get("machine") is None:
        yield "machine instructions are required"
        return
    yield from _cluster_problems(config, profile)
    enabled = config.get("machine", "features", "hostDNS", "enabled") == "true"
    forwards = config.get("machine", "features", "hostDNS", "forwardKubeDNSToHost") == "true"
    if container and not profile.merged_validation:
        if not enabled:
            yield "feature HostDNS should be enabled in container mode (.machine.features.hostDNS.enabled)"
        if not forwards:
            yield "feature HostDNS should forward kube-dns to host in container mode (.machine.features.hostDNS.forwardKubeDNSToHost)"
    if forwards and not enabled and profile.dns_forward_needs_dns:
        yield "feature hostDNS.forwardKubeDNSToHost requires hostDNS.enabled to be true (.machine.features.hostDNS)"
    yield from _authority_problems(config)
    if config.get("persist") == "false":
        yield ".persist should be enabled"


def _cluster_problems(config: Config, profile: Profile) -> Iterator[str]:
    if config.get("cluster") is None:
        yield "cluster instructions are required"
        return
    endpoint = config.get("cluster", "controlPlane", "endpoint")
    if endpoint is None:
        if not profile.merged_validation:
            yield "cluster controlplane endpoint is required"
        return
    try:
        host = urlsplit(str(endpoint)).hostname
    except ValueError:
        host = None
    if not host:
        yield "invalid controlplane endpoint: hostname must not be blank"
    domain = config.get("cluster", "network", "dnsDomain")
    if domain and not _DNS_NAME.fullmatch(str(domain)):
        yield f'"{domain}" is not a valid DNS name'


def _authority_problems(config: Config) -> Iterator[str]:
    kind = config.get("machine", "type")
    authority = config.get("machine", "ca")
    accepted = config.get("machine", "acceptedCAs")
    if authority is None and not accepted:
        yield "issuing CA or some accepted CAs are required (.machine.ca, machine.acceptedCAs)"
    if kind not in _TYPES:
        yield f'unknown machine type "{kind}"'
    elif _TYPES[kind] == "worker":
        if authority is not None and authority["key"]:
            yield "issuing Talos API CA key is not allowed on non-controlplane nodes (.machine.ca)"
        if authority is not None and not authority["crt"] and not accepted:
            yield "trusted CA certificates are required on non-controlplane nodes (.machine.ca.crt, .machine.acceptedCAs)"
        if config.get("cluster", "ca", "key"):
            yield "issuing Kubernetes API CA key is not allowed on non-controlplane nodes (.cluster.ca)"
    elif authority is None:
        yield "issuing CA is required (.machine.ca)"
    elif not authority["key"]:
        yield "issuing CA key is required for controlplane nodes (.machine.ca.key)"


def _container_problems(config: Config, *, container: bool) -> list[str]:
    """1.14 looks at all documents together."""
    problems = []
    without_endpoint = config.get("cluster") is not None and config.get("cluster", "controlPlane", "endpoint") is None
    if without_endpoint and not any(document.kind == "KubeClusterConfig" for document in config.documents):
        problems.append(
            "cluster name and endpoint are required when Kubernetes is configured: "
            "either .cluster.clusterName/.cluster.controlPlane.endpoint or the KubeClusterConfig document"
        )
    if not container:
        return problems
    settings = config.get("machine", "features", "hostDNS")
    if settings is None:
        return ["hostDNS config is required in container mode"]
    if settings.get("enabled") != "true":
        problems.append("hostDNS must be enabled in container mode")
    if settings.get("forwardKubeDNSToHost") != "true":
        problems.append("forwardKubeDNSToHost must be enabled in container mode")
    return problems


def _document_problems(document: Document) -> Iterator[str]:
    if document.kind == MAIN:
        return
    if document.kind == "CRICustomizationConfig":
        if not document.name:
            yield "name is required"
        elif document.name == "customization":
            yield 'name "customization" is reserved for the legacy CRI customization'
        elif not _QUALIFIED.fullmatch(document.name):
            yield f'invalid name: "{document.name}"'
    if document.kind == "KmsgLogConfig":
        url = document.value.get("url")
        if not document.name:
            yield "name is required"
        if not url:
            yield "url is required"
        elif urlsplit(str(url)).scheme not in {"tcp", "udp"}:
            yield "url scheme must be tcp:// or udp://"
