"""``talospatch machineconfig patch``: to stdout, to files, in place, and only looking."""

from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from mc_samples import PATCH, TOKEN, give_stdin, patched, talospatch, worker

from talospatch.cli.run import run
from talospatch.patching.api import patch_config

ON = ("--talos", "1.13")
MC = ("machineconfig", "patch")


@pytest.fixture
def configs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two workers to change, one as wanted, what is none, and patches. The working directory."""
    Path(tmp_path, "configs").mkdir()
    for number in (1, 2):
        Path(tmp_path, "configs", f"worker-{number}.yaml").write_text(worker(f"worker-{number}"))
    Path(tmp_path, "configs", "worker-3.yaml").write_text(patched("worker-3"))
    Path(tmp_path, "configs", "kustomization.yaml").write_text("kind: Kustomization\nresources: []\n")
    Path(tmp_path, "configs", ".hidden.yaml").write_text("][")
    Path(tmp_path, "p.yaml").write_text(PATCH)
    monkeypatch.chdir(tmp_path)
    return tmp_path / "configs"


def texts(directory: Path) -> dict[str, str]:
    """Return every file of a directory with its text."""
    return {str(path.relative_to(directory)): path.read_text() for path in sorted(directory.rglob("*")) if path.is_file()}


# One file


@pytest.mark.usefixtures("configs")
def test_one_file_is_patched_to_stdout_byte_for_byte(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    """As talosctl does it; nothing of our own is between the bytes, and comments stay."""
    assert run([*MC, "configs/worker-1.yaml", "-p", "@p.yaml", *ON]) == 0
    said = capfdbinary.readouterr()
    assert said == (patched("worker-1").encode(), b"")
    assert Path("configs/worker-1.yaml").read_text() == worker("worker-1")


@pytest.mark.usefixtures("configs")
def test_the_short_name_is_the_same_command(capsys: pytest.CaptureFixture[str]) -> None:
    """As talosctl has it."""
    assert run(["mc", "patch", "configs/worker-1.yaml", "-p", "p.yaml", *ON]) == 0
    assert capsys.readouterr().out == patched("worker-1")


@pytest.mark.parametrize(
    "text",
    [worker("w").replace("\n", "\r\n"), "\ufeff" + worker("w"), worker("w").rstrip("\n"), worker("w", "  # Zürich, 東京 🙂\n")],
    ids=["CRLF", "BOM", "no line end", "more than ASCII"],
)
def test_bytes_come_through_a_pipe_as_they_are(tmp_path: Path, text: str) -> None:
    """Whatever the locale's encoding, and what the file ends with."""
    Path(tmp_path, "w.yaml").write_bytes(text.encode())
    done = talospatch(*MC, "w.yaml", "-p", PATCH, *ON, cwd=tmp_path, LC_ALL="C", PYTHONUTF8="0", PYTHONCOERCECLOCALE="0")
    assert done.stderr == b""
    assert done.stdout.decode() == patch_config(text, [PATCH], talos_version="1.13")
    assert done.stdout != text.encode()


@pytest.mark.parametrize("target", ["out.yaml", "new/deep/out.yaml"])
@pytest.mark.usefixtures("configs")
def test_one_file_is_patched_to_another(target: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Whose directory is made; it may be read by nobody who may not read the first."""
    Path("configs/worker-1.yaml").chmod(0o640)
    assert run([*MC, "configs/worker-1.yaml", "-p", "p.yaml", *ON, "-o", target]) == 0
    assert capsys.readouterr() == ("", "")
    assert Path(target).read_text() == patched("worker-1")
    assert Path(target).stat().st_mode & 0o777 == 0o640


def test_stdin_to_a_file_is_private(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine configuration holds secrets."""
    give_stdin(monkeypatch, worker("w"))
    assert run([*MC, "-", "-p", PATCH, *ON, "-o", str(tmp_path / "out.yaml")]) == 0
    assert (tmp_path / "out.yaml").read_text() == patched("w")
    assert (tmp_path / "out.yaml").stat().st_mode & 0o777 == 0o600


def test_stdin_may_be_the_file_or_the_patch(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """Not both."""
    Path(tmp_path, "w.yaml").write_text(worker("w"))
    give_stdin(monkeypatch, worker("w"))
    assert run([*MC, "-", "-p", PATCH, *ON]) == 0
    assert capsys.readouterr().out == patched("w")
    for option in ("-p", "--patch-file"):
        give_stdin(monkeypatch, PATCH)
        assert run([*MC, str(tmp_path / "w.yaml"), option, "-", *ON]) == 0
        assert capsys.readouterr().out == patched("w")
        assert run([*MC, "-", option, "-", *ON]) == 1
        assert "stdin can be read once" in capsys.readouterr().err


def test_the_output_may_be_a_device(tmp_path: Path) -> None:
    """It is written to, not replaced."""
    Path(tmp_path, "w.yaml").write_text(worker("w"))
    done = talospatch(*MC, "w.yaml", "-p", PATCH, *ON, "-o", "/dev/stdout", cwd=tmp_path)
    assert (done.returncode, done.stdout.decode()) == (0, patched("w"))
    os.mkfifo(tmp_path / "pipe")
    with ThreadPoolExecutor(1) as reader:
        text = reader.submit((tmp_path / "pipe").read_text)
        assert talospatch(*MC, "w.yaml", "-p", PATCH, *ON, "-o", "pipe", cwd=tmp_path).returncode == 0
        assert text.result(60) == patched("w")


# Several files


@pytest.mark.usefixtures("configs")
@pytest.mark.parametrize("files", [["configs"], ["configs/worker-1.yaml", "configs/worker-2.yaml"]])
def test_several_files_do_not_fit_on_stdout(files: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """A directory is several, however many it holds today."""
    assert run([*MC, *files, "-p", "p.yaml", *ON]) == 1
    said = capsys.readouterr()
    assert said.out == ""
    assert "-i" in said.err
    assert "-o DIRECTORY" in said.err


def test_files_are_changed_in_place_and_others_are_not_touched(configs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Neither their content nor their time; what is no machine configuration is passed over."""
    before = {path.name: path.stat() for path in configs.iterdir()}
    assert run([*MC, "configs", "-p", "p.yaml", *ON, "-i"]) == 0
    assert capsys.readouterr() == ("", "p.yaml on 3 files for Talos v1.13: 2 changed, 1 as wanted already\n\n" + CHANGED)
    after = {path.name: path.stat() for path in configs.iterdir()}
    assert before.keys() == after.keys()
    untouched = {
        name for name in before if (before[name].st_mtime_ns, before[name].st_ino) == (after[name].st_mtime_ns, after[name].st_ino)
    }
    assert untouched == {"worker-3.yaml", "kustomization.yaml", ".hidden.yaml"}
    assert texts(configs)["worker-2.yaml"] == patched("worker-2")


CHANGED = """\
Changed: configs/worker-1.yaml, configs/worker-2.yaml

note element-present machine.certSANs · configs/worker-3.yaml
  an element that the list has already: talosctl appends it again, at every apply; talospatch leaves
  the list as it is
"""


def test_applied_again_nothing_changes(configs: Path) -> None:
    """That is what declarative means."""
    assert run([*MC, "configs", "-p", "p.yaml", *ON, "-i"]) == 0
    once = texts(configs)
    assert run([*MC, "configs", "-p", "p.yaml", *ON, "--check"]) == 0
    assert run([*MC, "configs", "-p", "p.yaml", *ON, "-i"]) == 0
    assert texts(configs) == once


def test_check_lists_what_would_change_and_writes_nothing(configs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """For a job that is to fail then."""
    before = texts(configs)
    assert run([*MC, "configs", "-p", "p.yaml", *ON, "--check"]) == 2
    said = capsys.readouterr()
    assert said.out == "configs/worker-1.yaml\nconfigs/worker-2.yaml\n"
    assert said.err.startswith("p.yaml on 3 files for Talos v1.13: 2 to change, 1 as wanted already\n")
    assert texts(configs) == before
    assert run([*MC, "configs/worker-3.yaml", "-p", "p.yaml", *ON, "--check"]) == 0


@pytest.mark.usefixtures("configs")
def test_results_go_into_a_directory_as_they_lie_in_theirs(capsys: pytest.CaptureFixture[str]) -> None:
    """All of them, also those that nothing changes; what is there already is not touched."""
    Path("configs/site-a").mkdir()
    Path("configs/site-a/worker-9.yaml").write_text(worker("worker-9"))
    assert run([*MC, "configs", "-p", "p.yaml", *ON, "-o", "out"]) == 0
    assert texts(Path("out")) == {
        **{f"worker-{number}.yaml": patched(f"worker-{number}") for number in (1, 2, 3)},
        "site-a/worker-9.yaml": patched("worker-9"),
    }
    assert texts(Path("configs"))["worker-1.yaml"] == worker("worker-1")
    said = capsys.readouterr().err.split("\n\n")[:2]
    assert said[0] == "p.yaml on 4 files for Talos v1.13: 3 patched, 1 as wanted already"
    assert set(said[1].removeprefix("Written: ").split(", ")) == {str(Path("out", name)) for name in texts(Path("out"))}
    before = {path: path.stat().st_ino for path in Path("out").rglob("*.yaml")}
    assert run([*MC, "configs", "-p", "p.yaml", *ON, "-o", "out"]) == 0
    assert {path: path.stat().st_ino for path in Path("out").rglob("*.yaml")} == before
    assert capsys.readouterr().err.split("\n\n")[1] == "Nothing written: out has all of it already."


@pytest.mark.usefixtures("configs")
def test_one_file_goes_into_a_directory_under_its_name() -> None:
    """As cp does it: a directory that is there, or a name that ends with a slash."""
    Path("there").mkdir()
    for output in ("there", "new/"):
        assert run([*MC, "configs/worker-1.yaml", "-p", "p.yaml", *ON, "-o", output]) == 0
        assert texts(Path(output)) == {"worker-1.yaml": patched("worker-1")}


@pytest.mark.usefixtures("configs")
@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["configs", "-i", "--check"], "exclude each other"),
        (["configs", "-i", "-o", "out"], "exclude each other"),
        (["-", "configs", "-i"], "stdin cannot be changed in place"),
        (["-", "configs", "-o", "out"], "stdin has no name"),
        (["configs", "-o", "p.yaml"], "p.yaml: is a file, and there are several results"),
        (["configs", "copy/worker-1.yaml", "-o", "out"], "configs/worker-1.yaml and copy/worker-1.yaml would both be written to it"),
        (["empty", "-i"], "empty: no machine configuration in this directory"),
        (["configs", "empty", "--check"], "empty: no machine configuration in this directory"),
    ],
)
def test_what_cannot_be_meant_is_wrong_use(arguments: list[str], problem: str, configs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Said before anything is written."""
    Path("copy").mkdir()
    Path("copy/worker-1.yaml").write_text(worker("copy"))
    Path("empty").mkdir()
    Path("empty/values.yaml").write_text("replicas: 1\n")
    before = texts(configs)
    assert run([*MC, *arguments, "-p", "p.yaml", *ON]) == 1
    assert problem in " ".join(capsys.readouterr().err.split())
    assert texts(configs) == before
    assert not Path("out").exists()


@pytest.mark.usefixtures("configs")
@pytest.mark.parametrize(("output", "problem"), [("p.yaml/x.yaml", "Not a directory"), ("n" * 300, "File name too long")])
def test_a_place_that_cannot_be_is_an_error(output: str, problem: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Said with the system's words."""
    assert run([*MC, "configs/worker-1.yaml", "-p", "p.yaml", *ON, "-o", output]) == 1
    assert f"{output}: cannot be written: {problem}" in capsys.readouterr().err


def test_nothing_below_a_directory_is_passed_over_in_silence(configs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """But for what is hidden: a link that leads nowhere is an error."""
    Path(configs, ".git").mkdir()
    Path(configs, ".git", "x.yaml").write_text("][")
    Path(configs, "site").mkdir()
    Path(configs, "site", "gone.yaml").symlink_to("nowhere")
    assert run([*MC, "configs", "-p", "p.yaml", *ON, "--check"]) == 1
    err = capsys.readouterr().err
    assert "2 to change, 1 as wanted already, 1 could not be patched" in err
    assert "configs/site/gone.yaml: there is no such file" in err


def test_a_link_and_what_it_leads_to_are_one_file(configs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Or talosctl's semantics would append twice."""
    Path(configs, "alias.yaml").symlink_to("worker-1.yaml")
    assert run([*MC, "configs", "-p", "p.yaml", *ON, "-i", "--semantics", "talosctl"]) == 0
    assert Path(configs, "worker-1.yaml").read_text().count("10.0.0.2") == 1
    assert Path(configs, "alias.yaml").is_symlink()
    assert "on 3 files" in capsys.readouterr().err


def test_a_file_that_cannot_be_patched_does_not_keep_the_others_from_it(configs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Each error has its place; what is broken stays as it is, and the job fails."""
    Path(configs, "worker-0.yaml").write_text("machine: [\n")
    Path(configs, "worker-4.yaml").write_text(worker("worker-4").replace(":\n  - 10.0.0.1   # in place", ": 3"))
    assert run([*MC, "configs", "nosuch.yaml", "-p", "p.yaml", *ON, "-i"]) == 1
    err = capsys.readouterr().err
    assert "2 changed, 1 as wanted already, 3 could not be patched" in err
    assert "configs/worker-0.yaml:2:1: " in err
    assert "configs/worker-4.yaml:6:13: machine.certSANs: " in err
    assert "nosuch.yaml: there is no such file" in err
    assert texts(configs)["worker-0.yaml"] == "machine: [\n"
    assert texts(configs)["worker-2.yaml"] == patched("worker-2")


@pytest.mark.usefixtures("configs")
def test_what_is_wrong_with_the_patch_is_said_once(capsys: pytest.CaptureFixture[str]) -> None:
    """With its place in the patch, and the files it is wrong for."""
    Path("bad.yaml").write_text("machine:\n  kubelet:\n    image: [x]\n")
    assert run([*MC, "configs", "-p", "bad.yaml", *ON, "-i"]) == 1
    err = " ".join(capsys.readouterr().err.split())
    files = "configs/worker-1.yaml, configs/worker-2.yaml, configs/worker-3.yaml"
    assert err.count("a list stands where a text belongs") == 1
    assert f"{files}: bad.yaml:3:12: machine.kubelet.image: a list stands where a text belongs" in err


# The change


@pytest.mark.usefixtures("configs")
def test_the_version_is_needed(capsys: pytest.CaptureFixture[str]) -> None:
    """A file does not say it, and what is written depends on it."""
    assert run([*MC, "configs/worker-1.yaml", "-p", "p.yaml"]) == 1
    assert capsys.readouterr().err == "Error: a file does not say which Talos it is for; give --talos VERSION, as --talos 1.13\n"


@pytest.mark.usefixtures("configs")
@pytest.mark.parametrize(("version", "problem"), [("1.x", "not a Talos version"), ("1.9", "written from 1.11 on")])
def test_a_version_that_cannot_be_written_says_so(version: str, problem: str, capsys: pytest.CaptureFixture[str]) -> None:
    """One that is none, and one that is too old."""
    assert run([*MC, "configs/worker-1.yaml", "-p", "p.yaml", "--talos", version]) == 1
    said = capsys.readouterr()
    assert (said.out, problem in said.err) == ("", True)


def test_a_directory_of_patches_is_its_files_in_the_order_of_names(configs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """YAML, JSON and TOML; each is called by its own name."""
    patches = configs.parent / "patches"
    patches.mkdir()
    Path(patches, "10-a.json").write_text('[{"op": "add", "path": "/machine/nodeLabels", "value": {"a": "first", "b": "first"}}]')
    Path(patches, "20-b.yaml").write_text("machine: {nodeLabels: {b: second}}\n")
    Path(patches, "30-c.toml").write_text("[metrics]\n  address = '0.0.0.0:11234'\n")
    Path(patches, "40-d.yml").write_text("# rendered to nothing\n")
    Path(patches, "README.md").write_text("machine: {type: controlplane}\n")
    Path(patches, ".hidden.yaml").write_text("][")
    for spec in ("patches", "@patches/"):
        assert run([*MC, "configs/worker-1.yaml", "-p", spec, *ON]) == 0
        said = capsys.readouterr()
        assert "a: first\n" in said.out
        assert "b: second\n" in said.out
        assert "[metrics]\n" in said.out
        assert "type: worker\n" in said.out
        assert "note patch-empty" in said.err
        assert "patches/40-d.yml: a patch with nothing in it" in said.err
    Path(patches, "30-c.toml").write_text("[metrics\n")
    assert run([*MC, "configs/worker-1.yaml", "-p", "patches", *ON]) == 1
    assert capsys.readouterr().err.startswith("Error: patches/30-c.toml:1:9: ")


@pytest.mark.usefixtures("configs")
def test_patches_are_applied_in_order_those_of_files_last(capsys: pytest.CaptureFixture[str]) -> None:
    """As talosctl has it."""
    Path("f.yaml").write_text("machine: {nodeLabels: {a: file}}\n")
    arguments = ["--patch-file", "f.yaml", "-p", "machine: {nodeLabels: {a: first, b: x}}", "-p", "machine: {nodeLabels: {b: second}}"]
    assert run([*MC, "configs/worker-1.yaml", *arguments, *ON]) == 0
    out = capsys.readouterr().out
    assert "a: file" in out
    assert "b: second" in out


@pytest.mark.usefixtures("configs")
def test_a_bundled_patch_takes_settings_and_can_be_taken_out(capsys: pytest.CaptureFixture[str]) -> None:
    """As on a cluster; the oldest version of the fleet decides what carries it."""
    bundled = ("-p", "bundled:containerd-metrics")
    assert run([*MC, "configs/worker-1.yaml", *bundled, "--set", "address=10.0.0.1:9000", "--talos", "1.14", "-o", "with.yaml"]) == 0
    assert 'address = "10.0.0.1:9000"' in Path("with.yaml").read_text()
    assert "kind: CRICustomizationConfig" in Path("with.yaml").read_text()
    assert run([*MC, "with.yaml", *bundled, "--remove", "--talos", "1.14"]) == 0
    assert capsys.readouterr().out == worker("worker-1")
    assert run([*MC, "configs/worker-1.yaml", *bundled, "--talos", "1.14", "--oldest", "1.13"]) == 0
    said = capsys.readouterr()
    assert "path: /etc/cri/conf.d/20-customization.part" in said.out
    assert "fleet-has-older" in said.err


@pytest.mark.parametrize("style", ["preserve", "canonical"])
@pytest.mark.parametrize("semantics", ["declarative", "talosctl"])
@pytest.mark.usefixtures("configs")
def test_semantics_and_style_are_those_of_the_library(semantics: str, style: str, capsys: pytest.CaptureFixture[str]) -> None:
    """The same bytes as patch_config gives."""
    assert run([*MC, "configs/worker-3.yaml", "-p", "p.yaml", "--semantics", semantics, "--style", style, *ON]) == 0
    text = Path("configs/worker-3.yaml").read_text()
    wanted = patch_config(text, [PATCH], talos_version="1.13", semantics=semantics, style=style)  # type: ignore[arg-type] # parametrized
    assert capsys.readouterr().out == wanted
    assert wanted.count("10.0.0.2") == (1 if semantics == "declarative" else 2)


@pytest.mark.usefixtures("configs")
@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["-p", "p.yaml", "--remove"], "are for declarative semantics"),
        (["-p", "p.yaml", "--set", "a=b"], "are for declarative semantics"),
        (["-p", "p.yaml", "--oldest", "1.12"], "are for declarative semantics"),
        (["-p", "m.toml"], "m.toml: talosctl reads no TOML"),
        (["-p", "bad.yaml"], "bad.yaml:2:3: "),
        (["-p", "machine: {kubelet: {extraMounts: [{$patch: delete, source: x}]}}"], "inline patch: "),
    ],
)
def test_talosctl_semantics_refuse_what_talosctl_has_not(arguments: list[str], problem: str, capsys: pytest.CaptureFixture[str]) -> None:
    """With the source that is meant."""
    Path("m.toml").write_text("[metrics]\naddress = 'x:1'\n")
    Path("bad.yaml").write_text("machine:\n  nosuchkey: 1\n")
    assert run([*MC, "configs/worker-1.yaml", *arguments, "--semantics", "talosctl", *ON]) == 1
    said = capsys.readouterr()
    assert said.out == ""
    assert problem in said.err


UNKNOWN = """\
machine:
  kubelet:
    imgae: x
---
apiVersion: v1alpha1
kind: NewerConfig
name: n
"""


@pytest.mark.usefixtures("configs")
def test_what_is_not_known_passes_through_with_a_warning(capsys: pytest.CaptureFixture[str]) -> None:
    """Being behind Talos must block nobody."""
    assert run([*MC, "configs/worker-1.yaml", "-p", UNKNOWN, *ON]) == 0
    said = capsys.readouterr()
    assert "imgae: x" in said.out
    assert "kind: NewerConfig" in said.out
    assert "warning unknown-field machine.kubelet.imgae" in said.err
    assert "warning unknown-kind NewerConfig/n" in said.err


def test_strict_makes_errors_of_what_is_not_known(configs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """All of it with its place, in the patch or in the file; nothing is written."""
    Path("u.yaml").write_text(UNKNOWN)
    Path(configs, "worker-1.yaml").write_text(worker("worker-1", "  mystery: 1\n"))
    before = texts(configs)
    assert run([*MC, "configs/worker-1.yaml", "-p", "u.yaml", "--strict", *ON]) == 1
    said = capsys.readouterr()
    assert said.out == ""
    assert "configs/worker-1.yaml:10:3: machine.mystery: a field that this Talos does not have" in said.err
    assert "u.yaml:3:5: machine.kubelet.imgae: a field that this Talos does not have, as far as we know; did you mean 'image'?" in said.err
    assert "u.yaml:6:1: NewerConfig/n: a kind of document that this Talos does not have" in said.err.replace(
        "NewerConfig/n:", "NewerConfig/n:"
    )
    assert run([*MC, "configs", "-p", "u.yaml", "--strict", "-i", *ON]) == 1
    assert texts(configs) == before
    assert run([*MC, "configs/worker-2.yaml", "-p", "p.yaml", "--strict", "--talos", "1.99"]) == 1
    assert "configs/worker-2.yaml: Talos v1.99, and the newest known is" in capsys.readouterr().err
    assert run([*MC, "configs/worker-2.yaml", "-p", "p.yaml", "--strict", *ON]) == 0


@pytest.mark.usefixtures("configs")
def test_no_change_is_an_error(capsys: pytest.CaptureFixture[str]) -> None:
    """That lists the ways to give one."""
    assert run([*MC, "configs/worker-1.yaml", *ON]) == 1
    assert "no change was given; name one with -p" in capsys.readouterr().err


# What is said


@pytest.mark.usefixtures("configs")
def test_messages_fit_a_narrow_terminal(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Names and paths may stand over; sentences do not."""
    monkeypatch.setenv("COLUMNS", "40")
    assert run([*MC, "configs", "-p", "p.yaml", *ON, "-i"]) == 0
    assert max(map(len, capsys.readouterr().err.splitlines())) <= 40


@pytest.mark.usefixtures("configs")
def test_a_reader_that_went_away_changes_nothing_else() -> None:
    """As behind head."""
    read, write = os.pipe()
    os.close(read)
    command = [sys.executable, "-m", "talospatch", "mc", "patch", "configs/worker-1.yaml", "-p", "p.yaml", *ON]
    ended = subprocess.run(command, stdout=write, stderr=subprocess.PIPE, check=False)
    os.close(write)
    assert (ended.returncode, ended.stderr) == (0, b"")


@pytest.mark.usefixtures("configs")
def test_a_full_disk_is_an_error() -> None:
    """Of the one result that there is."""
    command = [sys.executable, "-m", "talospatch", "mc", "patch", "configs/worker-1.yaml", "-p", "p.yaml", *ON]
    with Path("/dev/full").open("wb") as full:
        ended = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, check=False)
    assert ended.returncode == 1
    assert b"the output cannot be written" in ended.stderr


@pytest.mark.usefixtures("configs")
def test_no_message_holds_a_secret(capsys: pytest.CaptureFixture[str], configs: Path) -> None:
    """Not even where the secret is what is wrong."""
    Path(configs, "worker-1.yaml").write_text(worker("worker-1").replace(f"token: {TOKEN}", f"token: {{{TOKEN}: 1}}"))
    Path(configs, "worker-2.yaml").write_text(worker("worker-2").replace("type: worker", f"type: {TOKEN}"))
    run([*MC, "configs", "-p", "p.yaml", *ON, "--check"])
    run([*MC, "configs", "-p", f"machine: {{token: [{TOKEN}]}}", *ON, "--check"])
    said = capsys.readouterr()
    assert TOKEN not in said.out + said.err
