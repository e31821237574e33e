"""What a conversion is: a row that says what it moves, from which Talos on, and why nothing is lost."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple, Self

from talospatch.machineconfig.path import ConfigPath, Selector
from talospatch.talos.finding import Finding, Severity

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from talospatch.machineconfig.path import Step
    from talospatch.patching.conversion.view import View
    from talospatch.versions import TalosVersion

Data = Any  # None, bool, int, float, str, list[Data] or dict[str, Data]
Steps = tuple["Step", ...]


class Identity(NamedTuple):
    """A document, by kind and name."""

    kind: str
    name: str = ""

    @classmethod
    def of(cls, document: dict[str, Data]) -> Self:
        """Return that of a document's data."""
        return cls(document["kind"], document.get("name", ""))

    @property
    def id(self) -> str:
        """``Kind`` or ``Kind/name``."""
        return f"{self.kind}/{self.name}" if self.name else self.kind


class Move(NamedTuple):
    """What a rule moves in one config; nothing at all where the rule has nothing to do.

    Attributes:
        gone: places of the main document that lose what stands there.
        documents: documents that come, or are merged into those that are there; without ``apiVersion``.
        main: what is merged into the main document.
        removed: documents that go.
        cut: keys of documents that lose what stands there, where the document stays.
        findings: what cannot be moved and why, and what is worth knowing of what is moved.
        parts: moves that this one is made of, where each of them could be made without the others.
    """

    gone: tuple[Steps, ...] = ()
    documents: tuple[dict[str, Data], ...] = ()
    main: Data = None
    removed: tuple[Identity, ...] = ()
    cut: tuple[tuple[Identity, str], ...] = ()
    findings: tuple[Finding, ...] = ()
    parts: tuple[Move, ...] = ()

    @classmethod
    def of(cls, parts: Sequence[Move], findings: Iterable[Finding] = ()) -> Self:
        """Return a move made of others, each of a place and a document."""
        gone = tuple(steps for part in parts for steps in part.gone)
        documents = tuple(document for part in parts for document in part.documents)
        return cls(gone, documents, findings=tuple(findings), parts=tuple(parts))

    @property
    def is_empty(self) -> bool:
        """Whether nothing is moved."""
        return not (self.gone or self.documents or self.main or self.removed or self.cut)

    def and_found(self, *findings: Finding) -> Move:
        """Return the same move with more findings."""
        return self._replace(findings=(*self.findings, *findings))


class Rule(NamedTuple):
    """A row of the table.

    Attributes:
        code: a stable word for scripts and ``--only``.
        title: what it is about, for lists.
        legacy: paths of the main document that it takes; ``*`` stands for any key.
        kinds: kinds of documents that it makes.
        since: the first Talos that has them; of a field of an older kind, the first that has the field.
        forward: from the main document to documents.
        back: from documents to the main document.
        lossless: when nothing is lost, in one sentence.
        refuses: when it does not convert, in one sentence; empty when it always can.
        effect: what a running node does when it gets the converted config, and what is another matter in one form; mostly empty.
        source: where in Talos's source both forms are seen to have the same effect.
        field: of a document that older versions have too, the key that the rule is about; or empty.
    """

    code: str
    title: str
    legacy: tuple[str, ...]
    kinds: tuple[str, ...]
    since: str
    forward: Callable[[View], Move]
    back: Callable[[View], Move]
    lossless: str
    source: str
    refuses: str = ""
    effect: str = ""
    field: str = ""

    def within(self, talos: TalosVersion) -> bool:
        """Whether a version has the documents."""
        return talos.within(self.since)


NOTHING = Move()


def refused(code: str, path: Steps, why: str, hint: str = "", *, document: str = "v1alpha1") -> Finding:
    """Return the finding that something stays where it is.

    Args:
        code: the finding's code.
        path: the place in its document.
        why: the sentence behind the path.
        hint: what to do.
        document: id of the document.
    """
    return Finding(Severity.WARNING, code, str(ConfigPath(document, path)) if path else document, why, hint)


DOCUMENT_COUNTS = "the document is the one in effect"


def both_set(path: Steps, document: str, *, effective: str = "") -> Finding:
    """Return the finding that both forms say something, which Talos refuses of most, and of some obeys one."""
    why = f"is set here and by {document}" + (f": {effective}" if effective else "")
    return refused("conversion-both-set", path, why, "keep one of them, then convert")


def not_expressible(path: Steps, why: str, hint: str = "", *, document: str = "v1alpha1") -> Finding:
    """Return the finding that the other form has no way to say this."""
    return refused("conversion-not-expressible", path, why, hint, document=document)


def repeated(path: Steps, why: str, hint: str) -> Finding:
    """Return the finding that something stands there more than once, where the other form can hold it once."""
    return refused("conversion-repeated", path, why, hint)


def plain_steps(path: str) -> tuple[str, ...]:
    """Return the steps of a row's path up to the first that is no plain key."""
    return tuple(re.split(r"\[|\.\*", path)[0].split("."))


def place(path: str) -> Steps:
    """Return the steps of a path of plain keys, such as ``machine.network.hostname``."""
    return tuple(path.split("."))


def element(path: str, key: str, value: str) -> Steps:
    """Return the steps to the element of a list that has a value at a key."""
    return (*place(path), Selector(key, value))
