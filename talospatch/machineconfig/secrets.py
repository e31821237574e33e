"""What in a machine config is secret: by its place, by the name that it is assigned to, and as a value of a manifest of kind Secret.

Showing a config without it is :mod:`talospatch.machineconfig.showing`.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

from talospatch.machineconfig.nodes import Mapping, Node, Scalar, Sequence, children, resolved
from talospatch.secrecy.assigned import NO_VALUE, is_key_material
from talospatch.secrecy.names import is_key_alone, is_secret_name

if TYPE_CHECKING:
    from collections.abc import Iterator

    from talospatch.machineconfig.config import MachineConfig
    from talospatch.machineconfig.document import Document
    from talospatch.machineconfig.path import Step

# Secret by place; {} stands for any key, [] for any element. Source: machinery's RedactSecrets of v1alpha1 and the Redact of each kind
# (1.14), and headers, which carry credentials.
SECRET_PATHS: tuple[tuple[str, str], ...] = (
    ("v1alpha1", "machine.token"),
    ("v1alpha1", "machine.ca.key"),
    ("v1alpha1", "machine.network.interfaces[].wireguard.privateKey"),
    ("v1alpha1", "machine.network.interfaces[].wireguard.peers[].presharedKey"),
    ("v1alpha1", "machine.network.interfaces[].vip.equinixMetal.apiToken"),
    ("v1alpha1", "machine.network.interfaces[].vip.hcloud.apiToken"),
    ("v1alpha1", "machine.network.interfaces[].vlans[].vip.equinixMetal.apiToken"),
    ("v1alpha1", "machine.network.interfaces[].vlans[].vip.hcloud.apiToken"),
    ("v1alpha1", "machine.registries.config{}.auth.password"),
    ("v1alpha1", "machine.registries.config{}.auth.auth"),
    ("v1alpha1", "machine.registries.config{}.auth.identityToken"),
    ("v1alpha1", "machine.registries.config{}.tls.clientIdentity.key"),
    ("v1alpha1", "machine.systemDiskEncryption.state.keys[].static.passphrase"),
    ("v1alpha1", "machine.systemDiskEncryption.ephemeral.keys[].static.passphrase"),
    ("v1alpha1", "cluster.secret"),
    ("v1alpha1", "cluster.token"),
    ("v1alpha1", "cluster.aescbcEncryptionSecret"),
    ("v1alpha1", "cluster.secretboxEncryptionSecret"),
    ("v1alpha1", "cluster.ca.key"),
    ("v1alpha1", "cluster.aggregatorCA.key"),
    ("v1alpha1", "cluster.serviceAccount.key"),
    ("v1alpha1", "cluster.etcd.ca.key"),
    ("v1alpha1", "cluster.extraManifestHeaders{}"),
    ("DiscoveryIdentityConfig", "clusterSecret"),
    ("HCloudVIPConfig", "apiToken"),
    ("KubeAPIServerCAConfig", "issuingCA.key"),
    ("KubeAggregatorCAConfig", "issuingCA.key"),
    ("KubeEtcdEncryptionConfig", "config.resources[].providers[]{}.keys[].secret"),
    ("KubeExternalManifestConfig", "headers{}"),
    ("KubeServiceAccountConfig", "issuer.privateKey"),
    ("RawVolumeConfig", "encryption.keys[].static.passphrase"),
    ("RegistryAuthConfig", "password"),
    ("RegistryAuthConfig", "auth"),
    ("RegistryAuthConfig", "identityToken"),
    ("RegistryTLSConfig", "clientIdentity.key"),
    ("SideroLinkConfig", "uniqueToken"),
    ("SwapVolumeConfig", "encryption.keys[].static.passphrase"),
    ("UserVolumeConfig", "encryption.keys[].static.passphrase"),
    ("VolumeConfig", "encryption.keys[].static.passphrase"),
    ("WireguardConfig", "privateKey"),
    ("WireguardConfig", "peers[].presharedKey"),
)

_BESIDE_A_CERTIFICATE = frozenset({"crt", "cert", "certificate"})
# Where a manifest of kind Secret has its values. Source: Kubernetes, core/v1 Secret.
_SECRET_KIND, _SECRET_DATA = "Secret", ("data", "stringData")
_DIRECTIVE, _DELETE = "$patch", "delete"  # what a patch does is no secret, wherever it does it

# What stands in a row besides keys.
ANY_KEY, ANY_ITEM, END = 0, 1, 2
Row = dict[str | int, "Row"]
Rows = tuple[Row, ...]


def secret_values(config: MachineConfig) -> frozenset[str]:
    """Return every value of a config that is secret by its place or its key, for taking out of other text."""
    return frozenset(node.text for node in secret_scalars(config) if node.text)


def is_secret_place(kind: str, steps: tuple[Step, ...]) -> bool:
    """Whether the table says that what stands at a path of a document is secret, whatever it is."""
    rows: Rows = (_rows(kind),)
    for step in steps:
        keys = (step, ANY_KEY) if isinstance(step, str) else (ANY_ITEM,)
        rows = tuple(row[key] for row in rows for key in keys if key in row)
        if not rows:
            return False
    return any(END in row for row in rows)


def secret_scalars(config: MachineConfig) -> Iterator[Scalar]:
    """Yield the scalars of a config that are secret as a whole; some more than once, where aliases name them."""
    for document in config.documents:
        yield from secret_scalars_of(document)


def secret_scalars_of(document: Document, place: tuple[str | int, ...] = ()) -> Iterator[Scalar]:
    """Yield those of a document, or of what stands at a place of it."""
    return secret_scalars_in(document.node, (_rows(document.kind),), place)


def secret_scalars_in(root: Node, rows: Rows = (), place: tuple[str | int, ...] = ()) -> Iterator[Scalar]:
    """Yield the secret leaves of a tree, or of what stands at a place of it.

    A single value on the way to a secret, where a mapping or a list belongs, is taken for the secret one level too high.

    Args:
        root: the tree, of a document or of any YAML.
        rows: the rows of the table for what the tree is. Each collection carries those that may still match below it, mostly none.
        place: keys and indexes from the root.
    """
    stack: list[tuple[Node, bool, Rows]] = [(root, False, rows)]
    depth = 0
    while stack:
        node, by_name, rows = stack.pop()
        only = place[depth] if depth < len(place) else None
        depth += 1
        if isinstance(node, Mapping):
            yield from _by_what_it_is(node)
            beside_a_certificate = not _BESIDE_A_CERTIFICATE.isdisjoint(node.values)
            for key, value in node.values.items() if only is None else ((str(only), node.values[str(only)]),):
                below = tuple(row[step] for row in rows for step in (key, ANY_KEY) if step in row) if rows else rows
                ends = any(END in row for row in below)
                if not isinstance(value, Scalar):
                    if ends:  # of a type that does not belong here, and as secret
                        yield from _texts(value)
                    else:
                        stack.append((value, is_secret_name(key), below))
                elif (
                    ends or (below and not _is_no_value(value)) or _is_secret_by_name(key, value, beside_a_certificate=beside_a_certificate)
                ):
                    yield value
        elif isinstance(node, Sequence):
            yield from _behind_options(node)
            below = tuple(row[ANY_ITEM] for row in rows if ANY_ITEM in row)
            stack += [(item, by_name, below) for item in (node.items if only is None else (node.items[int(only)],))]
        elif any(END in row for row in rows):
            yield from leaves(resolved(node))
        elif by_name or rows:
            yield from (leaf for leaf in leaves(resolved(node)) if not _is_no_value(leaf))


def leaves(root: Node) -> Iterator[Scalar]:
    """Yield the leaves of a tree that stand in it, in the order of the text."""
    stack = [root]
    while stack:
        node = stack.pop()
        if isinstance(node, Scalar):
            yield node
        elif isinstance(node, Mapping):
            stack.extend(reversed(node.values.values()))
        elif isinstance(node, Sequence):
            stack.extend(reversed(node.items))


def all_nodes(root: Node) -> Iterator[Node]:
    """Yield a node and all below it, with what aliases stand for, collections once."""
    seen: set[int] = set()
    stack = [root]
    while stack:
        node = resolved(stack.pop())
        if not isinstance(node, Scalar):
            if id(node) in seen:
                continue
            seen.add(id(node))
            stack.extend(children(node))
        yield node


def _is_secret_by_name(key: str, value: Scalar, *, beside_a_certificate: bool) -> bool:
    if is_key_alone(key):
        return beside_a_certificate or is_key_material(value.text)
    return is_secret_name(key) and not _is_no_value(value)


def _is_no_value(leaf: Scalar) -> bool:
    """Whether a leaf is nothing, yes or no, or says where the secret is."""
    return not leaf.text or NO_VALUE.fullmatch(leaf.text) is not None


def _by_what_it_is(node: Mapping) -> Iterator[Scalar]:
    """Yield values of a manifest of kind Secret, and of a variable of an environment, as Kubernetes has them."""
    kind, name = node.values.get("kind"), node.values.get("name")
    if isinstance(kind, Scalar) and kind.text == _SECRET_KIND:
        for key in _SECRET_DATA:
            if key in node.values:
                yield from (leaf for leaf in all_nodes(node.values[key]) if isinstance(leaf, Scalar))
    if "value" in node.values and isinstance(name, Scalar) and is_secret_name(name.text):
        yield from (leaf for leaf in all_nodes(node.values["value"]) if isinstance(leaf, Scalar) and not _is_no_value(leaf))


def _behind_options(node: Sequence) -> Iterator[Scalar]:
    """Yield the arguments of a command line behind an option that is secret by its name."""
    option = False
    for item in node.items:
        if type(item) is not Scalar:
            option = False
        elif option:
            yield item
            option = False
        else:
            option = item.text.startswith("--") and "=" not in item.text and is_secret_name(item.text)


def _texts(root: Node) -> Iterator[Scalar]:
    """Yield every text below a node, keys included; what a patch is to do there is left out."""
    directives: set[int] = set()
    for node in all_nodes(root):
        if isinstance(node, Mapping):
            what = node.values.get(_DIRECTIVE)
            if isinstance(what, Scalar) and what.text == _DELETE:
                directives |= {id(what), id(node.keys[_DIRECTIVE])}
            yield from (key for key in node.keys.values() if isinstance(key, Scalar) and id(key) not in directives)
        elif isinstance(node, Scalar) and id(node) not in directives:
            yield node


@lru_cache(maxsize=64)
def _rows(kind: str) -> Row:
    """Return the table's rows for a kind as a tree of their steps."""
    root: Row = {}
    for row_kind, path in SECRET_PATHS:
        if row_kind == kind:
            row = root
            for step in re.findall(r"\{\}|\[\]|[^.\[\]{}]+", path):
                row = row.setdefault({"{}": ANY_KEY, "[]": ANY_ITEM}.get(step, step), {})
            row[END] = {}
    return root
