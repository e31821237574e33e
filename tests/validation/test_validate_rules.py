"""Each rule: a document that keeps it, and one change that breaks it."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
import yaml

from talospatch.errors import InputError, VersionError
from talospatch.machineconfig.validation.validate import validate_config
from talospatch.talos.finding import Finding, Severity

KINDS = {
    document["kind"]: document for document in yaml.safe_load_all((Path(__file__).parent / "kinds.yaml").read_text("utf-8")) if document
}
MAIN: dict[str, Any] = {
    "version": "v1alpha1",
    "machine": {"type": "controlplane", "ca": {"crt": "YQ==", "key": "YQ=="}},
    "cluster": {"controlPlane": {"endpoint": "https://10.0.0.1:6443"}},
}
ABSENT = object()

# Kind, what is changed, to what, and the code of the error. The reference refuses each of these configs (1.14).
BROKEN: list[tuple[str, str, Any, str]] = [
    ("BGPInstanceConfig", "localASN", ABSENT, "bgp"),
    ("BGPInstanceConfig", "routerID", "fd00::1", "bgp"),
    ("BGPInstanceConfig", "neighbors.0.link", "eth0", "bgp"),
    ("BGPInstanceConfig", "neighbors.0.holdTime", "-1s", "bgp"),
    ("BGPInstanceConfig", "vrf", "blue", "bgp"),
    ("BGPInstanceConfig", "importRoutes.0.bgpInstance", "fabric", "bgp"),
    ("BGPInstanceConfig", "importRoutes.0.prefixes", ["10.1.0.1/16"], "bgp"),
    ("BGPInstanceConfig", "importRoutes.0.prefixes", ["10.1.0.0/16", "10.1.2.0/24"], "bgp"),
    ("BlackholeRouteConfig", "name", "10.9.0.0", "route"),
    ("BondConfig", "links", [], "bond"),
    ("BondConfig", "bondMode", ABSENT, "bond"),
    ("BondConfig", "addresses.0.address", "0.0.0.0/0", "link-address"),
    ("BondConfig", "routes.0.gateway", "0.0.0.0", "link-address"),
    ("CRIBaseRuntimeSpecConfig", "overrides.process.rlimits.0.hard", -1, "runtime-spec"),
    ("CRICustomizationConfig", "name", "customization", "customization-name"),
    ("ContainerConfig", "name", "Agent", "container-name"),
    ("ContainerConfig", "image", "UPPER/case", "container-image"),
    ("ContainerConfig", "environment", ["A"], "container-environment"),
    ("ContainerConfig", "mounts.0.hostPath.options", ["ro", "rw"], "container-mount"),
    ("ContainerConfig", "mounts.1.tmpfs.destination", "/data", "container-mount"),
    ("ContainerConfig", "security.profile", "free", "container-security"),
    ("ContainerConfig", "security.capabilities.add", ["CAP_NET_ADMIN"], "container-security"),
    ("ContainerConfig", "network.mode", "bridge", "container-network"),
    ("ContainerConfig", "resources.limits.cpu", "1.5", "container-limits"),
    ("ContainerConfig", "dependsOn.networks", ["nope"], "container-depends"),
    ("ContainerConfig", "dependsOn.containers", ["other"], "container-order"),
    ("ContainerConfig", "runAs.uid", -1, "container-user"),
    ("DHCPv4Config", "duidRaw", ABSENT, "dhcp-identity"),
    ("DiscoveryIdentityConfig", "clusterSecret", "AAAA", "discovery-identity"),
    ("DiscoveryServiceConfig", "endpoint", "tcp://a", "discovery-endpoint"),
    ("EnvironmentConfig", "variables", {"1A": "b"}, "environment"),
    ("EtcFileConfig", "name", "cri/conf.d/x.part", "etc-file"),
    ("EtcFileConfig", "name", "a/../../b", "etc-file"),
    ("EventSinkConfig", "endpoint", "10.0.0.1", "event-sink"),
    ("ExistingVolumeConfig", "discovery", ABSENT, "volume-selector"),
    ("ExistingVolumeConfig", "discovery.volumeSelector.match", "volume.size > 1", "volume-selector"),
    ("ExtensionServiceConfig", "configFiles.0.content", "", "extension"),
    ("ExternalVolumeConfig", "filesystemType", "xfs", "volume-external"),
    ("FilesystemScrubConfig", "interval", "1s", "filesystem-scrub"),
    ("FilesystemTrimConfig", "interval", "-1s", "filesystem-trim"),
    ("HCloudVIPConfig", "apiToken", "", "shared-address"),
    ("HTTPProbeConfig", "url", "https://", "probe"),
    ("HTTPProbeConfig", "timeout", "-1s", "probe"),
    ("HostnameConfig", "auto", "stable", "hostname"),
    ("HostnameConfig", "hostname", "x" * 64, "hostname"),
    ("ImageVerificationConfig", "rules.0.keyless.issuer", ABSENT, "image-verification"),
    ("ImageVerificationConfig", "rules.1.deny", True, "image-verification"),
    ("KmsgLogConfig", "url", "tcp://10.0.0.1", "kernel-log"),
    ("KubeAPIServerConfig", "extraArgs", {"oidc-issuer-url": "x"}, "api-server-argument"),
    ("KubeAPIServerConfig", "resources.requests", {"gpu": 1}, "pod-resources"),
    ("KubeAuthorizerConfig", "webhook", ABSENT, "authorizer"),
    ("KubeAuthorizerConfig", "type", "nope", "authorizer"),
    ("KubeClusterConfig", "endpoint", "https://10.0.0.1:99999", "endpoint"),
    ("KubeControllerManagerConfig", "image", "", "image-required"),
    ("KubeEtcdEncryptionConfig", "config", {}, "etcd-encryption"),
    ("KubeExternalManifestConfig", "url", "ftp://example.org", "manifest-url"),
    ("KubeFlannelCNIConfig", "backendType", "", "flannel"),
    ("KubeInlineManifestConfig", "name", "Upper", "manifest-name"),
    ("KubeNetworkConfig", "podSubnets", ["10.244.0.0/25", "fd00:10::/56"], "subnets"),
    ("KubeNetworkConfig", "serviceSubnets", ["10.96.0.0/12"], "subnets"),
    ("KubeNodeConfig", "labels", {"a b": "c"}, "node"),
    ("KubeNodeConfig", "taints", {"a": "Nope"}, "node"),
    ("KubePrismConfig", "port", 0, "kubeprism-port"),
    ("KubeProxyConfig", "mode", "nope", "proxy-mode"),
    ("KubeSpanConfig", "mtu", 1279, "kubespan"),
    ("KubeStaticPodConfig", "pod", {}, "static-pod"),
    ("KubeTalosAPIAccessConfig", "allowedRoles", ["os:nope"], "api-access"),
    ("KubeletConfig", "config", {"authentication": {}}, "kubelet-protected-field"),
    ("LVMLogicalVolumeConfig", "stripes", 2, "logical-volume"),
    ("LVMLogicalVolumeConfig", "provisioning.minSize", "3GB", "logical-volume"),
    ("LVMVolumeGroupConfig", "name", "a/b", "volume-name"),
    ("Layer2VIPConfig", "name", "nope", "shared-address"),
    ("LinkAliasConfig", "name", "net%s", "link-alias"),
    ("LinkAliasConfig", "selector.match", "disk.size > 1u", "link-alias"),
    ("NetworkRuleConfig", "portSelector.ports", ["9-8"], "network-rule"),
    ("NetworkRuleConfig", "portSelector.ports", [80, "70-90"], "network-rule"),
    ("OOMConfig", "triggerExpression", "memory_full_avg10", "memory-pressure"),
    ("OOMConfig", "cgroupRankingExpression", "true", "memory-pressure"),
    ("RAIDArrayConfig", "provisioning.volumeSelector.match", "disk.nope == 1", "volume-selector"),
    ("RawVolumeConfig", "name", "x" * 35, "volume-name"),
    ("RawVolumeConfig", "encryption.keys.0", {"slot": 0}, "volume-encryption"),
    ("RawVolumeConfig", "provisioning.minSize", "60GB", "volume-provisioning"),
    ("RegistryAuthConfig", "identityToken", "x", "registry-auth"),
    ("RegistryMirrorConfig", "endpoints.0.url", "ftp://a", "registry-mirror"),
    ("RegistryTLSConfig", "ca", "nope", "registry-certificate"),
    ("ResolverConfig", "nameservers.0.protocol", "DoT", "name-server"),
    ("RoutingRuleConfig", "name", "32766", "routing-rule"),
    ("SideroLinkConfig", "apiUrl", "https://a/path", "siderolink"),
    ("StaticHostConfig", "hostnames", [], "static-host"),
    ("SwapVolumeConfig", "provisioning.maxSize", ABSENT, "volume-provisioning"),
    ("TCPProbeConfig", "failureThreshold", -1, "probe"),
    ("TimeSyncConfig", "ptp", {}, "clock"),
    ("UnattendedInstallConfig", "provisioning", {}, "install-selector"),
    ("UserVolumeConfig", "volumeType", "directory", "volume-type"),
    ("UserVolumeConfig", "volumeType", "tmpfs", "volume-type"),
    ("UserVolumeConfig", "filesystem.type", "vfat", "volume-filesystem"),
    ("UserVolumeConfig", "encryption.keys.1.slot", 0, "volume-encryption"),
    ("UserVolumeConfig", "trim", {"interval": "-1s"}, "volume-trim"),
    ("VLANConfig", "vlanID", 4095, "vlan"),
    ("VRFConfig", "table", "main", "vrf"),
    ("VethConfig", "peer.name", "veth 1", "veth"),
    ("VolumeConfig", "name", "STATE", "volume-not-configurable"),
    ("VolumeConfig", "name", "NOPE", "volume-name"),
    ("WatchdogTimerConfig", "timeout", "5s", "watchdog"),
    ("WireguardConfig", "privateKey", "AAAA", "wireguard"),
    ("WireguardConfig", "listenPort", 65536, "wireguard"),
    ("ZswapConfig", "maxPoolPercent", 101, "zswap"),
]
# The same for the main document, with the minor.
BROKEN_MAIN: list[tuple[str, str, Any, str]] = [
    ("1.11", "machine.type", "nope", "machine-type-unknown"),
    ("1.11", "machine.ca", ABSENT, "machine-ca"),
    ("1.13", "machine.install", ABSENT, "install-missing"),
    ("1.11", "machine.install", {"diskSelector": {"name": "x"}}, "install-disk"),
    ("1.12", "machine.install", {"disk": "/dev/a", "extraKernelArgs": ["a"], "grubUseUKICmdline": True}, "install-disk"),
    ("1.11", "machine.install.extensions", [{"image": "a"}, {"image": "a"}], "extension-repeated"),
    ("1.13", "machine.features", {"hostDNS": {"forwardKubeDNSToHost": True}}, "host-dns"),
    ("1.11", "machine.disks", [{"device": "a", "partitions": [{}, {"size": "1GB"}]}], "disk-partitions"),
    ("1.11", "machine.kubelet", {"nodeIP": {"validSubnets": ["x"]}}, "kubelet-subnet"),
    ("1.11", "machine.systemDiskEncryption", {"state": {"keys": []}}, "disk-encryption-keys"),
    ("1.11", "machine.logging", {"destinations": [{"endpoint": "http://a", "format": "json_lines"}]}, "logging-destination"),
    ("1.11", "machine.nodeAnnotations", {"talos.dev/owned-labels": "x"}, "node-annotations"),
    ("1.12", "machine.features", {"kubernetesTalosAPIAccess": {"enabled": True, "allowedRoles": ["os:meta:writer"]}}, "api-access"),
    ("1.11", "machine.features", {"kubernetesTalosAPIAccess": {"enabled": True}}, "api-access"),
    ("1.11", "machine.features", {"nodeAddressSortAlgorithm": "v3"}, "sort-algorithm"),
    ("1.11", "machine.registries", {"mirrors": {"a": None}}, "registry-null"),
    ("1.11", "machine.network", {"interfaces": [None]}, "interface-null"),
    ("1.11", "machine.network", {"interfaces": [{"interface": "a", "bond": {}, "bridge": {}}]}, "interface-two-masters"),
    ("1.11", "machine.network", {"interfaces": [{}]}, "interface-selector"),
    ("1.11", "machine.network", {"interfaces": [{"interface": "a", "bond": {"lacpRate": "fast"}}]}, "bond"),
    ("1.11", "machine.network", {"interfaces": [{"interface": "a", "bond": {"updelay": 1}}]}, "bond"),
    ("1.11", "machine.network", {"interfaces": [{"interface": "a", "wireguard": {"privateKey": "x"}}]}, "wireguard"),
    ("1.11", "machine.network", {"interfaces": [{"interface": "a", "vip": {"ip": "x"}}]}, "shared-address"),
    ("1.11", "machine.network", {"interfaces": [{"interface": "a", "routes": [{"metric": 1}]}]}, "route"),
    ("1.11", "machine.network", {"kubespan": {"enabled": True}}, "kubespan-identity"),
    ("1.14", "machine.network", {"kubespan": {"enabled": True}}, "kubespan-identity"),
    ("1.11", "machine.network", {"kubespan": {"enabled": True, "mtu": 1000}}, "kubespan"),
    ("1.11", "cluster.controlPlane.endpoint", "https://10.0.0.1:0", "endpoint"),
    ("1.14", "cluster.serviceAccount", {"key": "YQ=="}, ""),
    ("1.11", "cluster.externalCloudProvider", {"manifests": ["https://a"]}, "cloud-provider"),
    ("1.11", "cluster.etcd", {"subnet": "10.0.0.0/8"}, "etcd"),
    ("1.11", "cluster.discovery", {"enabled": True, "registries": {"service": {"endpoint": "https://a/b"}}}, "discovery"),
    ("1.11", "cluster.apiServer", {"authorizationConfig": [{"type": "nope", "name": "a"}]}, "api-server-authorization"),
    ("1.11", "cluster.scheduler", {"resources": {"limits": {"disk": 1}}}, "pod-resources"),
    ("1.13", "cluster.network", {"cni": {"name": "none", "flannel": {"kubeNetworkPoliciesEnabled": True}}}, "cni"),
    ("1.14", "cluster.ca", {"crt": "YQ==", "key": "YQ=="}, "etcd-encryption"),
]
INSTALLED = {"disk": "/dev/vda"}


def changed(document: dict[str, Any], path: str, value: Any) -> dict[str, Any]:
    """Return a document with another value at a path, whose numbers are indexes."""
    made = copy.deepcopy(document)
    *way, last = (int(step) if step.isdigit() else step for step in path.split("."))
    at: Any = made
    for step in way:
        at = at[step] if isinstance(step, int) else at.setdefault(step, {})
    if value is ABSENT:
        del at[last]
    else:
        at[last] = value
    return made


def text_of(*documents: dict[str, Any]) -> str:
    return yaml.safe_dump_all(documents, sort_keys=False)


def errors(text: str, minor: str = "1.14", mode: str = "metal") -> list[Finding]:
    found = validate_config(text, mode=mode, talos_version=minor)
    return [finding for finding in found if finding.severity is Severity.ERROR]


def beside(kind: str) -> dict[str, Any]:
    """Return a main document that does not set what a kind sets."""
    main = copy.deepcopy(MAIN)
    if kind == "KubeClusterConfig":
        del main["cluster"]["controlPlane"]
    return main


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_a_document_that_keeps_the_rules_has_no_error(kind: str) -> None:
    documents = [KINDS[kind]]
    if kind in {"KubeSpanConfig", "DiscoveryServiceConfig"}:  # they need each other, and who the cluster is
        documents = [KINDS[needed] for needed in ("KubeSpanConfig", "DiscoveryServiceConfig", "DiscoveryIdentityConfig")]
    assert errors(text_of(beside(kind), *documents)) == []


@pytest.mark.parametrize(("kind", "path", "value", "code"), BROKEN, ids=lambda part: str(part)[:40])
def test_one_change_breaks_one_rule(kind: str, path: str, value: Any, code: str) -> None:
    found = errors(text_of(beside(kind), changed(KINDS[kind], path, value)))
    assert code in {finding.code for finding in found}, found


@pytest.mark.parametrize(("minor", "path", "value", "code"), BROKEN_MAIN, ids=lambda part: str(part)[:40])
def test_one_change_of_the_main_document_breaks_one_rule(minor: str, path: str, value: Any, code: str) -> None:
    main = changed(MAIN, "machine.install", dict(INSTALLED))
    found = {finding.code for finding in errors(text_of(changed(main, path, value)), minor)}
    assert code in found if code else not found, found


def test_a_finding_says_file_line_and_column() -> None:
    text = "machine:\n  type: nope\n"
    found = validate_config(text, mode="cloud", talos_version="1.13", source="worker.yaml")
    assert any(finding.message.startswith("worker.yaml:2:3: ") and finding.path == "machine.type" for finding in found)


def test_all_problems_of_all_documents_are_told_together() -> None:
    text = "machine:\n  tpye: worker\n  token: {}\n---\napiVersion: v1alpha1\nkind: LinkConfig\nname: eth0\nmtuu: 5\n"
    found = errors(text, "1.13")
    assert [(finding.code, finding.path) for finding in found] == [
        ("unknown-key", "machine.tpye"),
        ("wrong-type", "machine.token"),
        ("unknown-key", "LinkConfig/eth0:mtuu"),
    ]
    assert "'type'" in found[0].hint


def test_a_kind_of_a_newer_talos_is_named_as_such() -> None:
    text = text_of(MAIN, KINDS["CRICustomizationConfig"])
    (found,) = errors(text, "1.13", "cloud")
    assert (found.code, found.path) == ("kind-unknown", "CRICustomizationConfig")
    assert "1.14 is the first" in found.message


def test_strict_turns_warnings_about_the_main_document_into_errors() -> None:
    text = text_of(changed(MAIN, "machine.type", "join"))
    lax = validate_config(text, mode="cloud", talos_version="1.13")
    strict = validate_config(text, mode="cloud", talos_version="1.13", strict=True)
    assert {finding.severity for finding in lax if finding.code == "machine-type-old-name"} == {Severity.WARNING}
    assert {finding.severity for finding in strict if finding.code == "machine-type-old-name"} == {Severity.ERROR}


def test_set_twice_names_the_field_of_the_main_document() -> None:
    main = changed(MAIN, "machine.network", {"hostname": "a"})
    (found,) = errors(text_of(main, changed(KINDS["HostnameConfig"], "auto", "off")), "1.13", "cloud")
    assert (found.code, found.path) == ("set-twice", "machine.network.hostname")


def test_an_unknown_mode_or_version_is_an_error_of_input() -> None:
    with pytest.raises(InputError):
        validate_config("machine: {}", mode="toaster", talos_version="1.13")
    with pytest.raises(VersionError):
        validate_config("machine: {}", mode="metal", talos_version="0.9")


def test_an_error_of_one_document_does_not_hide_those_of_others() -> None:
    text = "kind: LinkConfig\nname: eth0\n---\nmachine:\n  tpye: worker\n"
    found = errors(text, "1.13")
    assert [finding.code for finding in found] == ["unreadable", "unknown-key"]
    assert "apiVersion" in found[0].message


def test_a_partition_that_is_null_is_an_error() -> None:
    """Talos crashes on it, wherever in its list it stands."""
    text = "machine: {type: worker, disks: [{device: /dev/sdb, partitions: [{size: 1GB, mountpoint: /var/a}, null]}]}\n"
    found = validate_config(text, mode="cloud", talos_version="1.13")
    assert "machine.disks[0].partitions[1]" in {finding.path for finding in found if finding.severity is Severity.ERROR}


@pytest.mark.parametrize(("pattern", "marks"), [("a.example:5000/b", 0), ("a/b:v1", 1), ("a/b@sha256:0", 2), ("b@c", 1), ("b:v1", 0)])
def test_tag_and_digest_of_an_image_pattern_are_warned_of(pattern: str, marks: int) -> None:
    """One warning for each, as the reference has them; a port is no tag."""
    rule = {"image": pattern, "skip": True}
    text = text_of(MAIN, {"apiVersion": "v1alpha1", "kind": "ImageVerificationConfig", "rules": [rule]})
    found = [finding.message for finding in validate_config(text, mode="cloud", talos_version="1.14")]
    assert sum("compared with registry and repository" in message for message in found) == marks


@pytest.mark.parametrize(("endpoint", "verdicts"), [("https://::1", {"1.11": [], "1.12": []}), ("https://fd00::1:6443", {})])
@pytest.mark.parametrize("minor", ["1.11", "1.12", "1.13", "1.14"])
def test_a_bare_ipv6_address_is_a_host_for_an_older_talos(endpoint: str, verdicts: dict[str, list[str]], minor: str) -> None:
    """What 1.11 and 1.12 load: one whose colons are few is valid there, of others they say what is wrong with it."""
    main = changed(changed(MAIN, "machine.install", dict(INSTALLED)), "cluster.controlPlane.endpoint", endpoint)
    expected = verdicts.get(minor, ["endpoint"] if minor in {"1.11", "1.12"} else ["wrong-type"])
    assert [finding.code for finding in errors(text_of(main), minor)] == expected


@pytest.mark.parametrize("part", ["state", "ephemeral"])
@pytest.mark.parametrize("minor", ["1.11", "1.12", "1.13", "1.14"])
def test_a_key_of_an_encrypted_partition_that_is_null_is_an_error(part: str, minor: str) -> None:
    """Talos crashes on it, and 1.14 does not even load it."""
    main = changed(changed(MAIN, "machine.install", dict(INSTALLED)), "machine.systemDiskEncryption", {part: {"keys": [None]}})
    (found,) = errors(text_of(main), minor, "cloud")
    assert found.path == f"machine.systemDiskEncryption.{part}.keys[0]"


@pytest.mark.parametrize("suffix", ["", ":v1", "@sha256:" + "a" * 64, ":v1@sha256:" + "a" * 64])
@pytest.mark.parametrize(
    ("image", "valid"),
    [
        ("a" * 247, True),
        ("a" * 248, False),
        ("a" * 255, False),
        ("docker.io/" + "a" * 248, False),
        ("index.docker.io/" + "a" * 247, True),
        ("x/" + "a" * 253, True),
        ("docker.io/x/" + "a" * 253, True),
        ("registry.example:5000/" + "a" * 255, True),
        ("registry.example:5000/" + "a" * 256, False),
    ],
    ids=lambda part: str(part)[:12],
)
def test_the_name_of_an_image_counts_as_it_is_in_full(image: str, valid: bool, suffix: str) -> None:
    """On Docker Hub one without a namespace is in library."""
    found = errors(text_of(MAIN, changed(KINDS["ContainerConfig"], "image", image + suffix)))
    assert [finding.code for finding in found] == ([] if valid else ["container-image"])
