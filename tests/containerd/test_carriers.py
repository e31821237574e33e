"""The carrier table: one test a row."""

from __future__ import annotations

from textwrap import indent

import pytest

from talospatch.containerd.carriers import ROWS, Carrier, DropIn, Target, decide, describe, own_name
from talospatch.containerd.fragment import Fragment
from talospatch.containerd.metrics import Form
from talospatch.errors import FragmentError
from talospatch.machineconfig.config import MachineConfig
from talospatch.versions import TalosVersion

PART = "/etc/cri/conf.d/20-customization.part"
METRICS = Fragment.parse('[metrics]\n  address = "0.0.0.0:11234"\n', source="containerd-metrics")
OTHER = Fragment.parse('[plugins."io.containerd.nri.v1.nri"]\n  disable = false\n', source="patches/My NRI.toml")
IMAGES = '[plugins."io.containerd.cri.v1.images"]\n  discard_unpacked_layers = false\n'
TABLE, PLUGIN = "[metrics]\n  address = '1.1.1.1:1'\n", "[plugins.'io.containerd.server.v1.metrics']\n  address = '2.2.2.2:2'\n"


def config(*entries: str, **documents: str) -> MachineConfig:
    """Build a config with entries for the path, and documents by name."""
    text = "machine:\n  files:\n    - path: /var/x\n      content: y\n"
    for content in entries:
        text += f"    - path: {PART}\n      op: create\n      content: |\n" + indent(content, " " * 8)
    for name, content in documents.items():
        text += f"---\napiVersion: v1alpha1\nkind: CRICustomizationConfig\nname: {name.replace('_', '-')}\ncontent: |\n" + indent(
            content, "  "
        )
        text += "\n" * (not text.endswith("\n"))
    return MachineConfig.parse(text if text.endswith("\n") else f"{text}\n")


def decided(
    machine: MachineConfig, version: str, fragment: Fragment = METRICS, *, fleet_has_older: bool = False, name: str = ""
) -> Carrier:
    return decide(machine, TalosVersion.parse(version), fragment, fleet_has_older=fleet_has_older, name=name)


def codes(carrier: Carrier) -> list[str]:
    return [finding.code for finding in carrier.findings]


@pytest.mark.parametrize("version", ["1.11", "1.13.9", "1.14.0-alpha.2"])
def test_new_entry(version: str) -> None:
    """Up to 1.13, nothing there: one new entry, with [metrics]."""
    carrier = decided(config(), version)
    assert (carrier.code, carrier.target, carrier.name, carrier.form) == ("new-entry", Target.NEW_ENTRY, "customization", Form.TABLE)


def test_entry() -> None:
    """Up to 1.13, one entry: that one, whatever it sets."""
    carrier = decided(config(IMAGES), "1.13")
    assert (carrier.code, carrier.target, carrier.form, codes(carrier)) == ("entry", Target.ENTRY, Form.TABLE, [])
    assert carrier.holder is not None
    assert (carrier.holder.index, carrier.holder.content_path) == (1, "machine.files[1].content")


def test_entries() -> None:
    """Up to 1.13, several entries: the first, and a finding."""
    carrier = decided(config(IMAGES, TABLE), "1.13")
    assert (carrier.code, carrier.target, codes(carrier)) == ("entries", Target.ENTRY, ["duplicate-file-entry"])
    assert carrier.holder is not None
    assert carrier.holder.index == 1


@pytest.mark.parametrize("version", ["1.14.0-beta.0", "1.14", "1.15"])
def test_legacy_entry(version: str) -> None:
    """From 1.14 on, an entry that does not set metrics: that one, and a finding."""
    carrier = decided(config(IMAGES), version)
    assert (carrier.code, carrier.target, carrier.name, codes(carrier)) == (
        "legacy-entry",
        Target.ENTRY,
        "customization",
        ["files-deprecated"],
    )
    assert carrier.form is (Form.PLUGIN if version == "1.15" else Form.TABLE)


def test_legacy_entries() -> None:
    """From 1.14 on, several entries: the first, which alone is obeyed, and a finding."""
    carrier = decided(config(IMAGES, TABLE), "1.14")
    assert (carrier.code, codes(carrier)) == ("legacy-entry", ["files-deprecated", "duplicate-file-entry"])
    assert carrier.holder is not None
    assert carrier.holder.index == 1


@pytest.mark.parametrize(("content", "form"), [(TABLE, Form.TABLE), (PLUGIN, Form.PLUGIN), (TABLE + PLUGIN, Form.PLUGIN)])
def test_setting_document(content: str, form: Form) -> None:
    """From 1.14 on, a document that sets metrics: that one, in its form."""
    carrier = decided(config(IMAGES, cri_opts=content), "1.14")
    assert (carrier.code, carrier.target, carrier.name, carrier.form) == ("setting-document", Target.DOCUMENT, "cri-opts", form)


def test_setting_entry() -> None:
    """From 1.14 on, an entry that sets metrics: that one, though a document is there too."""
    carrier = decided(config(TABLE, containerd=IMAGES), "1.14")
    assert (carrier.code, carrier.target, carrier.name, carrier.form) == ("setting-entry", Target.ENTRY, "customization", Form.TABLE)


def test_of_several_that_set_metrics_the_one_that_wins_is_edited() -> None:
    """Later parts override earlier ones, and the plugin form overrides [metrics]."""
    assert decided(config(TABLE, a=TABLE, z=TABLE), "1.14").name == "z"
    assert decided(config(TABLE, a=TABLE), "1.14").name == "customization"
    assert decided(config(TABLE, customization_x=TABLE), "1.14").name == "customization"
    assert decided(config(TABLE, a=PLUGIN, z=TABLE), "1.14").name == "a"


def test_other_values_are_edited_where_they_are_set() -> None:
    """The rule is not about metrics alone."""
    nri = "[plugins.'io.containerd.nri.v1.nri']\ndisable = true\n"
    assert decided(config(IMAGES, containerd=nri), "1.14", OTHER).name == "containerd"


def test_named_document() -> None:
    """From 1.14 on, a document of the name that ours would have: that one."""
    carrier = decided(config(talospatch_metrics=IMAGES), "1.14")
    assert (carrier.code, carrier.target, carrier.form) == ("named-document", Target.DOCUMENT, Form.PLUGIN)


@pytest.mark.parametrize("version", ["1.14.0-beta.0", "1.15"])
def test_own_document(version: str) -> None:
    """From 1.14 on, nothing that sets metrics and no older node: a document of our own, in the plugin form."""
    carrier = decided(config(containerd=IMAGES), version)
    assert (carrier.code, carrier.target, carrier.name, carrier.form) == (
        "own-document",
        Target.NEW_DOCUMENT,
        "talospatch-metrics",
        Form.PLUGIN,
    )


def test_entry_for_rollback() -> None:
    """From 1.14 on, nothing there and some node older: an entry, which survives a rollback."""
    carrier = decided(config(), "1.14", fleet_has_older=True)
    assert (carrier.code, carrier.target, carrier.form, codes(carrier)) == (
        "entry-for-rollback",
        Target.NEW_ENTRY,
        Form.TABLE,
        ["fleet-has-older"],
    )


def test_plugin_form_from_1_15_on() -> None:
    """Containerd's configuration version 4 ignores [metrics], wherever it stands."""
    for machine in (config(TABLE), config(cri_opts=TABLE), config()):
        assert decided(machine, "1.15").form is Form.PLUGIN


def test_every_row_of_the_table_has_its_test() -> None:
    """Named after its code."""
    tested = {name.removeprefix("test_").replace("_", "-") for name in globals() if name.startswith("test_")}
    assert {row.code for row in ROWS} <= tested
    assert all(row.source for row in ROWS)


def test_documents_mean_nothing_to_older_nodes() -> None:
    """Such a config would not load there; we decide as if they were not."""
    assert decided(config(a=TABLE), "1.13").code == "new-entry"


@pytest.mark.parametrize(
    ("wanted", "fragment", "name"),
    [
        ("", METRICS, "talospatch-metrics"),
        ("", OTHER, "talospatch-my-nri"),
        ("enable-metrics", METRICS, "enable-metrics"),
        ("customization", METRICS, "talospatch-metrics"),
        ("not a name", OTHER, "talospatch-my-nri"),
    ],
)
def test_a_new_document_has_a_name_of_nobody_else(wanted: str, fragment: Fragment, name: str) -> None:
    """Reserved and impossible names are not taken."""
    assert decided(config(), "1.14", fragment, name=wanted).name == name


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("a/b/CDI dirs.toml", "talospatch-cdi-dirs"),
        ("bundled:x.yaml", "talospatch-x"),
        ("äö", "talospatch-fragment"),
        ("x" * 90, "talospatch-" + "x" * 40),
    ],
)
def test_names_are_made_of_what_kubernetes_allows(source: str, name: str) -> None:
    """Letters, digits and dashes, 63 at most."""
    assert own_name(source) == name


def test_a_broken_carrier_is_an_error_that_says_where() -> None:
    """And a dead duplicate that is broken disturbs nobody."""
    with pytest.raises(FragmentError, match=r"machine\.files\[1\].*already broken"):
        decided(config("[metrics\n"), "1.13")
    assert decided(config(TABLE, "[metrics\n"), "1.14").code == "setting-entry"


@pytest.mark.parametrize(
    ("machine", "version", "expected"),
    [
        (config(), "1.13", DropIn("none", None, 0, ())),
        (config(TABLE), "1.13", DropIn("entry", "1.1.1.1:1", 1, ())),
        (config(PLUGIN), "1.13", DropIn("entry", None, 1, ())),
        (config(IMAGES, TABLE), "1.13", DropIn("entries", "1.1.1.1:1", 2, ())),
        (config(IMAGES, TABLE), "1.14", DropIn("entries", None, 2, ())),
        (config(TABLE, a=PLUGIN), "1.14", DropIn("entry+documents", "2.2.2.2:2", 1, ("a",))),
        (config(a=TABLE), "1.14", DropIn("document", "1.1.1.1:1", 0, ("a",))),
        (config(a=TABLE, b=IMAGES), "1.15", DropIn("documents", None, 0, ("a", "b"))),
        (config("[metrics\n"), "1.13", DropIn("broken", None, 1, ())),
        (MachineConfig.parse("machine: null\n"), "1.13", DropIn("none", None, 0, ())),
        (MachineConfig.parse("machine: {files: null}\n"), "1.13", DropIn("none", None, 0, ())),
        (MachineConfig.parse("machine: {files: [null, 1, {path: [a]}]}\n"), "1.13", DropIn("none", None, 0, ())),
        (MachineConfig.parse(""), "1.14", DropIn("none", None, 0, ())),
    ],
)
def test_an_inventory_is_told_what_is_there(machine: MachineConfig, version: str, expected: DropIn) -> None:
    """Never an error: broken is a state."""
    assert describe(machine, TalosVersion.parse(version)) == expected
