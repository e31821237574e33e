"""Rules of ``machine`` in the main document, networks left out.

Source of all rows: Config.Validate in the machinery's config/types/v1alpha1/v1alpha1_validation.go of each minor, and the vectors.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from talospatch.machineconfig.validation import oci_spec, texts
from talospatch.machineconfig.validation.labels import annotation_problems, label_problems, taint_problems
from talospatch.machineconfig.validation.roles import role_problem
from talospatch.machineconfig.validation.rule import MACHINE_TYPES, Broken, Rule
from talospatch.talos.finding import Severity

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from talospatch.machineconfig.validation.place import Place
    from talospatch.machineconfig.validation.rule import Check, Config

MAIN = ("v1alpha1",)
_DISK_TYPES = ("", "nvme", "sd", "hdd", "ssd")
# Fields of the kubelet's configuration that Talos sets itself. Source: machinery's kubelet/kubelet.go, the same in all minors.
PROTECTED_KUBELET_FIELDS = (
    "apiVersion",
    "authentication",
    "authorization",
    "cgroupRoot",
    "kind",
    "kubeletCgroups",
    "port",
    "protectKernelDefaults",
    "resolvConf",
    "rotateCertificates",
    "systemCgroups",
    "staticPodPath",
    "seccompDefault",
)


def machine_rules_apply(config: Config) -> bool:
    """Whether there is a machine section; without it the reference looks at nothing else in the main document."""
    return config.main is not None and config.main["machine"].given


def _type(root: Place, config: Config) -> Iterator[Broken]:
    place = root["machine.type"]
    if config.machine_type == "unknown":
        yield Broken(place, f"machine type {place.text[:40]!r} is not known", "controlplane or worker")


def _old_type(root: Place, config: Config) -> Iterator[Broken]:
    place = root["machine.type"]
    if config.machine_type not in {"unknown", place.text}:
        yield Broken(
            place,
            f"machine type {place.text!r} is the old way to say {MACHINE_TYPES[place.text]!r}",
            f"write {MACHINE_TYPES[place.text]!r}",
        )


def _ca(root: Place, config: Config) -> Iterator[Broken]:
    ca, accepted = root["machine.ca"], root["machine.acceptedCAs"]
    if not ca.given and not accepted.filled:
        yield Broken(ca, "the machine needs a CA that issues certificates, or CAs that it accepts", "machine.ca or machine.acceptedCAs")
    if config.is_control_plane:
        if not ca.given:
            yield Broken(ca, "a control plane needs the CA that issues certificates")
        elif not ca["key"].filled:
            yield Broken(ca["key"], "a control plane needs the key of its CA")
    elif config.machine_type == "worker" and ca.given:
        if ca["key"].filled:
            yield Broken(ca["key"], "the key of the Talos API's CA may not be on a worker", "leave machine.ca.crt only")
        if not ca["crt"].filled and not accepted.filled:
            yield Broken(ca["crt"], "a worker needs certificates of CAs that it trusts", "machine.ca.crt or machine.acceptedCAs")


def _install_needed(root: Place, config: Config) -> Iterator[Broken]:
    if config.mode == "metal" and not root["machine.install"].given:
        yield Broken(root["machine.install"], "a machine of bare metal needs to be told how to install", "machine.install.disk")


def _install(root: Place, config: Config) -> Iterator[Broken]:
    install = root["machine.install"]
    if config.mode != "metal" or not install.given:
        return
    selector = install["diskSelector"]
    bad = list(_disk_selector(selector))
    yield from bad
    if not install["disk"].filled and (bad or not selector.given):
        yield Broken(install["disk"], "either a disk or a diskSelector must say where to install")
    if install["extraKernelArgs"].filled and install["grubUseUKICmdline"].is_true:
        yield Broken(install["extraKernelArgs"], "cannot be used together with grubUseUKICmdline")


def _disk_selector(selector: Place) -> Iterator[Broken]:
    if selector["name"].filled:
        yield Broken(selector["name"], "disks cannot be selected by name", "use serial, wwid or busPath")
    if selector["type"].text not in _DISK_TYPES:
        yield Broken(selector["type"], f"disk type {selector['type'].text[:40]!r} is not known", "one of nvme, sd, hdd, ssd")


def _extensions(root: Place, _: Config) -> Iterator[Broken]:
    seen: set[str] = set()
    for extension in root["machine.install.extensions"].items():
        image = extension["image"].text
        if image in seen:
            yield Broken(extension["image"], f"extension {image[:120]!r} is listed twice")
        seen.add(image)


def _given(path: str, message: str, hint: str) -> Check:
    def check(root: Place, _: Config) -> Iterator[Broken]:
        if root[path].filled:
            yield Broken(root[path], message, hint)

    return check


def _host_dns(root: Place, _: Config) -> Iterator[Broken]:
    dns = root["machine.features.hostDNS"]
    if dns["forwardKubeDNSToHost"].is_true and not dns["enabled"].is_true:
        yield Broken(dns["forwardKubeDNSToHost"], "works only with machine.features.hostDNS.enabled")


def _host_dns_in_container(root: Place, config: Config) -> Iterator[Broken]:
    if config.mode == "container":
        for key in ("enabled", "forwardKubeDNSToHost"):
            place = root[f"machine.features.hostDNS.{key}"]
            if not place.is_true:
                yield Broken(place, "must be true in container mode")


def _disks(root: Place, _: Config) -> Iterator[Broken]:
    for disk in root["machine.disks"].items():
        if not disk.given:
            yield Broken(disk, "is null")
        partitions = list(disk["partitions"].items())
        for partition in partitions:
            if not partition.given:
                yield Broken(partition, "is null")
        for partition in partitions[:-1]:
            if partition.given and not partition["size"].filled:
                yield Broken(partition["size"], "takes the whole disk, but is not the last partition")


def _subnets(path: str, what: str) -> Check:
    def check(root: Place, _: Config) -> Iterator[Broken]:
        for subnet in root[path].items():
            if problem := texts.subnet_or_address(subnet.text):
                yield Broken(subnet, f"{what} {subnet.text[:60]!r} {problem}")

    return check


def protected_fields(path: str) -> Check:
    """Return the check that a kubelet configuration sets nothing that Talos sets."""

    def check(root: Place, _: Config) -> Iterator[Broken]:
        for name in PROTECTED_KUBELET_FIELDS:
            if isinstance(root[path].value, dict) and name in root[path].value:
                yield Broken(root[path].entry(name), f"the kubelet's {name} is set by Talos and cannot be overridden")

    return check


def _disk_encryption(root: Place, _: Config) -> Iterator[Broken]:
    for name in ("state", "ephemeral"):
        encryption = root[f"machine.systemDiskEncryption.{name}"]
        if encryption.given:
            if not encryption["keys"].filled:
                yield Broken(encryption["keys"], "an encrypted partition needs keys")
            yield from encryption_keys(encryption["keys"])


def encryption_keys(keys: Place) -> Iterator[Broken]:
    """Yield what is wrong with the keys of an encrypted partition or volume."""
    used: set[int] = set()
    for key in keys.items():
        if not key.given:
            yield Broken(key, "null is no key, and Talos crashes on it", "take it out")
            continue
        slot = key["slot"].number
        if slot in used:
            yield Broken(key["slot"], f"slot {slot} is used by an earlier key")
        used.add(slot)
        if not any(key[kind].given for kind in ("static", "nodeID", "kms", "tpm")):
            yield Broken(key, f"the key of slot {slot} says nothing about where it comes from", "one of static, nodeID, kms, tpm")


def _logging(root: Place, _: Config) -> Iterator[Broken]:
    for destination in root["machine.logging.destinations"].items():
        endpoint = destination["endpoint"]
        if not endpoint.given:
            yield Broken(endpoint, "a destination of logs needs an endpoint")
        else:
            if not endpoint.value.get("host"):
                yield Broken(endpoint, "has no host")
            if endpoint.value.get("scheme") not in {"tcp", "udp"}:
                yield Broken(endpoint, "must begin with tcp:// or udp://")
        if destination["format"].text != "json_lines":
            yield Broken(destination["format"], f"log format {destination['format'].text[:40]!r} is not known", "json_lines")


def _by_name(path: str, problems: Callable[[Place], Iterator[Broken]]) -> Check:
    return lambda root, _: problems(root[path])


def _api_access(root: Place, config: Config) -> Iterator[Broken]:
    access = root["machine.features.kubernetesTalosAPIAccess"]
    if not access["enabled"].is_true:
        return
    if not config.is_control_plane:
        yield Broken(access["enabled"], "access to the Talos API from Kubernetes works on control planes only")
    for role in access["allowedRoles"].items():
        if problem := role_problem(role.text, config.minor):
            yield Broken(role, problem)


def _api_access_needs_rbac(root: Place, _: Config) -> Iterator[Broken]:
    features = root["machine.features"]
    if features["kubernetesTalosAPIAccess.enabled"].is_true and not features["rbac"].is_true:
        yield Broken(features["rbac"], "must be true when Kubernetes may access the Talos API")


def _sort_algorithm(root: Place, _: Config) -> Iterator[Broken]:
    place = root["machine.features.nodeAddressSortAlgorithm"]
    if place.filled and place.text.lower() not in {"v1", "v2"}:
        yield Broken(place, f"algorithm {place.text[:40]!r} is not known", "v1 or v2")


def _persist(root: Place, _: Config) -> Iterator[Broken]:
    if root["persist"].value is False:
        yield Broken(root["persist"], "must not be false")


def _runtime_spec(root: Place, config: Config) -> Iterator[Broken]:
    place = root["machine.baseRuntimeSpecOverrides"]
    if place.filled and (problem := oci_spec.problem_with(place.value, config.minor)):
        where, message = problem
        yield Broken(place[where] if where else place, message)


def _null_registries(root: Place, _: Config) -> Iterator[Broken]:
    for path in ("machine.registries.config", "machine.registries.mirrors"):
        for _name, entry in root[path].entries():
            if not entry.given:
                yield Broken(entry, "is null")


_FILES_HINT = "move its entries into documents of their own where 1.14 has such"

RULES = (
    Rule("machine-type-unknown", MAIN, _type),
    Rule("machine-type-old-name", MAIN, _old_type, severity=Severity.WARNING),
    Rule("machine-ca", MAIN, _ca),
    Rule("install-missing", MAIN, _install_needed, before="1.14"),
    Rule("install-disk", MAIN, _install),
    Rule("extension-repeated", MAIN, _extensions),
    Rule(
        "extensions-deprecated",
        MAIN,
        _given("machine.install.extensions", "is deprecated", "use an installer image with the extensions inside"),
        severity=Severity.WARNING,
    ),
    Rule("files-deprecated", MAIN, _given("machine.files", "is deprecated in 1.14", _FILES_HINT), since="1.14", severity=Severity.WARNING),
    Rule(
        "runtime-spec-deprecated",
        MAIN,
        _given("machine.baseRuntimeSpecOverrides", "is deprecated in 1.14", "use a document CRIBaseRuntimeSpecConfig"),
        since="1.14",
        severity=Severity.WARNING,
    ),
    Rule("host-dns", MAIN, _host_dns, since="1.13"),
    Rule("host-dns-in-container", MAIN, _host_dns_in_container, before="1.14"),
    Rule("disk-partitions", MAIN, _disks),
    Rule("kubelet-subnet", MAIN, _subnets("machine.kubelet.nodeIP.validSubnets", "subnet")),
    Rule("kubelet-protected-field", MAIN, protected_fields("machine.kubelet.extraConfig")),
    Rule("disk-encryption-keys", MAIN, _disk_encryption),
    Rule("logging-destination", MAIN, _logging),
    Rule("node-labels", MAIN, _by_name("machine.nodeLabels", label_problems)),
    Rule("node-annotations", MAIN, _by_name("machine.nodeAnnotations", annotation_problems)),
    Rule("node-taints", MAIN, _by_name("machine.nodeTaints", taint_problems)),
    Rule("api-access", MAIN, _api_access),
    Rule("api-access", MAIN, _api_access_needs_rbac, before="1.12"),
    Rule("sort-algorithm", MAIN, _sort_algorithm),
    Rule("persist", MAIN, _persist),
    Rule("runtime-spec", MAIN, _runtime_spec),
    Rule("registry-null", MAIN, _null_registries, before="1.14"),
)
