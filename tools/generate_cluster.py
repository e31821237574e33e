"""Write the blocking verbs of Cluster from the coroutines of AsyncCluster: same names, parameters, types and docstrings.

python tools/generate_cluster.py            write talospatch/fleet/cluster_verbs.py
python tools/generate_cluster.py --check    exit 1 when that file is not what would be written
"""

from __future__ import annotations

import ast
import sys
from pathlib import Path

FLEET = Path(__file__).parent.parent / "talospatch" / "fleet"
SOURCES = ((FLEET / "async_cluster.py", "AsyncCluster"), (FLEET / "async_cni.py", "CniVerbs"))  # the class and what it inherits
TARGET = FLEET / "cluster_verbs.py"
WIDTH = 140
OWN = {"close"}  # what Cluster does in a way of its own

HEAD = '''"""The verbs of the blocking cluster. Written by tools/generate_cluster.py from the coroutines beside; not edited by hand."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from talospatch.fleet.finder import Detail

if TYPE_CHECKING:
    from pathlib import Path

    from talospatch.cnicheck.options import CheckOptions
    from talospatch.cnicheck.repair.plan import Method, RepairOptions, RepairPlan
    from talospatch.cnicheck.repair.report import RepairReport
    from talospatch.cnicheck.report import CniReport, NodeCni
    from talospatch.fleet.async_cluster import AsyncCluster, Chosen
    from talospatch.fleet.inventory import Inventory
    from talospatch.planning.draft import Change
    from talospatch.planning.plan import Options, Plan
    from talospatch.planning.report import Report
    from talospatch.rollout.executor import Progress
    from talospatch.rollout.history import Shown, Summary

_T = TypeVar("_T")


class ClusterVerbs(ABC):
    """Each verb runs its coroutine to the end and returns what that returns."""

    @abstractmethod
    def _run(self, verb: Callable[[AsyncCluster], Coroutine[Any, Any, _T]]) -> _T:
        """Run a coroutine of the cluster's in its loop and wait for it."""
'''


def generate() -> str:
    """Return the text of the module of verbs."""
    return HEAD + "".join(_verbs(path.read_text(encoding="utf-8"), name) for path, name in SOURCES)


def _verbs(source: str, name: str) -> str:
    """Return the verbs of one class; what another one has is abstract there."""
    found = next(node for node in ast.parse(source).body if isinstance(node, ast.ClassDef) and node.name == name)
    coroutines = [node for node in found.body if isinstance(node, ast.AsyncFunctionDef) and not node.decorator_list]
    return "".join(_verb(node, source.splitlines()) for node in coroutines if not node.name.startswith("_") and node.name not in OWN)


def _verb(node: ast.AsyncFunctionDef, lines: list[str]) -> str:
    """Return one method: signature and docstring as they stand in the source, and a call that passes everything on."""
    described = node.body[0].end_lineno
    assert described is not None
    text = "\n".join(lines[node.lineno - 1 : described]).replace("    async def ", "    def ", 1)
    passed = [argument.arg for argument in node.args.args[1:]] + [f"{argument.arg}={argument.arg}" for argument in node.args.kwonlyargs]
    call = f"cluster.{node.name}({', '.join(passed)})"
    body = f"        return self._run(lambda cluster: {call})"
    if len(body) > WIDTH:
        line = f"            lambda cluster: {call}"
        if len(line) > WIDTH:
            line = f"            lambda cluster: cluster.{node.name}(\n                {', '.join(passed)}\n            )"
        body = f"        return self._run(\n{line}\n        )"
    return f"\n{text}\n{body}\n"


def main() -> int:
    """Write or check the file."""
    text = generate()
    if "--check" in sys.argv[1:]:
        return int(not TARGET.exists() or TARGET.read_text(encoding="utf-8") != text)
    TARGET.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
