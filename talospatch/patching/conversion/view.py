"""A config as rules look at it: plain data of the main document and of the others, as Talos reads them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from talospatch.machineconfig.path import ROOT_DOCUMENT
from talospatch.machineconfig.typed.plaindata import plain_data
from talospatch.machineconfig.typed.schema import UNKNOWN
from talospatch.machineconfig.validation.rule import MACHINE_TYPES
from talospatch.patching.conversion.rule import Identity

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from talospatch.machineconfig.typed.documents import Document
    from talospatch.versions import TalosVersion

Data = Any


def known(documents: Iterable[Document]) -> Iterator[Document]:
    """Yield the documents that Talos would know; one of another API version, or of none, has no type, whatever its kind."""
    return (document for document in documents if document.type.name != UNKNOWN)


class View:
    """A config at one step of a conversion.

    Attributes:
        at: the Talos that reads it now; it knows both forms of what is moved.
        to: the Talos that it is to be for.
    """

    def __init__(self, documents: Iterable[Document], *, at: TalosVersion, to: TalosVersion) -> None:
        self.at, self.to = at, to
        self._documents = tuple(known(documents))
        self._main: dict[str, Data] | None = None

    @property
    def main(self) -> dict[str, Data]:
        """The main document; empty when there is none."""
        if self._main is None:
            found = (plain_data(document.type, document.value) for document in self._documents if document.kind.name == ROOT_DOCUMENT)
            self._main = next(found, {})
        return self._main

    @property
    def has_main(self) -> bool:
        """Whether there is a main document."""
        return any(document.kind.name == ROOT_DOCUMENT for document in self._documents)

    def get(self, path: str) -> Data:
        """Return what stands at a path of plain keys in the main document; None for nothing."""
        value: Data = self.main
        for key in path.split("."):
            value = value.get(key) if isinstance(value, dict) else None
        return value

    def mapping(self, path: str) -> dict[str, Data]:
        """Return the mapping at a path of the main document; empty when there is none."""
        return self.get(path) or {}

    def elements(self, path: str) -> list[Data]:
        """Return the list at a path of the main document; empty when there is none."""
        return self.get(path) or []

    def of_kind(self, kind: str) -> list[dict[str, Data]]:
        """Return the documents of a kind, in their order."""
        return [plain_data(document.type, document.value) for document in self._documents if document.kind.name == kind]

    def the(self, kind: str) -> dict[str, Data] | None:
        """Return the document of a kind that there is one of at most, or None."""
        return next(iter(self.of_kind(kind)), None)

    def is_named(self, kind: str) -> bool:
        """Whether there are documents of a kind, and they are told apart by their names."""
        return any(document.kind.named for document in self._documents if document.kind.name == kind)

    def names(self, kind: str) -> set[str]:
        """Return the names of the documents of a kind."""
        return {document.name for document in self._documents if document.kind.name == kind}

    def identities(self, kind: str) -> tuple[Identity, ...]:
        """Return what the documents of a kind are known by."""
        return tuple(Identity(kind, document.name) for document in self._documents if document.kind.name == kind)

    @property
    def is_control_plane(self) -> bool:
        """Whether the node runs the control plane."""
        return MACHINE_TYPES.get(str(self.get("machine.type") or "")) in {"init", "controlplane"}
