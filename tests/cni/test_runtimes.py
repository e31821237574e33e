"""Talos, containerd and libcni versions; the conflist in force."""

from __future__ import annotations

import pytest

from talospatch.cni.conflist import Conflist, active, parse
from talospatch.cni.libcni import parse as parse_libcni
from talospatch.cni.runtimes import CONTAINERD, TALOS, libcni_of, runtime_of
from talospatch.errors import InputError
from talospatch.versions import TalosVersion

SHIPPED = [
    ("v1.2.9", None, None),
    ("v1.3.0", "1.6.12", "1.1.1"),
    ("v1.3.7", "1.6.20", "1.1.1"),
    ("v1.4.0-alpha.0", "1.6.14", "1.1.1"),
    ("v1.4.8", "1.6.21", "1.1.1"),
    ("v1.5.0", "1.6.23", "1.1.1"),
    ("1.5", "1.6.28", "1.1.1"),
    ("v1.6.0-alpha.0", "1.6.23", "1.1.1"),
    ("v1.6.0", "1.7.10", "1.1.2"),
    ("v1.6.7", "1.7.13", "1.1.2"),
    ("v1.6.8", "1.7.20", "1.1.2"),
    ("v1.7.0", "1.7.15", "1.1.2"),
    ("v1.7.4", "1.7.16", "1.1.2"),
    ("v1.7.6", "1.7.18", "1.1.2"),
    ("v1.7.7", "1.7.22", "1.1.2"),
    ("1.7", "1.7.22", "1.1.2"),
    ("v1.8.0-beta.0", None, None),
    ("v1.8.0", "2.0.0-rc.4", "1.2.3"),
    ("v1.8.4", "2.0.0", "1.2.3"),
    ("v1.9.6", "2.0.5", "1.2.3"),
    ("v1.10.7", "2.0.5", "1.2.3"),
    ("v1.10.9", "2.0.7", "1.2.3"),
    ("v1.11.4", "2.1.4", "1.3.0"),
    ("v1.12.8", "2.2.4", "1.3.0"),
    ("v1.13.9", "2.2.7", "1.3.0"),
    ("v1.14.0-alpha.1", "2.3.1", "1.3.0"),
    ("v1.14.0-rc.1", "2.3.3", "1.3.0"),
    ("nonsense", None, None),
]


@pytest.mark.parametrize(("talos", "containerd", "libcni"), SHIPPED)
def test_a_talos_version_tells_its_containerd_and_libcni(talos: str, containerd: str | None, libcni: str | None) -> None:
    """What is not in the table is unknown, not guessed."""
    runtime = runtime_of(talos)
    assert (runtime and runtime.containerd, runtime and runtime.libcni) == (containerd, libcni)
    assert runtime is None or runtime.exact


def test_a_talos_newer_than_the_table_gets_its_newest_row_and_says_so() -> None:
    """libcni has gone on without damaged files since 1.2.0; being behind must not hide anything."""
    runtime = runtime_of("v1.15.2")
    assert runtime is not None
    assert not runtime.exact
    assert runtime.libcni == "1.3.0"


def test_the_tables_are_in_order() -> None:
    """Rows hold up to the next one."""
    tags = [TalosVersion.parse(row.first) for row in TALOS]
    assert tags == sorted(tags)
    assert [row.first for row in CONTAINERD] == sorted(row.first for row in CONTAINERD)


@pytest.mark.parametrize(
    ("containerd", "libcni"),
    [
        ("containerd://1.7.16", "1.1.2"),
        ("1.7.34", "1.1.2"),
        ("v1.6.20~ds1-1+deb12u3", "1.1.1"),
        ("1.6.3", "1.0.1"),
        ("1.6.4", "1.1.0"),
        ("1.5.18", "0.8.1"),
        ("1.4.13", "0.8.0"),
        ("1.3.0", None),
        ("2.0.0-beta.0", "1.1.2"),
        ("2.0.0-rc.0", "1.1.2"),
        ("2.0.0-rc.1", "1.2.0"),
        ("2.0.0-rc.3", "1.2.0"),
        ("2.0.0-rc.4", "1.2.3"),
        ("2.0.11", "1.2.3"),
        ("2.1.0", "1.3.0"),
        ("cri-o://1.30", None),
        ("", None),
    ],
)
def test_a_containerd_tells_its_libcni(containerd: str, libcni: str | None) -> None:
    """Also as Kubernetes writes it in node.status.nodeInfo."""
    assert libcni_of(containerd) == libcni


def test_a_text_that_is_no_libcni_version_is_an_input_error() -> None:
    """With an example of how to write one."""
    with pytest.raises(InputError, match=r"not a libcni version; write it as 1\.1\.2"):
        parse_libcni("latest")


def test_the_first_configuration_by_name_is_in_force() -> None:
    """Other extensions do not count."""
    assert active(["99-x.conflist", "10-flannel.conflist", "05-cilium.conf.bak", "00-README", "10-a.json"]) == "10-a.json"
    assert active([".kubernetes-cni-keep"]) is None


FLANNEL = b'{"name":"cbr0","cniVersion":"1.0.0","plugins":[{"type":"flannel"},{"type":"portmap"}]}'


def test_a_conflist_gives_its_name_and_version() -> None:
    """And nothing else of it is kept."""
    assert parse(FLANNEL, "10-flannel.conflist") == Conflist("cbr0", "1.0.0", "10-flannel.conflist")


def test_multus_delegates() -> None:
    """It reads the files of other networks with its own libcni."""
    found = parse(b'{"name":"multus-cni-network","cniVersion":"0.3.1","type":"multus"}', "00-multus.conf")
    assert found == Conflist("multus-cni-network", "0.3.1", "00-multus.conf", delegates=True)


def test_keys_of_a_list_are_exact_and_those_of_a_single_plugin_are_not() -> None:
    """libcni reads the one into a map, the other into a struct."""
    assert parse(b'{"Name":"x","type":"bridge"}', "1.conf") == Conflist("x", "", "1.conf")
    assert parse(b'{"Name":"x","plugins":[]}', "1.conflist") is None


@pytest.mark.parametrize("content", [b"", b"[]", b"{}", b'{"name":3}', b'{"name":""}', b'{"name":"a","plugins":[1,null]'])
def test_what_is_no_configuration_is_none(content: bytes) -> None:
    """Whatever its shape."""
    assert parse(content, "1.conflist") is None
