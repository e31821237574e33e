"""Rules of the documents about the host: its name, resolvers, clock, files, logs and the like.

Source of all rows: the Validate methods in the machinery's config/types of each minor, and the vectors.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from talospatch.machineconfig.quoting import quoted_key
from talospatch.machineconfig.validation import texts
from talospatch.machineconfig.validation.expressions import selector
from talospatch.machineconfig.validation.main_network import KUBESPAN_MTU
from talospatch.machineconfig.validation.rule import Broken, Rule, duration_at_least, not_negative, required
from talospatch.talos.finding import Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from talospatch.machineconfig.validation.place import Place
    from talospatch.machineconfig.validation.rule import Check, Config

_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
# What of /etc belongs to Talos. Source: managedEtcFiles and managedEtcPrefixes of etc_file.go.
_MANAGED_FILES = frozenset({"resolv.conf", "hosts", "machine-id", "extensions.yaml", "localtime", "os-release", "xattr.conf"})
_MANAGED_FOLDERS = frozenset(
    {"apparmor.d", "apparmor", "ca-certificates", "cni", "cri", "iscsi", "kubernetes", "lvm", "nvme", "pki", "selinux", "ssl"}
)


def _hostname(root: Place, _: Config) -> Iterator[Broken]:
    auto, hostname = root["auto"], root["hostname"]
    if not auto.given and not hostname.filled:
        yield Broken(hostname, "either auto or hostname must be set")
    if hostname.filled and auto.given and auto.word != "off":
        yield Broken(auto, "cannot stand beside hostname", "auto: off, or take one of them out")
    if auto.given and auto.word not in {"off", "stable"}:
        yield Broken(auto, f"{auto.word!r} cannot be chosen here", "off or stable")
    if hostname.filled:
        if len(hostname.text.encode()) > 253:
            yield Broken(hostname, "is longer than 253 characters")
        if not 1 <= len(hostname.text.partition(".")[0].encode()) <= 63:
            yield Broken(hostname, "must begin with a name of 1 to 63 characters")


def _name_servers(root: Place, _: Config) -> Iterator[Broken]:
    for server in root["nameservers"].items():
        encrypted = server["protocol"].word in {"DoT", "DoH"}
        if encrypted and not server["tlsServerName"].filled:
            yield Broken(server["tlsServerName"], f"is required for {server['protocol'].word}")
        if not encrypted and server["tlsServerName"].filled:
            yield Broken(server["tlsServerName"], "counts only for DoT and DoH")
        if not server["address"].filled:
            yield Broken(server["address"], "an address is required")


def _all_encrypted(root: Place, _: Config) -> Iterator[Broken]:
    servers = list(root["nameservers"].items())
    if servers and all(server["protocol"].word in {"DoT", "DoH"} for server in servers):
        yield Broken(
            root["nameservers"], "all name servers are encrypted, which needs a clock that is right at boot", "keep one plain name server"
        )


def _host_dns(root: Place, _: Config) -> Iterator[Broken]:
    dns = root["hostDNS"]
    if dns["enabled"].is_true:
        return
    for key in ("forwardKubeDNSToHost", "resolveMemberNames"):
        if dns[key].is_true:
            yield Broken(dns[key], "works only with hostDNS.enabled")


def _clock(root: Place, _: Config) -> Iterator[Broken]:
    if root["ntp"].given and root["ptp"].given:
        yield Broken(root["ptp"], "cannot stand beside ntp")


def _nts(root: Place, _: Config) -> Iterator[Broken]:
    if root["ntp.useNTS"].is_true:
        for server in root["ntp.servers"].items():
            if texts.ip(server.text) is None:
                yield Broken(server, "NTS needs host names, and this is an address")


def _kubespan(root: Place, _: Config) -> Iterator[Broken]:
    if root["mtu"].given and root["mtu"].number < KUBESPAN_MTU:
        yield Broken(root["mtu"], f"must be at least {KUBESPAN_MTU}")
    for entry in root["filters.endpoints"].items():
        if problem := texts.subnet_or_address(entry.text):
            yield Broken(entry, f"{entry.text[:60]!r} {problem}")


def _variables(root: Place, _: Config) -> Iterator[Broken]:
    for name, place in root["variables"].entries():
        if not _VARIABLE.fullmatch(name):
            yield Broken(place, f"{quoted_key(name)} is no name of a variable")


def _etc_file(root: Place, _: Config) -> Iterator[Broken]:
    name = root["name"]
    path = name.text
    if not path:
        yield Broken(name, "the path below /etc is required")
    elif not _is_local(path) or path.startswith("."):
        yield Broken(name, f"{path[:80]!r} does not stay below /etc", "a path below /etc, without /etc/ before it")
    elif path in _MANAGED_FILES or path.split("/")[0] in _MANAGED_FOLDERS:
        yield Broken(name, f"{path[:80]!r} is managed by Talos")


def _is_local(path: str) -> bool:
    """Whether a path stays where it begins. Source: Go's filepath.IsLocal on Unix."""
    if path.startswith("/"):
        return False
    depth = 0
    for part in path.split("/"):
        depth += -1 if part == ".." else 1 if part not in {"", "."} else 0
        if depth < 0:
            return False
    return True


def _event_sink(root: Place, _: Config) -> Iterator[Broken]:
    if problem := texts.host_port(root["endpoint"].text):
        yield Broken(root["endpoint"], f"{root['endpoint'].text[:80]!r} {problem}", "write it as 10.5.0.1:4242")


def _extension(root: Place, _: Config) -> Iterator[Broken]:
    if not root["configFiles"].filled and not root["environment"].filled:
        yield Broken(root["configFiles"], "an extension needs files or an environment")
    for file in root["configFiles"].items():
        for key, what in (("content", "content"), ("mountPath", "a path")):
            if not file[key].filled:
                yield Broken(file[key], f"a file of an extension needs {what}")


def _url(path: str, schemes: tuple[str, ...], *, port: bool = False) -> Check:
    def check(root: Place, _: Config) -> Iterator[Broken]:
        url = root[path]
        if not url.given:
            yield Broken(url, "a URL is required")
            return
        if url.value.get("scheme") not in schemes:
            yield Broken(url, f"must begin with {' or '.join(f'{scheme}://' for scheme in schemes)}")
        if url.value.get("path", "") not in {"", "/"}:
            yield Broken(url, "must have no path")
        if port and not texts.split_host(url.value.get("host", ""))[1]:
            yield Broken(url, "needs a port")

    return check


def _empty_keys(root: Place, _: Config) -> Iterator[Broken]:
    if "" in (root["params"].value or {}):
        yield Broken(root["params"], "has an entry without a name")


def _installer(root: Place, _: Config) -> Iterator[Broken]:
    if not root["installer.image"].filled:
        yield Broken(root["installer.image"], "is not set, which works only where Talos was booted from an image of the Image Factory")


def _image_rules(root: Place, _: Config) -> Iterator[Broken]:
    for rule in root["rules"].items():
        if not rule["image"].filled:
            yield Broken(rule["image"], "a pattern of images is required")
        skip, deny = rule["skip"].is_true, rule["deny"].is_true
        keyless, public = rule["keyless"], rule["publicKey"]
        if skip and deny:
            yield Broken(rule["deny"], "cannot stand beside skip")
        if (skip or deny) and (keyless.given or public.given):
            yield Broken(rule, "needs no verifier when it skips or denies")
        if not (skip or deny or keyless.given or public.given):
            yield Broken(rule, "needs a verifier", "keyless or publicKey")
        if keyless.given and public.given:
            yield Broken(public, "cannot stand beside keyless")
        if keyless.given:
            if not keyless["issuer"].filled:
                yield Broken(keyless["issuer"], "an issuer is required")
            if not keyless["subject"].filled and not keyless["subjectRegex"].filled:
                yield Broken(keyless["subject"], "subject or subjectRegex is required")
        if public.given and not public["certificate"].filled:
            yield Broken(public["certificate"], "a certificate is required")


def _image_pattern_notes(root: Place, _: Config) -> Iterator[Broken]:
    for rule in root["rules"].items():
        pattern = rule["image"].text
        if "@" in pattern:
            yield Broken(rule["image"], "patterns are compared with registry and repository, without a digest")
        if ":" in pattern.partition("/")[2]:  # before the slash it is the registry's port
            yield Broken(rule["image"], "patterns are compared with registry and repository, without a tag")


def _short_pattern(root: Place, _: Config) -> Iterator[Broken]:
    for rule in root["rules"].items():
        pattern = rule["image"].text
        if pattern and pattern != "*" and "/" not in pattern:
            yield Broken(rule["image"], "has no '/'; images such as nginx are compared as docker.io/nginx")


def _dead_pattern(root: Place, _: Config) -> Iterator[Broken]:
    for rule in root["rules"].items():
        literal, star, _rest = rule["image"].text.partition("*")
        domain, slash, _path = literal.partition("/")
        dead = not ("." in domain or ":" in domain or domain.lower() == "localhost") if slash else not star
        if rule["image"].filled and dead:
            yield Broken(rule["image"], "matches no image", "images are compared in full, such as docker.io/library/nginx")


RULES = (
    Rule("hostname", ("HostnameConfig",), _hostname),
    Rule("name-server", ("ResolverConfig",), _name_servers, since="1.14"),
    Rule("name-servers-all-encrypted", ("ResolverConfig",), _all_encrypted, since="1.14", severity=Severity.WARNING),
    Rule("host-dns", ("ResolverConfig",), _host_dns, since="1.14"),
    Rule("clock", ("TimeSyncConfig",), not_negative("bootTimeout")),
    Rule("clock", ("TimeSyncConfig",), _clock),
    Rule("clock", ("TimeSyncConfig",), _nts, since="1.14"),
    Rule("kubespan", ("KubeSpanConfig",), _kubespan),
    Rule("environment", ("EnvironmentConfig",), _variables),
    Rule("etc-file", ("EtcFileConfig",), _etc_file),
    Rule("event-sink", ("EventSinkConfig",), _event_sink),
    Rule("name-required", ("ExtensionServiceConfig", "KernelModuleConfig", "KmsgLogConfig"), required("name", "a name")),
    Rule("extension", ("ExtensionServiceConfig",), _extension),
    Rule("kernel-log", ("KmsgLogConfig",), _url("url", ("tcp", "udp"), port=True)),
    Rule("siderolink", ("SideroLinkConfig",), _url("apiUrl", ("https", "grpc"))),
    Rule("memory-pressure", ("OOMConfig",), selector("triggerExpression", "memory pressure")),
    Rule("memory-pressure", ("OOMConfig",), selector("cgroupRankingExpression", "cgroup", result="double")),
    Rule("memory-pressure", ("OOMConfig",), not_negative("sampleInterval")),
    Rule("kernel-parameter", ("SysctlConfig", "SysfsConfig"), _empty_keys),
    Rule("installer-image", ("UnattendedInstallConfig",), _installer, severity=Severity.WARNING),
    Rule("watchdog", ("WatchdogTimerConfig",), required("device", "a device")),
    Rule("watchdog", ("WatchdogTimerConfig",), duration_at_least("timeout", 10)),
    Rule("image-verification", ("ImageVerificationConfig",), _image_rules),
    Rule("image-pattern", ("ImageVerificationConfig",), _image_pattern_notes, severity=Severity.WARNING),
    Rule("image-pattern", ("ImageVerificationConfig",), _short_pattern, before="1.14", severity=Severity.WARNING),
    Rule("image-pattern", ("ImageVerificationConfig",), _dead_pattern, since="1.14", severity=Severity.WARNING),
)
