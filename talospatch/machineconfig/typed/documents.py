"""The documents of a config: what tells them from each other, which exclude each other, and in which order they are written.

Source: the machinery's config/container/container.go and configloader/internal/decoder/decoder.go.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from talospatch.errors import ChangeError
from talospatch.machineconfig.typed.free import check_copyable
from talospatch.machineconfig.typed.misfit import Misfit

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from talospatch.machineconfig.nodes import Mapping
    from talospatch.machineconfig.path import Step
    from talospatch.machineconfig.typed.deletes import Selector
    from talospatch.machineconfig.typed.schema import Kind, Type

MAIN = "v1alpha1"
_LINKS = frozenset(
    {"BondConfig", "BridgeConfig", "DummyLinkConfig", "LinkConfig", "VethConfig", "VLANConfig", "VRFConfig", "WireguardConfig"}
)
# Kinds of which only one may configure a name. Source: the ConflictsWithKinds methods of the kinds.
CONFLICTING = (_LINKS, frozenset({"HCloudVIPConfig", "Layer2VIPConfig"}), frozenset({"UserVolumeConfig", "ExistingVolumeConfig"}))

# Free-form objects that the reference shares instead of copying, so that nothing in them can crash it. Source: the generated
# DeepCopyInto of these types.
SHARED = frozenset({("v1alpha1.MachineConfig", "baseRuntimeSpecOverrides"), ("v1alpha1.AuthorizationConfigAuthorizerConfig", "webhook")})


class Document:
    """One document as values.

    Attributes:
        kind: its kind.
        name: its name; empty for kinds without one.
        id: its kind, and its name where it has one.
        value: its fields, without what tells the kind; see :mod:`talospatch.machineconfig.typed.decode`.
        root: the tree that it was read from, or None.
    """

    __slots__ = ("id", "kind", "name", "root", "value")

    def __init__(self, kind: Kind, value: dict[str, Any], root: Mapping | None = None) -> None:
        self.kind, self.value, self.root = kind, value, root
        self.name: str = value.get("name", "") if kind.named else ""
        self.id = f"{kind.name}/{self.name}" if kind.named else kind.name

    @property
    def type(self) -> Type:
        """The type of its value."""
        return self.kind.type

    def with_value(self, value: dict[str, Any]) -> Document:
        """Return the same document with another value."""
        return Document(self.kind, value, self.root)

    def with_root(self, root: Mapping) -> Document:
        """Return the same document in the place of a tree."""
        return Document(self.kind, self.value, root)

    def __repr__(self) -> str:
        return f"<Document {self.id}>"


class Leftover:
    """A delete in a document that is not there. Up to 1.13 the reference keeps it among the documents, and writes it as ``{}``.

    Attributes:
        id: the document that it is for.
        named: whether it names that document: then writing it crashes the reference.
        main: whether it is for the main document.
    """

    __slots__ = ("id", "main", "named")

    def __init__(self, selector: Selector) -> None:
        self.id, self.named, self.main = selector.id, bool(selector.name), selector.kind == MAIN


def in_order(documents: Iterable[Document | Leftover]) -> list[Document | Leftover]:
    """Return documents in the order of writing: the main one first."""
    return sorted(documents, key=lambda document: isinstance(document, Leftover) or document.kind.name != MAIN)


def encode(documents: Sequence[Document | Leftover], *, minor: str) -> str:
    """Return the text that the reference writes of documents.

    Raises:
        ChangeError: a named document was to be deleted that is not there, on which the reference crashes.
    """
    return "---\n".join(_encoded(document, minor) for document in in_order(documents))


def _encoded(document: Document | Leftover, minor: str) -> str:
    from talospatch.machineconfig.typed.encode import encode_value  # what only reads and merges needs no writer

    if isinstance(document, Document):
        return encode_value(document.type, document.value, minor)
    if document.named:
        raise ChangeError(
            f"there is no document {document.id} to delete in, which crashes the reference", hint="take the delete out of the patch"
        )
    return "{}\n"


def check_together(documents: Iterable[Document | Leftover], *, link_claims: bool) -> None:
    """Check that documents may stand together.

    Args:
        documents: all documents of a config.
        link_claims: whether a link belongs to one document only, the peer's name of a pair included.

    Raises:
        Misfit: two are the same, or exclude each other.
    """
    seen: dict[str, Document] = {}
    present = [document for document in documents if isinstance(document, Document)]
    for document in present:
        if document.id in seen:
            raise Misfit(f"document {document.id} stands here twice")
        seen[document.id] = document
    for document in present:
        for group in CONFLICTING:
            if document.kind.name in group:
                for kind in sorted(group - {document.kind.name}):
                    if f"{kind}/{document.name}" in seen:
                        raise Misfit(f"{document.id} and {kind}/{document.name} exclude each other")
    if link_claims:
        _check_links(present)


def _check_links(documents: Sequence[Document]) -> None:
    owners: dict[str, Document] = {}
    for document in documents:
        if document.kind.name not in _LINKS:
            continue
        names = [document.name]
        if document.kind.name == "VethConfig":
            names.append(document.value.get("peer", {}).get("name", ""))
        for name in names:
            if name in owners:
                raise Misfit(f"{owners[name].id} and {document.id} both configure link {name!r}")
            owners[name] = document


def check_all_copyable(documents: Iterable[Document | Leftover]) -> None:
    """Check that the reference can copy every document.

    Raises:
        CannotCopy: it would crash.
    """
    for document in documents:
        if isinstance(document, Document):
            _check_inside(document.type, document.value, ())


def _check_inside(type_: Type, value: Any, steps: tuple[Step, ...]) -> None:
    """Walk to the free-form objects of a value."""
    if type_.free or type_.shape == "any":
        check_copyable(value, steps)
    elif type_.shape == "struct" and isinstance(value, dict):
        for key in type_.free_keys:
            if key in value and (type_.name, key) not in SHARED:
                _check_inside(type_.fields[key].type, value[key], (*steps, key))
    elif type_.shape == "list" and value:
        for index, each in enumerate(value):
            _check_inside(type_.inside, each, (*steps, index))
    elif type_.shape == "map" and value:
        for key, each in value.items():
            _check_inside(type_.inside, each, (*steps, key))
