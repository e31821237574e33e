"""Whether a change is in effect: what was seen on the node, judged item by item. Success is only said of what was seen."""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING

from talospatch.containerd.metrics import Address, metrics_address
from talospatch.planning.effects import Effect
from talospatch.planning.report import ProofItem

if TYPE_CHECKING:
    from talospatch.containerd.proof import FragmentProof
    from talospatch.planning.facts import NodeFacts
    from talospatch.planning.plan import NodePlan
    from talospatch.talos.node import Listener, Service

SERVICES = ("cri", "kubelet")
CONFIGURATION = "configuration"
ANYWHERE = frozenset({"", "0.0.0.0", "::", "*"})  # noqa: S104 - compared, not bound
# A restart that the node's event list no longer shows does not spoil a proof: hash, listener and health say more.
_OPTIONAL = "restarted"


def judge(plan: NodePlan, facts: NodeFacts, *, at: float, trial: bool, since: NodeFacts | None = None) -> tuple[ProofItem, ...]:
    """Return what was looked at and what was seen.

    Args:
        plan: what the node should have.
        facts: the node now.
        at: seconds since 1970, noted in the items.
        trial: whether only the active configuration should be the new one.
        since: the node before the change, to see that containerd restarted; None when nothing was changed.
    """
    items = [_configuration(plan, facts, trial)]
    # What only the next boot reads cannot be seen before it; the drop-in can where containerd restarts for it.
    waits = plan.does(Effect.NEXT_BOOT) and not plan.does(Effect.CRI_RESTART)
    fragment = None if waits else plan.proof
    if fragment is not None:
        items.append(_dropin(fragment, facts))
    restarts = since is not None and plan.does(Effect.CRI_RESTART) and not _held_before(fragment, since)
    for name in SERVICES:
        service = facts.service(name)
        items.append(_health(name, service))
        if restarts and since is not None and name == "cri":
            items.append(_restart(since.service(name), service))
    if fragment is not None and fragment.about_metrics:
        if fragment.metrics_address:
            items.append(_listening(fragment.metrics_address, facts.listeners))
        elif former := _former_address(fragment, since):
            items.append(_closed(former, facts.listeners))
    if facts.etcd_problem:
        items.append(("etcd", "healthy", facts.etcd_problem, False))
    return tuple(ProofItem(*item, at) for item in items)


def proven(items: tuple[ProofItem, ...]) -> bool:
    """Whether everything that counts was seen as expected."""
    return all(item.ok or (item.ok is None and item.what == _OPTIONAL) for item in items)


def missing(items: tuple[ProofItem, ...]) -> str:
    """Return what was not seen as expected, as one sentence."""
    return "; ".join(
        f"{item.what}: expected {item.expected}, saw {item.seen}" for item in items if item.ok is not True and item.what != _OPTIONAL
    )


def waiting_for(items: tuple[ProofItem, ...]) -> str:
    """Return what is still missing, in a few words."""
    return ", ".join(item.what for item in items if not item.ok and item.what != _OPTIONAL) or "a restart"


def services_healthy(facts: NodeFacts, before: NodeFacts | None = None) -> bool:
    """Whether containerd and the kubelet run and are healthy, as far as they were ``before``: a change is not to blame for the rest."""
    compared = before is not None and before.services
    return all(_healthy(facts, name) or (compared and before is not None and not _healthy(before, name)) for name in SERVICES)


def services_listed(facts: NodeFacts) -> bool:
    """Whether the node has containerd and the kubelet at all, so that waiting for them makes sense."""
    return all(facts.service(name) is not None for name in SERVICES)


def _healthy(facts: NodeFacts, name: str) -> bool:
    return _health(name, facts.service(name))[3] is True


_Seen = tuple[str, str, str, bool | None]


def _configuration(plan: NodePlan, facts: NodeFacts, trial: bool) -> _Seen:
    expected = "active" if trial else "active and persistent"
    wanted = ("active",) if trial else ("active", "persistent")
    unread = [name for name in wanted if getattr(facts, name) is None]
    if unread:
        return (CONFIGURATION, f"as applied ({expected})", f"{unread[0]} cannot be read: {facts.unread.get(unread[0], 'no answer')}", None)
    other = [name for name in wanted if getattr(facts, name).data != plan.after]
    return (CONFIGURATION, f"as applied ({expected})", f"{' and '.join(other)} differs" if other else "as applied", not other)


def _dropin(fragment: FragmentProof, facts: NodeFacts) -> _Seen:
    expected = "; ".join(f"{part.line if part.content is not None else f'no {part.header}'}" for part in fragment.parts) or "as configured"
    if facts.cri_toml is None:
        return ("drop-in", expected, facts.unread.get("cri_toml", "cri.toml cannot be read"), None)
    missing_parts = fragment.missing(facts.cri_toml)
    return ("drop-in", expected, "; ".join(missing_parts) or "in cri.toml as expected", not missing_parts)


def _held_before(fragment: FragmentProof | None, since: NodeFacts) -> bool:
    """Whether cri.toml showed all of it before, so that nothing restarts: an edit of the entry's ``op`` alone, for example."""
    return fragment is not None and since.cri_toml is not None and fragment.holds(since.cri_toml)


def _former_address(fragment: FragmentProof, since: NodeFacts | None) -> str | None:
    if since is None or since.cri_toml is None:
        return None
    try:
        return metrics_address(tomllib.loads(since.cri_toml), fragment.forms)
    except (tomllib.TOMLDecodeError, RecursionError):
        return None


def _health(name: str, service: Service | None) -> _Seen:
    if service is None:
        return (f"service {name}", "running and healthy", "not listed", None)
    health = {True: "healthy", False: "not healthy", None: "health unknown"}[service.healthy]
    return (
        f"service {name}",
        "running and healthy",
        f"{service.state.lower()}, {health}",
        service.state == "Running" and service.healthy is True,
    )


def _restart(before: Service | None, after: Service | None) -> _Seen:
    if before is None or after is None or not before.started or not after.started:
        return (_OPTIONAL, "containerd restarted since the change", "the node's events do not say", None)
    later = after.started > before.started
    return (_OPTIONAL, "containerd restarted since the change", "restarted" if later else "not restarted", later)


def _listening(address: str, listeners: tuple[Listener, ...] | None) -> _Seen:
    expected = f"containerd listens on {address}"
    if listeners is None:
        return ("listener", expected, "the node's sockets cannot be read", None)
    found = _on_port(address, listeners)
    if not found:
        return ("listener", expected, f"nothing listens on {address}", False)
    right = next((listener for listener in found if is_containerd(listener) and _same_place(address, listener)), None)
    shown = right or found[0]
    return ("listener", expected, f"{shown.process or 'a process'} listens on {_socket(shown)}", right is not None)


def _closed(address: str, listeners: tuple[Listener, ...] | None) -> _Seen:
    expected = f"containerd no longer listens on {address}"
    if listeners is None:
        return ("listener", expected, "the node's sockets cannot be read", None)
    found = [listener for listener in _on_port(address, listeners) if is_containerd(listener)]
    return ("listener", expected, f"{_socket(found[0])} is open" if found else "closed", not found)


def _on_port(address: str, listeners: tuple[Listener, ...]) -> list[Listener]:
    wanted = Address.parse(address)
    return [
        listener for listener in listeners if wanted is not None and listener.port == wanted.port and listener.protocol.startswith("tcp")
    ]


def _same_place(address: str, listener: Listener) -> bool:
    wanted, host = Address.parse(address), listener.address.strip("[]")
    return wanted is not None and (host == wanted.host or (wanted.is_any and host in ANYWHERE))


def is_containerd(listener: Listener) -> bool:
    """Whether a socket is containerd's, as far as the node says whose it is."""
    return not listener.process or listener.process.startswith("containerd")


def _socket(listener: Listener) -> str:
    host = f"[{listener.address}]" if ":" in listener.address else listener.address
    return f"{host}:{listener.port}"
