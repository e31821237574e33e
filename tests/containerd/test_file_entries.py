"""Entries that end a boot, which nobody checks when a config is applied."""

from __future__ import annotations

import pytest

from talospatch.containerd.file_entries import entry_findings
from talospatch.machineconfig.config import MachineConfig
from talospatch.talos.finding import Severity
from talospatch.versions import TalosVersion


@pytest.mark.parametrize(
    ("entry", "code"),
    [
        ("{path: /var/x, op: create}", None),
        ("{path: /etc/nfsmount.conf, op: overwrite}", None),
        ("{path: /etc/cri/conf.d/20-customization.part, op: create}", None),
        ("{path: /etc/cri/conf.d/20-customization.part}", None),
        ("{path: /etc/cri/conf.d/20-metrics.part, op: create}", "file-create-outside-var"),
        ("{path: /etc/x, op: create}", "file-create-outside-var"),
        ("{path: /variable, op: create}", "file-create-outside-var"),
        ("{path: /var/x}", "file-op-unknown"),
        ("{path: /var/x, op: write}", "file-op-unknown"),
        ("{path: /var/cri/conf.d/metrics.toml, op: create}", "file-obsolete-path"),
        ("null", None),
    ],
)
def test_an_entry_that_stops_the_next_boot_is_found(entry: str, code: str | None) -> None:
    """An error where the change makes the node reboot, a warning where it does not."""
    config = MachineConfig.parse(f"machine: {{files: [{entry}]}}\n")
    for version, severity in (("1.13", Severity.ERROR), ("1.14", Severity.WARNING)):
        found = [(finding.code, finding.severity) for finding in entry_findings(config, TalosVersion.parse(version))]
        expected = Severity.NOTE if code == "file-obsolete-path" else severity
        assert found == ([] if code is None else [(code, expected)])


@pytest.mark.parametrize("text", ["", "machine:\n", "machine: {files: x}\n", "machine: [1]\n", "kind: X\n"])
def test_a_config_without_entries_has_nothing_wrong(text: str) -> None:
    """Whatever else stands in their place."""
    assert entry_findings(MachineConfig.parse(text), TalosVersion.parse("1.13")) == ()
