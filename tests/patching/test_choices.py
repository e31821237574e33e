"""Fields of which Talos takes one: a patch that chooses another one takes the old one out, and says so."""

from __future__ import annotations

import pytest
from patching import noticed, text_of

from talospatch.machineconfig.config import MachineConfig
from talospatch.machineconfig.tables.find import MINORS
from talospatch.machineconfig.typed.schema import schema_of
from talospatch.machineconfig.validation.validate import validate_config
from talospatch.patching.api import patch_config
from talospatch.patching.choices import CHOICES
from talospatch.talos.finding import Severity

HEAD = "apiVersion: v1alpha1\nkind: {}\n"
KEYS = HEAD.format("UserVolumeConfig") + (
    "name: data\nprovisioning:\n  diskSelector:\n    match: system_disk\n  minSize: 1GB\nencryption:\n  provider: luks2\n  keys:\n"
    "    - slot: 0\n      lockToState: true\n"
)
OLD_KEYS = "machine:\n  systemDiskEncryption:\n    state:\n      provider: luks2\n      keys:\n        - slot: 0\n"
DEVICE = "machine:\n  network:\n    interfaces:\n      - interface: lan\n"
# By type: a config without a choice, and all the choices as lines.
ROWS: dict[str, tuple[str, tuple[str, ...]]] = {
    "block.EncryptionKey": (KEYS, ("static: {passphrase: a}", "nodeID: {}", "kms: {endpoint: 'https://a'}", "tpm: {}")),
    "v1alpha1.EncryptionKey": (OLD_KEYS, ("static: {passphrase: a}", "nodeID: {}", "kms: {endpoint: 'https://a'}", "tpm: {}")),
    "cri.RegistryAuthConfigV1Alpha1": (
        HEAD.format("RegistryAuthConfig") + "name: example.org\n",
        ("username: a", "identityToken: b", "auth: c"),
    ),
    "network.HostnameConfigV1Alpha1": (HEAD.format("HostnameConfig"), ("hostname: a", "auto: stable")),
    "network.TimeSyncConfigV1Alpha1": (HEAD.format("TimeSyncConfig"), ("ntp: {servers: [a]}", "ptp: {devices: [/dev/ptp0]}")),
    "v1alpha1.Device": (DEVICE, ("bond: {interfaces: [a, b], mode: 802.3ad}", "bridge: {interfaces: [a, b]}")),
}
PAIRS = [(base, old, new) for base, lines in ROWS.values() for old in lines for new in lines if old != new]


def with_line(base: str, line: str) -> str:
    """Return a config with one more line for its last mapping."""
    last = base.splitlines()[-1]
    return f"{base}{' ' * len(last[: len(last) - len(last.lstrip('- '))])}{line}\n"


def test_every_row_is_tested() -> None:
    """And its fields are those of the type, in every minor that has it."""
    assert set(ROWS) == set(CHOICES)
    for minor in MINORS:
        for name, choice in CHOICES.items():
            try:
                fields = schema_of(minor).type(name).fields
            except KeyError:
                continue
            assert {key for way in choice.ways for key in way} <= set(fields)


@pytest.mark.parametrize(("base", "old", "new"), PAIRS)
def test_the_new_choice_takes_the_place_of_the_old_one(base: str, old: str, new: str) -> None:
    """All that makes up the old one goes, what stands beside it stays, and once more changes nothing."""
    before, after = with_line(base, old), with_line(base, new)
    if old.startswith("username"):
        before = with_line(before, "password: d")
    result = text_of(before, after)
    assert MachineConfig.parse(result).equivalent(MachineConfig.parse(after), talos="1.13")
    assert text_of(result, after) == result
    key = old.partition(":")[0]
    places = [path for code, path in noticed(before, after) if code == "other-choice"]
    assert any(path.endswith(key) for path in places)


@pytest.mark.parametrize("name", [name for name in ROWS if "Encryption" not in name and "Device" not in name])
def test_talos_refuses_both(name: str) -> None:
    """Which is why the row is one. Of two kinds of key for a slot its nodes take the first; its validation does not look at that."""
    base, (old, new, *_) = ROWS[name]
    both = validate_config(with_line(with_line(base, old), new), talos_version="1.13", mode="metal")
    one = validate_config(with_line(base, new), talos_version="1.13", mode="metal")
    assert any(each.severity is Severity.ERROR for each in both)
    assert not any(each.severity is Severity.ERROR for each in one)


def test_what_may_stand_beside_it_stays() -> None:
    """``auto: off`` says nothing against a hostname; a patch with two choices says what it says; null and nothing choose nothing."""
    base, (hostname, _) = ROWS["network.HostnameConfigV1Alpha1"]
    assert text_of(with_line(base, "auto: off"), with_line(base, hostname)) == with_line(with_line(base, "auto: off"), hostname)
    assert text_of(with_line(base, hostname), with_line(base, "auto: off")) == with_line(with_line(base, hostname), 'auto: "off"')
    both = with_line(with_line(base, "auto: stable"), hostname)
    assert text_of(base, both) == both
    assert text_of(with_line(base, "auto: stable"), with_line(base, 'hostname: ""')).startswith(with_line(base, "auto: stable"))
    base, (_, node, _, tpm) = ROWS["block.EncryptionKey"]
    assert text_of(with_line(base, node), with_line(base, "tpm: null")) == with_line(base, node)
    assert "tpm" in text_of(with_line(base, tpm), base)


def test_talosctls_semantics_keep_both() -> None:
    """As talosctl does."""
    base, (hostname, auto) = ROWS["network.HostnameConfigV1Alpha1"]
    result = patch_config(with_line(base, auto), [with_line(base, hostname)], talos_version="1.13", semantics="talosctl")
    assert result == with_line(with_line(base, auto), hostname)
