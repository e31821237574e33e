"""The text of containerd's ``/v1/metrics``: a few of its series, by their true names."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from talospatch.simulator.node import SimulatedNode

_METHODS = ("RunPodSandbox", "StopPodSandbox", "RemovePodSandbox", "ListPodSandbox", "CreateContainer", "StartContainer")
_GOOD, _BAD = "OK", "Unknown"


def text(node: SimulatedNode, now: float) -> str:
    """Prometheus text of a node's containerd."""
    from talospatch.simulator.logs import stuck_count

    uptime = max(now - node.booted_at, 0.0)
    stuck = stuck_count(node, now)
    lines = [
        "# HELP containerd_build_info_total containerd build information",
        "# TYPE containerd_build_info_total counter",
        f'containerd_build_info_total{{revision="",version="v{node.profile.containerd}"}} 1',
        "# HELP grpc_server_handled_total Total number of RPCs completed on the server, regardless of success or failure.",
        "# TYPE grpc_server_handled_total counter",
    ]
    for method in _METHODS:
        for code in (_BAD, _GOOD):
            if method == "ListPodSandbox":
                count = int(uptime) if code == _GOOD else 0
            elif code == _BAD:
                count = stuck if method == "StopPodSandbox" else 0
            else:
                count = len(node.spec.sandboxes)
            labels = f'grpc_code="{code}",grpc_method="{method}",grpc_service="runtime.v1.RuntimeService",grpc_type="unary"'
            lines.append(f"grpc_server_handled_total{{{labels}}} {count}")
    if stuck:
        name = "containerd_cri_network_plugin_operations_errors_total_total"
        lines += [f"# TYPE {name} counter", f'{name}{{operation_type="tear_down_pod"}} {stuck}']
    lines += ["# TYPE process_start_time_seconds gauge", f"process_start_time_seconds {node.clock(node.booted_at):.2f}"]
    return "\n".join(lines) + "\n"
