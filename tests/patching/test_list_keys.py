"""Elements found by a key: merged into the one that is there, the rest of the list as it was."""

from __future__ import annotations

import pytest
from patching import noticed, text_of

from talospatch.machineconfig.config import MachineConfig
from talospatch.machineconfig.typed.keyed import KEYED
from talospatch.patching.list_keys import DEVICE, LIST_KEYS, key_of

VOLUME = "apiVersion: v1alpha1\nkind: UserVolumeConfig\nname: d\nencryption: "
LINK = "apiVersion: v1alpha1\nkind: LinkConfig\nname: eth0\n"

# By the type of the element: a Talos that has it, a config around its list, an element, another one for the same key, both merged, and an
# element for another key.
ROWS: dict[str, tuple[str, str, str, str, str, str]] = {
    DEVICE: (
        "1.13",
        "machine: {network: {interfaces: []}}\n",
        "{interface: eth0, mtu: 1500, dhcp: true}",
        "{interface: eth0, mtu: 9000}",
        "{interface: eth0, mtu: 9000, dhcp: true}",
        "{interface: eth1}",
    ),
    "v1alpha1.MachineFile": (
        "1.13",
        "machine: {files: []}\n",
        "{path: /a, content: one, op: create}",
        "{path: /a, content: two}",
        "{path: /a, content: two, op: create}",
        "{path: /b, content: one}",
    ),
    "v1alpha1.Vlan": (
        "1.13",
        "machine: {network: {interfaces: [{interface: eth0, vlans: []}]}}\n",
        "{vlanId: 5, mtu: 1500}",
        "{vlanId: 5, dhcp: true}",
        "{vlanId: 5, mtu: 1500, dhcp: true}",
        "{vlanId: 6}",
    ),
    "v1alpha1.AdmissionPluginConfig": (
        "1.13",
        "cluster: {apiServer: {admissionControl: []}}\n",
        "{name: a, configuration: {b: 1, c: {d: 2}}}",
        "{name: a, configuration: {c: {e: 3}}}",
        "{name: a, configuration: {b: 1, c: {d: 2, e: 3}}}",
        "{name: b}",
    ),
    "extensions.ConfigFile": (
        "1.13",
        "apiVersion: v1alpha1\nkind: ExtensionServiceConfig\nname: nut\nconfigFiles: []\n",
        "{content: one, mountPath: /a}",
        "{content: two, mountPath: /a}",
        "{content: two, mountPath: /a}",
        "{content: one, mountPath: /b}",
    ),
    "security.ImageVerificationRuleV1Alpha1": (
        "1.13",
        "apiVersion: v1alpha1\nkind: ImageVerificationConfig\nrules: []\n",
        "{image: a, skip: true}",
        "{image: a, deny: true}",
        "{image: a, deny: true}",
        "{image: b, skip: true}",
    ),
    "v1alpha1.AuthorizationConfigAuthorizerConfig": (
        "1.13",
        "cluster: {apiServer: {authorizationConfig: []}}\n",
        "{type: Webhook, name: w, webhook: {timeout: 1s}}",
        "{type: Webhook, name: w, webhook: {ttl: 2s}}",
        "{type: Webhook, name: w, webhook: {timeout: 1s, ttl: 2s}}",
        "{type: Webhook, name: v}",
    ),
    "v1alpha1.ClusterInlineManifest": (
        "1.13",
        "cluster: {inlineManifests: []}\n",
        "{name: a, contents: one}",
        "{name: a, contents: two}",
        "{name: a, contents: two}",
        "{name: b, contents: one}",
    ),
    "v1alpha1.DeviceWireguardPeer": (
        "1.13",
        "machine: {network: {interfaces: [{interface: wg0, wireguard: {peers: []}}]}}\n",
        "{publicKey: a, endpoint: b}",
        "{publicKey: a, allowedIPs: [c]}",
        "{publicKey: a, endpoint: b, allowedIPs: [c]}",
        "{publicKey: d}",
    ),
    "v1alpha1.DiskPartition": (
        "1.13",
        "machine: {disks: [{device: a, partitions: []}]}\n",
        "{mountpoint: /var/a, size: 10MB}",
        "{mountpoint: /var/a, size: 20MB}",
        '{mountpoint: /var/a, size: "20 MB"}',
        "{mountpoint: /var/b}",
    ),
    "v1alpha1.EncryptionKey": (
        "1.13",
        "machine: {systemDiskEncryption: {state: {provider: luks2, keys: []}}}\n",
        "{slot: 1, nodeID: {}}",
        "{slot: 1, static: {passphrase: a}}",
        "{slot: 1, static: {passphrase: a}}",
        "{slot: 0, nodeID: {}}",
    ),
    "v1alpha1.ExtraHost": (
        "1.13",
        "machine: {network: {extraHostEntries: []}}\n",
        "{ip: 10.0.0.1, aliases: [a]}",
        "{ip: 10.0.0.1, aliases: [b, a]}",
        "{ip: 10.0.0.1, aliases: [a, b]}",
        "{ip: 10.0.0.2, aliases: [a]}",
    ),
    "v1alpha1.ExtraMount": (
        "1.13",
        "machine: {kubelet: {extraMounts: []}}\n",
        "{destination: /a, type: bind, options: [ro]}",
        "{destination: /a, source: /b}",
        "{destination: /a, type: bind, options: [ro], source: /b}",
        "{destination: /c}",
    ),
    "v1alpha1.KernelModuleConfig": (
        "1.13",
        "machine: {kernel: {modules: []}}\n",
        "{name: a, parameters: [b]}",
        "{name: a, parameters: [c]}",
        "{name: a, parameters: [b, c]}",
        "{name: d}",
    ),
    "v1alpha1.LinuxIDMapping": (
        "1.13",
        "machine: {kubelet: {extraMounts: [{destination: /a, uidMappings: []}]}}\n",
        "{containerID: 0, hostID: 1, size: 2}",
        "{containerID: 0, size: 3}",
        "{containerID: 0, hostID: 1, size: 3}",
        "{containerID: 9}",
    ),
    "v1alpha1.LoggingDestination": (
        "1.13",
        "machine: {logging: {destinations: []}}\n",
        "{endpoint: 'tcp://a:1', format: json_lines}",
        "{endpoint: 'tcp://a:1', extraTags: {a: b}}",
        "{endpoint: 'tcp://a:1', format: json_lines, extraTags: {a: b}}",
        "{endpoint: 'tcp://a:2', format: json_lines}",
    ),
    "v1alpha1.MachineDisk": (
        "1.13",
        "machine: {disks: []}\n",
        "{device: a, partitions: [{mountpoint: /b}]}",
        "{device: a, partitions: [{mountpoint: /c}]}",
        "{device: a, partitions: [{mountpoint: /b}, {mountpoint: /c}]}",
        "{device: d}",
    ),
    "v1alpha1.MachineSeccompProfile": (
        "1.13",
        "machine: {seccompProfiles: []}\n",
        "{name: a.json, value: {b: c}}",
        "{name: a.json, value: {d: e}}",
        "{name: a.json, value: {b: c, d: e}}",
        "{name: f.json}",
    ),
    "v1alpha1.Route": (
        "1.13",
        "machine: {network: {interfaces: [{interface: eth0, routes: []}]}}\n",
        "{network: 0.0.0.0/0, gateway: 10.0.0.1}",
        "{network: 0.0.0.0/0, gateway: 10.0.0.1, metric: 9}",
        "{network: 0.0.0.0/0, gateway: 10.0.0.1, metric: 9}",
        "{network: 0.0.0.0/0, gateway: 10.0.0.2}",
    ),
    "v1alpha1.VolumeMountConfig": (
        "1.13",
        "cluster: {apiServer: {extraVolumes: []}}\n",
        "{hostPath: /a, mountPath: /b, readonly: true}",
        "{hostPath: /c, mountPath: /b}",
        "{hostPath: /c, mountPath: /b, readonly: true}",
        "{hostPath: /a, mountPath: /d}",
    ),
    "block.EncryptionKey": (
        "1.13",
        VOLUME + "{provider: luks2, keys: []}\n",
        "{slot: 1, nodeID: {}}",
        "{slot: 1, lockToState: true}",
        "{slot: 1, nodeID: {}, lockToState: true}",
        "{slot: 2, nodeID: {}}",
    ),
    "cri.RegistryEndpoint": (
        "1.13",
        "apiVersion: v1alpha1\nkind: RegistryMirrorConfig\nname: docker.io\nendpoints: []\n",
        "{url: 'https://a'}",
        "{url: 'https://a', overridePath: true}",
        "{url: 'https://a', overridePath: true}",
        "{url: 'https://b'}",
    ),
    "network.AddressConfig": (
        "1.13",
        LINK + "addresses: []\n",
        "{address: 10.0.0.1/24}",
        "{address: 10.0.0.1/24, routePriority: 5}",
        "{address: 10.0.0.1/24, routePriority: 5}",
        "{address: 10.0.0.2/24}",
    ),
    "network.RouteConfig": (
        "1.14",
        LINK + "routes: []\n",
        "{destination: 10.0.0.0/8, gateway: 10.0.0.1}",
        "{destination: 10.0.0.0/8, gateway: 10.0.0.1, metric: 5}",
        "{destination: 10.0.0.0/8, gateway: 10.0.0.1, metric: 5}",
        "{destination: 10.0.0.0/8, gateway: 10.0.0.2}",
    ),
    "network.WireguardPeer": (
        "1.14",
        "apiVersion: v1alpha1\nkind: WireguardConfig\nname: wg0\npeers: []\n",
        "{publicKey: a, persistentKeepaliveInterval: 5s}",
        "{publicKey: a, allowedIPs: [10.0.0.0/8]}",
        "{publicKey: a, persistentKeepaliveInterval: 5s, allowedIPs: [10.0.0.0/8]}",
        "{publicKey: b}",
    ),
}
KNOWN_TO_TALOSCTL = {
    "v1alpha1.Device",
    "v1alpha1.Vlan",
    "v1alpha1.AdmissionPluginConfig",
    "extensions.ConfigFile",
    "security.ImageVerificationRuleV1Alpha1",
}


def test_every_row_is_tested() -> None:
    """And what talosctl knows is a row of ours."""
    assert set(ROWS) == {DEVICE, *LIST_KEYS}
    assert len(KNOWN_TO_TALOSCTL) == len(KEYED)


@pytest.mark.parametrize("name", ROWS)
def test_an_element_for_a_known_key_is_merged_into_it(name: str) -> None:
    """Whichever it is in the list, with a finding unless talosctl does it too; and once that is done, nothing is left to do."""
    talos, around, old, new, merged, other = ROWS[name]
    patch = around.replace("[]", f"[{new}]")
    for elements in ((old, other), (other, old)):
        base = around.replace("[]", f"[{', '.join(elements)}]")
        after = base.replace(old, merged)
        assert text_of(base, patch, talos=talos) == after
        assert text_of(after, patch, talos=talos) == after
        codes = {code for code, _ in noticed(base, patch, talos=talos)}
        assert (codes & {"element-keyed"}) == (set() if name in KNOWN_TO_TALOSCTL else {"element-keyed"}), codes


@pytest.mark.parametrize("name", ROWS)
def test_an_element_for_another_key_is_added(name: str) -> None:
    """At the end, as talosctl does it; once."""
    talos, around, old, _, _, other = ROWS[name]
    base, patch = around.replace("[]", f"[{old}]"), around.replace("[]", f"[{other}]")
    wanted = around.replace("[]", f"[{old}, {other}]")
    after = text_of(base, patch, talos=talos)
    assert MachineConfig.parse(after).equivalent(MachineConfig.parse(wanted), talos=talos)
    assert after.startswith(base.partition("]")[0])
    assert text_of(after, patch, talos=talos) == after
    lists_around = around.count("[") - 1  # whose element is found by its key
    assert len(noticed(base, patch, talos=talos)) <= lists_around


def test_files_of_op_append_are_all_kept() -> None:
    """Each of them adds to the file, so none is another's; an equal one is not repeated."""
    base = "machine:\n  files:\n    - {path: /a, op: append, content: one}\n"
    patch = "machine:\n  files:\n    - {path: /a, op: append, content: two}\n"
    after = base + "    - content: two\n      path: /a\n      op: append\n"
    assert text_of(base, patch) == after
    assert text_of(after, patch, base) == after
    create = "machine:\n  files:\n    - {path: /a, op: create, content: three}\n"
    assert text_of(base, create) == base + "    - content: three\n      path: /a\n      op: create\n"


@pytest.mark.parametrize(("talos", "around"), [("1.13", "machine:\n  pods:\n"), ("1.14", "machine:\n  pods:\n")])
def test_a_static_pod_takes_the_place_of_the_one_of_its_name(talos: str, around: str) -> None:
    """In its namespace, as a whole: a pod is not merged into another."""
    base = around + "    - metadata: {name: a}\n      spec: {x: 1, y: 2}\n    - metadata: {name: b}\n"
    patch = around + "    - metadata: {name: a}\n      spec: {x: 3}\n    - metadata: {name: a, namespace: other}\n"
    after = (
        around
        + "    - metadata: {name: a}\n      spec: {x: 3}\n    - metadata: {name: b}\n    - metadata:\n        name: a\n"
        + "        namespace: other\n"
    )
    assert text_of(base, patch, talos=talos) == after
    assert text_of(after, patch, talos=talos) == after
    assert ("element-keyed", "machine.pods[0]") in noticed(base, patch, talos=talos)


def test_a_pod_without_a_name_is_found_by_nothing() -> None:
    """Only an equal one is the same."""
    base = "machine:\n  pods:\n    - spec: {x: 1}\n"
    assert text_of(base, "machine:\n  pods:\n    - spec: {x: 2}\n") == base + "    - spec:\n        x: 2\n"
    assert text_of(base, base) == base


def test_keys_that_are_not_given_find_nothing() -> None:
    """But a number that is not given is 0, where Talos takes it for that."""
    assert key_of("v1alpha1.ExtraHost", {"aliases": ["a"]}) is None
    assert key_of("v1alpha1.EncryptionKey", {}) == key_of("v1alpha1.EncryptionKey", {"slot": 0})


def test_words_of_a_command_line_are_appended_in_their_order() -> None:
    """A word may stand twice there; but the same words in a row are there already."""
    head = "apiVersion: v1alpha1\nkind: ContainerConfig\nname: c\n"
    base = head + "args: [-v, -v, --log, a]\n"
    assert text_of(base, head + "args: [-v]\n", talos="1.14") == base
    after = head + "args: [-v, -v, --log, a, a, -v]\n"
    assert text_of(base, head + "args: [a, -v]\n", talos="1.14") == after
    assert text_of(after, head + "args: [a, -v]\n", talos="1.14") == after


def test_long_lists_are_merged_by_their_keys() -> None:
    """Without a look at each element for each: twenty thousand would take minutes."""
    count = 20_000
    base = "machine:\n  certSANs:\n" + "".join(f"    - n{number}\n" for number in range(count))
    base += "  files:\n" + "".join(f"    - {{path: /{number}, content: a}}\n" for number in range(count))
    names = ", ".join(f"n{number}" for number in range(count + 1))
    files = ", ".join(f"{{path: /{number}, content: a}}" for number in range(count))
    after = text_of(base, f"machine:\n  certSANs: [{names}]\n  files: [{files}]\n")
    assert after == base.replace(f"    - n{count - 1}\n", f"    - n{count - 1}\n    - n{count}\n")
