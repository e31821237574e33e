"""The shapes in which people keep this file in their configs: ours goes in and comes out, theirs stays."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from talospatch.machineconfig.config import MachineConfig
from talospatch.offline import Change

PART = "/etc/cri/conf.d/20-customization.part"
METRICS = Change.bundled("containerd-metrics")
HEAD = "version: v1alpha1 # of the machine\nmachine:\n  type: worker\n  kubelet: {} # default\n"
TAIL = "  # network comes last\n  network:\n    hostname: w1\ncluster:\n  clusterName: c\n"


def _shapes() -> dict[str, str]:
    parts = (Path(__file__).parent / "wild_drop_ins.txt").read_text(encoding="utf-8").split("=== ")[1:]
    return {name: body for name, _, body in (part.partition("\n") for part in parts)}


SHAPES = _shapes()
SETS_METRICS = {"metrics alone, content first, op last", "metrics there already, listed after another entry"}
# Written anew when the content changes, in a form that holds it: a folded block as a literal one, folded quotes on one line.
REWRITTEN = {"folded block", "folded double quotes of PyYAML", "single quotes", "plain scalar", "inline metrics table"}
EMPTY = {"empty list", "null", "empty value"}  # the key goes when its last element goes


@pytest.mark.parametrize("name", SHAPES)
@pytest.mark.parametrize("version", ["1.11", "1.13", "1.14", "1.15"])
@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_ours_goes_in_and_theirs_stays(name: str, version: str, line_end: str, mark: str) -> None:
    """Every other value is as it was, every other line too, and twice changes nothing more."""
    files = SHAPES[name].replace("\n", line_end)
    text = mark + HEAD.replace("\n", line_end) + files + TAIL.replace("\n", line_end)
    before = MachineConfig.parse(text)
    patched = before.patch(METRICS, talos=version, fleet_has_older=True)
    after = patched.config
    assert after.patch(METRICS, talos=version, fleet_has_older=True).config is after
    assert patched.proof is not None
    assert patched.proof.metrics_address == "0.0.0.0:11234"
    assert not [finding for finding in patched.findings if finding.code == "edit-widened"]
    assert _others(after) == _others(before)
    new, old = _leaves(_content(after)), _leaves(_content(before))
    kept = {keys: value for keys, value in old.items() if keys[0] != "metrics"}
    assert {keys: value for keys, value in new.items() if keys in kept} == kept
    if line_end == "\r\n":
        assert "\n" not in after.text.replace("\r\n", "")
    outside = [line for line in text.split(line_end) if line.strip() and line not in files.split(line_end)]
    assert [line for line in after.text.split(line_end) if line in outside] == outside


@pytest.mark.parametrize("name", SHAPES)
@pytest.mark.parametrize("version", ["1.13", "1.14"])
@pytest.mark.parametrize("older", [False, True])
@pytest.mark.parametrize("place", ["in the middle", "at the end", "at the end, without a line end"])
def test_taking_it_out_gives_back_the_same_bytes(name: str, version: str, older: bool, place: str) -> None:
    """Where the values were not there before: the text itself, except where the list or its scalar cannot be written back as it was."""
    if name in SETS_METRICS:
        pytest.skip("there is something to take out before")
    text = HEAD + SHAPES[name] + (TAIL if place == "in the middle" else "")
    if place.endswith("without a line end"):
        text = text.rstrip("\n")
    before = MachineConfig.parse(text)
    there = before.patch(METRICS, talos=version, fleet_has_older=older).config
    assert there.text != before.text
    back = there.patch(METRICS.removal(), talos=version).config
    if name in REWRITTEN:
        assert back.equivalent(before)
    elif name in EMPTY and (version == "1.13" or older):
        assert back.get("machine.files") is None
    elif place.endswith("without a line end"):
        assert back.text.rstrip("\n") == text or back.equivalent(before)
    else:
        assert back.text == text


@pytest.mark.parametrize("version", ["1.13", "1.14"])
def test_removing_the_last_of_it_removes_the_whole_entry(version: str) -> None:
    """Never an empty content, which would not survive a boot before 1.10.4."""
    text = HEAD + SHAPES["metrics alone, content first, op last"] + TAIL
    back = MachineConfig.parse(text).patch(METRICS.removal(), talos=version)
    assert back.config.text == HEAD + TAIL
    assert [finding.code for finding in back.findings] == ["removed-other-value"]
    assert back.proof is not None
    assert [part.content for part in back.proof.parts] == [None]


def test_removing_what_is_not_there_changes_nothing() -> None:
    """And says so."""
    config = MachineConfig.parse(HEAD + SHAPES["empty array"] + TAIL)
    patched = config.patch(METRICS.removal(), talos="1.13")
    assert patched.config is config
    assert [finding.code for finding in patched.findings] == ["nothing-to-remove"]


def _content(config: MachineConfig) -> str:
    content = config.get(f"machine.files[path={PART}].content", "")
    assert isinstance(content, str)
    return content


def _leaves(content: str) -> dict[tuple[str, ...], object]:
    def walk(data: dict[str, object], above: tuple[str, ...]) -> dict[tuple[str, ...], object]:
        found: dict[tuple[str, ...], object] = {}
        for key, value in data.items():
            found |= walk(value, (*above, key)) if isinstance(value, dict) else {(*above, key): value}
        return found

    return walk(tomllib.loads(content), ())


def _others(config: MachineConfig) -> object:
    """Return the config's data without the entry."""
    machine = dict(config.get("machine"))
    machine["files"] = [entry for entry in machine.get("files") or [] if entry["path"] != PART]
    return {**config.documents[0].value, "machine": machine}
