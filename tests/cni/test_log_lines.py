"""Reading a line of a log, in all forms."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from logs_samples import (
    AT,
    EMPTY,
    FORMS,
    ID,
    NOW,
    OTHER,
    REASONS,
    UID,
    collector,
    containerd_json,
    error,
    klog,
    kubelet,
    pod_worker_json,
    pod_worker_text,
    quoted,
)

from talospatch.cni.loglines import LONGEST_REASON, Cause, Failure, failure_in, read_line, time_in, time_of

SAMPLES = Path(__file__).parent.parent / "samples" / "logs"


@pytest.mark.parametrize("reason", REASONS)
@pytest.mark.parametrize("form", FORMS)
def test_every_form_tells_sandbox_network_time_and_the_exact_words(form: str, reason: str) -> None:
    """Whatever quotes and backslashes the words have, at whatever depth they stand."""
    found = read_line(FORMS[form](ID, reason).encode(), NOW)
    assert found is not None
    assert found.failure == Failure(ID, "cbr0", reason, Cause.CACHE, plugin="multus" if form == "multus" else "")
    assert found.at == pytest.approx(AT, abs=1e-3)


@pytest.mark.parametrize("form", ["talosctl", "talosctl-text"])
def test_what_talosctl_puts_before_a_line_is_the_node(form: str) -> None:
    """So one file may hold the logs of several."""
    found = read_line(FORMS[form](ID, EMPTY).encode(), NOW)
    assert found is not None
    assert found.node == "10.5.0.3"


@pytest.mark.parametrize("line", [pod_worker_text(), pod_worker_json()])
def test_a_line_about_a_pod_names_it(line: str) -> None:
    """Namespace, name and UID."""
    found = read_line(line.encode(), NOW)
    assert found is not None
    assert (found.namespace, found.pod, found.uid) == ("shop", "web-1", UID)


def test_lines_of_a_real_containerd_are_read() -> None:
    """1.6 writes text, 1.7 on Talos JSON."""
    lines = [line for path in sorted(SAMPLES.iterdir()) for line in path.read_bytes().splitlines()]
    found = [read for line in lines if (read := read_line(line)) is not None]
    assert [each.failure.reason for each in found] == [EMPTY] * 4
    assert {each.failure.sandbox[:8] for each in found} == {"173f034c", "ba9d5251"}
    assert all(each.at is not None and each.failure.is_whole for each in found)


def test_the_real_line_of_a_kubelet_with_text_is_read() -> None:
    """As it stands in a public report, k3s issue 6185."""
    line = (
        b'E0122 14:06:28.459287     872 remote_runtime.go:248] "StopPodSandbox from runtime service failed" err="rpc error: code = '
        b'Unknown desc = failed to destroy network for sandbox \\"553045725730f43da0dc5c0d8b7715f4fef9dea094b4840a2920042a18c8087a\\": '
        b'failed to get network \\"cbr0\\" cached result: decoding version from network config: unexpected end of JSON input" '
        b'podSandboxID="553045725730f43da0dc5c0d8b7715f4fef9dea094b4840a2920042a18c8087a"'
    )
    found = read_line(line, NOW)
    assert found is not None
    assert (found.failure.sandbox[:8], found.failure.reason) == ("55304572", EMPTY)


OTHERS = {
    "cni plugin not initialized": Cause.NOT_READY,
    "cni config uninitialized": Cause.NOT_READY,
    'plugin type="calico" failed (delete): error getting ClusterInformation: connection is unauthorized': Cause.PLUGIN,
    "netplugin failed with no error message: signal: killed": Cause.PLUGIN,
    "context deadline exceeded": Cause.OTHER,
}


@pytest.mark.parametrize(("reason", "cause"), OTHERS.items())
def test_other_reasons_for_the_same_failure_are_not_taken_for_this_one(reason: str, cause: Cause) -> None:
    """The metric and half of the words are the same."""
    said = f'rpc error: code = Unknown desc = failed to destroy network for sandbox "{ID}": {reason}'
    for line in (
        json.dumps({"ts": 1, "msg": "x", "err": said}),
        f'E0415 21:21:05.679 1 x.go:1] "x" err={quoted(said)} podSandboxID="{ID}"',
    ):
        found = read_line(line.encode(), NOW)
        assert found is not None
        assert found.failure[:4] == (ID, "", reason, cause)


def test_a_pod_that_gets_no_network_is_not_one_that_does_not_stop() -> None:
    """The words are nearly the same."""
    said = f'failed to setup network for sandbox "{ID}": plugin type="flannel" failed (add): loadFlannelSubnetEnv failed'
    assert read_line(json.dumps({"ts": 1, "err": said}).encode()) is None


@pytest.mark.parametrize(
    "line",
    [
        "",
        "{}",
        "[1]",
        '{"err":5}',
        '{"msg":"failed to get network"}',
        "network for sandbox",
        f'{{"podSandboxID":"{ID}","err":"cached result: x"}}',
    ],
)
def test_a_line_about_something_else_tells_nothing(line: str) -> None:
    """Also one with some of the words."""
    assert read_line(line.encode(), NOW) is None


def test_a_line_cut_off_at_its_beginning_still_tells_network_and_words() -> None:
    """The sandbox stands once more at its end; without that, nothing is told."""
    for whole in (kubelet(), klog(), collector()):
        place = whole.index("failed to get network")
        found = read_line(whole[place:].encode(), NOW)
        if "ndboxID" not in whole[place:]:
            assert found is None
        else:
            assert found is not None
            assert found.failure == Failure(ID, "cbr0", EMPTY, Cause.CACHE)
    last_with_id = json.dumps({"err": error(), "podSandboxID": {"Type": "containerd", "ID": ID}})
    found = read_line(last_with_id[60:].encode(), NOW)
    assert found is not None
    assert found.failure.sandbox == ID


@pytest.mark.parametrize("form", FORMS)
def test_a_line_cut_off_at_its_end_is_never_misread(form: str) -> None:
    """The sandbox is the one it is about; words that are not whole are marked, and are a beginning of the whole ones."""
    whole = FORMS[form](ID, REASONS[2])
    for cut in range(len(whole)):
        found = read_line(whole[:cut].encode(), NOW)
        if found is not None:
            assert found.failure.sandbox == ID
            assert found.failure.cause is Cause.CACHE
            assert REASONS[2].startswith(found.failure.reason.rstrip("\\"))
            if found.failure.is_whole and form != "old-kubelet":  # unquoted text says nowhere that it ends
                assert found.failure.reason == REASONS[2]


@given(st.text(max_size=40), st.integers(0, 4))
def test_words_come_through_any_depth_of_quoting(reason: str, depth: int) -> None:
    """What Go quotes is unquoted as often, when it is text that can be printed."""
    reason = "".join(char for char in reason if char.isprintable())
    said = error(reason=f"x{reason}x")
    for _ in range(depth):
        said = f"with Error: {quoted(said)} and more"
    found = failure_in(said)
    assert found is not None
    if depth:
        assert (found.sandbox, found.network, found.reason, found.is_whole) == (ID, "cbr0", f"x{reason}x", True)
    else:
        assert found.reason == f"x{reason}x"


def test_a_line_of_the_first_of_january_is_of_this_year_and_one_of_tomorrow_of_the_last() -> None:
    """klog writes no year: it is the latest that is not in the future; a day is allowed for clocks and zones."""
    new_year = 1_767_225_600.0  # 2026-01-01
    assert time_in("I0101 00:00:01.500000 1 x.go:1] x", new_year + 60) == new_year + 1.5
    assert time_in("I1231 23:59:59.000000 1 x.go:1] x", new_year + 60) == new_year - 1
    assert time_in("I0101 12:00:00.000000 1 x.go:1] x", new_year - 60) == new_year + 43_200
    assert time_in("I0229 00:00:00.000000 1 x.go:1] x", new_year) == 1_709_164_800  # 2024
    assert time_in("I1341 99:99:99.000000 1 x.go:1] x", new_year) is None
    assert time_in("I0101 00:00:01.500000 1 x.go:1] x") is None


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (1_776_288_065_679.3, 1_776_288_065.6793),
        (1_776_288_065, 1_776_288_065.0),
        ("2026-04-15T23:21:05.679+02:00", AT),
        (True, None),
        ([], None),
    ],
)
def test_times_are_seconds_milliseconds_or_text(value: object, expected: float | None) -> None:
    """The kubelet's are milliseconds."""
    assert time_of({"ts": value}) == (None if expected is None else pytest.approx(expected, abs=1e-3))


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -1, 0, 10**400, "yesterday", "9999999-01-01", "0001-01-01T00:00:00+23:00"])
def test_a_time_that_is_none_is_no_time(value: object) -> None:
    """And fails nothing."""
    assert time_of({"ts": value}) is None


def test_endless_words_are_cut() -> None:
    """A file's content may be quoted in them, and a log may be forged."""
    found = failure_in(error(reason="x" * 100_000))
    assert found is not None
    assert len(found.reason) == LONGEST_REASON


def test_runs_of_backslashes_take_no_time() -> None:
    """Each is looked at once: this takes minutes where each is looked at from every place in it."""
    said = quoted(error())[:-1] + "\\" * 250_000
    assert failure_in(said) is not None


@pytest.mark.fuzz
@given(
    st.binary(max_size=400)
    | st.builds(
        lambda line, at, junk: line[:at] + junk + line[at:],
        st.sampled_from([FORMS[form](OTHER, EMPTY).encode() for form in FORMS]),
        st.integers(0, 500),
        st.binary(max_size=8),
    )
)
def test_no_line_makes_reading_fail(line: bytes) -> None:
    """Any bytes, and real lines with something wrong in the middle."""
    found = read_line(line, NOW)
    if found is not None:
        assert len(found.failure.sandbox) == 64


@given(st.permutations(list(json.loads(kubelet()).items())), st.permutations(list(json.loads(containerd_json()).items())))
def test_the_order_of_a_record_does_not_matter(first: list[tuple[str, object]], second: list[tuple[str, object]]) -> None:
    """Nothing promises one; where the time stands first or last it is only read faster."""
    for items in (first, second):
        for space in (None, (",", ":")):
            found = read_line(json.dumps(dict(items), separators=space).encode())
            assert found is not None
            assert found.failure == Failure(ID, "cbr0", EMPTY, Cause.CACHE)
            assert found.at == pytest.approx(AT)
