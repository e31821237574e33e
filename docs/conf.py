"""How the documentation is built: MyST Markdown, Sphinx, furo; warnings are errors."""

from __future__ import annotations

import ast
import inspect
import pkgutil
from contextlib import suppress
from importlib import import_module
from typing import TYPE_CHECKING, Any, get_type_hints

import talospatch

if TYPE_CHECKING:
    from types import ModuleType

    from docutils.nodes import reference
    from sphinx.application import Sphinx
    from sphinx.environment import BuildEnvironment

project = "talospatch"
author = "the talospatch maintainers"
copyright = "the talospatch maintainers"  # noqa: A001 - Sphinx's name
version = release = talospatch.__version__
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
source_suffix = {".md": "markdown"}
exclude_patterns = ["_build"]
html_theme = "furo"
html_title = "talospatch"
html_extra_path: list[str] = []
myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3
autodoc_typehints = "description"
autodoc_member_order = "bysource"
# A type in a signature, or a name in a docstring, stands on a page or in this list. So the page of the API has all that its methods need.
nitpicky = True
nitpick_ignore_regex = [
    (r"py:.*", r"(collections\.abc|io|pathlib|ssl)\..*"),  # Python's own, whose pages are elsewhere
]
nitpick_ignore = [
    *(
        ("py:class", f"talospatch.{name}")
        for name in (
            # What a cluster is made of; from_talosconfig makes these.
            "fleet.async_cluster.Connection",
            "rollout.clock.Clock",
            "rollout.journal.JournalStore",
            "talosapi.client.Client",
            # Parts of what is public that are not: made and used by the package alone.
            "cni.pools.Range",
            "cni.verdict.NodeState",
            "cnicheck.copied.Copied",
            "containerd.metrics.Form",
            "containerd.proof.ExpectedPart",
            "machineconfig.nodes.Node",
            "machineconfig.reader.Tree",
            "patching.change.Step",
            "patching.conversion.rule.Move",
            "patching.conversion.view.View",
            # Named by a docstring to say which class or protocol of the package is meant.
            "cnicheck.calls.CniCalls",
            "cnicheck.node_pods.NodePods",
            # A type variable.
            "machineconfig.config.OutcomeT",
        )
    ),
    ("py:class", "BufferedReader"),  # is generic for type checkers only, so that its annotation stays text
]
# What stands in annotations under the name of its base or protocol, and on the page as what users import.
DOCUMENTED_AS = {
    "talospatch.machineconfig.config.Applicable": "talospatch.offline.Change",
    "talospatch.machineconfig.config.MachineConfig": "talospatch.offline.MachineConfig",
    "talospatch.patching.change.Change": "talospatch.offline.Change",
    "talospatch.planning.draft.Change": "talospatch.offline.Change",
}


def know_annotations() -> None:
    """Make types of the package's annotations, which are text until somebody asks and name what is imported for type checkers only."""
    found = pkgutil.walk_packages(talospatch.__path__, "talospatch.")
    modules = [import_module(each.name) for each in found if not each.name.endswith("__main__")]
    for module in modules:
        for node in ast.parse(inspect.getsource(module)).body if module.__file__ else ():
            if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
                with suppress(ImportError):  # of an extra that is not there, or of the stub views.pyi
                    exec(compile(ast.Module(node.body, []), module.__name__, "exec"), module.__dict__)  # noqa: S102 - our own imports
    for module in modules:
        for made in classes(module):
            with suppress(NameError):
                made.__init__.__annotations__ = get_type_hints(made.__init__)


def classes(module: ModuleType) -> list[type]:
    """Return the classes of a module whose arguments it says itself."""
    return [each for each in vars(module).values() if isinstance(each, type) and inspect.isfunction(vars(each).get("__init__"))]


def documented(app: Sphinx, env: BuildEnvironment, node: Any, contnode: Any) -> reference | None:
    """Return the reference to what a base class is documented as."""
    target = DOCUMENTED_AS.get(node.get("reftarget", ""))
    if target is None:
        return None
    return env.domains.python_domain.resolve_xref(env, node["refdoc"], app.builder, node["reftype"], target, node, contnode)


def setup(app: Sphinx) -> None:
    """Run by Sphinx."""
    know_annotations()
    app.connect("missing-reference", documented)
