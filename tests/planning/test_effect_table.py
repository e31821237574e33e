"""The effect table: each row says what Talos's sources say, every field and kind is spoken for, and real servers agree about reboots."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from talospatch.machineconfig.config import MachineConfig
from talospatch.machineconfig.path import ConfigPath, Selector
from talospatch.machineconfig.tables.find import MINORS
from talospatch.machineconfig.typed.schema import Type, schema_of
from talospatch.planning.effect_table import documents, main_document
from talospatch.planning.effect_table.row import WILDCARD, Effect, Row
from talospatch.planning.effects import Consequence, consequences, effects_between, gravest, sentences
from talospatch.talos.machine_type import MachineType
from talospatch.versions import Fact, TalosVersion

ROOT = Path(__file__).parents[2]
ROWS = (*main_document.ROWS, *documents.ROWS)
VERSIONS = [TalosVersion.parse(text) for text in ("1.11", "1.12", "1.13", "v1.14.0-alpha.2", "1.14")]
CONTROL_PLANE, WORKER = MachineType.CONTROL_PLANE, MachineType.WORKER
PODS = "kube-apiserver, kube-controller-manager and kube-scheduler restart"
CERTIFICATES = "applied while running; apid and trustd take new certificates without a restart"
NETWORK = "applied while running; by machined's network controllers"
ADDRESSES = f"{NETWORK}; the kubelet restarts too where the node's address becomes another"
MANIFESTS = "applied while running; missing objects are created; those that Kubernetes has are left as they are, until talosctl upgrade-k8s"
REBOOT = "the node reboots, without a drain"
NEXT_BOOT = "accepted now, in effect only after the next reboot"
UNKNOWN = "no reboot; what else it does is unknown"
UNREAD = "changes nothing on the node; nothing in Talos reads it"
CRI = "containerd restarts, pods keep running, no reboot"
INSTALL = "read only when Talos is installed"
LIVE = "applied while running"
READY = f"{NEXT_BOOT}; a volume that is ready is looked at again at the next boot"


def said(path: str, talos: str, machine_type: MachineType = CONTROL_PLANE) -> list[str]:
    """Return the sentences about one path."""
    return [each.sentence for each in consequences([path], TalosVersion.parse(talos), machine_type=machine_type)]


@pytest.mark.parametrize(
    ("path", "before", "since"),
    [
        ("version", [REBOOT], [UNREAD]),
        ("debug", [f"{NEXT_BOOT}; the console's log level changes at once; each service takes it when it starts next"], ...),
        ("machine.type", [REBOOT], [f"{NEXT_BOOT}; etcd and trustd are started at boot; machined's controllers follow at once"]),
        ("machine.token", [REBOOT], [f"{LIVE}; trustd asks for the new token from then on"]),
        ("machine.ca.crt", [CERTIFICATES], ...),
        ("machine.certSANs[0]", [CERTIFICATES], ...),
        ("machine.controlPlane.controllerManager.disabled", ["kube-controller-manager restarts"], ...),
        ("machine.controlPlane.scheduler.disabled", ["kube-scheduler and kube-apiserver restart"], ...),
        ("machine.kubelet.extraArgs.v", ["kubelet restarts"], ...),
        ("machine.kubelet.nodeIP.validSubnets[0]", ["kubelet restarts; only where it makes the node's address another"], ...),
        ("machine.kubelet.skipNodeRegistration", ["kubelet restarts", "kube-apiserver restarts"], ...),
        ("machine.pods[0].metadata.name", [f"{LIVE}; the kubelet starts, replaces and stops these pods"], ...),
        ("machine.network.interfaces[interface=eth0].dhcp", [ADDRESSES], ...),
        ("machine.network.hostname", ["kubelet restarts; it registers the node by its new name"], ...),
        ("machine.network.nameservers[0]", [NETWORK], ...),
        ("machine.disks[0].partitions[0].size", [REBOOT], [f"{NEXT_BOOT}; a new partition is made and mounted at once"]),
        ("machine.install.image", [INSTALL], ...),
        ("machine.install.extraKernelArgs[2]", [f"{INSTALL}; an upgrade reads it, too"], ...),
        ("machine.files[0].content", [REBOOT], [NEXT_BOOT]),
        ("machine.files[path=/etc/cri/conf.d/20-customization.part].content", [REBOOT], [CRI]),
        ("machine.env.HTTP_PROXY", [REBOOT], [f"{NEXT_BOOT}; each service takes it when it starts next"]),
        ('machine.sysctls."vm.nr_hugepages"', [LIVE], ...),
        ('machine.registries.mirrors."docker.io".endpoints[0]', [f"{LIVE}; containerd does not restart"], ...),
        ('machine.registries.config."ghcr.io".tls.ca', [f"{LIVE}; containerd does not restart"], ...),
        ('machine.registries.config."ghcr.io".auth.username', [NEXT_BOOT], [CRI]),
        (
            "machine.systemDiskEncryption.ephemeral.provider",
            [REBOOT],
            [f"{NEXT_BOOT}; a volume that is there unencrypted is not converted, and does not open"],
        ),
        ("machine.features.rbac", [REBOOT], [UNREAD]),
        ("machine.features.diskQuotaSupport", [REBOOT], [f"{NEXT_BOOT}; /var is mounted with quotas", "kubelet restarts"]),
        ("machine.features.kubePrism.port", ["kubelet restarts", PODS], ...),
        ("machine.features.hostDNS.enabled", [NETWORK], ...),
        ("machine.udev.rules[0]", [REBOOT], [f"{LIVE}; udevd reloads its rules and sees every device anew"]),
        ("machine.kernel.modules[name=zfs]", [f"{LIVE}; modules are loaded, never unloaded"], ...),
        ("machine.baseRuntimeSpecOverrides.process", [REBOOT], [CRI]),
        ('machine.nodeLabels."a.b/c"', [LIVE], ...),
        ("machine.nodeTaints.dedicated", [LIVE], ["kubelet restarts"]),
        ("cluster.secret", [LIVE], ...),
        ("cluster.clusterName", [PODS], ...),
        (
            "cluster.controlPlane.localAPIServerPort",
            [
                "kube-apiserver restarts",
                "kube-controller-manager, kube-scheduler and kubelet restart; only where KubePrism is off",
            ],
            ...,
        ),
        ("cluster.network.cni.name", [MANIFESTS], ...),
        ("cluster.network.serviceSubnets[0]", ["kubelet restarts; unless its clusterDNS is set", PODS], ...),
        ("cluster.token", ["kubelet restarts", PODS], ...),
        ("cluster.serviceAccount.key", [PODS], ...),
        ("cluster.apiServer.extraArgs.v", ["kube-apiserver restarts"], ...),
        ("cluster.apiServer.certSANs[0]", [PODS], ...),
        ("cluster.apiServer.disablePodSecurityPolicy", [UNREAD], ...),
        ("cluster.controllerManager.image", ["kube-controller-manager restarts"], ...),
        ("cluster.scheduler.image", ["kube-scheduler and kube-apiserver restart"], ...),
        ("cluster.proxy.mode", [MANIFESTS], ...),
        ("cluster.etcd.extraArgs.election-timeout", [f"{NEXT_BOOT}; etcd is not restarted"], ...),
        ("cluster.etcd.ca.crt", [f"{UNKNOWN}; etcd is not restarted"], ...),
        ("cluster.inlineManifests[name=x].contents", [MANIFESTS], ...),
        ("cluster.allowSchedulingOnControlPlanes", ["kubelet restarts"], ...),
        ("cluster.newerThanTheTable", [UNKNOWN], ...),
        ("machine.newerThanTheTable", [REBOOT], [UNKNOWN]),
        ("LinkConfig/eth0:mtu", [ADDRESSES], ...),
        ("HostnameConfig:hostname", ["kubelet restarts; it registers the node by its new name"], ...),
        ("NetworkRuleConfig/x:ingress[0].subnet", [NETWORK], ...),
        ("RegistryAuthConfig/ghcr.io:password", [NEXT_BOOT], [CRI]),
        ("RegistryMirrorConfig/ghcr.io:endpoints[0].url", [f"{LIVE}; containerd does not restart"], ...),
        ("UserVolumeConfig/data:", [f"{LIVE}; the volume is set up, or closed"], ...),
        ("UserVolumeConfig/data:provisioning.maxSize", [READY], ...),
        (
            "VolumeConfig/EPHEMERAL:provisioning.diskSelector.match",
            [f"{READY}; sizes, disks and encryption count where it is not there yet"],
            ...,
        ),
        ("ExtensionServiceConfig/nut:environment[0]", ["the extension service restarts"], ...),
        ("EnvironmentConfig:variables.X", [f"{NEXT_BOOT}; machined has it at once; each service takes it when it starts next"], ...),
        ("CRICustomizationConfig/x:content", None, [CRI]),
        ("KubeletConfig:image", None, ["kubelet restarts"]),
        ("KubeNodeConfig:labels.a", None, [LIVE]),
        ("KubeNodeConfig:taints.a", None, ["kubelet restarts"]),
        ("KubeSchedulerConfig:image", None, ["kube-scheduler and kube-apiserver restart"]),
        ("KubeNetworkConfig:podSubnets[0]", None, [ADDRESSES, "kube-controller-manager restarts"]),
        ("UnattendedInstallConfig:installer.image", None, [INSTALL]),
        ("SecurityProfileConfig:workloadIsolation", None, [f"{NEXT_BOOT}; sandboxd is started at boot"]),
        ("ContainerConfig/x:image", None, [f"{UNKNOWN}; v1.14.0-rc.1 declares it, and runs nothing yet"]),
        ("KindOfTomorrowConfig/x:key", [UNKNOWN], ...),
    ],
)
def test_what_a_change_does_on_each_version(path: str, before: list[str] | None, since: object) -> None:
    """Up to 1.13, and from 1.14 on; three dots mean the same as before, None that there is no such kind yet."""
    if before is not None:
        assert said(path, "1.13") == before
    assert said(path, "1.14") == (before if since is ... else since)


@pytest.mark.parametrize(
    ("path", "talos", "expected"),
    [
        ("machine.udev.rules[0]", "v1.14.0-alpha.2", [NEXT_BOOT]),
        ("machine.udev.rules[0]", "v1.14.0-beta.0", [f"{LIVE}; udevd reloads its rules and sees every device anew"]),
        ("machine.registries.config.x.auth", "v1.14.0-alpha.2", [NEXT_BOOT]),
        ("machine.baseRuntimeSpecOverrides", "v1.14.0-alpha.2", [NEXT_BOOT]),
        ("machine.baseRuntimeSpecOverrides", "v1.14.0-alpha.1", [REBOOT]),
        ("machine.nodeTaints.x", "v1.14.0-alpha.2", [LIVE]),
        ("cluster.apiServer.disablePodSecurityPolicy", "1.11", ["kube-apiserver restarts"]),
        ("cluster.apiServer.disablePodSecurityPolicy", "1.12", [UNREAD]),
    ],
)
def test_what_began_with_which_version(path: str, talos: str, expected: list[str]) -> None:
    """Prereleases included."""
    assert said(path, talos) == expected


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.path}-{row.effect}-{'+'.join(row.restarts)}")
def test_every_row_is_used_is_about_something_and_has_its_source(row: Row) -> None:
    """No row stands in the shadow of another, and none is about a field that no version has."""
    versions = [talos for talos in VERSIONS if holds(row, talos)]
    found = [said for talos in versions for said in consequences([example(row)], talos, machine_type=CONTROL_PLANE)]
    only_before = row.until is not None and not any(talos.can(Fact.NO_REBOOT_MODE) for talos in versions)
    wanted = Consequence(row.effect, row.restarts, (row.path,), row.note, (row.source,))
    assert any(same(wanted, each) for each in found) or only_before
    assert any(field_of(row.path, talos.minor) for talos in versions)
    assert row.source.startswith(("internal/", "pkg/"))
    assert row.source.endswith(".go")


@pytest.mark.parametrize("minor", MINORS)
def test_every_kind_and_every_section_is_spoken_for(minor: str) -> None:
    """What is unknown is said by a row, too, wherever the type tables know the field."""
    talos = TalosVersion.parse(minor)
    unknown = [path for path in all_places(minor) if said(path, talos.tag) == [UNKNOWN]]
    assert unknown == [path for path in unknown if path.partition(":")[2] == "mount"]


@pytest.mark.parametrize("minor", ["1.12", "1.13", "1.14"])
def test_real_servers_reboot_where_the_table_says_so(minor: str) -> None:
    """Recorded answers of Talos's own code to dry runs in mode AUTO, each against the config that the node had."""
    lines = Path(ROOT, f"tests/vectors/api/{minor}.jsonl").read_text(encoding="utf-8").splitlines()
    records = {record["id"]: record for record in map(json.loads, lines)}
    active = MachineConfig.parse(base64.b64decode(records["dry-01"]["request"]["data"]))
    talos, compared = TalosVersion.parse(minor), 0
    for name, record in records.items():
        if not name.startswith("dry-") or record["request"].get("mode") != "AUTO" or record["status"]["code"] != "OK":
            continue
        wanted = MachineConfig.parse(base64.b64decode(record["request"]["data"]))
        reboots = "mode" not in record["response"]["messages"][0]  # REBOOT is 0 on the wire, and zero is not written
        effect = gravest(effects_between(active, wanted, active.diff(wanted), talos))
        assert (name, effect is Effect.REBOOT) == (name, reboots)
        compared += 1
    assert compared >= 8


WORKER_CONFIG = """\
machine:
  type: worker
  kubelet: {}
  files:
    - path: /var/x
      content: one
cluster:
  clusterName: x
"""


def between(before: str, after: str, talos: str) -> list[str]:
    """Return the sentences about going from one text to another."""
    old, new = MachineConfig.parse(before), MachineConfig.parse(after)
    return sentences(effects_between(old, new, old.diff(new), TalosVersion.parse(talos)), Effect.NOTHING)


@pytest.mark.parametrize(
    ("before", "after", "talos", "expected"),
    [
        ("  kubelet: {}\n", "  kubelet:\n    image: x\n  env:\n    A: b\n", "1.13", [REBOOT]),
        (
            "  kubelet: {}\n",
            "  kubelet:\n    image: x\n  env:\n    A: b\n  sysctls:\n    a: b\n",
            "1.14",
            [
                f"{NEXT_BOOT} (machine.env); each service takes it when it starts next",
                "kubelet restarts (machine.kubelet)",
                f"{LIVE} (machine.sysctls)",
            ],
        ),
        ("content: one", "content: two", "1.14", [NEXT_BOOT]),
        ("clusterName: x", "clusterName: y", "1.14", ["changes nothing on the node; only control-plane nodes use it"]),
        ("type: worker\n  kubelet: {}", "type: controlplane\n  kubelet: {}", "1.13", [REBOOT]),
        ("  kubelet: {}\n", "  kubelet: {}\n  features:\n    hostDNS:\n      enabled: true\n", "1.13", [REBOOT]),
        ("  kubelet: {}\n", "  kubelet: {}\n  features:\n    hostDNS:\n      enabled: true\n", "1.14", [NETWORK]),
        ("  kubelet: {}\n", "  kubelet: {}  # a comment\n", "1.13", ["nothing to change"]),
        ("  kubelet: {}\n", '  kubelet: {}\n  token: ""\n  certSANs: []\n  network: null\n', "1.13", ["nothing to change"]),
        ("  kubelet: {}\n", "  kubelet: {}\n  disks: []\n", "1.13", [REBOOT]),  # Go compares it as another than none
        ("  kubelet: {}\n", '  kubelet: {}\n  sysctls: {a: ""}\n', "1.14", [LIVE]),
    ],
)
def test_a_difference_says_each_thing_that_happens_the_gravest_first(before: str, after: str, talos: str, expected: list[str]) -> None:
    """Each with what makes it happen, where there are several; a reboot brings everything, so it stands alone."""
    assert before in WORKER_CONFIG
    assert between(WORKER_CONFIG, WORKER_CONFIG.replace(before, after), talos) == expected


DROPIN = """\
    - path: /etc/cri/conf.d/20-customization.part
      op: create
      content: |
        [metrics]
          address = '0.0.0.0:1'
"""


def test_what_fills_an_empty_text_counts() -> None:
    """And what empties one: only where both sides are as good as none nothing happens."""
    empty, full = (WORKER_CONFIG.replace("kubelet: {}", f"kubelet: {{}}\n  token: {token}") for token in ('""', "x"))
    assert between(empty, full, "1.13") == between(full, empty, "1.13") == between(full, WORKER_CONFIG, "1.13") == [REBOOT]
    assert between(empty, WORKER_CONFIG.replace("kubelet: {}", "kubelet: {}\n  env: null"), "1.13") == ["nothing to change"]
    null = WORKER_CONFIG.replace("kubelet: {}", "kubelet: null")
    assert between(null, null.replace("null", "{nodeIP: {validSubnets: [10.0.0.0/8]}}"), "1.14") == [
        "kubelet restarts; only where it makes the node's address another"
    ]


def test_the_drop_in_is_known_among_other_files() -> None:
    """On 1.14 it is live and they are not, whether or not the elements of the list can be told apart by their path."""
    added = WORKER_CONFIG.replace("cluster:", f"{DROPIN}cluster:")
    assert between(WORKER_CONFIG, added, "1.14") == [CRI]
    assert between(added, WORKER_CONFIG, "1.14") == [CRI]
    both = added.replace("content: one", "content: two")
    dropin = "machine.files[path=/etc/cri/conf.d/20-customization.part]"
    assert between(WORKER_CONFIG, both, "1.14") == [f"{NEXT_BOOT} (machine.files)", f"{CRI} ({dropin})"]
    twice = WORKER_CONFIG.replace("cluster:", f"{DROPIN}{DROPIN}cluster:")
    assert between(WORKER_CONFIG, twice, "1.14") == [CRI]
    without = WORKER_CONFIG.replace("  files:\n    - path: /var/x\n      content: one\n", "")
    assert between(without, without.replace("cluster:", f"  files:\n{DROPIN}cluster:"), "1.14") == [CRI]
    assert between(without, WORKER_CONFIG, "1.14") == [NEXT_BOOT]


def test_a_whole_document_is_spoken_of_by_its_parts_or_as_a_whole() -> None:
    """A node config brings labels and taints; a user volume is made at once, while a change of it waits."""
    volume = "---\napiVersion: v1alpha1\nkind: UserVolumeConfig\nname: data\nprovisioning:\n  maxSize: 1GB\n"
    node = "---\napiVersion: v1alpha1\nkind: KubeNodeConfig\nlabels:\n  a: b\n"
    assert between(WORKER_CONFIG, WORKER_CONFIG + volume, "1.13") == [f"{LIVE}; the volume is set up, or closed"]
    assert between(WORKER_CONFIG + volume, WORKER_CONFIG + volume.replace("1GB", "2GB"), "1.13") == [READY]
    assert between(WORKER_CONFIG, WORKER_CONFIG + node, "1.14") == [LIVE]
    assert between(WORKER_CONFIG, f"{WORKER_CONFIG}{node}taints:\n  a: b\n", "1.14") == [
        f"{LIVE} (KubeNodeConfig:labels)",
        "kubelet restarts (KubeNodeConfig)",
    ]


def test_a_main_document_that_comes_as_a_whole_reboots_up_to_1_13() -> None:
    """It is compared as a whole there; from 1.14 on its parts count."""
    log = "apiVersion: v1alpha1\nkind: KmsgLogConfig\nname: remote\nurl: udp://10.0.0.1:514\n"
    assert between(log, f"{WORKER_CONFIG}---\n{log}", "1.13") == [REBOOT]
    assert "kubelet restarts (machine.kubelet)" in between(log, f"{WORKER_CONFIG}---\n{log}", "1.14")


def test_many_paths_are_counted() -> None:
    """The first three are named."""
    kinds = [
        "LinkConfig/a:mtu",
        "BondConfig/b:mtu",
        "BridgeConfig/c:mtu",
        "VRFConfig/d:mtu",
        "VethConfig/e:mtu",
        "CRICustomizationConfig/x:",
    ]
    found = consequences(kinds, TalosVersion.parse("1.14"))
    assert sentences(found)[1].startswith("applied while running (LinkConfig, BondConfig, BridgeConfig, 2 more); by machined's")


def test_what_happens_survives_being_saved() -> None:
    """A plan keeps it."""
    found = consequences(["machine.kubelet.image", "machine.env.X"], TalosVersion.parse("1.14"))
    assert tuple(Consequence.from_dict(json.loads(json.dumps(each.to_dict()))) for each in found) == found


@given(st.lists(st.sampled_from([row.path for row in ROWS]), max_size=6), st.sampled_from(VERSIONS))
def test_more_changes_are_never_milder(paths: list[str], talos: TalosVersion) -> None:
    """And the order of the changes does not count."""
    order = list(Effect)
    together = gravest(consequences(paths, talos))
    assert order.index(together) == max((order.index(gravest(consequences([path], talos))) for path in paths), default=0)
    assert gravest(consequences(paths[::-1], talos)) is together


def holds(row: Row, talos: TalosVersion) -> bool:
    """Return whether a row is for a version."""
    return (row.since is None or talos.can(row.since)) and not (row.until is not None and talos.can(row.until))


def same(wanted: Consequence, found: Consequence) -> bool:
    """Return whether a row is what was found; rows that say the same are found as one."""
    return wanted[:2] == found[:2] and wanted.note == found.note and wanted.paths[0] in found.paths and wanted.sources[0] in found.sources


def example(row: Row) -> str:
    """Return a path that a row is about, and no other one."""
    path = row.path.replace(WILDCARD, "any")
    if not path[:1].isupper() or ":" in path:
        return path
    return f"{path}:" if row.whole else f"{path}:any"


def field_of(path: str, minor: str) -> Type | None:
    """Return the type behind a row's path, or None where the minor has no such field."""
    kind, _, inside = path.partition(":") if path[:1].isupper() else ("v1alpha1", "", path)
    known = schema_of(minor).kind(kind)
    here = known.type if known is not None else None
    for step in ConfigPath.parse(inside).steps:
        if here is None or isinstance(step, int):
            return None
        field = here.fields.get(step) if isinstance(step, str) else None
        here = here.elem if field is None and (isinstance(step, Selector) or step == WILDCARD) else field.type if field else None
    return here


def all_places(minor: str) -> list[str]:
    """Return every field of the main document down to its third level, and of the others down to their first."""
    schema = schema_of(minor)
    main = schema.kind("v1alpha1")
    assert main is not None
    found = []
    for key, field in main.type.fields.items():
        sections = field.type.fields or {"": field}
        for section, inner in sections.items():
            parts = inner.type.fields if section and inner.type.shape == "struct" else {}
            found += [".".join(part for part in (key, section, last) if part) for last in (parts or {"": inner})]
    for name in schema.kinds:
        kind = schema.kind(name)
        if kind is not None and name != "v1alpha1":
            found += [f"{name}:{key}" for key in kind.type.fields if key not in {"apiVersion", "kind", "name"}]
    return found
