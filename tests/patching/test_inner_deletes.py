"""Deletes inside of an element of a list: of an element or a key in it, found by the key of what is around it."""

from __future__ import annotations

from typing import Literal

import pytest
from patching import noticed, patched, text_of

from talospatch.errors import TalosPatchError
from talospatch.patching.api import patch_config

BASE = """\
machine:
  network:
    interfaces:
      # of the rack
      - interface: eth0
        mtu: 9000
        vlans:
          # guests
          - vlanId: 5
            # their addresses
            addresses: [10.5.0.1/24]
          # printers
          - vlanId: 6
            mtu: 1400 # tunnel
            routes:
              - {network: 10.0.0.0/8, gateway: 10.6.0.1}
              - {network: 10.7.0.0/16, gateway: 10.6.0.1}
      - interface: eth1
"""
AROUND = "machine:\n  network:\n    interfaces:\n      - "


def inside(text: str) -> str:
    """Return a patch of one interface."""
    return f"{AROUND}{{{text}}}\n"


@pytest.mark.parametrize(
    ("patch", "gone"),
    [
        (
            "interface: eth0, vlans: [{vlanId: 5, $patch: delete}]",
            BASE[BASE.index("          # guests") : BASE.index("          # printers")],
        ),
        ("interface: eth0, vlans: [{vlanId: 6, mtu: {$patch: delete}}]", "            mtu: 1400 # tunnel\n"),
        ("interface: eth0, mtu: {$patch: delete}", "        mtu: 9000\n"),
        (
            "interface: eth0, vlans: [{vlanId: 6, routes: [{network: 10.7.0.0/16, $patch: delete}]}]",
            "              - {network: 10.7.0.0/16, gateway: 10.6.0.1}\n",
        ),
    ],
)
def test_what_is_deleted_goes_and_nothing_else(patch: str, gone: str) -> None:
    """With the comments that belong to it; once more it changes nothing."""
    after = BASE.replace(gone, "")
    assert text_of(BASE, inside(patch)) == after
    assert text_of(after, inside(patch)) == after
    assert [code for code, _ in noticed(BASE, inside(patch))] == ["delete-inside"]
    assert [code for code, _ in noticed(after, inside(patch))] == ["delete-absent"]


@pytest.mark.parametrize("patch", ["interface: eth7, vlans: [{vlanId: 5, $patch: delete}]", "interface: eth1, dhcp: {$patch: delete}"])
def test_what_is_around_it_is_not_made(patch: str) -> None:
    """An element that is not there is not added for the sake of a delete in it."""
    assert text_of(BASE, inside(patch)) == BASE
    assert [code for code, _ in noticed(BASE, inside(patch))] == ["delete-absent"]
    assert text_of("machine:\n  type: worker\n", inside(patch)) == "machine:\n  type: worker\n"


def test_what_else_the_element_says_is_merged() -> None:
    """After the delete, as it is elsewhere."""
    patch = inside("interface: eth0, mtu: 1500, vlans: [{vlanId: 5, $patch: delete}, {vlanId: 7}]")
    after = text_of(BASE, patch)
    assert "mtu: 1500" in after
    assert "vlanId: 5" not in after
    assert "vlanId: 7" in after
    assert text_of(after, patch) == after
    new = inside("interface: eth7, mtu: 1500, vlans: [{vlanId: 5, $patch: delete}]")
    assert text_of(BASE, new) == BASE + "      - interface: eth7\n        mtu: 1500\n"


def test_an_element_can_be_found_by_its_selector() -> None:
    """Where it has no name; and keys of other documents count as well."""
    base = BASE.replace("interface: eth1", "deviceSelector: {driver: virtio}\n        dhcp: true")
    after = base.replace("        dhcp: true\n", "")
    assert text_of(base, inside("deviceSelector: {driver: virtio}, dhcp: {$patch: delete}")) == after
    both = "interface: eth1, deviceSelector: {driver: virtio}, dhcp: {$patch: delete}"
    assert text_of(BASE, inside(both)) == BASE + "        deviceSelector:\n          driver: virtio\n"
    head = "apiVersion: v1alpha1\nkind: WireguardConfig\nname: wg0\n"
    base = head + "peers:\n  - publicKey: a\n    allowedIPs: [10.0.0.0/8]\n    endpoint: 10.0.0.1:5\n"
    patch = head + "peers: [{publicKey: a, allowedIPs: {$patch: delete}}]\n"
    assert text_of(base, patch, talos="1.14") == base.replace("    allowedIPs: [10.0.0.0/8]\n", "")


@pytest.mark.parametrize(
    ("patch", "where", "why"),
    [
        (inside("vlans: [{vlanId: 5, $patch: delete}]"), "4:9", "machine.network.interfaces: what is to be deleted stands inside"),
        (inside("interface: {$patch: delete}"), "4:9", "machine.network.interfaces: what is to be deleted stands inside"),
        (inside("interface: eth0, deviceSelector: {driver: {$patch: delete}}"), "4:9", "nothing says of which"),
        (
            "machine:\n  pods:\n    - {metadata: {name: a}, spec: {$patch: delete}}\n",
            "3:7",
            "machine.pods: only whole elements of this list",
        ),
        (
            "machine:\n  kubelet:\n    extraConfig:\n      a:\n        - {b: c, d: {$patch: delete}}\n",
            "5:11",
            "machine.kubelet.extraConfig.a: only whole elements of this list",
        ),
        ("machine:\n  files:\n    - {path: /a, op: append, content: {$patch: delete}}\n", "3:7", "nothing says of which"),
    ],
)
def test_where_nothing_tells_elements_apart_it_is_refused(patch: str, where: str, why: str) -> None:
    """With its place, whether the config has such a list or not."""
    with pytest.raises(TalosPatchError) as caught:
        patched(BASE, patch)
    assert f"patch 1:{where}:" in str(caught.value)
    assert why in str(caught.value)
    assert "delete the element and give it again" in str(caught.value)


@pytest.mark.parametrize("semantics", ["declarative", "talosctl"])
@pytest.mark.parametrize(
    ("patch", "told"),
    [
        ("machine:\n  network:\n    nameservers:\n      - $patch: delete\n", "4:9: machine.network.nameservers[0]: an element to delete"),
        ("machine:\n  files:\n    - {path: /a, $patch: delete}\n    - {$patch: delete}\n", "4:7: machine.files[1]: an element to delete"),
        ('machine:\n  sysctls:\n    "": {$patch: delete}\n', "3:9: machine.sysctls.: cannot delete a key"),
    ],
)
def test_a_delete_that_says_too_little_is_told_with_its_place(patch: str, told: str, semantics: Literal["declarative", "talosctl"]) -> None:
    """The place is its own, not the document's."""
    with pytest.raises(TalosPatchError) as caught:
        patch_config(BASE, [patch], talos_version="1.13", semantics=semantics)
    assert told in str(caught.value)


def test_a_delete_that_leads_into_a_list_is_told_with_its_place() -> None:
    """Whatever the config has there."""
    with pytest.raises(TalosPatchError, match=r"^patch 1:4:13: machine\.network\.interfaces\.eth0: only whole elements"):
        patched(BASE, "machine:\n  network:\n    interfaces:\n      eth0: {mtu: 1, $patch: delete}\n")


def test_a_key_of_the_wrong_type_is_told_as_such() -> None:
    """And finds nothing by chance."""
    with pytest.raises(TalosPatchError, match=r"patch 1:4:35: '5' stands where a whole number belongs; take the quotes away"):
        patched(BASE, inside("interface: eth0, vlans: [{vlanId: '5', mtu: {$patch: delete}}]"))


def test_talosctls_semantics_refuse_it() -> None:
    """As talosctl does."""
    for patch in ("interface: eth0, vlans: [{vlanId: 5, $patch: delete}]", "interface: eth0, mtu: {$patch: delete}"):
        with pytest.raises(TalosPatchError):
            patch_config(BASE, [inside(patch)], talos_version="1.13", semantics="talosctl")
