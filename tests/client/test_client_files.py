"""List, Read and Copy."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import io
import tarfile
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scripted import Clock, Scripted, failing

from talospatch.errors import IncompleteAnswer, InputError, NodeUnavailable, NotFound, RefusedError
from talospatch.talos.files import CopiedFiles, FileInfo
from talospatch.talosapi.archive import ArchiveError, unpack
from talospatch.talosapi.client import Client
from talospatch.wire.proto import common_pb2, machine_pb2

RESULTS = "/var/lib/cni/results"


def client_of(*scripts: list[Any]) -> tuple[Client, Scripted]:
    clock, transport = Clock(), Scripted(list(scripts))
    return Client(transport, sleep=clock.sleep, clock=clock), transport


def data(*pieces: bytes) -> list[Any]:
    return [common_pb2.Data(bytes=piece) for piece in pieces]


def listed(client: Client, root: str = RESULTS, **options: Any) -> list[FileInfo]:
    async def run() -> list[FileInfo]:
        return [entry async for entry in client.list_files("10.0.0.5", root, **options)]

    return asyncio.run(run())


def archive(files: dict[str, bytes], *extra: tarfile.TarInfo) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))
        for entry in extra:
            tar.addfile(entry)
    return buffer.getvalue()


@pytest.mark.parametrize(("depth", "recurse", "levels"), [(1, False, 0), (2, True, 2), (5, True, 5)])
def test_list_says_how_deep_and_never_filters_by_type(depth: int, recurse: bool, levels: int) -> None:
    """A filter that leaves out directories makes the server ignore the depth."""
    client, transport = client_of([])
    listed(client, depth=depth)
    (asked,) = transport.asked
    assert asked.requests == [machine_pb2.ListRequest(root=RESULTS, recurse=recurse, recursion_depth=levels)]


def test_a_root_that_may_vanish_is_refused_and_nothing_is_sent() -> None:
    client, transport = client_of([])
    with pytest.raises(RefusedError):
        listed(client, "/var/lib/kubelet/pods")
    with pytest.raises(RefusedError):
        asyncio.run(client.copy_files("10.0.0.5", "/var/lib/kubelet/pods"))
    assert transport.asked == []


def test_the_root_is_sent_as_the_table_spells_it() -> None:
    client, transport = client_of([])
    listed(client, RESULTS + "/")
    assert transport.asked[0].requests[0].root == RESULTS


def test_an_entry_that_vanished_is_an_entry_with_an_error() -> None:
    gone = machine_pb2.FileInfo(name=f"{RESULTS}/x", relative_name="x", error="lstat: no such file or directory")
    client, _ = client_of([machine_pb2.FileInfo(name=RESULTS, relative_name=".", mode=1 << 31), gone])
    root, entry = listed(client)
    assert root.is_directory
    assert not entry.is_regular
    assert "no such file" in entry.error


def test_a_list_that_breaks_off_after_some_entries_is_not_made_again() -> None:
    """Or entries would come twice."""
    client, transport = client_of(failing("UNAVAILABLE", "Socket closed", after=[machine_pb2.FileInfo(name=RESULTS, relative_name=".")]))
    with pytest.raises(NodeUnavailable):
        listed(client)
    assert len(transport.asked) == 1


def test_a_list_that_fails_before_anything_came_is_made_again() -> None:
    client, transport = client_of(failing("UNAVAILABLE", "Socket closed"), [machine_pb2.FileInfo(name=RESULTS, relative_name=".")])
    assert len(listed(client)) == 1
    assert len(transport.asked) == 2


def test_leaving_a_list_early_cuts_the_call() -> None:
    client, transport = client_of(
        [machine_pb2.FileInfo(name=RESULTS, relative_name="."), machine_pb2.FileInfo(name="x", relative_name="x")]
    )

    async def first() -> FileInfo:
        entries = client.list_files("10.0.0.5", RESULTS)
        try:
            return await anext(entries)
        finally:
            await entries.aclose()

    assert asyncio.run(first()).relative_name == "."
    assert transport.cut == 1


def test_a_file_is_its_pieces_put_together_and_an_empty_one_has_none() -> None:
    client, _ = client_of(data(b"x" * 1024, b"rest"))
    assert asyncio.run(client.read_file("10.0.0.5", "/etc/hostname")) == b"x" * 1024 + b"rest"
    client, _ = client_of([])
    assert asyncio.run(client.read_file("10.0.0.5", f"{RESULTS}/cbr0-0-eth0", expected_size=0)) == b""


@pytest.mark.parametrize("size", [3, 5])
def test_a_file_cut_off_silently_is_noticed_when_its_size_is_known(size: int) -> None:
    """The server ends the stream with OK when it cannot read on."""
    client, _ = client_of(data(b"1234"))
    with pytest.raises(IncompleteAnswer, match="4 bytes of /etc/x came, but it has"):
        asyncio.run(client.read_file("10.0.0.5", "/etc/x", expected_size=size))


def test_a_file_larger_than_the_limit_is_not_read_to_its_end() -> None:
    client, transport = client_of(data(*[b"x" * 1024] * 100))
    with pytest.raises(IncompleteAnswer, match="larger than the limit of 2048 bytes"):
        asyncio.run(client.read_file("10.0.0.5", "/var/big", limit=2048))
    assert transport.cut == 1


def test_a_relative_path_is_refused() -> None:
    client, transport = client_of([])
    with pytest.raises(InputError):
        asyncio.run(client.read_file("10.0.0.5", "etc/hostname"))
    assert transport.asked == []


def copied(*scripts: list[Any], limit: int = 1 << 20) -> tuple[CopiedFiles, Scripted]:
    client, transport = client_of(*scripts)
    return asyncio.run(client.copy_files("10.0.0.5", RESULTS, limit=limit)), transport


SKIPPED = '2 errors occurred:\n\t* skipping "/var/lib/cni/results/x": lstat /x: no such file or directory\n\t* skipping "/y": gone\n\n'


def told_in_a_message(text: str, files: dict[str, bytes]) -> list[Any]:
    return [*data(archive(files)), common_pb2.Data(metadata=common_pb2.Metadata(error=text))]


def told_by_status(text: str, files: dict[str, bytes]) -> list[Any]:
    return failing("UNKNOWN", text, after=data(archive(files)))


@pytest.mark.parametrize("ending", [told_in_a_message, told_by_status], ids=["up to 1.13", "since 1.14"])
def test_files_that_vanish_during_a_copy_are_warnings_and_the_rest_is_there(ending: Any) -> None:
    result, transport = copied(ending(SKIPPED, {"a": b"1", "d/b": b"22"}))
    assert result.files == {"a": b"1", "d/b": b"22"}
    assert len(result.warnings) == 2
    assert result.warnings[0].startswith("skipping")
    assert len(transport.asked) == 1


@pytest.mark.parametrize("ending", [told_in_a_message, told_by_status], ids=["up to 1.13", "since 1.14"])
def test_a_copy_spoilt_by_a_shrinking_file_is_made_once_more(ending: Any) -> None:
    spoilt = '1 error occurred:\n\t* skipping "/b": archive/tar: missed writing 1500 bytes\n\n'
    result, transport = copied(ending(spoilt, {"a": b"1"}), data(archive({"a": b"1", "b": b"2"})))
    assert result == CopiedFiles({"a": b"1", "b": b"2"})
    assert len(transport.asked) == 2
    with pytest.raises(IncompleteAnswer, match="shrank"):
        copied(ending(spoilt, {"a": b"1"}))


@pytest.mark.parametrize(
    "script",
    [
        [common_pb2.Data(metadata=common_pb2.Metadata(error=f"lstat {RESULTS}: no such file or directory"))],
        failing("UNKNOWN", f"lstat {RESULTS}: no such file or directory"),
    ],
    ids=["up to 1.13", "since 1.14"],
)
def test_copying_a_directory_that_is_not_there_is_not_found_on_every_version(script: list[Any]) -> None:
    with pytest.raises(NotFound):
        copied(script)


def test_a_copy_whose_connection_is_lost_fails_even_if_what_came_can_be_unpacked() -> None:
    with pytest.raises(NodeUnavailable):
        copied(failing("UNAVAILABLE", "Socket closed", after=data(archive({"a": b"1"}))))


def test_a_copy_cut_off_with_ok_is_incomplete() -> None:
    with pytest.raises(IncompleteAnswer, match="cut off"):
        copied(data(archive({"a": b"1" * 5000})[:-9]))


def link(name: str, kind: bytes, target: str = "/etc/shadow") -> tarfile.TarInfo:
    entry = tarfile.TarInfo(name)
    entry.type, entry.linkname = kind, target
    return entry


def test_only_regular_files_inside_the_root_are_taken_from_an_archive() -> None:
    kinds = [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.DIRTYPE, tarfile.FIFOTYPE, tarfile.CHRTYPE, tarfile.BLKTYPE]
    tricks = {"../out": b"x", "/abs": b"x", "a/../../b": b"x", "..": b"x"}
    packed = archive({"good": b"1", **tricks}, *(link(f"l{number}", kind) for number, kind in enumerate(kinds)))
    assert unpack(packed, limit=1 << 20) == {"good": b"1"}


def test_a_bomb_is_not_unpacked() -> None:
    """100 MB of zeros are 100 kB on the wire."""
    with pytest.raises(ArchiveError, match="more than 1048576 bytes"):
        unpack(gzip.compress(bytes(100 << 20), compresslevel=1), limit=1 << 20)
    with pytest.raises(ArchiveError, match="more than 1048576 bytes"):
        unpack(archive({f"f{number}": b"" for number in range(3000)}), limit=1 << 20)


def test_a_negative_size_does_not_send_the_reader_in_circles() -> None:
    """Two's complement in base 256, as GNU tar writes large numbers."""
    header = bytearray(tarfile.TarInfo("x").tobuf())
    header[124:136] = b"\xff" * 12
    header[148:156] = b" " * 8
    header[148:156] = f"{sum(header):06o}\0 ".encode()
    with pytest.raises(ArchiveError):
        unpack(gzip.compress(bytes(header) + bytes(1024)), limit=1 << 20)


@given(st.binary(max_size=2000), st.booleans())
def test_any_bytes_unpack_or_fail_with_our_error(junk: bytes, wrapped: bool) -> None:
    with contextlib.suppress(ArchiveError):
        unpack(gzip.compress(junk) if wrapped else junk, limit=1 << 16)


@given(st.integers(0, 400), st.binary(min_size=1, max_size=3))
def test_an_archive_changed_anywhere_unpacks_or_fails_with_our_error(position: int, change: bytes) -> None:
    plain = bytearray(gzip.decompress(archive({"a": b"1" * 600, "b/c": b"2"})))
    plain[position : position + len(change)] = change
    with contextlib.suppress(ArchiveError):
        unpack(gzip.compress(bytes(plain)), limit=1 << 16)
