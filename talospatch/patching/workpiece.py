"""A config in the course of being changed: as text, as documents of values, whichever the next step needs."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from talospatch.errors import ChangeError, ConfigError, TalosPatchError, VersionError
from talospatch.machineconfig.nodes import Mapping
from talospatch.machineconfig.path import ConfigPath
from talospatch.patching.patched import Patched
from talospatch.patching.places import end_of_line, last_leaf
from talospatch.versions import Fact, TalosVersion

if TYPE_CHECKING:
    from talospatch.machineconfig.config import MachineConfig
    from talospatch.machineconfig.document import Document
    from talospatch.patching.document_set import DocumentSet
    from talospatch.patching.hazards import Noticed
    from talospatch.talos.finding import Finding

# What talosctl cannot read again always has one of these: a block of text with an indentation hint or an empty first line, an enumeration's
# number without a word, a date, a document that is empty or named like a key of all documents, a line end that only YAML knows, or a text
# that go-yaml gives a meaning, such as `<<`. A text without them need not be read again to be sure; a test compares both on every vector.
# Most texts lack the characters that stand before each pattern, and finding that out is much faster than the pattern.
_DOUBTFUL = (
    *((mark, rf"[{mark}][-+]?(?:[0-9]|\n\n)") for mark in "|>"),
    ("(", r"\([0-9]+\)\n"),
    ("-", r"-(?<=[0-9]{4}-)[0-9]"),
    ("<", "<<"),
    ("?", r"\? "),
    *((mark, "") for mark in ("\n{}\n", "\nname: kind\n", "\nname: apiVersion\n", "\x85", "\u2028", "\u2029")),
)


class Workpiece:
    """A config that steps are applied to, one after the other.

    Attributes:
        talos: version of the node that it is for.
        fleet_has_older: whether some node of the fleet has a Talos older than 1.14.
    """

    def __init__(self, config: MachineConfig, *, talos: TalosVersion, fleet_has_older: bool = False) -> None:
        if not talos.can(Fact.WRITE):
            problem = f"Talos {talos} can be inspected only: configurations are written from 1.11 on"
            raise VersionError(problem, hint="upgrade the node first")
        if any(_is_encrypted(document) for document in config.documents):
            problem = "SOPS has encrypted this, and refuses a file that was edited: its MAC covers all values"
            raise ConfigError(problem, source=config.source, hint="decrypt it first, patch that, and encrypt the result again")
        self.talos, self.fleet_has_older = talos, fleet_has_older
        self._patched = Patched(config)
        self._documents: DocumentSet | None = None
        self._noticed: Noticed | None = None

    @property
    def noticed(self) -> Noticed:
        """Where steps note what they meet."""
        from talospatch.patching.hazards import Noticed

        if self._noticed is None:
            self._noticed = Noticed()
        return self._noticed

    def documents(self) -> DocumentSet:
        """Return the documents, for a step to change.

        Raises:
            ConfigError: the config does not fit the types of its Talos version.
        """
        from talospatch.patching.document_set import DocumentSet
        from talospatch.patching.hazards import DOCUMENT_EMPTY
        from talospatch.patching.known_types import schema_for

        if self._documents is None:
            config = self._patched.config
            trees = tuple(document.tree for document in config.documents)
            schema = schema_for(self.talos, self.noticed)
            if schema.dialect.empty_documents_fail and _has_empty(config):
                self.noticed.add(DOCUMENT_EMPTY)
            self._documents = DocumentSet(config.text, schema, self.noticed, source=config.source, trees=trees)
        return self._documents

    def replace(self, patched: Patched) -> None:
        """Take what a step has made of :attr:`config`."""
        self._patched = self._patched.then(patched)

    @property
    def config(self) -> MachineConfig:
        """The config as it is now, with the least edit of its text.

        Raises:
            ConfigError: no edit could be proven right.
            ChangeError: no document is left.
        """
        if self._documents is not None:
            from talospatch.machineconfig.document import Document
            from talospatch.patching.emit import style_of
            from talospatch.patching.rewrite import Rewriter

            held, self._documents = self._documents, None
            config = self._patched.config
            _check_left(held, config)
            rewriter = Rewriter(config.text, held.trees, style_of(config), held.widened, self.noticed, exact=True)
            rewritten = rewriter.rewrite(held.before, held.documents, source=config.source)
            if rewritten is not None:
                trees = enumerate(rewritten.trees)
                documents = tuple(Document(tree, index) for index, tree in trees if tree.root is not None)
                after = type(config)(rewritten.text, config.source, documents)
                _note_losses(self.noticed, config, after)
                self._patched = self._patched._replace(config=after)
        return self._patched.config

    @property
    def patched(self) -> Patched:
        """The outcome so far."""
        outcome = self._patched._replace(config=self.config)
        return outcome if self._noticed is None else outcome.then(Patched(self._patched.config, self._noticed.findings))

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What was noticed so far, for use beside :meth:`canonical`: :attr:`patched` would edit the text first."""
        noticed = () if self._noticed is None else self._noticed.findings
        return tuple(dict.fromkeys((*self._patched.findings, *noticed)))

    def canonical(self) -> str:
        """Return the text that talosctl would write of it, without comments.

        Raises:
            ChangeError: talosctl's form cannot hold it: what it writes would not read as the same; or no document is left.
        """
        from talospatch.machineconfig.typed.documents import encode
        from talospatch.patching.document_set import DocumentSet
        from talospatch.patching.hazards import Noticed
        from talospatch.patching.known_types import schema_for

        _check_left(self.documents(), self._patched.config)
        documents = self.documents().documents
        schema = schema_for(self.talos, self.noticed)
        text = encode(documents, minor=schema.dialect.minor)
        lines = f"\n{text}"
        if not any(mark in lines and re.search(pattern, lines) for mark, pattern in _DOUBTFUL):
            return text
        try:
            again = encode(DocumentSet(text, schema, Noticed()).documents, minor=schema.dialect.minor)
        except TalosPatchError as error:
            why = error.problem if isinstance(error, ConfigError) else str(error)
        else:
            if again == text:
                return text
            why = "it would read as something else"
        raise ChangeError(
            f"talosctl's own form cannot hold the result: {why}",
            hint='use style="preserve"; often a text of several lines begins with a space, or a word that must be given is not',
        )


def _note_losses(noticed: Noticed, before: MachineConfig, after: MachineConfig) -> None:
    """Count the comments that went with what was written anew around a change."""
    from talospatch.patching import hazards
    from talospatch.patching.remarks import lost_remarks

    widened = [finding for finding in noticed.findings if finding.code == hazards.WIDENED.code]
    lost = lost_remarks(before, after) if widened else ()
    for path in [ConfigPath.parse(finding.path) for finding in widened] if lost else ():
        start, end = _extent(before, path)
        if count := sum(start <= remark.start < end for remark in lost):
            noticed.add(hazards.COMMENTS_LOST, path.document, path.steps, detail=f"{count} comment{'s' * (count > 1)}")


def _extent(config: MachineConfig, path: ConfigPath) -> tuple[int, int]:
    """Return where a value begins, right behind its key, and where its last line ends; nothing at all where there is none."""
    node, parent = config.find(path), config.find(ConfigPath(path.document, path.steps[:-1]))
    if node is None:
        return 0, 0
    key = parent.keys.get(str(path.steps[-1])) if path.steps and isinstance(parent, Mapping) else None
    return (node.start if key is None else key.end), end_of_line(config.text, last_leaf(node).end)


def _check_left(documents: DocumentSet, config: MachineConfig) -> None:
    if not documents.documents:
        problem = "the last document would go, and a config without any is none: Talos does not take it"
        raise ChangeError(problem, source=config.source, hint="leave one, or give another one in its place")


def _is_encrypted(document: Document) -> bool:
    """Whether a document carries the metadata by which SOPS knows its own files (sops/stores: ``sops`` with a ``mac``)."""
    metadata = document.node.values.get("sops")
    return isinstance(metadata, Mapping) and "mac" in metadata.values


def _has_empty(config: MachineConfig) -> bool:
    """Whether some document of a config's text holds nothing."""
    documents = config.documents
    behind = config.text[documents[-1].span[1] :] if documents else ""
    return behind.lstrip().startswith("---") or [document.index for document in documents] != list(range(len(documents)))
