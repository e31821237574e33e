"""What is wrong with a text that cannot be read as a config: every problem that can be told, each with its place."""

from __future__ import annotations

from typing import TYPE_CHECKING

from talospatch.errors import ConfigError
from talospatch.machineconfig.nodes import Mapping, Scalar, resolved
from talospatch.machineconfig.path import ROOT_DOCUMENT
from talospatch.machineconfig.reader import line_and_column
from talospatch.machineconfig.tables.find import MINORS
from talospatch.machineconfig.typed.decode import Decoder
from talospatch.machineconfig.typed.lenient import read_lenient
from talospatch.machineconfig.typed.misfit import Misfit
from talospatch.machineconfig.typed.problems import Problem, path_to
from talospatch.machineconfig.typed.schema import schema_of
from talospatch.machineconfig.validation.locate import Placed
from talospatch.talos.finding import Finding, Severity

if TYPE_CHECKING:
    from talospatch.machineconfig.typed.schema import Kind, Schema

UNREADABLE = "unreadable"
_HINT_OF_KIND = "take the document out for this node, or update the node first"


def problems(text: str, error: ConfigError, *, minor: str) -> list[Placed]:
    """Return findings of a text that a minor does not load.

    Args:
        text: the text.
        error: what loading it came to.
        minor: the Talos minor.
    """
    found: list[Placed] = []
    told: set[tuple[int, int]] = set()
    schema = schema_of(minor)
    for root in _roots(text, schema):
        inside, at = _in_document(root, schema, text)
        found += inside
        told |= at
    return found if (error.line, error.column) in told else [_of_error(error), *found]


def _of_error(error: ConfigError) -> Placed:
    hint = (error.hint or "").partition("\n")[0]
    return Placed(Finding(Severity.ERROR, UNREADABLE, error.path or "", error.problem, hint), error.line, error.column)


def _roots(text: str, schema: Schema) -> list[Mapping]:
    try:
        return [tree.root for tree in read_lenient(text, schema.dialect) if isinstance(tree.root, Mapping)]
    except ConfigError:
        return []


def _in_document(root: Mapping, schema: Schema, text: str) -> tuple[list[Placed], set[tuple[int, int]]]:
    """Return findings of one document, and the places at which loading would report the same."""
    name = _scalar(root, "kind") or ROOT_DOCUMENT
    kind = schema.kind(name)
    if kind is None:
        return [_unknown_kind(root, name, schema, text)], {line_and_column(text, root.start)}
    decoder = Decoder(schema.dialect)
    try:
        decoder.value(kind.type, root)
    except Misfit as misfit:
        decoder.problems.append(Problem(root, str(misfit), misfit.hint))
    prefix = _prefix(root, kind)
    ordered = sorted(decoder.problems, key=lambda problem: problem.node.start)
    return [_finding(problem, root, prefix, text) for problem in ordered], {
        line_and_column(text, problem.node.start) for problem in ordered
    }


def _finding(problem: Problem, root: Mapping, prefix: str, text: str) -> Placed:
    code = "unknown-key" if problem.unknown is not None else "wrong-type"
    path = path_to(root, problem.node) or ""
    finding = Finding(Severity.ERROR, code, f"{prefix}{path}", problem.text, problem.hint or "")
    return Placed(finding, *line_and_column(text, problem.node.start))


def _unknown_kind(root: Mapping, name: str, schema: Schema, text: str) -> Placed:
    known = [minor for minor in MINORS if schema_of(minor).kind(name) is not None]
    message = f"Talos {schema.dialect.minor} has no documents of kind {name[:60]}"
    if known:
        message += f"; {known[0]} is the first that has"
    finding = Finding(Severity.ERROR, "kind-unknown", name[:60], message, _HINT_OF_KIND if known else "")
    return Placed(finding, *line_and_column(text, root.keys["kind"].start))


def _prefix(root: Mapping, kind: Kind) -> str:
    if kind.name == ROOT_DOCUMENT:
        return ""
    return f"{kind.name}/{_scalar(root, 'name')}:" if kind.named else f"{kind.name}:"


def _scalar(root: Mapping, key: str) -> str:
    node = root.values.get(key)
    leaf = resolved(node) if node is not None else None
    return leaf.text if isinstance(leaf, Scalar) else ""
