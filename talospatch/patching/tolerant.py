"""Reading configs and patches that may know more than our tables: unknown fields and kinds become free-form values, and findings.

A type that lacks a field is widened by it for this one run, so that everything behind (merging, writing, comparing) treats it like others.
"""

from __future__ import annotations

import difflib
from copy import copy
from typing import TYPE_CHECKING

from talospatch.machineconfig.nodes import Alias, Mapping, Node, Scalar, Sequence
from talospatch.machineconfig.typed.decode import Decoder
from talospatch.machineconfig.typed.deletes import Selector, scalar_at
from talospatch.machineconfig.typed.documents import MAIN, Document
from talospatch.machineconfig.typed.lenient import check_readable
from talospatch.machineconfig.typed.load import MAIN_KEYS, Loader
from talospatch.machineconfig.typed.misfit import Misfit
from talospatch.machineconfig.typed.problems import located
from talospatch.machineconfig.typed.schema import UNKNOWN, Field, Kind, Type
from talospatch.patching import hazards
from talospatch.patching.inner_deletes import InnerCut, is_only_a_place

if TYPE_CHECKING:
    from talospatch.errors import ConfigError
    from talospatch.machineconfig.reader import Tree
    from talospatch.machineconfig.typed.deletes import Cut
    from talospatch.machineconfig.typed.load import Step
    from talospatch.machineconfig.typed.schema import Schema
    from talospatch.patching.hazards import Noticed

_NAMING = frozenset({"kind", "apiVersion"})
_ROUNDS = 50  # unknown fields inside unknown fields are read at once, so more rounds than levels of known types are never needed


class Widened:
    """The kinds of one run by document, with the fields that were found and are not in our tables.

    Attributes:
        schema: what the tables have.
        noticed: told of what they do not have.
        made: kinds that are unknown or were widened, by the document's id.
    """

    def __init__(self, schema: Schema, noticed: Noticed) -> None:
        self.schema, self.noticed = schema, noticed
        self.made: dict[str, Kind] = {}

    def kind(self, name: str, api_version: str, document_name: str) -> Kind:
        """Return the kind of a document, an unknown one made up."""
        known = self.schema.kind(name)
        if known is not None and (name == MAIN) == (api_version == "") and api_version in {"", MAIN}:
            return self.made.get(_id(known, document_name), known)
        identity = f"{name}/{document_name}" if document_name else name
        if identity not in self.made:
            type_ = Type("struct", UNKNOWN)
            type_.free = True
            self.made[identity] = Kind(name, "n" if document_name else "", type_)
            self.noticed.add(hazards.UNKNOWN_KIND, identity, hint=self._known_as(name, api_version))
        return self.made[identity]

    def apart(self) -> Widened:
        """Return a copy for reading what may be wrong: what is noticed and widened there does not count here."""
        other = copy(self)
        other.noticed, other.made = type(self.noticed)(), dict(self.made)
        return other

    def _known_as(self, name: str, api_version: str) -> str:
        """Return what an unknown kind may be meant as, for a hint, or ""."""
        if name in self.schema.kinds and name != MAIN and not api_version:
            return f"the document says no apiVersion, and Talos refuses it: apiVersion: {MAIN}"
        near = difflib.get_close_matches(name, self.schema.kinds, n=1, cutoff=0.8)
        return f"did you mean {near[0]}?" if near and near[0] != name else ""

    def widen(self, kind: Kind, document_name: str, path: tuple[str | int, ...], hint: str | None) -> Kind:
        """Return the kind with a field at a path, of any value; as it is where another element of a list has brought that field."""
        self.noticed.add(hazards.UNKNOWN_FIELD, _id(kind, document_name), path, hint=hint or "")
        if not _lacks(kind.type, path):
            return kind
        made = self.made[_id(kind, document_name)] = Kind(kind.name, kind.flags, _with_field(kind.type, path))
        return made


class TolerantLoader(Loader):
    """Reads as one minor does, but takes what it does not know.

    Attributes:
        trees: the trees of the text, once it was read; given ones are taken as they are.
    """

    def __init__(self, text: str, widened: Widened, source: str | None, *, patch: bool, trees: tuple[Tree, ...] = ()) -> None:
        super().__init__(text, widened.schema, source, patch=patch)
        self.trees = trees
        self._widened = widened
        self.repeats_allowed = patch
        self._has_empty = False
        self._ids: set[str] = set()

    def steps(self) -> list[Step]:
        """Read all documents, the selectors of each before it; what is left of a document of nothing but deletes is no step."""
        steps = super().steps()
        if self.patch and not steps:
            self._widened.noticed.add(hazards.PATCH_EMPTY, detail=self.source or "")
        if self.schema.dialect.empty_documents_fail and self._has_empty:
            self._widened.noticed.add(hazards.DOCUMENT_EMPTY)
        seen: set[str] = set()
        for step in steps:
            if isinstance(step, Document):
                if step.id in seen and not self.schema.dialect.repeated_patch_documents:
                    self._widened.noticed.add(hazards.DOCUMENT_REPEATED, step.id)
                seen.add(step.id)
        return [step for index, step in enumerate(steps) if not (index and _is_residue(step, steps[index - 1]))]

    def read_trees(self) -> tuple[Tree, ...]:
        """Return a tree for each document of the text."""
        if self.trees:
            check_readable(self.trees, self.text, self.schema.dialect, source=self.source)
        else:
            self.trees = super().read_trees()
        return self.trees

    def empty(self, place: int) -> None:
        """Skip an empty document."""
        self._has_empty = True

    def cut(self, root: Mapping) -> Cut:
        """Cut the deletes out of a document of a patch, those inside of elements too.

        Raises:
            Misfit: one of them cannot be addressed.
        """

        def is_place(path: tuple[str, ...], element: Node, cut: set[str]) -> bool:
            name, api_version = self.kind_of(root)
            kind = self._widened.kind(name, api_version, scalar_at(root, "name") if name != MAIN else "")
            try:
                return is_only_a_place(kind.type, path, element, cut, self.schema.dialect)
            except Misfit as misfit:
                raise self.error(str(misfit), element.start, misfit.hint) from None

        return InnerCut(root, is_place)

    def kind_of(self, root: Mapping) -> tuple[str, str]:
        """Return kind and API version by their keys, as a reader would, and not where talosctl finds these words first."""
        values = root.values
        if any(type(value) is Scalar and value.text in _NAMING for value in values.values()):
            self._widened.noticed.add(hazards.NAME_MISREAD)
        elif _NAMING.isdisjoint(values) and not MAIN_KEYS.isdisjoint(values) and "name" not in values:
            return MAIN, ""
        for key in ("apiVersion", "kind", "name"):
            if isinstance(values.get(key), Alias):
                problem = f"{key} is given by an alias, and Talos takes the alias's own name for it"
                raise self.error(problem, values[key].start, "write it out")
        kind = scalar_at(root, "kind")
        return (kind, scalar_at(root, "apiVersion")) if kind else super().kind_of(root)

    def document(self, root: Mapping, errors: list[ConfigError]) -> Document:
        """Return one document as values. Unknown fields widen its type, other problems are added to ``errors``."""
        name, api_version = self.kind_of(root)
        called = scalar_at(root, "name") if name != MAIN else ""
        kind = self._widened.kind(name, api_version, called)
        for _ in range(_ROUNDS):
            decoder = Decoder(self.schema.dialect, explicit=self.patch)
            try:
                value = decoder.value(kind.type, root)
            except Misfit as misfit:  # of the document as a whole, which is free-form
                raise self.error(str(misfit), root.start, misfit.hint) from None
            unknown = [problem for problem in decoder.problems if problem.unknown is not None]
            wider = kind
            for problem in unknown:
                path = _path_to(root, problem.node)
                if path is not None and _can_widen(kind.type, path):
                    wider = self._widened.widen(wider, called, path, problem.hint)
            if wider is kind:
                break
            kind = wider
        errors += located(decoder.problems, root, self.text, self.source)
        made = Document(kind, value, root)
        if made.id in self._ids and not self.repeats_allowed:
            raise self.error(f"document {made.id} stands here twice", root.start, "keep one of them")
        self._ids.add(made.id)
        return made


def _id(kind: Kind, name: str) -> str:
    return f"{kind.name}/{name}" if kind.named else kind.name


def _is_residue(step: Step, before: Step) -> bool:
    """Whether a step is what is left of a document of which all else was to be deleted; the document deleted as a whole leaves nothing."""
    if not isinstance(before, Selector) or not before.path or not isinstance(step, Document) or before.id != step.id:
        return False
    return not (step.value.keys() - {"apiVersion", "kind", "name", "version"})


def _path_to(root: Node, key: Node) -> tuple[str | int, ...] | None:
    """Return the way to a key's node: keys and indexes."""
    stack: list[tuple[tuple[str | int, ...], Node]] = [((), root)]
    while stack:
        path, node = stack.pop()
        if isinstance(node, Mapping):
            for name, child in node.values.items():
                if node.keys[name] is key:
                    return (*path, name)
                stack.append(((*path, name), child))
        elif isinstance(node, Sequence):
            stack += [((*path, index), child) for index, child in enumerate(node.items)]
    return None


def _can_widen(type_: Type, path: tuple[str | int, ...]) -> bool:
    """Whether the path leads from struct to struct, to a key that the last of them lacks."""
    last = _holder(type_, path)
    return last is not None and last.shape == "struct" and path[-1] not in last.fields and not last.free


def _lacks(type_: Type, path: tuple[str | int, ...]) -> bool:
    last = _holder(type_, path)
    return last is None or path[-1] not in last.fields


def _holder(type_: Type, path: tuple[str | int, ...]) -> Type | None:
    """Return the type that a path's last step is a field of; None where it leads elsewhere than through known types."""
    for step in path[:-1]:
        if type_.shape == "struct":
            field = type_.fields.get(str(step))
            if field is None:
                return None
            type_ = field.type
        elif type_.shape in {"list", "map"}:
            type_ = type_.inside
        else:
            return None
    return type_


def _with_field(type_: Type, path: tuple[str | int, ...]) -> Type:
    made = type_.copy()
    if type_.shape in {"list", "map"}:
        made.elem = _with_field(type_.inside, path[1:])
        return made
    made.fields = dict(type_.fields)
    key = str(path[0])
    if len(path) == 1:
        made.fields[key] = Field(key, Type("any", "any"), "o")
        return made
    old = type_.fields[key]
    field = made.fields[key] = Field(old.key, _with_field(old.type, path[1:]), "")
    field.omit_empty, field.replace, field.tagged, field.embedded = old.omit_empty, old.replace, old.tagged, old.embedded
    return made
