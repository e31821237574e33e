"""From what a user asks for to the description of a simulated cluster."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from talospatch.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from talospatch.simulator.network_faults import Fault
    from talospatch.simulator.spec import ClusterSpec, NodeSpec

ADDRESS = "10.5.0.{}"  # routing keys behind the endpoints; nothing listens there
FIRST = 2


def cluster(*, control_planes: int, workers: int, versions: Sequence[str], seed: int = 0) -> ClusterSpec:
    """Return a cluster of plain nodes.

    Args:
        control_planes: at least 1; they run the newest of the versions.
        workers: how many.
        versions: Talos versions, given to the workers in turn; empty for the simulator's newest.
        seed: what identities are made from.

    Raises:
        InputError: more nodes than addresses.
    """
    from talospatch.simulator.spec import NEWEST, ClusterSpec, NodeSpec
    from talospatch.versions import TalosVersion

    if control_planes + workers > 250:
        raise InputError(f"{control_planes + workers} nodes", hint="at most 250; describe more of them in a file for --spec")
    given = [TalosVersion.parse(version) for version in versions] or [TalosVersion.parse(NEWEST)]
    newest = max(given)
    nodes = [
        NodeSpec(name=f"cp-{number + 1}", address=ADDRESS.format(FIRST + number), machine_type="controlplane", talos=newest.tag)
        for number in range(control_planes)
    ]
    nodes += [
        NodeSpec(name=f"worker-{number + 1}", address=ADDRESS.format(FIRST + control_planes + number), talos=given[number % len(given)].tag)
        for number in range(workers)
    ]
    return ClusterSpec(nodes=tuple(nodes), seed=seed)


def with_faults(spec: ClusterSpec, texts: Sequence[str]) -> tuple[ClusterSpec, tuple[Fault, ...]]:
    """Return the cluster with faults in its nodes, and the faults of its network.

    Args:
        spec: the cluster.
        texts: ``NODE=FAULT`` for a node's own, as ``worker-1=never-returns`` or ``worker-2=clock-skew:300``; ``FAULT`` alone for the
            network's, as ``latency:0.2`` (seconds) or ``refused``.

    Raises:
        InputError: no such node or fault; says which there are.
    """
    nodes = {node.name: node for node in spec.nodes}
    network: list[Fault] = []
    for text in texts:
        name, equals, fault = text.partition("=")
        if equals:
            if name not in nodes:
                raise InputError(f"no node is called {name!r}", hint=f"there are {', '.join(nodes)}")
            nodes[name] = _broken(nodes[name], fault)
        else:
            network.append(_network(text))
    return replace(spec, nodes=tuple(nodes.values())), tuple(network)


def _broken(node: NodeSpec, text: str) -> NodeSpec:
    word, _, value = text.partition(":")
    field = word.replace("-", "_")
    kinds = {name: type(getattr(node.faults, name)) for name in node.faults.__slots__}
    if field not in kinds:
        raise InputError(f"{word!r} is no fault of a node", hint=f"there are {', '.join(name.replace('_', '-') for name in kinds)}")
    kind = kinds[field]
    given: Any = _number(text, value) if kind is float else value if kind is str else True
    return replace(node, faults=replace(node.faults, **{field: given}))


def _network(text: str) -> Fault:
    from talospatch.simulator.network_faults import Fault, FaultKind

    word, _, value = text.partition(":")
    kinds = [kind.value for kind in FaultKind]
    if word not in kinds:
        raise InputError(f"{word!r} is no fault of the network", hint=f"there are {', '.join(kinds)}; a node's own is NODE=FAULT")
    return Fault(FaultKind(word), seconds=_number(text, value)) if value else Fault(FaultKind(word))


def _number(text: str, value: str) -> float:
    if not re.fullmatch(r"\d+(\.\d+)?", value):
        raise InputError(f"{text!r} needs a number of seconds", hint="write it as latency:0.2 or worker-1=clock-skew:300")
    return float(value)
