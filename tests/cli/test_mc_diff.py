"""``talospatch machineconfig diff``: two files, or files and what patches would make of them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from mc_samples import PATCH, TOKEN, give_stdin, patched, worker

from talospatch import MachineConfig
from talospatch.cli.run import run
from talospatch.patching.api import patch_config

MC = ("machineconfig", "diff")


@pytest.fixture(autouse=True)
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Configurations that differ in some way. The working directory."""
    Path(tmp_path, "a.yaml").write_text(worker("w"))
    Path(tmp_path, "b.yaml").write_text(
        patched("w").replace('hostname: "w"', "hostname: new") + "---\napiVersion: v1alpha1\nkind: SysctlConfig\n"
    )
    Path(tmp_path, "layout.yaml").write_text(worker("w").replace("  # a comment that stays\n", "\n"))
    Path(tmp_path, "p.yaml").write_text(PATCH)
    monkeypatch.chdir(tmp_path)
    return tmp_path


TWO = """\
a.yaml → b.yaml: 3 differences

~ machine.network.hostname: w → new
+ machine.certSANs[1]: 10.0.0.2
+ SysctlConfig: {"apiVersion": "v1alpha1", "kind": "SysctlConfig"}

--- a.yaml
+++ b.yaml
"""


def test_two_files_differ_by_meaning_and_by_text(capsys: pytest.CaptureFixture[str]) -> None:
    """First the one, then the other."""
    assert run([*MC, "a.yaml", "b.yaml"]) == 2
    out = capsys.readouterr().out
    head, _, unified = out.partition("@@")
    assert sorted(head.splitlines()) == sorted(TWO.splitlines())
    assert "+  - 10.0.0.2\n" in unified
    assert '-  network: {hostname: "w"}\n' in unified
    assert "+  network: {hostname: new}\n" in unified


def test_the_same_file_is_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing more is said."""
    assert run([*MC, "a.yaml", "a.yaml"]) == 0
    assert capsys.readouterr().out == "a.yaml → a.yaml: the same, byte for byte\n"


def test_comments_and_layout_are_told_apart_from_meaning(capsys: pytest.CaptureFixture[str]) -> None:
    """The text differs all the same."""
    assert run([*MC, "a.yaml", "layout.yaml"]) == 2
    out = capsys.readouterr().out
    assert out.startswith("a.yaml → layout.yaml: the same in meaning; comments or layout differ\n\n--- a.yaml\n+++ layout.yaml\n")
    assert run([*MC, "a.yaml", "layout.yaml", "-o", "json"]) == 2
    data = json.loads(capsys.readouterr().out)
    assert (data["same_text"], data["same_meaning"], data["entries"]) == (False, True, [])


def test_one_of_two_may_be_stdin(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """As with git show; not both."""
    give_stdin(monkeypatch, worker("w"))
    assert run([*MC, "-", "a.yaml"]) == 0
    assert run([*MC, "-", "-"]) == 1
    assert "stdin can be read once" in capsys.readouterr().err


def test_json_has_both(capsys: pytest.CaptureFixture[str]) -> None:
    """With what stands there before and after."""
    assert run([*MC, "a.yaml", "b.yaml", "-o", "json"]) == 2
    data = json.loads(capsys.readouterr().out)
    assert (data["kind"], data["schema"], data["before"], data["after"]) == ("difference", 1, "a.yaml", "b.yaml")
    assert {"path": "machine.network.hostname", "kind": "changed", "before": "w", "after": "new"} in data["entries"]
    assert "+++ b.yaml\n" in data["diff"]


def test_markdown_is_for_a_pull_request(capsys: pytest.CaptureFixture[str]) -> None:
    """A table of what differs, and the text behind a click."""
    assert run([*MC, "a.yaml", "b.yaml", "-o", "markdown"]) == 2
    out = capsys.readouterr().out
    assert "| changed | machine.network.hostname | w | new |\n" in out
    assert "<details><summary>as text</summary>\n\n```diff\n--- a.yaml\n" in out


def test_colours_are_for_terminals(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Or where they are forced."""
    assert run([*MC, "a.yaml", "b.yaml"]) == 2
    plain = capsys.readouterr().out
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert run([*MC, "a.yaml", "b.yaml"]) == 2
    coloured = capsys.readouterr().out
    assert "\x1b" not in plain
    assert "\x1b[32m+  - 10.0.0.2\x1b[0m" in coloured
    assert "\x1b[33m~ machine.network.hostname:\x1b[0m w → new" in coloured


def test_sentences_and_values_fit_a_narrow_terminal(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Above the texts, whose lines are not broken."""
    monkeypatch.setenv("COLUMNS", "46")
    assert run([*MC, "a.yaml", "b.yaml"]) == 2
    head = capsys.readouterr().out.partition("--- a.yaml")[0]
    assert max(map(len, head.splitlines())) <= 46


def test_a_long_value_is_cut_in_the_list(capsys: pytest.CaptureFixture[str]) -> None:
    """The text below shows all of it."""
    Path("b.yaml").write_text(worker("w", f"  env: {{LONG: {'x' * 500}}}\n"))
    assert run([*MC, "a.yaml", "b.yaml"]) == 2
    head, _, unified = capsys.readouterr().out.partition("@@")
    assert max(map(len, head.splitlines())) < 240
    assert "x" * 500 in unified


@pytest.mark.parametrize("arguments", [["a.yaml"], ["a.yaml", "b.yaml", "layout.yaml"]])
def test_two_files_or_patches_are_needed(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """The message says which."""
    assert run([*MC, *arguments]) == 1
    assert "give two files to compare, or patches with -p" in capsys.readouterr().err


def test_a_file_that_cannot_be_read_is_an_error(capsys: pytest.CaptureFixture[str]) -> None:
    """With its place."""
    Path("broken.yaml").write_text("machine: [\n")
    assert run([*MC, "a.yaml", "broken.yaml"]) == 1
    assert capsys.readouterr().err.startswith("Error: broken.yaml:2:1: ")


# With patches


def test_patches_are_compared_as_they_would_be_applied(capsys: pytest.CaptureFixture[str]) -> None:
    """Each difference once, with the files it is for; findings below."""
    Path("many").mkdir()
    for number in (1, 2):
        Path("many", f"w{number}.yaml").write_text(worker(f"w{number}"))
    assert run([*MC, "many", "a.yaml", "-p", "p.yaml", "--talos", "1.13", "-o", "json"]) == 2
    data = json.loads(capsys.readouterr().out)
    assert data["kind"] == "comparison"
    assert [group["files"] for group in data["groups"]] == [["many/w1.yaml", "many/w2.yaml", "a.yaml"]]
    assert run([*MC, "a.yaml", "-p", "p.yaml"]) == 1
    assert "give --talos VERSION" in capsys.readouterr().err


@pytest.mark.parametrize(("semantics", "code"), [("declarative", 0), ("talosctl", 2)])
def test_semantics_are_those_that_are_asked_for(semantics: str, code: int, capsys: pytest.CaptureFixture[str]) -> None:
    """What talosctl would append again is a difference then."""
    Path("done.yaml").write_text(patched("w"))
    assert run([*MC, "done.yaml", "-p", "p.yaml", "--talos", "1.13", "--semantics", semantics]) == code
    assert ("+  - 10.0.0.2" in capsys.readouterr().out) == (semantics == "talosctl")


def test_the_canonical_style_shows_all_that_talosctl_rewrites(capsys: pytest.CaptureFixture[str]) -> None:
    """Comments go."""
    assert run([*MC, "a.yaml", "-p", "p.yaml", "--talos", "1.13", "--style", "canonical"]) == 2
    assert "-  # a comment that stays\n" in capsys.readouterr().out.replace("  -  #", "-  #")


def test_strict_is_an_error_of_the_file(capsys: pytest.CaptureFixture[str]) -> None:
    """It is not compared."""
    assert run([*MC, "a.yaml", "-p", "machine: {mystery: 1}", "--talos", "1.13", "--strict"]) == 1
    assert "inline patch:1:11: machine.mystery: a field that this Talos does not have" in capsys.readouterr().out


@pytest.mark.parametrize("form", ["table", "json", "yaml", "markdown"])
@pytest.mark.parametrize("arguments", [["b.yaml"], ["-p", "machine: {token: 123456.abcdef0123456789}", "--talos", "1.13"]])
def test_no_secret_is_shown(arguments: list[str], form: str, capsys: pytest.CaptureFixture[str]) -> None:
    """In any form, before and after; that it is another one is seen."""
    Path("b.yaml").write_text(worker("w").replace(TOKEN, "123456.abcdef0123456789"))
    assert run([*MC, "a.yaml", *arguments, "-o", form]) == 2
    said = capsys.readouterr()
    assert TOKEN not in said.out + said.err
    assert "123456.abcdef0123456789" not in said.out + said.err
    assert "[redacted" in said.out


# --as-patch


def test_a_difference_can_be_had_as_a_patch(capsys: pytest.CaptureFixture[str]) -> None:
    """Which, applied to the one, gives what the other means."""
    Path("b.yaml").write_text(Path("b.yaml").read_text().replace("SysctlConfig", "EnvironmentConfig"))
    assert run([*MC, "a.yaml", "b.yaml", "--as-patch", "--talos", "1.13"]) == 0
    patch = capsys.readouterr().out
    made = patch_config(Path("a.yaml").read_text(), [patch], talos_version="1.13")
    assert MachineConfig.parse(made).equivalent(MachineConfig.load("b.yaml"), talos="1.13")
    assert run([*MC, "a.yaml", "b.yaml", "--as-patch"]) == 1
    assert run([*MC, "a.yaml", "-p", "p.yaml", "--as-patch", "--talos", "1.13"]) == 1
    assert run([*MC, "--help"]) == 0
    assert "--as-patch" in capsys.readouterr().out


def test_the_patch_is_for_the_semantics_that_are_asked_for(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Two elements of one key: a merge of ours never makes them, talosctl's does."""
    before, after = tmp_path / "before.yaml", tmp_path / "after.yaml"
    before.write_text("machine: {type: worker}\n")
    after.write_text("machine: {type: worker, kernel: {modules: [{name: x}, {name: x}]}}\n")
    asked = [*MC, str(before), str(after), "--as-patch", "--talos", "1.14"]
    assert run(asked) == 0
    assert "- op: add" in capsys.readouterr().out
    assert run([*asked, "--semantics", "talosctl"]) == 0
    made = capsys.readouterr().out
    assert made.startswith("# For talosctl")
    assert made.count("- name: x") == 2
