"""Logs that somebody saved."""

from __future__ import annotations

import gzip
import io
import os
from pathlib import Path

import pytest

from talospatch.cnicheck.log_files import PIECE, read_log_files
from talospatch.errors import InputError

ID, OTHER = "a1" * 32, "b2" * 32
SAMPLES = Path(__file__).parent.parent / "samples" / "logs"


def klog(sandbox: str) -> bytes:
    said = f'failed to destroy network for sandbox \\"{sandbox}\\": failed to get network \\"cbr0\\" cached result: x'
    return f'E0415 21:21:05.679000 872 remote_runtime.go:248] "StopPodSandbox from runtime service failed" err="{said}"\n'.encode()


def test_logs_are_read_whether_they_are_packed_or_not(tmp_path: Path) -> None:
    """Rotated ones are packed mostly; several are read as one."""
    plain, packed = tmp_path / "kubelet.log", tmp_path / "kubelet.log.1.gz"
    plain.write_bytes(klog(ID))
    packed.write_bytes(gzip.compress(klog(ID) * 2 + klog(OTHER)))
    report = read_log_files([str(packed), str(plain)])
    assert {sandbox[:2]: log.lines for sandbox, log in report.sandboxes.items()} == {"a1": 3, "b2": 1}


def test_the_year_of_a_line_without_one_is_that_in_which_its_file_was_written(tmp_path: Path) -> None:
    """A log of last year that was kept."""
    log = tmp_path / "kubelet.log"
    log.write_bytes(klog(ID))
    os.utime(log, (1_720_000_000, 1_720_000_000))  # July 2024
    assert read_log_files([str(log)]).sandboxes[ID].first == pytest.approx(1_713_216_065.679)  # April 2024


def test_standard_input_is_read_and_left_open() -> None:
    """As ``talosctl logs kubelet | talospatch cni check --logs -``."""
    stdin = io.BufferedReader(io.BytesIO(klog(ID)))
    assert read_log_files(["-"], stdin=stdin, now=lambda: 1_780_000_000).sandboxes[ID].first == pytest.approx(1_776_288_065.679)
    assert not stdin.closed
    with pytest.raises(InputError, match="no standard input"):
        read_log_files(["-"])


@pytest.mark.parametrize("content", [b"", gzip.compress(b"")])
def test_an_empty_log_is_no_sign_of_health(content: bytes, tmp_path: Path) -> None:
    """A redirection that failed leaves one; each of several is named, whatever the others hold."""
    empty, full = tmp_path / "empty.log", tmp_path / "kubelet.log"
    empty.write_bytes(content)
    full.write_bytes(klog(ID))
    report = read_log_files([str(empty), str(full), "-"], stdin=io.BufferedReader(io.BytesIO(b"")))
    assert report.notes == (f"{empty} is empty: it tells nothing, good or bad", "standard input is empty: it tells nothing, good or bad")
    assert set(report.sandboxes) == {ID}
    assert read_log_files([str(full)]).notes == ()


def test_a_log_of_many_pieces_is_read_whole(tmp_path: Path) -> None:
    """A line lies across the end of one."""
    log = tmp_path / "x"
    log.write_bytes(b"x" * (PIECE - 50) + b"\n" + klog(ID))
    assert read_log_files([str(log)]).sandboxes[ID].lines == 1


@pytest.mark.parametrize("content", [b"\x1f\x8b", b"\x1f\x8b\x08\x00x", gzip.compress(klog(ID) * 99)[:-20]])
def test_a_damaged_archive_is_refused_by_name(content: bytes, tmp_path: Path) -> None:
    """What of it could be read may be anything."""
    bad = tmp_path / "bad.gz"
    bad.write_bytes(content)
    with pytest.raises(InputError, match=r"bad\.gz: this is no gzip file, or a damaged one"):
        read_log_files([str(bad)])


def test_a_log_that_cannot_be_opened_is_named(tmp_path: Path) -> None:
    """With the system's reason."""
    for source, reason in ((tmp_path / "none", "No such file"), (tmp_path, "Is a directory")):
        with pytest.raises(InputError, match=reason) as caught:
            read_log_files([str(source)])
        assert caught.value.source == str(source)


def test_no_log_at_all_is_an_empty_report() -> None:
    """And an empty file is one as well."""
    assert read_log_files([]).sandboxes == {}
    assert read_log_files(["/dev/null"]).sandboxes == {}


def test_a_recorded_log_is_read_from_its_file() -> None:
    """Of a real containerd."""
    (log,) = read_log_files([str(SAMPLES / "containerd-1.7.16-log.jsonl")]).sandboxes.values()
    assert (log.lines, log.is_over) == (3, True)
