"""Configs that Talos may well accept: valid ones in which a few values were exchanged for others of the same type."""

from __future__ import annotations

import copy
import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from oracle_cases import NAMING, Maker

from talospatch.machineconfig.nodes import Mapping, Scalar, Sequence, resolved
from talospatch.machineconfig.reader import read
from talospatch.machineconfig.validation.validate import MODES

if TYPE_CHECKING:
    from collections.abc import Iterator
    from random import Random

    from oracle_cases import Tree

    from talospatch.machineconfig.nodes import Node
    from talospatch.machineconfig.typed.schema import Type

TESTS = Path(__file__).parent.parent
_BARE = re.compile(r"[-+\w./@=%]+|\d+:\d+")

# What stands in text fields of a name, right and wrong: the types know nothing about them, the rules do.
WORDS: dict[str, tuple[str, ...]] = {
    "address": ("10.0.0.4/24", "10.0.0.4", "fd00::4/64", "x", "''"),
    "addresses": ("10.0.0.4/24", "10.0.0.5/24", "fd00::4/64", "10.0.0.4", "10.0.0.4/33", "x"),
    "advertisedSubnets": ("10.0.0.0/24", "'!10.0.0.1/32'", "fd00::/64", "10.0.0.0", "x", "'!'"),
    "allowedIPs": ("10.1.0.0/24", "::/0", "10.1.0.0", "x"),
    "allowedKubernetesNamespaces": ("kube-system", "a_b", "''"),
    "allowedRoles": ("os:reader", "os:admin", "os:etcd:backup", "os:nobody", "''"),
    "bondMode": ("802.3ad", "active-backup", "balance-tlb", "balance-rr"),
    "busPath": ("'0*'", "x"),
    "certSANs": ("a.example", "10.0.0.1", "''"),
    "cidr": ("10.0.0.6/24", "fd00::6/64", "10.0.0.6", "x", "''"),
    "clusterName": ("c", "''", "a.b"),
    "contents": ("a", '"kind: Namespace\\n"', "''"),
    "destination": ("/data", "/var/x", "data", "''", "/"),
    "disk": ("/dev/sda", "/dev/vda", "''"),
    "dnsDomain": ("cluster.local", "a_b", "example", "''", "A.example", "'*.x'"),
    "domain": ("cluster.local", "a_b", "''", "b.example"),
    "endpoint": ("10.0.0.1:51820", "'[fd00::1]:51820'", "10.0.0.1", "vpn.example:1", "vpn.example", "''", "':1'", "10.0.0.1:99999"),
    "environment": ("A=b", "A", "'=b'", "A=", "1A=b", "a.b=c"),
    "format": ("json_lines", "json", "''"),
    "gateway": ("10.0.0.1", "fd00::1", "x", "''", "10.0.0.1/24", "0.0.0.0"),
    "host": ("a.example", "10.0.0.1", "a_b", "''"),
    "hostname": ("worker-1", "worker-1.example", "a_b", "''", "-a", "A"),
    "image": (
        "a" * 247,
        "a" * 248,
        "docker.io/" + "a" * 250,
        "x.example/" + "a" * 255,
        "registry.example/a:v1",
        "registry.example/a@sha256:" + "a" * 64,
        "A/b",
        "''",
        "a",
        "registry.example/a:",
        "a b",
    ),
    "interface": ("eth0", "eth1", "bond0", "''"),
    "interfaces": ("eth0", "eth1", "eth2", "''"),
    "ip": ("10.0.0.9", "fd00::9", "x", "''", "10.0.0.9/32"),
    "key": ("a", "YQ==", "''", "a b", "A_1"),
    "label": ("a", "u-data", "''", "a/b", "x" * 40),
    "lacpRate": ("slow", "fast", "never", "''"),
    "links": ("eth0", "eth1", "eth2"),
    "match": (
        "disk.size > 1u",
        "system_disk",
        "'!system_disk'",
        "disk.siz > 1u",
        "disk.size",
        "disk.`size` > 1u",
        "google.protobuf.Int32Value{value: 1} == 1",
        "google.protobuf.BoolValue{value: true}",
        "'1 +'",
        "link.name == 'eth0'",
        "''",
        "'true'",
    ),
    "maxSize": ("10GB", "50%", "'١%'", "101%", "0x1p4%", "nan%", "1_0%", "'+5.5e0%'", "''"),
    "mode": ("active-backup", "802.3ad", "balance-rr", "balance-tlb", "none", "fast", "''"),
    "mountPath": ("/etc/a", "/var/lib/a", "etc/a", "''", "/etc/a/../b"),
    "mountpoint": ("/var/mnt/a", "/var/lib/x", "/", "''", "x"),
    "name": ("a", "b1", "eth0", "a.example", "A_b", "''", "a/b", "x" * 64, "br_netfilter", "flannel", "custom", "none", "n-1", "'a b'"),
    "network": ("10.2.0.0/16", "0.0.0.0/0", "fd00::/8", "10.2.0.0", "x", "''"),
    "op": ("create", "append", "overwrite", "delete"),
    "path": ("/var/etc/a", "/etc/cri/conf.d/20-customization.part", "a", "''", "/var/lib/b"),
    "podSubnets": ("10.244.0.0/16", "fd00:1::/56", "10.244.0.0", "x", "10.244.1.1/16", "10.96.0.0/12"),
    "privateKey": ("''", "YQ==", "QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUE=", "x"),
    "publicKey": ("''", "YQ==", "QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUE=", "x"),
    "secret": ("QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUE=", "YQ==", "x", "''"),
    "searchDomains": ("a.example", "b", "''", "a_b"),
    "serviceSubnets": ("10.96.0.0/12", "fd00:2::/112", "10.96.0.0", "x", "10.244.0.0/16"),
    "servers": ("time.example", "10.0.0.1", "/dev/ptp0", "''"),
    "size": ("1GB", "'>= 1TB'", "0", "x"),
    "source": ("/var/lib/a", "10.0.0.9", "a", "''", "10.0.0.9/32", "/etc/a"),
    "nameservers": ("10.0.0.53", "fd00::53", "x", "''"),
    "timeout": ("10s", "0s", "-1s", "1h"),
    "type": ("worker", "controlplane", "join", "init", "''", "x", "bind", "partition", "disk", "directory"),
    "url": ("https://fd00::1:6443", "https://a.example/b", "tcp://10.0.0.1:5000", "a", "udp://a.example:1", "''"),
    "urls": ("https://fd00::1:6443", "'https://::1'", "https://a.example/b", "a", "''", "http://b.example", "ftp://c"),
    "validSubnets": ("10.0.0.0/24", "'!10.0.0.7/32'", "fd00::/64", "10.0.0.0", "x"),
}
WORDED = frozenset({"string", "cel.Expression", "block.Size"})  # types of such fields
# Maps of texts: what stands there as keys and values.
ENTRIES: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "nodeLabels": (("a", "a.example/b", "'a b'", "A/b", "kubernetes.io/role", "x/y/z"), ("b", "''", "'a b'", "x" * 64, "a.b_c-1")),
    "nodeAnnotations": (("a", "a.example/b", "'a b'", "/b"), ("b", "''", "'any text'")),
    "nodeTaints": (("a", "a.example/b", "'a b'"), ("b:NoSchedule", "NoSchedule", "b:Never", "'b:'", "':NoExecute'", "''")),
    "variables": (("A", "a_b", "1A", "'A B'", "''"), ("b", "''")),
    "sysctls": (("net.core.somaxconn", "a/b", "x"), ("'1'", "''")),
}


class Asked(NamedTuple):
    """What is to be judged: a text, where Talos runs, and whether warnings count."""

    text: str
    mode: str
    strict: bool


class _Place(NamedTuple):
    """A field of a struct somewhere in a document."""

    holder: Tree
    key: str
    type: Type


class NearlyValid(Maker):
    """Makes configs of one minor.

    Args:
        minor: such as ``1.13``.
        random: what chooses.
        generated: whole configs as ``talosctl gen config`` writes them for this minor.
        documents: one valid document of each kind.
    """

    def __init__(self, minor: str, random: Random, generated: list[str], documents: str) -> None:
        super().__init__(minor, random, oddity=0.0, wrongness=0.0)
        self._mains = [_trees(text) for text in generated]
        self._others = [tree for tree in _trees(documents) if self.schema.kind(tree["kind"]) is not None]

    def asked(self) -> Asked:
        """Return a random config and how it is to be judged."""
        random = self.random
        trees = [copy.deepcopy(tree) for tree in random.choice(self._mains)]
        trees += [copy.deepcopy(tree) for tree in random.sample(self._others, random.choice((0, 0, 1, 2, 4)))]
        for tree in trees:
            self._without_unknown(self._type(tree), tree)
        for _ in range(random.choice((0, 1, 1, 1, 2, 3))):
            tree = trees[0] if random.random() < 0.5 else random.choice(trees)  # the main document says most
            self._change(self._type(tree), tree)
        return Asked(self._text(trees), random.choice(MODES), random.random() < 0.3)

    def each_word(self) -> Iterator[Asked]:
        """Yield each document with each of the words in each field that has some."""
        for tree in (*(trees[0] for trees in self._mains), *self._others):
            self._without_unknown(self._type(tree), tree)
            for place in _places(self._type(tree), tree):
                if place.key in WORDS and place.type.name in WORDED:
                    before = place.holder[place.key]
                    for word in WORDS[place.key]:
                        place.holder[place.key] = word
                        yield Asked(self._text([tree]), "metal", False)
                    place.holder[place.key] = before

    def each_null(self) -> Iterator[Asked]:
        """Yield each document with a null in each list that it can have, beside what is there."""
        for tree in (*(trees[0] for trees in self._mains), *self._others):
            for path in _lists(self._type(tree), ()):
                made = copy.deepcopy(tree)
                self._without_unknown(self._type(made), made)
                held = made
                for key in path[:-1]:
                    if not isinstance(held.get(key), dict):
                        held[key] = {}
                    held = held[key]
                there = held.get(path[-1])
                held[path[-1]] = [*(there if isinstance(there, list) else []), "null"]
                yield Asked(self._text([made]), "cloud", False)

    def _type(self, tree: Tree) -> Type:
        found = self.schema.kind(tree.get("kind", "v1alpha1"))
        assert found is not None, "kinds of other minors were left out"
        return found.type

    def _without_unknown(self, type_: Type, tree: Tree) -> None:
        """Take fields out of a document that this minor does not know."""
        if isinstance(tree, dict) and type_.shape == "struct" and type_.fields and not type_.free:
            for key in [key for key in tree if key not in type_.fields and key not in {"apiVersion", "kind"}]:
                del tree[key]
            for key, value in tree.items():
                if key in type_.fields:
                    self._without_unknown(type_.fields[key].type, value)
        elif isinstance(tree, list) and type_.shape == "list":
            for value in tree:
                self._without_unknown(type_.inside, value)

    def _change(self, type_: Type, tree: Tree) -> None:
        """Change one thing somewhere in a mapping."""
        random = self.random
        if type_.name.startswith("x509."):
            tree.update(self._special(type_))
            return
        if type_.free or type_.shape != "struct":
            keys = list(tree)
            if keys:
                tree[random.choice(keys)] = random.choice(("1", "a", "''", "{}", "[]"))
            return
        fields = [key for key in type_.fields if key not in {"apiVersion", "kind"}]
        there = [key for key in tree if key in fields]
        key = random.choice(there) if there and random.random() < 0.6 else random.choice(fields)
        inner, value = type_.fields[key].type, tree.get(key)
        if isinstance(value, dict) and value and random.random() < 0.8:
            self._change(inner, value)
        elif isinstance(value, list) and value and random.random() < 0.6:
            self._change_list(key, inner, value)
        elif key in tree and random.random() < 0.2:
            del tree[key]
        elif random.random() < 0.1:
            tree[key] = random.choice(("null", "''", "0", "[]", "{}"))
        else:
            tree[key] = self.at(key, inner, random.choice((1, 2, 3)))

    def _change_list(self, key: str, type_: Type, values: list[Tree]) -> None:
        random = self.random
        index = random.randrange(len(values))
        chance = random.random()
        if chance < 0.5 and isinstance(values[index], dict):
            self._change(type_.inside, values[index])
        elif chance < 0.7:
            values.append(copy.deepcopy(values[index]))
        elif chance < 0.8:
            del values[index]
        else:
            values.append(self.at(key, type_.inside, 2) if random.random() < 0.8 else "null")

    def at(self, key: str, type_: Type, depth: int) -> Tree:
        """Return a random value for a field of a name."""
        random = self.random
        if type_.name in WORDED and key in WORDS:
            return random.choice(WORDS[key])
        if type_.shape == "list" and type_.inside.name == "string" and key in WORDS:
            return [random.choice(WORDS[key]) for _ in range(random.choice((0, 1, 1, 2)))]
        if type_.shape == "map" and key in ENTRIES:
            keys, values = ENTRIES[key]
            return {random.choice(keys): random.choice(values) for _ in range(random.choice((0, 1, 2)))}
        return self.value(type_, depth)

    def _struct(self, type_: Type, depth: int, share: float) -> dict[str, Tree]:
        made = super()._struct(type_, depth, share)
        for key in made:
            if key in type_.fields and not isinstance(made[key], dict):
                made[key] = self.at(key, type_.fields[key].type, depth - 1)
        return made


def _places(type_: Type, tree: Tree) -> Iterator[_Place]:
    """Yield the fields that hold a scalar or a list, in any depth."""
    if isinstance(tree, dict) and type_.shape == "struct" and not type_.free:
        for key, value in tree.items():
            if key in type_.fields and key not in NAMING:
                inner = type_.fields[key].type
                if not isinstance(value, dict) and isinstance(value, list) == (inner.shape == "list"):
                    yield _Place(tree, key, inner)
                yield from _places(inner, value)
    elif isinstance(tree, list) and type_.shape == "list":
        for value in tree:
            yield from _places(type_.inside, value)


def _lists(type_: Type, path: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    """Yield the path of each list that a type has, but for those in lists and in itself."""
    if type_.shape == "list":
        yield path
    elif type_.shape == "map":
        yield from _lists(type_.inside, (*path, "a"))
    elif type_.shape == "struct":
        for key, field in type_.fields.items():
            yield from _lists(field.type, (*path, key))


def _trees(text: str) -> list[Any]:
    return [_tree(tree.root) for tree in read(text) if tree.root is not None]


def _tree(node: Node) -> Tree:
    node = resolved(node)
    if isinstance(node, Mapping):
        return {key: _tree(value) for key, value in node.values.items()}
    if isinstance(node, Sequence):
        return [_tree(item) for item in node.items]
    assert isinstance(node, Scalar), "there are no other nodes"
    return node.text if not node.style and _BARE.fullmatch(node.text) else json.dumps(node.text)


def sources(minor: str) -> tuple[list[str], str]:
    """Return the configs that were generated for a minor, and the documents of all kinds."""
    lines = (TESTS / "vectors/validate/generated.jsonl").read_text(encoding="utf-8").splitlines()
    cases = [json.loads(line) for line in lines]
    texts = {case["base"] for case in cases if case["id"].startswith(f"validate-full-{minor}-")}
    return sorted(texts), (TESTS / "validation/kinds.yaml").read_text(encoding="utf-8")
