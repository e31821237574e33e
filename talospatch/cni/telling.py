"""A story in sentences: what it is, whose, since when, why, what it costs, what will happen, what to do; and the same as plain values."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from talospatch.cni.explain import LIVENESS, as_sentence, conflist_sentence, damage_sentence, runtime_sentence, shown_error
from talospatch.cni.names import shown
from talospatch.cni.rules import Verdict
from talospatch.cni.space import clause
from talospatch.cni.story import Source, Story, Whose
from talospatch.cni.times import moment
from talospatch.cni.verdict import CONFIRMING, Judged, Liveness, NodeState

if TYPE_CHECKING:
    from talospatch.cni.logreport import SandboxLog

SHORT = 12  # digits of an ID that are shown, as crictl does
_POD_SOURCES = {
    Source.CACHE: "as its cache file says",
    Source.NODE: "as the node lists it",
    Source.LOG: "as the log says",
}
_EXISTS = {
    Source.LOG: "the kubelet still has this pod: its log tells of failing on the pod itself, not only on the sandbox",
    Source.NODE: "its pod runs in another sandbox, as the node lists it",
    Source.KUBERNETES: "Kubernetes still has this pod on the node",
}


def headline(story: Story) -> str:
    """Return sandbox and pod in a few words."""
    pod = f" of pod {shown(story.pod.namespace)}/{shown(story.pod.name)}" if story.pod is not None else ""
    return f"sandbox {story.sandbox[:SHORT]}{pod}"


def said(story: Story) -> str:
    """Return the one sentence that goes with the verdict."""
    return story.rule.sentence.replace("{error}", shown_error(story.error))


def pod(whose: Whose) -> str:
    """Return whose a sandbox is in a few words; a node's words are escaped."""
    if whose.pod is not None:
        return f"pod {shown(whose.pod.namespace)}/{shown(whose.pod.name)}, {_as_told(whose)}"
    return f"pod unknown, hostname {whose.hostname}" if whose.hostname else "pod unknown"


def told(story: Story, node: NodeState) -> tuple[str, ...]:
    """Return the whole story, a sentence or two in each text; everything that came from the node is escaped."""
    return tuple(text if text.endswith(".") else as_sentence(text) for text in _texts(story, node))


def _texts(story: Story, node: NodeState) -> Iterator[str]:
    yield _whose(story)
    if story.pod_exists is not None:
        yield _EXISTS[story.pod_exists]
    if not story.files:
        yield f"its ID is {story.sandbox}"
    for judged in story.files:
        yield f"its file {shown(judged.file.name)}{_size(judged)}"
        if judged.is_damaged:
            yield damage_sentence(judged)
    if story.files and story.files[0].file.parsed is not None:
        yield runtime_sentence(node)
        yield conflist_sentence(story.files[0], node)
    yield LIVENESS[story.liveness]
    yield said(story)
    yield from _since(story, node)
    if node.space is not None and story.is_damaged:
        yield shown_error(clause(node.space))
    if story.log is not None:
        yield _logged(story.log)
    yield from _cost(story)
    yield f"what will happen next: {story.rule.ahead}"
    if story.rule.hint:
        yield f"what to do: {story.rule.hint}"
    if story.files and story.files[0].error:
        steady = story.steady
        look = f"over {steady:.0f} s" if steady >= CONFIRMING else "just now" if not steady else f"over {steady:.0f} s so far"
        yield f"it was seen like this {look}; nothing is called repairable before it was seen so for {CONFIRMING:.0f} s"


def _size(judged: Judged) -> str:
    if judged.file.problem:
        return " could not be looked at"
    return f" has {'1 byte' if judged.file.size == 1 else f'{judged.file.size} bytes'}"


def _whose(story: Story) -> str:
    if story.pod is None:
        unknown = "whose it is cannot be told: no cache file of it can be read, and no log line names its pod"
        worth = "which is the pod's name unless the pod sets another"
        return f"{unknown}. Its hostname is {story.hostname}, {worth}" if story.hostname else unknown
    uid = f" (UID {shown(story.pod.uid)})" if story.pod.uid else ""
    return f"it is of pod {shown(story.pod.namespace)}/{shown(story.pod.name)}{uid}, {_as_told(story.whose)}"


def _as_told(whose: Whose) -> str:
    if whose.source is Source.KUBERNETES:
        return f"as Kubernetes says of its {f'hostname {whose.hostname}' if whose.hostname else 'address'}"
    return _POD_SOURCES[whose.source]


def _since(story: Story, node: NodeState) -> Iterator[str]:
    if story.since is None:
        return
    if story.since_source is Source.LOG:
        yield f"it is in the log since {moment(story.since)}; what is older may have been written over"
    elif story.from_earlier_boot:
        yield f"the file was written last at {moment(story.since)}, before the node booted at {moment(node.boot_time)}"
    else:
        yield f"the file was written last at {moment(story.since)}"


def _logged(log: SandboxLog) -> str:
    often = f", {hourly(log.per_hour)}" if log.per_hour is not None else ""
    lines = "1 line" if log.lines == 1 else f"{log.lines} lines"
    place = f"the log of {shown(log.node)}" if log.node else "the log"
    times = f"the first of {moment(log.first)} and the last of {moment(log.last)}{often}"
    return f"{place} has {lines} about it, {times}: “{shown_error(log.reason)}”"


def hourly(number: float, one: str = "", several: str = "") -> str:
    """Return how many there are an hour, in round numbers: a few words, as ``about 60 log lines an hour``."""
    if number < 1:
        return f"less than one{one and f' {one}'} an hour"
    said = f"{number:.0f}"
    noun = one if said == "1" else several
    return f"about {'one' if said == '1' else said}{noun and f' {noun}'} an hour"


def _cost(story: Story) -> Iterator[str]:
    several = "address" if len(story.addresses) == 1 else "addresses"
    held = f"the {several} {', '.join(story.addresses)}"
    in_use = story.verdict is Verdict.HEALTHY or story.liveness in (Liveness.RUNNING, Liveness.STARTING)
    if story.addresses and in_use:
        yield f"it has {held}"
    costs = []
    if story.per_hour is not None and story.verdict is not Verdict.HEALTHY:
        costs.append(hourly(story.per_hour, "line of log", "lines of log"))
    if story.addresses and not in_use:
        costs.append(f"{held}, held for nobody else")
    if costs:
        yield f"it costs {' and '.join(costs)}"


def to_dict(story: Story, node: NodeState) -> dict[str, object]:
    """Return plain values for JSON and YAML."""
    return {
        "sandbox": story.sandbox,
        "verdict": story.verdict.value,
        "code": story.code,
        "liveness": story.liveness.value,
        "pod": story.whose.to_dict(),
        "hostname": story.hostname or None,
        "podExists": story.pod_exists.value if story.pod_exists is not None else None,
        "files": [shown(judged.file.name) for judged in story.files],
        "addresses": list(story.addresses),
        "networkNamespace": shown(story.namespace_file) or None,
        "since": story.since,
        "sinceSource": story.since_source.value,
        "fromEarlierBoot": story.from_earlier_boot,
        "error": shown_error(story.error) or None,
        "log": _log_dict(story) if story.log is not None else None,
        "steadySeconds": round(story.steady, 1),
        "message": said(story),
        "ahead": story.rule.ahead,
        "hint": story.rule.hint,
        "story": list(told(story, node)),
    }


def _log_dict(story: Story) -> dict[str, object]:
    log = story.log
    assert log is not None
    return {
        "cause": log.cause.value,
        "network": shown(log.network) or None,
        "reason": shown_error(log.reason),
        "plugin": shown(log.plugin) or None,
        "lines": log.lines,
        "first": log.first,
        "last": log.last,
        "perHour": round(log.per_hour, 1) if log.per_hour is not None else None,
        "stillFails": story.still_fails,
        "node": shown(log.node) or None,
        "asPredicted": any(judged.logged for judged in story.files),
    }
