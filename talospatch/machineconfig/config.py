"""A machine config: an immutable, ordered set of documents with the text they were read from."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Protocol, Self, TypeVar

from talospatch.errors import ChangeError, ConfigError, VersionError
from talospatch.machineconfig.document import Document
from talospatch.machineconfig.nodes import Mapping, Node
from talospatch.machineconfig.path import ConfigPath
from talospatch.machineconfig.questions import check_questions
from talospatch.machineconfig.reader import line_and_column, read
from talospatch.machineconfig.values import Data, plain, same
from talospatch.versions import TalosVersion

if TYPE_CHECKING:
    from talospatch.errors import InputError
    from talospatch.machineconfig.difference import Difference
    from talospatch.machineconfig.views import V1Alpha1Config, Viewer
    from talospatch.redaction import Marks


class Outcome(Protocol):
    """What applying a change gives; see :class:`talospatch.patching.patched.Patched`."""

    @property
    def config(self) -> MachineConfig:
        """The new config."""
        ...

    def then(self, after: Self, /) -> Self:
        """Both outcomes as one."""
        ...


OutcomeT = TypeVar("OutcomeT", bound=Outcome)
OutcomeT_co = TypeVar("OutcomeT_co", bound=Outcome, covariant=True)


class Applicable(Protocol[OutcomeT_co]):
    """What can be applied to a config; see :class:`talospatch.patching.change.Change`."""

    def apply(self, config: MachineConfig, *, talos: TalosVersion, fleet_has_older: bool = False) -> OutcomeT_co:
        """Apply it."""
        ...


class MachineConfig:
    """A machine config. ``==`` and ``hash`` go by the exact text; :meth:`equivalent` by meaning.

    Attributes:
        text: the text it was read from, unchanged.
        source: where it came from, as a user would name it; used in messages.
        documents: its documents in the order written; empty ones are left out.
    """

    __slots__ = ("documents", "source", "text")

    def __init__(self, text: str, source: str, documents: tuple[Document, ...]) -> None:
        self.text, self.source, self.documents = text, source, documents

    @classmethod
    def parse(cls, text: str | bytes, *, source: str = "config") -> Self:
        """Read a config.

        Args:
            text: YAML; bytes must be UTF-8.
            source: a name for messages.

        Raises:
            ConfigError: it is not YAML that Talos reads, or a document is not a mapping. Says the line and column.
        """
        if isinstance(text, bytes):
            text = decoded(text, source)
        trees = read(text, source=source)
        check_questions(trees, text, source=source)
        documents = []
        for index, tree in enumerate(trees):
            if tree.root is None:
                continue
            if not isinstance(tree.root, Mapping):
                line, column = line_and_column(text, tree.root.start)
                raise ConfigError("a document of a machine config must be a mapping", source=source, line=line, column=column)
            documents.append(Document(tree, index))
        return cls(text, source, tuple(documents))

    @property
    def data(self) -> bytes:
        """The text as the bytes that are sent to a node."""
        return self.text.encode()

    def document(self, kind: str, name: str = "") -> Document | None:
        """Return the first document of a kind and name, or None. ``v1alpha1`` is the kind of the main document."""
        return next((document for document in self.documents if document.kind == kind and document.name == name), None)

    def main(self) -> V1Alpha1Config:
        """Return the plain data of the main document, typed for editors and type checkers. Do not change it.

        Raises:
            ConfigError: there is none.
        """
        found = self.view("v1alpha1")
        if found is None:
            raise ConfigError("there is no main document, with machine and cluster", source=self.source)
        return found

    if TYPE_CHECKING:  # what a checker sees has an overload for each kind

        @property
        def view(self) -> Viewer:
            """Return the plain data of a document, typed by its kind; None when there is none. Do not change it."""

    else:

        def view(self, kind: str, name: str = "") -> dict[str, Data] | None:
            """Return the plain data of a document, typed by its kind for editors and type checkers; None when there is none.

            Do not change it. A kind that is newer than the views has no type; :meth:`document` finds it all the same.

            Args:
                kind: as ``LinkConfig``; ``v1alpha1`` is the main document.
                name: of a kind whose documents have names.
            """
            document = self.document(kind, name)
            return None if document is None else document.value

    def find(self, path: str | ConfigPath) -> Node | None:
        """Return the node at a path, or None.

        Raises:
            ConfigError: the text is not a path.
        """
        parsed = path if isinstance(path, ConfigPath) else ConfigPath.parse(path)
        document = next((document for document in self.documents if document.id == parsed.document), None)
        return document.find(parsed.steps) if document is not None else None

    def get(self, path: str | ConfigPath, default: Data = None) -> Data:
        """Return the plain data at a path, or ``default`` when nothing stands there.

        Args:
            path: such as ``machine.files[0].content`` or ``CRICustomizationConfig/metrics:content``.
            default: what to return when there is nothing.

        Raises:
            ConfigError: the text is not a path.
        """
        node = self.find(path)
        return default if node is None else plain(node)

    def equivalent(self, other: MachineConfig, *, talos: TalosVersion | str | None = None) -> bool:
        """Whether both mean the same: the same documents with the same data, whatever the comments, layout, key order and quoting.

        The v1alpha1 document may stand anywhere; the order of the others counts. Never true for configs that Talos reads differently. With
        a version, a value means what Talos reads it as: ``90m`` and ``1h30m0s``, an absent field and its zero are the same. Without one,
        or where the configs do not fit its types, false for some that Talos reads alike.

        Args:
            other: the other config.
            talos: the node's version.

        Raises:
            VersionError: ``talos`` is not a version.
        """
        if self.text == other.text:
            return True
        if len(self.documents) != len(other.documents):
            return False
        if (
            talos is not None
            and (told := self._typed_equal(other, TalosVersion.parse(talos) if isinstance(talos, str) else talos)) is not None
        ):
            return told
        return all(one.id == two.id and same(one.value, two.value) for one, two in zip(self._ordered(), other._ordered(), strict=True))

    def _typed_equal(self, other: MachineConfig, talos: TalosVersion) -> bool | None:
        """Whether both are the same to a version; None when one of them does not fit its types, or we do not know these."""
        from talospatch.machineconfig.typed.documents import MAIN
        from talospatch.machineconfig.typed.equality import alike
        from talospatch.machineconfig.typed.load import load

        try:
            ours, theirs = (
                sorted(load(config.text, talos.minor), key=lambda document: document.kind.name != MAIN) for config in (self, other)
            )
        except (ConfigError, VersionError):
            return None
        return all(one.id == two.id and alike(one.type, one.value, two.value) for one, two in zip(ours, theirs, strict=True))

    def _ordered(self) -> list[Document]:
        return sorted(self.documents, key=lambda document: document.kind != "v1alpha1")

    def patch(
        self, changes: Applicable[OutcomeT] | Sequence[Applicable[OutcomeT]], *, talos: TalosVersion | str, fleet_has_older: bool = False
    ) -> OutcomeT:
        """Apply changes in order.

        Args:
            changes: one change or several.
            talos: version of the node that this config is for.
            fleet_has_older: whether some node of the fleet has a Talos older than 1.14, which decides what carries a containerd fragment.

        Raises:
            ChangeError: a change does not apply, or none was given.
            ConfigError: an edit could not be proven right.
            VersionError: ``talos`` is not a version, or one whose config is not written.
        """
        version = TalosVersion.parse(talos) if isinstance(talos, str) else talos
        outcome: OutcomeT | None = None
        config: MachineConfig = self
        for change in changes if isinstance(changes, Sequence) else (changes,):
            after = change.apply(config, talos=version, fleet_has_older=fleet_has_older)
            outcome = after if outcome is None else outcome.then(after)
            config = after.config
        if outcome is None:
            raise ChangeError("no change was given")
        return outcome

    def diff(self, other: MachineConfig, *, marks: Marks | None = None) -> Difference:
        """Return how ``other`` differs from this config, secrets redacted.

        Args:
            other: the config after.
            marks: what to mark secrets with; by default the marks of this run.
        """
        from talospatch.machineconfig.difference import Difference

        return Difference(self, other, marks=marks)

    def __eq__(self, other: object) -> bool:
        return self.text == other.text if isinstance(other, MachineConfig) else NotImplemented

    def __hash__(self) -> int:
        return hash(self.text)

    def __iter__(self) -> Iterator[Document]:
        return iter(self.documents)

    def __len__(self) -> int:
        return len(self.documents)

    def __repr__(self) -> str:
        from talospatch.redaction import RUN, redact

        return f"<MachineConfig {self.source}: {', '.join(redact(document.id, marks=RUN) for document in self.documents[:8]) or 'empty'}>"


def decoded(data: bytes, source: str, error: type[InputError] = ConfigError) -> str:
    """Return the text of a file's bytes.

    Raises:
        InputError: of the class ``error``: they are not UTF-8. Says the line.
    """
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as cause:
        line = data.count(b"\n", 0, cause.start) + 1
        hint = "save it as UTF-8" if data[:2] in {b"\xff\xfe", b"\xfe\xff"} else "is this a text file?"
        raise error(f"byte {data[cause.start]:#04x} is not UTF-8", source=source, line=line, hint=hint) from None
