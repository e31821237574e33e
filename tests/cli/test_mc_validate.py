"""``talospatch machineconfig validate``: every problem at once, where it stands."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from mc_samples import TOKEN, give_stdin, talospatch, worker

from talospatch.cli.run import run

MC = ("machineconfig", "validate")
ON = ("-m", "cloud", "--talos", "1.13")
BROKEN = """\
version: v1alpha1
machine:
  type: worker
  kubelet:
    imgae: x
  certSANs: 3
---
apiVersion: v1alpha1
kind: HostnameConfg
"""


@pytest.fixture(autouse=True)
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A valid configuration, one that is not, and a directory. The working directory."""
    Path(tmp_path, "good.yaml").write_text(worker("good"))
    Path(tmp_path, "bad.yaml").write_text(BROKEN)
    Path(tmp_path, "dir").mkdir()
    Path(tmp_path, "dir", "w1.yaml").write_text(worker("w1"))
    Path(tmp_path, "dir", "values.yaml").write_text("replicas: 1\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_valid_file_ends_with_0(capsys: pytest.CaptureFixture[str]) -> None:
    """What is only deprecated is a note."""
    assert run([*MC, "good.yaml", *ON]) == 0
    assert capsys.readouterr().out == (
        "good.yaml:8:13: note: machine.network.hostname is deprecated since Talos 1.12 [field-deprecated]\n"
        "  → use HostnameConfig; talospatch mc convert --to 1.13 moves it\n"
        "\n"
        "1 file for Talos v1.13 in the cloud: 1 valid; 1 note\n"
    )


def test_every_problem_is_told_with_its_place(capsys: pytest.CaptureFixture[str]) -> None:
    """In the form that compilers have, so that editors find it, with a hint where there is one."""
    assert run([*MC, "bad.yaml", *ON]) == 2
    out = capsys.readouterr().out
    assert "bad.yaml:5:5: error: machine.kubelet.imgae: unknown key 'imgae' [unknown-key]\n  → did you mean 'image'?\n" in out
    assert "bad.yaml:6:13: error: machine.certSANs: " in out
    assert "bad.yaml:9:1: error: HostnameConfg: " in out
    assert out.endswith("\n1 file for Talos v1.13 in the cloud: 1 not valid; 3 errors\n")


def test_several_files_and_directories_are_judged_in_order(capsys: pytest.CaptureFixture[str]) -> None:
    """What a directory holds beside machine configurations is passed over; -c is talosctl's way to name a file."""
    assert run([*MC, "dir", "bad.yaml", "-c", "good.yaml", *ON, "-o", "json"]) == 2
    data = json.loads(capsys.readouterr().out)
    assert (data["kind"], data["schema"], data["talos"], data["mode"], data["valid"]) == ("validation", 1, "v1.13", "cloud", False)
    assert [(file["file"], file["valid"]) for file in data["files"]] == [("dir/w1.yaml", True), ("bad.yaml", False), ("good.yaml", True)]
    assert data["files"][1]["findings"][0] == {
        "severity": "error",
        "code": "unknown-key",
        "path": "machine.kubelet.imgae",
        "line": 5,
        "column": 5,
        "message": "unknown key 'imgae'",
        "hint": "did you mean 'image'?",
    }


def test_several_processes_give_the_same() -> None:
    """In the same order."""
    for number in range(30):
        Path("dir", f"x{number}.yaml").write_text(BROKEN if number % 3 else worker("x"))
    one = talospatch(*MC, "dir", *ON, "-o", "json", cwd=Path.cwd())
    two = talospatch(*MC, "dir", *ON, "-o", "json", "-j", "2", cwd=Path.cwd())
    every = talospatch(*MC, "dir", *ON, "-o", "json", "-j", "0", cwd=Path.cwd())
    assert len(json.loads(one.stdout)["files"]) == 31
    assert (one.returncode, one.stderr) == (2, b"")
    assert (two.stdout, two.returncode, two.stderr) == (one.stdout, one.returncode, one.stderr)
    assert every.stdout == one.stdout


def test_stdin_is_a_file_too(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """As behind a renderer of templates."""
    give_stdin(monkeypatch, BROKEN)
    assert run([*MC, "-", *ON]) == 2
    assert "standard input:5:5: error: machine.kubelet.imgae: " in capsys.readouterr().out


@pytest.mark.parametrize(("level", "code"), [("error", 0), ("warning", 0), ("note", 2), ("NOTE", 2)])
def test_what_counts_as_a_problem_can_be_said(level: str, code: int) -> None:
    """A note is the least."""
    assert run([*MC, "good.yaml", *ON, "--fail-on", level]) == code


def test_a_warning_counts_where_that_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    """And is an error of Talos's own under --strict."""
    Path("warned.yaml").write_text(worker("w", "  files:\n  - {path: /var/a, op: create, permissions: 0o644, content: x}\n"))
    on = ("-m", "cloud", "--talos", "1.14")
    assert run([*MC, "warned.yaml", *on]) == 0
    assert run([*MC, "warned.yaml", *on, "--fail-on", "warning"]) == 2
    assert "warned.yaml:10:3: warning: machine.files: " in capsys.readouterr().out
    assert run([*MC, "warned.yaml", *on, "--strict"]) == 2
    assert "warned.yaml:10:3: error: machine.files: " in capsys.readouterr().out


def test_the_mode_decides(capsys: pytest.CaptureFixture[str]) -> None:
    """On metal Talos 1.13 wants to be installed."""
    assert run([*MC, "good.yaml", "-m", "cloud", "--talos", "1.13"]) == 0
    assert run([*MC, "good.yaml", "-m", "metal", "--talos", "1.13"]) == 2
    assert "on metal: 1 not valid" in capsys.readouterr().out
    assert run([*MC, "good.yaml", "-m", "container", "--talos", "1.13"]) == 2
    assert "error: machine.features.hostDNS.enabled: must be true in container mode" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["good.yaml", "--talos", "1.13"], "give -m metal|cloud|container"),
        (["good.yaml", "-m", "cloud"], "give --talos VERSION"),
        (["good.yaml", "-m", "toaster", "--talos", "1.13"], "toaster"),
        (["good.yaml", "-m", "cloud", "--talos", "1.x"], "'1.x' is not a Talos version"),
        (["good.yaml", "-m", "cloud", "--talos", "1.99"], "1.99"),
        (["-m", "cloud", "--talos", "1.13"], "name the files to validate"),
        (["-", "-c", "-", *ON], "stdin can be read once"),
        (["empty", *ON], "no machine configuration in this directory"),
    ],
)
def test_wrong_use_ends_with_1(arguments: list[str], problem: str, capsys: pytest.CaptureFixture[str]) -> None:
    """And what to do."""
    Path("empty").mkdir()
    assert run([*MC, *arguments]) == 1
    said = capsys.readouterr()
    assert said.out == ""
    assert problem in " ".join(said.err.split())


def test_a_file_that_cannot_be_read_hides_no_other(capsys: pytest.CaptureFixture[str]) -> None:
    """It is an error of its own; what is not YAML is a problem of the file."""
    Path("binary.yaml").write_bytes(b"\xff\xfe")
    Path("torn.yaml").write_text("machine: [\n")
    assert run([*MC, "nosuch.yaml", "binary.yaml", "torn.yaml", "good.yaml", *ON]) == 1
    out = capsys.readouterr().out
    assert "nosuch.yaml: there is no such file\n" in out
    assert "binary.yaml:1: byte 0xff is not UTF-8" in out
    assert "torn.yaml:2:1: error: " in out
    assert "4 files for Talos v1.13 in the cloud: 1 valid, 1 not valid, 2 could not be read" in out


def test_markdown_says_the_same_of_several_files_once(capsys: pytest.CaptureFixture[str]) -> None:
    """For a pull request."""
    Path("bad-2.yaml").write_text(BROKEN)
    assert run([*MC, "bad.yaml", "bad-2.yaml", *ON, "-o", "markdown"]) == 2
    out = capsys.readouterr().out
    assert out.startswith("### 2 files for Talos v1.13 in the cloud: 2 not valid; 6 errors\n")
    assert (
        "| error | unknown-key | machine.kubelet.imgae | bad.yaml:5:5, bad-2.yaml:5:5 | unknown key 'imgae'; did you mean 'image'? |\n"
        in out
    )
    assert out.count("\n| error |") == 3


def test_problems_fit_a_narrow_terminal(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """They wrap between words."""
    monkeypatch.setenv("COLUMNS", "50")
    assert run([*MC, "bad.yaml", *ON]) == 2
    assert max(map(len, capsys.readouterr().out.splitlines())) <= 50


def test_colours_mark_what_is_grave(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """The place stays plain, for a click."""
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert run([*MC, "bad.yaml", *ON]) == 2
    assert "bad.yaml:5:5: \x1b[31merror\x1b[0m: " in capsys.readouterr().out


@pytest.mark.parametrize("form", ["table", "json", "yaml", "markdown"])
@pytest.mark.parametrize(
    "text",
    [
        worker("w").replace("type: worker", f"type: {TOKEN}"),
        worker("w").replace(f"token: {TOKEN}", f"token: {{{TOKEN}: 1}}"),
        worker("w").replace(f"token: {TOKEN}", f"token: {TOKEN}: 1"),
        worker("w").replace("hostname", TOKEN),
    ],
)
def test_no_secret_is_shown(text: str, form: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Not even where it is what is wrong."""
    Path("s.yaml").write_text(text)
    run([*MC, "s.yaml", *ON, "-o", form])
    said = capsys.readouterr()
    assert TOKEN not in said.out + said.err
