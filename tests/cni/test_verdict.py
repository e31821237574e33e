"""How much a file matters: the matrix of versions, conflists, contents and sandboxes."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from talospatch.cni.advice import advice, prevention
from talospatch.cni.conflist import Conflist
from talospatch.cni.damage import Damage
from talospatch.cni.explain import LIVENESS, explain, hint, sentence
from talospatch.cni.names import parse
from talospatch.cni.predict import FileKind, predict_delete
from talospatch.cni.rules import BY_HAND, FAIL_ON, ON_EVERY_VERSION, RULES, WORST_FIRST, Verdict, worst
from talospatch.cni.runtimes import Runtime, runtime_of
from talospatch.cni.verdict import CacheFile, Liveness, LoggedFailure, NodeState, judge, liveness, tolerates

SAMPLES = Path(__file__).parent.parent / "samples" / "cni-cache"
GOOD = (SAMPLES / "1.0.0-flannel__cbr0-a1a1a1a1-eth0").read_bytes()
ID = "a1" * 32
BOOT, NOW = 1_700_000_000, 1_700_900_000
FLANNEL = Conflist("cbr0", "1.0.0", "10-flannel.conflist")
STUCK = "it does not stop: each try fails with"
EMPTY = "decoding version from network config: unexpected end of JSON input"
HALF = GOOD[: len(GOOD) // 2]
NEWER = GOOD.replace(b'"result":{"cniVersion":"1.0.0"', b'"result":{"cniVersion":"1.1.0"')
HOLLOW = GOOD.replace(b'"interfaces":[', b'"interfaces":[null,')


def cache_file(
    size: int = 0, *, network: str = "cbr0", interface: str = "eth0", modified: int = BOOT + 4000, kind: FileKind = FileKind.REGULAR
) -> CacheFile:
    name = f"{network}-{ID}-{interface}"
    return CacheFile(name, parse(name), size, modified, kind)


def node(
    talos: str = "v1.7.4",
    *,
    conflist: Conflist | None = FLANNEL,
    ready: bool | None = False,
    known: bool | None = True,
    no_conflist: bool = False,
    boot_time: int | None = BOOT,
) -> NodeState:
    """A node whose containerd knows the sandbox (or not), with its pod running (or not, or nobody knows)."""
    return NodeState(
        runtime=runtime_of(talos),
        conflist=conflist,
        no_conflist=no_conflist,
        ready=None if ready is None else frozenset({ID} if ready else ()),
        directories=None if known is None else frozenset({ID} if known else ()),
        boot_time=boot_time,
        now=NOW,
    )


# Talos, cniVersion of the conflist in force, content, verdict of a file whose sandbox stopped.
MATRIX = [
    *(
        (talos, "1.0.0", content, Verdict.FATAL)
        for talos in ("v1.6.0", "v1.7.0", "v1.7.7")
        for content in (b"", b" ", b"\0" * 900, HALF, NEWER, b"[]", GOOD + b"x")
    ),
    *((talos, "0.4.0", b"", Verdict.FATAL) for talos in ("v1.6.8", "v1.7.5")),
    *((talos, "0.3.1", content, Verdict.HEALS) for talos in ("v1.6.0", "v1.7.7", "v1.11.0") for content in (b"", HALF)),
    *(
        (talos, version, content, Verdict.HEALS)
        for talos in ("v1.8.0", "v1.9.2", "v1.10.0", "v1.11.4", "v1.12.11", "v1.13.9", "v1.14.0-rc.1", "v1.16.0")
        for version in ("0.4.0", "1.0.0")
        for content in (b"", HALF, b"\0" * 900)
    ),
    ("v1.7.4", "0.3.1", NEWER, Verdict.HEALS),
    ("v1.8.0", "1.0.0", NEWER, Verdict.HEALTHY),
    ("v1.7.4", "1.0.0", GOOD, Verdict.HEALTHY),
    ("v1.13.0", "1.0.0", GOOD, Verdict.HEALTHY),
    ("v1.7.4", "1.0.0", b"{}", Verdict.HEALS),
    ("v1.7.4", "0.4.0", HOLLOW, Verdict.FATAL),
    ("v1.13.0", "0.4.0", HOLLOW, Verdict.FATAL),
    ("v1.7.4", "1.0.0", HOLLOW, Verdict.HEALTHY),
]


@pytest.mark.parametrize(("talos", "cni_version", "content", "verdict"), MATRIX, ids=range(len(MATRIX)))
def test_versions_conflist_and_content_decide(talos: str, cni_version: str, content: bytes, verdict: Verdict) -> None:
    """Fatal only where libcni is older than 1.2.0 and the conflist reads the cache; a null in a list crashes any libcni."""
    state = node(talos, conflist=Conflist("cbr0", cni_version, "10.conflist"))
    assert judge(cache_file(len(content)), state, content).verdict is verdict


# What is known of the sandbox, code for an empty file on Talos 1.7.
SANDBOXES = [
    (True, True, Liveness.RUNNING, "stop-will-fail"),
    (True, False, Liveness.RUNNING, "stop-will-fail"),
    (False, True, Liveness.STOPPED, "stop-fails"),
    (False, False, Liveness.GONE, "orphan-damaged"),
    (False, None, Liveness.UNSEEN, "sandbox-unseen"),
    (None, True, Liveness.KNOWN, "stop-fails-or-will"),
    (None, False, Liveness.GONE, "orphan-damaged"),
    (None, None, Liveness.UNSEEN, "sandbox-unseen"),
]


@pytest.mark.parametrize(("ready", "known", "alive", "code"), SANDBOXES)
def test_the_state_of_the_sandbox_decides_how_bad_it_is(ready: bool | None, known: bool | None, alive: Liveness, code: str) -> None:
    """A running pod is a time bomb, a stopped one the trouble itself, a gone one nothing."""
    judged = judge(cache_file(), node(ready=ready, known=known))
    assert (judged.liveness, judged.code) == (alive, code)
    assert judged.inspection.damage is Damage.EMPTY


def test_before_talos_1_9_a_file_of_an_earlier_boot_has_no_running_pod() -> None:
    """No sandbox outlives a reboot; five minutes are left for clocks that jump."""
    state = node(ready=None)
    assert judge(cache_file(modified=BOOT - 301), state).code == "stop-fails"
    assert judge(cache_file(modified=BOOT - 299), state).code == "stop-fails-or-will"
    assert judge(cache_file(modified=BOOT - 301), node(ready=None, boot_time=None)).code == "stop-fails-or-will"


def test_what_the_node_says_runs_is_running_whatever_its_clock_says() -> None:
    """A clock that jumped must not make a live pod's file look dead."""
    assert liveness(cache_file(modified=BOOT - 10**6), node(ready=True)) is Liveness.RUNNING


def test_a_file_that_is_just_being_written_is_not_called_damaged() -> None:
    """libcni truncates, then writes."""
    assert judge(cache_file(modified=NOW - 59), node()).code == "being-written"
    assert judge(cache_file(modified=NOW - 61), node()).code == "stop-fails"


def test_a_new_file_without_a_directory_is_a_pod_in_the_making() -> None:
    """The cache file exists before the sandbox's directory does."""
    assert judge(cache_file(900, modified=NOW - 599), node("v1.13.0", known=False), GOOD).code == "healthy"
    assert judge(cache_file(900, modified=NOW - 601), node("v1.13.0", known=False), GOOD).code == "orphan"


def test_containerds_own_loopback_never_reads_the_cache() -> None:
    """Its conflist is 0.3.1, whatever the cluster's network is."""
    judged = judge(cache_file(network="cni-loopback", interface="lo"), node())
    assert (judged.code, judged.assumed) == ("not-read-in-force", False)


def test_a_network_that_is_no_longer_in_force_leaves_residue() -> None:
    """DEL goes by the conflist of today and looks for another file name."""
    state = node(conflist=Conflist("cilium", "0.3.1", "05-cilium.conflist"))
    assert judge(cache_file(), state).code == "other-network"
    assert judge(cache_file(900), state, GOOD).code == "other-network"


@pytest.mark.parametrize(("network", "interface"), [("cbr0", "eth7"), ("cbr0", "lo"), ("cni-loopback", "eth0"), ("cbr0", "eth10")])
@pytest.mark.parametrize("talos", ["v1.7.4", "v1.13.0"])
def test_containerd_comes_to_no_file_of_an_interface_that_it_never_makes(network: str, interface: str, talos: str) -> None:
    """It takes down its one network from eth0, and the loopback from lo; a failure in the log is of those, for a log tells no interface."""
    file = cache_file(network=network, interface=interface)
    for state in (node(talos), node(talos, ready=True), replace(node(talos), failing=LOGGED)):
        judged = judge(file, state)
        assert (judged.code, judged.verdict, judged.error) == ("other-interface", Verdict.RESIDUE, None)
    assert f"this file is of {interface}" in explain(judged, state)
    assert judge(file, node(known=False)).code == "orphan-damaged"


def test_where_the_network_is_not_known_an_interface_tells_nothing() -> None:
    """It may be one of Multus's, whose networks have any interface."""
    for interface in ("net1", "eth7"):
        assert judge(cache_file(interface=interface), node(conflist=None)).code == "network-unread"
    multus = node(conflist=Conflist("multus-cni-network", "0.3.1", "00-multus.conf", delegates=True))
    assert judge(cache_file(interface="net1"), multus).code == "delegated"


def test_multus_calls_other_networks_with_its_own_libcni() -> None:
    """So the node's containerd says nothing about them."""
    state = node("v1.13.0", conflist=Conflist("multus-cni-network", "0.3.1", "00-multus.conf", delegates=True))
    assert judge(cache_file(), state).code == "delegated"
    assert judge(cache_file(900), state, GOOD).code == "healthy"


def test_without_a_conflist_there_is_nothing_that_tears_down() -> None:
    """containerd then fails with words of its own."""
    assert judge(cache_file(), node(conflist=None, no_conflist=True)).code == "no-network"


UNREAD_CONFLIST = [
    ("v1.7.4", "cbr0", "stop-fails", True),
    ("v1.7.4", "k8s-pod-network", "not-read-in-force", True),
    ("v1.7.4", "cilium", "not-read-in-force", True),
    ("v1.7.4", "aws-cni", "network-unread", False),
    ("v1.13.0", "cbr0", "heals", True),
    ("v1.13.0", "aws-cni", "heals", False),
]


@pytest.mark.parametrize(("talos", "network", "code", "assumed"), UNREAD_CONFLIST)
def test_a_conflist_that_was_not_read_is_assumed_from_the_file_and_the_verdict_says_so(
    talos: str, network: str, code: str, assumed: bool
) -> None:
    """Networks that are always installed the same way; of others nothing is claimed."""
    judged = judge(cache_file(network=network), node(talos, conflist=None))
    assert (judged.code, judged.assumed) == (code, assumed)


UNREAD_CONTENT = [
    ("v1.7.4", FLANNEL, "content-unread"),
    ("v1.7.4", None, "content-unread"),
    ("v1.7.4", Conflist("cbr0", "0.3.1", "x.conflist"), "harmless-content"),
    ("v1.8.0-alpha.1", FLANNEL, "content-unread"),
    ("v1.13.0", FLANNEL, "harmless-content"),
]


@pytest.mark.parametrize(("talos", "conflist", "code"), UNREAD_CONTENT)
def test_a_content_that_was_not_read_is_unknown_only_where_it_matters(talos: str, conflist: Conflist | None, code: str) -> None:
    """With os:reader sizes are all there is."""
    assert judge(cache_file(900), node(talos, conflist=conflist)).code == code


def test_an_unknown_containerd_leaves_damage_unjudged() -> None:
    """Pre-releases of Talos 1.8."""
    assert judge(cache_file(), node("v1.8.0-alpha.1")).code == "runtime-unknown"


@pytest.mark.parametrize(("ready", "code"), [(False, "stop-crashes"), (True, "stop-will-crash")])
@pytest.mark.parametrize("talos", ["v1.7.4", "v1.14.0"])
def test_a_null_among_the_interfaces_is_said_to_end_containerd_and_no_upgrade_is_advised(talos: str, ready: bool, code: str) -> None:
    """Not an error in a log: the process ends, on every version, where the result has to be converted."""
    state = node(talos, ready=ready, conflist=replace(FLANNEL, cni_version="0.4.0"))
    judged = judge(cache_file(len(HOLLOW)), state, HOLLOW)
    assert judged.code == code
    assert "ends containerd itself" in sentence(judged)
    assert "nil pointer dereference" in sentence(judged)
    assert "no upgrade helps" in hint(judged)
    assert advice(talos, state, [judged]) == ()
    both = advice("v1.7.4", state, [judged, judge(cache_file(), node("v1.7.4"))])
    assert [item.code for item in both] == ([] if talos == "v1.14.0" else ["upgrade"])


KINDS = [
    (FileKind.FIFO, "v1.7.4", "stop-hangs"),
    (FileKind.FIFO, "v1.13.0", "stop-hangs"),
    (FileKind.FULL_DIRECTORY, "v1.7.4", "stays-behind"),
    (FileKind.UNOPENABLE, "v1.7.4", "healthy"),
]


@pytest.mark.parametrize(("kind", "talos", "code"), KINDS)
def test_what_is_no_regular_file_is_judged_by_what_del_does_with_it(kind: FileKind, talos: str, code: str) -> None:
    """A FIFO holds DEL up for ever, on every version."""
    assert judge(cache_file(kind=kind), node(talos)).code == code


def test_libcni_1_2_0_leaves_its_loopback_files_behind() -> None:
    """The one release that does; no Talos release has it."""
    state = NodeState(runtime=Runtime("2.0.0-rc.1", "1.2.0"), conflist=FLANNEL, ready=frozenset(), directories=frozenset({ID}))
    assert judge(cache_file(852, network="cni-loopback", interface="lo"), state, GOOD).code == "stays-behind"


def test_links_foreign_names_and_entries_with_errors_are_unknown() -> None:
    """They are told, never touched."""
    assert judge(cache_file()._replace(is_link=True), node()).code == "link"
    assert judge(CacheFile("x", None, 0, 0), node()).code == "foreign-name"
    judged = judge(cache_file()._replace(problem="lstat: permission denied\x1b[2J"), node())
    assert judged.code == "entry-error"
    assert sentence(judged) == "the node could not look at this file: lstat: permission denied\ufffd[2J"


@pytest.mark.parametrize(
    ("ready", "known", "alive"),
    [
        (True, True, Liveness.RUNNING),
        (False, True, Liveness.STOPPED),
        (False, False, Liveness.GONE),
        (None, True, Liveness.KNOWN),
        (False, None, Liveness.UNSEEN),
    ],
)
def test_where_the_sandbox_is_of_a_file_that_could_not_be_looked_at(ready: bool | None, known: bool | None, alive: Liveness) -> None:
    """Its name tells which one it is of; without a time nothing is said to be new, or of an earlier boot."""
    broken = cache_file(modified=0)._replace(problem="lstat: input/output error")
    judged = judge(broken, node(ready=ready, known=known))
    assert (judged.code, judged.liveness) == ("entry-error", alive)
    assert LIVENESS[alive] in explain(judged, node()).splitlines()


def test_the_explanation_names_the_damage_the_versions_and_the_way_out() -> None:
    """For the trouble itself."""
    state = node()
    assert explain(judge(cache_file(), state), state).splitlines() == [
        f"cbr0-{ID}-eth0: fatal.",
        "The file is empty: libcni truncates and writes without a sync, so a power cut or a full disk leaves 0 bytes.",
        "This node has containerd 1.7.16 with libcni 1.1.2, which fails on a file that it cannot read.",
        "The CNI configuration of cbr0, cniVersion 1.0.0 (10-flannel.conflist), reads the cache when a pod is stopped.",
        "containerd still knows this sandbox, and it does not run.",
        f"The sandbox does not run, and {STUCK} “{EMPTY}”, and its address stays taken.",
        "Upgrading the node to Talos 1.8 or newer keeps its data, and the new containerd then clears it by itself within about a minute.",
    ]


def test_the_explanation_names_the_pod_where_the_file_does() -> None:
    """A result of a version that this node does not know is still readable to us."""
    state = node(conflist=None)
    text = explain(judge(cache_file(len(NEWER)), state, NEWER), state)
    assert "It belongs to pod shop/web-1, address 10.244.7.2/24." in text
    assert "(assumed from the name of the file)" in text


def test_what_is_fatal_or_will_be_says_what_to_do() -> None:
    """And where a repair leaves the file, what else removes it: a pod on the node, for exactly what is there."""
    harmful = {code: rule for code, rule in RULES.items() if rule.verdict in (Verdict.FATAL, Verdict.TIME_BOMB)}
    assert [code for code, rule in harmful.items() if not rule.hint] == []
    by_hand = {code: rule.hint for code, rule in harmful.items() if "kubectl debug" in rule.hint}
    assert set(by_hand) == BY_HAND
    assert {code for code, said in by_hand.items() if "FILE -type p -delete" in said} == {"stop-hangs", "stop-will-hang"}
    assert "FILE -type f -delete" in by_hand["stop-will-crash"]


def test_every_reason_has_a_sentence_and_only_problems_have_hints() -> None:
    """A table a reader can trust."""
    for rule in RULES.values():
        assert rule.sentence
        assert not rule.hint or rule.verdict in FAIL_ON["unknown"]


def test_levels_grow_and_the_worst_comes_first() -> None:
    """Each level of --fail-on holds what the one before holds."""
    levels = [FAIL_ON[name] for name in ("never", "fatal", "time-bomb", "unknown", "heals", "residue")]
    assert all(set(less) < set(more) for less, more in pairwise(levels))
    assert set(WORST_FIRST) - set(levels[-1]) == {Verdict.HEALTHY}
    assert worst([Verdict.ORPHAN, Verdict.TIME_BOMB, Verdict.HEALS]) is Verdict.TIME_BOMB
    assert worst([]) is Verdict.HEALTHY


OPTIONAL_IDS = st.sampled_from([None, frozenset({ID}), frozenset[str]()])
STATES = st.builds(
    NodeState,
    runtime=st.sampled_from(["v1.6.0", "v1.7.7", "v1.8.0-alpha.1", "v1.8.0", "v1.13.9", "?"]).map(runtime_of),
    conflist=st.sampled_from([None, FLANNEL, Conflist("cilium", "0.3.1", "x"), Conflist("m", "x.y", "y", delegates=True)]),
    ready=OPTIONAL_IDS,
    directories=OPTIONAL_IDS,
    boot_time=st.sampled_from([None, BOOT]),
    now=st.sampled_from([None, float(NOW)]),
)


@given(
    STATES,
    st.sampled_from(["cbr0", "cni-loopback", "cilium", "other"]),
    st.sampled_from([None, b"", b"x", GOOD, HALF, NEWER, HOLLOW]),
    st.integers(0, 2 * NOW),
)
def test_no_combination_is_without_a_verdict_and_none_is_fatal_without_a_reason(
    state: NodeState, network: str, content: bytes | None, modified: int
) -> None:
    """Fatal needs an old or crashing libcni, a reading conflist of that network and a sandbox that is not known to be gone."""
    size = 900 if content is None else len(content)
    judged = judge(cache_file(size, network=network, modified=modified), state, content)
    assert explain(judged, state)
    assert sentence(judged)
    assert hint(judged) is not None
    if judged.verdict in (Verdict.FATAL, Verdict.TIME_BOMB):
        assert judged.error
        assert judged.liveness not in (Liveness.GONE, Liveness.UNSEEN)
        assert network == "cbr0"
        assert not tolerates(state) or judged.code in ON_EVERY_VERSION


@given(
    st.sampled_from(["1.1.2", "1.2.3", "1.3.0"]),
    st.sampled_from(["0.3.1", "0.4.0", "1.0.0"]),
    st.integers(0, len(GOOD)),
    st.binary(max_size=4),
)
def test_the_verdict_says_failure_exactly_where_del_is_predicted_to_fail(
    libcni: str, cni_version: str, place: int, inserted: bytes
) -> None:
    """The file is read once for both its damage and its effect; the two must not part ways."""
    content = GOOD[:place] + inserted + GOOD[place + 1 :]
    conflist = Conflist("cbr0", cni_version, "x.conflist")
    state = NodeState(Runtime("x", libcni), conflist, ready=frozenset(), directories=frozenset({ID}))
    judged = judge(cache_file(len(content)), state, content)
    predicted = predict_delete(content, libcni=libcni, cni_version=cni_version)
    assert (judged.verdict is Verdict.FATAL, judged.error) == (predicted.fails, predicted.error)


@pytest.mark.parametrize(
    ("tasks", "modified", "expected"),
    [
        (frozenset({ID}), BOOT + 4000, "stop-will-fail"),
        (frozenset(), BOOT + 4000, "stop-fails"),
        (frozenset(), NOW - 300, "stop-fails-or-will"),
        (None, BOOT + 4000, "stop-fails-or-will"),
        (frozenset({ID}), BOOT - 4000, "stop-will-fail"),
        (frozenset(), BOOT - 4000, "stop-fails"),
    ],
)
def test_before_1_9_what_has_a_task_runs_and_what_has_none_does_not(tasks: frozenset[str] | None, modified: int, expected: str) -> None:
    """Unless it is so new that its task may still come. A task counts for more than a time: a board may boot without a clock."""
    state = replace(node(ready=None), tasks=tasks)
    assert judge(cache_file(modified=modified), state, b"").code == expected


def test_a_task_that_runs_shows_a_pod_that_no_log_and_no_directory_does() -> None:
    """As a READY sandbox does where the API names them."""
    state = replace(node(ready=None, known=False), tasks=frozenset({ID}), failing=LOGGED)
    assert liveness(cache_file(), state) is Liveness.RUNNING


def test_a_file_of_a_pod_in_the_host_network_is_never_read() -> None:
    """containerd calls no CNI for it."""
    state = replace(node(ready=True), host_network=frozenset({ID}))
    assert judge(cache_file(), state, b"").code == "host-network"


LOGGED = {ID: LoggedFailure("cbr0", EMPTY)}


def test_what_the_log_says_is_fatal_although_the_content_may_not_be_read() -> None:
    """With os:reader: the file has a size like any other, and the node's log has the words."""
    state = replace(node(), failing=LOGGED)
    unread = judge(cache_file(900), state)
    assert (unread.code, unread.error, unread.logged, unread.assumed) == ("stop-fails", EMPTY, True, False)
    assert judge(cache_file(900), node()).code == "content-unread"


def test_a_failure_in_the_log_confirms_what_was_predicted() -> None:
    """Word for word; a failure in other words is no confirmation, and the prediction stands."""
    assert judge(cache_file(), replace(node(), failing=LOGGED), b"").logged
    other = judge(cache_file(), replace(node(), failing={ID: LoggedFailure("cbr0", "something else")}), b"")
    assert (other.code, other.error, other.logged) == ("stop-fails", EMPTY, False)


def test_a_failure_in_the_log_decides_over_the_time_of_the_file() -> None:
    """A copy gives files new times; what could not be stopped was whole before, or never will be."""
    fresh = cache_file(modified=NOW - 5)
    assert judge(fresh, node(), b"").code == "being-written"
    found = judge(fresh, replace(node(), failing=LOGGED), b"")
    assert (found.code, found.logged) == ("stop-fails", True)
    copied = judge(fresh, replace(node(known=None, ready=None), failing=LOGGED), b"")
    assert copied.code == "stop-fails"
    another = judge(fresh, replace(node(), failing={ID: LoggedFailure("other", EMPTY)}), b"")
    assert another.code == "being-written"


def test_a_log_tells_nothing_of_a_file_that_is_in_order_nor_of_a_pod_that_runs_nor_of_another_network() -> None:
    """It may be older than the file."""
    assert judge(cache_file(len(GOOD)), replace(node(), failing=LOGGED), GOOD).code == "healthy"
    assert judge(cache_file(900), replace(node(ready=True), failing=LOGGED)).code == "content-unread"
    assert judge(cache_file(900, network="other"), replace(node(), failing=LOGGED)).code == "other-network"
    assert judge(cache_file(900), replace(node(known=False), failing=LOGGED)).code == "orphan"


def test_a_log_tells_what_exists_where_no_directory_was_listed() -> None:
    """The kubelet stops only what containerd tells it of."""
    assert judge(cache_file(), replace(node(known=None, ready=None), failing=LOGGED), b"").code == "stop-fails"


def test_the_same_failure_on_a_containerd_that_heals_is_of_a_plugin_with_a_libcni_of_its_own() -> None:
    """An old Multus on a new Talos."""
    judged = judge(cache_file(900), replace(node("v1.13.0"), failing=LOGGED))
    assert (judged.code, judged.verdict) == ("logged-elsewhere", Verdict.FATAL)
    assert "Multus" in hint(judged)


MULTUS = Conflist("multus-cni-network", "0.3.1", "00-multus.conf", delegates=True)


@pytest.mark.parametrize("talos", ["v1.6.0", "v1.7.6", "v1.13.0"])
def test_what_containerd_never_reads_is_multus_to_fail_on_and_no_upgrade_of_talos_cures_it(talos: str) -> None:
    """Its networks are read by its own libcni, on every version of Talos."""
    state = replace(node(talos, conflist=MULTUS), failing=LOGGED)
    for interface in ("eth0", "net1"):
        judged = judge(cache_file(interface=interface), state)
        assert (judged.code, judged.verdict) == ("logged-elsewhere", Verdict.FATAL)
        assert "4.1" in hint(judged)
        assert "upgrading Talos changes nothing" in hint(judged)
    assert [item.code for item in advice(talos, state, [judged])] == ["multus"]
    assert [item.code for item in prevention(state, [judged])] == ["disk"]


@pytest.mark.parametrize("conflist", [None, FLANNEL])
def test_a_log_that_names_the_plugin_tells_whose_libcni_it_was(conflist: Conflist | None) -> None:
    """Also where the network in force was not read, or is another one again."""
    by_plugin = {ID: LoggedFailure("nad", EMPTY, "multus")}
    assert judge(cache_file(network="nad"), replace(node(conflist=None), failing=by_plugin)).code == "logged-elsewhere"
    state = replace(node(conflist=conflist), failing={ID: LoggedFailure("cbr0", EMPTY, "multus")})
    assert judge(cache_file(900), state).code == "logged-elsewhere"


def test_a_failure_of_a_network_that_was_in_force_lately_is_over() -> None:
    """containerd goes by the one of now, and nobody else reads the file."""
    state = replace(node(conflist=Conflist("cilium", "0.3.1", "05-cilium.conflist")), failing=LOGGED)
    assert judge(cache_file(), state).code == "other-network"


@pytest.mark.parametrize("size", [0, 900])
def test_a_pod_that_the_kubelet_still_has_is_not_called_gone(size: int) -> None:
    """It can neither start nor end: that is the trouble. Of a sandbox that runs, or of a newer containerd, a log says something else."""
    has_pod = {ID: LoggedFailure("cbr0", EMPTY, has_pod=True)}
    judged = judge(cache_file(size), replace(node(), failing=has_pod))
    assert (judged.code, judged.verdict, judged.logged) == ("pod-stuck", Verdict.FATAL, True)
    assert sentence(judged).startswith("the pod still exists and can neither start nor end")
    assert "every 10 to 15 seconds" in sentence(judged)
    assert judge(cache_file(size), replace(node(), failing=LOGGED)).code == "stop-fails"
    assert judge(cache_file(size), replace(node("v1.13.0"), failing=has_pod)).code == "logged-elsewhere"
    assert judge(cache_file(), replace(node(ready=True), failing=has_pod)).code == "stop-will-fail"


def test_a_file_is_confirmed_after_a_minute_of_looking_the_same() -> None:
    """One look is never enough."""
    judged = judge(cache_file(), node(), b"")
    assert not judged.confirmed
    assert not replace(judged, steady=59.9).confirmed
    assert replace(judged, steady=60.0).confirmed


def test_every_reason_says_what_happens_if_nothing_is_done() -> None:
    """None by oversight."""
    assert all(rule.ahead for rule in RULES.values())
