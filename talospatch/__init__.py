"""Change the machine configuration of every Talos Linux node in a fleet, safely.

The names below are the public interface; they load when first used, so that ``import talospatch`` costs next to nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from talospatch.cni.eligibility import Include
    from talospatch.cnicheck.options import CheckOptions
    from talospatch.cnicheck.repair.plan import Method, RepairOptions
    from talospatch.errors import TalosPatchError
    from talospatch.fleet.async_cluster import AsyncCluster
    from talospatch.fleet.cluster import Cluster
    from talospatch.fleet.finder import Detail
    from talospatch.fleet.targets import Targets, all_nodes, control_planes, nodes, workers
    from talospatch.offline import Change, MachineConfig, patch_config
    from talospatch.patching.conversion.api import convert_config
    from talospatch.patching.validation import validate_config
    from talospatch.planning.plan import Diverged, Options, Plan
    from talospatch.planning.report import Report
    from talospatch.talos.finding import Finding, Severity
    from talospatch.versions import TalosVersion

__version__ = "0.1.0"

# Where each public name lives. A table, so that importing the package imports none of it.
_HOMES = {
    "AsyncCluster": "talospatch.fleet.async_cluster",
    "Change": "talospatch.offline",
    "CheckOptions": "talospatch.cnicheck.options",
    "Cluster": "talospatch.fleet.cluster",
    "Detail": "talospatch.fleet.finder",
    "Diverged": "talospatch.planning.plan",
    "Finding": "talospatch.talos.finding",
    "Include": "talospatch.cni.eligibility",
    "MachineConfig": "talospatch.offline",
    "Method": "talospatch.cnicheck.repair.plan",
    "Options": "talospatch.planning.plan",
    "Plan": "talospatch.planning.plan",
    "RepairOptions": "talospatch.cnicheck.repair.plan",
    "Report": "talospatch.planning.report",
    "Severity": "talospatch.talos.finding",
    "TalosPatchError": "talospatch.errors",
    "TalosVersion": "talospatch.versions",
    "Targets": "talospatch.fleet.targets",
    "all_nodes": "talospatch.fleet.targets",
    "control_planes": "talospatch.fleet.targets",
    "convert_config": "talospatch.patching.conversion.api",
    "nodes": "talospatch.fleet.targets",
    "patch_config": "talospatch.offline",
    "validate_config": "talospatch.patching.validation",
    "workers": "talospatch.fleet.targets",
}

__all__ = [
    "AsyncCluster",
    "Change",
    "CheckOptions",
    "Cluster",
    "Detail",
    "Diverged",
    "Finding",
    "Include",
    "MachineConfig",
    "Method",
    "Options",
    "Plan",
    "RepairOptions",
    "Report",
    "Severity",
    "TalosPatchError",
    "TalosVersion",
    "Targets",
    "all_nodes",
    "control_planes",
    "convert_config",
    "nodes",
    "patch_config",
    "validate_config",
    "workers",
]


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(home), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
