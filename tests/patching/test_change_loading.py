"""Reading changes: the form tells the kind, and what is not understood says so."""

from __future__ import annotations

import io
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from talospatch.errors import ChangeError, ConfigError, FragmentError, TalosPatchError
from talospatch.machineconfig.config import MachineConfig as PureConfig
from talospatch.offline import Change, MachineConfig, bundled_patch, bundled_patches
from talospatch.patching.change import Change as PureChange
from talospatch.patching.fragment_change import FragmentStep

PART = "/etc/cri/conf.d/20-customization.part"
TOML = '[metrics]\n  address = "0.0.0.0:11234"\n'
ENTRY = (
    f'machine:\n  files:\n    - content: |\n        [metrics]\n          address = "0.0.0.0:11234"\n      path: {PART}\n      op: create\n'
)
DOCUMENT = 'apiVersion: v1alpha1\nkind: CRICustomizationConfig\nname: my-metrics\ncontent: |\n  [metrics]\n    address = "0.0.0.0:11234"\n'
BASE = MachineConfig.parse("machine:\n  type: worker\n")


@pytest.mark.parametrize(
    ("text", "source"),
    [
        (ENTRY, "p.yaml"),
        (DOCUMENT, "p.yaml"),
        (TOML, "p.toml"),
        (TOML, "inline patch"),
        (f"# c\n{TOML}", "patch 1"),
        (f"---\n{ENTRY}---\n# nothing\n", "p"),
        (f"version: v1alpha1\n{ENTRY}", "p"),
    ],
)
def test_every_form_of_a_fragment_gives_the_same(text: str, source: str) -> None:
    """YAML entry, document, TOML file, TOML text."""
    change = Change.parse(text, source=source)
    step = change.steps[0]
    assert isinstance(step, FragmentStep)
    assert step.fragment.values == {("metrics", "address"): "0.0.0.0:11234"}
    assert BASE.patch(
        change, talos="1.13"
    ).config.text == BASE.text + '  files:\n    - content: |\n        [metrics]\n          address = "0.0.0.0:11234"\n' + (
        f"      path: {PART}\n      op: create\n"
    )


def test_a_document_keeps_the_name_that_the_user_gave_it() -> None:
    """Where documents are written."""
    config = BASE.patch(Change.parse(DOCUMENT), talos="1.14").config
    assert [document.id for document in config] == ["v1alpha1", "CRICustomizationConfig/my-metrics"]


def test_several_fragments_in_one_patch_are_applied_in_order() -> None:
    """The later value counts."""
    text = ENTRY + "---\n" + DOCUMENT.replace("11234", "9")
    patched = BASE.patch(Change.parse(text), talos="1.13")
    assert patched.proof is not None
    assert patched.proof.metrics_address == "0.0.0.0:9"
    assert len(patched.config.get("machine.files")) == 1


@pytest.mark.parametrize(
    "text",
    [
        "",
        "# only words\n",
        "---\n",
        "---\n---\n# x\n",
        "null\n",
        "{}\n",
        ENTRY.replace("[metrics]", "# x").replace("  address", "# address"),
    ],
)
def test_a_patch_of_nothing_changes_nothing_and_says_so(text: str) -> None:
    """Templates may render to nothing."""
    patched = BASE.patch(Change.parse(text), talos="1.13")
    assert patched.config is BASE
    assert [finding.code for finding in patched.findings] == ["patch-empty"]
    assert patched.proof is None


@pytest.mark.parametrize(
    ("text", "place", "problem"),
    [
        (ENTRY.replace("op:", "mode:"), "machine.files[0].mode", "not a key"),
        (f"machine: {{files: [{{path: {PART}, content: [x]}}]}}\n", "machine.files[0].content", "must be text"),
        (DOCUMENT + "extra: 1\n", "CRICustomizationConfig/my-metrics:extra", "not a key"),
        ('[{"op": "add", "path": "/machine/files"}]', None, "needs 'value'"),
        ("- op: delete\n  path: /x\n", None, "no operation"),
        ("- op: remove\n  path: x\n", None, "begins with a slash"),
        ("- just words\n", None, "a mapping with op and path"),
        ("- op: remove\n  path: /x\n---\nmachine: {}\n", None, "nothing beside it"),
        ("just words\n", None, "a single value"),
        ("a: [1\n", None, "flow sequence"),
        ("a: 1\na: 2\n", None, "twice"),
    ],
)
def test_what_is_not_understood_is_refused_with_its_place(text: str, place: str | None, problem: str) -> None:
    """And what to use instead, where there is something."""
    with pytest.raises(ChangeError, match=problem) as caught:
        Change.parse(text, source="p.yaml")
    assert caught.value.source == "p.yaml"
    assert caught.value.path == place


@pytest.mark.parametrize(
    ("text", "source", "problem"),
    [
        ("[metrics\n", "p.toml", "Expected|expected"),
        ("version = 2\n", "p.toml", "must not set version"),
        (ENTRY.replace('"0.0.0.0:11234"', "0.0.0.0:11234"), "p.yaml", r"^p\.yaml:5:\d+: machine\.files\[0\]\.content: "),
        (f'machine: {{files: [{{path: {PART}, content: "[metrics]\\naddress = x"}}]}}\n', "p.yaml", r"content: line 2: "),
        (DOCUMENT.replace("[metrics]", "[metrics"), "p.yaml", r"^p\.yaml:5:11: CRICustomizationConfig/my-metrics:content: "),
        ("\ufeff[metrics]\n", "p.toml", "byte order mark"),
    ],
)
def test_a_fragment_that_no_node_could_read_is_refused(text: str, source: str, problem: str) -> None:
    """Before anything else happens."""
    with pytest.raises(FragmentError, match=problem):
        Change.parse(text, source=source)


def test_settings_replace_values_and_keep_the_text_around_them() -> None:
    """The comment stays."""
    change = Change.parse("[metrics]\n  address = '0.0.0.0:1' # mine\n  grpc_histogram = false\n", source="p.toml")
    changed = change.with_settings({"address": "[::]:9", "grpc_histogram": "true"})
    step = changed.steps[0]
    assert isinstance(step, FragmentStep)
    assert step.fragment.text == '[metrics]\n  address = "[::]:9" # mine\n  grpc_histogram = true\n'
    assert change.with_settings({"address": "0.0.0.0:1"}).steps == change.steps


@pytest.mark.parametrize(
    ("settings", "problem"),
    [
        ({"port": "1"}, "no setting 'port'; it has address, grpc_histogram"),
        ({"address": "11234"}, "not an address"),
        ({"address": "node:http"}, "not an address"),
        ({"grpc_histogram": "yes"}, "cannot be 'yes'"),
    ],
)
def test_settings_that_do_not_fit_are_refused(settings: dict[str, str], problem: str) -> None:
    """With what would."""
    with pytest.raises(ChangeError, match=problem):
        Change.parse("[metrics]\naddress = '0.0.0.0:1'\ngrpc_histogram = false\n", source="p.toml").with_settings(settings)


def test_a_removal_cannot_be_removed() -> None:
    """What it took out is not known any more."""
    removal = Change.parse(ENTRY, name="m").removal()
    assert removal.name == "remove m"
    with pytest.raises(ChangeError, match="removal already"):
        removal.removal()


def test_a_change_equals_another_of_the_same_parts() -> None:
    """And shows no values."""
    assert Change.parse(ENTRY, name="m") == PureChange.parse(ENTRY, name="m")
    assert Change.parse(ENTRY, name="m") != Change.parse(TOML.replace("11234", "1"), name="m")
    assert repr(Change.parse(ENTRY, name="m")) == "<Change m>"


def test_files_paths_stdin_and_text_are_told_apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each way of naming a change."""
    monkeypatch.chdir(tmp_path)
    Path("m.yaml").write_text(ENTRY, encoding="utf-8")
    Path("m.toml").write_text(TOML, encoding="utf-8")
    wanted = BASE.patch(Change.parse(ENTRY), talos="1.13").config
    for spec in (
        "m.yaml",
        "@m.yaml",
        "m.toml",
        str(tmp_path / "m.toml"),
        ENTRY,
        TOML,
        "bundled:containerd-metrics",
        "bundled:containerd-metrics.toml",
    ):
        assert BASE.patch(Change.load(spec), talos="1.13").config == wanted
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(ENTRY.encode())))
    assert BASE.patch(Change.load("-"), talos="1.13").config == wanted
    assert Change.load("m.yaml").name == "m.yaml"
    assert Change.load("bundled:containerd-metrics.toml").name == "containerd-metrics"


def test_a_directory_is_its_patches_in_the_order_of_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each with its own source; what else lies there is passed over."""
    monkeypatch.chdir(tmp_path)
    Path("d").mkdir()
    for name in ("b.toml", "a.yml", "c.json", "a.yaml", "README.md", ".a.yaml"):
        Path("d", name).write_text("[a]\nb = 1\n" if name.endswith("toml") else '{"machine": {}}')
    Path("d", "z.yaml").mkdir()
    for spec in ("d", "@d", "d/"):
        changes = Change.load_all(spec)
        assert [change.name for change in changes] == ["a.yaml", "a.yml", "b.toml", "c.json"]
        assert [change.source for change in changes] == ["d/a.yaml", "d/a.yml", "d/b.toml", "d/c.json"]
    assert [change.name for change in Change.load_all("d/b.toml")] == ["b.toml"]
    with pytest.raises(ChangeError, match="d: is a directory"):
        Change.load("d")
    Path("d", "d.yaml").symlink_to("nowhere")
    with pytest.raises(ChangeError, match=r"d/d\.yaml: there is no such file"):
        Change.load_all("d")
    Path("empty").mkdir()
    with pytest.raises(
        ChangeError, match=r"empty: there is no patch in this directory; they are taken from \.yaml, \.yml, \.json, \.toml files"
    ):
        Change.load_all("empty")


def test_what_is_wrong_in_a_file_says_its_whole_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also in TOML, and in TOML inside YAML, whose lines are the file's own."""
    monkeypatch.chdir(tmp_path)
    Path("d").mkdir()
    Path("d/a.toml").write_text("[a]\nb = \n")
    with pytest.raises(FragmentError, match=r"^d/a\.toml:2:5: "):
        Change.load("d/a.toml")
    Path("d/a.yaml").write_text(ENTRY.replace('"0.0.0.0:11234"', "?"))
    with pytest.raises(FragmentError, match=r"^d/a\.yaml:5:21: machine\.files\[0\]\.content: "):
        Change.load("d/a.yaml")


def test_each_empty_patch_is_noticed_by_its_name() -> None:
    """A template that rendered to nothing, and another."""
    patched = BASE.patch([Change.parse("# x\n", source="a.yaml"), Change.parse("", source="b.yaml")], talos="1.13")
    assert [finding.message.partition(":")[0] for finding in patched.findings] == ["a.yaml", "b.yaml"]


@pytest.mark.parametrize("spec", ["# nothing", "#", "  # nothing\n", "# a: b"])
def test_a_comment_given_itself_is_an_empty_patch(spec: str) -> None:
    """As one in a file is: it changes nothing, and that is noticed."""
    patched = BASE.patch(Change.load(spec), talos="1.13")
    assert patched.config.text == BASE.text
    assert [finding.code for finding in patched.findings] == ["patch-empty"]


@pytest.mark.parametrize(
    ("spec", "problem"),
    [
        ("nowhere", "neither a file nor a patch"),
        ("", "neither"),
        ("@nowhere", "no such file"),
        ("@", "directory|no such"),
        (".", "directory"),
        ("bundled:x", "no bundled patch 'x'"),
        ("bundled:../pyproject", "no bundled patch"),
        ("bundled:", "no bundled patch"),
    ],
)
def test_what_names_no_change_is_an_error(spec: str, problem: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """That lists what would."""
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ChangeError, match=problem):
        Change.load(spec)


def test_configs_are_read_from_files_and_stdin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Bytes as they are, CRLF included."""
    path = tmp_path / "w.yaml"
    path.write_bytes(b"machine:\r\n  type: worker\r\n")
    config = MachineConfig.load(path)
    assert config.text == "machine:\r\n  type: worker\r\n"
    assert (config.source, isinstance(config, PureConfig)) == (str(path), True)
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"machine: {}\n")))
    assert MachineConfig.load("-").source == "standard input"


@pytest.mark.parametrize(("data", "problem"), [(None, "no such file"), (b"\xff", "UTF-8"), (b"\x00", "not allowed")])
def test_a_config_that_cannot_be_read_is_an_error(data: bytes | None, problem: str, tmp_path: Path) -> None:
    """Whatever is wrong with it."""
    path = tmp_path / "w.yaml"
    if data is not None:
        path.write_bytes(data)
    with pytest.raises(ConfigError, match=problem):
        MachineConfig.load(path)
    with pytest.raises(ConfigError, match="directory"):
        MachineConfig.load(tmp_path)


def test_the_catalogue_describes_each_patch_once() -> None:
    """By the first comment line of its file."""
    patches = bundled_patches()
    names = [patch.name for patch in patches]
    assert names == sorted(set(names))
    assert "containerd-metrics" in names
    assert all(patch.description.endswith(".") and len(patch.description) < 130 for patch in patches)
    assert bundled_patch("containerd-metrics").file == "containerd-metrics.yaml"
    assert bundled_patch("containerd-metrics.toml").text.startswith("# Serve")


@pytest.mark.fuzz
@given(st.text(max_size=60) | st.text(st.sampled_from("machine:\n fs-[]{}=\"'ab#|"), max_size=60), st.sampled_from(["p.yaml", "p.toml"]))
def test_any_text_is_a_change_or_a_clear_error(text: str, source: str) -> None:
    """No other error escapes."""
    try:
        Change.parse(text, source=source)
    except TalosPatchError as error:
        assert str(error)
