"""The config as a value: documents, equality, paths, errors."""

from __future__ import annotations

import copy

import pytest
from hypothesis import given
from hypothesis import strategies as st

from talospatch.errors import ChangeError, ConfigError, VersionError
from talospatch.machineconfig.config import MachineConfig
from talospatch.machineconfig.path import ConfigPath, Selector

TEXT = """\
version: v1alpha1
machine:
  type: worker
  nodeLabels:
    example.com/pool: a
  files:
    - path: /var/a
      content: one
    - path: /etc/cri/conf.d/20-customization.part
      content: "two"
---
apiVersion: v1alpha1
kind: HostnameConfig
hostname: w1
---
apiVersion: v1alpha1
kind: CRICustomizationConfig
name: enable-metrics
content: |
  [metrics]
"""


def test_documents_are_known_by_kind_and_name() -> None:
    """The main document is called v1alpha1."""
    config = MachineConfig.parse(TEXT)
    assert [document.id for document in config] == ["v1alpha1", "HostnameConfig", "CRICustomizationConfig/enable-metrics"]
    assert len(config) == 3
    assert config.document("HostnameConfig") is config.documents[1]
    assert config.document("HostnameConfig", "x") is None
    assert [TEXT[slice(*document.span)] for document in config][1].startswith("---\napiVersion")


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("machine.type", "worker"),
        ("v1alpha1:machine.type", "worker"),
        ('machine.nodeLabels."example.com/pool"', "a"),
        ("machine.files[1].content", "two"),
        ("machine.files[-1].content", "two"),
        ("machine.files[path=/etc/cri/conf.d/20-customization.part].content", "two"),
        ('machine.files[path="/var/a"].content', "one"),
        ("HostnameConfig:hostname", "w1"),
        ("CRICustomizationConfig/enable-metrics:content", "[metrics]\n"),
        ("machine.files[2]", None),
        ("machine.files[path=/x]", None),
        ("machine.type.x", None),
        ("machine[0]", None),
        ("NoSuchConfig:x", None),
    ],
)
def test_a_path_leads_to_data(path: str, value: object) -> None:
    """By key, index, an element's own key, and document."""
    assert MachineConfig.parse(TEXT).get(path) == value


def test_a_path_without_anything_gives_the_default() -> None:
    """None unless told otherwise."""
    assert MachineConfig.parse(TEXT).get("machine.x", "y") == "y"


@pytest.mark.parametrize("path", ["machine.files[", ".machine", "machine..type", 'a."b', "a b"])
def test_what_is_no_path_is_an_error(path: str) -> None:
    """With the place of the first wrong character."""
    with pytest.raises(ConfigError, match="not a path"):
        MachineConfig.parse(TEXT).get(path)


_KEYS = st.text(st.characters(codec="utf-8", exclude_categories=["Cc"]), min_size=1, max_size=8)


@given(st.lists(st.one_of(_KEYS, st.integers(0, 9), st.builds(Selector, st.sampled_from(["path", "name"]), _KEYS)), min_size=1, max_size=4))
def test_a_written_path_reads_back(steps: list[str | int | Selector]) -> None:
    """Whatever the keys hold."""
    if not isinstance(steps[0], str):
        steps = ["a", *steps]
    path = ConfigPath("HostnameConfig", tuple(steps))
    assert ConfigPath.parse(str(path)) == path


def test_equality_goes_by_the_exact_text() -> None:
    """A comment makes another config, the source does not."""
    config = MachineConfig.parse(TEXT)
    assert config == MachineConfig.parse(TEXT, source="elsewhere")
    assert hash(config) == hash(MachineConfig.parse(TEXT))
    assert config != MachineConfig.parse(TEXT + "# x\n")
    assert config.data == TEXT.encode()


@pytest.mark.parametrize(
    "other",
    [
        TEXT + "# comment\n",
        TEXT.replace('"two"', "two"),
        TEXT.replace("\n", "\r\n"),
        "\ufeff" + TEXT,
        TEXT + "---\n",
        TEXT.replace("  type: worker\n", "").replace("machine:\n", "machine: # x\n  type: 'worker'\n"),
        "---\napiVersion: v1alpha1\nkind: HostnameConfig\nhostname: w1\n---\n"
        + TEXT.replace("apiVersion: v1alpha1\nkind: HostnameConfig\nhostname: w1\n---\n", ""),
    ],
)
def test_comments_layout_and_quoting_do_not_change_the_meaning(other: str) -> None:
    """Equivalent, so no apply is needed."""
    assert MachineConfig.parse(TEXT).equivalent(MachineConfig.parse(other))


@pytest.mark.parametrize(
    "other",
    [
        TEXT.replace("worker", "controlplane"),
        TEXT.replace("content: one", "content: 1"),
        TEXT.replace("hostname: w1", "hostname: w2"),
        TEXT.replace("kind: HostnameConfig\nhostname", "kind: HostConfig\nhostname"),
        TEXT.partition("---")[0],
    ],
)
def test_other_data_is_not_equivalent(other: str) -> None:
    """Types count too."""
    assert not MachineConfig.parse(TEXT).equivalent(MachineConfig.parse(other))


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (b"machine: \xff\n", "not UTF-8"),
        (b"\xff\xfem\x00a\x00", "not UTF-8"),
        (b"\x7fELF\x00\x01", "not allowed"),
        (b"- a\n", "must be a mapping"),
        (b"just text\n", "must be a mapping"),
        (b"a: 1\n---\n[b]\n", "must be a mapping"),
    ],
)
def test_what_is_no_config_is_refused_with_its_place(data: bytes, problem: str) -> None:
    """Binary files and lists among them."""
    with pytest.raises(ConfigError, match=problem) as caught:
        MachineConfig.parse(data, source="x.yaml")
    assert caught.value.source == "x.yaml"
    assert caught.value.line is not None


@pytest.mark.parametrize("text", ["", "# nothing\n", "---\n", "---\n---\n", "null\n", "\ufeff"])
def test_a_config_of_nothing_has_no_documents(text: str) -> None:
    """Empty documents are left out, as Talos does."""
    assert len(MachineConfig.parse(text)) == 0


def test_the_representation_holds_no_values() -> None:
    """It may end in a log."""
    config = MachineConfig.parse(TEXT, source="w.yaml")
    assert repr(config) == "<MachineConfig w.yaml: v1alpha1, HostnameConfig, CRICustomizationConfig/enable-metrics>"
    assert repr(config.documents[0]) == "<Document v1alpha1>"


def test_asking_changes_nothing() -> None:
    """Documents are values."""
    config = MachineConfig.parse(TEXT)
    before = copy.deepcopy([document.value for document in config])
    config.equivalent(MachineConfig.parse("machine: {}\n"))
    config.diff(MachineConfig.parse("machine: {}\n")).to_dict()
    assert [document.value for document in config] == before


def test_patching_without_a_change_is_an_error() -> None:
    """It is more likely a mistake than a wish."""
    with pytest.raises(ChangeError, match="no change was given"):
        MachineConfig.parse(TEXT).patch([], talos="1.13")


def test_patching_for_what_is_no_version_is_an_error() -> None:
    """Said before anything else happens."""
    with pytest.raises(VersionError):
        MachineConfig.parse(TEXT).patch([], talos="latest")


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("machine: {time: {bootTimeout: 90m}}\n", "machine: {time: {bootTimeout: 1h30m0s}}\n", True),
        ("machine: {sysctls: {a: 1}}\n", "machine: {sysctls: {a: '1'}}\n", True),
        ("machine: {certSANs: []}\n", "machine: {}\n", True),
        ("machine: {files: [{path: /a, permissions: 0644}]}\n", "machine: {files: [{path: /a, permissions: 0o644}]}\n", True),
        ("machine: {network: {kubespan: {enabled: false}}}\n", "machine: {network: {kubespan: {}}}\n", False),
        ("machine: {certSANs: [a, b]}\n", "machine: {certSANs: [b, a]}\n", False),
    ],
)
def test_with_a_version_meaning_goes_by_the_types(one: str, other: str, same: bool) -> None:
    """As Talos reads them: what is absent and its zero differ behind a pointer only."""
    assert MachineConfig.parse(one).equivalent(MachineConfig.parse(other), talos="1.13") is same
