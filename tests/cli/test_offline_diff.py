"""``talospatch diff FILE…``: for a pull request, where no credential belongs."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from talospatch.cli.run import run

ROOT = Path(__file__).parents[2]  # works without an install too
TOKEN = "abcdef.0123456789abcdef"
PATCH = ("-p", "bundled:containerd-metrics")


def worker(name: str, files: str = "") -> str:
    """Return a machine configuration."""
    return f"""\
version: v1alpha1
machine:
  type: worker
  token: {TOKEN}
  # a comment that stays
  kubelet: {{}}
  network:
    hostname: {name}
  install:
    disk: /dev/sda
  time:
    disabled: false
{files}cluster:
  clusterName: x
  network:
    dnsDomain: cluster.local
"""


ENTRY = """\
  files:
    - content: |
        [metrics]
          address = "0.0.0.0:11234"
      path: /etc/cri/conf.d/20-customization.part
      op: create
"""


@pytest.fixture
def configs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Three workers, of which one is as wanted, and a file that is no machine configuration. The working directory."""
    for number in (1, 2):
        Path(tmp_path, f"worker-{number}.yaml").write_text(worker(f"worker-{number}"))
    Path(tmp_path, "worker-3.yaml").write_text(worker("worker-3", ENTRY))
    Path(tmp_path, "kustomization.yaml").write_text("kind: Kustomization\nresources: []\n")
    Path(tmp_path, ".hidden.yaml").write_text("][")
    monkeypatch.chdir(tmp_path)
    return tmp_path


GROUPED = """\
containerd-metrics on 3 files for Talos v1.13: 2 to change, 1 as wanted already

worker-1.yaml, worker-2.yaml
  the node reboots, without a drain
  --- before
  +++ after
  @@ -10,6 +10,12 @@
       disk: /dev/sda
     time:
       disabled: false
  +  files:
  +    - content: |
  +        [metrics]
  +          address = "0.0.0.0:11234"
  +      path: /etc/cri/conf.d/20-customization.part
  +      op: create
   cluster:
     clusterName: x
     network:

Nothing to do: worker-3.yaml
"""


@pytest.mark.usefixtures("configs")
def test_identical_differences_are_shown_once_with_their_files(capsys: pytest.CaptureFixture[str]) -> None:
    """What is no machine configuration is passed over in a directory, and hidden files are."""
    assert run(["diff", *PATCH, "--talos", "1.13", "."]) == 2
    assert capsys.readouterr().out == GROUPED


@pytest.mark.usefixtures("configs")
def test_nothing_to_do_ends_with_0(capsys: pytest.CaptureFixture[str]) -> None:
    """A file that has what is wanted."""
    assert run(["diff", *PATCH, "--talos", "1.13", "worker-3.yaml"]) == 0
    assert "1 as wanted already" in capsys.readouterr().out


@pytest.mark.usefixtures("configs")
@pytest.mark.parametrize(("content", "word"), [("machine: [", "yaml:"), ("\x00", "yaml:"), ("[1, 2]", "mapping")])
def test_a_file_that_cannot_be_read_is_an_error_and_hides_no_other(
    configs: Path, capsys: pytest.CaptureFixture[str], content: str, word: str
) -> None:
    """The place stands in the message; the exit code is that of an error."""
    Path(configs, "broken.yaml").write_text(content)
    assert run(["diff", *PATCH, "--talos", "1.13", "worker-1.yaml", "broken.yaml", "nosuch.yaml"]) == 1
    out = capsys.readouterr().out
    assert "worker-1.yaml\n  the node reboots, without a drain\n  --- before" in out
    assert any(line.startswith("broken.yaml") and word in line for line in out.splitlines())
    assert "nosuch.yaml: there is no such file" in out


@pytest.mark.usefixtures("configs")
def test_the_version_is_needed(capsys: pytest.CaptureFixture[str]) -> None:
    """A file does not say it, and what is written depends on it."""
    assert run(["diff", *PATCH, "worker-1.yaml"]) == 1
    assert "--talos" in capsys.readouterr().err


@pytest.mark.usefixtures("configs")
@pytest.mark.parametrize("arguments", [["--workers"], ["-n", "10.0.0.1"], ["--context", "x"], ["--talosconfig", "x"]])
def test_files_and_nodes_do_not_mix(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """It is one or the other."""
    assert run(["diff", *PATCH, "--talos", "1.13", "worker-1.yaml", *arguments]) == 1
    assert "not both" in capsys.readouterr().err


def test_a_version_without_files_is_wrong_use(capsys: pytest.CaptureFixture[str]) -> None:
    """A node says its version itself."""
    assert run(["diff", *PATCH, "--talos", "1.13", "--workers"]) == 1
    assert "for files" in capsys.readouterr().err


@pytest.mark.usefixtures("configs")
def test_json_has_the_groups(capsys: pytest.CaptureFixture[str]) -> None:
    """And each file's own findings."""
    assert run(["diff", *PATCH, "--talos", "1.14", "--oldest", "1.13", "-o", "json", "worker-1.yaml", "worker-2.yaml"]) == 2
    data = json.loads(capsys.readouterr().out)
    assert (data["kind"], data["schema"], data["talos"]) == ("comparison", 1, "v1.14")
    assert [group["files"] for group in data["groups"]] == [["worker-1.yaml", "worker-2.yaml"]]
    assert [finding["code"] for finding in data["files"][0]["findings"]] == ["fleet-has-older"]


@pytest.mark.usefixtures("configs")
@pytest.mark.parametrize("form", ["table", "json", "yaml", "markdown"])
def test_no_secret_is_shown(form: str, capsys: pytest.CaptureFixture[str]) -> None:
    """In any form."""
    run(["diff", *PATCH, "--talos", "1.14", "-o", form, "."])
    said = capsys.readouterr()
    assert TOKEN not in said.out + said.err


@pytest.mark.usefixtures("configs")
def test_what_was_put_in_can_be_taken_out(capsys: pytest.CaptureFixture[str]) -> None:
    """Never leaving an empty entry."""
    assert run(["diff", *PATCH, "--remove", "--talos", "1.13", "worker-3.yaml"]) == 2
    assert "-      path: /etc/cri/conf.d/20-customization.part" in capsys.readouterr().out


@pytest.mark.usefixtures("configs")
def test_a_setting_changes_the_bundled_patch(capsys: pytest.CaptureFixture[str]) -> None:
    """The address, for one."""
    assert run(["diff", *PATCH, "--set", "address=10.0.0.1:9000", "--talos", "1.13", "worker-1.yaml"]) == 2
    assert 'address = "10.0.0.1:9000"' in capsys.readouterr().out


@pytest.mark.usefixtures("configs")
@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        ([], "-p"),
        (["-p", "nosuch"], "bundled:NAME"),
        (["-p", "bundled:nosuch"], "containerd-metrics"),
        (["-p", "-", "-p", "-"], "once"),
        ([*PATCH, "--set", "address"], "NAME=VALUE"),
        ([*PATCH, "--set", "nosuch=1"], "nosuch"),
        (["-p", "machine: [1\n"], "flow sequence"),
    ],
)
def test_a_change_that_cannot_be_used_says_why(arguments: list[str], word: str, capsys: pytest.CaptureFixture[str]) -> None:
    """On stderr, with 1."""
    assert run(["diff", *arguments, "--talos", "1.13", "worker-1.yaml"]) == 1
    said = capsys.readouterr()
    assert said.out == ""
    assert word in said.err


def test_a_directory_without_configurations_is_an_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A wrong path must not look like nothing to do."""
    assert run(["diff", *PATCH, "--talos", "1.13", str(tmp_path)]) == 1
    assert "no machine configuration" in capsys.readouterr().err


def test_standard_input_is_a_file_too(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """As behind a renderer of templates."""
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(worker("worker-1").encode())))
    assert run(["diff", *PATCH, "--talos", "1.13", "-"]) == 2
    out = capsys.readouterr().out
    assert out.startswith(
        "containerd-metrics on 1 file for Talos v1.13: 1 to change\n\n-\n  the node reboots, without a drain\n  --- before"
    )


def test_no_credential_is_looked_for(configs: Path) -> None:
    """Not even a talosconfig that the environment names."""
    environment = {**os.environ, "TALOSCONFIG": str(Path(configs, "nosuch")), "COLUMNS": "80"}
    command = [sys.executable, "-m", "talospatch", "diff", *PATCH, "--talos", "1.13", str(Path(configs, "worker-1.yaml"))]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (2, "")
    assert "\x1b" not in done.stdout
