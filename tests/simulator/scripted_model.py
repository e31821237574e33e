"""A stand-in for the cluster's model, to see what an adapter asks and to have it answer what the test needs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from talospatch.simulator.exchange import Exchange, answer
from talospatch.simulator.spec import ClusterSpec, NodeSpec
from talospatch.wire.proto import common_pb2

SPEC = ClusterSpec(
    (
        NodeSpec("cp-1", "10.5.0.2", "controlplane", "v1.14.0-rc.1"),
        NodeSpec("worker-1", "10.5.0.3", "worker", "v1.12.11"),
    )
)


@dataclass
class Asked:
    """One call as the model saw it."""

    endpoint: str
    metadata: dict[str, tuple[str, ...]]
    roles: tuple[str, ...]
    method: str
    requests: tuple[bytes, ...]
    now: float


@dataclass
class ScriptedModel:
    """Answers every call with ``script``, and remembers it."""

    script: Callable[[Asked], Exchange] = lambda asked: answer(common_pb2.Data(bytes=b"".join(asked.requests)))
    asked: list[Asked] = field(default_factory=list)
    down: set[str] = field(default_factory=set)
    metrics_on: set[str] = field(default_factory=set)

    def call(  # noqa: PLR0917 - as the model it stands for
        self,
        endpoint: str,
        metadata: Mapping[str, Sequence[str]],
        roles: Sequence[str],
        method: str,
        requests: Sequence[bytes],
        now: float,
    ) -> Exchange:
        gathered = {key: tuple(values) for key, values in metadata.items()}
        self.asked.append(Asked(endpoint, gathered, tuple(roles), method, tuple(requests), now))
        return self.script(self.asked[-1])

    def advance(self, now: float) -> None:
        pass

    def reachable(self, endpoint: str, now: float) -> bool:
        return endpoint not in self.down

    def metrics_address(self, node: str, now: float) -> str | None:
        return "0.0.0.0:11234" if node in self.metrics_on else None

    def metrics(self, node: str, now: float) -> str:
        return f'# TYPE node_up gauge\nnode_up{{node="{node}"}} 1\n'
