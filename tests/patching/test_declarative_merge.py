"""What declarative semantics make of patches, where it is not a departure from talosctl, or more than one thing meets."""

from __future__ import annotations

from typing import Literal

import pytest
from patching import noticed, patched, text_of, worked

from talospatch.errors import ChangeError, ConfigError
from talospatch.machineconfig.config import MachineConfig
from talospatch.machineconfig.typed.apply import patch_text
from talospatch.patching.api import patch_config


def interfaces(*elements: str) -> str:
    """Return a config or patch with network interfaces in braces."""
    return "machine:\n  network:\n    interfaces:\n" + "".join(f"      - {{{element}}}\n" for element in elements)


# Interfaces are found by two ways


def test_an_interface_without_a_name_is_found_by_its_selector() -> None:
    """Also where the one in the config has a name besides: talosctl compares the selectors alone."""
    base = interfaces("interface: eth0, deviceSelector: {driver: virtio}")
    patch = interfaces("deviceSelector: {driver: virtio}, mtu: 9000")
    assert text_of(base, patch) == interfaces("interface: eth0, deviceSelector: {driver: virtio}, mtu: 9000")
    assert noticed(base, patch) == []


def test_an_interface_with_a_name_is_found_by_that_alone() -> None:
    """An equal selector does not count then."""
    base = interfaces("interface: eth0, deviceSelector: {driver: virtio}")
    patch = interfaces("interface: eth1, deviceSelector: {driver: virtio}")
    after = text_of(base, patch)
    assert after == base + "      - interface: eth1\n        deviceSelector:\n          driver: virtio\n"
    assert text_of(after, patch) == after


def test_empty_texts_in_a_selector_are_as_good_as_absent() -> None:
    """So that an interface with a selector of nothing is not appended again and again."""
    patch = interfaces("deviceSelector: {busPath: ''}, mtu: 9000")
    once = text_of("machine:\n  type: worker\n", patch)
    assert text_of(once, patch) == once


def test_the_last_of_several_image_rules_is_replaced() -> None:
    """As by talosctl, which goes by the last one."""
    head = "apiVersion: v1alpha1\nkind: ImageVerificationConfig\n"
    base = head + "rules:\n  - {image: a, skip: true}\n  - {image: a, skip: false}\n"
    patch = head + "rules:\n  - {image: a, deny: true}\n"
    assert text_of(base, patch) == head + "rules:\n  - {image: a, skip: true}\n  - {image: a, deny: true}\n"
    assert worked(base, patch).canonical() == patch_text(base, [patch], minor="1.13")


def test_one_url_written_two_ways_is_one_key() -> None:
    """Go escapes the space when it writes it."""
    head = "apiVersion: v1alpha1\nkind: RegistryMirrorConfig\nname: docker.io\n"
    patch = head + "endpoints:\n  - url: 'http://mirror/a b'\n"
    once = text_of(head, patch)
    assert once == head + "endpoints:\n  - url: http://mirror/a%20b\n"
    assert text_of(once, patch) == once


# Nothing, and next to nothing


@pytest.mark.parametrize("contents", ["null", '""', '"\\n\\n"'])
def test_a_manifest_without_contents_is_taken(contents: str) -> None:
    """Line ends before the text are cut off, as Talos does when it reads."""
    base = "cluster:\n  inlineManifests:\n    - {name: a, contents: b}\n"
    patch = f"cluster:\n  inlineManifests:\n    - name: a\n      contents: {contents}\n"
    wanted = base if contents == "null" else base.replace("contents: b", 'contents: ""')
    assert text_of(base, patch) == wanted


@pytest.mark.parametrize("main", ["machine", "cluster"])
def test_a_main_document_stays_one(main: str) -> None:
    """It is known by its keys, so the last of them stays, as null; talosctl writes it so too."""
    base = f"version: v1alpha1\n# all of it\n{main}: # here\n  acceptedCAs: []\n---\napiVersion: v1alpha1\nkind: HostnameConfig\n"
    patch = f"{main}:\n  $patch: delete\n"
    after = f"version: v1alpha1\n# all of it\n{main}: null # here\n---\napiVersion: v1alpha1\nkind: HostnameConfig\n"
    assert text_of(base, patch) == after
    assert text_of(after, patch) == after
    assert noticed(base, patch) == []


def test_another_main_key_may_take_its_place() -> None:
    """Then nothing is left of the first."""
    patch = "machine:\n  $patch: delete\ncluster:\n  clusterName: c\n"
    assert text_of("machine:\n  type: worker\n", patch) == "cluster:\n  clusterName: c\n"


def test_what_is_left_of_a_document_of_deletes_is_no_document() -> None:
    """But one that is given as such, behind its own delete, is."""
    base = "machine:\n  type: worker\n"
    link = "apiVersion: v1alpha1\nkind: DummyLinkConfig\nname: dummy0\n"
    assert text_of(base, link + "mtu: {$patch: delete}\n") == base
    assert text_of(base, link + "$patch: delete\n---\n" + link) == base + "---\n" + link


@pytest.mark.parametrize("patch", ["$patch: delete\n", "[{op: remove, path: /HostnameConfig}]"])
@pytest.mark.parametrize("style", ["preserve", "canonical"])
def test_the_last_document_cannot_be_deleted(patch: str, style: Literal["preserve", "canonical"]) -> None:
    """What would be left is no config; but another one may take its place. By talosctl's semantics the result is empty, as for talosctl."""
    only = "apiVersion: v1alpha1\nkind: HostnameConfig\n"
    change = patch if patch.startswith("[") else only + patch
    with pytest.raises(ChangeError, match="the last document would go, and a config without any is none") as caught:
        patch_config(only, [change], talos_version="1.14", style=style)
    assert caught.value.hint == "leave one, or give another one in its place"
    other = "apiVersion: v1alpha1\nkind: LinkConfig\nname: eth0\n"
    assert patch_config(only, [change, other], talos_version="1.14", style=style).endswith(other)
    if not patch.startswith("["):
        assert patch_config(only, [change], talos_version="1.14", semantics="talosctl", style="canonical") == ""


# Free-form objects


def test_mappings_with_and_without_keys_of_text_are_merged() -> None:
    """To talosctl they are different types; what the patch does not name stays all the same."""
    base = "machine:\n  kubelet:\n    extraConfig:\n      map:\n        a: 1 # one\n"
    patch = "machine:\n  kubelet:\n    extraConfig:\n      map: {2: b, true: c}\n"
    after = base.replace("a: 1 # one\n", "a: 1\n        2: b\n        true: c\n")
    assert text_of(base, patch) == after
    assert text_of(after, patch) == after
    assert text_of(after, "machine:\n  kubelet:\n    extraConfig: {map: {a: 3}}\n") == after.replace("a: 1", "a: 3")
    assert ("type-changed", "machine.kubelet.extraConfig.map") in noticed(base, patch)


def test_an_alias_below_a_key_that_is_no_text_keeps_its_value() -> None:
    """When what it names changes."""
    base = "machine:\n  kubelet:\n    extraConfig:\n      a: &x b\n      1:\n        c: *x # d\n"
    patch = "machine:\n  kubelet:\n    extraConfig: {a: e}\n"
    assert text_of(base, patch) == base.replace("&x b", "&x e").replace("*x # d", "b # d")


# Certificates and URLs


def test_half_of_a_pair_can_be_deleted() -> None:
    """Which is the same as empty."""
    pair = "machine:\n  ca:\n    crt: YQ==\n    key: Yg==\n"
    patch = "machine:\n  ca: {key: {$patch: delete}}\n"
    after = 'machine:\n  ca:\n    crt: YQ==\n    key: ""\n'
    assert text_of(pair, patch) == after
    assert text_of(after, patch) == after


# Colons in brackets, which libyaml does not read


def test_an_element_in_brackets_may_begin_with_a_colon() -> None:
    """In the config and in the patch: quotes go around it, where that Talos takes it at all."""
    base = "cluster:\n  network:\n    podSubnets: [::/0] # all\n"
    patch = "cluster:\n  network:\n    serviceSubnets: [::/1]\n"
    after = patch_config(base, [patch], talos_version="1.13")
    assert after == "cluster:\n  network:\n    podSubnets: ['::/0'] # all\n    serviceSubnets:\n      - \"::/1\"\n"
    with pytest.raises(ChangeError, match=r"patch 1:3:22: .*node content"):
        patch_config(base, [patch], talos_version="1.12")
    with pytest.raises(ConfigError, match=r"base:3:18: .*node content"):
        patch_config(base, ["machine: {}\n"], talos_version="1.12")


def test_a_text_in_brackets_may_begin_with_a_question_mark() -> None:
    """In the config and in the patch, for Talos from 1.12 on; for others it is the mark of a key, and they refuse it there."""
    base = "machine: # all\n  certSANs: [?x, b] # why?\n  sysctls: {a: ?b}\n"
    after = "machine: # all\n  certSANs: ['?x', b, '?y'] # why?\n  sysctls: {a: '?b'}\n"
    patch = "machine:\n  certSANs: [?y]\n"
    assert patch_config(base, [patch], talos_version="1.13") == after
    assert patch_config(after, [patch], talos_version="1.13") == after
    canonical = patch_config(base, [patch], talos_version="1.13", style="canonical")
    assert canonical == patch_config(base, [patch], talos_version="1.13", style="canonical", semantics="talosctl")
    assert "- ?x\n        - b\n        - ?y\n" in canonical
    only = base.partition("  sysctls")[0]
    with pytest.raises(ConfigError, match=r"base:2:14: what begins with a question mark in braces or brackets is a key to some readers"):
        patch_config(only, ["machine: {}\n"], talos_version="1.11")
    with pytest.raises(ConfigError, match=r"config:2:14: .*put it into quotes"):
        MachineConfig.parse(only)
    assert MachineConfig.parse("machine: {certSANs: [? x]}\n# [?x]\nx: '[?y]'\n")


def test_a_config_that_its_talos_does_not_read_is_not_patched() -> None:
    """As a question mark in braces on 1.11."""
    with pytest.raises(ConfigError, match=r"base:1:18: a question mark in braces or brackets must be quoted"):
        patched("cluster: {token: b?c}\n", "machine:\n  type: worker\n", talos="1.11")
    assert text_of("cluster: {token: b?c}\n", "cluster:\n  token: d\n", talos="1.12") == "cluster: {token: d}\n"


def test_documents_exclude_each_other_as_for_talosctl() -> None:
    """Whichever brings the second."""
    bond = "apiVersion: v1alpha1\nkind: BondConfig\nname: bond0\n"
    with pytest.raises(ChangeError, match=r"patch 1: BondConfig/bond0 and LinkConfig/bond0 exclude each other"):
        patched(bond, "apiVersion: v1alpha1\nkind: LinkConfig\nname: bond0\n")


# talosctl's own form


@pytest.mark.parametrize("text", ["\\n a", " a\\nb", "\\n\\n a\\n", "\\L\\n a"])
def test_what_talosctl_could_not_read_again_is_refused(text: str) -> None:
    """Its own semantics write it all the same, as recorded; here it is an error, and the least edit holds it."""
    patch = f'machine:\n  files:\n    - content: "{text}"\n'
    for talos in ("1.11", "1.12", "1.13", "1.14"):
        with pytest.raises(ChangeError, match="talosctl's own form cannot hold the result"):
            worked("machine: {}\n", patch, talos=talos).canonical()
        assert f'content: "{text}"' in text_of("machine: {}\n", patch, talos=talos)
