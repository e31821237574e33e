"""List, Read and Copy on a simulated node, and what a debug container does to its files."""

from __future__ import annotations

import io
import tarfile
from typing import Any

import pytest
from model_bench import Bench

from talospatch.simulator.spec import FileSpec, ImageSpec
from talospatch.wire import methods
from talospatch.wire.proto import common_pb2, debug_pb2, machine_pb2

FILES = {
    "/var/data/a": FileSpec(b"x" * 2500, mode=0o644, modified=5, uid=1, gid=2),
    "/var/data/empty": FileSpec(),
    "/var/data/deep/er/b": FileSpec(b"b"),
    "/var/data/link": FileSpec(kind="symlink", link="a"),
    "/var/data/loop": FileSpec(kind="symlink", link="loop"),
    "/var/data/pipe": FileSpec(kind="fifo"),
    "/var/bad/torn": FileSpec(b"0123456789", unreadable=True),
    "/var/bad/whole": FileSpec(b"ok"),
    "/var/short": FileSpec(kind="symlink", link="/var/data"),
}


@pytest.fixture
def bench() -> Bench:
    """A node with some files."""
    return Bench(files=FILES)


def listed(bench: Bench, root: str, **more: Any) -> dict[str, Any]:
    """Entries by relative name."""
    return {entry.relative_name: entry for entry in bench.good(methods.LIST, machine_pb2.ListRequest(root=root, **more))}


def test_a_directory_is_listed_with_itself_first_and_one_level_deep(bench: Bench) -> None:
    entries = listed(bench, "/var/data/")
    assert list(entries) == [".", "a", "deep", "empty", "link", "loop", "pipe"]
    assert (entries["a"].size, entries["a"].mode, entries["a"].modified, entries["a"].uid, entries["a"].gid) == (2500, 0o644, 5, 1, 2)
    assert (entries["."].mode >> 31, entries["link"].mode >> 27, entries["link"].link) == (1, 1, "a")
    assert entries["deep"].is_dir


@pytest.mark.parametrize(
    ("more", "names"),
    [
        ({"recurse": True}, {"deep/er/b", "deep/er"}),
        ({"recurse": True, "recursion_depth": 2}, {"deep/er"}),
        ({"recurse": True, "recursion_depth": 1}, set()),
        ({"recurse": True, "recursion_depth": -3}, {"deep/er/b", "deep/er"}),
        ({"recursion_depth": 5}, set()),
        ({"types": [machine_pb2.ListRequest.REGULAR]}, {"deep/er/b"}),
        ({"types": [machine_pb2.ListRequest.REGULAR, machine_pb2.ListRequest.DIRECTORY]}, set()),
    ],
)
def test_depth_is_what_was_asked_unless_types_leave_directories_out(bench: Bench, more: dict[str, Any], names: set[str]) -> None:
    assert {name for name in listed(bench, "/var/data", **more) if "/" in name} == names


def test_a_link_as_root_is_resolved_and_a_file_is_its_own_root(bench: Bench) -> None:
    assert listed(bench, "var/short")["a"].name == "/var/data/a"
    assert list(listed(bench, "/var/data/a")) == ["a"]


@pytest.mark.parametrize(("root", "problem"), [("/no", "no such file or directory"), ("/var/data/a/b", "not a directory")])
def test_a_root_that_is_not_there_fails_the_call(bench: Bench, root: str, problem: str) -> None:
    answered = bench.ask(methods.LIST, machine_pb2.ListRequest(root=root))
    assert (answered.code, answered.details) == ("UNKNOWN", f"lstat {root}: {problem}")


def test_a_file_is_read_in_pieces_of_a_kilobyte(bench: Bench) -> None:
    messages = bench.good(methods.READ, machine_pb2.ReadRequest(path="/var/short/link"))
    assert [len(message.bytes) for message in messages] == [1024, 1024, 452]
    assert bench.good(methods.READ, machine_pb2.ReadRequest(path="/var/data/empty")) == []


def test_a_torn_file_ends_early_and_says_all_is_well(bench: Bench) -> None:
    assert bench.read("/var/bad/torn") == b"01234"


@pytest.mark.parametrize(
    ("path", "code", "details"),
    [
        ("/no", "NOT_FOUND", "stat /no: no such file or directory"),
        ("/var/data", "UNKNOWN", "path must be a regular file"),
        ("/var/data/pipe", "UNKNOWN", "path must be a regular file"),
        ("/var/data/loop", "UNKNOWN", "stat /var/data/loop: too many levels of symbolic links"),
    ],
)
def test_what_is_no_file_cannot_be_read(bench: Bench, path: str, code: str, details: str) -> None:
    answered = bench.ask(methods.READ, machine_pb2.ReadRequest(path=path))
    assert (answered.code, answered.details) == (code, details)


def test_before_1_8_a_missing_file_has_no_status_of_its_own() -> None:
    assert Bench("v1.7.7").ask(methods.READ, machine_pb2.ReadRequest(path="/no")).code == "UNKNOWN"


def archive(messages: list[Any]) -> tarfile.TarFile:
    """The archive that Copy sent."""
    return tarfile.open(fileobj=io.BytesIO(b"".join(message.bytes for message in messages)))


def test_a_tree_is_copied_whole() -> None:
    bench = Bench(files=FILES)
    with archive(bench.good(methods.COPY, machine_pb2.CopyRequest(root_path="/var/data/"))) as copied:
        assert sorted(copied.getnames()) == ["a", "deep", "deep/er", "deep/er/b", "empty", "link", "loop", "pipe"]
        assert copied.getmember("link").linkname == "a"
        handle = copied.extractfile("a")
        assert handle is not None
        assert handle.read() == b"x" * 2500


@pytest.mark.parametrize(("talos", "as_status"), [("v1.13.9", False), ("v1.14.0-rc.1", True)])
def test_what_cannot_be_copied_is_told_after_a_usable_archive(talos: str, as_status: bool) -> None:
    answered = Bench(talos, files=FILES).ask(methods.COPY, machine_pb2.CopyRequest(root_path="/var/bad"))
    messages: list[Any] = list(answered.messages)
    text = answered.details if as_status else messages.pop().metadata.error
    assert (answered.code == "UNKNOWN") == as_status
    assert text.startswith('1 error occurred:\n\t* skipping "/var/bad/torn": ')
    with archive(messages) as copied:
        assert copied.getnames() == ["whole"]


def debug(bench: Bench, *arguments: str) -> tuple[bytes, int]:
    """Run a program in a debug container; its output and exit code."""
    spec = debug_pb2.DebugContainerRunRequestSpec(
        containerd=common_pb2.ContainerdInstance(namespace=common_pb2.NS_SYSTEM),
        image_name="tools",
        args=arguments,
        profile=debug_pb2.DebugContainerRunRequestSpec.PROFILE_PRIVILEGED,
    )
    answered = bench.ask(methods.CONTAINER_RUN, debug_pb2.DebugContainerRunRequest(spec=spec))
    assert answered.code == "OK", answered.details
    *output, last = list[Any](answered.messages)
    return b"".join(message.stdout_data for message in output), last.exit_code


def test_a_debug_container_deletes_an_empty_file_and_nothing_else() -> None:
    bench = Bench(files=FILES, images=(ImageSpec("tools", "inmem"),))
    test = ("-maxdepth", "0", "-type", "f", "-size", "0c", "-print", "-delete")
    assert debug(bench, "find", "/host/var/data/a", *test) == (b"", 0)
    assert debug(bench, "find", "/host/var/data/link", *test) == (b"", 0)
    assert debug(bench, "find", "/host/var/data/empty", *test) == (b"/host/var/data/empty\n", 0)
    assert debug(bench, "find", "/host/var/data/empty", *test)[1] == 1
    assert list(listed(bench, "/var/data")) == [".", "a", "deep", "link", "loop", "pipe"]


def test_a_debug_container_cannot_change_the_system() -> None:
    bench = Bench(images=(ImageSpec("tools", "inmem"),))
    assert debug(bench, "rm", "--", "/host/etc/os-release") == (b"rm: can't remove '/host/etc/os-release': Read-only file system\n", 1)
    assert debug(bench, "cat", "/host/etc/os-release")[0].startswith(b'NAME="Talos"')


def test_a_debug_container_needs_an_image_and_a_program() -> None:
    bench = Bench(images=(ImageSpec("tools", "inmem"),))
    spec = debug_pb2.DebugContainerRunRequestSpec(
        containerd=common_pb2.ContainerdInstance(driver=common_pb2.CRI, namespace=common_pb2.NS_CRI),
        image_name="tools",
        profile=debug_pb2.DebugContainerRunRequestSpec.PROFILE_PRIVILEGED,
    )
    request = debug_pb2.DebugContainerRunRequest(spec=spec)
    assert bench.ask(methods.CONTAINER_RUN, request).code == "NOT_FOUND"
    request.spec.containerd.driver, request.spec.containerd.namespace = common_pb2.CONTAINERD, common_pb2.NS_SYSTEM
    request.spec.args.append("/no/program")
    assert "stat /no/program: no such file or directory" in bench.ask(methods.CONTAINER_RUN, request).details
