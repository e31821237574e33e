"""Reading whole logs in one pass."""

from __future__ import annotations

import json
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from logs_samples import (
    AT,
    EMPTY,
    FORMS,
    ID,
    ISO,
    NOW,
    OTHER,
    REASONS,
    UID,
    collector,
    containerd_json,
    error,
    kubelet,
    pod_worker_json,
    quoted,
)

from talospatch.cni import logs
from talospatch.cni.loglines import Cause
from talospatch.cni.logreport import RECENT, LogReport, PodName, only
from talospatch.cni.logs import LONGEST_LINE, LogScan
from talospatch.cni.verdict import LoggedFailure

SAMPLES = Path(__file__).parent.parent / "samples" / "logs"
NOISE = '{"ts":1776288000000.1,"caller":"kubelet/kubelet.go:2460","msg":"SyncLoop ADD","source":"api"}'


def read(*lines: str, piece: int = 1 << 20, **options: float | int) -> LogReport:
    """Read lines as one log."""
    scan = LogScan(now=NOW, **options)  # type: ignore[arg-type]
    data = "".join(f"{line}\n" for line in lines).encode()
    for start in range(0, len(data), piece):
        scan.feed(data[start : start + piece])
    return scan.report()


def hour(sandbox: str = ID, start: float = AT) -> list[str]:
    """What the kubelet writes of a stuck sandbox in an hour: two lines a minute."""
    return [line for turn in range(60) for line in (kubelet(start + turn * 60, sandbox), collector(start + turn * 60 + 0.001, sandbox))]


def test_an_hour_of_a_stuck_sandbox_is_one_row() -> None:
    """First and last seen, how often, and how often an hour."""
    report = read(NOISE, *hour(), NOISE.replace("1776288000000.1", str((AT + 3600) * 1000)))
    (found,) = report.sandboxes.values()
    assert (found.sandbox, found.cause, found.network, found.reason, found.lines) == (ID, Cause.CACHE, "cbr0", EMPTY, 120)
    assert found.first == pytest.approx(AT)
    assert found.last == pytest.approx(AT + 59 * 60 + 0.001)
    assert found.per_hour == pytest.approx(121, abs=1)
    assert report.first == pytest.approx(1_776_288_000.0001)
    assert report.last == pytest.approx(AT + 3600)
    assert report.failing() == {ID: LoggedFailure("cbr0", EMPTY)}


def test_two_lines_are_too_few_for_a_rate() -> None:
    """So are many within a moment."""
    assert read(*hour()[:2]).sandboxes[ID].per_hour is None
    assert read(*[kubelet(AT + number / 10) for number in range(50)]).sandboxes[ID].per_hour is None


def test_what_failed_long_before_the_end_of_the_log_does_not_fail_any_more() -> None:
    """Somebody repaired it, or upgraded the node."""
    later = NOISE.replace("1776288000000.1", str((AT + RECENT + 5000) * 1000))
    report = read(*hour()[:10], later)
    assert report.sandboxes[ID].lines == 10
    assert report.failing() == {}


def test_what_containerd_says_it_stopped_is_over_until_it_fails_again() -> None:
    """The recorded log of a repair: three failures, then success."""
    report = read((SAMPLES / "containerd-1.7.16-log.jsonl").read_text())
    (found,) = report.sandboxes.values()
    assert (found.lines, found.is_over) == (3, True)
    assert report.failing() == {}
    again = read((SAMPLES / "containerd-1.7.16-log.jsonl").read_text(), kubelet(1_800_000_000, found.sandbox))
    assert not again.sandboxes[found.sandbox].is_over


def test_two_logs_of_one_node_are_read_one_after_another() -> None:
    """The kubelet's first, and the word that it ended stands in containerd's, which is of an earlier time than the next line read."""
    scan = LogScan(now=NOW)
    stopped = json.dumps({"level": "info", "msg": f'StopPodSandbox for "{ID}" returns successfully', "time": "2026-04-15T22:30:00Z"})
    scan.feed(f"{containerd_json()}\n{stopped}".encode())
    scan.end_log()
    scan.feed("\n".join(hour()[:4]).encode())
    report = scan.report()
    assert (report.sandboxes[ID].lines, report.sandboxes[ID].is_over, report.notes) == (5, True, ())


@pytest.mark.parametrize("form", FORMS)
def test_every_form_is_found_among_lines_that_do_not_matter(form: str) -> None:
    """Whichever of the words it is found by."""
    report = read(NOISE, FORMS[form](ID, REASONS[1]), NOISE, NOISE)
    assert report.sandboxes[ID].reason == REASONS[1]


@given(
    st.integers(1, 400), st.permutations([NOISE, kubelet(), kubelet(AT + 60), containerd_json(OTHER), pod_worker_json(), "", "\tx", NOISE])
)
def test_it_does_not_matter_in_what_pieces_a_log_comes(piece: int, lines: list[str]) -> None:
    """A line may begin in one and end in another."""
    assert read(*lines, piece=piece) == read(*lines)


def test_a_ring_that_begins_in_the_middle_of_a_line_is_read() -> None:
    """Its first line is lost, its time is the next line's."""
    data = f"{kubelet()}\n{kubelet(AT + 60)}\n{kubelet(AT + 120)}"
    scan = LogScan(now=NOW)
    scan.feed(data[100:].encode())
    report = scan.report()
    assert report.sandboxes[ID].lines == 3  # the first is known by the words at its end
    assert report.first == pytest.approx(AT + 60)


def test_the_words_that_are_whole_and_said_most_often_count() -> None:
    """A cut line is no evidence against a whole one, and another cause none against this one."""
    cut = kubelet()[: kubelet().index("unexpected")]
    other = containerd_json(reason="x").replace('failed to get network \\"cbr0\\" cached result: x', "context deadline exceeded")
    report = read(cut, cut, cut, kubelet(), other, other, other, other)
    assert (report.sandboxes[ID].reason, report.sandboxes[ID].cause, report.sandboxes[ID].lines) == (EMPTY, Cause.CACHE, 8)


def test_pods_are_known_from_every_line_that_tells() -> None:
    """containerd's word when it made the sandbox, in both forms, and the kubelet's of what it saw, in three."""
    third, fourth, fifth = "c3" * 32, "d4" * 32, "e5" * 32
    metadata = f"RunPodSandbox for &PodSandboxMetadata{{Name:web-1,Uid:{UID},Namespace:shop,Attempt:0,}} returns sandbox id {quoted(ID)}"
    newer = f'RunPodSandbox for name:"web-2"  uid:"{UID}"  namespace:"shop"  attempt:1 returns sandbox id "{OTHER}"'
    event = {"ID": UID, "Type": "ContainerStarted", "Data": third}
    pleg = {"ts": AT * 1000, "msg": "SyncLoop (PLEG): event for pod", "pod": {"name": "web-3", "namespace": "shop"}, "event": event}
    text = 'I0415 21:21:05.6 1 kubelet.go:1] "SyncLoop (PLEG): event for pod" pod="shop/web-{}" event={}'
    report = read(
        json.dumps({"level": "info", "msg": metadata, "time": ISO}),
        f'time="{ISO}" level=info msg={quoted(newer)}',
        json.dumps(pleg, separators=(",", ":")),
        text.format(4, json.dumps(event | {"Data": fourth})),
        text.format(5, f"&{{ID:{UID} Type:ContainerDied Data:{fifth}}}"),
    )
    assert [report.pod_of(each) for each in (ID, OTHER, third, fourth, fifth)] == [
        PodName("shop", f"web-{number}", UID) for number in range(1, 6)
    ]
    assert report.pod_of("f6" * 32) is None
    assert read(pod_worker_json()).pod_of(ID) == PodName("shop", "web-1", UID)


def test_the_line_with_which_a_real_containerd_made_a_pod_is_read() -> None:
    """Recorded from 1.6.20 with Talos's log settings: Go writes the ampersand as an escape."""
    sandbox = "b32dca1cfb67458928d6cca4a0bbde78a2af0042bf0e32427a718ba46c92d4f3"
    line = (
        r'{"level":"info","msg":"RunPodSandbox for \u0026PodSandboxMetadata{Name:web-0,Uid:00000000-0000-4000-8000-000000000001,'
        rf'Namespace:shop,Attempt:0,}} returns sandbox id \"{sandbox}\"","time":"2026-11-29T22:03:46.920208766Z"}}'
    )
    assert read(line).pod_of(sandbox) == PodName("shop", "web-0", "00000000-0000-4000-8000-000000000001")


def test_an_empty_pool_is_told_with_its_range_and_time() -> None:
    """From the words of host-local, in whoever's log they stand."""
    said = 'plugin type="flannel" failed (add): failed to delegate add: failed to allocate for range 0: '
    said += "no IP addresses available in range set: 10.244.1.1-10.244.1.254"
    report = read(
        json.dumps({"ts": AT * 1000, "msg": "Failed to create sandbox for pod", "err": said, "pod": {"name": "x", "namespace": "y"}})
    )
    assert {str(pool): at for pool, at in report.exhausted.items()} == {"10.244.1.1-10.244.1.254": pytest.approx(AT)}


def test_a_clock_that_goes_back_is_told() -> None:
    """Times and rates may be wrong then."""
    report = read(kubelet(AT + 90_000), *hour())
    assert report.notes == ("the clock goes back once in the log, so times and rates from it may be wrong",)


def test_klog_text_in_several_lines_has_the_time_of_its_header() -> None:
    """Go's klog breaks a text that has line breaks, and begins each further line with a tab."""
    said = error()
    report = read(
        'E0415 21:21:05.679000     872 remote_runtime.go:248] "StopPodSandbox from runtime service failed" err=<',
        f"\t{said}",
        f' > podSandboxID="{ID}"',
    )
    assert report.sandboxes[ID].first == pytest.approx(AT)


def test_lines_from_a_log_store_bring_their_time_and_node() -> None:
    """Their own time counts where they have one; the node is that of the stream."""
    scan = LogScan()
    scan.entry(kubelet().encode(), at=AT + 3, node="worker-1")
    scan.entry(
        f'E0415 21:21:05.6 1 x.go:1] "x" err={quoted(f"destroy network for sandbox {quoted(OTHER)}: cni plugin not initialized")}'.encode(),
        at=AT + 60,
        node="worker-2",
    )
    report = scan.report()
    assert report.sandboxes[ID].first == pytest.approx(AT)
    assert report.sandboxes[ID].node == "worker-1"
    assert report.sandboxes[OTHER].first == AT + 60
    assert report.sandboxes[OTHER].cause is Cause.NOT_READY
    assert report.notes == ()


def test_a_report_can_be_narrowed_to_some_sandboxes() -> None:
    """One log of a fleet, node by node."""
    report = read(*hour()[:6], *hour(OTHER)[:6])
    assert list(only(report, [OTHER]).sandboxes) == [OTHER]
    assert only(report, [OTHER]).failing() == {OTHER: LoggedFailure("cbr0", EMPTY)}


def test_memory_stays_bounded_however_long_the_log_and_its_lines_are() -> None:
    """A forged log: endless lines, endless sandboxes, endless reasons."""
    scan = LogScan(now=NOW, most_sandboxes=100)
    tracemalloc.start()
    try:
        for number in range(3000):
            scan.feed(f"{kubelet(AT, f'{number:064x}', 'x' * 3000)}\n{kubelet(AT, ID, f'{number}')}\n".encode())
            scan.feed(b'{"msg":"destroy network for sandbox' + b"x" * 9000)
        peak = tracemalloc.get_traced_memory()[1]
        report = scan.report()
    finally:
        tracemalloc.stop()
    assert len(report.sandboxes) == 100
    assert peak < 8 << 20
    assert report.notes[0].endswith("lines about more than 100 sandboxes were not counted")


def test_a_line_longer_than_any_is_skipped_and_the_next_one_read() -> None:
    """Whether its end comes soon or never."""
    report = read("x" * (3 * LONGEST_LINE) + "destroy network for sandbox", kubelet(), piece=LONGEST_LINE // 3)
    assert report.sandboxes[ID].lines == 1
    assert report.notes == ("one line longer than 256 KiB was not looked at",)
    assert read("destroy network for sandbox" + "x" * LONGEST_LINE, kubelet()).sandboxes[ID].lines == 1


def test_containers_whose_pod_is_known_are_forgotten_oldest_first() -> None:
    """A node that ran for a year."""
    said = "RunPodSandbox for &PodSandboxMetadata{{Name:p{0},Uid:u,Namespace:n,Attempt:0,}} returns sandbox id {1}"
    lines = [said.format(number, quoted(f"{number:064x}")) for number in range(5)]
    assert [pod.name for pod in read(*lines, most_pods=3).pods.values()] == ["p2", "p3", "p4"]


@pytest.mark.fuzz
@given(
    st.lists(
        st.binary(max_size=60) | st.sampled_from([FORMS[form](ID, EMPTY).encode() for form in FORMS] + list(logs.NEEDLES)), max_size=12
    ),
    st.integers(1, 64),
)
def test_no_log_makes_reading_fail(parts: list[bytes], piece: int) -> None:
    """Any bytes in any pieces."""
    scan = LogScan(now=NOW)
    data = b"".join(parts)
    for start in range(0, len(data), piece):
        scan.feed(data[start : start + piece])
    report = scan.report()
    assert report.bytes == len(data)
    assert all(len(sandbox) == 64 for sandbox in report.sandboxes)


def test_what_is_no_log_is_said_to_be_none() -> None:
    """That it tells of no sandbox is no good news then."""
    assert "it may be no log of theirs" in "".join(read("import os", "print(os.name)").notes)
    assert read(json.dumps({"ts": AT * 1000, "msg": "SyncLoop"})).notes == ()
    assert read().notes == ()
    chosen = LogScan()
    chosen.entry(b"import os")
    assert chosen.report().notes == ()
