"""Fields, kinds and versions that our tables do not know pass through, with a finding: being behind Talos must never block a user."""

from __future__ import annotations

import pytest
from patching import noticed, patched, text_of, worked

from talospatch.errors import ChangeError, ConfigError, VersionError
from talospatch.patching.api import patch_config
from talospatch.talos.finding import Severity

NEW_FIELD = """\
version: v1alpha1
machine:
  type: worker
  quantum: # not known yet
    entangled: yes # with whom
    spins: [0x1, 'up']
  install:
    disk: /dev/sda
    mirror: {of: [1, 2]}
"""
NEW_KIND = """\
machine:
  type: worker
---
apiVersion: v1beta7
kind: TeleportConfig
name: here
# where to
target: {zone: b, hops: 3}
via:
  - a
"""


def test_an_unknown_field_stays_as_it_is() -> None:
    """Also where something beside it changes, and each is noted with its path."""
    after = text_of(NEW_FIELD, "machine:\n  install: {disk: /dev/sdb}\n  token: a\n")
    assert after == NEW_FIELD.replace("sda", "sdb") + "  token: a\n"
    assert noticed(NEW_FIELD, "machine:\n  token: a\n") == [
        ("unknown-field", "machine.quantum"),
        ("unknown-field", "machine.install.mirror"),
    ]


def test_an_unknown_field_is_merged_like_a_free_form_object() -> None:
    """And deleted like one."""
    after = text_of(NEW_FIELD, "machine:\n  quantum: {entangled: false, spins: [down, up], charm: 1}\n")
    wanted = NEW_FIELD.replace("entangled: yes", "entangled: false").replace("'up']", "'up', down]")
    assert after == wanted.replace("  install:", "    charm: 1\n  install:")
    assert text_of(NEW_FIELD, "machine:\n  install:\n    mirror: {of: {$patch: delete}}\n").endswith("    mirror: {}\n")


def test_an_unknown_field_is_written_in_talosctls_form_too() -> None:
    """Behind the known ones of its struct, what is in it with its types."""
    canonical = worked(NEW_FIELD, "machine:\n  token: a\n").canonical()
    assert "        mirror:\n            of:\n                - 1\n                - 2\n" in canonical
    assert canonical.index("    quantum:\n") > canonical.index("    install:\n")
    assert '        entangled: "yes"\n' in canonical


def test_a_misspelt_field_says_what_was_meant() -> None:
    """It is passed through all the same: it may be one of a later release."""
    found = patched("machine:\n  type: worker\n", "machine:\n  instal: {disk: a}\n").findings
    assert [(finding.code, finding.path, finding.hint) for finding in found] == [
        ("unknown-field", "machine.instal", "did you mean 'install'?")
    ]
    assert found[0].severity is Severity.WARNING


def test_an_unknown_field_in_a_list_is_one_of_all_its_elements() -> None:
    """Noted where it stands."""
    base = "machine:\n  files:\n    - {path: /a, owner: me}\n    - {path: /b, owner: you}\n"
    patch = "machine:\n  files:\n    - {path: /b, owner: {uid: 0}}\n"
    assert text_of(base, patch) == base.replace("owner: you", "owner: {uid: 0}")
    assert ("unknown-field", "machine.files[1].owner") in noticed(base, patch)


def test_an_unknown_kind_stays_as_it_is() -> None:
    """And is patched by its kind and name, as a free-form object."""
    assert text_of(NEW_KIND, "machine:\n  token: a\n") == NEW_KIND.replace("worker\n", "worker\n  token: a\n")
    patch = "apiVersion: v1beta7\nkind: TeleportConfig\nname: here\ntarget: {hops: 4}\nvia: [a, b]\n"
    assert text_of(NEW_KIND, patch) == NEW_KIND.replace("hops: 3", "hops: 4") + "  - b\n"
    assert noticed(NEW_KIND, patch) == [("unknown-kind", "TeleportConfig/here"), ("element-present", "TeleportConfig/here:via")]
    assert text_of(NEW_KIND, patch.partition("target")[0] + "$patch: delete\n") == "machine:\n  type: worker\n"


def test_a_kind_of_another_api_version_is_another_kind() -> None:
    """Nothing of the one is merged into the other; both together exclude each other, as for talosctl."""
    base = "apiVersion: v1alpha1\nkind: HostnameConfig\nauto: stable\n"
    other = base.replace("v1alpha1", "v1beta1")
    assert text_of(base, other + "$patch: delete\n") == base
    with pytest.raises(ChangeError, match=r"^patch 1: document HostnameConfig stands here twice$"):
        patched(base, other)


def test_an_unknown_kind_is_written_in_its_own_order() -> None:
    """Nobody knows the order of its fields."""
    canonical = worked(NEW_KIND, "machine:\n  token: a\n").canonical()
    assert canonical.endswith(
        "---\napiVersion: v1beta7\nkind: TeleportConfig\nname: here\ntarget:\n    hops: 3\n    zone: b\nvia:\n    - a\n"
    )


def test_a_kind_of_a_later_minor_is_unknown_to_an_earlier_one() -> None:
    """With a word on what was meant where that is likely."""
    patch = "apiVersion: v1alpha1\nkind: HostnameConfg\nhostname: a\n"
    found = patched("machine:\n  type: worker\n", patch).findings
    assert [(finding.code, finding.path, finding.hint) for finding in found] == [
        ("unknown-kind", "HostnameConfg", "did you mean HostnameConfig?")
    ]
    assert [code for code, _ in noticed("machine: {}\n", "apiVersion: v1alpha1\nkind: HostnameConfig\nhostname: a\n", talos="1.11")] == [
        "unknown-kind"
    ]


def test_a_newer_talos_is_taken_for_the_newest_that_we_know() -> None:
    """Said once."""
    outcome = patched("machine:\n  type: worker\n", "machine:\n  token: a\n", talos="v1.16.2")
    assert outcome.config.text == "machine:\n  type: worker\n  token: a\n"
    (finding,) = outcome.findings
    assert finding.code == "newer-version"
    assert finding.message.startswith("Talos v1.16.2, and the newest known is 1.14: ")


def test_talosctls_semantics_are_those_of_known_versions_only() -> None:
    """Nobody knows what a newer one does."""
    with pytest.raises(VersionError, match=r"how Talos 1\.16 writes machine configs is not known here; known: 1\.11, 1\.12, 1\.13, 1\.14"):
        patch_config("machine: {}\n", ["machine: {}\n"], talos_version="1.16", semantics="talosctl")


def test_a_wrong_type_is_an_error_all_the_same() -> None:
    """What we know, we check: all problems at once, each with its place."""
    with pytest.raises(ConfigError) as caught:
        patched("machine:\n  type: worker\n", "machine:\n  type: [a]\n  sysctls: b\n  tokne: c\n")
    assert str(caught.value).splitlines() == [
        "patch 1:2:9: machine.type: a list stands where a text belongs; and 1 more:",
        "patch 1:3:12: machine.sysctls: a text stands where a mapping belongs",
    ]


# The same document twice


def test_a_document_twice_in_a_patch_is_applied_twice() -> None:
    """In order, with a finding where talosctl would refuse it."""
    name = "apiVersion: v1alpha1\nkind: HostnameConfig\n"
    patch = f"{name}hostname: a\n---\n{name}auto: 'off'\n---\n{name}hostname: b\n"
    after = f'machine: {{}}\n---\n{name}auto: "off"\nhostname: b\n'
    assert text_of("machine: {}\n", patch) == after
    assert noticed("machine: {}\n", patch) == [("document-repeated", "HostnameConfig")]
    assert text_of("machine: {}\n", patch, talos="1.14") == after
    assert noticed("machine: {}\n", patch, talos="1.14") == []
    assert text_of(after, f"{name}hostname: b\n---\n{name}auto: 'off'\n") == after


def test_a_document_twice_in_a_config_is_an_error() -> None:
    """For a node as for us."""
    name = "apiVersion: v1alpha1\nkind: HostnameConfig\n"
    with pytest.raises(ConfigError, match=r"^base:4:1: document HostnameConfig stands here twice; keep one of them$"):
        patched(f"{name}---\n{name}hostname: a\n", "machine: {}\n")
    with pytest.raises(ChangeError, match=r"^patch 1: "):
        patched(name, "apiVersion: v1alpha1\nkind: BondConfig\nname: a\n---\napiVersion: v1alpha1\nkind: BridgeConfig\nname: a\n")


def test_a_known_kind_without_an_api_version_is_told_what_it_lacks() -> None:
    """Talos refuses it; and one of another version is not said to be meant as itself."""
    base = "machine: {}\n---\nkind: HostnameConfig\nhostname: a\n"
    (finding,) = worked(base, "machine: {token: a}").patched.findings
    assert finding.code == "unknown-kind"
    assert finding.hint == "the document says no apiVersion, and Talos refuses it: apiVersion: v1alpha1"
    (finding,) = worked(base.replace("kind", "apiVersion: v1beta1\nkind"), "machine: {token: a}").patched.findings
    assert "did you mean" not in finding.hint
