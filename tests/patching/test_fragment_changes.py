"""Fragments in configs: what is written, what is said, what is to be proven."""

from __future__ import annotations

import hashlib
from textwrap import indent
from typing import TYPE_CHECKING

import pytest

from talospatch.errors import ChangeError, ConfigError, FragmentError, VersionError
from talospatch.machineconfig.config import MachineConfig
from talospatch.offline import Change

if TYPE_CHECKING:
    from talospatch.patching.patched import Patched

PART = "/etc/cri/conf.d/20-customization.part"
METRICS = Change.bundled("containerd-metrics")
DEBUG = '[debug]\n  level = "info"\n'
LINES = '[metrics]\n  address = "0.0.0.0:11234"\n'
PLUGIN = '[plugins."io.containerd.server.v1.metrics"]\n  address = "0.0.0.0:11234"\n'


def entry(content: str, op: str = "create") -> str:
    body = indent(content, " " * 8)
    return f"    - path: {PART}\n" + (f"      op: {op}\n" if op else "") + f"      permissions: 0o600\n      content: |\n{body}"


def document(name: str, content: str) -> str:
    return f"---\napiVersion: v1alpha1\nkind: CRICustomizationConfig\nname: {name}\ncontent: |\n" + "".join(
        f"  {line}\n" for line in content.splitlines()
    )


def patched(text: str, version: str, change: Change = METRICS, *, older: bool = False) -> Patched:
    return MachineConfig.parse(text).patch(change, talos=version, fleet_has_older=older)


def codes(outcome: Patched) -> list[str]:
    return [finding.code for finding in outcome.findings]


HEAD = "machine:\n  files:\n"


@pytest.mark.parametrize("op", ["overwrite", "append", "", "''"])
@pytest.mark.parametrize("version", ["1.13", "1.14"])
def test_any_other_op_is_written_as_create(op: str, version: str) -> None:
    """Overwrite and append fail the first boot with 1.14; permissions stay."""
    after = patched(HEAD + entry(LINES, op), version)
    assert after.config.get("machine.files[0].op") == "create"
    assert "permissions: 0o600" in after.config.text
    assert "op-normalised" in codes(after)


def test_up_to_1_13_several_entries_become_one() -> None:
    """The node would not have survived its next boot; the last word of each value counts."""
    text = (
        HEAD
        + entry(DEBUG)
        + "    - path: /var/x # neighbour\n      content: y\n      op: create\n"
        + entry('[debug]\n  level = "warn"\n[metrics]\n  address = "1.1.1.1:1"\n')
    )
    after = patched(text, "1.13")
    assert (
        after.config.text
        == HEAD + entry('[debug]\n  level = "warn"\n\n' + LINES) + "    - path: /var/x # neighbour\n      content: y\n      op: create\n"
    )
    assert codes(after) == ["duplicate-file-entry"]


def test_up_to_1_13_removal_leaves_at_most_one_entry() -> None:
    """Those that hold something else are merged."""
    text = HEAD + entry(DEBUG) + entry(LINES) + entry("[x]\n  y = 1\n" + LINES)
    after = patched(text, "1.13", METRICS.removal())
    assert after.config.text == HEAD + entry(DEBUG + "\n[x]\n  y = 1\n")


def test_on_1_14_dead_entries_stay_and_are_said() -> None:
    """Only their op is set right, or the next boot would fail."""
    text = HEAD + entry(DEBUG) + entry(LINES, "append")
    after = patched(text, "1.14")
    assert after.config.text == HEAD + entry(DEBUG + "\n" + LINES) + entry(LINES)
    assert codes(after) == ["files-deprecated", "duplicate-file-entry", "op-normalised"]


def test_on_1_14_removal_reaches_dead_entries_too() -> None:
    """Taking out the first would bring the second to life."""
    after = patched(HEAD + entry(LINES) + entry(LINES) + "    - path: /var/x\n", "1.14", METRICS.removal())
    assert after.config.text == HEAD + "    - path: /var/x\n"


def test_removal_reaches_every_carrier_and_both_forms() -> None:
    """Or another part's word would count from then on."""
    text = HEAD + entry(DEBUG + LINES) + document("a", PLUGIN) + document("b", DEBUG + "\n" + LINES)
    after = patched(text, "1.14", METRICS.removal())
    assert after.config.text == HEAD + entry(DEBUG) + document("b", DEBUG)
    assert after.proof is not None
    assert after.proof.metrics_address is None
    assert {part.header.rpartition(" ")[2]: part.content for part in after.proof.parts} == {
        '"customization"': DEBUG.encode(),
        '"a"': None,
        '"b"': DEBUG.encode(),
    }


@pytest.mark.parametrize(
    ("version", "before", "after"),
    [
        ("1.14", document("user", LINES.replace("11234", "1")), document("user", LINES)),
        ("1.14", document("user", PLUGIN.replace("11234", "1")), document("user", PLUGIN)),
        (
            "1.14",
            document("user", PLUGIN.replace("11234", "1") + LINES.replace("11234", "2")),
            document("user", PLUGIN + LINES.replace("11234", "2")),
        ),
        ("1.14", document("user", DEBUG), document("user", DEBUG) + document("talospatch-metrics", PLUGIN)),
        ("1.15", document("user", LINES), document("user", PLUGIN)),
        ("1.15", document("user", DEBUG + "\n" + LINES), document("user", DEBUG + "\n" + PLUGIN)),
    ],
)
def test_documents_are_edited_in_the_form_that_counts(version: str, before: str, after: str) -> None:
    """The user's own where it decides, one of ours otherwise."""
    assert patched("machine: {}\n" + before, version).config.text == "machine: {}\n" + after


def test_a_legacy_entry_gets_the_plugin_form_from_1_15_on() -> None:
    """There [metrics] is ignored silently."""
    after = patched(HEAD + entry(LINES), "1.15")
    assert after.config.text == HEAD + entry(PLUGIN)
    assert after.config.patch(METRICS, talos="1.15").config is after.config


@pytest.mark.parametrize(("version", "header"), [("1.13", f"## {PART}"), ("1.14", '## in-memory customization "customization"')])
def test_the_proof_names_the_line_with_the_contents_checksum(version: str, header: str) -> None:
    """Also when nothing had to change."""
    text = HEAD + entry(LINES)
    after = patched(text, version)
    assert after.config.text == text
    assert after.proof is not None
    assert after.proof.header == f"{header} (sha256:{hashlib.sha256(LINES.encode()).hexdigest()})"
    assert after.proof.holds(f"{after.proof.header}\n\n{LINES}")
    assert after.proof.about_metrics


@pytest.mark.parametrize("version", ["1.6", "1.10.9", "1.11.0-beta.1"])
def test_older_nodes_are_not_written(version: str) -> None:
    """They can be inspected only."""
    for change in (METRICS, METRICS.removal()):
        with pytest.raises(VersionError, match="inspected only"):
            patched("machine: {}\n", version, change)


def test_toml_1_1_waits_for_1_14() -> None:
    """An older node's reader refuses it."""
    change = Change.parse("[debug]\nt = 10:30\n", source="x.toml")
    assert "t = 10:30" in patched("machine: {}\n", "1.14", change).config.text
    with pytest.raises(FragmentError, match=r"TOML 1\.1"):
        patched("machine: {}\n", "1.13", change)


def test_a_broken_carrier_is_named_and_left_alone() -> None:
    """Repairing somebody's file is not our business."""
    with pytest.raises(FragmentError, match=r"machine\.files\[0\]:2.*already broken") as caught:
        patched(HEAD + entry("[metrics]\n[metrics]\n"), "1.13")
    assert caught.value.hint


def test_a_config_without_machine_has_no_place_for_an_entry() -> None:
    """A document of our own needs none."""
    text = "apiVersion: v1alpha1\nkind: HostnameConfig\nhostname: x\n"
    with pytest.raises(ChangeError, match="no document with machine"):
        patched(text, "1.13")
    assert patched(text, "1.14").config.text == text + document("talospatch-metrics", PLUGIN)


def test_content_given_by_alias_becomes_the_entrys_own() -> None:
    """The anchor's value stays as it is."""
    text = f'x: &c "a = 1\\n"\nmachine:\n  files:\n    - path: {PART}\n      op: create\n      content: *c\n'
    after = patched(text, "1.13")
    assert after.config.text == text.replace("*c", '"a = 1\\n\\n[metrics]\\n  address = \\"0.0.0.0:11234\\"\\n"')


def test_content_whose_anchor_is_used_elsewhere_is_refused() -> None:
    """The other place would change with it; nothing is changed."""
    text = f"machine:\n  files:\n    - path: {PART}\n      op: create\n      content: &c a = 1\nother: *c\n"
    with pytest.raises(ConfigError, match="could not be proven"):
        patched(text, "1.13")


def test_findings_are_said_once() -> None:
    """However many changes say the same."""
    outcome = MachineConfig.parse(HEAD + entry(DEBUG)).patch([METRICS, METRICS], talos="1.14")
    assert codes(outcome) == ["files-deprecated"]


def test_types_that_talos_itself_gives_otherwise_are_an_error_finding() -> None:
    """The node could not merge the parts."""
    outcome = patched(
        "machine: {}\n", "1.13", Change.parse("plugins.'io.containerd.cri.v1.images'.discard_unpacked_layers = 'x'\n", source="x.toml")
    )
    assert [(finding.severity, finding.code) for finding in outcome.findings] == [("error", "toml-type-conflict")]


def test_no_value_of_a_drop_in_is_in_any_representation() -> None:
    """It may hold a registry's password."""
    change = Change.parse("[a]\npassword = 's3cret-value'\n", source="x.toml")
    outcome = patched("machine: {}\n", "1.14", change)
    assert "s3cret" not in f"{outcome!r}{change!r}{change.steps!r}{outcome.proof!r}{outcome.findings!r}"
    diff = MachineConfig.parse("machine: {}\n").diff(outcome.config)
    assert "s3cret" not in f"{diff.unified()}{diff.entries!r}{diff.to_dict()}"
