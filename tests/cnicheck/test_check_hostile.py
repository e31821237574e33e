"""Nodes that lie, change meanwhile, or have too much of everything."""

from __future__ import annotations

import asyncio
import json
import tracemalloc
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from cni_scripted import BOOT, RESULTS, ScriptedClient, ScriptedNode
from hypothesis import given
from hypothesis import strategies as st

from talospatch.cni.rules import Verdict
from talospatch.cnicheck.check import check
from talospatch.cnicheck.options import CheckOptions, NodeToCheck
from talospatch.talos.files import MODE_DIRECTORY, MODE_FIFO, MODE_SOCKET, MODE_SYMLINK

if TYPE_CHECKING:
    from talospatch.cnicheck.report import NodeCni

ID = "a1" * 32
NAME = f"cbr0-{ID}-eth0"
GOOD = b'{"kind":"cniCacheV1","containerId":"' + ID.encode() + b'","result":{"cniVersion":"1.0.0"}}' + b" " * 400
NOW = BOOT + 100_000


def only(node: ScriptedNode, **changes: int) -> NodeCni:
    options = CheckOptions(now=lambda: NOW, **changes)  # type: ignore[arg-type]
    report = asyncio.run(check(ScriptedClient({"n": node}), [NodeToCheck("n")], options))
    json.dumps(report.to_dict())
    return report.nodes[0]


def test_a_content_that_is_shorter_than_the_directory_says_is_not_judged() -> None:
    """The node could not read on, or the file changed."""
    found = only(ScriptedNode(files={NAME: b""}, sizes={NAME: 1200}, known=[ID]))
    assert [judged.code for judged in found.files] == ["entry-error"]
    assert found.verdict is Verdict.UNKNOWN


def test_a_copied_content_of_another_length_is_not_judged_either() -> None:
    """The same by the other way of reading."""
    files = {f"cbr0-{number:064x}-eth0": GOOD for number in range(20)}
    found = only(ScriptedNode(files={**files, NAME: b"{"}, sizes={NAME: 1200}, known=[ID, *(f"{number:064x}" for number in range(20))]))
    assert [(judged.file.name, judged.code) for judged in found.files] == [(NAME, "entry-error")]


@pytest.mark.parametrize("others", [0, 20])
def test_a_file_that_vanishes_between_list_and_read_is_no_file(others: int) -> None:
    """containerd took it away, which is all that is wanted."""
    ids = [f"{number:064x}" for number in range(others)]
    files = {f"cbr0-{each}-eth0": GOOD for each in ids} | {NAME: GOOD}
    found = only(ScriptedNode(files=files, known=[ID, *ids], vanishing={NAME}))
    assert (found.verdict, found.total) == (Verdict.HEALTHY, others)


def test_an_entry_that_vanishes_while_it_is_listed_is_no_file() -> None:
    """List says so entry by entry; other errors are told."""
    node = ScriptedNode(
        files={NAME: b"", "x": b""}, errors={NAME: "lstat: no such file or directory", "x": "lstat: input/output error"}, known=[ID]
    )
    assert [(judged.file.name, judged.code) for judged in only(node).files] == [("x", "entry-error")]


def test_links_fifos_sockets_and_directories_are_told_and_never_opened() -> None:
    """A link to a secret, and a pipe that would block the reader; the scripted node fails when one is opened."""
    kinds = {"1": MODE_SYMLINK, "2": MODE_FIFO, "3": MODE_SOCKET, "4": MODE_DIRECTORY}
    names = {f"cbr0-{digit * 64}-eth0": kind for digit, kind in kinds.items()}
    good = {f"cbr0-{number:064x}-eth0": GOOD for number in range(20)}
    node = ScriptedNode(files={**dict.fromkeys(names, b""), **good}, kinds=names, known=[name[5:69] for name in [*names, *good]])
    assert sorted(judged.code for judged in only(node).files) == ["link", "stays-behind", "stop-hangs"]


HOSTILE_NAMES = [
    "a\nb",
    "\x1b]0;owned\x07",
    "\u202egnp.exe",
    "\u2066",
    "x" * 5000,
    f"{NAME}\n",
    f"{NAME} ",
    "..\\..",
    "cbr0--eth0",
    "\U000e0001",
]


def test_hostile_names_are_reported_escaped_and_never_read() -> None:
    """Each is one printable line; none is taken for a cache file."""
    found = only(ScriptedNode(files=dict.fromkeys(HOSTILE_NAMES, b"secret"), known=[]))
    assert {judged.code for judged in found.files} == {"foreign-name"}
    for judged, row in zip(found.files, found.to_dict()["files"], strict=True):  # type: ignore[call-overload]
        assert row["name"].isprintable()
        assert len(row["name"]) < 300
        assert found.explain(judged).replace("\n", "").isprintable()


def test_a_directory_of_200_000_entries_is_reported_and_capped() -> None:
    """The rest is said not to have been looked at; memory stays bounded."""
    node = ScriptedNode(files=dict.fromkeys((f"cbr0-{number:064x}-eth0" for number in range(200_000)), b""), known=[])
    tracemalloc.start()
    try:
        found = only(node, most_entries=5000)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert (found.total, len(found.files), found.incomplete) == (5000, 100, True)
    assert "more than 5000 files in the cache: the rest was not looked at" in found.notes
    assert "4900 more files are counted but not listed" in found.notes
    assert peak < 16 << 20


def test_more_sandboxes_than_any_node_has_are_not_believed() -> None:
    """Then it is not known which exist, and no file is called an orphan."""
    found = only(ScriptedNode(files={NAME: b""}, known=[f"{number:064x}" for number in range(3000)]), most_entries=1000)
    assert [judged.code for judged in found.files] == ["sandbox-unseen"]


def test_contents_are_read_up_to_a_bound() -> None:
    """A node that claims gigabytes gets no more of our memory."""
    ids = [f"{number:064x}" for number in range(40)]
    files = {f"cbr0-{each}-eth0": GOOD for each in ids}
    node = ScriptedNode(files=files, sizes={f"cbr0-{ids[0]}-eth0": 1 << 40, f"cbr0-{ids[1]}-eth0": 1 << 20}, known=ids)
    found = only(node, most_reads=10, most_bytes=1 << 19)
    assert (found.unread, found.counts[Verdict.HEALTHY]) == (31, 9)
    assert found.notes == (
        "1 file is larger than 1 MiB and was not read",
        "30 files were not read: that would be more than this check takes from one node",
    )


def test_numbers_that_python_refuses_to_read_do_not_stop_the_check() -> None:
    """A conflist version of thousands of digits."""
    for digits in ("0" * 9000, "9" * 9000):
        conflist = b'{"name":"cbr0","cniVersion":"1.%s","plugins":[]}' % digits.encode()
        found = only(ScriptedNode(files={NAME: b"x"}, known=[ID], conflists={"1.conflist": conflist}))
        assert found.verdict is Verdict.FATAL
        assert len(found.explain(found.files[0])) < 3000


def test_a_node_that_says_one_name_twice_is_judged_once() -> None:
    """Names are what files are told apart by."""

    class Twice(ScriptedClient):
        def _entry(self, node: ScriptedNode, root: str, name: str) -> object:  # type: ignore[override]
            return super()._entry(node, root, NAME if root == RESULTS else name)

    client = Twice({"n": ScriptedNode(files={NAME: b"", "other": b""}, known=[ID])})
    (found,) = asyncio.run(check(client, [NodeToCheck("n")], CheckOptions(now=lambda: NOW))).nodes
    assert [judged.file.name for judged in found.files] == [NAME]


def test_a_directory_that_is_a_link_is_said() -> None:
    """List follows it and tells where it led: these are not the files of the cache."""

    class Elsewhere(ScriptedClient):
        async def list_files(self, node: str, root: str, *, depth: int = 1):  # type: ignore[no-untyped-def]
            async for entry in super().list_files(node, root, depth=depth):
                yield replace(entry, name=entry.name.replace(RESULTS, "/etc\x1b")) if root == RESULTS else entry

    client = Elsewhere({"n": ScriptedNode(files={NAME: b""}, known=[ID])})
    (found,) = asyncio.run(check(client, [NodeToCheck("n")], CheckOptions(now=lambda: NOW))).nodes
    assert any(note.startswith(r"the node listed /etc\x1b in place of /var/lib/cni/results") for note in found.notes)


def test_a_version_that_is_none_is_said() -> None:
    """What that node's containerd does is not known."""
    found = only(ScriptedNode(talos="v\x1b[2J", files={NAME: b""}, known=[ID]))
    assert [judged.code for judged in found.files] == ["runtime-unknown"]
    assert found.notes[0].isprintable()
    assert found.to_dict()["talos"].isprintable()  # type: ignore[attr-defined]


def test_a_node_with_endless_addresses_and_namespaces_is_reported_and_capped() -> None:
    """Whatever it says it has, memory stays bounded and the rest is said not to have been looked at."""
    node = ScriptedNode(
        files={NAME: b""},
        known=[ID],
        leases=dict.fromkeys((f"cbr0/fd00::{number:x}" for number in range(1, 60_000)), b""),
        scratch=dict.fromkeys((f"{number:064x}" for number in range(60_000)), b""),
        namespaces=[f"cni-{number}" for number in range(60_000)],
        tasks=[f"{number:064x}" for number in range(60_000)],
    )
    found = only(node, most_entries=5000)
    assert [judged.code for judged in found.files] == ["stop-fails-or-will"]
    assert [note for note in found.notes if note.startswith("more than 5000")] == [
        "more than 5000 tasks: which pods run was not looked at",
        "more than 5000 addresses: the rest was not looked at",
        "more than 5000 network namespaces: they were not looked at",
    ]


def test_hostile_names_of_networks_and_namespaces_are_shown_escaped() -> None:
    """They are names of files, and anything can be one."""
    leases = {f"{name.replace('/', '')}/10.244.7.{number}": b"" for number, name in enumerate(HOSTILE_NAMES, 2) if name.replace("/", "")}
    found = only(ScriptedNode(files={NAME: b""}, known=[ID], leases=leases, namespaces=HOSTILE_NAMES))
    assert len(found.networks) == len(HOSTILE_NAMES)
    for finding in found.findings:
        assert (finding.path + finding.message).isprintable()
    assert all(str(network["network"]).isprintable() for network in found.to_dict()["networks"])  # type: ignore[attr-defined]


@pytest.mark.parametrize("modified", [-1, 0, 1 << 62, -(1 << 62)])
def test_times_that_no_clock_has_are_shown_as_unknown(modified: int) -> None:
    """A node's clock, or its word, may be anything."""
    found = only(ScriptedNode(files={NAME: b""}, known=[ID], modified=modified, boot_time=1 << 60))
    for story in found.stories:
        assert all(text.isprintable() for text in found.tell(story))
    assert found.total == 1


def test_a_sandbox_that_becomes_ready_between_two_looks_is_not_confirmed() -> None:
    """The node lied the first time, or the pod came back."""
    options = [CheckOptions(now=lambda: NOW, ticks=lambda at=at: at) for at in (0.0, 100.0)]  # type: ignore[misc]
    stopped, running = (
        ScriptedNode(talos="v1.9.0", files={NAME: b""}, kinds={NAME: MODE_FIFO}, known=[ID], ready=ready) for ready in ([], [ID])
    )
    first = asyncio.run(check(ScriptedClient({"n": stopped}), [NodeToCheck("n")], options[0]))
    second = asyncio.run(check(ScriptedClient({"n": running}), [NodeToCheck("n")], options[1], after=first))
    assert [report.nodes[0].files[0].code for report in (first, second)] == ["stop-hangs", "stop-will-hang"]
    assert second.nodes[0].files[0].steady == 0.0


CAUSE = f'failed to destroy network for sandbox \\"{ID}\\": failed to get network \\"cbr0\\" cached result: x'
LINES = [
    f'{{"ts":1700099990000,"msg":"x","err":"{CAUSE}"}}\n',
    f'{{"msg":"RunPodSandbox for &PodSandboxMetadata{{Name:\u202e,Uid:,Namespace:n,Attempt:0,}} returns sandbox id \\"{ID}\\""}}\n',
    f'{{"msg":"StopPodSandbox for \\"{ID}\\" returns successfully"}}\n',
    "no IP addresses available in range set: 10.0.0.1-10.0.0.9\n",
]


@pytest.mark.fuzz
@given(
    st.sampled_from(["v1.6.2", "v1.7.4", "v1.8.0", "v1.13.0", "v1.15.0"]),
    st.dictionaries(
        st.text(max_size=12)
        | st.builds(
            "{}-{}-{}".format, st.sampled_from(["cbr0", "cni-loopback", "x.y-z"]), st.sampled_from([ID, "b2" * 32]), st.text(max_size=4)
        ),
        st.binary(max_size=30) | st.just(GOOD) | st.integers(0, len(GOOD)).map(lambda cut: GOOD[:cut]),
        max_size=6,
    ),
    st.dictionaries(st.text(max_size=8), st.binary(max_size=20), max_size=3),
    st.lists(st.sampled_from([line.encode() for line in LINES]) | st.binary(max_size=30), max_size=5),
    st.dictionaries(
        st.builds("{}/{}".format, st.sampled_from(["cbr0", "x", "\u202e"]), st.text(max_size=8) | st.ip_addresses().map(str)),
        st.binary(max_size=20) | st.just(f"{ID}\r\neth0".encode()),
        max_size=4,
    ),
)
def test_no_node_makes_the_check_fail(
    talos: str,
    files: dict[str, bytes],
    conflists: dict[str, bytes],
    log: list[bytes],
    leases: dict[str, bytes],
) -> None:
    """Any names, contents, configuration, logs and addresses: a report that can be shown."""
    node = ScriptedNode(talos=talos, files=files, conflists=conflists, known=[ID], leases=leases, service_logs={"kubelet": log, "cri": log})
    found = only(node, addresses=True)
    assert not found.error
    assert found.total == len([name for name in files if name not in ("", ".")])
    for text in (*found.notes, *(said for story in found.stories for said in found.tell(story))):
        assert text.isprintable()
    for finding in found.findings:
        assert (finding.path + finding.message).isprintable()
