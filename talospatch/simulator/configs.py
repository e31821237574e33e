"""Machine configs as a node reads them: strictly, document by document, with Talos's own words for what it refuses."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any

from talospatch.simulator import emit, fields
from talospatch.simulator.cri import LEGACY_PATH
from talospatch.simulator.decode import DecodeError, Decoder, unknown_keys
from talospatch.simulator.yamltree import Dialect, Node, YamlError, documents

if TYPE_CHECKING:
    from talospatch.simulator.emit import Value
    from talospatch.simulator.profiles import Profile

MAIN = "v1alpha1"
_MAIN_KEYS = {"machine", "cluster", "debug", "persist"}


class ConfigRefused(Exception):
    """The node does not take this configuration; ``str()`` is its text."""


@dataclass(frozen=True, slots=True)
class Document:
    """One document.

    Attributes:
        kind: ``v1alpha1`` for the main one.
        value: what Talos would print of it, as data.
    """

    kind: str
    name: str
    value: Mapping[str, Value]


@dataclass(frozen=True)
class MachineFile:
    """An entry of ``machine.files``."""

    path: str
    op: str
    content: str


@dataclass(frozen=True)
class Config:
    """A configuration that was read.

    Attributes:
        documents: the main one first, the others as they stood.
    """

    documents: tuple[Document, ...]
    dialect: Dialect

    @property
    def main(self) -> Mapping[str, Any] | None:
        """The main document, or None."""
        return next((document.value for document in self.documents if document.kind == MAIN), None)

    @cached_property
    def canonical(self) -> str:
        """Printed anew, without comments, with defaults: what diffs compare."""
        return "---\n".join(emit.document(document.value, self.dialect) for document in self.documents)

    def get(self, *path: str) -> Any:
        """A value of the main document, or None."""
        value: Any = self.main
        for key in path:
            value = value.get(key) if isinstance(value, Mapping) else None
        return value

    @property
    def machine_files(self) -> tuple[MachineFile, ...]:
        """Entries of ``machine.files``, in order."""
        return tuple(
            MachineFile(str(item["path"]), str(item["op"]), str(item["content"])) for item in self.get("machine", "files") or () if item
        )

    def customizations(self) -> dict[str, str]:
        """CRI fragments by name (1.14): documents, and the first legacy entry as ``customization``."""
        found = {
            document.name: str(document.value.get("content", ""))
            for document in self.documents
            if document.kind == "CRICustomizationConfig"
        }
        legacy = next((item for item in self.machine_files if item.path == LEGACY_PATH), None)
        if legacy is not None:
            found["customization"] = legacy.content
        return found


@lru_cache(maxsize=32)
def read(data: bytes, profile: Profile) -> Config:
    """Read a configuration as a node with this profile does.

    Raises:
        ConfigRefused: it does not take it.
    """
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise ConfigRefused(_not_utf8(profile)) from None
    found = list(_documents(text, profile))
    if not found:
        raise ConfigRefused("config not found")
    return Config(tuple(sorted(found, key=lambda document: document.kind != MAIN)), profile.dialect)


def _not_utf8(profile: Profile) -> str:
    problem = "invalid leading UTF-8 octet"
    return f"decode error: {'go-yaml load error in reader: ' if profile.dialect is Dialect.V4_RC6 else 'yaml: '}{problem}"


def _documents(text: str, profile: Profile) -> Iterator[Document]:
    seen: set[tuple[str, str, str]] = set()
    roots = documents(text, profile.dialect)
    while True:
        try:
            root = next(roots)
        except StopIteration:
            return
        except YamlError as error:
            raise ConfigRefused(f"decode error: {error}") from None
        if root.is_null:
            continue
        if root.kind != "map":
            raise ConfigRefused(f"expected a YAML document at line {root.line}")
        name = (_scalar(root, "apiVersion"), _scalar(root, "kind") or MAIN, _scalar(root, "name"))
        if name in seen:
            raise ConfigRefused(f"duplicate document {'/'.join(name)} is not allowed (line {root.line})")
        seen.add(name)
        try:
            yield _document(root, profile)
        except DecodeError as error:
            place = f"error decoding document {'/'.join(name)} (line {root.line}): " if profile.names_documents else ""
            raise ConfigRefused(f"{place}{error}") from None


def _scalar(root: Node, key: str) -> str:
    node = root.get(key)
    return node.value if node is not None and node.kind == "scalar" and not node.is_null else ""


def _document(root: Node, profile: Profile) -> Document:
    kind, version = _scalar(root, "kind"), _scalar(root, "apiVersion")
    if any(key.value in _MAIN_KEYS for key, _ in root.pairs()):
        version = MAIN
    if not kind and version != MAIN:
        raise DecodeError("missing kind")
    if not version:
        raise DecodeError("missing apiVersion")
    known = fields.documents(profile.minor)
    spec = known.get(kind or MAIN) if version == MAIN and kind != MAIN else None
    if spec is None:
        raise DecodeError(f'"{kind}" "{version}": not registered')
    decoder = Decoder(profile.dialect)
    prefix = f"error decoding {kind} to *{spec.go_type}: "
    try:
        value = decoder.read(root, spec)
    except DecodeError as error:
        raise DecodeError(f"{prefix}{error}") from None
    if decoder.problems:
        raise DecodeError(prefix + _problems(decoder))
    unknown = unknown_keys(root, spec)
    if unknown is not None:
        raise DecodeError(f"unknown keys found during decoding:\n{emit.nodes(unknown, profile.dialect)}")
    assert isinstance(value, dict)
    return Document(kind or MAIN, _scalar(root, "name"), value)


def _problems(decoder: Decoder) -> str:
    """Values of wrong types, in the words of the decoder."""
    lines = [f"line {line}: {text}" for line, text in decoder.problems]
    if decoder.dialect is Dialect.V4_RC6:
        return "yaml: construct errors: " + "; ".join(lines)
    return f"yaml: {'unmarshal' if decoder.dialect is Dialect.V4_RC3 else 'construct'} errors:" + "".join(f"\n  {line}" for line in lines)
