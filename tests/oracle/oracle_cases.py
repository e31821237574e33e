"""Random configs and patches, made from the tables of types: mostly valid, with the oddities of YAML and of single types strewn in."""

from __future__ import annotations

import copy
import json
from typing import TYPE_CHECKING, Any

from talospatch.machineconfig.typed.forms import FORMS
from talospatch.machineconfig.typed.schema import Schema, schema_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from random import Random

    from talospatch.machineconfig.typed.schema import Type

Tree = Any  # dict of trees, list of trees, or the text of a scalar as it stands in YAML

TEXTS = (
    "a",
    "b1",
    "b10",
    "x.example",
    "eth0",
    "/var/lib/x",
    "10.0.0.1",
    '""',
    "''",
    "yes",
    "on",
    "y",
    "0644",
    "0x1F",
    "1_000",
    "1e3",
    "-0",
)
ODD_TEXTS = (
    '"a\\nb"', '"a\\n"', '" a"', '"a "', '"\\ta"', '"a\\tb\\n"', "'true'", "'1:30'", "1:30", "~", "2024-01-02", '"2024-01-02"',
    "'<<'", "'a: b'",
    "'#x'", '"\\n"', '"\\n a"', '"a\\n\\n"', '"  a\\nb\\n"', "é", '"\\u2028"', '"\\x85"', '"\\U0001F600"', "'- a'", "'---'",
    "'null'", "'a #b'",
    "'[x]'", "'{x'", "'*x'", "'!x'", "'%x'", "'@x'", "'`x'", "'=' ", "'::1'", "'a:'", "'? x'", "'-'", "'.5'", "'0o8'", "'1.'",
    "'+1'", "'.inf'",
    "'0b11'", "'1e'", "!!str 5", "!!str true", "'y '",
    "word word word word word word word word word word word word word word word word word word",
    '"q\'q"', "'q\"q'", '"back\\\\slash"', '"\\e[0m"', '"nbsp\\_x"', "'trailing:'", "'N'", "'off'", "1.50", "+12", "'12:30:45'",
    "0o17", "1__0",
    '"a\\r\\nb"', '"a \\nb"', '"\\u00a0"', '"x\\n\\n\\ny"', '"\\n\\n"', '"   "', '"#"', '"a,b"', "'a]'", "1.2.3", "'08'",
    "2024-13-45", "'...'",
)  # fmt: skip
KEYS = (
    "a",
    "b1",
    "b10",
    "b9",
    "k.x/y",
    "net.core.somaxconn",
    "z-1",
    "A",
    "'1'",
    "'true'",
    "'on'",
    "é",
    "x_1",
    "a01",
    "a1b",
    "a1-",
    "'#k'",
    "'a: b'",
)
URLS = (
    "https://a:6443",
    "https://b",
    "https://a:6443/foo?x=1",
    "tcp://10.0.0.1:514",
    "''",
    "b:6443",
    "https://u:p@c/x%20y#f",
    "//h/p",
    "udp://[::1]:5/",
)
ODD_URLS = (
    "'?'", "https://h?", "'#f'", "/p", "https:///p", "'http://[fe80::1%25en0]:1/'", "mailto:x", "'*'", "http://h/a%2Fb", "'http://h/a b'",
    "'https://a/(x)!*'", "http://é/ü", "http://h:99999", "'http://h/?a=b&c'", "HTTP://H", "http://a%zz", "http://[::1", "http://h:x",
    "a/b:c",
    "https://fd00::1:6443", "'https://::1'", "https://fd00::a", "tcp://fd00::1:5", "http://a:b:80", "'https://a::'", "https://u@fd00::1:1/p",
    "'http://h/[x]'", "'http://h/%5Bx%5D'", "'https://u@h'", "'https://h/#a%20b'", "'http://h/;=,'", "x+y://h",
)  # fmt: skip
POOLS: dict[str, tuple[str, ...]] = {
    "time.Duration": ("90m", "1h", "5s", "1h30m0.5s", "0s", "100ms", "1us", "24h", "'10m'", "-5s", "1.5h", ".5s", "2540400h"),
    "meta.URL": URLS,
    "v1alpha1.Endpoint": URLS,
    "x509.PEMEncodedCertificate": (),
    "v1alpha1.Base64Bytes": ("YWJj", "''", "YQ=="),
    "v1alpha1.DiskSize": ("100MB", "1GiB", "5", "1500000000", "'2 TB'", "0", "1,000", "1.5GB", "100 KiB", "999", "1234567890123"),
    "v1alpha1.InstallDiskSizeMatcher": ("'>= 1TB'", "4GB", "'<100'", "'== 5'", "' > 1GiB '"),
    "network.PortRange": ("53", "80-90", "9000-8000", "0", "65535", "1-1", "'5-6'"),
    "block.ByteSize": ("10GB", "1GiB", "1000000", "'10 GiB'", "''", "5"),
    "block.Size": ("10GB", "50%", "'20%'", "1GiB", "''", "0%", "33.3%", "100%"),
    "cel.Expression": ("disk.size > 1u", "'!system_disk'", "''", "'true'", '"a\\nb"'),
    "nethelpers.HardwareAddr": ("00:11:22:33:44:55", "aa:bb:cc:DD:ee:ff", "''", "0011", "'12:34:56:10:20:30'"),
}
for _name in ("netip.Addr", "meta.Addr", "network.Addr"):
    POOLS[_name] = ("10.0.0.1", "fd00::1", "2001:DB8:0:0::5", "''", "::ffff:1.2.3.4", "fe80::1%eth0", "::", "0.0.0.0", "1:0:0:2:0:0:0:3")
for _name in ("netip.Prefix", "meta.Prefix", "network.Prefix"):
    POOLS[_name] = ("10.0.0.0/8", "fd00::/64", "10.1.2.3/24", "''", "::/0", "2001:DB8::1/32", "::ffff:1.2.3.4/96")
for _name in ("netip.AddrPort", "meta.AddrPort", "network.AddrPort"):
    POOLS[_name] = ("10.0.0.1:80", "'[fd00::1]:53'", "''", "'[FE80::1%x]:1'")
for _name in ("meta.ArgValue", "v1alpha1.ArgValue"):
    POOLS[_name] = TEXTS
WRONG = (
    "x y",
    "[a]",
    "{a: b}",
    "{}",
    "[]",
    "[1]",
    "null",
    "1.5",
    "-1",
    "99999999999999999999",
    "'5'",
    "true",
    "'yes'",
    "!!int x",
    "!foo bar",
    "1.0",
    "''",
    "0",
    "''",
)
NO_ARGUMENTS: tuple[Tree, ...] = ("null", "''", [], ["null"], ["''"], ["null", "a"])
NAMING = frozenset({"apiVersion", "kind", "name", "version"})
CHARACTERS = (*"ab109-:, \n#'\"{[,?!&*|>%@`\t\r\x85\u2028\xa0é日\x00\x1b\x7f._e+xoyn~=</\\\u200b]}", "null", "---", " #", ": ", "\n ", "0x")
TAGGED = (
    "!!str 1",
    "!!int 5",
    "!!float 2",
    "!!bool yes",
    "!!null ~",
    "!!int '5'",
    "!foo x",
    "! y",
    "! 5",
    "!!timestamp 2024-01-02",
    "!!str yes",
)
INTEGERS = ("0", "1", "5", "100", "0x10", "0644", "0o644", "1_0", "1e1", "1.0", "+3", "-0", "7", "255")
BOOLS = ("true", "false", "yes", "off", "'on'", "n")
FREE = (
    "1",
    "0",
    "1.5",
    "2.0",
    "true",
    "false",
    "abc",
    "''",
    "null",
    "1e3",
    "1e7",
    "123456.789",
    "1e-7",
    "-0.0",
    "'5'",
    "0x1f",
    "1e22",
    "18446744073709551615",
)
ODD_FREE = (
    "2024-01-02",
    "2024-01-02T03:04:05Z",
    ".inf",
    ".nan",
    "99999999999999999999",
    "yes",
    "1_0.5",
    "!!float 1",
    "!!binary YWJj",
    "2001-1-2 3:4:5.60",
)


class Maker:
    """Makes cases for one minor.

    Attributes:
        oddity: how often a value is one that rarely occurs, from 0 to 1.
        wrongness: how often a value does not fit its type.
    """

    def __init__(self, minor: str, random: Random, *, oddity: float = 0.05, wrongness: float = 0.004) -> None:
        self.schema: Schema = schema_of(minor)
        self.random, self.oddity, self.wrongness = random, oddity, wrongness
        self._anchors: dict[type, int] = {}
        self._count = 0

    def case(self) -> tuple[str, list[str]]:
        """Return a base and patches."""
        random = self.random
        documents = [self.document(kind) for kind in self._some_kinds()]
        base = self._text([tree for _, tree in documents])
        patches = []
        for _ in range(random.choice((1, 1, 1, 2, 3))):
            if random.random() < 0.12:
                patches.append(self._json_patch(documents))
            else:
                patches.append(self._text([tree for _, tree in self._patched(documents)]))
        return base, patches

    def _some_kinds(self) -> list[str]:
        random = self.random
        kinds = [kind for kind in self.schema.kinds if kind != "v1alpha1"]
        chosen = [random.choice(kinds) for _ in range(random.choice((0, 1, 1, 2)))]
        if not chosen or random.random() < 0.6:
            chosen.insert(random.choice((0, len(chosen))), "v1alpha1")
        return chosen

    def _patched(self, documents: list[tuple[str, Tree]]) -> list[tuple[str, Tree]]:
        """Return documents of a patch, mostly of what the base has."""
        random = self.random
        out = []
        for _ in range(random.choice((1, 1, 2))):
            if random.random() < 0.85:
                kind, base = random.choice(documents)
                _, tree = self.document(kind, like=base)
                if random.random() < 0.3:
                    self._delete_in(tree, base) if random.random() < 0.7 else self._delete_in_list(tree, base)
                elif random.random() < 0.04:
                    tree["$patch"] = "delete"
                elif random.random() < 0.1:
                    tree = {key: base[key] for key in ("apiVersion", "kind", "name") if key in base} or {"machine": "{}"}
                elif random.random() < 0.1:
                    tree = json.loads(json.dumps(base))
                elif random.random() < 0.3:
                    tree = self._revalued(self._root(kind), json.loads(json.dumps(base)))
            else:
                kind, tree = self.document(random.choice(self._some_kinds()))
            out.append((kind, tree))
        return out

    def _root(self, kind: str) -> Type:
        found = self.schema.kind(kind)
        assert found is not None, "of this minor"
        return found.type

    def _revalued(self, type_: Type, tree: Tree) -> Tree:
        """Return a tree with some of its values drawn anew, of the same types at the same places."""
        random = self.random
        if isinstance(tree, dict) and type_.shape in {"struct", "map"} and not type_.free and type_.name not in FORMS:
            inside = {key: type_.fields[key].type if type_.shape == "struct" else type_.inside for key in tree if key not in NAMING}
            return {key: self._revalued(inside[key], value) if key in inside else value for key, value in tree.items()}
        if isinstance(tree, list) and type_.shape == "list" and random.random() < 0.8:
            return [self._revalued(type_.inside, value) for value in tree]
        return self.value(type_, 2) if random.random() < 0.5 else tree

    def document(self, kind: str, like: Tree = None) -> tuple[str, dict[str, Tree]]:
        """Return a random document, with the name of another where one is given."""
        found = self.schema.kind(kind)
        assert found is not None, "of this minor"
        depth = self.random.choice((2, 3, 6))
        tree: dict[str, Tree] = self._struct(found.type, depth, self.random.choice((0.08, 0.25, 0.6)) if kind == "v1alpha1" else 0.5)
        if kind == "v1alpha1":
            if not {"machine", "cluster"} & set(tree):
                tree[self.random.choice(("machine", "cluster"))] = {}
            tree["version"] = "v1alpha1"
            return kind, tree
        tree |= {"apiVersion": "v1alpha1", "kind": kind}
        if found.named:
            tree["name"] = (
                like["name"]
                if isinstance(like, dict) and "name" in like and self.random.random() < 0.9
                else self.random.choice(("n1", "n2", "eth0"))
            )
        return kind, tree

    def _struct(self, type_: Type, depth: int, share: float) -> dict[str, Tree]:
        if type_.free:
            return self._free_object(depth)
        chosen = [key for key in type_.fields if self.random.random() < share]
        if not chosen and type_.fields:
            chosen = [self.random.choice(list(type_.fields))]
        return {key: self.value(type_.fields[key].type, depth - 1) for key in chosen if key not in {"apiVersion", "kind"}}

    def value(self, type_: Type, depth: int) -> Tree:
        """Return a random value of a type."""
        random = self.random
        if random.random() < self.wrongness:
            return random.choice(WRONG)
        if random.random() < self.oddity / 20:
            return random.choice(TAGGED)
        if random.random() < 0.02:
            return random.choice(("null", "~", ""))
        if type_.name.startswith("x509.") or type_.name in {"meta.ArgValue", "v1alpha1.ArgValue"}:
            return self._special(type_)
        if type_.name in POOLS:
            if type_.name in {"meta.URL", "v1alpha1.Endpoint"} and random.random() < self.oddity * 3:
                return random.choice(ODD_URLS)
            return random.choice(POOLS[type_.name])
        assert type_.name not in FORMS or type_.shape == "int", type_.name
        if type_.words is not None:
            words = [word for word in type_.words.values() if not word.isdecimal()]
            word = random.choice(words or ["1"])
            return f"'{random.choice((word, word, word, word.upper()))}'"
        shape = type_.shape
        if shape == "struct":
            return self._struct(type_, depth, 0.4) if depth > 0 else {}
        if shape == "list":
            count = random.choice((0, 1, 1, 2, 3))
            return [self.value(type_.inside, depth - 1) for _ in range(count)]
        if shape == "map":
            keys = KEYS[:4] if type_.hooks else KEYS  # few arguments, so that a patch often has one of the base
            return {self._key(keys): self.value(type_.inside, depth - 1) for _ in range(random.choice((0, 1, 2, 3)))}
        if shape == "any":
            return self._free(depth)
        return random.choice({"bool": BOOLS, "int": INTEGERS, "uint": INTEGERS, "float": INTEGERS, "string": self._texts()}[shape])

    def _texts(self) -> tuple[str, ...]:
        if self.random.random() < self.oddity / 2:
            return (json.dumps("".join(self.random.choice(CHARACTERS) for _ in range(self.random.choice((1, 2, 3, 6))))),)
        return ODD_TEXTS if self.random.random() < self.oddity * 2 else TEXTS

    def _key(self, keys: tuple[str, ...]) -> str:
        if self.random.random() < self.oddity / 2:
            return self.random.choice(("7", "true", '"a\\nb"', "0x1F", "''", "2024-01-02", "'" + "k" * 130 + "'"))
        return self.random.choice(keys)

    def _special(self, type_: Type) -> Tree:
        random = self.random
        if type_.name.startswith("x509."):
            keys = {"x509.PEMEncodedCertificate": ("crt",), "x509.PEMEncodedKey": ("key",)}.get(type_.name, ("crt", "key"))
            return {
                key: random.choice(("YWJj", "''", "YQ==", "'******'" if key == "key" else "eA==", "null"))
                for key in keys
                if random.random() < 0.7
            }
        if random.random() < 0.5:
            return copy.deepcopy(random.choice(NO_ARGUMENTS))
        if random.random() < 0.25:
            return [random.choice(self._texts()) for _ in range(random.choice((1, 2)))]
        return random.choice(self._texts())

    def _free_object(self, depth: int) -> dict[str, Tree]:
        keys = ("k1", "k2", "k10", "nested", "list") if self.random.random() > self.oddity else ("1", "true", "k1", "~", "'<<'")
        return {key: self._free(depth - 1) for key in keys if self.random.random() < 0.5}

    def _free(self, depth: int) -> Tree:
        random = self.random
        if depth > 0 and random.random() < 0.3:
            return self._free_object(depth)
        if depth > 0 and random.random() < 0.2:
            return [self._free(depth - 1) for _ in range(random.choice((0, 1, 2)))]
        return random.choice(ODD_FREE if random.random() < self.oddity / 2 else FREE)

    def _delete_in(self, tree: Tree, base: Tree) -> None:
        """Put a delete somewhere into a patch, mostly at something that the base has."""
        random = self.random
        here, there = tree, base
        for _ in range(6):
            keys = [key for key in there if key not in NAMING] if isinstance(there, dict) else []
            if not keys:
                return
            key = random.choice(keys)
            if isinstance(there[key], dict) and there[key] and random.random() < 0.6:
                if not isinstance(here.get(key), dict):
                    here[key] = {}
                here, there = here[key], there[key]
            elif isinstance(there[key], list) and there[key] and random.random() < 0.7:
                element = random.choice(there[key])
                if isinstance(element, dict) and element and random.random() < 0.25:  # inside of it, which only our own semantics know
                    names = {by: value for by, value in element.items() if not isinstance(value, dict | list)}
                    here[key] = [names]
                    here, there = names, element
                    continue
                here[key] = [self._delete_of(element)]
                return
            elif random.random() < 0.2:  # where there are no elements, or nothing at all
                here[key] = random.choice(([self._delete_of(there[key])], {random.choice(KEYS): {"$patch": "delete"}}))
                return
            else:
                here[key] = {"$patch": random.choice(("delete", "delete", "'delete'"))}
                return

    def _delete_in_list(self, tree: Tree, base: Tree) -> None:
        """Put a delete of an element of any list of the base into a patch."""
        if not (lists := list(_lists(base, ()))):
            return
        here, there = tree, base
        *way, last = self.random.choice(lists)
        for key in way:
            if not isinstance(here.get(key), dict):
                here[key] = {}
            here, there = here[key], there[key]
        here[last] = [self._delete_of(self.random.choice(there[last] or [{}]))]

    def _delete_of(self, element: Tree) -> Tree:
        """Return a delete of an element of a list, mostly by something that it has."""
        random = self.random
        if isinstance(element, dict) and element and random.random() < 0.9:
            by = random.choice(list(element))
            return {by: element[by], "$patch": "delete"}
        if random.random() < 0.4:
            return {"$patch": "delete"}
        key, value = random.choice(KEYS), random.choice((*TEXTS, "null")) if isinstance(element, dict | list) else element
        return random.choice(({key: value, "$patch": "delete"}, {key: {"$patch": "delete"}}, {key: value, "k1": {"$patch": "delete"}}))

    def _json_patch(self, documents: list[tuple[str, Tree]]) -> str:
        random = self.random
        operations = []
        for _ in range(random.choice((1, 1, 2, 3))):
            operation: dict[str, Any] = {
                "op": random.choice(("add", "add", "replace", "remove", "test", "copy", "move")),
                "path": self._pointer(documents),
            }
            if operation["op"] in {"copy", "move"}:
                operation["from"] = self._pointer(documents)
            if random.random() < 0.9:
                operation["value"] = random.choice(
                    ("x", 1, 1.5, None, True, {"a": 1}, ["b", {"c": "d"}], "yes", "a\nb", "1", 1e21, [], {}, "word " * 30)
                )
            operations.append(operation)
        return json.dumps(operations, ensure_ascii=False)

    def _pointer(self, documents: list[tuple[str, Tree]]) -> str:
        random = self.random
        there, path = random.choice(documents)[1], ""
        for _ in range(random.choice((1, 2, 3, 4))):
            if isinstance(there, dict) and there:
                key = random.choice(list(there))
                path += "/" + key.strip("'\"").replace("~", "~0").replace("/", "~1")
                there = there[key]
            elif isinstance(there, list):
                index = random.choice((0, 1, -1, len(there), "-"))
                path += f"/{index}"
                there = there[index] if isinstance(index, int) and -len(there) <= index < len(there) else None
            else:
                break
        return path + random.choice(("", "", "", "/x", "/-"))

    def _text(self, trees: list[Tree]) -> str:
        """Return trees as YAML, each mapping or list in block or flow style, some with anchors, aliases, comments and empty documents."""
        random = self.random
        parts = []
        for tree in trees:
            self._anchors = {}
            parts.append("\n".join(self._block(tree, 0)) + "\n")
        if random.random() < self.oddity / 3:
            parts.insert(random.choice((0, len(parts))), random.choice(("", "null\n", "# nothing\n", "{}\n", "version: v1alpha1\n")))
        text = random.choice(("", "", "", "---\n", "# head\n")) + "---\n".join(parts)
        if random.random() < self.oddity / 3:
            text = random.choice((text.replace("\n", "\r\n"), "\ufeff" + text, text.rstrip("\n"), text + "...\n", text + "---\n"))
        return text

    def _block(self, tree: dict[str, Tree], indent: int) -> list[str]:
        lines: list[str] = []
        pad = " " * indent
        if not tree:
            return [pad + "{}"]
        if dict in self._anchors and self.random.random() < self.oddity / 2:
            lines.append(f"{pad}<<: *x{self._anchors[dict]}")
        for key, value in tree.items():
            name = key if not key.startswith("$") else f'"{key}"'
            comment = " # c" if self.random.random() < self.oddity / 2 else ""
            if not isinstance(value, dict | list):
                lines.append(f"{pad}{name}: {self._leaf(value)}{comment}")
            elif type(value) in self._anchors and self.random.random() < self.oddity:
                lines.append(f"{pad}{name}: *x{self._anchors[type(value)]}{comment}")
            elif not value or self.random.random() < 0.15:
                anchor = self._anchor()
                lines.append(f"{pad}{name}: {f'&x{anchor} ' if anchor else ''}{_flow(value)}{comment}")
                self._anchored(anchor, value)
            elif isinstance(value, dict):
                anchor = self._anchor()
                lines += [f"{pad}{name}:{f' &x{anchor}' if anchor else ''}{comment}", *self._block(value, indent + 2)]
                self._anchored(anchor, value)
            else:
                lines.append(f"{pad}{name}:{comment}")
                for item in value:
                    if isinstance(item, dict) and item:
                        inner = self._block(item, indent + 4)
                        lines += [f"{pad}  - {inner[0].lstrip(' ')}", *inner[1:]]
                    else:
                        lines.append(f"{pad}  - {_flow(item)}")
        return lines

    def _leaf(self, text: str) -> str:
        """Return a scalar, some with an anchor, and some as an alias of the last that has one."""
        if str in self._anchors and self.random.random() < self.oddity / 2:
            return f"*x{self._anchors[str]}"
        anchor = self._anchor() if text else 0
        self._anchored(anchor, text)
        return f"&x{anchor} {text}" if anchor else text

    def _anchor(self) -> int:
        """Return the number of a new anchor, mostly 0 for none."""
        if self.random.random() > self.oddity:
            return 0
        self._count += 1
        return self._count

    def _anchored(self, anchor: int, value: Tree) -> None:
        """Aliases may name it from now on: what it names is complete."""
        if anchor:
            self._anchors[type(value)] = anchor


def _lists(tree: Tree, path: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    """Yield the path of each list that no other list holds."""
    for key, value in tree.items():
        if isinstance(value, dict):
            yield from _lists(value, (*path, key))
        elif isinstance(value, list):
            yield (*path, key)


def _flow(tree: Tree) -> str:
    if isinstance(tree, dict):
        return "{" + ", ".join(f"{key}: {_flow(value)}" for key, value in tree.items()) + "}"
    if isinstance(tree, list):
        return "[" + ", ".join(_flow(value) or "null" for value in tree) + "]"
    return str(tree)
