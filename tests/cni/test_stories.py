"""One sandbox's story, put together from files, logs, leases and the node."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from logs_samples import EMPTY, ID, OTHER, collector, containerd_json, kubelet, multus, pod_worker_json, pod_worker_text

from talospatch.cni.advice import prevention
from talospatch.cni.conflist import Conflist
from talospatch.cni.explain import as_sentence
from talospatch.cni.leases import Lease, lease, with_content
from talospatch.cni.logreport import LogReport, PodName
from talospatch.cni.logs import LogScan
from talospatch.cni.names import parse
from talospatch.cni.rules import RULES, WITHOUT_FILE, Verdict
from talospatch.cni.runtimes import runtime_of
from talospatch.cni.selector import selector
from talospatch.cni.story import Source, Story, Traces, stories, story
from talospatch.cni.telling import headline, hourly, to_dict, told
from talospatch.cni.times import moment, span
from talospatch.cni.verdict import CacheFile, Judged, Liveness, NodeState, judge
from talospatch.errors import InputError

SAMPLES = Path(__file__).parent.parent / "samples" / "cni-cache"
GOOD = (SAMPLES / "1.0.0-flannel__cbr0-a1a1a1a1-eth0").read_bytes()
BOOT = 1_776_280_000
START = BOOT + 4000.0
NODE = NodeState(
    runtime=runtime_of("v1.7.4"),
    conflist=Conflist("cbr0", "1.0.0", "10-flannel.conflist"),
    directories=frozenset({ID, OTHER}),
    tasks=frozenset(),
    boot_time=BOOT,
    now=BOOT + 100_000,
)


def cached(
    content: bytes = b"", sandbox: str = ID, *, modified: int = BOOT - 5000, node: NodeState = NODE, with_pod: bool = False
) -> Judged:
    name = f"cbr0-{sandbox}-eth0"
    return judge(CacheFile(name, parse(name), len(content), modified), node, content, pod_of_sound=with_pod)


def logged(*lines: str) -> LogReport:
    scan = LogScan()
    scan.feed("".join(f"{line}\n" for line in lines).encode())
    return scan.report()


def hour(sandbox: str = ID) -> LogReport:
    return logged(*(line for turn in range(60) for line in (kubelet(START + turn * 60, sandbox), collector(START + turn * 60, sandbox))))


def held(address: str, sandbox: str) -> Lease:
    content = f"{sandbox}\r\neth0".encode()
    found = lease("cbr0", address, len(content), BOOT - 5000)
    assert found is not None
    return with_content(found, content)


def test_the_evening_of_the_blog_is_one_story() -> None:
    """An empty file from before the boot, two log lines a minute, an address held: whose, since when, what it costs, what to do."""
    traces = Traces(logs=hour(), leases=[held("10.244.7.3", ID)], pods={ID: PodName("shop", "web-1", "6f1d")})
    (found,) = stories([cached(), cached(GOOD, OTHER)], traces, NODE)
    assert (found.sandbox, found.code, found.verdict, found.liveness) == (ID, "stop-fails", Verdict.FATAL, Liveness.STOPPED)
    first, last = "2026-04-15 20:13:20 UTC", "2026-04-15 21:12:20 UTC"
    assert told(found, NODE) == (
        "It is of pod shop/web-1 (UID 6f1d), as the node lists it.",
        f"Its file cbr0-{ID}-eth0 has 0 bytes.",
        "The file is empty: libcni truncates and writes without a sync, so a power cut or a full disk leaves 0 bytes.",
        "This node has containerd 1.7.16 with libcni 1.1.2, which fails on a file that it cannot read.",
        "The CNI configuration of cbr0, cniVersion 1.0.0 (10-flannel.conflist), reads the cache when a pod is stopped.",
        "containerd still knows this sandbox, and it does not run.",
        as_sentence(RULES["stop-fails"].sentence.format(error=EMPTY)),
        "The file was written last at 2026-04-15 17:43:20 UTC, before the node booted at 2026-04-15 19:06:40 UTC.",
        f"The log has 120 lines about it, the first of {first} and the last of {last}, about 121 an hour: “{EMPTY}”.",
        "It costs about 121 lines of log an hour and the address 10.244.7.3, held for nobody else.",
        f"What will happen next: {RULES['stop-fails'].ahead}.",
        f"What to do: {RULES['stop-fails'].hint}.",
        "It was seen like this just now; nothing is called repairable before it was seen so for 60 s.",
    )


def working(at: float, sandbox: str = ID) -> str:
    """The kubelet's line about a pod that it has."""
    return json.dumps({**json.loads(pod_worker_json(sandbox)), "ts": at * 1000})


def test_a_pod_that_came_back_after_a_power_cut_waits_for_its_old_sandbox() -> None:
    """The log names it: it exists and cannot start, every 13 seconds. That is what it costs."""
    report = logged(*(line for turn in range(45) for line in (kubelet(START + turn * 13), working(START + turn * 13))))
    node = replace(NODE, failing=report.failing())
    (found,) = stories([cached(node=node)], Traces(logs=report), node)
    assert (found.code, found.verdict, found.pod_exists) == ("pod-stuck", Verdict.FATAL, Source.LOG)
    text = " ".join(told(found, node))
    assert "The kubelet still has this pod: its log tells of failing on the pod itself, not only on the sandbox." in text
    assert "The pod still exists and can neither start nor end" in text
    assert "every 10 to 15 seconds" in text
    assert "once a minute" not in text
    assert "pod is gone" not in text
    assert "It costs about 560 lines of log an hour" in text


def test_a_pod_of_which_only_the_collector_speaks_any_more_is_not_said_to_exist() -> None:
    """It was deleted by force meanwhile."""
    gone = [kubelet(START + 600 + turn * 60) for turn in range(4)]
    report = logged(working(START), working(START + 13), *gone)
    assert report.sandboxes[ID].has_pod is False
    assert logged(working(START), working(START + 13), *gone[:0]).sandboxes[ID].has_pod
    timeless = json.dumps({key: value for key, value in json.loads(pod_worker_json()).items() if key != "ts"})
    assert logged(timeless).sandboxes[ID].has_pod
    node = replace(NODE, failing=report.failing())
    (found,) = stories([cached(node=node)], Traces(logs=report), node)
    assert (found.code, found.pod_exists) == ("stop-fails", None)


def test_a_pod_that_runs_in_another_sandbox_is_said_to_and_does_not_wait() -> None:
    """By its UID; only the old sandbox stays."""
    third = "c3" * 32
    report = logged(containerd_json())
    pods = {third: PodName("shop", "web-1", "6f1d")}
    started = PodName("shop", "web-1", "6f1d")
    traces = Traces(logs=replace(report, pods={ID: started}), pods=pods)
    traces = replace(traces, logs=replace(traces.logs, sandboxes={ID: replace(report.sandboxes[ID], pod=started)}))
    (found,) = stories([cached()], traces, NODE)
    assert (found.code, found.pod_exists) == ("stop-fails", Source.NODE)
    assert "Its pod runs in another sandbox, as the node lists it." in told(found, NODE)
    (other,) = stories([cached()], replace(traces, pods={third: PodName("shop", "web-1", "another")}), NODE)
    assert other.pod_exists is None


def test_the_address_of_a_pod_that_runs_is_no_cost() -> None:
    """It is in use, though the file is a time bomb."""
    node = replace(NODE, ready=frozenset({ID}))
    (found,) = stories([cached(node=node)], Traces(leases=[held("10.244.7.3", ID)]), node)
    assert found.verdict is Verdict.TIME_BOMB
    assert "It has the address 10.244.7.3." in told(found, node)
    assert not any(line.startswith("It costs") for line in told(found, node))


def test_a_file_of_a_pod_that_runs_is_not_said_to_be_from_before_the_boot() -> None:
    """A board without a clock boots in the past."""
    node = replace(NODE, tasks=frozenset({ID}))
    (found,) = stories([cached(node=node)], Traces(), node)
    assert (found.verdict, found.from_earlier_boot) == (Verdict.TIME_BOMB, False)
    assert "before the node booted" not in " ".join(told(found, node))
    assert [item.code for item in prevention(node, found.files)] == ["newer-libcni", "reads-the-cache"]


def test_the_file_names_the_pod_before_the_node_and_the_log_do() -> None:
    """It was written when the pod was made."""
    newer = GOOD.replace(b'"result":{"cniVersion":"1.0.0"', b'"result":{"cniVersion":"9.9.9"')
    traces = Traces(logs=hour(), pods={ID: PodName("other", "other")})
    found = story(ID, [cached(newer)], traces, NODE)
    assert (found.pod, found.pod_source) == (PodName("shop", "web-1", "6f1d2c3b-1111-4222-8333-444455556666"), Source.CACHE)
    assert found.namespace_file == "cni-be3717ba-0ae0-a033-7f09-853c04997d5c"


def test_a_pod_that_nothing_names_is_said_to_be_unknown() -> None:
    """An empty file names none; the kubelet's collector does not either."""
    found = story(ID, [cached()], Traces(logs=hour()), NODE)
    assert (found.pod, found.pod_source) == (None, Source.UNKNOWN)
    assert told(found, NODE)[0].startswith("Whose it is cannot be told")
    assert headline(found) == f"sandbox {ID[:12]}"


def test_the_log_names_the_pod_where_containerd_wrote_it_down() -> None:
    """As it made the sandbox."""
    said = f'RunPodSandbox for &PodSandboxMetadata{{Name:web-1,Uid:u,Namespace:shop,Attempt:0,}} returns sandbox id "{ID}"'
    found = story(ID, [cached()], Traces(logs=logged(json.dumps({"msg": said}), kubelet())), NODE)
    assert (found.pod, found.pod_source) == (PodName("shop", "web-1", "u"), Source.LOG)


@pytest.mark.parametrize(
    ("lines", "node", "complete", "code"),
    [
        ([kubelet(START)], NODE, True, "logged-and-removed"),
        ([kubelet(START)], NODE, False, "logged"),
        ([multus()], replace(NODE, directories=None), False, "logged-by-plugin"),
        ([pod_worker_json()], replace(NODE, directories=None), False, "logged-of-pod"),
        ([pod_worker_text()], NodeState(), False, "logged-of-pod"),
        ([kubelet(START)], replace(NODE, directories=None), False, "logged"),
        ([kubelet(START)], replace(NODE, directories=frozenset()), True, "logged-and-over"),
        ([kubelet(START), kubelet(START + 9000, OTHER)], NODE, True, "logged-and-over"),
        (
            [containerd_json(), json.dumps({"msg": f'StopPodSandbox for "{ID}" returns successfully', "time": "2026-04-15T21:30:00Z"})],
            NODE,
            True,
            "logged-and-over",
        ),
        ([containerd_json().replace('failed to get network \\"cbr0\\" cached result: ', "x ")], NODE, True, "another-cause"),
        ([], NODE, True, "no-file"),
    ],
)
def test_without_a_file_the_log_tells_what_it_comes_to(lines: list[str], node: NodeState, complete: bool, code: str) -> None:
    """It may have been removed, may never have been looked at, or it is all over."""
    found = story(ID, [], Traces(logs=logged(*lines), are_files_complete=complete), node)
    assert found.code == code
    assert "{" not in "".join(told(found, node))


def test_a_log_alone_sends_nobody_to_upgrade_talos_for_what_multus_does() -> None:
    """The line names the plugin that failed."""
    by_plugin = story(ID, [], Traces(logs=logged(multus()), are_files_complete=False), NodeState())
    assert "Multus" in by_plugin.rule.hint
    assert "1.8" not in " ".join(told(by_plugin, NodeState()))
    by_containerd = story(ID, [], Traces(logs=logged(kubelet(START)), are_files_complete=False), NodeState())
    assert "upgrading the node to Talos 1.8" in by_containerd.rule.hint


def test_an_address_of_a_sandbox_that_is_gone_is_told_when_asked_for() -> None:
    """Nothing else is left of it."""
    found = story("c3" * 32, [], Traces(leases=[held("10.244.7.9", "c3" * 32)]), NODE)
    assert (found.code, found.addresses) == ("address-only", ("10.244.7.9",))


def test_files_that_tell_nothing_make_no_story() -> None:
    """Sound ones, those that were not read, those that nobody reads any more."""
    unread = judge(cached(GOOD).file, NODE)
    orphan = cached(sandbox="c3" * 32)
    foreign = judge(CacheFile("x", None, 0, 0), NODE, b"")
    assert [unread.code, orphan.code, foreign.code] == ["content-unread", "orphan-damaged", "foreign-name"]
    assert stories([cached(GOOD), unread, orphan, foreign], Traces(), NODE) == ()


def test_the_worst_story_comes_first() -> None:
    """And each sandbox has one, with all its files."""
    heals = judge(CacheFile(f"cni-loopback-{ID}-lo", parse(f"cni-loopback-{ID}-lo"), 0, BOOT), NODE, b"")
    found = stories([heals, cached(), cached(b"", OTHER, modified=BOOT + 99_990)], Traces(), NODE)
    assert [each.code for each in found] == ["stop-fails", "being-written"]
    assert [judged.code for judged in found[0].files] == ["stop-fails", "not-read-in-force"]


def test_plain_values_hold_the_whole_story() -> None:
    """A stable schema."""
    values = to_dict(
        story(ID, [cached()], Traces(logs=hour(), leases=[held("10.244.7.3", ID)]), replace(NODE, failing=hour().failing())), NODE
    )
    values = json.loads(json.dumps(values))
    assert set(values) == {
        "sandbox", "verdict", "code", "liveness", "pod", "hostname", "podExists", "files", "addresses", "networkNamespace", "since",
        "sinceSource", "fromEarlierBoot",
        "error", "log", "steadySeconds", "message", "ahead", "hint", "story",
    }  # fmt: skip
    assert values["log"] == {
        "cause": "cached-result", "network": "cbr0", "reason": EMPTY, "plugin": None, "lines": 120, "first": START, "last": START + 3540,
        "perHour": 121.0, "stillFails": True, "node": None, "asPredicted": False,
    }  # fmt: skip


def test_every_reason_without_a_file_says_what_happens_next() -> None:
    """None by oversight, and none of them the name of a reason with one."""
    assert all(rule.ahead for rule in WITHOUT_FILE.values())
    assert not set(WITHOUT_FILE) & set(RULES)


def test_a_look_of_a_minute_confirms_a_story() -> None:
    """All its files must have been steady."""
    found = story(ID, [replace(cached(), steady=65.0)], Traces(), NODE)
    assert found.steady == 65.0
    assert told(found, NODE)[-1].startswith("It was seen like this over 65 s")


SECRET = "planted-s3cret"


@given(
    st.sampled_from(["capabilityArgs", "annotations", "config", "prevResult", "x"]),
    st.sampled_from([b"", b"x", b"\0"]),
    st.sampled_from([b'"cniVersion":"1.0.0"', b'"cniVersion":"9.9.9"']),
)
def test_annotations_and_capability_arguments_are_in_no_story(key: str, tail: bytes, version: bytes) -> None:
    """Neither shown nor kept, whatever else is wrong with the file."""
    planted = json.dumps({"io.kubernetes.cri.pod-annotations": {"kubectl.kubernetes.io/last-applied-configuration": SECRET}}).encode()
    content = (
        GOOD.replace(b'"capabilityArgs":', b'"%s":%s,"capabilityArgs":' % (key.encode(), planted), 1).replace(
            b'"cniVersion":"1.0.0","dns"', version + b',"dns"'
        )
        + tail
    )
    found = story(ID, [cached(content, with_pod=True)], Traces(logs=hour()), NODE)
    assert SECRET not in repr(found) + "".join(told(found, NODE)) + json.dumps(to_dict(found, NODE))


hostile = st.text(max_size=20) | st.sampled_from(["\x1b]0;x\x07", "\u202egnp", "a\nb", "\u2066"])


@given(hostile, hostile, hostile, hostile)
def test_whatever_a_node_says_is_shown_escaped(namespace: str, pod: str, uid: str, reason: str) -> None:
    """Names and words come from files and logs."""
    entry = json.dumps(
        {
            "cniArgs": [["K8S_POD_NAMESPACE", namespace], ["K8S_POD_NAME", pod], ["K8S_POD_UID", uid]],
            "kind": "cniCacheV1",
            "result": {"cniVersion": "9"},
        }
    )
    for found in (
        story(ID, [cached(entry.encode())], Traces(logs=logged(kubelet(START, ID, reason))), NODE),
        story(ID, [], Traces(logs=logged(kubelet(START, ID, reason)), pods={ID: PodName(namespace, pod, uid)}), NODE),
    ):
        assert all(text.isprintable() for text in told(found, NODE))
        assert headline(found).isprintable()
        assert all(text.isprintable() for text in to_dict(found, NODE)["story"])  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("text", "sandbox", "file", "namespace", "pod"),
    [
        (ID, ID, ID, "", ""),
        ("a1a1a1a1a1a1a", "a1a1a1a1a1a1a", "a1a1a1a1a1a1a", "", "a1a1a1a1a1a1a"),
        (f"cbr0-{ID}-eth0", ID, f"cbr0-{ID}-eth0", "", ""),
        (f" /var/lib/cni/results/cbr0-{ID}-eth0\n", ID, f"cbr0-{ID}-eth0", "", ""),
        ("shop/web-1", "", "", "shop", "web-1"),
        ("web-1", "", "web-1", "", "web-1"),
        ("pod/web-1", "", "", "", "web-1"),
        ("deadbeef", "deadbeef", "deadbeef", "", "deadbeef"),
        ("cbr0-x-e;rm -rf", "", "cbr0-x-e;rm -rf", "", ""),
        ("/var/lib/cni/results/UPPER", "", "UPPER", "", ""),
        ("\x1b[2J", "", "\x1b[2J", "", ""),
    ],
)
def test_one_word_names_a_sandbox_a_file_or_a_pod(text: str, sandbox: str, file: str, namespace: str, pod: str) -> None:
    """As crictl, ls and kubectl print them."""
    found = selector(text)
    assert (found.sandbox, found.file, found.namespace, found.pod) == (sandbox, file, namespace, pod)


@pytest.mark.parametrize("text", ["", "shop/", "/web", "a/b/c/", "shop/UPPER", "/etc/passwd", "x" * 256, "/var/lib/cni/results/"])
def test_a_word_that_names_nothing_is_refused(text: str) -> None:
    """With what could be given instead."""
    with pytest.raises(InputError, match="names neither a sandbox nor a file nor a pod"):
        selector(text)


def test_a_selector_takes_files_by_id_by_name_and_by_pod() -> None:
    """A pod's name alone is enough, and its namespace narrows it."""
    judged = cached(GOOD, with_pod=True)
    assert all(selector(text).takes_file(judged) for text in (ID[:6], f"cbr0-{ID}-eth0", f"cni-loopback-{ID}-lo", "web-1", "shop/web-1"))
    assert not any(selector(text).takes_file(judged) for text in (OTHER[:6], "web-2", "other/web-1"))
    assert selector("web-1").takes_pod(PodName("shop", "web-1"))


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0.02, "less than one log line an hour"),
        (0.99, "less than one log line an hour"),
        (1.0, "about one log line an hour"),
        (1.6, "about 2 log lines an hour"),
        (119.7, "about 120 log lines an hour"),
    ],
)
def test_a_rate_is_said_in_round_numbers_and_never_as_none_at_all(number: float, text: str) -> None:
    """What is there once a day is not there 0 times."""
    assert hourly(number, "log line", "log lines") == text
    assert hourly(number) == text.replace(" log lines", "").replace(" log line", "")


def test_a_selector_takes_a_foreign_file_by_its_name_and_as_it_is_shown() -> None:
    """As `cni check` printed it, which is how it gets onto the command line."""
    evil = judge(CacheFile("a\x1b[31mb", None, 0, 1), NODE)
    assert selector("a\x1b[31mb").takes_file(evil)
    assert selector(r"a\x1b[31mb").takes_file(evil)
    assert not selector("web-1").takes_file(evil)
    assert not selector("x/web-1").takes_pod(PodName("shop", "web-1"))
    assert not selector("web-1").takes_file(judge(CacheFile("x", None, 0, 0), NODE))


def test_times_are_shown_as_people_write_them() -> None:
    """And what is no time is said to be none."""
    assert moment(0) == "1970-01-01 00:00:00 UTC"
    assert {moment(each) for each in (None, 1e30, float("nan"), -1e30)} == {"an unknown time"}
    assert [span(each) for each in (0, -5, 59.6, 61, 3600, 11_520, 90_000, 86_461)] == [
        "0 s",
        "0 s",
        "1 min",
        "1 min 1 s",
        "1 h",
        "3 h 12 min",
        "1 d 1 h",
        "1 d",
    ]


def test_a_story_without_anything_is_still_one() -> None:
    """Nothing fails for want of a fact."""
    empty = Story(sandbox=ID, liveness=Liveness.UNSEEN, code="no-file")
    assert told(empty, NodeState())
    assert json.dumps(to_dict(empty, NodeState()))
