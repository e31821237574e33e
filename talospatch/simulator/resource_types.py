"""The resource types that a node's API knows: names, aliases, columns, and who may see them.

Types without a builder in :mod:`.resources` are known and empty.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import TYPE_CHECKING

from talospatch.simulator import emit
from talospatch.simulator import wireformat as wire
from talospatch.simulator.fields import MINORS, covers, nearest

if TYPE_CHECKING:
    from collections.abc import Mapping

    from talospatch.simulator.yamltree import Dialect

DEFINITIONS = "ResourceDefinitions.meta.cosi.dev"
# Namespaces beside those of the types (v1alpha2_state.go).
_NAMESPACES = frozenset({"cluster-raw", "meta", "network-config"})
# Plurals whose singular is not just shorter by an "s".
_SINGULARS = (("ies", "y"), ("sses", "ss"), ("uses", "us"), ("xes", "x"), ("s", ""))


@dataclass(frozen=True, slots=True)
class ResourceType:
    """One type.

    Attributes:
        aliases: besides those that are made from its name.
        columns: title and JSONPath of what ``talosctl get`` prints.
    """

    type: str
    namespace: str
    sensitive: bool
    aliases: tuple[str, ...]
    columns: tuple[tuple[str, str], ...]

    @property
    def id(self) -> str:
        """Id of its definition."""
        return self.type.lower()

    @property
    def display(self) -> str:
        """Its name in the singular."""
        name = self.type.partition(".")[0]
        return next((name.removesuffix(plural) + singular for plural, singular in _SINGULARS if name.endswith(plural)), name)

    def all_aliases(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Aliases proper, and everything by which the type may be called."""
        capitals = "".join(char for char in self.type.partition(".")[0] if char.isupper()).lower()
        short = () if len(capitals) < 2 else (capitals,) if capitals.endswith("s") else (capitals, f"{capitals}s")
        own = (*self.aliases, self.display.lower(), *short)
        parts = self.type.lower().split(".")
        return own, (*(".".join(parts[:count]) for count in range(1, len(parts))), *own)

    def definition(self, dialect: Dialect) -> tuple[bytes, str]:
        """Its definition as protobuf and as YAML."""
        aliases, names = self.all_aliases()
        proto = wire.text(1, self.type) + wire.text(2, self.display) + wire.text(3, self.namespace)
        proto += b"".join(wire.text(4, name) for name in aliases) + b"".join(wire.text(5, name) for name in names)
        proto += b"".join(wire.data(6, wire.text(1, title) + wire.text(2, path)) for title, path in self.columns)
        proto += wire.number(7, int(self.sensitive))
        fields: dict[str, emit.Value] = {
            "type": self.type,
            "displayType": self.display,
            "defaultNamespace": self.namespace,
            "aliases": aliases,
            "allAliases": names,
            "printColumns": [{"name": title, "jsonPath": path} for title, path in self.columns],
        }
        if self.sensitive:
            fields["sensitivity"] = "sensitive"
        return proto, emit.document(fields, dialect)


@lru_cache(maxsize=len(MINORS))
def known(minor: str) -> Mapping[str, ResourceType]:
    """Types of one minor, by lower-case name."""
    table = nearest(minor)
    found = {}
    text = (files("talospatch.simulator") / "data" / "resource_types.txt").read_text(encoding="utf-8")
    for line in text.splitlines():
        if line.startswith("#"):
            continue
        name, namespace, sensitive, aliases, minors, *columns = line.split("\t")
        if minors == "-" or covers(minors, table):
            pairs = tuple((title, path) for title, _, path in (column.partition("=") for column in columns))
            own = () if aliases == "-" else tuple(aliases.split(","))
            found[name.lower()] = ResourceType(name, namespace, sensitive == "sensitive", own, pairs)
    return found


@lru_cache(maxsize=len(MINORS))
def namespaces(minor: str) -> frozenset[str]:
    """Namespaces of one minor."""
    return _NAMESPACES | {row.namespace for row in known(minor).values()}
