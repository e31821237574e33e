"""Write the typed views of machine config, talospatch/machineconfig/views.py and views.pyi, from the type tables.

python tools/views.py            write both, showing what changes
python tools/views.py --check    change nothing, and exit 1 when something would

A view is the union over all minors that there are tables for. Types that stand under the same key in different minors become one view,
named by the newest of them; a key that not every minor of its view has says which do.
"""

from __future__ import annotations

import difflib
import keyword
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from talospatch.machineconfig.path import ROOT_DOCUMENT
from talospatch.machineconfig.tables.find import MINORS
from talospatch.machineconfig.typed.schema import Field, Kind, Type, schema_of

FOLDER = Path(__file__).parent.parent / "talospatch" / "machineconfig"
STUB, MODULE = FOLDER / "views.pyi", FOLDER / "views.py"
MAIN = "V1Alpha1Config"
WIDER = {"Mapping[str, str]": "Mapping[str, str | Sequence[str]]"}  # what one minor takes, and a later one that takes more

# What stands in a config for types that are not read as their Go shape says, and what to say of it; enumerations and everything else that
# is read from text are texts. Source: the UnmarshalYAML and UnmarshalText methods, as in talospatch/machineconfig/typed/forms.py.
TEXTS = {
    "time.Duration": ("str", "a duration, as 1h30m"),
    "meta.URL": ("str", "a URL"),
    "v1alpha1.Endpoint": ("str", "a URL"),
    "v1alpha1.Base64Bytes": ("str", "base64"),
    "v1alpha1.DiskSize": ("str | int", "bytes, or a size as 100GB"),
    "v1alpha1.InstallDiskSizeMatcher": ("str", "a size, or a condition as '>= 1TB'"),
    "v1alpha1.ArgValue": ("str | Sequence[str]", ""),
    "meta.ArgValue": ("str | Sequence[str]", ""),
    "network.PortRange": ("int | str", ""),
    "block.ByteSize": ("str | int", "bytes, or a size as 100GB"),
    "block.PercentageSize": ("str", "a share as 80%"),
    "block.Size": ("str | int", "bytes, a size as 100GB, or a share as 80%"),
    "cel.Expression": ("str", "a CEL expression"),
    "nethelpers.RoutingTable": ("str | int", "a number up to 252, or one of default, main, local"),
}
SCALARS = {"string": "str", "bytes": "str", "bool": "bool", "int": "int", "uint": "int", "float": "float", "any": "Any"}


class Seen(NamedTuple):
    """A field as one minor has it."""

    minor: str
    field: Field


Node = tuple[str, str]  # a minor, and the name of one of its Go types


class View(NamedTuple):
    """One TypedDict.

    Attributes:
        name: of the TypedDict.
        types: the Go types that it stands for, each with the minor that has it, the oldest minor first.
        fields: by key, what each minor has there, in the order of the newest minor that has the key.
    """

    name: str
    types: tuple[tuple[str, Type], ...]
    fields: dict[str, list[Seen]]


class Views:
    """All views: Go types that stand under the same key of the same view, in whichever minor, are one.

    Attributes:
        kinds: by name of the kind, its view and whether its documents have names.
        all: views of kinds by name, then those of what is in them by name.
    """

    def __init__(self) -> None:
        self._types = {(minor, type_.name): type_ for minor in MINORS for type_ in _reachable(minor)}
        self._group: dict[Node, Node] = {node: node for node in self._types}
        roots: dict[str, list[Node]] = {}
        for minor in MINORS:
            for name in schema_of(minor).kinds:
                roots.setdefault(name, []).append((minor, _kind(minor, name).type.name))
        for nodes in roots.values():
            self._join(nodes)
        while sum(self._join(nodes) for members in self._members().values() for nodes in _same_key(members)):
            pass  # until every type under one key is of one group
        self._views = self._named({self._find(nodes[0]): MAIN if kind == ROOT_DOCUMENT else kind for kind, nodes in roots.items()})
        named = {kind: any(_kind(minor, kind).named for minor, _ in nodes) for kind, nodes in roots.items()}
        self.kinds = {kind: (self._views[self._find(roots[kind][0])], named[kind]) for kind in sorted(roots)}
        of_kinds = {view.name for view, _ in self.kinds.values()}
        self.all = sorted(self._views.values(), key=lambda view: (view.name not in of_kinds, view.name))

    def annotation(self, minor: str, type_: Type) -> str:
        """Return how a type of a minor is written in Python."""
        if type_.name in TEXTS:
            return TEXTS[type_.name][0]
        if type_.words is not None or "t" in type_.hooks:
            return "str"
        if type_.shape == "list":
            return f"Sequence[{self.annotation(minor, type_.inside)}]"
        if type_.shape == "map":
            return f"Mapping[str, {self.annotation(minor, type_.inside)}]"
        if type_.shape == "struct":
            return self._views[self._find((minor, type_.name))].name if type_.fields else "Mapping[str, Any]"
        return SCALARS[type_.shape]

    def _find(self, node: Node) -> Node:
        while self._group[node] != node:
            node = self._group[node]
        return node

    def _join(self, nodes: list[Node]) -> bool:
        """Put types into one group; return whether they were in several."""
        heads = {self._find(node) for node in nodes}
        for head in heads:
            self._group[head] = min(heads)
        return len(heads) > 1

    def _members(self) -> dict[Node, list[tuple[str, Type]]]:
        """Return the Go types of each group, the oldest minor first."""
        found: dict[Node, list[tuple[str, Type]]] = {}
        for node in sorted(self._types, key=lambda node: (MINORS.index(node[0]), node[1])):
            found.setdefault(self._find(node), []).append((node[0], self._types[node]))
        return found

    def _named(self, kinds: dict[Node, str]) -> dict[Node, View]:
        """Return the view of each group; what is no kind is named by the newest of its Go types."""
        views = {}
        for head, members in self._members().items():
            package, _, name = members[-1][1].name.partition(".")
            prefix = {"v1alpha1": "V1Alpha1", "x509": "X509"}.get(package, package.capitalize())
            views[head] = View(kinds.get(head) or prefix + name.removesuffix("V1Alpha1"), tuple(members), _fields(members))
        names = [view.name for view in views.values()]
        assert len(names) == len(set(names)), f"two views are called {sorted(name for name in names if names.count(name) > 1)}"
        return views


def _kind(minor: str, name: str) -> Kind:
    kind = schema_of(minor).kind(name)
    assert kind is not None, f"{minor} lists {name} and does not have it"
    return kind


def _reachable(minor: str) -> Iterator[Type]:
    """Yield every struct with keys of its own that the kinds of a minor are made of, each once."""
    todo = [_kind(minor, name).type for name in schema_of(minor).kinds]
    seen: set[str] = set()
    while todo:
        type_ = todo.pop()
        if type_.name not in seen:
            seen.add(type_.name)
            yield type_
            todo += [inner for field in type_.fields.values() for inner in _inside(field.type)]


def _same_key(members: list[tuple[str, Type]]) -> list[list[Node]]:
    """Return the structs that stand under each key."""
    found: dict[str, list[Node]] = {}
    for minor, type_ in members:
        for key, field in type_.fields.items():
            found.setdefault(key, []).extend((minor, inner.name) for inner in _inside(field.type))
    return [nodes for nodes in found.values() if nodes]


def _fields(members: list[tuple[str, Type]]) -> dict[str, list[Seen]]:
    found: dict[str, list[Seen]] = {}
    for minor, type_ in reversed(members):
        for key, field in type_.fields.items():
            found.setdefault(key, []).append(Seen(minor, field))
    return found


def _inside(type_: Type) -> Iterator[Type]:
    """Yield the struct that a type is or holds, if it is one with keys of its own."""
    while type_.name not in TEXTS and type_.elem is not None:
        type_ = type_.elem
    if type_.shape == "struct" and type_.fields and type_.name not in TEXTS and "t" not in type_.hooks:
        yield type_


def minors(having: Iterable[str], among: Iterable[str]) -> str:
    """Return which minors have something, as ``since 1.13``; empty when all do that could."""
    some, every = sorted(set(having), key=MINORS.index), sorted(set(among), key=MINORS.index)
    if some == every:
        return ""
    if some == every[every.index(some[0]) :]:
        return f"since {some[0]}"
    if some == every[: len(some)]:
        return f"until {some[-1]}"
    return f"in {' and '.join(some)} only"


def stub() -> str:
    """Return the text of views.pyi."""
    views = Views()
    parts = [HEAD, *(_view(views, view) for view in views.all), _viewer(views)]
    return "\n\n".join(part.rstrip() for part in parts) + "\n"


def module() -> str:
    """Return the text of views.py."""
    names = "".join(f'        "{view.name}",\n' for view in Views().all)
    return MODULE_HEAD.replace("@@@", names)


HEAD = '''
"""Typed views of machine config, for type checkers and editors: one TypedDict for each kind of document and for each struct in them.

Written by ``tools/views.py`` from the type tables; do not edit. Each is the union over Talos MINORS: a key that not all of
these have says which do. They say what Talos takes, not what a text holds: where Talos wants a text, ``10`` without quotes stands in a
config as a number. What they show is not to be changed, so everything in them is read-only.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Literal, Protocol, TypedDict, overload

from typing_extensions import ReadOnly
'''.lstrip().replace("MINORS", f"{MINORS[0]} to {MINORS[-1]}")

MODULE_HEAD = '''
"""Names of the typed views of machine config, so that they can be imported; what they say stands in ``views.pyi``, for type checkers only.

Written by ``tools/views.py`` from the type tables; do not edit. When the program runs each name is ``dict``: nothing is made and nothing
checked, and importing this costs nothing.
"""

from __future__ import annotations

_NAMES = frozenset(
    [
@@@    ]
)


def __getattr__(name: str) -> type[dict[str, object]]:
    if name not in _NAMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return dict


def __dir__() -> list[str]:
    return sorted({*globals(), *_NAMES})
'''.lstrip()


def _view(views: Views, view: View) -> str:
    kind = next((kind for kind, (known, _) in views.kinds.items() if known is view), "")
    having = [minor for minor, _ in view.types]
    since = minors(having, MINORS)
    title = f"Documents of kind {kind}" if kind and kind != ROOT_DOCUMENT else "The main document" if kind else ", ".join(_go_names(view))
    said = f"{title}{f'; {since}' if since else ''}."
    keys = [(key, _annotation(views, kind, key, seen), _said(seen, having)) for key, seen in view.fields.items()]
    if all(key.isidentifier() and not keyword.iskeyword(key) for key, _, _ in keys):
        lines = [f"class {view.name}(TypedDict, total=False):", f'    """{said}"""', ""]
        for key, annotation, about in keys:
            lines += [f"    {key}: ReadOnly[{annotation}]", *([f'    """{about}"""'] if about else [])]
        return "\n".join(lines)
    lines = [f"# {said}", f"{view.name} = TypedDict(", f'    "{view.name}",', "    {"]
    lines += [f'        "{key}": ReadOnly[{annotation}],{f"  # {about}" if about else ""}' for key, annotation, about in keys]
    return "\n".join([*lines, "    },", "    total=False,", ")"])


def _go_names(view: View) -> list[str]:
    return list(dict.fromkeys(type_.name for _, type_ in reversed(view.types)))


def _annotation(views: Views, kind: str, key: str, seen: list[Seen]) -> str:
    if kind and kind != ROOT_DOCUMENT and key == "kind":
        return f'Literal["{kind}"]'
    found = list(dict.fromkeys(views.annotation(each.minor, each.field.type) for each in seen))
    return " | ".join(each for each in found if WIDER.get(each) not in found)


def _said(seen: list[Seen], having: list[str]) -> str:
    """Return what there is to say of a key: what its text means, the words it may be, and which minors have it."""
    newest = seen[0].field.type
    while newest.name not in TEXTS and newest.elem is not None:
        newest = newest.elem
    listed = f"one of {', '.join(dict.fromkeys(newest.words.values()))}" if newest.words else ""
    words = TEXTS[newest.name][1] if newest.name in TEXTS else listed
    parts = [part for part in (words, minors([each.minor for each in seen], having)) if part]
    return "; ".join(parts)


def _viewer(views: Views) -> str:
    lines = [
        "class Viewer(Protocol):",
        '    """How :meth:`talospatch.MachineConfig.view` is called: what it returns depends on the kind."""',
        "",
    ]
    for kind, (view, named) in views.kinds.items():
        name = "name: str" if named else 'name: Literal[""] = ""'
        lines += ["    @overload", f'    def __call__(self, kind: Literal["{kind}"], {name}) -> {view.name} | None: ...']
    return "\n".join(lines)


def main(arguments: list[str]) -> int:
    """Write or check both files."""
    check, changed = "--check" in arguments, False
    for path, new in ((STUB, stub()), (MODULE, module())):
        old = path.read_text(encoding="utf-8") if path.exists() else ""
        if old != new:
            changed = True
            print("\n".join(difflib.unified_diff(old.splitlines(), new.splitlines(), path.name, "now", n=0, lineterm="")))
            if not check:
                path.write_text(new, encoding="utf-8")
    return int(check and changed)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
