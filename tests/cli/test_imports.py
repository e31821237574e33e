"""What a command imports: start-up time is a promise."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]  # works without an install too
HEAVY = {"grpc", "google", "rich", "ruamel", "tomlkit", "cryptography", "pydantic", "click", "httpx2"}
CODE = """
import json, sys
from talospatch.cli.run import run
code = run(sys.argv[1:])
print(json.dumps([code, sorted({name.partition(".")[0] for name in sys.modules}), sorted(sys.modules)]), file=sys.stderr)
"""


def imported(*arguments: str) -> tuple[int, set[str], set[str]]:
    """Run a command in a process of its own; return its exit code and the packages and modules that were loaded."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, "-c", CODE, *arguments], env=environment, capture_output=True, text=True, check=True)
    code, packages, modules = json.loads(done.stderr.splitlines()[-1])
    return code, set(packages), set(modules)


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("--help",), 0),
        (("version",), 0),
        (("apply", "--help"), 0),
        (("completion", "bash"), 0),
        (("patches", "list"), 0),
        (("patches", "show", "containerd-metrics"), 0),
        (("diff", "-p", "bundled:containerd-metrics"), 5),
        (("rollout", "history"), 0),
        (("cni", "check", "--logs", "/dev/null"), 0),
    ],
)
def test_a_command_imports_nothing_heavy_that_it_does_not_need(arguments: tuple[str, ...], code: int) -> None:
    """No gRPC, no rich, no cryptography where nothing is dialled, drawn or decrypted."""
    ended, packages, _ = imported(*arguments)
    assert ended == code
    assert packages & HEAVY == set()


def test_an_offline_diff_imports_nothing_heavy(tmp_path: Path) -> None:
    """Neither the transport nor asyncio."""
    config = Path(tmp_path, "worker.yaml")
    config.write_text("version: v1alpha1\nmachine:\n  type: worker\n  install:\n    disk: /dev/sda\n")
    ended, packages, _ = imported("diff", "-p", "bundled:containerd-metrics", "--talos", "1.13", str(config))
    assert ended == 2
    assert packages & (HEAVY | {"asyncio", "ssl"}) == set()


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("patch", "w.yaml", "-p", "machine: {nodeLabels: {a: b}}", "--talos", "1.13", "-o", "out.yaml"), 0),
        (("patch", "w.yaml", "-p", "machine: {nodeLabels: {a: b}}", "--talos", "1.13", "-i"), 0),
        (("patch", "w.yaml", "-p", "machine: {nodeLabels: {a: b}}", "--talos", "1.13", "--semantics", "talosctl", "--check"), 2),
        (("diff", "w.yaml", "-p", "machine: {nodeLabels: {a: b}}", "--talos", "1.13"), 2),
        (("diff", "w.yaml", "w.yaml"), 0),
        (("validate", "w.yaml", "-m", "metal", "--talos", "1.13"), 2),
    ],
)
def test_commands_for_files_import_nothing_heavy(
    arguments: tuple[str, ...], code: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor what several processes need."""
    Path(tmp_path, "w.yaml").write_text("version: v1alpha1\nmachine:\n  type: worker\ncluster: {}\n")
    monkeypatch.chdir(tmp_path)
    ended, packages, _ = imported("machineconfig", *arguments)
    assert ended == code
    assert packages & (HEAVY | {"asyncio", "ssl", "multiprocessing"}) == set()


def test_the_list_of_commands_loads_no_command() -> None:
    """Each is loaded when it runs."""
    _, _, modules = imported("--help")
    assert {name for name in modules if name.startswith("talospatch.cli.commands.")} == set()


def test_importing_the_command_line_imports_no_typer() -> None:
    """Only running it does."""
    done = subprocess.run(
        [sys.executable, "-c", "import sys, talospatch.cli; print('typer' in sys.modules)"], capture_output=True, text=True, check=True
    )
    assert done.stdout == "False\n"
