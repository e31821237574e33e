"""A case for each row of the hazard table, or several; the first of a row is the example that docs/reference/hazards.md shows."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from talospatch.patching import hazards

if TYPE_CHECKING:
    from talospatch.patching.hazards import Hazard


class HazardCase(NamedTuple):
    """What a patch makes of a config.

    Attributes:
        hazard: the row.
        talos: the version.
        base: the config.
        patch: the patch.
        ours: what declarative semantics make of it.
        theirs: what talosctl makes of it, with the least edit of the same text; ``refuses: `` and why, or a crash, as a regular expression;
            empty where there is nothing to compare.
        path: of the finding.
    """

    hazard: Hazard
    talos: str
    base: str
    patch: str
    ours: str
    theirs: str
    path: str = ""


REFUSES = "refuses: "
LINK = "apiVersion: v1alpha1\nkind: LinkConfig\nname: eth0\n"
HOSTNAME = "apiVersion: v1alpha1\nkind: HostnameConfig\n"
VOLUME = "apiVersion: v1alpha1\nkind: UserVolumeConfig\nname: data\n"
ACTION = "apiVersion: v1alpha1\nkind: NetworkDefaultActionConfig\n"
SANS = "machine:\n  certSANs: [10.0.0.1]\n"
MODULES = "machine:\n  kernel:\n    modules:\n      - name: br_netfilter\n"
SYSCTLS = "machine:\n  sysctls:\n    vm.swappiness: 1\n"
SIZE = "machine:\n  install:\n    diskSelector:\n      size: "
CPU = "cluster:\n  apiServer:\n    resources:\n      requests:\n        cpu: "
ENDPOINT = "cluster:\n  controlPlane:\n    endpoint: https://"
RULE = "apiVersion: v1alpha1\nkind: RoutingRuleConfig\nname: '1000'\ntable: 100\n"
CONTAINER = "apiVersion: v1alpha1\nkind: ContainerConfig\nname: a\n"
EPHEMERAL = "apiVersion: v1alpha1\nkind: VolumeConfig\nname: EPHEMERAL\n"
NVME = 'provisioning:\n  diskSelector:\n    match: disk.transport == "nvme"\n  minSize: 10GB\n'
PAIR = "machine:\n  ca:\n    crt: YWJj\n    key: ZGVm\n"
SINCE = "machine:\n  kubelet:\n    extraConfig: {since: 2024-01-02}\n"
FILES = "machine:\n  files:\n    - {path: /a, content: one}\n    - {path: /b}\n    - {path: /a, content: two}\n"
KEYS = VOLUME + "encryption:\n  keys:\n    - slot: 0\n    - slot: 1\n"
DEVICES = (
    "machine:\n  network:\n    interfaces:\n      - interface: eth1 # the other one\n      - interface: eth0\n        mtu: 9000 # jumbo\n"
    "        vlans:\n          # of the guests\n          - vlanId: 4\n          - vlanId: 5\n          - vlanId: 6 # of the printers\n"
)
WORKER = "version: v1alpha1\nmachine:\n  type: worker\n"
KEY_ALIAS = (
    "machine:\n  type:\tworker\n  sysctls: # of the kernel\n    &key a: b\n    c: d\n"
    "# all of it\ncluster:\n  extraManifestHeaders:\n    *key : v\n"
)
ENV = "machine:\n  sysctls: &shared # both\n    a: b\n  env: *shared\n"

CASES = (
    HazardCase(
        hazards.ELEMENT_PRESENT, "1.13", SANS, SANS, SANS, "machine:\n  certSANs: [10.0.0.1, 10.0.0.1]\n", "machine.certSANs"
    ),
    HazardCase(
        hazards.ELEMENT_PRESENT,
        "1.14",
        LINK + "addresses:\n  - address: 10.0.0.2/24\n",
        LINK + "addresses:\n  - address: 10.0.0.2/24\n",
        LINK + "addresses:\n  - address: 10.0.0.2/24\n",
        LINK + "addresses:\n  - address: 10.0.0.2/24\n  - address: 10.0.0.2/24\n",
        "LinkConfig/eth0:addresses[0]",
    ),
    HazardCase(
        hazards.ELEMENT_PRESENT,
        "1.12",
        "machine:\n  kubelet:\n    extraConfig:\n      allowedUnsafeSysctls: [a]\n",
        "machine:\n  kubelet:\n    extraConfig:\n      allowedUnsafeSysctls: [b, a]\n",
        "machine:\n  kubelet:\n    extraConfig:\n      allowedUnsafeSysctls: [a, b]\n",
        "machine:\n  kubelet:\n    extraConfig:\n      allowedUnsafeSysctls: [a, b, a]\n",
        "machine.kubelet.extraConfig.allowedUnsafeSysctls",
    ),
    HazardCase(
        hazards.ELEMENT_KEYED,
        "1.13",
        MODULES,
        "machine:\n  kernel:\n    modules: [{name: br_netfilter, parameters: [a]}]\n",
        MODULES + "        parameters:\n          - a\n",
        MODULES + "      - name: br_netfilter\n        parameters:\n          - a\n",
        "machine.kernel.modules[0]",
    ),
    HazardCase(
        hazards.ELEMENT_REPLACED,
        "1.13",
        "machine:\n  files:\n    - {path: /a, content: one}\n    - {path: /b}\n",
        "machine:\n  files: [{path: /a, $patch: delete}, {path: /a, content: three}]\n",
        "machine:\n  files:\n    - {path: /a, content: three}\n    - {path: /b}\n",
        "machine:\n  files:\n    - {path: /b}\n    - content: three\n      path: /a\n",
        "machine.files",
    ),
    HazardCase(
        hazards.EMPTY_LIST, "1.13", SANS, "machine:\n  certSANs: []\n", SANS, SANS, "machine.certSANs"
    ),
    HazardCase(
        hazards.EMPTY_LIST,
        "1.13",
        "machine:\n  kubelet:\n    extraConfig: {list: [1]}\n",
        "machine:\n  kubelet:\n    extraConfig: {list: []}\n",
        "machine:\n  kubelet:\n    extraConfig: {list: [1]}\n",
        "machine:\n  kubelet:\n    extraConfig: {list: [1]}\n",
        "machine.kubelet.extraConfig.list",
    ),
    HazardCase(
        hazards.NULL_ELEMENT,
        "1.13",
        "machine:\n  network:\n    interfaces:\n      - interface: eth0\n",
        "machine:\n  network:\n    interfaces: [null]\n",
        "machine:\n  network:\n    interfaces:\n      - interface: eth0\n",
        REFUSES + "null in this list crashes the reference",
        "machine.network.interfaces",
    ),
    HazardCase(
        hazards.NULL_ELEMENT,
        "1.14",
        "machine:\n  network:\n    interfaces:\n      - interface: eth0\n",
        "machine:\n  network:\n    interfaces: [null]\n",
        "machine:\n  network:\n    interfaces:\n      - interface: eth0\n",
        REFUSES + r"patch 1:3:18: machine\.network\.interfaces\[0\]: null is not allowed here",
        "machine.network.interfaces",
    ),
    HazardCase(
        hazards.NULL_ELEMENT,
        "1.13",
        "machine:\n  files:\n    - path: /a\n",
        "machine:\n  files:\n    - null\n    - path: /b\n",
        "machine:\n  files:\n    - path: /a\n    - path: /b\n",
        "machine:\n  files:\n    - path: /a\n    - null\n    - path: /b\n",
        "machine.files",
    ),
    HazardCase(
        hazards.ZERO_VALUE,
        "1.13",
        ACTION + "ingress: block\n",
        ACTION + "ingress: accept\n",
        ACTION + "ingress: accept\n",
        ACTION + "ingress: block\n",
        "NetworkDefaultActionConfig:ingress",
    ),
    HazardCase(
        hazards.ZERO_VALUE, "1.13", LINK + "mtu: 9000\n", LINK + "mtu: 0\n", LINK + "mtu: 0\n", LINK + "mtu: 9000\n", "LinkConfig/eth0:mtu"
    ),
    HazardCase(
        hazards.ZERO_VALUE,
        "1.11",
        "machine:\n  network:\n    kubespan:\n      mtu: 1420 # WireGuard\n",
        "machine:\n  network:\n    kubespan:\n      mtu: 0\n",
        "machine:\n  network:\n    kubespan:\n      mtu: 0 # WireGuard\n",
        "machine:\n  network:\n    kubespan:\n      mtu: 1420 # WireGuard\n",
        "machine.network.kubespan.mtu",
    ),
    HazardCase(
        hazards.NULL,
        "1.13",
        "machine:\n  network:\n    hostname: a\n",
        "machine:\n  network:\n",
        "machine:\n  network:\n    hostname: a\n",
        "machine:\n  network:\n    hostname: a\n",
        "machine.network",
    ),
    HazardCase(
        hazards.NULL,
        "1.13",
        "machine:\n  kubelet:\n    extraConfig: {a: 1}\n",
        "machine:\n  kubelet:\n    extraConfig: {a: null}\n",
        "machine:\n  kubelet:\n    extraConfig: {a: 1}\n",
        REFUSES + "null over a value crashes the reference",
        "machine.kubelet.extraConfig.a",
    ),
    HazardCase(
        hazards.TYPE_CHANGED,
        "1.13",
        CPU + "1\n",
        CPU + "500m\n",
        CPU + "500m\n",
        REFUSES + "merge type mismatch left int right string",
        "cluster.apiServer.resources.requests.cpu",
    ),
    HazardCase(
        hazards.URL_PARTS,
        "1.13",
        ENDPOINT + "a:6443/x?y=1\n",
        ENDPOINT + "b\n",
        ENDPOINT + "b\n",
        ENDPOINT + "b/x?y=1\n",
        "cluster.controlPlane.endpoint",
    ),
    HazardCase(
        hazards.SIZE_KEPT,
        "1.13",
        VOLUME + "provisioning:\n  maxSize: 10GB\n",
        VOLUME + "provisioning:\n  maxSize: 50%\n",
        VOLUME + "provisioning:\n  maxSize: 50%\n",
        VOLUME + "provisioning:\n  maxSize: 10GB\n",
        "UserVolumeConfig/data:provisioning.maxSize",
    ),
    HazardCase(
        hazards.UNSETTABLE,
        "1.13",
        SIZE + "'>= 1TB'\n",
        SIZE + "'>= 2TB'\n",
        SIZE + "'>= 2TB'\n",
        REFUSES + r"size: merge not possible: both sides have a value",
        "machine.install.diskSelector.size",
    ),
    HazardCase(
        hazards.UNSETTABLE,
        "1.13",
        RULE,
        RULE.replace("table: 100", "action: unicast"),
        RULE + "action: unicast\n",
        REFUSES + "src: merge not possible",
        "RoutingRuleConfig/1000:src",
    ),
    HazardCase(
        hazards.UNSETTABLE,
        "1.14",
        ENDPOINT + "me:a@a\n",
        ENDPOINT + "you:b@b\n",
        ENDPOINT + "you:b@b\n",
        REFUSES + "both URLs have a user",
        "cluster.controlPlane.endpoint",
    ),
    HazardCase(
        hazards.WIPED,
        "1.13",
        EPHEMERAL + NVME,
        EPHEMERAL + "encryption:\n  provider: luks2\n",
        EPHEMERAL + NVME + "encryption:\n  provider: luks2\n",
        EPHEMERAL + "encryption:\n  provider: luks2\n  keys: []\n",
        "VolumeConfig/EPHEMERAL:provisioning.diskSelector.match",
    ),
    HazardCase(
        hazards.WIPED,
        "1.13",
        EPHEMERAL + NVME,
        EPHEMERAL + "encryption: {$patch: delete}\n",
        EPHEMERAL + NVME,
        EPHEMERAL,
        "VolumeConfig/EPHEMERAL:provisioning.minSize",
    ),
    HazardCase(
        hazards.PAIR_WIPED,
        "1.13",
        PAIR,
        "machine:\n  ca: {crt: eHl6}\n",
        PAIR.replace("YWJj", "eHl6"),
        PAIR.replace("YWJj", "eHl6").replace("ZGVm", '""'),
        "machine.ca",
    ),
    HazardCase(
        hazards.CHOICE,
        "1.13",
        HOSTNAME + "auto: stable\n",
        HOSTNAME + "hostname: a\n",
        HOSTNAME + "hostname: a\n",
        HOSTNAME + "auto: stable\nhostname: a\n",
        "HostnameConfig:auto",
    ),
    HazardCase(
        hazards.CHOICE,
        "1.13",
        VOLUME + "encryption:\n  keys:\n    - slot: 0\n      nodeID: {}\n",
        VOLUME + "encryption:\n  keys:\n    - {slot: 0, tpm: {checkSecurebootStatusOnEnroll: true}}\n",
        VOLUME + "encryption:\n  keys:\n    - slot: 0\n      tpm:\n        checkSecurebootStatusOnEnroll: true\n",
        VOLUME + "encryption:\n  keys:\n    - slot: 0\n      nodeID: {}\n    - tpm:\n        checkSecurebootStatusOnEnroll: true\n",
        "UserVolumeConfig/data:encryption.keys[0].nodeID",
    ),
    HazardCase(
        hazards.UNCOPYABLE,
        "1.13",
        SINCE,
        "machine:\n  type: worker\n",
        SINCE + "  type: worker\n",
        REFUSES + r"machine\.kubelet\.extraConfig\.since: cannot deep copy time\.Time",
        "machine.kubelet.extraConfig.since",
    ),
    HazardCase(
        hazards.UNCOPYABLE,
        "1.14",
        "machine:\n  pods:\n    - metadata: {labels: {a: b}, annotations: {1: c}}\n" + "---\n" + HOSTNAME,
        HOSTNAME + "hostname: a\n",
        "machine:\n  pods:\n    - metadata: {labels: {a: b}, annotations: {1: c}}\n" + "---\n" + HOSTNAME + "hostname: a\n",
        REFUSES + r"machine\.pods\[0\]\.metadata\.annotations: cannot deep copy map\[interface \{\}\]",
        "machine.pods[0].metadata.annotations",
    ),
    HazardCase(
        hazards.DELETE_ABSENT,
        "1.13",
        "machine:\n  sysctls:\n    a: b\n",
        "machine:\n  sysctls: {vm.swappiness: {$patch: delete}}\n",
        "machine:\n  sysctls:\n    a: b\n",
        REFUSES + r"there is nothing to delete at machine\.sysctls\.vm\.swappiness",
        'machine.sysctls."vm.swappiness"',
    ),
    HazardCase(
        hazards.DELETE_ABSENT,
        "1.13",
        WORKER,
        LINK + "$patch: delete\n",
        WORKER,
        REFUSES + "there is no document LinkConfig/eth0 to delete in, which crashes the reference",
        "LinkConfig/eth0",
    ),
    HazardCase(
        hazards.DELETE_ABSENT,
        "1.13",
        FILES,
        "machine:\n  files:\n    - {path: /c, $patch: delete}\n",
        FILES,
        REFUSES + r"there is nothing to delete at machine\.files",
        "machine.files",
    ),
    HazardCase(
        hazards.DELETE_SEVERAL,
        "1.13",
        FILES,
        "machine:\n  files: [{path: /a, $patch: delete}]\n",
        "machine:\n  files:\n    - {path: /b}\n",
        "machine:\n  files:\n    - {path: /b}\n    - {path: /a, content: two}\n",
        "machine.files",
    ),
    HazardCase(
        hazards.DELETE_BY_NUMBER,
        "1.13",
        KEYS,
        VOLUME + "encryption:\n  keys: [{slot: 1, $patch: delete}]\n",
        KEYS.removesuffix("    - slot: 1\n"),
        REFUSES + "there is nothing to delete at encryption.keys",
        "UserVolumeConfig/data:encryption.keys",
    ),
    HazardCase(
        hazards.DELETE_BY_NUMBER,
        "1.11",
        "machine:\n  kubelet:\n    extraConfig: {a: {b: 1, c: 2}}\n",
        "machine:\n  kubelet:\n    extraConfig: {a: {b: {$patch: delete}}}\n",
        "machine:\n  kubelet:\n    extraConfig: {a: {c: 2}}\n",
        REFUSES + "there is nothing to delete at",
        "machine.kubelet.extraConfig.a.b",
    ),
    HazardCase(
        hazards.DELETE_INSIDE,
        "1.13",
        DEVICES,
        "machine:\n  network:\n    interfaces: [{interface: eth0, vlans: [{vlanId: 5, $patch: delete}]}]\n",
        DEVICES.replace("          - vlanId: 5\n", ""),
        REFUSES + r"there is nothing to delete at|only whole elements of a list can be deleted",
        "machine.network.interfaces[1].vlans",
    ),
    HazardCase(
        hazards.DELETE_INSIDE,
        "1.14",
        DEVICES,
        "machine:\n  network:\n    interfaces: [{interface: eth0, mtu: {$patch: delete}}]\n",
        DEVICES.replace("        mtu: 9000 # jumbo\n", ""),
        REFUSES + "cannot delete a key inside an element of a list",
        "machine.network.interfaces[1].mtu",
    ),
    HazardCase(
        hazards.DELETE_BY_ALIAS,
        "1.14",
        "machine:\n  files:\n    - path: /a\n    - path: x\n",
        "machine:\n  nodeLabels: {a: &x /a}\n  files: [{path: *x, $patch: delete}]\n",
        "machine:\n  files:\n    - path: x\n  nodeLabels:\n    a: /a\n",
        "machine:\n  files:\n    - path: /a\n  nodeLabels:\n    a: /a\n",
        "machine.files",
    ),
    HazardCase(
        hazards.PATCH_EMPTY,
        "1.13",
        WORKER + "---\n" + HOSTNAME,
        "# nothing but a comment\n",
        WORKER + "---\n" + HOSTNAME,
        REFUSES + "JSON patches work on one document, here are 2",
    ),
    HazardCase(hazards.PATCH_EMPTY, "1.13", WORKER, "---\n---\n", WORKER, WORKER),
    HazardCase(
        hazards.DOCUMENT_EMPTY,
        "1.11",
        WORKER,
        "machine:\n  token: a\n---\n",
        WORKER + "  token: a\n",
        REFUSES + "patch 1:3:4: an empty document",
    ),
    HazardCase(
        hazards.DOCUMENT_REPEATED,
        "1.13",
        HOSTNAME + "hostname: a\n",
        f"{HOSTNAME}hostname: b\n---\n{HOSTNAME}hostname: c\n",
        HOSTNAME + "hostname: c\n",
        REFUSES + "document v1alpha1/HostnameConfig/ stands here twice",
        "HostnameConfig",
    ),
    HazardCase(
        hazards.DOCUMENT_REPEATED,
        "1.13",
        WORKER,
        f"{LINK}mtu: 9000\n---\n{LINK}$patch: delete\n",
        WORKER,
        REFUSES + "there is no document LinkConfig/eth0 to delete in, which crashes the reference",
        "LinkConfig/eth0",
    ),
    HazardCase(
        hazards.WIPED,
        "1.14",
        CONTAINER + "security: {machinedAccess: true}\n",
        CONTAINER + "security: {profile: restricted}\n",
        CONTAINER + "security: {machinedAccess: true, profile: restricted}\n",
        CONTAINER + "security: {profile: restricted}\n",
        "ContainerConfig/a:security.machinedAccess",
    ),
    HazardCase(
        hazards.DOCUMENT_REPLACED,
        "1.14",
        f"{HOSTNAME}hostname: a\nauto: stable\n---\n{LINK}",
        f"{HOSTNAME}$patch: delete\n---\n{HOSTNAME}hostname: b\n",
        f"{HOSTNAME}hostname: b\n---\n{LINK}",
        f"---\n{LINK}---\n{HOSTNAME}hostname: b\n",
        "HostnameConfig",
    ),
    HazardCase(
        hazards.NAME_MISREAD,
        "1.13",
        LINK.replace("eth0", "kind") + "mtu: 1500\n",
        LINK.replace("eth0", "kind") + "mtu: 9000\n",
        LINK.replace("eth0", "kind") + "mtu: 9000\n",
        REFUSES + "Talos 1.13 has no document 'mtu'",
    ),
    HazardCase(
        hazards.SEVERAL_DOCUMENTS,
        "1.13",
        f"{WORKER}---\n{LINK}mtu: 1500\n",
        "- {op: replace, path: /LinkConfig/eth0/mtu, value: 9000}\n",
        f"{WORKER}---\n{LINK}mtu: 9000\n",
        REFUSES + "JSON patches work on one document, here are 2",
    ),
    HazardCase(
        hazards.JSON_STYLE,
        "1.13",
        SANS,
        "- {op: add, path: /machine/certSANs/-, value: 10.0.0.1}\n",
        SANS,
        "machine:\n  certSANs: [10.0.0.1, 10.0.0.1]\n",
    ),
    HazardCase(
        hazards.SECOND_ELEMENT,
        "1.13",
        "machine:\n  files:\n    - path: /b\n",
        "- {op: add, path: /machine/files/-, value: {path: /b, content: two}}\n",
        "machine:\n  files:\n    - path: /b\n    - content: two\n      path: /b\n",
        "machine:\n  files:\n    - path: /b\n    - content: two\n      path: /b\n",
        "machine.files",
    ),
    HazardCase(
        hazards.REPLACE_ABSENT,
        "1.13",
        SYSCTLS,
        "- {op: replace, path: /machine/sysctls/vm.swapiness, value: '1'}\n",
        SYSCTLS + '    vm.swapiness: "1"\n',
        SYSCTLS + '    vm.swapiness: "1"\n',
        'machine.sysctls."vm.swapiness"',
    ),
    HazardCase(
        hazards.NOT_REPEATABLE,
        "1.13",
        "machine:\n  files:\n    - path: /a\n    - path: /b\n",
        "- {op: remove, path: /machine/files/0}\n",
        "machine:\n  files:\n    - path: /b\n",
        "machine:\n  files:\n    - path: /b\n",
    ),
    HazardCase(
        hazards.NOT_REPEATABLE,
        "1.13",
        SYSCTLS,
        "- {op: test, path: /machine/sysctls/vm.swappiness, value: 1}\n- {op: remove, path: /machine/sysctls/vm.swappiness}\n",
        "machine:\n  sysctls: {}\n",
        "machine:\n  sysctls: {}\n",
    ),
    HazardCase(
        hazards.UNKNOWN_FIELD,
        "1.13",
        WORKER,
        "machine:\n  tokne: a\n",
        WORKER + "  tokne: a\n",
        REFUSES + r"patch 1:2:3: machine\.tokne: unknown key 'tokne'; did you mean 'token'\?",
        "machine.tokne",
    ),
    HazardCase(
        hazards.UNKNOWN_KIND,
        "1.13",
        WORKER,
        "apiVersion: v1alpha1\nkind: SysctlConfig\nsysctls: {a: b}\n",
        WORKER + "---\napiVersion: v1alpha1\nkind: SysctlConfig\nsysctls:\n  a: b\n",
        REFUSES + "Talos 1.13 has no document 'SysctlConfig'",
        "SysctlConfig",
    ),
    HazardCase(hazards.NEWER_VERSION, "1.15", WORKER, "machine:\n  token: a\n", WORKER + "  token: a\n", ""),
    HazardCase(
        hazards.WIDENED,
        "1.13",
        ENV,
        "machine:\n  env: {c: d}\n",
        "machine:\n  sysctls: &shared # both\n    a: b\n  env:\n    a: b\n    c: d\n",
        "machine:\n  sysctls: &shared # both\n    a: b\n  env:\n    a: b\n    c: d\n",
        "machine.env",
    ),
    HazardCase(
        hazards.WIDENED,
        "1.13",
        ENV,
        "machine:\n  sysctls: {c: d}\n",
        "machine:\n  sysctls: &shared # both\n    a: b\n    c: d\n  env:\n    a: b\n",
        "machine:\n  sysctls: &shared # both\n    a: b\n    c: d\n  env:\n    a: b\n",
        "machine.env",
    ),
    HazardCase(
        hazards.COMMENTS_LOST,
        "1.13",
        KEY_ALIAS,
        "machine:\n  sysctls: {a: {$patch: delete}}\n",
        "machine:\n  type: worker\n  sysctls:\n    c: d\ncluster:\n  extraManifestHeaders:\n    a: v\n",
        "",
    ),
    HazardCase(
        hazards.DOCUMENT_EMPTY,
        "1.11",
        "---\n---\n" + WORKER,
        "machine:\n  token: a\n",
        "---\n---\n" + WORKER + "  token: a\n",
        REFUSES + "base:1:4: an empty document",
    ),
)  # fmt: skip
