"""The check of what somebody copied from a node."""

from __future__ import annotations

import asyncio
import contextlib
import io
import os
import tarfile
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from talospatch.cni.rules import Verdict
from talospatch.cnicheck import copied
from talospatch.cnicheck.check import check
from talospatch.cnicheck.log_files import read_log_files
from talospatch.cnicheck.options import CheckOptions, NodeToCheck
from talospatch.errors import InputError, NodeError
from talospatch.simulator.files import copy_files
from talospatch.simulator.node_files import first_tree
from talospatch.simulator.profiles import profile_of
from talospatch.simulator.spec import FileSpec, NodeSpec, SandboxSpec
from talospatch.versions import TalosVersion
from talospatch.wire.proto import machine_pb2

if TYPE_CHECKING:
    from talospatch.cnicheck.report import NodeCni

RUNNING = SandboxSpec("a1" * 32, "shop", "web-1", ip="10.244.7.2")
STUCK = SandboxSpec("b2" * 32, "shop", "web-2", ready=False, ip="10.244.7.3")
BROKEN = f"cbr0-{STUCK.id}-eth0"
NOW = 1_800_000_000
EMPTY = "decoding version from network config: unexpected end of JSON input"
SPEC = NodeSpec("w1", "10.5.0.3", talos="v1.7.4", sandboxes=(RUNNING, STUCK), files={f"/var/lib/cni/results/{BROKEN}": FileSpec(b"")})
TREE = first_tree(SPEC, profile_of(TalosVersion.parse("v1.7.4")), NOW - 100_000)


def archive(root: str) -> bytes:
    """What ``talosctl copy ROOT -`` prints."""
    exchange = copy_files(TREE, machine_pb2.CopyRequest(root_path=root), as_status=False)
    return b"".join(message.bytes for message in exchange.messages)  # type: ignore[attr-defined]


def look(source: Path, talos: str = "v1.7.4", **changes: object) -> NodeCni:
    options = replace(CheckOptions(now=lambda: NOW), **changes)  # type: ignore[arg-type]
    (node,) = asyncio.run(check(copied.load(source, talos), [NodeToCheck(source.name)], options)).nodes
    return node


def kubelet() -> str:
    said = f'failed to destroy network for sandbox \\"{STUCK.id}\\": failed to get network \\"cbr0\\" cached result: {EMPTY}'
    return f'{{"ts":{(NOW - 60) * 1000},"msg":"StopPodSandbox from runtime service failed","err":"{said}"}}\n'


@pytest.mark.parametrize("root", ["/var/lib/cni", "/var/lib/cni/results", "/var/lib", "/var"])
@pytest.mark.parametrize("unpacked", [False, True])
def test_a_copy_is_read_whatever_directory_it_was_made_of(root: str, unpacked: bool, tmp_path: Path) -> None:
    """As talosctl writes it, and unpacked; a whole tree begins above var."""
    packed = tmp_path / "copy.tar.gz"
    prefix = {"/var": "var/"}.get(root, "")
    content = archive(root)
    if prefix:
        content = below(content, prefix)
    packed.write_bytes(content)
    source = packed
    if unpacked:
        source = tmp_path / "copy"
        with tarfile.open(packed) as tar:
            tar.extractall(source, filter="data")
    node = look(source)
    assert [(judged.file.name, judged.file.size) for judged in node.files] == [(BROKEN, 0)]
    # Whether the sandbox still exists stands in containerd's directory, which only the whole tree has.
    assert node.files[0].code == ("stop-fails-or-will" if root in ("/var", "/var/lib") else "sandbox-unseen")
    assert (len(node.networks) == 1) == (root != "/var/lib/cni/results")


def below(content: bytes, prefix: str) -> bytes:
    """The same archive, everything in it below a directory."""
    out = io.BytesIO()
    with tarfile.open(fileobj=io.BytesIO(content)) as old, tarfile.open(fileobj=out, mode="w:gz") as new:
        for member in old:
            data = old.extractfile(member) if member.isfile() else None
            member.name, member.pax_headers = prefix + member.name, {}
            new.addfile(member, data)
    return out.getvalue()


def test_with_the_log_beside_it_a_copy_tells_what_is_stuck(tmp_path: Path) -> None:
    """The log says that containerd still has the sandbox, which the copy does not."""
    copy, log = tmp_path / "cni.tar.gz", tmp_path / "kubelet.log"
    copy.write_bytes(archive("/var/lib/cni"))
    log.write_text(kubelet() * 3)
    node = look(copy, logs=read_log_files([str(log)]))
    (judged,) = node.files
    assert (judged.code, judged.verdict, judged.logged) == ("stop-fails", Verdict.FATAL, True)
    assert node.stories[0].addresses == ("10.244.7.3",)


@pytest.mark.parametrize("beside", [False, True])
def test_a_copy_whose_files_got_new_times_is_judged_by_its_log(beside: bool, tmp_path: Path) -> None:
    """`cp -r` dates a file now: whether the log lies beside the copy or in it, what it shows was not just being written."""
    results, logs = tmp_path / "copy/var/lib/cni/results", tmp_path / "copy/var/log"
    results.mkdir(parents=True)
    (results / BROKEN).write_bytes(b"")
    os.utime(results / BROKEN, (NOW - 5, NOW - 5))
    assert look(tmp_path / "copy").files[0].code == "being-written"
    log = tmp_path / "kubelet.log"
    if not beside:
        logs.mkdir()
        log = logs / "kubelet.log"
    log.write_text(kubelet())
    node = look(tmp_path / "copy", logs=read_log_files([str(log)]) if beside else None)
    assert [(judged.code, judged.logged) for judged in node.files] == [("stop-fails", True)]


def test_a_copied_log_of_a_newer_talos_is_read_with_its_older_part(tmp_path: Path) -> None:
    """Talos 1.12 and newer keeps them on disk and rotates them."""
    results, logs = tmp_path / "var/lib/cni/results", tmp_path / "var/log"
    results.mkdir(parents=True)
    logs.mkdir()
    (results / BROKEN).write_bytes(b"")
    (logs / "kubelet.log.1").write_text(kubelet())
    (logs / "kubelet.log").write_text(kubelet())
    node = look(tmp_path)
    assert node.stories[0].log is not None
    assert node.stories[0].log.lines == 2


@pytest.mark.parametrize("talos", ["v1.3.0", "v1.4.8", "v1.5.0"])
def test_a_copy_of_a_node_too_old_to_be_asked_is_judged_all_the_same(talos: str, tmp_path: Path) -> None:
    """The trouble began with Talos 1.3: its network's configuration is of a version whose results libcni caches and reads."""
    copy, log = tmp_path / "cni.tar.gz", tmp_path / "kubelet.log"
    copy.write_bytes(archive("/var/lib/cni"))
    log.write_text(kubelet() * 3)
    node = look(copy, talos, logs=read_log_files([str(log)]))
    assert (node.error, [(judged.code, judged.verdict) for judged in node.files]) == ("", [("stop-fails", Verdict.FATAL)])


def test_a_copy_of_a_node_whose_containerd_is_not_known_is_refused(tmp_path: Path) -> None:
    """With the first version of which it is."""
    copy = tmp_path / "cni.tar.gz"
    copy.write_bytes(archive("/var/lib/cni"))
    assert "Talos v1.2.0 is older than 1.3, the first version of which a copy can be checked" in look(copy, "v1.2.0").error


def test_without_the_talos_version_it_is_said_to_be_unknown(tmp_path: Path) -> None:
    """The file is damaged; what that comes to is not known."""
    copy = tmp_path / "cni.tar.gz"
    copy.write_bytes(archive("/var/lib/cni"))
    node = look(copy, talos="")
    assert [judged.code for judged in node.files] == ["runtime-unknown"]
    assert node.notes[0].startswith("which Talos version this is was not told")


def test_links_and_pipes_in_a_copy_are_told_and_never_opened(tmp_path: Path) -> None:
    """Neither one in a directory on this machine nor one in an archive."""
    secret = tmp_path / "secret"
    secret.write_text("planted")
    results = tmp_path / "copy" / "results"
    results.mkdir(parents=True)
    (results / BROKEN).symlink_to(secret)
    os.mkfifo(results / f"cbr0-{RUNNING.id}-eth0")
    (results / f"cbr0-{'c3' * 32}-eth0").mkdir()
    node = look(tmp_path / "copy", deep=True)
    assert {judged.file.name[5:7]: judged.code for judged in node.files} == {"b2": "link", "a1": "stop-hangs", "c3": "stays-behind"}
    assert "planted" not in repr(node)
    packed = tmp_path / "copy.tar"
    with tarfile.open(packed, "w") as tar:
        tar.add(tmp_path / "copy", arcname=".")
    assert [judged.code for judged in look(packed).files] == [judged.code for judged in node.files]


@pytest.mark.parametrize("content", [b"", b"x", b"\x1f\x8b", b"\x1f\x8b\x08\x00garbage", b"PK\x03\x04" + b"\0" * 600])
def test_what_is_no_archive_is_refused(content: bytes, tmp_path: Path) -> None:
    """With its name."""
    bad = tmp_path / "bad"
    bad.write_bytes(content)
    with pytest.raises(InputError) as caught:
        copied.load(bad)
    assert str(caught.value).startswith(str(bad))


def test_an_archive_that_is_cut_off_is_refused(tmp_path: Path) -> None:
    """Half of a cache would look like a whole one."""
    cut = tmp_path / "cut.tar.gz"
    cut.write_bytes(archive("/var/lib/cni")[:-200])
    with pytest.raises(InputError, match="damaged"):
        copied.load(cut)


@pytest.mark.parametrize("make", [Path.mkdir, Path.touch, lambda path: None])
def test_a_copy_of_something_else_is_refused(make: object, tmp_path: Path) -> None:
    """Empty, no archive, or not there."""
    source = tmp_path / "x"
    make(source)  # type: ignore[operator]
    with pytest.raises(InputError):
        copied.load(source)
    other = tmp_path / "other"
    (other / "etc").mkdir(parents=True)
    with pytest.raises(InputError, match=r"copy it with: talosctl -n NODE copy /var/lib/cni"):
        copied.load(other)


def test_names_that_lead_out_of_an_archive_are_left_out(tmp_path: Path) -> None:
    """Nothing is unpacked, and nothing is placed elsewhere."""
    packed = tmp_path / "x.tar"
    with tarfile.open(packed, "w") as tar:
        for name in ("../results/" + BROKEN, "/results/" + BROKEN, "results/../../" + BROKEN, f"results/{BROKEN}"):
            tar.addfile(tarfile.TarInfo(name))
    assert [judged.file.name for judged in look(packed).files] == [BROKEN]


def test_an_archive_with_more_files_than_any_node_has_is_judged_up_to_a_bound(tmp_path: Path) -> None:
    """And the report says so."""
    packed = tmp_path / "x.tar"
    with tarfile.open(packed, "w") as tar:
        for number in range(30_000):
            tar.addfile(tarfile.TarInfo(f"results/cbr0-{number:064x}-eth0"))
    node = look(packed, most_entries=5000)
    assert (node.total, node.incomplete) == (5000, True)


@given(st.binary(max_size=2000))
def test_no_archive_makes_reading_fail(content: bytes) -> None:
    """Any bytes at all, and a real archive with some of its bytes replaced."""
    whole = archive("/var/lib/cni")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "x"
        for data in (content, whole[: len(content)] + content + whole[2 * len(content) :]):
            path.write_bytes(data)
            with contextlib.suppress(InputError):
                copied.load(path)


def test_what_is_not_in_a_copy_is_an_error_that_says_so() -> None:
    """As from a node that cannot be asked."""
    copy = copied.Copy({})
    for call in (copy.containers("x"), copy.boot_time("x"), copy.read_file("x", "/etc/shadow", limit=1)):
        with pytest.raises(NodeError, match="copy"):
            asyncio.run(call)
