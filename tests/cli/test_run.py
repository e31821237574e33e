"""Every way to end: codes, messages, and what is never shown."""

from __future__ import annotations

import errno
import io
import subprocess
import sys
from importlib.abc import MetaPathFinder
from pathlib import Path

import pytest

from talospatch.cli import main
from talospatch.cli.run import ERRORS, TRACEBACK, complain, explain, run
from talospatch.cli.terminal import Terminal
from talospatch.errors import DialError, NodeTimeout, RefusedError, RolloutError, TalosconfigError, TalosPatchError
from talospatch.planning.outcomes import ExitCode

TOKEN = "abcdef.0123456789abcdef"


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (RefusedError("no-target", "name the nodes"), 5),
        (RolloutError("1 of 2 nodes failed", None), 3),
        (TalosconfigError("no contexts", source="c"), 1),
        (DialError("10.0.0.1:50000", "refused", "nothing listens there"), 1),
        (NodeTimeout("10.0.0.1", "Version", "DEADLINE_EXCEEDED", "no answer"), 1),
    ],
)
def test_each_kind_of_error_has_its_code(error: TalosPatchError, code: int) -> None:
    """And its own message, whole."""
    assert explain(error) == ((str(error),), code)


def test_the_table_of_errors_ends_with_their_root() -> None:
    """So that each of ours has a code."""
    assert ERRORS[-1][0] is TalosPatchError


def test_errors_that_came_together_are_said_one_by_one() -> None:
    """Each once; the gravest code counts."""
    one, two = TalosconfigError("bad", source="a"), RefusedError("x", "no")
    messages, code = explain(ExceptionGroup("several", [one, ExceptionGroup("inner", [two, two])]))
    assert (messages, code) == (("a: bad", "no"), ExitCode.REFUSED)


def test_a_file_that_the_system_refuses_is_no_bug() -> None:
    """Its name and the system's reason."""
    assert explain(FileNotFoundError(2, "No such file or directory", "worker.yaml")) == (("worker.yaml: No such file or directory",), 1)


def test_anything_else_says_that_it_is_a_bug() -> None:
    """In a group too, and without the secret in its message."""
    for error in (KeyError(TOKEN), ExceptionGroup("several", [TalosPatchError("ours"), ValueError(f"token: {TOKEN}")])):
        (message,), code = explain(error)
        assert "bug in talospatch" in message
        assert TRACEBACK in message
        assert TOKEN not in message
        assert code == 1


def test_a_traceback_is_shown_on_request_and_without_secrets(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """By an environment variable, which the message names."""
    try:
        raise KeyError(f"token: {TOKEN}")
    except KeyError as error:
        assert complain(Terminal({}), error) == 1
        assert "Traceback" not in capsys.readouterr().err
        monkeypatch.setenv(TRACEBACK, "1")
        complain(Terminal({}), error)
    said = capsys.readouterr().err
    assert "Traceback" in said
    assert TOKEN not in said


@pytest.mark.parametrize(
    "arguments",
    [
        ["nosuch"],
        ["--nosuch"],
        ["version", "extra"],
        ["completion"],
        ["completion", "tcsh"],
        ["diff", "-o", "xml"],
        ["apply", "--max-unavailable", "0"],
    ],
)
def test_wrong_use_ends_with_1(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """Typer's own 2 would say that differences were found. The usage goes to stderr."""
    assert run(arguments) == 1
    said = capsys.readouterr()
    assert said.out == ""
    assert "Usage: talospatch" in said.err
    assert "Error: " in said.err


def test_a_group_without_a_command_is_wrong_use(capsys: pytest.CaptureFixture[str]) -> None:
    """It says which commands there are."""
    assert run(["rollout"]) == 1
    said = capsys.readouterr()
    assert said.out == ""
    assert "history" in said.err


def test_without_arguments_the_help_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    """Whoever types the bare name wants to know what there is."""
    assert run([]) == 0
    assert "talospatch demo" in capsys.readouterr().out


def test_the_version_is_printed_either_way(capsys: pytest.CaptureFixture[str]) -> None:
    """As an option and as a command."""
    from talospatch import __version__

    for arguments in (["--version"], ["version"]):
        assert run(arguments) == 0
        assert capsys.readouterr().out == f"talospatch {__version__}\n"


class InterruptedInput(io.StringIO):
    """A standard input during whose reading Ctrl-C is pressed."""

    @property
    def buffer(self) -> io.BytesIO:
        raise KeyboardInterrupt


class InterruptedImport(MetaPathFinder):
    """Ctrl-C is pressed while the next module is looked for."""

    def find_spec(self, *_arguments: object) -> None:
        raise KeyboardInterrupt


def test_ctrl_c_says_so_and_ends_with_130(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """In a command with nothing of its own to say about it, and while modules are still loaded: no traceback."""
    monkeypatch.setattr(sys, "stdin", InterruptedInput())
    assert run(["machineconfig", "patch", "-", "-p", "machine: {}", "--talos", "1.13"]) == 130
    assert capsys.readouterr().err == "interrupted\n"
    monkeypatch.delitem(sys.modules, "talospatch.cli.run")
    monkeypatch.setattr(sys, "meta_path", [InterruptedImport(), *sys.meta_path])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 130
    assert capsys.readouterr().err == "interrupted\n"


def test_what_a_server_says_does_not_act_on_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    """Neither colours, nor a moved cursor, nor text that runs the other way."""
    complain(Terminal({}), NodeTimeout("10.0.0.1", "Version", "UNKNOWN", "\x1b[2J\x9b31m\u202egnorw"))
    assert capsys.readouterr().err == "Error: 10.0.0.1: Version: \ufffd[2J\ufffd31m\ufffdgnorw\n"


def test_a_full_disk_behind_the_output_is_no_bug() -> None:
    """Writing to a standard stream names no file."""
    assert explain(OSError(errno.ENOSPC, "No space left on device")) == (("the output cannot be written: No space left on device",), 1)


@pytest.mark.parametrize(
    "arguments", [["nodes", "--all", "--timeout", "nan"], ["apply", "--pace", "inf"], ["simulator", "up", "--speed", "nan"]]
)
def test_a_time_has_to_be_a_number_that_passes(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """NaN is neither too small nor too large for a range."""
    assert run(arguments) == 1
    assert "Invalid value for" in capsys.readouterr().err


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
@pytest.mark.parametrize(
    ("redirected", "code", "says"),
    [
        (">/dev/full", 1, "Error: the output cannot be written: No space left on device\n"),
        ("2>/dev/full", 0, ""),
        (">&-", 0, ""),
        ("2>&-", 0, ""),
        ("<&-", 0, ""),
    ],
)
def test_a_stream_that_cannot_be_written_or_is_not_there_gives_no_traceback(redirected: str, code: int, says: str) -> None:
    """A result that cannot be written is an error; everything else is only not heard."""
    command = f'"{sys.executable}" -m talospatch patches list {redirected}'
    ended = subprocess.run(["/bin/sh", "-c", command], capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stderr) == (code, says)
