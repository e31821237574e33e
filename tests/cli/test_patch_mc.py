"""``talospatch patch machineconfig``: apply, under talosctl's name for it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from talospatch.cli.app import root
from talospatch.cli.demo import cluster as demo
from talospatch.cli.run import run
from talospatch.offline import bundled_patch
from talospatch.simulator.launch import process


def test_it_has_the_options_of_apply() -> None:
    """Being the same command."""
    group = root().get_command(None, "patch")
    ours = group.get_command(None, "machineconfig").params
    assert [option.opts for option in ours] == [option.opts for option in root().get_command(None, "apply").params]


@pytest.mark.parametrize("name", ["mc", "machineconfig", "machineconfigs"])
def test_talosctls_names_are_known(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Another resource is not."""
    assert run(["patch", name, "--help"]) == 0
    assert "--patch-file" in capsys.readouterr().out
    assert run(["patch", "nodes"]) == 1


@pytest.mark.simulator
def test_a_patch_file_is_planned_for_a_node(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """As with talosctl patch mc --patch-file."""
    patch = tmp_path / "metrics.yaml"
    patch.write_text(bundled_patch("containerd-metrics").text)
    with process(demo.spec(), ["--scale", "10"]) as running:
        monkeypatch.setenv("TALOSCONFIG", running["talosconfigs"]["admin"])
        address = next(node.address for node in demo.spec().nodes if node.name == "worker-1")
        assert run(["patch", "mc", "--patch-file", str(patch), "-n", address, "--no-drain", "--dry-run", "-o", "json"]) == 2
    plan = json.loads(capsys.readouterr().out)
    assert plan["groups"][0]["nodes"] == [address]
