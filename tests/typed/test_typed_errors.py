"""Errors of the typed engine: every problem of a text at once, with line, column, path and the nearest known key."""

from __future__ import annotations

import pytest

from talospatch.errors import ChangeError, ConfigError, VersionError
from talospatch.machineconfig.typed.apply import patch_text, reencode
from talospatch.machineconfig.typed.load import load, load_patch

BASE = "version: v1alpha1\nmachine:\n  type: worker\n"


def refused(text: str, minor: str = "1.13") -> ConfigError:
    """Return the error with which a config is refused."""
    with pytest.raises(ConfigError) as caught:
        load(text, minor, source="worker.yaml")
    return caught.value


def test_an_unknown_key_is_named_with_its_place_and_the_nearest_one() -> None:
    """The place is the key's, not its value's."""
    error = refused("machine:\n  network:\n    hostnme: a\n")
    assert str(error) == "worker.yaml:3:5: machine.network.hostnme: unknown key 'hostnme'; did you mean 'hostname'?"
    assert (error.line, error.column, error.path) == (3, 5, "machine.network.hostnme")


def test_all_problems_of_a_document_come_together() -> None:
    """Fixing one at a time would take a run for each."""
    text = "machine:\n  type: [a]\n  sysctls: {a: {}}\n  install:\n    wipe: maybe\n    dsk: /dev/sda\n"
    lines = str(refused(text)).splitlines()
    assert [line.split(": ")[1] for line in lines] == [
        "machine.type",
        "machine.sysctls.a",
        "machine.install.wipe",
        "machine.install.dsk",
    ]


def test_all_documents_are_looked_at() -> None:
    """The second one's problem does not wait for the first one's repair."""
    text = "machine:\n  tpe: a\n---\napiVersion: v1alpha1\nkind: NopeConfig\n---\napiVersion: v1alpha1\nkind: LinkConfig\nname: a\nmtu: x\n"
    lines = str(refused(text)).splitlines()
    assert [line.split(":")[1] for line in lines] == ["2", "4", "10"]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("machine:\n  kubelet:\n    nodeIP: 5\n", "a number stands where a mapping belongs"),
        ("machine:\n  install:\n    wipe: 'true'\n", "'true' stands where true or false belongs"),
        ("machine:\n  time:\n    bootTimeout: 5\n", "'5' is not a duration"),
        (
            "apiVersion: v1alpha1\nkind: LinkConfig\nname: a\naddresses: [{address: 10.0.0.1}]\n",
            "'10.0.0.1' is not an address with a prefix length",
        ),
        ("apiVersion: v1alpha1\nkind: LinkConfig\nname: a\nmtu: -1\n", "-1 is outside of 0 to 4294967295"),
        ("apiVersion: v1alpha1\nkind: HostnameConfig\nauto: sometimes\n", "'sometimes' is none of the words that may stand here"),
        ("machine:\n  ca: {crt: '@'}\n", "this is not base64"),
        ("kind: LinkConfig\n", "missing apiVersion"),
        ("a: b\n", "missing kind"),
        ("- a\n", "a list stands where a document belongs"),
        ("", "there is no document in it"),
        (
            "apiVersion: v1alpha1\nkind: CRICustomizationConfig\nname: a\n",
            "Talos 1.13 has no document 'CRICustomizationConfig' of apiVersion 'v1alpha1'",
        ),
        (f"{BASE}---\n{BASE}", "document /v1alpha1/ stands here twice"),
        (
            "apiVersion: v1alpha1\nkind: LinkConfig\nname: a\n---\napiVersion: v1alpha1\nkind: DummyLinkConfig\nname: a\n",
            "LinkConfig/a and DummyLinkConfig/a exclude each other",
        ),
        ("%YAML 1.2\n---\nmachine: {}\n", "another version of YAML than 1.1 is refused"),
    ],
)
def test_a_problem_is_said_in_one_sentence(text: str, problem: str) -> None:
    """Whatever the reference's words are."""
    assert refused(text).problem == problem


def test_a_link_and_its_peer_are_claimed_since_1_14() -> None:
    """Before, a peer's name was nobody's."""
    text = "apiVersion: v1alpha1\nkind: VethConfig\nname: a\npeer: {name: b}\n---\napiVersion: v1alpha1\nkind: DummyLinkConfig\nname: b\n"
    assert refused(text, "1.14").problem == "VethConfig/a and DummyLinkConfig/b both configure link 'b'"


def test_a_merge_that_crashes_the_reference_says_where() -> None:
    """Null over a value of a free-form object."""
    base = f"{BASE}  kubelet:\n    extraConfig:\n      maxPods: 110\n"
    with pytest.raises(ChangeError) as caught:
        patch_text(base, ["machine: {kubelet: {extraConfig: {maxPods: null}}}\n"], minor="1.14")
    text = "patch 1: v1alpha1: machine: kubelet: extraConfig: null over a value crashes the reference; use $patch: delete"
    assert str(caught.value) == text


def test_a_delete_of_what_is_absent_says_the_path() -> None:
    """The reference only says that a lookup failed."""
    with pytest.raises(ChangeError, match=r"there is nothing to delete at machine\.sysctls\.a"):
        patch_text(f"{BASE}  sysctls: {{b: c}}\n", ["machine: {sysctls: {a: {$patch: delete}}}\n"], minor="1.13")


def test_a_patch_that_is_no_patch_keeps_the_error_of_reading_it_as_one() -> None:
    """Not that it is no JSON patch, which nobody meant."""
    with pytest.raises(ConfigError, match="unknown key 'machin'") as caught:
        patch_text(BASE, ["machin: {}\nmachine: {}\n"], minor="1.13")
    assert caught.value.source == "patch 1"


def test_json_patches_need_one_document() -> None:
    """A trailing separator counts as a second, empty one."""
    with pytest.raises(ConfigError, match="JSON patches work on one document, here are 2"):
        patch_text(f"{BASE}---\n", ['[{"op": "add", "path": "/machine/type", "value": "x"}]'], minor="1.13")


@pytest.mark.parametrize("minor", ["1.10", "1.15", "", "x"])
def test_a_minor_without_a_table_is_refused(minor: str) -> None:
    """Not the nearest one taken in its stead."""
    with pytest.raises(VersionError):
        reencode(BASE, minor=minor)


def test_values_are_never_changed_in_place() -> None:
    """A patch may be applied to many configs, and a config be patched in many ways."""
    documents = load(f"{BASE}  certSANs: [a]\n", "1.13")
    from talospatch.machineconfig.typed.documents import encode
    from talospatch.machineconfig.typed.strategic import merge_patch

    before = encode(documents, minor="1.13")
    steps = load_patch("machine: {certSANs: [b], sysctls: {a: b}}\n", "1.13")
    first = encode(merge_patch(documents, steps, "1.13"), minor="1.13")
    assert encode(merge_patch(documents, steps, "1.13"), minor="1.13") == first
    assert encode(documents, minor="1.13") == before
    assert before != first
