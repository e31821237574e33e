"""What is not converted, and the finding that says why: nothing is lost silently."""

from __future__ import annotations

from typing import Any, NamedTuple

import pytest

from talospatch.errors import ChangeError, ConfigError, VersionError
from talospatch.machineconfig.config import MachineConfig
from talospatch.patching.conversion.convert import Conversion, convert
from talospatch.talos.finding import Finding, Severity
from talospatch.versions import TalosVersion

PART = "/etc/cri/conf.d/20-customization.part"


def converted(text: str, to: str, **options: Any) -> Conversion:
    """Return the conversion of a text."""
    return convert(MachineConfig.parse(text, source="worker.yaml"), TalosVersion.parse(to), **options)


def found(conversion: Conversion, code: str) -> Finding:
    """Return the finding of a code."""
    [finding] = [finding for finding in conversion.findings if finding.code == code]
    return finding


def document(kind: str, *lines: str) -> str:
    """Return the text of a document behind others."""
    return "".join(f"{line}\n" for line in ("---", "apiVersion: v1alpha1", f"kind: {kind}", *lines))


def worker(machine: str, cluster: str = "", kind: str = "worker") -> str:
    """Return a main document."""
    return f"machine:\n  type: {kind}\n{machine}cluster:\n  controlPlane:\n    endpoint: https://10.0.0.2:6443\n{cluster}"


def entry(content: str = "a = 1", op: str = "create") -> str:
    """Return an entry of machine.files for the drop-in."""
    return f"    - content: |\n        {content}\n      path: {PART}\n      op: {op}\n"


class Stays(NamedTuple):
    """Something that stays where it is.

    Attributes:
        rule: the rule that leaves it.
        text: the config.
        code: of the finding.
        path: of the finding.
        to: the Talos to convert to.
    """

    rule: str
    text: str
    code: str
    path: str
    to: str = "1.14"


FORWARD = (
    Stays(
        "cri-customization",
        worker(f"  files:\n{entry()}{entry('b = 2')}"),
        "conversion-repeated",
        f"machine.files[path={PART}]",
    ),
    Stays(
        "cri-customization",
        worker(f"  files:\n{entry()}") + document("CRICustomizationConfig", "name: customization-file", "content: ''"),
        "conversion-not-expressible",
        f"machine.files[path={PART}]",
    ),
    Stays(
        "hostname",
        worker("  network:\n    hostname: w1\n") + document("HostnameConfig", "auto: stable"),
        "conversion-both-set",
        "machine.network.hostname",
    ),
    Stays("hostname", worker("  network:\n    hostname: .x\n"), "conversion-not-valid", "machine.network.hostname"),
    Stays(
        "static-hosts",
        worker("  network:\n    extraHostEntries:\n      - ip: 10.0.0.1\n        aliases: [b]\n")
        + document("StaticHostConfig", "name: 10.0.0.1", "hostnames: [a]"),
        "conversion-both-set",
        "machine.network.extraHostEntries[ip=10.0.0.1]",
    ),
    Stays(
        "static-hosts",
        worker("  network:\n    extraHostEntries:\n      - ip: nowhere\n        aliases: [b]\n"),
        "conversion-not-expressible",
        "machine.network.extraHostEntries[ip=nowhere]",
    ),
    Stays(
        "resolvers",
        worker("  network:\n    nameservers: [1.1.1.1, dns.example]\n"),
        "conversion-not-expressible",
        "machine.network.nameservers[1]",
    ),
    Stays(
        "resolvers",
        worker("  network:\n    searchDomains: [a.b]\n") + document("ResolverConfig", "nameservers: [{address: 1.1.1.1}]"),
        "conversion-both-set",
        "machine.network.searchDomains",
    ),
    Stays(
        "host-dns",
        worker("  features:\n    hostDNS: {enabled: true}\n") + document("ResolverConfig", "hostDNS: {enabled: true}"),
        "conversion-both-set",
        "machine.features.hostDNS",
    ),
    Stays("time", worker("  time:\n    servers: []\n"), "conversion-not-expressible", "machine.time.servers"),
    Stays("time", worker("  time:\n    disabled: true\n") + document("TimeSyncConfig"), "conversion-both-set", "machine.time"),
    Stays(
        "kubespan",
        worker("  network:\n    kubespan: {enabled: false}\n") + document("KubeSpanConfig", "enabled: false"),
        "conversion-both-set",
        "machine.network.kubespan",
    ),
    Stays(
        "kubespan",
        worker("  network:\n    kubespan: {mtu: 100}\n"),
        "conversion-not-valid",
        "machine.network.kubespan",
    ),
    Stays(
        "registry-mirrors",
        worker("  registries:\n    mirrors:\n      docker.io: {endpoints: ['HTTPS://a']}\n"),
        "conversion-not-expressible",
        'machine.registries.mirrors."docker.io".endpoints[0]',
    ),
    Stays(
        "registry-mirrors",
        worker("  registries:\n    mirrors:\n      docker.io: {endpoints: ['https://a', 'https://a']}\n"),
        "conversion-repeated",
        'machine.registries.mirrors."docker.io".endpoints[1]',
    ),
    Stays(
        "registry-mirrors",
        worker("  registries:\n    mirrors:\n      docker.io: {endpoints: ['ftp://a']}\n"),
        "conversion-not-valid",
        'machine.registries.mirrors."docker.io"',
    ),
    Stays(
        "registry-auth",
        worker("  registries:\n    config:\n      a: {auth: {username: u, identityToken: t}}\n"),
        "conversion-not-valid",
        "machine.registries.config.a.auth",
    ),
    Stays(
        "registry-auth",
        worker("  registries:\n    config:\n      a: {auth: {username: u}}\n") + document("RegistryAuthConfig", "name: a", "username: v"),
        "conversion-both-set",
        "machine.registries.config.a.auth",
    ),
    Stays(
        "registry-tls",
        worker("  registries:\n    config:\n      a: {tls: {ca: /w==}}\n"),
        "conversion-not-expressible",
        "machine.registries.config.a.tls",
    ),
    Stays(
        "registry-tls",
        worker("  registries:\n    config:\n      a: {tls: {ca: YWJj}}\n"),
        "conversion-not-valid",
        "machine.registries.config.a.tls",
    ),
    Stays(
        "sysctls",
        worker("  sysctls:\n    a: '1'\n") + document("SysctlConfig", "params: {a: '2'}"),
        "conversion-both-set",
        "machine.sysctls.a",
    ),
    Stays("environment", worker("  env:\n    a-b: '1'\n"), "conversion-not-valid", "machine.env.a-b"),
    Stays(
        "kernel-modules",
        worker("  kernel:\n    modules:\n      - name: a\n      - name: a\n        parameters: [x]\n"),
        "conversion-repeated",
        "machine.kernel.modules[name=a]",
    ),
    Stays(
        "kernel-modules",
        worker("  kernel:\n    modules:\n      - name: a\n") + document("KernelModuleConfig", "name: a"),
        "conversion-both-set",
        "machine.kernel.modules[name=a]",
    ),
    Stays(
        "udev", worker("  udev:\n    rules: [a]\n") + document("UdevRulesConfig", "rules: [b]"), "conversion-both-set", "machine.udev.rules"
    ),
    Stays(
        "discovery-service",
        worker("", "  discovery:\n    enabled: true\n"),
        "conversion-not-expressible",
        "cluster.discovery.registries.kubernetes",
    ),
    Stays("discovery-identity", worker("", "  id: x\n"), "conversion-not-expressible", "cluster"),
    Stays("discovery-identity", worker("", "  id: x\n  secret: x\n"), "conversion-not-valid", "cluster.id"),
    Stays(
        "talos-api-access",
        worker("  features:\n    kubernetesTalosAPIAccess: {enabled: true, allowedRoles: [os:reader]}\n"),
        "conversion-not-valid",
        "machine.features.kubernetesTalosAPIAccess",
    ),
    Stays("coredns", worker("", "  coreDNS: {disabled: true}\n"), "conversion-not-valid", "cluster.coreDNS"),
    Stays(
        "static-pods",
        worker("  pods:\n    - metadata: {name: a}\n      kind: Pod\n    - metadata: {name: a, namespace: default}\n"),
        "conversion-repeated",
        "machine.pods[1]",
    ),
    Stays(
        "inline-manifests",
        worker("", "  inlineManifests:\n    - {name: A_b, contents: x}\n", "controlplane"),
        "conversion-not-valid",
        "cluster.inlineManifests[name=A_b]",
    ),
    Stays(
        "admission-control",
        worker("", "  apiServer:\n    admissionControl:\n      - name: a\n", "controlplane")
        + document("KubeAdmissionControlConfig", "name: b", "configuration: {kind: X}"),
        "conversion-both-set",
        "cluster.apiServer.admissionControl",
    ),
    Stays(
        "node",
        worker("  nodeLabels:\n    a: b\n") + document("KubeNodeConfig", "labels: {c: d}"),
        "conversion-both-set",
        "machine.nodeLabels",
    ),
    Stays(
        "kubelet",
        worker("  kubelet:\n    image: x:v1.37.0\n    disableManifestsDirectory: true\n    registerWithFQDN: true\n"),
        "conversion-not-expressible",
        "machine.kubelet.registerWithFQDN",
    ),
    Stays(
        "kubelet", worker("  kubelet:\n    image: x:v1.37.0\n"), "conversion-not-expressible", "machine.kubelet.disableManifestsDirectory"
    ),
    Stays("kubelet", worker("  kubelet:\n    disableManifestsDirectory: true\n"), "conversion-not-expressible", "machine.kubelet.image"),
    Stays(
        "kubelet",
        worker(
            "  kubelet:\n    image: x:v1.37.0\n    disableManifestsDirectory: true\n    extraMounts:\n"
            "      - {destination: /x, type: bind, source: /x}\n"
        ),
        "conversion-not-expressible",
        "machine.kubelet.extraMounts",
    ),
)


@pytest.mark.parametrize("case", FORWARD, ids=lambda case: f"{case.rule}-{case.code}")
def test_what_cannot_be_moved_without_loss_stays(case: Stays) -> None:
    """With one finding, and not a byte changed."""
    conversion = converted(case.text, case.to, only=[case.rule])
    assert conversion.after is conversion.before
    finding = found(conversion, case.code)
    assert (finding.severity, finding.path) == (Severity.WARNING, case.path)


OFF = (
    ("hostname", worker("  features:\n    stableHostname: false\n")),
    ("hostname", worker("")),
    ("host-dns", worker("  features:\n    hostDNS: {enabled: false}\n")),
    ("kubeprism", worker("  features:\n    kubePrism: {enabled: false}\n")),
    ("talos-api-access", worker("  features:\n    kubernetesTalosAPIAccess: {enabled: false}\n")),
    ("discovery-service", worker("", "  discovery: {enabled: false}\n")),
    (
        "discovery-service",
        worker("", "  discovery: {enabled: true, registries: {kubernetes: {disabled: true}, service: {disabled: true}}}\n"),
    ),
    ("base-runtime-spec", worker("  baseRuntimeSpecOverrides: {}\n")),
    ("udev", worker("  udev:\n    rules: []\n")),
    ("time", worker("  time: {}\n")),
    ("cri-customization", worker("  files:\n    - {path: /var/x, op: create, content: y}\n")),
)


@pytest.mark.parametrize(("rule", "text"), OFF, ids=lambda value: value if "\n" not in value else "")
def test_what_says_nothing_stays_without_a_word(rule: str, text: str) -> None:
    """A switch that is off has no document, and needs none."""
    conversion = converted(text, "1.14", only=[rule])
    assert (conversion.after.text, conversion.findings) == (text, ())


BACK = (
    Stays(
        "cri-customization",
        worker("")
        + document("CRICustomizationConfig", "name: a", "content: a = 1")
        + document("CRICustomizationConfig", "name: b", "content: a = 2"),
        "conversion-not-expressible",
        "CRICustomizationConfig/b:content",
        "1.13",
    ),
    Stays(
        "cri-customization",
        worker("") + document("CRICustomizationConfig", "name: a", 'content: "a = {\\n  b = 1,\\n}\\n"'),
        "conversion-not-expressible",
        "CRICustomizationConfig/a:content",
        "1.13",
    ),
    Stays(
        "cri-customization",
        worker("")
        + document("CRICustomizationConfig", "name: a", "content: |", '  [plugins."io.containerd.server.v1.ttrpc"]', "  uid = 1"),
        "conversion-not-expressible",
        "CRICustomizationConfig/a:content",
        "1.13",
    ),
    Stays(
        "cri-customization",
        worker("") + document("CRICustomizationConfig", "name: a", "content: version = 4"),
        "conversion-not-expressible",
        "CRICustomizationConfig:content",
        "1.13",
    ),
    Stays("hostname", worker("") + document("HostnameConfig", "auto: 'off'"), "conversion-not-expressible", "HostnameConfig:auto", "1.11"),
    Stays(
        "resolvers",
        worker("") + document("ResolverConfig", "nameservers: [{address: 1.1.1.1, protocol: DoT, tlsServerName: x}]"),
        "conversion-not-expressible",
        "ResolverConfig:nameservers[0]",
        "1.11",
    ),
    Stays(
        "time",
        worker("") + document("TimeSyncConfig", "ntp: {servers: [a], useNTS: true}"),
        "conversion-not-expressible",
        "TimeSyncConfig:ntp.useNTS",
        "1.11",
    ),
    Stays(
        "registry-mirrors",
        worker("") + document("RegistryMirrorConfig", "name: a", "endpoints: [{url: 'https://a', overridePath: true}, {url: 'https://b'}]"),
        "conversion-not-expressible",
        "RegistryMirrorConfig/a:endpoints",
        "1.11",
    ),
    Stays(
        "kubeprism",
        worker("") + document("KubePrismConfig", "port: 7445", "tlsServerName: x"),
        "conversion-not-expressible",
        "KubePrismConfig:tlsServerName",
        "1.13",
    ),
    Stays(
        "discovery-service",
        worker("", "  id: x\n  secret: x\n")
        + document("DiscoveryServiceConfig", "name: a", "endpoint: https://a/")
        + document("DiscoveryServiceConfig", "name: b", "endpoint: https://b/"),
        "conversion-not-expressible",
        "DiscoveryServiceConfig/b",
        "1.13",
    ),
    Stays(
        "node",
        worker("", kind="controlplane") + document("KubeNodeConfig", "labels: {a: b}"),
        "conversion-not-expressible",
        "KubeNodeConfig:labels",
        "1.13",
    ),
    Stays(
        "sysctls",
        worker("  sysctls: {a: '1'}\n") + document("SysctlConfig", "params: {a: ''}"),
        "conversion-not-expressible",
        "SysctlConfig:params.a",
        "1.13",
    ),
    Stays(
        "audit-policy",
        worker("", kind="controlplane") + document("KubeAuditPolicyConfig", "configuration: {}"),
        "conversion-not-expressible",
        "KubeAuditPolicyConfig:configuration",
        "1.13",
    ),
    Stays(
        "static-pods",
        worker("")
        + document("KubeStaticPodConfig", "name: a", "pod: {kind: A}")
        + document("KubeStaticPodConfig", "name: b", "pod: {kind: B}"),
        "conversion-not-expressible",
        "KubeStaticPodConfig/a:pod",
        "1.13",
    ),
)


@pytest.mark.parametrize("case", BACK, ids=lambda case: f"{case.rule}-{case.to}")
def test_what_an_older_talos_cannot_say_stays_and_is_an_error(case: Stays) -> None:
    """A node on it would not boot with the config; that must not be overlooked."""
    conversion = converted(case.text, case.to, only=[case.rule])
    assert conversion.after.text == case.text
    assert found(conversion, case.code).path == case.path
    assert [finding.severity for finding in conversion.findings if finding.code == "conversion-left"][:1] == [Severity.ERROR]


def test_one_entry_that_talos_would_refuse_keeps_no_other_from_moving() -> None:
    """Each entry of a mapping or list is judged by itself."""
    conversion = converted(worker("  env:\n    a-b: '1'\n    HTTP_PROXY: http://p\n"), "1.14", only=["environment"])
    assert conversion.after.text == worker("  env:\n    a-b: '1'\n") + document("EnvironmentConfig", "variables:", "  HTTP_PROXY: http://p")
    assert found(conversion, "conversion-not-valid").message.endswith("'a-b' is no name of a variable")


def test_a_key_that_both_forms_have_with_one_value_moves() -> None:
    """Nothing is lost of it."""
    text = worker("  sysctls:\n    a: '1'\n    b: '2'\n") + document("SysctlConfig", "params:", "  a: '1'")
    after = converted(text, "1.14", only=["sysctls"]).after.text
    assert after == worker("") + document("SysctlConfig", "params:", "  a: '1'", "  b: '2'")


def test_an_op_that_would_end_the_next_boot_is_said_and_left_behind() -> None:
    """On the drop-in's path no op ever counted; on Talos 1.14 anything but create ends the next boot, and a document has none."""
    conversion = converted(worker(f"  files:\n{entry(op='append')}"), "1.14")
    assert conversion.after.document("CRICustomizationConfig", "customization-file") is not None
    finding = found(conversion, "conversion-op-dropped")
    assert (finding.severity, finding.path) == (Severity.NOTE, f"machine.files[path={PART}].op")


def test_the_documents_name_puts_it_where_the_entry_was_merged() -> None:
    """Talos merges parts by their names: those before the entry stay before it, those behind it behind it."""
    others = ["a", "containerd", "custom", "customization.x", "customizations", "metrics", "z"]
    text = worker(f"  files:\n{entry()}") + "".join(
        document("CRICustomizationConfig", f"name: {name}", "content: x = 1") for name in others
    )
    config = converted(text, "1.14").after
    names = [each.name for each in config.documents if each.kind == "CRICustomizationConfig"]
    order = sorted(f"20-{name}.part" for name in names)
    legacy = sorted(f"20-{name}.part" for name in [*others, "customization"])
    assert order.index("20-customization-file.part") == legacy.index("20-customization.part")


def test_documents_of_several_drop_ins_become_one_entry() -> None:
    """Up to 1.13 there is one; metrics get the form that its containerd obeys."""
    text = (
        worker("")
        + document(
            "CRICustomizationConfig", "name: z", "content: |", '  [plugins."io.containerd.server.v1.metrics"]', '  address = "0.0.0.0:1"'
        )
        + document(
            "CRICustomizationConfig",
            "name: a",
            "content: |",
            "  # kept",
            '  [plugins."io.containerd.cri.v1.runtime"]',
            "  enable_cdi = true",
        )
    )
    conversion = converted(text, "1.13")
    assert conversion.after.get("machine.files") == [
        {
            "content": '# kept\n[plugins."io.containerd.cri.v1.runtime"]\nenable_cdi = true\n\n[metrics]\n  address = "0.0.0.0:1"\n',
            "path": PART,
            "op": "create",
        }
    ]
    assert len(conversion.after) == 1


# What is asked of the conversion


def test_a_node_that_is_older_keeps_documents_away() -> None:
    """With a document it would not boot after a rollback; the finding says so."""
    text = worker("  network:\n    hostname: w1\n  sysctls:\n    a: '1'\n")
    conversion = converted(text, "1.14", oldest=TalosVersion.parse("1.13"))
    assert [made.rule.code for made in conversion.made] == ["hostname"]
    assert found(conversion, "conversion-older-node").path == "machine.sysctls"


def test_only_what_is_needed_goes_back() -> None:
    """For a rollback to 1.13 the hostname may stay where it is, whichever form it has."""
    text = worker("  network:\n    hostname: w1\n") + document("SysctlConfig", "params: {a: '1'}")
    needed = converted(text, "1.13", needed=True)
    assert [(made.rule.code, made.back) for made in needed.made] == [("sysctls", True)]
    both = converted(text, "1.13")
    assert [(made.rule.code, made.back) for made in both.made] == [("hostname", False), ("sysctls", True)]


def test_a_kind_without_a_rule_is_an_error_on_the_way_back() -> None:
    """The older Talos does not know it, and nothing can be done about that here."""
    conversion = converted(worker("") + document("LVMVolumeGroupConfig", "name: vg"), "1.13")
    finding = found(conversion, "conversion-left")
    assert (finding.severity, finding.path) == (Severity.ERROR, "LVMVolumeGroupConfig/vg")
    assert "Talos v1.13 does not know it" in finding.message


def test_a_value_that_the_older_talos_cannot_hold_is_an_error() -> None:
    """Lists of arguments came with 1.13."""
    text = worker("") + document("KubeletConfig", "image: x:v1.37.0", "extraArgs: {v: [a, b]}")
    finding = found(converted(text, "1.12"), "conversion-left")
    assert (finding.severity, finding.path) == (Severity.ERROR, "machine.kubelet.extraArgs.v")


def test_a_rollback_is_spoken_of_before_it_fails() -> None:
    """Of the documents that the minor before does not have."""
    finding = found(converted(worker("  network:\n    hostname: w1\n  sysctls:\n    a: '1'\n"), "1.14"), "conversion-rollback")
    assert "SysctlConfig" in finding.message
    assert "HostnameConfig" not in finding.message
    assert "convert --to 1.13 --needed" in finding.hint


def test_documents_without_a_main_one_have_nowhere_to_go_back_to() -> None:
    """Such configs exist, to be merged with others."""
    text = "apiVersion: v1alpha1\nkind: SysctlConfig\nparams:\n  a: '1'\n"
    conversion = converted(text, "1.13")
    assert (conversion.after.text, found(conversion, "conversion-no-main-document").path) == (text, "SysctlConfig")
    text = "apiVersion: v1alpha1\nkind: SysctlConfig\n"  # nor may nothing be left
    conversion = converted(text, "1.13")
    assert (conversion.after.text, found(conversion, "conversion-no-main-document").path) == (text, "SysctlConfig")


BROKEN = [
    ("static-hosts", worker("  network:\n    extraHostEntries: [null]\n"), "machine.network.extraHostEntries", "1.13"),
    ("sysctls", worker("") + "---\nkind: SysctlConfig\nparams: {a: b}\n", "SysctlConfig", "1.13"),
    ("kernel-modules", worker("") + document("KernelModuleConfig"), "KernelModuleConfig", "1.13"),
    ("cri-customization", worker("") + document("CRICustomizationConfig", "content: ''"), "CRICustomizationConfig", "1.13"),
    ("resolvers", worker("") + document("ResolverConfig", "nameservers: [{}]"), "ResolverConfig:nameservers[0]", "1.11"),
]


@pytest.mark.parametrize(
    ("rule", "text", "path", "to"), BROKEN, ids=lambda value: value if isinstance(value, str) and "\n" not in value else ""
)
def test_what_is_broken_stays(rule: str, text: str, path: str, to: str) -> None:
    """A document without its name or its API version, and null where something belongs: what it was meant to be is not for us to say."""
    conversion = converted(text, to, only=[rule])
    assert (conversion.after.text, conversion.made) == (text, ())
    assert path in {finding.path for finding in conversion.findings}


def test_a_field_that_nobody_knows_stays_as_it_is() -> None:
    """Being behind Talos blocks nobody."""
    text = worker("  newField:\n    a: 1\n  sysctls:\n    a: '1'\n")
    after = converted(text, "1.14").after.text
    assert after == worker("  newField:\n    a: 1\n") + document("SysctlConfig", "params:", "  a: '1'")


def test_a_rule_that_is_not_there_is_an_error_with_the_nearest() -> None:
    """A typing error must not convert nothing, silently."""
    with pytest.raises(ChangeError, match="there is no conversion 'sysctl'; did you mean sysctls"):
        converted(worker(""), "1.14", only=["sysctl"])


@pytest.mark.parametrize(("to", "problem"), [("1.15", "v1.15 is newer"), ("2.0", "newer"), ("1.10", "older")])
def test_versions_of_which_nothing_is_known_are_refused(to: str, problem: str) -> None:
    """What is not shown to be lossless is not done."""
    with pytest.raises(VersionError, match=problem):
        converted(worker("  sysctls:\n    a: '1'\n"), to)


def test_alphas_without_the_documents_are_older_talos() -> None:
    """1.14.0-alpha.2 has sysctls but not the drop-in's document."""
    text = worker(f"  sysctls:\n    a: '1'\n  files:\n{entry()}")
    assert [made.rule.code for made in converted(text, "v1.14.0-alpha.2").made] == ["sysctls"]
    assert [made.rule.code for made in converted(text, "v1.14.0-beta.0").made] == ["cri-customization", "sysctls"]


def test_a_config_that_cannot_be_read_is_an_error_with_its_place() -> None:
    """As everywhere."""
    with pytest.raises(ConfigError, match=r"worker.yaml:3:12: machine.sysctls: "):
        converted(worker("  sysctls: [a]\n"), "1.14")


def test_no_secret_is_in_a_finding() -> None:
    """Findings are shown, logged and written into pull requests."""
    text = worker("  registries:\n    config:\n      a: {auth: {username: u, password: s3cr3t-pass, identityToken: s3cr3t-token}}\n")
    assert not [finding for finding in converted(text, "1.14").findings if "s3cr3t" in repr(finding)]
