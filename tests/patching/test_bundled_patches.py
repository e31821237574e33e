"""Every bundled patch, on every version that is written."""

from __future__ import annotations

from pathlib import Path

import pytest

from talospatch.machineconfig.config import MachineConfig
from talospatch.offline import Change, bundled_patches

NAMES = [patch.name for patch in bundled_patches()]
PATCHES = Path(__file__).parents[2] / "patches"
WORKER = MachineConfig.parse("version: v1alpha1\nmachine:\n  type: worker\ncluster: {}\n")
USED = WORKER.patch(Change.parse('[debug]\n  level = "info"\n', source="x.toml"), talos="1.13").config


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("version", ["1.11", "1.12", "1.13", "1.14.0-beta.0", "1.14", "1.15"])
@pytest.mark.parametrize("config", [WORKER, USED], ids=["new", "merged"])
@pytest.mark.parametrize("older", [False, True])
def test_it_goes_in_once_is_proven_and_comes_out(name: str, version: str, config: MachineConfig, older: bool) -> None:
    """Twice changes nothing more, and taken out nothing is left."""
    change = Change.bundled(name)
    patched = config.patch(change, talos=version, fleet_has_older=older)
    assert patched.config != config
    assert not [finding for finding in patched.findings if finding.severity == "error"]
    assert patched.config.patch(change, talos=version, fleet_has_older=older).config is patched.config
    assert patched.proof is not None
    assert patched.proof.header is not None
    assert patched.config.patch(change.removal(), talos=version).config == config


def test_the_yaml_and_the_bare_fragment_of_the_metrics_give_the_same() -> None:
    """On every version, byte for byte."""
    for version in ("1.11", "1.13", "1.14", "1.15"):
        for config in (WORKER, USED):
            one, other = (
                config.patch(Change.bundled(name), talos=version) for name in ("containerd-metrics.yaml", "containerd-metrics.toml")
            )
            assert one.config.text == other.config.text
            assert one.proof == other.proof


def test_the_index_lists_every_file() -> None:
    """And nothing that is not there."""
    index = (PATCHES / "README.md").read_text(encoding="utf-8")
    for path in PATCHES.iterdir():
        assert path.name == "README.md" or f"({path.name})" in index
    for name in NAMES:
        assert f"`{name}`" in index


def test_the_address_can_be_chosen() -> None:
    """In every form."""
    for name in ("containerd-metrics", "containerd-metrics.toml"):
        change = Change.bundled(name).with_settings({"address": "127.0.0.1:9"})
        patched = WORKER.patch(change, talos="1.14")
        assert patched.proof is not None
        assert patched.proof.metrics_address == "127.0.0.1:9"
        assert [finding.code for finding in patched.findings] == ["metrics-address-loopback"]
