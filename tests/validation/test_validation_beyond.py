"""What the reference does not check: files, drop-ins, secrets on a worker, deprecations."""

from __future__ import annotations

import pytest

from talospatch.patching.validation import validate_config
from talospatch.talos.finding import Finding, Severity

PART = "/etc/cri/conf.d/20-customization.part"
HEAD = "version: v1alpha1\nmachine:\n  type: worker\n  ca:\n    crt: YQ==\n  install:\n    disk: /dev/vda\n"
CLUSTER = "cluster:\n  controlPlane:\n    endpoint: https://10.0.0.1:6443\n"


def findings(machine: str = "", *, cluster: str = "", more: str = "", minor: str = "1.13") -> dict[str, Finding]:
    found = validate_config(HEAD + machine + CLUSTER + cluster + more, mode="metal", talos_version=minor)
    assert all(finding.severity is not Severity.ERROR for finding in found), found
    return {finding.code: finding for finding in found}


def _all(machine: str) -> list[Finding]:
    return validate_config(HEAD + machine + CLUSTER, mode="metal", talos_version="1.14")


def entry(path: str, op: str, content: str = "a = 1") -> str:
    return f"    - path: {path}\n      op: {op}\n      permissions: 0o644\n      content: '{content}'\n"


def test_a_clean_config_has_nothing_to_say() -> None:
    assert findings() == {}


def test_an_entry_that_stops_the_next_boot_is_a_warning() -> None:
    found = findings("  files:\n" + entry("/etc/app.conf", "create") + entry("/var/a", "nope"))
    assert found["file-create-outside-var"].path == "machine.files[0]"
    assert found["file-op-unknown"].path == "machine.files[1].op"
    assert found["file-op-unknown"].message.startswith("line 14:7: ")


@pytest.mark.parametrize(("path", "op", "said"), [("/var/a", "create", True), ("/var/a", "append", False), (PART, "create", True)])
def test_a_path_given_twice_is_a_warning_unless_it_appends(path: str, op: str, said: bool) -> None:
    found = findings("  files:\n" + entry(path, "create") + entry(path, op))
    assert ("duplicate-file-entry" in found) is said


def test_broken_toml_is_a_warning_in_both_carriers() -> None:
    assert findings("  files:\n" + entry(PART, "create", "a = = 1"))["toml-broken"].path == "machine.files[0].content"
    document = "---\napiVersion: v1alpha1\nkind: CRICustomizationConfig\nname: mine\ncontent: 'a = = 1'\n"
    assert findings(more=document, minor="1.14")["toml-broken"].path == "CRICustomizationConfig/mine:content"


def test_a_secret_of_the_control_plane_on_a_worker_is_a_warning_without_the_secret() -> None:
    found = findings(cluster="  secretboxEncryptionSecret: c2VjcmV0LXZhbHVl\n")["secret-on-worker"]
    assert (found.severity, found.path) == (Severity.WARNING, "cluster.secretboxEncryptionSecret")
    assert "c2VjcmV0" not in found.message + found.hint


def test_deprecations_are_notes_from_their_minor_on() -> None:
    machine = "  network:\n    hostname: a\n"
    assert "field-deprecated" not in findings(machine, minor="1.11")
    found = findings(machine, minor="1.12")["field-deprecated"]
    assert (found.severity, found.path) == (Severity.NOTE, "machine.network.hostname")
    assert "HostnameConfig" in found.hint


@pytest.mark.parametrize(
    "nothing", ["registries: {}", "registries: {mirrors: {}}", "udev: {rules: []}", "pods: []", "time:", "sysctls: {}"]
)
def test_a_deprecated_field_that_sets_nothing_is_nothing_to_speak_of(nothing: str) -> None:
    """talosctl gen config writes such fields, and there is nothing to move."""
    deprecated = [finding.path for finding in _all(f"  {nothing}\n") if finding.code == "field-deprecated"]
    assert deprecated == ["machine.install"]


@pytest.mark.parametrize("something", ["registries: {mirrors: {a: {}}}", "nodeLabels: {a: ''}", "network: {disableSearchDomain: false}"])
def test_a_deprecated_field_that_sets_an_empty_value_is_a_note(something: str) -> None:
    """A mirror without endpoints, a label without a value, and false are something."""
    assert len([finding for finding in _all(f"  {something}\n") if finding.code == "field-deprecated"]) == 2


def test_a_text_that_cannot_be_read_has_the_errors_alone() -> None:
    (found,) = validate_config("machine: [", mode="metal", talos_version="1.13", source="a.yaml")
    assert found.severity is Severity.ERROR
    assert found.message.startswith("a.yaml:")


@pytest.mark.parametrize("around", ["state", "ephemeral"])
def test_a_second_kind_of_key_in_a_slot_is_a_warning(around: str) -> None:
    keys = "      keys:\n        - slot: 0\n          tpm: {}\n        - slot: 1\n          tpm: {}\n          nodeID: {}\n"
    found = findings(f"  systemDiskEncryption:\n    {around}:\n      provider: luks2\n" + keys)
    assert found["encryption-key-ignored"].path == f"machine.systemDiskEncryption.{around}.keys[1].tpm"
    assert "the node takes nodeID" in found["encryption-key-ignored"].message
    volume = "---\napiVersion: v1alpha1\nkind: VolumeConfig\nname: EPHEMERAL\nencryption:\n  provider: luks2\n  keys:\n"
    found = findings(more=volume + "    - {slot: 0, tpm: {}, kms: {endpoint: 'https://a'}}\n")
    assert found["encryption-key-ignored"].path == "VolumeConfig/EPHEMERAL:encryption.keys[0].tpm"
    assert "encryption-key-ignored" not in findings(more=volume + "    - {slot: 0, tpm: {}, kms: null}\n")
