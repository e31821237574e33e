"""Which lines of a config an edit had no business with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from talospatch.machineconfig.nodes import Mapping, Node, Sequence, children
from talospatch.machineconfig.typed.decode import ZERO
from talospatch.machineconfig.typed.documents import Document
from talospatch.patching.choices import CHOICES
from talospatch.patching.document_set import DocumentSet
from talospatch.patching.hazards import Noticed
from talospatch.patching.known_types import schema_for
from talospatch.patching.places import last_leaf
from talospatch.patching.tolerant import TolerantLoader
from talospatch.versions import TalosVersion

if TYPE_CHECKING:
    from talospatch.machineconfig.typed.deletes import Selector
    from talospatch.machineconfig.typed.schema import Type

Span = tuple[int, int]


def lines_lost(base: str, patches: list[str], after: str, talos: str) -> list[str]:
    """Return the lines of a config that a result lacks, or has in another order, though no patch names anything in them."""
    schema = schema_for(TalosVersion.parse(talos), Noticed())
    held = DocumentSet(base, schema, Noticed())
    roots = {document.id: document.root for document in held.before}
    spans: list[Span] = []
    for patch in patches:
        for step in TolerantLoader(patch, held.widened, None, patch=True).steps():
            root = roots.get(step.id)
            if root is None:
                continue
            if isinstance(step, Document):
                spans += _named(base, None, root, step.value, step.type)
            else:
                spans += _deleted(base, root, step, held)
    kept, start = [], 0
    for line in base.split("\n"):
        end = start + len(line)
        if line.strip() and not any(begin <= end and start <= stop for begin, stop in spans):
            kept.append(line)
        start = end + 1
    there = iter(after.split("\n"))
    return [line for line in kept if not any(line == each for each in there)]


def _named(text: str, key: Node | None, node: Node, value: Any, type_: Type | None) -> list[Span]:
    """Return the places of what a patch's value names."""
    if isinstance(value, dict) and isinstance(node, Mapping) and node.values and value:
        added = any(name not in node.values for name in value)
        emptied = len(node.values) == 1 and any(each is ZERO or not each for each in value.values())
        spans = [_span(text, key or node, node)] if (node.flow and added) or emptied else list[Span]()
        if type_ is not None and type_.name in CHOICES:  # another choice goes, and what is emptied by that is written anew
            others = [name for way in CHOICES[type_.name].ways for name in way if name in node.values and name not in value]
            spans += [_span(text, key or node, node)] if others else []
        for name, each in value.items():
            if isinstance(name, str) and name in node.values:
                field = type_.fields.get(name) if type_ is not None else None
                inner = field.type if field is not None and not field.replace else None
                if field is not None and field.replace:
                    spans.append(_span(text, node.keys[name], node.values[name]))
                else:
                    spans += _named(text, node.keys[name], node.values[name], each, inner)
        return spans
    return [_span(text, key or node, node)]


def _deleted(text: str, root: Mapping, selector: Selector, held: DocumentSet) -> list[Span]:
    node: Node = root
    key: Node = root
    if not selector.path:
        tree = next(tree for tree in held.trees if tree.root is root)
        return [(tree.start, tree.end)]
    for step in selector.path:
        if isinstance(node, Mapping) and step in node.values:
            key, node = node.keys[step], node.values[step]
            if isinstance(node, Mapping | Sequence) and len(list(children(node))) == 1:
                break  # what is emptied is written anew
        elif not isinstance(node, Sequence):
            break
    return [_span(text, key, node)]


def _span(text: str, key: Node, node: Node) -> Span:
    """Return where a key and its value stand, with the comments above and below that may be theirs."""
    start = text.rfind("\n", 0, key.start) + 1
    while start and text[text.rfind("\n", 0, start - 1) + 1 : start].lstrip().startswith("#"):
        start = text.rfind("\n", 0, start - 1) + 1
    end = last_leaf(node).end
    while (line_end := text.find("\n", end)) >= 0:
        end = line_end
        after = text[end + 1 : text.find("\n", end + 1)] if text.find("\n", end + 1) >= 0 else text[end + 1 :]
        if after.strip() and not after.lstrip().startswith("#"):
            break
        end += 1
    return start, len(text) if line_end < 0 else end
