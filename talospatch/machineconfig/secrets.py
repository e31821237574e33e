"""What in a machine config is secret, and showing a config without it."""

from __future__ import annotations

import re
import sys
from functools import lru_cache
from typing import TYPE_CHECKING

from talospatch.machineconfig.nodes import Mapping, Node, Scalar, Sequence, children, resolved
from talospatch.machineconfig.values import Data, plain
from talospatch.redaction import SHORTEST_SECRET, Marks, redact

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

# Secret by the name of the key, its end or the whole, in any case, wherever it stands, kinds that we do not know included.
SECRET_ENDINGS = (
    *("password", "passwd", "passphrase", "secret", "token", "credential", "credentials"),
    *(f"{word}{joint}key" for word in ("private", "preshared", "api", "access") for joint in ("", "_")),
)
SECRET_WORDS = frozenset({"auth", "encryptionkey", "serviceaccountkey"})
# Names that end like a secret and are none.
NO_SECRETS = frozenset({"imagePullSecret", "secretName", "disableToken", "automountServiceAccountToken"})
_BESIDE_A_CERTIFICATE = frozenset({"crt", "cert", "certificate"})

# Secret by the look of the text, beyond what redaction knows: variables of an environment, tokens in URLs.
_ASSIGNED = r"(?i)\b([A-Z0-9_]*(?:TOKEN|PASSWORD|PASSWD|SECRET|API_?KEY|PRIVATE_?KEY)[A-Z0-9_]*)(=)([^\s&\"']+)"
# Where neither of these stands, no text can hold a secret that is known by its look: a quick look saves most of the work.
_SUSPECT = re.compile(
    r"(?i)PRIVATE KEY|LS0tLS1CRUdJ|bearer|basic|://[^/\s]*@|eyJ|token|password|passwd|passphrase|secret|auth|_?key\b|nodeID|\b[a-z0-9]{6}\.[a-z0-9]{16}\b"
)


# What stands in a row besides keys.
ANY_KEY, ANY_ITEM, END = 0, 1, 2
Row = dict[str | int, "Row"]
Rows = tuple[Row, ...]


class Redaction:
    """A config and what in it is secret, for showing it with marks.

    Attributes:
        config: the config.
        marks: equal secrets get equal marks from the same object.
    """

    __slots__ = ("_found", "config", "marks")

    def __init__(self, config: MachineConfig, marks: Marks) -> None:
        self.config, self.marks = config, marks
        self._found: dict[int, Scalar] | None = None

    def text(self, start: int = 0, end: int | None = None) -> str:
        """Return the text, or the part between two indexes, with marks in place of secrets; all else stands as it stood."""
        text, marks = self.config.text, self.marks
        stop = len(text) if end is None else end
        parts: list[str] = []
        position = start
        for node in self._between(start, stop):
            written = text[max(node.start, start) : min(node.end, stop)]
            new = _shown(written, node, marks, whole=id(node) in self._secret)
            if new is not None:
                parts += (_redact_remarks(text[position : max(node.start, start)], marks), new)
                position = min(node.end, stop)
        parts.append(_redact_remarks(text[position:stop], marks))
        shown = "".join(parts)
        for value in sorted({node.text for node in self._secret.values() if len(node.text) >= SHORTEST_SECRET}, key=len, reverse=True):
            if value in shown:
                shown = shown.replace(value, marks.mark(value))
        return shown

    def data(self, document: Document, place: tuple[str | int, ...]) -> Data:
        """Return the data at a place of a document of the config, with marks in place of secrets."""
        node = document.find(place)
        if node is not None:
            return plain(node, self._marked(node, self._secret_below(document, place)))
        data = plain(document.node, self._marked(document.node, self._secret))  # it came by a merge key, so no node stands at this place
        for step in place:
            data = data[step]
        return data

    @property
    def _secret(self) -> dict[int, Scalar]:
        """All leaves that are secret by their place or their key, by ``id``."""
        if self._found is None:
            self._found = {id(node): node for node in _secret_scalars(self.config)}
        return self._found

    def _secret_below(self, document: Document, place: tuple[str | int, ...]) -> dict[int, Scalar]:
        """Return those that stand at a place; with aliases, which may make a leaf secret from elsewhere, all."""
        if self._found is not None or "*" in self.config.text:
            return self._secret
        return {id(node): node for node in _secret_in(document, place)}

    def _marked(self, root: Node, secret: dict[int, Scalar]) -> dict[int, Data]:
        """Return what to show for each scalar below a node that holds a secret, by ``id`` of the scalar."""
        shown: dict[int, Data] = {}
        for node in _all_nodes(root):
            if not isinstance(node, Scalar):
                if isinstance(node, Mapping) and any(id(key) in secret for key in node.keys.values()):
                    shown[id(node)] = self.marks.mark(repr(plain(node)))
            elif id(node) in secret:
                if node.text:
                    shown[id(node)] = self.marks.mark(node.text)
            elif (new := redact_text(node.text, self.marks)) != node.text:
                shown[id(node)] = new
        return shown

    def _between(self, start: int, stop: int) -> Iterator[Scalar]:
        """Yield the leaves of a part of the text, in its order."""
        for document in self.config.documents:
            yield from _leaves(document.node, start, stop)


def secret_values(config: MachineConfig) -> frozenset[str]:
    """Return every value of a config that is secret by its place or its key, for taking out of other text."""
    return frozenset(node.text for node in _secret_scalars(config) if node.text)


def is_secret_place(kind: str, steps: tuple[Step, ...]) -> bool:
    """Whether the table says that what stands at a path of a document is secret, whatever it is."""
    rows: Rows = (_rows(kind),)
    for step in steps:
        keys = (step, ANY_KEY) if isinstance(step, str) else (ANY_ITEM,)
        rows = tuple(row[key] for row in rows for key in keys if key in row)
        if not rows:
            return False
    return any(END in row for row in rows)


def redact_config_text(config: MachineConfig, marks: Marks) -> str:
    """Return the text of a config with marks in place of its secrets; all else stands as it stood."""
    return Redaction(config, marks).text()


def redact_text(text: str, marks: Marks) -> str:
    """Return text, such as the content of a file, with marks in place of what looks like a secret."""
    if not _SUSPECT.search(text):
        return text
    return re.sub(
        _ASSIGNED,
        lambda match: match[0] if match[3].startswith("[redacted") else f"{match[1]}{match[2]}{marks.mark(match[3])}",
        redact(text, marks=marks),
    )


def _shown(written: str, node: Scalar, marks: Marks, *, whole: bool) -> str | None:
    """Return what to show in place of a scalar, or of the part of it that is shown; None to leave it."""
    ending = "\n" if written.endswith("\n") else ""
    if whole:
        return marks.mark(node.text) + ending if node.text else None
    hidden = redact_text(node.text, marks)
    if hidden == node.text:
        return None
    masked = redact_text(written, marks)
    return masked if masked != written else marks.mark(node.text) + ending


def _redact_remarks(gap: str, marks: Marks) -> str:
    """Secrets stand in comments too; what is no comment here holds keys only and must not change."""
    if "#" not in gap or not _SUSPECT.search(gap):
        return gap
    return "".join(_redact_remark(line, marks) for line in gap.splitlines(keepends=True))


def _redact_remark(line: str, marks: Marks) -> str:
    before, sign, remark = line.partition("#")
    return before + sign + redact_text(remark, marks) if sign else line


def _leaves(root: Node, start: int = -1, stop: int = sys.maxsize) -> Iterator[Scalar]:
    """Yield the leaves that end behind ``start`` and begin before ``stop``, in the order of the text."""
    stack = [root]
    while stack:
        node = stack.pop()
        if node.end <= start or node.start >= stop:
            continue
        if isinstance(node, Scalar):
            yield node
        elif isinstance(node, Mapping):
            stack.extend(reversed(node.values.values()))
        elif isinstance(node, Sequence):
            stack.extend(reversed(node.items))


def _all_nodes(root: Node) -> Iterator[Node]:
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


def _texts(root: Node) -> Iterator[Scalar]:
    """Yield every text below a node, keys included."""
    for node in _all_nodes(root):
        if isinstance(node, Scalar):
            yield node
        elif isinstance(node, Mapping):
            yield from (key for key in node.keys.values() if isinstance(key, Scalar))


def _secret_scalars(config: MachineConfig) -> Iterator[Scalar]:
    for document in config.documents:
        yield from _secret_in(document)


def _secret_in(document: Document, place: tuple[str | int, ...] = ()) -> Iterator[Scalar]:
    """Yield secret leaves of a document, or of what stands at a place.

    Each collection carries the rows of the table that may still match below it, mostly none.
    """
    stack: list[tuple[Node, bool, Rows]] = [(document.node, False, (_rows(document.kind),))]
    depth = 0
    while stack:
        node, by_name, rows = stack.pop()
        only = place[depth] if depth < len(place) else None
        depth += 1
        if isinstance(node, Mapping):
            beside_a_certificate = not _BESIDE_A_CERTIFICATE.isdisjoint(node.values)
            for key, value in node.values.items() if only is None else ((str(only), node.values[str(only)]),):
                named = _is_secret_name(key) or (key == "key" and beside_a_certificate)
                below = tuple(row[step] for row in rows for step in (key, ANY_KEY) if step in row) if rows else rows
                ends = any(END in row for row in below)
                if not isinstance(value, Scalar):
                    if ends:  # of a type that does not belong here, and as secret
                        yield from _texts(value)
                    else:
                        stack.append((value, named, below))
                elif named or ends:
                    yield value
        elif isinstance(node, Sequence):
            below = tuple(row[ANY_ITEM] for row in rows if ANY_ITEM in row)
            stack += [(item, by_name, below) for item in (node.items if only is None else (node.items[int(only)],))]
        elif by_name or any(END in row for row in rows):
            yield from _leaves(resolved(node))


@lru_cache(maxsize=4096)
def _is_secret_name(name: str) -> bool:
    folded = name.casefold()
    return name not in NO_SECRETS and (folded.endswith(SECRET_ENDINGS) or folded in SECRET_WORDS)


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
