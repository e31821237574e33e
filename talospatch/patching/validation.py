"""The verdict on a config, with what the reference does not check: files, the drop-in's TOML, secrets on a worker, deprecations.

What is added here is a warning or a note, never an error: an error means that Talos refuses the config.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from talospatch.containerd.carriers import entry_nodes
from talospatch.containerd.drop_in import KIND, PART_PATH
from talospatch.containerd.file_entries import entry_findings
from talospatch.containerd.fragment import read_content
from talospatch.containerd.lint import content_findings
from talospatch.errors import ConfigError, FragmentError
from talospatch.machineconfig.config import MachineConfig
from talospatch.machineconfig.path import ROOT_DOCUMENT, ConfigPath
from talospatch.machineconfig.validation import validate as reference
from talospatch.machineconfig.validation.deprecations import deprecation_findings
from talospatch.machineconfig.validation.locate import Placed, Places
from talospatch.machineconfig.validation.rule import MACHINE_TYPES
from talospatch.patching.choices import CHOICES
from talospatch.talos.finding import Finding, Severity
from talospatch.versions import Fact, TalosVersion

if TYPE_CHECKING:
    from collections.abc import Iterator

# What only control planes need, and what someone could do who reads it on a worker. Keys of machine.ca and cluster.ca are errors already.
WORKER_SECRETS = (
    ("cluster.aescbcEncryptionSecret", "reads every Secret of etcd"),
    ("cluster.secretboxEncryptionSecret", "reads every Secret of etcd"),
    ("cluster.aggregatorCA.key", "impersonates the API server's aggregation"),
    ("cluster.serviceAccount.key", "signs tokens of any service account"),
    ("KubeAPIServerCAConfig:issuingCA.key", "signs certificates of any Kubernetes user"),
)

# Kinds of encryption key in the order in which a node looks for them. Source: the same place as of patching/choices.py.
_KEY_KINDS = tuple(key for way in CHOICES["block.EncryptionKey"].ways for key in way)


def validate_config(text: str, *, mode: str, talos_version: str, strict: bool = False, source: str | None = None) -> list[Finding]:
    """Judge a config as ``talosctl validate`` would, and say what that does not look at.

    Args:
        text: the config, one or more documents of YAML.
        mode: where Talos runs: ``metal``, ``cloud`` or ``container``.
        talos_version: the node's version or its minor, as ``v1.13.4`` or ``1.13``.
        strict: whether what Talos warns of in the main document is an error.
        source: what the user calls the text, for messages.

    Returns:
        Findings, those of the reference first. Talos would refuse the config exactly when one of them is an ERROR.

    Raises:
        InputError: there is no such mode.
        VersionError: ``talos_version`` is not a version, or one whose types we do not know.
    """
    return [placed.told(source) for placed in judge(text, mode=mode, talos_version=talos_version, strict=strict)]


def judge(text: str, *, mode: str, talos_version: str, strict: bool = False) -> list[Placed]:
    """Judge a config as :func:`validate_config` does, with each place as a value of its own."""
    found = reference.judge(text, mode=mode, talos_version=talos_version, strict=strict)
    try:
        config = MachineConfig.parse(text)
    except ConfigError:
        return found
    talos = TalosVersion.parse(talos_version)
    places = Places(text, talos.minor)
    said = {(placed.finding.path, placed.finding.message) for placed in found}
    for finding in _beyond(config, talos):
        severity = Severity.WARNING if finding.severity is Severity.ERROR else finding.severity
        if (finding.path, finding.message) not in said:
            found.append(places.placed(finding._replace(severity=severity), _index(places, finding.path)))
            said.add((finding.path, finding.message))
    return found


def _index(places: Places, path: str) -> int | None:
    try:
        parsed = ConfigPath.parse(path)
    except ConfigError:
        return None
    return places.index(parsed.document, parsed.steps)


def _beyond(config: MachineConfig, talos: TalosVersion) -> Iterator[Finding]:
    yield from entry_findings(config, talos)
    yield from _repeated_files(config, talos)
    yield from _drop_ins(config, talos)
    yield from _worker_secrets(config)
    yield from _ignored_keys(config)
    yield from deprecation_findings(config, talos.minor)


def _repeated_files(config: MachineConfig, talos: TalosVersion) -> Iterator[Finding]:
    files = config.get("machine.files")
    seen: dict[str, int] = {}
    for index, entry in enumerate(files if isinstance(files, list) else ()):
        path, op = (str(entry.get("path") or ""), entry.get("op")) if isinstance(entry, dict) else ("", None)
        if path in seen and path and (op != "append" or path == PART_PATH):
            yield _repeated(index, path, seen[path], talos)
        seen.setdefault(path, index)


def _repeated(index: int, path: str, first: int, talos: TalosVersion) -> Finding:
    if path != PART_PATH:
        message = f"writes {path[:120]!r} again, over machine.files[{first}]"
    elif talos.can(Fact.LIVE_CRI_CUSTOMIZATION):
        message = f"is ignored: machine.files[{first}] is for the same drop-in, and the first counts"
    else:
        message = f"is for the same drop-in as machine.files[{first}]: the next boot stops there"
    return Finding(Severity.WARNING, "duplicate-file-entry", f"machine.files[{index}]", message, "keep one entry for the path")


def _drop_ins(config: MachineConfig, talos: TalosVersion) -> Iterator[Finding]:
    for document in config.documents:
        if document.kind == ROOT_DOCUMENT:
            for index, _ in entry_nodes(document):
                yield from _content(config, f"machine.files[{index}].content", talos)
        elif document.kind == KIND and talos.can(Fact.LIVE_CRI_CUSTOMIZATION):
            yield from _content(config, f"{document.id}:content", talos)


def _content(config: MachineConfig, path: str, talos: TalosVersion) -> Iterator[Finding]:
    try:
        content = config.get(path)
    except ConfigError:
        return  # a name that no path can hold is an error of its own
    if not isinstance(content, str):
        return
    try:
        data = read_content(content, talos=talos, source=path)
    except FragmentError as error:
        where = f"line {error.line}: " if error.line is not None else ""
        yield Finding(Severity.WARNING, "toml-broken", path, f"{where}{error.problem}", error.hint or "")
        return
    yield from content_findings(data, talos, path)


def _worker_secrets(config: MachineConfig) -> Iterator[Finding]:
    if MACHINE_TYPES.get(str(config.get("machine.type") or "")) != "worker":
        return
    for path, use in WORKER_SECRETS:
        if config.get(path):
            message = f"is a secret of the control plane, and this is a worker's config: whoever has it {use}"
            yield Finding(Severity.WARNING, "secret-on-worker", path, message, "take it out, and renew it if the file was shared")


def _ignored_keys(config: MachineConfig) -> Iterator[Finding]:
    """A slot whose key is of two kinds: a node takes the first it looks for."""
    for path, keys in _key_lists(config):
        for index, key in enumerate(keys):
            used, *ignored = [kind for kind in _KEY_KINDS if isinstance(key, dict) and key.get(kind) is not None] or [""]
            for kind in ignored:
                message = f"is ignored: a slot has one key, and the node takes {used}"
                hint = "take one of them out, or give it another slot"
                yield Finding(Severity.WARNING, "encryption-key-ignored", f"{path}[{index}].{kind}", message, hint)


def _key_lists(config: MachineConfig) -> Iterator[tuple[str, list[object]]]:
    paths = [f"machine.systemDiskEncryption.{name}.keys" for name in ("state", "ephemeral")]
    for path in (*paths, *(f"{document.id}:encryption.keys" for document in config.documents if document.id != ROOT_DOCUMENT)):
        try:
            keys = config.get(path)
        except ConfigError:
            continue  # a name that no path can hold is an error of its own
        if isinstance(keys, list):
            yield path, keys
