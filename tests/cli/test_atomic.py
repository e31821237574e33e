"""Putting a text in the place of a file: whole or not at all, and still the same file to everybody."""

from __future__ import annotations

import os
import re
import resource
import signal
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from talospatch.cli import atomic
from talospatch.cli.run import run
from talospatch.errors import InputError

NOBODY = 65534
AS_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A file to be replaced."""
    path = tmp_path / "w.yaml"
    path.write_text("old\n")
    return path


@pytest.fixture
def reachable() -> Iterator[Path]:
    """A directory that others can reach, as pytest's own are not, with a file in it; both belong to nobody."""
    with tempfile.TemporaryDirectory() as directory:
        file = Path(directory, "w.yaml")
        file.write_text("old\n")
        for path in (Path(directory), file):
            os.chown(path, NOBODY, NOBODY)
        yield file


@contextmanager
def nobody() -> Iterator[None]:
    """Be somebody without any right of their own."""
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.mark.parametrize("mode", [0o600, 0o644, 0o755, 0o640])
def test_the_mode_stays(file: Path, mode: int) -> None:
    """Whatever the umask."""
    file.chmod(mode)
    before = os.umask(0o077)
    try:
        atomic.replace(str(file), b"new\n")
    finally:
        os.umask(before)
    assert (file.read_text(), stat.S_IMODE(file.stat().st_mode)) == ("new\n", mode)


def test_a_new_file_is_private_unless_it_is_said(tmp_path: Path) -> None:
    """It may hold secrets."""
    atomic.replace(str(tmp_path / "a"), b"x")
    atomic.replace(str(tmp_path / "b"), b"x", mode=0o644)
    assert [stat.S_IMODE((tmp_path / name).stat().st_mode) for name in "ab"] == [0o600, 0o644]


def test_a_symbolic_link_stays_one(file: Path, tmp_path: Path) -> None:
    """What it leads to is replaced, over several links, from any directory."""
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub/link.yaml").symlink_to("../w.yaml")
    (tmp_path / "link.yaml").symlink_to("sub/link.yaml")
    atomic.replace(str(tmp_path / "link.yaml"), b"new\n")
    assert (tmp_path / "link.yaml").is_symlink()
    assert file.read_text() == "new\n"
    assert not file.is_symlink()


def test_a_hard_link_keeps_the_old_text(file: Path, tmp_path: Path) -> None:
    """As with every tool that renames; a backup made by linking is one."""
    os.link(file, tmp_path / "backup")
    atomic.replace(str(file), b"new\n")
    assert (tmp_path / "backup").read_text() == "old\n"


@AS_ROOT
def test_the_owner_stays(file: Path) -> None:
    """Root may change anybody's file."""
    os.chown(file, NOBODY, NOBODY)
    atomic.replace(str(file), b"new\n")
    assert (file.stat().st_uid, file.stat().st_gid) == (NOBODY, NOBODY)


@AS_ROOT
def test_a_file_that_could_not_be_given_back_is_left_alone(reachable: Path) -> None:
    """Its group's rights would go to another group."""
    os.chown(reachable, 0, 0)
    reachable.chmod(0o666)
    with nobody(), pytest.raises(InputError, match="belongs to somebody else"):
        atomic.replace(str(reachable), b"new\n")
    assert [path.read_text() for path in reachable.parent.iterdir()] == ["old\n"]


@AS_ROOT
def test_a_read_only_file_is_left_alone(reachable: Path) -> None:
    """A rename would not mind; whoever made it read-only would."""
    reachable.chmod(0o444)
    with nobody(), pytest.raises(InputError, match=r"w\.yaml: is read-only; chmod"):
        atomic.replace(str(reachable), b"new\n")
    assert reachable.read_text() == "old\n"


@AS_ROOT
def test_a_directory_that_cannot_be_written_says_so(reachable: Path) -> None:
    """The draft stands in it."""
    os.chown(reachable.parent, 0, 0)
    reachable.parent.chmod(0o755)
    with nobody(), pytest.raises(InputError, match=r"w\.yaml: cannot be written: Permission denied"):
        atomic.replace(str(reachable), b"new\n")
    assert reachable.read_text() == "old\n"


@pytest.mark.skipif(not hasattr(os, "setxattr"), reason="no extended attributes here")
def test_extended_attributes_stay(file: Path) -> None:
    """ACLs are kept in them."""
    try:
        os.setxattr(file, "user.origin", b"rendered")
    except OSError:
        pytest.skip("no extended attributes on this file system")
    atomic.replace(str(file), b"new\n")
    assert os.getxattr(file, "user.origin") == b"rendered"


def test_a_file_that_somebody_changed_meanwhile_is_left_alone(file: Path, tmp_path: Path) -> None:
    """Their change would be lost."""
    seen = atomic.writable_as(str(file))
    file.write_text("theirs\n")
    with pytest.raises(InputError, match="changed by somebody else meanwhile; run it again"):
        atomic.replace(str(file), b"new\n", seen=seen)
    assert [path.read_text() for path in tmp_path.iterdir()] == ["theirs\n"]
    file.unlink()
    with pytest.raises(InputError, match="meanwhile"):
        atomic.replace(str(file), b"new\n", seen=seen)
    assert list(tmp_path.iterdir()) == []


def test_what_is_no_regular_file_cannot_be_changed_in_place(tmp_path: Path) -> None:
    """A pipe, a directory; one that is not there is not."""
    os.mkfifo(tmp_path / "pipe")
    for name in ("pipe", "."):
        with pytest.raises(InputError, match="is not a regular file"):
            atomic.writable_as(str(tmp_path / name))
    assert atomic.writable_as(str(tmp_path / "nosuch")) is None
    with pytest.raises(InputError, match="cannot be written"):
        atomic.writable_as("a\0b")


def test_a_disk_that_is_full_leaves_the_file_as_it_was(file: Path, tmp_path: Path) -> None:
    """And no draft. The limit on file sizes fails as a full disk does, in the middle of the text."""
    code = "import sys; from talospatch.cli import atomic; atomic.replace(sys.argv[1], b'x' * 9000)"

    def small() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (5000, 5000))

    done = subprocess.run([sys.executable, "-c", code, str(file)], preexec_fn=small, capture_output=True, text=True, check=False)
    assert done.stderr.splitlines()[-1].endswith("w.yaml: cannot be written: File too large")
    assert [path.read_text() for path in tmp_path.iterdir()] == ["old\n"]


def test_a_long_name_is_one_too(tmp_path: Path) -> None:
    """The draft's is not longer than a name may be."""
    for name in ("n" * 255, "ü" * 127):
        path = tmp_path / name
        atomic.replace(str(path), b"new\n")
        atomic.replace(str(path), b"newer\n")
        assert path.read_text() == "newer\n"


def test_a_draft_that_is_left_behind_is_known_by_its_name(file: Path, tmp_path: Path) -> None:
    """Nobody but its owner can read it, no run takes it for a config, and the next change works. What kills here comes amid the text."""
    code = (
        "import signal, sys; signal.signal(signal.SIGXFSZ, signal.SIG_DFL); "
        "from talospatch.cli import atomic; atomic.replace(sys.argv[1], b'x' * 9000)"
    )

    def small() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (5000, 5000))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))

    done = subprocess.run([sys.executable, "-c", code, str(file)], preexec_fn=small, capture_output=True, text=True, check=False)
    assert done.returncode == -signal.SIGXFSZ
    (draft,) = (path for path in tmp_path.iterdir() if path != file)
    assert re.fullmatch(r"\.w\.yaml\.talospatch-\d+-[0-9a-f]{8}", draft.name)
    assert stat.S_IMODE(draft.stat().st_mode) == 0o600
    file.write_text("machine:\n  type: worker\n")
    patch = "machine: {token: abc}"
    assert run(["mc", "patch", str(tmp_path), "-p", patch, "--talos", "1.13", "-i"]) == 0
    assert file.read_text() == "machine:\n  type: worker\n  token: abc\n"
    assert draft.exists()


def test_no_draft_is_left_by_an_interrupt_right_behind_its_making(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Python delivers Ctrl-C between any two steps."""
    opened = os.open

    def interrupted(path: str, flags: int, mode: int = 0o777) -> int:
        os.close(opened(path, flags, mode))
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(os, "open", interrupted)
        with pytest.raises(KeyboardInterrupt):
            atomic.replace(str(file), b"new\n")
    assert [path.name for path in file.parent.iterdir()] == [file.name]
    assert file.read_text() == "old\n"


def test_a_draft_of_somebody_else_is_left_alone(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """However unlikely it is that it has the same name."""
    other = file.with_name(f".{file.name}.talospatch-{os.getpid()}-01010101")
    other.write_text("theirs\n")
    with monkeypatch.context() as patch:
        patch.setattr(os, "urandom", lambda count: b"\1" * count)
        with pytest.raises(InputError, match="cannot be written"):
            atomic.replace(str(file), b"new\n")
    assert other.read_text() == "theirs\n"
