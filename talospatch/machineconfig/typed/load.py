"""From text to documents, as the reference loads a config or a patch.

Source: the machinery's configloader/internal/decoder/decoder.go and the vectors.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from talospatch.errors import ConfigError
from talospatch.machineconfig.nodes import Mapping, Scalar, resolved
from talospatch.machineconfig.reader import line_and_column
from talospatch.machineconfig.typed.decode import Decoder
from talospatch.machineconfig.typed.deletes import Cut, Selector, scalar_at
from talospatch.machineconfig.typed.documents import MAIN, Document, check_together
from talospatch.machineconfig.typed.lenient import read_lenient
from talospatch.machineconfig.typed.misfit import Misfit
from talospatch.machineconfig.typed.plain import kind_of
from talospatch.machineconfig.typed.problems import Problem, located, together
from talospatch.machineconfig.typed.repeated import read_repeated, without_repeats
from talospatch.machineconfig.typed.schema import schema_of

if TYPE_CHECKING:
    from talospatch.machineconfig.nodes import Node
    from talospatch.machineconfig.reader import Tree
    from talospatch.machineconfig.typed.schema import Schema

# Keys by which a document without kind is known for the main one. Source: the decoder's ManifestDeprecatedKeys.
MAIN_KEYS = frozenset({"machine", "cluster", "debug", "persist"})
_VERSION = r"(?m)^%YAML[ \t]+(?!1\.1(?:[ \t\r\n]|$))"  # compiled where it is needed, as other patterns that hardly any config needs
Step = Document | Selector


def load(text: str, minor: str, *, source: str | None = None) -> tuple[Document, ...]:
    """Return the documents of a config, in the order of the text.

    Args:
        text: one or more documents of YAML.
        minor: the Talos minor whose types and rules count, such as ``1.13``.
        source: what the user calls the text, for errors.

    Raises:
        ConfigError: not a config of that minor; all problems of a document together.
        VersionError: we have no types of that minor.
    """
    loader = Loader(text, schema_of(minor), source, patch=False)
    documents = tuple(step for step in loader.steps() if isinstance(step, Document))
    if not documents:
        raise ConfigError("there is no document in it", source=source)
    return documents


def load_patch(text: str, minor: str, *, source: str | None = None) -> tuple[Step, ...]:
    """Return what a strategic merge patch does, in the order of doing: selectors to delete and documents to merge.

    Raises:
        ConfigError: it is none: not a config of that minor, or empty.
        VersionError: we have no types of that minor.
    """
    loader = Loader(text, schema_of(minor), source, patch=True)
    steps = loader.steps()
    if not steps:
        raise ConfigError("there is no document in it", source=source)
    return tuple(sorted(steps, key=lambda step: _rank(step, in_place=loader.repeats_allowed)))


def _rank(step: Step, *, in_place: bool) -> int:
    """Deletes in the main document go first, then the main document itself, unless documents may be repeated: then it keeps its place."""
    if isinstance(step, Selector):
        return 0 if step.kind == MAIN else 2
    return 1 if step.kind.name == MAIN and not in_place else 2


class Loader:
    """Reads one text as one minor does. What another reader would have otherwise is overridden: :mod:`talospatch.patching.tolerant`."""

    def __init__(self, text: str, schema: Schema, source: str | None, *, patch: bool) -> None:
        self.text, self.schema, self.source, self.patch = text, schema, source, patch
        self.repeats_allowed = patch and schema.dialect.repeated_patch_documents
        self._seen: set[tuple[str, str, str]] = set()

    def steps(self) -> list[Step]:
        """Read all documents, the selectors of each before it."""
        if "%" in self.text and (bad := re.search(_VERSION, self.text)):
            raise self.error("another version of YAML than 1.1 is refused", bad.start())
        steps: list[Step] = []
        errors: list[ConfigError] = []
        for tree in self.read_trees():
            try:
                steps += self._tree(tree, errors)
            except ConfigError as error:
                errors.append(error)
        if errors:
            raise together(errors)
        documents = [step for step in steps if isinstance(step, Document)]
        if not self.repeats_allowed:
            try:
                check_together(documents, link_claims=self.schema.dialect.link_claims)
            except Misfit as misfit:
                raise ConfigError(str(misfit), source=self.source, hint=misfit.hint) from None
        return steps

    def read_trees(self) -> tuple[Tree, ...]:
        """Return a tree for each document of the text.

        Raises:
            ConfigError: it is not YAML.
        """
        try:
            return read_lenient(self.text, self.schema.dialect, source=self.source)
        except ConfigError:
            # Deletes are cut out before keys are compared, so a key may stand twice in a patch: deleted, and given anew.
            trees = read_repeated(self.text) if self.patch and "$patch" in self.text else None
            if trees is None:
                raise
            return trees

    def _tree(self, tree: Tree, errors: list[ConfigError]) -> list[Step]:
        """Return what a document says. What is wrong inside it is added to ``errors``."""
        root = tree.root
        if root is None:
            self.empty(tree.body)
            return []
        if not isinstance(root, Mapping):
            raise self.error(f"{kind_of(root)} stands where a document belongs", root.start)
        steps: list[Step] = []
        if self.patch:
            try:
                cut = self.cut(root)
            except Misfit as misfit:
                (error,) = located([Problem(misfit.node or root, str(misfit), misfit.hint)], root, self.text, self.source)
                raise error from None
            steps += cut.selectors
            if cut.root is None:
                return steps
            root = without_repeats(cut.root, self.error)
        return [*steps, self.document(root, errors)]

    def cut(self, root: Mapping) -> Cut:
        """Cut the deletes out of a document of a patch.

        Raises:
            Misfit: one of them cannot be addressed.
        """
        return Cut(root)

    def empty(self, place: int) -> None:
        """Take note of an empty document.

        Raises:
            ConfigError: this minor refuses it.
        """
        if self.schema.dialect.empty_documents_fail:
            raise self.error("an empty document", place)

    def document(self, root: Mapping, errors: list[ConfigError]) -> Document:
        """Return one document as values; what is wrong inside it is added to ``errors``.

        Raises:
            ConfigError: its kind is not known, or stands here twice.
        """
        identity = (scalar_at(root, "apiVersion"), scalar_at(root, "kind") or MAIN, scalar_at(root, "name"))
        if identity in self._seen and not self.repeats_allowed:
            raise self.error(f"document {'/'.join(identity)} stands here twice", root.start, "keep one of them")
        self._seen.add(identity)
        name, api_version = self.kind_of(root)
        kind = self.schema.kind(name)
        if kind is None or (name == MAIN) != (api_version == "") or api_version not in {"", MAIN}:
            known = f"Talos {self.schema.dialect.minor} has no document {name[:40]!r} of apiVersion {api_version[:40]!r}"
            raise self.error(known, root.start, "is it for a newer Talos?")
        decoder = Decoder(self.schema.dialect)
        value = decoder.value(kind.type, root)
        errors += located(decoder.problems, root, self.text, self.source)
        return Document(kind, value, root)

    def kind_of(self, root: Mapping) -> tuple[str, str]:
        """Return kind and API version, ("v1alpha1", "") for the main document.

        The reference looks at keys and values alike: ``name: kind`` makes the key behind it the kind.
        """
        flat: list[Node] = [node for key, value in root.values.items() for node in (root.keys[key], value)]
        found = {"kind": "", "apiVersion": ""}
        for index, node in enumerate(flat):
            text = node.text if isinstance(node, Scalar) else ""
            if text in found:
                value = resolved(flat[index + 1]) if index + 1 < len(flat) else None
                if not isinstance(value, Scalar):
                    raise self.error(f"{text} is not a text", node.start)
                found[text] = value.text
            elif text in MAIN_KEYS:
                found["apiVersion"] = MAIN
        if not found["kind"] and found["apiVersion"] == MAIN:
            return MAIN, ""
        if not found["kind"] or not found["apiVersion"]:
            raise self.error(
                f"missing {'apiVersion' if found['kind'] else 'kind'}", root.start, "each document names its apiVersion and kind"
            )
        return found["kind"], found["apiVersion"]

    def error(self, problem: str, index: int, hint: str | None = None) -> ConfigError:
        """Return the error of a problem at a place."""
        line, column = line_and_column(self.text, index)
        return ConfigError(problem, source=self.source, line=line, column=column, hint=hint)
