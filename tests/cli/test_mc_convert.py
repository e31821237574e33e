"""``talospatch machineconfig convert``: shown, printed, written, and what it leaves alone."""

from __future__ import annotations

import io
import json
import os
import stat
import sys
from pathlib import Path

import pytest
import yaml
from mc_samples import TOKEN, give_stdin, talospatch, worker

from talospatch import patch_config
from talospatch.cli.run import run
from talospatch.machineconfig.typed.apply import reencode
from talospatch.patching.conversion.table import RULES

MC = ("machineconfig", "convert")
TO = ("--to", "1.14")
PASSWORD = "s3cret-pass-w0rd"
SYSCTLS = """\
  sysctls:
    vm.max_map_count: "262144"
"""
AUTH = f"""\
  registries:
    config:
      registry.example:5000:
        auth: {{username: puller, password: {PASSWORD}}}
"""
DOCUMENTS = """\
---
apiVersion: v1alpha1
kind: HostnameConfig
hostname: {name}
---
apiVersion: v1alpha1
kind: SysctlConfig
params:
  vm.max_map_count: "262144"
"""
PATCH = """\
machine:
  network:
    $patch: delete
  sysctls:
    $patch: delete
"""
# A kind that no older form has.
NEWER = """\
---
apiVersion: v1alpha1
kind: EtcFileConfig
name: motd
content: hello
"""


def converted(name: str) -> str:
    """Return the worker's configuration for 1.14."""
    return worker(name).replace(f'  network: {{hostname: "{name}"}}\n', "") + DOCUMENTS.format(name=name)


@pytest.fixture(autouse=True)
def configs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two workers to convert, one with nothing to do, and what is none. The working directory."""
    Path(tmp_path, "configs").mkdir()
    for number in (1, 2):
        Path(tmp_path, "configs", f"worker-{number}.yaml").write_text(worker(f"worker-{number}", SYSCTLS))
    Path(tmp_path, "configs", "worker-3.yaml").write_text(converted("worker-3"))
    Path(tmp_path, "configs", "kustomization.yaml").write_text("kind: Kustomization\nresources: []\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path / "configs"


class Screen(io.StringIO):
    """A terminal that keeps what is shown, or types what it holds."""

    def isatty(self) -> bool:
        """Whether it is one."""
        return True


def on_terminal(monkeypatch: pytest.MonkeyPatch, answer: str) -> Screen:
    """Put somebody there who answers; return what they see."""
    screen = Screen()
    monkeypatch.setattr(sys, "stdin", Screen(answer))
    monkeypatch.setattr(sys, "stderr", screen)
    monkeypatch.setenv("TERM", "dumb")
    return screen


SHOWN = """\
3 files for Talos v1.14: 2 to convert, 1 with nothing to do

configs/worker-1.yaml
  hostname: machine.network.hostname → HostnameConfig
  sysctls: machine.sysctls."vm.max_map_count" → SysctlConfig
  --- before
  +++ after
"""
SHOWN_PATCH = f"""\
  The same as a patch:
{"".join(f"    {line}" for line in f"{PATCH}{DOCUMENTS.format(name='worker-1')}".splitlines(keepends=True))}
configs/worker-2.yaml
"""


def test_it_shows_what_moves_the_difference_and_the_patch(capsys: pytest.CaptureFixture[str]) -> None:
    """And changes nothing."""
    assert run([*MC, "configs", *TO]) == 2
    out, err = capsys.readouterr()
    assert out.startswith(SHOWN)
    assert '  -  network: {hostname: "worker-1"}\n' in out
    assert "  +kind: HostnameConfig\n" in out
    assert SHOWN_PATCH in out
    assert "\nNothing to do: configs/worker-3.yaml\n" in out
    assert "note conversion-rollback · configs/worker-1.yaml, configs/worker-2.yaml\n" in out
    assert err == ""
    assert Path("configs/worker-1.yaml").read_text() == worker("worker-1", SYSCTLS)


def test_where_nothing_is_to_be_done_it_ends_with_0(capsys: pytest.CaptureFixture[str]) -> None:
    """So that CI can ask."""
    assert run([*MC, "configs/worker-3.yaml", *TO]) == 0
    assert capsys.readouterr() == ("1 file for Talos v1.14: 1 with nothing to do\n\nNothing to do: configs/worker-3.yaml\n", "")


def test_what_a_node_does_is_said_where_it_is_more_than_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    """On 1.13, a field outside of Talos's list reboots the node, whatever it means."""
    Path("w.yaml").write_text(worker("w", "  env: {https_proxy: http://proxy.example:3128}\n"))
    assert run([*MC, "w.yaml", "--to", "1.13", "--only", "environment"]) == 2
    out = " ".join(capsys.readouterr().out.split())
    assert "On a node: the node reboots, without a drain (machine.env): up to 1.13 Talos compares what is written there" in out
    document = "---\napiVersion: v1alpha1\nkind: EnvironmentConfig\nvariables: {https_proxy: http://proxy.example:3128}\n"
    Path("w.yaml").write_text(worker("w") + document)
    assert run([*MC, "w.yaml", "--to", "1.12"]) == 2  # the node that has it has 1.13 at least, and may have no more
    out = " ".join(capsys.readouterr().out.split())
    assert "On a node: the node reboots, without a drain (machine.env): up to 1.13 Talos compares what is written there" in out


def test_equal_conversions_are_shown_once(capsys: pytest.CaptureFixture[str]) -> None:
    """With the names of the files."""
    assert run([*MC, "configs", *TO, "--only", "sysctls"]) == 2
    out = capsys.readouterr().out
    assert "\nconfigs/worker-1.yaml, configs/worker-2.yaml\n  sysctls:" in out
    assert out.count("The same as a patch:") == 1


def test_json_has_rules_differences_and_patches(capsys: pytest.CaptureFixture[str]) -> None:
    """And YAML the same."""
    assert run([*MC, "configs", *TO, "-o", "json"]) == 2
    data = json.loads(capsys.readouterr().out)
    assert (data["kind"], data["schema"], data["talos"]) == ("conversion", 1, "v1.14")
    first, _, third = data["files"]
    assert (first["file"], first["changes"], first["written"], first["error"]) == ("configs/worker-1.yaml", True, False, "")
    assert first["rules"] == [
        {"rule": "hostname", "back": False, "from": ["machine.network.hostname"], "to": ["HostnameConfig"]},
        {"rule": "sysctls", "back": False, "from": ['machine.sysctls."vm.max_map_count"'], "to": ["SysctlConfig"]},
    ]
    assert {finding["code"] for finding in first["findings"]} == {"conversion-rollback"}
    assert (third["changes"], third["rules"]) == (False, [])
    assert data["groups"][0]["patch"] == PATCH + DOCUMENTS.format(name="worker-1")
    assert "+kind: SysctlConfig\n" in data["groups"][0]["diff"]
    assert run([*MC, "configs", *TO, "-o", "yaml"]) == 2
    assert yaml.safe_load(capsys.readouterr().out) == data


def test_markdown_is_for_a_pull_request(capsys: pytest.CaptureFixture[str]) -> None:
    """Differences and patches behind clicks."""
    assert run([*MC, "configs", *TO, "-o", "markdown"]) == 2
    out = capsys.readouterr().out
    assert out.startswith(
        "### 3 files for Talos v1.14: 2 to convert, 1 with nothing to do\n\n<details><summary>1 file: configs/worker-1.yaml"
    )
    assert "\n- hostname: machine.network.hostname → HostnameConfig\n" in out
    assert f"\n```yaml\n{PATCH}{DOCUMENTS.format(name='worker-1')}```\n" in out
    assert "\n| note | conversion-rollback |" in out


def test_sentences_fit_a_narrow_terminal(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Above the texts, whose lines are not broken."""
    monkeypatch.setenv("COLUMNS", "50")
    assert run([*MC, "configs", *TO]) == 2
    head = capsys.readouterr().out.partition("  --- before")[0]
    assert max(map(len, head.splitlines())) <= 50


def test_as_patch_prints_the_patch_alone_and_it_makes_the_conversion(capfd: pytest.CaptureFixture[str]) -> None:
    """What was found goes to stderr."""
    Path("w.yaml").write_text(worker("w", AUTH))
    assert run([*MC, "w.yaml", *TO, "--as-patch"]) == 0
    patch, err = capfd.readouterr()
    assert f"password: {PASSWORD}\n" in patch
    assert err == ""
    assert run([*MC, "w.yaml", *TO, "--as-config"]) == 0
    config, _ = capfd.readouterr()
    for semantics in ("declarative", "talosctl"):
        whole = patch_config(worker("w", AUTH), [patch], talos_version="1.14", semantics=semantics, style="canonical")
        assert whole == reencode(config, minor="1.14")
    assert run([*MC, "configs/worker-1.yaml", *TO, "--as-patch"]) == 0
    assert "conversion-rollback" in capfd.readouterr().err


def test_as_config_prints_the_outcome_byte_for_byte(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    """With the least edit; also of stdin."""
    assert run([*MC, "configs/worker-2.yaml", *TO, "--as-config"]) == 0
    assert capfdbinary.readouterr().out == converted("worker-2").encode()


def test_stdin_is_a_file(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
    """In a pipe."""
    give_stdin(monkeypatch, worker("w", SYSCTLS))
    assert run([*MC, "-", *TO, "--as-config"]) == 0
    assert capfd.readouterr().out == converted("w")
    assert run([*MC, "-", *TO, "-i", "--yes"]) == 1
    assert "stdin cannot be changed in place" in capfd.readouterr().err
    assert run([*MC, "-", "-", *TO]) == 1
    assert "stdin can be read once" in capfd.readouterr().err


def test_passwords_are_never_shown(capsys: pytest.CaptureFixture[str]) -> None:
    """Neither where they stand, nor where else they are repeated, in any form."""
    Path("w.yaml").write_text(worker("w", f"{AUTH}  sysctls: {{kernel.core_pattern: {PASSWORD}, kernel.modprobe: {TOKEN}}}\n"))
    for form in ("table", "json", "yaml", "markdown"):
        assert run([*MC, "w.yaml", *TO, "-o", form]) == 2
        out = capsys.readouterr().out
        assert "RegistryAuthConfig" in out
        assert "[redacted" in out
        assert PASSWORD not in out
        assert TOKEN not in out


def test_files_are_changed_in_place_and_it_is_shown_before(capsys: pytest.CaptureFixture[str]) -> None:
    """The difference goes to stderr, what was done to stdout. A second run has nothing to do."""
    Path("configs/worker-1.yaml").chmod(0o640)
    seen = Path("configs/worker-3.yaml").stat()
    assert run([*MC, "configs", *TO, "-i", "--yes"]) == 0
    out, err = capsys.readouterr()
    assert out == "3 files for Talos v1.14: 2 converted, 1 with nothing to do\n\nConverted: configs/worker-1.yaml, configs/worker-2.yaml\n"
    assert err.startswith(SHOWN)
    for number in (1, 2):
        assert Path(f"configs/worker-{number}.yaml").read_text() == converted(f"worker-{number}")
    assert stat.S_IMODE(Path("configs/worker-1.yaml").stat().st_mode) == 0o640
    assert Path("configs/worker-3.yaml").stat() == seen
    assert run([*MC, "configs", *TO]) == 0


def test_json_says_what_was_written(capsys: pytest.CaptureFixture[str]) -> None:
    """For scripts."""
    assert run([*MC, "configs", *TO, "-i", "--yes", "-o", "json"]) == 0
    data = json.loads(capsys.readouterr().out)
    assert [file["written"] for file in data["files"]] == [True, True, False]


@pytest.mark.parametrize(("answer", "code"), [("y\n", 0), ("n\n", 5), ("", 5)])
def test_on_a_terminal_it_asks(answer: str, code: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """No changes nothing."""
    screen = on_terminal(monkeypatch, answer)
    assert run([*MC, "configs", *TO, "-i"]) == code
    shown = screen.getvalue()
    assert shown.startswith(SHOWN)
    assert "\nWrite 2 files? [y/N]: " in shown
    if code:
        assert shown.endswith("Nothing was changed.\n")
        assert capsys.readouterr().out == ""
        assert Path("configs/worker-1.yaml").read_text() == worker("worker-1", SYSCTLS)
    else:
        assert Path("configs/worker-1.yaml").read_text() == converted("worker-1")


def test_where_nothing_is_to_be_written_it_does_not_ask(monkeypatch: pytest.MonkeyPatch) -> None:
    """There is nothing to agree to."""
    screen = on_terminal(monkeypatch, "")
    assert run([*MC, "configs/worker-3.yaml", *TO, "-i"]) == 0
    assert "[y/N]" not in screen.getvalue()


def test_without_a_terminal_nothing_is_written_unasked(capsys: pytest.CaptureFixture[str]) -> None:
    """--yes says so beforehand."""
    assert run([*MC, "configs", *TO, "-i"]) == 5
    assert "there is no terminal to ask on" in capsys.readouterr().err
    assert Path("configs/worker-1.yaml").read_text() == worker("worker-1", SYSCTLS)


def test_what_the_version_could_not_read_even_then_is_left_alone(capsys: pytest.CaptureFixture[str]) -> None:
    """The others are written."""
    stuck = converted("w") + NEWER
    Path("configs/worker-2.yaml").write_text(stuck)
    back = ("configs/worker-2.yaml", "configs/worker-3.yaml", "--to", "1.13", "--needed")
    assert run([*MC, *back]) == 2
    assert "error conversion-left EtcFileConfig/motd · configs/worker-2.yaml\n" in capsys.readouterr().out
    assert run([*MC, *back, "-i", "--yes"]) == 5
    out, err = capsys.readouterr()
    assert out.startswith("2 files for Talos v1.13: 1 converted, 1 to convert\n")
    assert err.endswith("Left alone, because Talos v1.13 could not read the outcome either: configs/worker-2.yaml\n")
    assert Path("configs/worker-2.yaml").read_text() == stuck
    assert "SysctlConfig" not in Path("configs/worker-3.yaml").read_text()
    assert run([*MC, "configs/worker-2.yaml", "--to", "1.13", "--needed", "--as-patch"]) == 2


def test_a_file_that_cannot_be_converted_is_an_error_and_the_others_go_on(capsys: pytest.CaptureFixture[str]) -> None:
    """With its place."""
    Path("configs/worker-2.yaml").write_text("machine:\n  type: [worker\n")
    assert run([*MC, "configs", *TO, "-i", "--yes"]) == 1
    out, err = capsys.readouterr()
    assert out.startswith("3 files for Talos v1.14: 1 converted, 1 with nothing to do, 1 failed\n")
    assert "configs/worker-2.yaml:" in out
    assert "configs/worker-2.yaml:" in err
    assert Path("configs/worker-1.yaml").read_text() == converted("worker-1")
    assert run([*MC, "configs", *TO]) == 1


def test_a_file_that_cannot_be_written_is_an_error(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """And stays as it was."""
    monkeypatch.setattr(os, "access", lambda *_given, **_more: False)
    assert run([*MC, "configs/worker-1.yaml", *TO, "-i", "--yes"]) == 1
    assert "configs/worker-1.yaml: is read-only" in capsys.readouterr().out
    assert Path("configs/worker-1.yaml").read_text() == worker("worker-1", SYSCTLS)


def test_a_file_that_was_changed_meanwhile_is_left_alone(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """While the question stood there."""

    class Editor(Screen):
        def readline(self, _size: int | None = -1) -> str:  # type: ignore[override]
            Path("configs/worker-1.yaml").write_text(worker("another", SYSCTLS))
            return "y\n"

    on_terminal(monkeypatch, "")
    monkeypatch.setattr(sys, "stdin", Editor())
    assert run([*MC, "configs/worker-1.yaml", *TO, "-i"]) == 1
    assert "was changed by somebody else meanwhile" in capsys.readouterr().out
    assert Path("configs/worker-1.yaml").read_text() == worker("another", SYSCTLS)


def test_documents_are_not_made_while_older_nodes_are_there(capsys: pytest.CaptureFixture[str]) -> None:
    """What these have too is."""
    assert run([*MC, "configs/worker-1.yaml", *TO, "--oldest", "1.13"]) == 2
    out = capsys.readouterr().out
    assert "+kind: HostnameConfig" in out
    assert "+kind: SysctlConfig" not in out
    assert "note conversion-older-node machine.sysctls" in out


def test_the_rules_can_be_listed(capsys: pytest.CaptureFixture[str]) -> None:
    """Without any file."""
    assert run([*MC, "--list"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["RULE", "SINCE", "MOVES"]
    assert {line.split()[0] for line in lines[1:] if not line.startswith(" ")} == {rule.code for rule in RULES}
    assert run([*MC, "--list", "-o", "json"]) == 0
    data = json.loads(capsys.readouterr().out)
    assert [rule["rule"] for rule in data["rules"]] == [rule.code for rule in RULES]
    assert all(rule["lossless"] and rule["source"] for rule in data["rules"])
    assert run([*MC, "--list", "-o", "markdown"]) == 0
    assert "| sysctls | 1.14.0-alpha.2 | machine.sysctls → SysctlConfig |" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        ([*TO], "name the files to convert"),
        (["configs"], "give --to VERSION"),
        (["configs", "--to", "newest"], "newest"),
        (["configs", "--to", "1.15"], "conversions are known from Talos 1.11 to 1.14, and v1.15 is newer"),
        (["configs", "--to", "1.10"], "conversions are known from Talos 1.11 to 1.14, and v1.10 is older"),
        (["configs", *TO, "--only", "sysctl"], "did you mean sysctls?"),
        (["configs", *TO, "--as-patch"], "--as-patch and --as-config are of one file"),
        (["configs/worker-1.yaml", *TO, "--as-patch", "-i"], "--as-patch, --as-config and -i exclude each other"),
        (["nowhere.yaml", *TO, "--as-patch"], "there is no such file"),
    ],
)
def test_what_cannot_be_meant_is_wrong_use(arguments: list[str], problem: str, capsys: pytest.CaptureFixture[str]) -> None:
    """One sentence says what."""
    assert run([*MC, *arguments]) == 1
    assert problem in " ".join(capsys.readouterr().err.split())


def test_it_is_a_command_of_the_short_name_too() -> None:
    """In a process of its own, as a script would."""
    done = talospatch("mc", "convert", "configs", *TO, cwd=Path.cwd())
    assert done.returncode == 2
    assert done.stdout.startswith(b"3 files for Talos v1.14: 2 to convert")
