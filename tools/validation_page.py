"""Write docs/reference/validation.md from the rules of validation, or with --check fail where the page or a meaning is missing.

What a rule's code means is said here, once for each code; severity, kinds and versions come from the rules themselves.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from pages import write_or_check

SOURCES = Path(__file__).parent.parent / "talospatch"

HEAD = """# What validation finds

Written by `tools/validation_page.py` from the rules in `talospatch/machineconfig/validation/`; do not edit.

`talospatch machineconfig validate FILE` and `validate_config` judge a config as `talosctl validate` of that Talos version does: Talos
refuses it exactly when one of the findings is an **error**. A **warning** or **note** does not keep a node from taking the config. Every
problem is reported at once, with its place in the file and what to do.

`--strict` makes errors of what Talos warns of in the main document, as talosctl's option of that name does.
"""

READING = {
    "unreadable": "the text is no YAML that Talos reads, or no config: the message says what, where and why",
    "unknown-key": "a key that this Talos does not have; `did you mean` where it may be misspelt",
    "wrong-type": "a value that does not fit its field: a text where a number belongs, a list where a mapping does",
    "kind-unknown": "a kind of document that this Talos does not have, and which version is the first that has",
}
MEANINGS = {
    "api-access": "`kubernetesTalosAPIAccess` or KubeTalosAPIAccessConfig: a role that there is not; on a worker; before 1.12 without RBAC",
    "api-access-without-roles": "access to the Talos API is on and no role is allowed, so nothing may be accessed",
    "api-server-argument": "an argument of the API server that Talos sets itself, or for which there is a document",
    "api-server-authorization": "authorizers without a type or name, of an unknown type, or beside arguments that say the same",
    "authorizer": "an authorizer of an unknown type, or a webhook without its settings",
    "authorizer-webhook-unused": "settings of a webhook for an authorizer that is none",
    "bgp": "a BGP instance without AS number, with a router ID that is no IPv4 address, or with neighbours or imports that clash",
    "bgp-without-neighbors": "a BGP instance that has nobody to talk to",
    "bond": "a bond without links or mode, or options that its mode does not have",
    "bond-timers": "a bond of mode 802.3ad without the timers that it needs",
    "certificate": "a certificate or key that is missing, is no PEM, or does not belong to the other",
    "clock": "NTP and PTP together, NTS by address, or a negative time to wait",
    "cloud-provider": "manifests of an external cloud provider that is not enabled, or that have no URL",
    "cluster-ca-key": "the key of the Kubernetes CA on a worker",
    "cluster-name": "KubeClusterConfig without the cluster's name",
    "cni": "a CNI of an unknown name, or settings that it does not have",
    "cni-custom-without-urls": "a custom CNI that nothing installs",
    "container-depends": "a container that depends on itself, on nothing, or on an unknown condition of the network",
    "container-environment": "a variable of a container that is not NAME=value",
    "container-image": "a container without an image, or with one that is no reference",
    "container-image-unpinned": "an image without a digest: another one may run after a restart",
    "container-limits": "a limit of memory or CPU that is no such quantity",
    "container-mount": "a mount of a container: not exactly one kind, without its paths, twice at one place, or with unknown options",
    "container-name": "a container without a name, or with one that is too long or has other characters than a-z, 0-9 and -",
    "container-network": "a container's network that is neither none nor host",
    "container-order": "containers that wait for each other, or for one that there is not",
    "container-security": "an unknown security profile, or a capability that there is not, cannot be added, or is both added and dropped",
    "container-user": "a user or group of a container below zero",
    "control-plane-label": "a control plane without the label of its role, which Talos no longer adds from 1.14 on",
    "control-plane-only": "a kind of document that may be on control planes only, on a worker",
    "customization-name": "a CRI customization whose name is no Kubernetes name, or that of the drop-in in `machine.files`",
    "dhcp-identity": "a raw DUID without `clientIdentifier: duid`, or that without a DUID",
    "discovery": "an endpoint of discovery that is none, or discovery without the cluster's id and secret",
    "discovery-endpoint": "DiscoveryServiceConfig with an endpoint that is none",
    "discovery-identity": "discovery without the cluster's id and secret, or with a secret of the wrong length",
    "disk-encryption-keys": "an encrypted partition without keys, two keys for one slot, or a key from nowhere",
    "disk-partitions": "an entry of `machine.disks` that is null, or a partition without a size before the last",
    "dns-domain": "a domain of the cluster that is no domain name",
    "endpoint": "a control plane without an endpoint, or one that is no URL with scheme and host",
    "environment": "a name of an environment variable that is none",
    "etc-file": "a path below /etc that leads elsewhere, or to what Talos manages itself",
    "etcd": "etcd on a worker, without its CA, or with subnets that exclude each other or are none",
    "etcd-encryption": "a control plane without a key for etcd's secrets, or KubeEtcdEncryptionConfig without a configuration",
    "event-sink": "an event sink that is not an address with a port",
    "extension": "an extension service without files and environment, or a file without content or path",
    "extension-repeated": "a system extension that is listed twice",
    "extensions-deprecated": "`machine.install.extensions`: use an installer image with the extensions inside",
    "files-deprecated": "`machine.files`, deprecated in 1.14",
    "filesystem-scrub": "an interval of scrubbing below ten seconds",
    "filesystem-trim": "an interval of trimming below zero",
    "flannel": "KubeFlannelCNIConfig without a type of backend",
    "host-dns": "options of the host's DNS while it is off",
    "host-dns-in-container": "in container mode the host's DNS, and forwarding to it, must be on",
    "hostname": "a host name that is none or too long, or `auto` and a name together",
    "image-pattern": "a pattern of images that matches none, or less than it seems to",
    "image-required": "a component of Kubernetes without an image",
    "image-verification": "a rule without a pattern or verifier, or with more than one of what excludes each other",
    "inline-manifest-name": "an inline manifest without a name, or two of one name",
    "install-disk": "on bare metal: neither a disk nor a selector, a selector by name or of an unknown type, arguments that clash",
    "install-missing": "on bare metal: no `machine.install`, which 1.14 no longer needs",
    "install-selector": "a selector of the disk to install to that is missing or no CEL expression for disks",
    "installer-image": "no installer image, which works only where Talos was booted from the Image Factory",
    "interface-addresses": "an address of an interface or VLAN that is none, two ways to give it, or one on a link of a bond or bridge",
    "interface-cidr-deprecated": "`cidr` of an interface: use `addresses`",
    "interface-null": "null in lists of interfaces, routes, VLANs or peers, on which Talos crashes",
    "interface-selector": "an interface with neither or both of name and selector, or a selector of nothing",
    "interface-two-masters": "a link that belongs to two bonds or bridges, or an interface that is both",
    "kernel-log": "a destination of the kernel's log that is not tcp:// or udp:// with a port",
    "kernel-parameter": "a kernel parameter without a name",
    "kubelet-protected-field": "a field of the kubelet's configuration that Talos sets itself",
    "kubelet-subnet": "a subnet for the node's address that is none",
    "kubeprism-port": "a port of KubePrism that is none",
    "kubespan": "KubeSpan with an MTU below the least, or with filters that are none",
    "kubespan-identity": "KubeSpan without discovery, or without the cluster's id and secret",
    "link-address": "an address or route of a link that is empty or unspecified",
    "link-alias": "an alias of links whose name or selector is none",
    "logging-destination": "a destination of logs without an endpoint, with another scheme than tcp or udp, or of an unknown format",
    "logical-volume": "a logical volume without its group, with sizes that exclude each other, or with options of another type",
    "machine-ca": "the machine's CA: missing, without its key on a control plane, with it on a worker",
    "machine-type-old-name": "`join`, or nothing, for the machine's type: write worker",
    "machine-type-unknown": "a machine type that is neither controlplane nor worker",
    "manifest-name": "a name of a manifest or static pod that is no Kubernetes name",
    "manifest-url": "a URL of a manifest that is not http:// or https://",
    "memory-pressure": "what the OOM handler goes by is no CEL expression for it, or its interval is below zero",
    "name-required": "a document without its name",
    "name-server": "an encrypted name server without the name of its certificate, or a name server without an address",
    "name-server-encrypted": "DNS over TLS or HTTPS without the host's DNS",
    "name-servers-all-encrypted": "all name servers are encrypted, which needs a clock that is right at boot",
    "network-rule": "a rule of the firewall without ports or subnets, or with ranges that overlap",
    "node": "labels, annotations, taints or subnets of KubeNodeConfig that are none",
    "node-annotations": "an annotation of the node that Kubernetes does not take",
    "node-labels": "a label of the node that Kubernetes does not take",
    "node-taints": "a taint of the node that Kubernetes does not take",
    "persist": "`persist: false`",
    "pod-resources": "a resource of a control plane's pod that cannot be set",
    "probe": "a probe without its endpoint or URL, or with numbers below zero",
    "proxy-arguments": "arguments of kube-proxy beside its configuration, which may not count",
    "proxy-mode": "a mode of kube-proxy that there is not",
    "proxy-mode-old": "a mode of kube-proxy that is not recommended any more",
    "registry-auth": "two ways to log in to a registry",
    "registry-certificate": "a CA or identity for a registry that is no PEM, or a certificate without its key",
    "registry-mirror": "an endpoint of a mirror that is not http:// or https://",
    "registry-null": "null in `machine.registries`, on which Talos crashes",
    "route": "a route whose network or gateway is none, or that has neither",
    "routing-rule": "a routing rule whose priority is none or taken, or without what its action needs",
    "runtime-spec": "overrides of the runtime's spec that do not fit an OCI spec",
    "runtime-spec-deprecated": "`machine.baseRuntimeSpecOverrides`: use CRIBaseRuntimeSpecConfig",
    "section-required": "the main document without its machine or cluster section",
    "service-account": "a key of service accounts that is missing or none, or no issuer to go with it",
    "set-twice": "the same thing in the main document and in a document of its own",
    "shared-address": "a shared address that is none, or without its link or token",
    "shared-address-on-worker": "a shared address on a worker",
    "siderolink": "the API of SideroLink that is not https:// or grpc://",
    "sort-algorithm": "an algorithm of node addresses other than v1 and v2",
    "static-host": "a static host without names, or whose name is no address",
    "static-pod": "KubeStaticPodConfig without a pod",
    "subnets": "pod or service subnets that are none, too many, of one family, or more of the one than of the other",
    "veth": "a pair of links with the same name, or one that is none",
    "vlan": "a VLAN without its parent, with an ID that is none, or an unknown mode",
    "volume-encryption": "encryption of a volume without provider or keys, or with keys that are none",
    "volume-external": "an external volume that is not virtiofs, or without its tag",
    "volume-filesystem": "a file system that volumes cannot have, or options of another one",
    "volume-name": "a volume without a name, or with one that the system does not have or cannot hold",
    "volume-not-configurable": "a setting of a system volume that Talos decides itself",
    "volume-provisioning": "a volume without a disk selector or size, or with sizes that exclude each other",
    "volume-scrub": "an interval of scrubbing below ten seconds",
    "volume-selector": "a selector of disks or volumes that is missing, or no CEL expression for them",
    "volume-trim": "an interval of trimming below zero",
    "volume-type": "a user's volume of a type that there is not, or settings that its type does not have",
    "vrf": "a routing table that cannot be that of a VRF",
    "watchdog": "a watchdog without its device, or with a timeout below ten seconds",
    "wireguard": "a key of WireGuard that is missing or none, or a peer's endpoint, network, port or interval that is none",
    "zswap": "a share of the pool that is not between 0 and 100 percent",
}
BEYOND = {
    "encryption-key-ignored": "two kinds of key in one slot of a volume: a node takes the first of static, nodeID, kms and tpm",
    "duplicate-file-entry": "two entries of `machine.files` for one path; for the drop-in's path the next boot up to 1.13 stops there",
    "field-deprecated": "a field of the main document that has a successor, with its name, and whether `mc convert` moves it there",
    "file-create-outside-var": "`op: create` outside of /var: the next boot stops there",
    "file-obsolete-path": "a file below /var/cri/conf.d, which has not been read since 1.3",
    "file-op-unknown": "an entry without `op`, or with an unknown one: the next boot stops there",
    "metrics-address-invalid": "containerd's metrics address is no address with a port: containerd would not start",
    "metrics-address-loopback": "metrics that only the node itself can read",
    "metrics-address-of-one-node": "an address that one node has: containerd does not start where, or while, it is not there",
    "metrics-both-forms": "metrics set in both forms, of which containerd obeys one",
    "metrics-form-ignored": "metrics set in a form that this containerd ignores",
    "metrics-port-in-use": "a port that something else on the node uses",
    "secret-on-worker": "a secret of the control plane in a worker's config",
    "toml-array-appended": "a list in a drop-in that is appended to Talos's own, not put in its place",
    "toml-broken": "a drop-in that is no TOML",
    "toml-old-plugin-name": "settings under containerd's old name of the CRI plugin",
    "toml-type-conflict": "a value of another type than Talos's own at that place: the merge fails",
    "toml-version-above-base": "a drop-in with a `version` above Talos's own: containerd would not start",
    "toml-zero-ignored": "an empty value in a drop-in, which cannot override another",
}


def rule_rows() -> Iterator[str]:
    """Yield a row of the table for each code that a rule has.

    Raises:
        SystemExit: a code has no meaning here, or a meaning no code.
    """
    from talospatch.machineconfig.validation.rule import LATER
    from talospatch.machineconfig.validation.rules import RULES, SECTION

    rules = (*RULES, SECTION)
    codes = {rule.code for rule in rules}
    if codes != set(MEANINGS):
        raise SystemExit(f"tools/validation_page.py says nothing of {codes - set(MEANINGS)}, and too much of {set(MEANINGS) - codes}")
    for code in sorted(codes):
        own = [rule for rule in rules if rule.code == code]
        severities = " or ".join(sorted({rule.severity.value for rule in own}))
        since, before = min(rule.since for rule in own), max(rule.before for rule in own)
        first = max(since, min(_first_minor(kind) for rule in own for kind in rule.kinds or ("v1alpha1",)))
        versions = f"{first}+" if before == LATER else f"{first} to {_minor_before(before)}"
        yield f"| `{code}` | {severities} | {versions} | {MEANINGS[code]} |"


def _first_minor(kind: str) -> str:
    from talospatch.machineconfig.tables.find import MINORS
    from talospatch.machineconfig.typed.schema import schema_of

    return next(minor for minor in MINORS if schema_of(minor).kind(kind) is not None)


def _minor_before(minor: str) -> str:
    from talospatch.machineconfig.tables.find import MINORS

    return MINORS[MINORS.index(minor) - 1]


def check_beyond() -> None:
    """Fail where a code of what talosctl does not look at has no meaning here, or a meaning no code."""
    validation = SOURCES / "machineconfig" / "validation" / "deprecations.py"
    texts = [
        path.read_text("utf-8") for path in (*(SOURCES / "containerd").glob("*.py"), SOURCES / "patching" / "validation.py", validation)
    ]
    codes = set(re.findall(r'Finding\(\s*[\w.]+,\s*"([a-z-]+)"', "\n".join(texts)))
    if codes != set(BEYOND):
        raise SystemExit(f"tools/validation_page.py says nothing of {codes - set(BEYOND)}, and too much of {set(BEYOND) - codes}")


def page() -> str:
    """Return the whole page."""
    check_beyond()
    parts = [
        HEAD,
        "## Reading\n\nA text that cannot be read is judged no further.\n\n| code | meaning |\n|---|---|",
        *(f"| `{code}` | {meaning} |" for code, meaning in READING.items()),
        "\n## Talos's own rules\n\nVersions are those of the tables that talospatch has, 1.11 to 1.14.\n",
        "| code | | Talos | meaning |\n|---|---|---|---|",
        *rule_rows(),
        "\n## What talosctl does not look at\n\nFound when a node boots, when a file is shared, or never. No finding here is an error.\n",
        "| code | meaning |\n|---|---|",
        *(f"| `{code}` | {meaning} |" for code, meaning in BEYOND.items()),
    ]
    return "\n".join(parts) + "\n"


if __name__ == "__main__":
    write_or_check(page, description=__doc__, source="the rules say")
