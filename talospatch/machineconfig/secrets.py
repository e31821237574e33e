"""What in a machine config is secret, and showing a config without it."""

from __future__ import annotations

import re
from bisect import bisect_right
from functools import lru_cache
from typing import TYPE_CHECKING

from talospatch.machineconfig.nodes import Alias, Mapping, Node, Scalar, Sequence, children, resolved
from talospatch.machineconfig.values import Data, plain
from talospatch.redaction import SHORTEST_SECRET, Marks, redact

if TYPE_CHECKING:
    from collections.abc import Iterator

    from talospatch.machineconfig.config import MachineConfig
    from talospatch.machineconfig.document import Document

Path = tuple[str | int, ...]

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

# Secret by the name of the key, wherever it stands, kinds that we do not know included.
SECRET_NAMES = re.compile(
    r"(?i)(?:.*(?:password|passwd|passphrase|secret|token|private_?key|preshared_?key|api_?key|access_?key|credentials?)|auth|encryptionKey|serviceAccountKey)"
)
# Names that end like a secret and are none.
NO_SECRETS = frozenset({"imagePullSecret", "secretName", "disableToken", "automountServiceAccountToken"})
_BESIDE_A_CERTIFICATE = frozenset({"crt", "cert", "certificate"})

# Secret by the look of the text, beyond what redaction knows: variables of an environment, tokens in URLs.
_ASSIGNED = re.compile(r"(?i)\b([A-Z0-9_]*(?:TOKEN|PASSWORD|PASSWD|SECRET|API_?KEY|PRIVATE_?KEY)[A-Z0-9_]*)(=)([^\s&\"']+)")
# Where neither of these stands, no text can hold a secret that is known by its look: a quick look saves most of the work.
_SUSPECT = re.compile(
    r"(?i)PRIVATE KEY|LS0tLS1CRUdJ|bearer|basic|://[^/\s]*@|eyJ|token|password|passwd|passphrase|secret|auth|_?key\b|nodeID|\b[a-z0-9]{6}\.[a-z0-9]{16}\b"
)


def _pattern(path: str) -> tuple[str, ...]:
    return tuple(re.findall(r"\{\}|\[\]|[^.\[\]{}]+", path))


# Rows by kind and last step: most leaves have none.
_ROWS: dict[tuple[str, str], list[tuple[str, ...]]] = {}
for _kind, _path in SECRET_PATHS:
    _steps = _pattern(_path)
    _ROWS.setdefault((_kind, _steps[-1]), []).append(_steps)


class Redaction:
    """A config and what in it is secret, for showing it with marks.

    Attributes:
        config: the config.
        marks: equal secrets get equal marks from the same object.
    """

    __slots__ = ("_leaves", "_secret", "config", "marks")

    def __init__(self, config: MachineConfig, marks: Marks) -> None:
        self.config, self.marks = config, marks
        self._secret = {id(node): node for node in _secret_scalars(config)}
        self._leaves: list[Scalar] | None = None

    def text(self, start: int = 0, end: int | None = None) -> str:
        """Return the text, or the part between two indexes, with marks in place of secrets; all else stands as it stood."""
        text, marks = self.config.text, self.marks
        stop = len(text) if end is None else end
        leaves = self._ordered()
        parts: list[str] = []
        position = start
        for index in range(bisect_right(leaves, start, key=_end), len(leaves)):
            node = leaves[index]
            if node.start >= stop:
                break
            written = text[max(node.start, start) : min(node.end, stop)]
            new = _shown(written, node, marks, whole=id(node) in self._secret)
            if new is not None:
                parts += (_redact_remarks(text[position : max(node.start, start)], marks), new)
                position = min(node.end, stop)
        parts.append(_redact_remarks(text[position:stop], marks))
        shown = "".join(parts)
        for value in sorted({node.text for node in self._secret.values() if len(node.text) >= SHORTEST_SECRET}, key=len, reverse=True):
            shown = shown.replace(value, marks.mark(value))
        return shown

    def data(self, document: Document, place: tuple[str | int, ...]) -> Data:
        """Return the data at a place of a document of the config, with marks in place of secrets."""
        node = document.find(place)
        if node is not None:
            return plain(node, self._marked(node))
        data = plain(document.node, self._marked(document.node))  # it came by a merge key, so no node stands at this place
        for step in place:
            data = data[step]
        return data

    def _marked(self, root: Node) -> dict[int, Data]:
        """Return what to show for each scalar below a node that holds a secret, by ``id`` of the scalar."""
        shown: dict[int, Data] = {}
        for node in _all_leaves(root):
            if id(node) in self._secret:
                if node.text:
                    shown[id(node)] = self.marks.mark(node.text)
            elif (new := redact_text(node.text, self.marks)) != node.text:
                shown[id(node)] = new
        return shown

    def _ordered(self) -> list[Scalar]:
        """Return the leaves in the order of the text."""
        if self._leaves is None:
            self._leaves = [node for document in self.config.documents for node in _leaves(document.node)]
        return self._leaves


def secret_values(config: MachineConfig) -> frozenset[str]:
    """Return every value of a config that is secret by its place or its key, for taking out of other text."""
    return frozenset(node.text for node in _secret_scalars(config) if node.text)


def redact_config_text(config: MachineConfig, marks: Marks) -> str:
    """Return the text of a config with marks in place of its secrets; all else stands as it stood."""
    return Redaction(config, marks).text()


def redact_text(text: str, marks: Marks) -> str:
    """Return text, such as the content of a file, with marks in place of what looks like a secret."""
    if not _SUSPECT.search(text):
        return text
    return _ASSIGNED.sub(
        lambda match: match[0] if match[3].startswith("[redacted") else f"{match[1]}{match[2]}{marks.mark(match[3])}",
        redact(text, marks=marks),
    )


def _end(node: Node) -> int:
    return node.end


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


def _leaves(root: Node) -> Iterator[Scalar]:
    """Yield leaves in the order of the text."""
    stack = [root]
    while stack:
        node = stack.pop()
        if isinstance(node, Scalar):
            yield node
        elif isinstance(node, Mapping):
            stack.extend(reversed(node.values.values()))
        elif isinstance(node, Sequence):
            stack.extend(reversed(node.items))


def _all_leaves(root: Node) -> Iterator[Scalar]:
    """Yield leaves with those that aliases stand for, each once."""
    seen: set[int] = set()
    stack = [root]
    while stack:
        node = resolved(stack.pop())
        if isinstance(node, Scalar):
            yield node
        elif id(node) not in seen:
            seen.add(id(node))
            stack.extend(children(node))


def _secret_scalars(config: MachineConfig) -> Iterator[Scalar]:
    for document in config.documents:
        yield from _secret_in(document)


def _secret_in(document: Document) -> Iterator[Scalar]:
    stack: list[tuple[Path, Node, Node]] = [((), document.node, document.node)]
    while stack:
        path, node, parent = stack.pop()
        if isinstance(node, Scalar | Alias):
            if _is_secret(document.kind, path, parent):
                yield from _leaves(resolved(node))
        elif isinstance(node, Mapping):
            stack.extend(((*path, key), value, node) for key, value in node.values.items())
        elif isinstance(node, Sequence):
            stack.extend(((*path, index), value, parent) for index, value in enumerate(node.items))


def _is_secret(kind: str, path: Path, parent: Node) -> bool:
    name = next((step for step in reversed(path) if isinstance(step, str)), "")
    if _is_secret_name(name):
        return True
    if name == "key" and isinstance(parent, Mapping) and not _BESIDE_A_CERTIFICATE.isdisjoint(parent.values):
        return True
    return any(_matches(path, pattern) for last in (name, "{}") for pattern in _ROWS.get((kind, last), ()))


@lru_cache(maxsize=4096)
def _is_secret_name(name: str) -> bool:
    return name not in NO_SECRETS and SECRET_NAMES.fullmatch(name) is not None


def _matches(path: Path, pattern: tuple[str, ...]) -> bool:
    return len(path) == len(pattern) and all(
        isinstance(step, int) if part == "[]" else isinstance(step, str) and part in {"{}", step}
        for step, part in zip(path, pattern, strict=True)
    )
