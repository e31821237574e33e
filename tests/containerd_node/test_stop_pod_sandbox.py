"""StopPodSandbox of a real containerd does with a damaged cache file what is predicted, word for word."""

from __future__ import annotations

import base64
import contextlib
import json
import os
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from containerd_node.cri_client import CriError
from containerd_node.machine import until
from containerd_node.node import RESULTS, ContainerdNode
from talospatch.cni import DeletePrediction, predict_delete
from talospatch.cni.rules import RULES

pytestmark = pytest.mark.containerd

VECTORS = Path(__file__).parents[1] / "vectors/cni/delete.jsonl"


def _with_result(content: bytes, **changes: object) -> bytes:
    entry = json.loads(content)
    entry["result"] |= changes
    return json.dumps(entry).encode()


DAMAGES: dict[str, Callable[[bytes], bytes | None]] = {
    "intact": lambda content: content,
    "missing": lambda _: None,
    "empty": lambda _: b"",
    "white space": lambda _: b" \n",
    "truncated": lambda content: content[: len(content) // 2],
    "one byte short": lambda content: content[:-1],
    "NUL bytes": lambda content: bytes(len(content)),
    "half NUL bytes": lambda content: content[:600] + bytes(len(content) - 600),
    "garbage": lambda _: b"\x80garbage",
    "something after the end": lambda content: content + b"x",
    "an array": lambda _: b"[]",
    "an empty object": lambda _: b"{}",
    "unknown version": lambda content: _with_result(content, cniVersion="9.9.9"),
    "wrong type": lambda content: _with_result(content, ips="none"),
    "no address": lambda content: _with_result(content, ips=[{"address": "not-an-ip"}]),
}


def predicted(node: ContainerdNode, content: bytes | None, **more: bool) -> DeletePrediction:
    """What is to be expected of this node."""
    old_go = node.containerd.go < (1, 24)
    return predict_delete(content, libcni=node.containerd.libcni, cni_version=node.cni_version, before_go_1_24=old_go, **more)  # type: ignore[arg-type]


def wording(sandbox: str, error: str | None) -> str:
    """What kubelet logs of it."""
    return (
        f'rpc error: code = Unknown desc = failed to destroy network for sandbox "{sandbox}": '
        f'failed to get network "cbr0" cached result: {error}'
    )


@pytest.mark.parametrize("damage", DAMAGES)
def test_stopping_a_pod_comes_to_what_is_predicted(any_node: ContainerdNode, damage: str) -> None:
    """Whether it fails, in which words, whether the file stays, and whether the address comes back; and without the file it goes."""
    sandbox = any_node.run_pod()
    file = any_node.cache_file(sandbox)
    content = DAMAGES[damage](file.read_bytes())
    if content is None:
        file.unlink()
    else:
        file.write_bytes(content)
    expected = predicted(any_node, content)
    for _ in range(2 if expected.fails else 1):  # it fails again and again
        assert any_node.stop_error(sandbox) == (wording(sandbox, expected.error) if expected.fails else None)
    assert file.exists() == expected.file_left
    assert (sandbox in any_node.leases().values()) == (not expected.plugins_run)
    if expected.fails:
        with pytest.raises(CriError) as caught:
            any_node.cri.remove_pod(sandbox)
        assert (
            caught.value.details
            == f'failed to forcibly stop sandbox "{sandbox}": ' + wording(sandbox, expected.error).partition("desc = ")[2]
        )
        file.unlink()
        assert any_node.stop_error(sandbox) is None
        assert sandbox not in any_node.leases().values()
    any_node.cri.remove_pod(sandbox)
    assert [pod.id for pod in any_node.cri.pods()] == []


def test_every_recorded_damage_fails_in_the_words_that_are_predicted(any_node: ContainerdNode) -> None:
    """All contents of the vectors on which DEL fails, one after the other in the file of one sandbox that does not stop."""
    sandbox = any_node.run_pod()
    file = any_node.cache_file(sandbox)
    rows = [json.loads(line) for line in VECTORS.read_text().splitlines()]
    contents = {row["id"]: base64.b64decode(row["content_b64"]) for row in rows if row["kind"] == "file" and "content_b64" in row}
    failing = {key: prediction for key, content in contents.items() if (prediction := predicted(any_node, content)).fails}
    wrong = {}
    for key, prediction in failing.items():
        if not (prediction.error or "").startswith("panic: "):
            file.write_bytes(contents[key])
            answer = any_node.stop_error(sandbox)
            if answer != wording(sandbox, prediction.error):
                wrong[key] = answer
    assert wrong == {}
    assert (len(failing) > 100) == (not any_node.containerd.heals and any_node.cni_version != "0.3.1")
    any_node.clear()


def test_the_loopback_interface_has_a_file_whose_damage_does_no_harm(node: ContainerdNode) -> None:
    """containerd's own list for it is of version 0.3.1."""
    sandbox = node.run_pod()
    file = node.machine.root / RESULTS / f"cni-loopback-{sandbox}-lo"
    assert json.loads(file.read_bytes())["networkName"] == "cni-loopback"
    file.write_bytes(b"")
    assert node.stop_error(sandbox) is None
    assert not file.exists()


def test_a_pod_in_the_network_of_the_node_has_no_cache_files(node: ContainerdNode) -> None:
    """So none can be damaged."""
    sandbox = node.run_pod(host_network=True)
    results = node.machine.root / RESULTS
    assert not results.exists() or list(results.iterdir()) == []
    assert node.stop_error(sandbox) is None


def test_a_pipe_in_place_of_the_file_holds_the_call_until_somebody_writes(node: ContainerdNode) -> None:
    """DEL opens it for reading, which waits for a writer on every containerd."""
    sandbox = node.run_pod()
    file = node.cache_file(sandbox)
    content = file.read_bytes()
    file.unlink()
    node.run_in_node(["mkfifo", f"/{RESULTS}/{file.name}"])
    answers: list[str | None] = []
    stopping = threading.Thread(target=lambda: answers.append(node.stop_error(sandbox)))
    stopping.start()
    with file.open("wb") as writer:  # returns when the other side was opened
        assert answers == []
        writer.write(content)
    stopping.join(90)
    assert answers == [None]


def test_a_sandbox_whose_pipe_was_removed_stops_at_the_next_try(node: ContainerdNode) -> None:
    """By the very predicates of the hint, and although the try before still waits for somebody who writes."""
    sandbox = node.run_pod()
    file = node.cache_file(sandbox)
    file.unlink()
    node.run_in_node(["mkfifo", f"/{RESULTS}/{file.name}"])
    kept = file.with_name("pipe")
    os.link(file, kept)
    try:
        with pytest.raises(CriError, match="DeadlineExceeded"):
            node.cri.stop_pod(sandbox, deadline=10)
        predicates = RULES["stop-hangs"].hint.partition("/FILE ")[2].partition("`")[0].split()
        assert predicates == ["-type", "p", "-delete"]
        node.run_in_node(["find", f"/{RESULTS}/{file.name}", *predicates])
        assert not file.exists()
        assert node.stop_error(sandbox) is None
        assert sandbox not in node.leases().values()
    finally:
        with contextlib.suppress(OSError):  # nobody reads it if the call was over before it came to that
            os.close(os.open(kept, os.O_WRONLY | os.O_NONBLOCK))
        kept.unlink()


def test_a_null_among_the_interfaces_ends_containerd_itself(new_node: Callable[[], ContainerdNode]) -> None:
    """libcni takes the fields of what is not there; a result of version 1.0.0 under a conflist of 0.4.0 has to be converted."""
    node = new_node()
    sandbox = node.run_pod()
    file = node.cache_file(sandbox)
    entry = json.loads(file.read_bytes())
    entry["result"] |= {"cniVersion": "0.4.0", "interfaces": [None]}
    file.write_bytes(json.dumps(entry).encode())
    expected = predicted(node, file.read_bytes())
    assert (expected.fails, (expected.error or "").partition(":")[0]) == (True, "panic")
    with pytest.raises(CriError):
        node.cri.stop_pod(sandbox)
    until(lambda: not node.is_running, "containerd to end")
    assert "nil pointer dereference" in node.log()
    file.unlink()
    node.start_containerd()
    assert node.stop_error(sandbox) is None
