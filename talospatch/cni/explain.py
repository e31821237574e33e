"""Why a file is fatal here or heals, in sentences."""

from __future__ import annotations

from talospatch.cni.conflist import INTERFACE, LOOPBACK_INTERFACE
from talospatch.cni.damage import SENTENCES, Damage
from talospatch.cni.names import shown
from talospatch.cni.predict import reads_cache
from talospatch.cni.rules import RULES
from talospatch.cni.verdict import Judged, Liveness, NodeState, conflist_for, tolerates

_LONGEST_ERROR = 300
LIVENESS = {
    Liveness.RUNNING: "The pod of this sandbox runs.",
    Liveness.STOPPED: "containerd still knows this sandbox, and it does not run.",
    Liveness.KNOWN: "containerd still knows this sandbox; whether it runs cannot be told.",
    Liveness.STARTING: "The file is only minutes old, so the sandbox may be in the making.",
    Liveness.GONE: "containerd does not know this sandbox any more.",
    Liveness.UNSEEN: "Whether containerd still knows this sandbox could not be seen.",
}


def sentence(judged: Judged) -> str:
    """Return the one sentence that goes with the verdict; nothing in it needs escaping."""
    return RULES[judged.code].sentence.replace("{error}", shown_error(judged.error))


def hint(judged: Judged) -> str:
    """Return what to do, or the empty string."""
    return RULES[judged.code].hint


def shown_error(error: str | None) -> str:
    """Return libcni's words fit to be shown: they quote what stood in the file."""
    text = "".join(char if char.isprintable() else "\ufffd" for char in error or "")
    return text if len(text) <= _LONGEST_ERROR else text[: _LONGEST_ERROR - 1] + "…"


def explain(judged: Judged, node: NodeState) -> str:
    """Return the whole reasoning about one file, one sentence a line: what it is, what reads it, what will happen, what to do."""
    lines = [f"{shown(judged.file.name)}: {judged.verdict.value}."]
    if judged.file.parsed is None or judged.file.problem:
        known = [LIVENESS[judged.liveness]] if judged.file.parsed is not None else []
        return "\n".join([*lines, *known, as_sentence(sentence(judged))])
    entry = judged.inspection.entry
    if entry is not None and entry.pod:
        addresses = f", address {', '.join(map(shown, entry.addresses))}" if entry.addresses else ""
        lines.append(f"It belongs to pod {shown(entry.namespace)}/{shown(entry.pod)}{addresses}.")
    if judged.inspection.damage is not Damage.NONE:
        lines.append(damage_sentence(judged))
    lines += [runtime_sentence(node), conflist_sentence(judged, node), LIVENESS[judged.liveness], as_sentence(sentence(judged))]
    if hint(judged):
        lines.append(as_sentence(hint(judged)))
    return "\n".join(lines)


def damage_sentence(judged: Judged) -> str:
    """Return what is wrong with a file's content, and at which byte that shows."""
    place = f" (byte {judged.inspection.offset})" if judged.inspection.offset else ""
    return as_sentence(SENTENCES[judged.inspection.damage])[:-1] + f"{place}."


def runtime_sentence(node: NodeState) -> str:
    """Return which containerd the node has and what it does with a file that it cannot read."""
    runtime = node.runtime
    if runtime is None:
        return "Which containerd this Talos version has is not known."
    newer = "" if runtime.exact else ", or newer"
    does = "goes on without a file that it cannot read" if tolerates(node) else "fails on a file that it cannot read"
    return f"This node has containerd {runtime.containerd} with libcni {runtime.libcni}{newer}, which {does}."


def conflist_sentence(judged: Judged, node: NodeState) -> str:
    """Return which CNI configuration decides about a file, and whether it has the cache read."""
    if node.no_conflist:
        return "No CNI configuration is in force on the node."
    network = shown(judged.file.parsed.network) if judged.file.parsed is not None else ""
    used = conflist_for(judged.file, node)
    if used is None and node.conflist is None:
        return f"The CNI configuration in force was not read, and {network} is no network that tells which one it is."
    if used is None and judged.code == "other-interface":
        interface = shown(judged.file.parsed.interface) if judged.file.parsed is not None else ""
        return f"containerd has its network on {INTERFACE} and its loopback on {LOOPBACK_INTERFACE} only; this file is of {interface}."
    if used is None:
        force = node.conflist
        return f"The CNI configuration in force is {shown(force.name) if force else 'another'}; this file is of {network}."
    source = "assumed from the name of the file" if used.assumed else shown(used.file)
    reads = "reads the cache when a pod is stopped" if reads_cache(used.cni_version) else "never reads the cache (below 0.4.0)"
    return f"The CNI configuration of {shown(used.name)}, cniVersion {shown(used.cni_version) or 'none'} ({source}), {reads}."


def as_sentence(text: str) -> str:
    """Return a clause as a sentence of its own."""
    return f"{text[:1].upper()}{text[1:]}{'' if text.endswith(('.', '…')) else '.'}"
