"""The cluster that a recording was made with, as far as the recording tells: its nodes, configurations and files.

Everything is taken from the recorded answers themselves: versions from Version, nodes from Members, configurations from the first Get of
a node's MachineConfig, files from List, Read and Copy. What a recording does not show is filled in from what it says about another
worker, and then from the recording that lies beside this module, since all of them were made alike.
"""

from __future__ import annotations

import base64
import posixpath
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from recorded_containerd import with_containerd
from recorded_exchanges import Record, archive, load

from talospatch.simulator.spec import ClusterSpec, FileSpec, NodeSpec
from talospatch.wire.proto import cosi_pb2

RESULTS = "/var/lib/cni/results"
_KNOWN = Path(__file__).parent / "vectors" / "api" / "1.14.jsonl"
_SCRUBBED_SECONDS = 1767323045

# Go's os.FileMode: the bits beside the permissions that say what a file is.
_DIRECTORY, _SYMLINK, _PERMISSIONS = 1 << 31, 1 << 27, 0o777

# Newest release of a minor, for a recording that asks no node for its version.
_TAGS = {"1.11": "v1.11.6", "1.12": "v1.12.11", "1.13": "v1.13.9", "1.14": "v1.14.0-rc.1"}


@dataclass
class _Seen:
    """What the recording shows of one node's files."""

    entries: dict[str, dict[str, Any]] = field(default_factory=dict)
    contents: dict[str, bytes] = field(default_factory=dict)


def cluster_of(records: Sequence[Record], minor: str) -> ClusterSpec:
    """Return the cluster that these records of Talos ``minor`` were made with."""
    known = load(_KNOWN)
    tag = _tag(records) or _TAGS.get(minor, f"v{minor}.0")
    members = _members(records) or {**_members(known), **{record.node: _usual_member(record.node) for record in records}}
    configs = _configs(records, members)
    files, known_files = _files(records, members), _files(known, members)
    real = with_containerd(records)
    if real:
        known_files = {}  # what lies in the cache is shown by the recording, and nothing else lies there
    worker_files = _merged([seen[name] for seen in (known_files, files) for name in seen if members[name][1] == "worker"])
    worker_config = _of_a_worker(configs, members) or _of_a_worker(_configs(known, members), members)
    nodes = []
    for name, (address, kind) in members.items():
        config = configs.get(name) or _like(worker_config, name, kind)
        has_containerd = bool(real & {name, address})
        if real and kind == "worker":
            seen = files.get(name, _Seen())
        else:
            seen = worker_files if kind == "worker" else _merged([known_files.get(name, _Seen()), files.get(name, _Seen())])
        nodes.append(
            NodeSpec(
                name,
                address,
                kind,
                tag,
                config=config,
                cni_files={},
                files=_tree(seen),
                platform="container",
                containerd=has_containerd,
            )
        )
    return ClusterSpec(tuple(nodes))


def node_names(spec: ClusterSpec) -> dict[str, str]:
    """Return the node's name by everything that a record may call it."""
    return {key: node.name for node in spec.nodes for key in (node.name, node.address)}


def _usual_member(name: str) -> tuple[str, str]:
    """Return address and machine type of a node by its name, as the recordings' cluster gives them out."""
    number = int(re.sub(r"\D", "", name) or 1)
    return (f"127.0.0.{number + 2}", "worker") if name.startswith("worker") else (f"127.0.0.{number + 1}", "controlplane")


def _tag(records: Sequence[Record]) -> str:
    for record in records:
        if record.name == "Version" and record.code == "OK":
            for message in record.answers[0].get("messages", []):
                if tag := message.get("version", {}).get("tag"):
                    return str(tag)
    return ""


def _members(records: Sequence[Record]) -> dict[str, tuple[str, str]]:
    """Return address and machine type by name, from a whole list of Members."""
    for record in records:
        if record.name == "List" and record.request.get("type", "").startswith("Members.") and "options" not in record.request:
            specs = [yaml.safe_load(answer["resource"]["spec"]["yaml_spec"]) for answer in record.answers]
            if specs:
                return {spec["hostname"]: (spec["addresses"][0], spec["machineType"]) for spec in specs}
    return {}


def _configs(records: Sequence[Record], members: dict[str, tuple[str, str]]) -> dict[str, str]:
    """Return each node's first recorded configuration, unless something was applied to it before."""
    names = {key: name for name, (address, _) in members.items() for key in (name, address)}
    configs: dict[str, str] = {}
    changed: set[str] = set()
    for record in records:
        for target in record.targets:
            name = names.get(target, target)
            if record.applies:
                changed.add(name)
            if name in changed or name in configs or record.code != "OK" or record.name != "Get":
                continue
            if record.request.get("type") == "MachineConfigs.config.talos.dev" and len(record.targets) == 1:
                spec = base64.b64decode(record.answers[0]["resource"]["spec"]["proto_spec"])
                configs[name] = cosi_pb2.MachineConfigSpec.FromString(spec).yaml_marshalled.decode()
    return configs


def _of_a_worker(configs: dict[str, str], members: dict[str, tuple[str, str]]) -> str:
    return next((config for name, config in configs.items() if members[name][1] == "worker"), "")


def _like(config: str, name: str, kind: str) -> str:
    """Return the configuration of a node that was never asked for it: like a worker's, with its own name and type."""
    named = re.sub(r"(?m)^(\s+hostname:) .*$", rf"\1 {name}", config)
    return re.sub(r"(?m)^(  type:) .*$", rf"\1 {kind}", named)


def _files(records: Sequence[Record], members: dict[str, tuple[str, str]]) -> dict[str, _Seen]:
    names = {key: name for name, (address, _) in members.items() for key in (name, address)}
    seen: dict[str, _Seen] = {}
    for record in records:
        if record.code != "OK" or "MachineService" not in record.method:
            continue
        for answer in record.answers:
            if "error" in answer.get("metadata", {}):
                continue
            name = names.get(answer.get("metadata", {}).get("hostname") or record.targets[0])
            if name is None:
                continue
            node = seen.setdefault(name, _Seen())
            if record.name == "List" and "error" not in answer:
                node.entries[answer["name"]] = answer
            elif record.name == "Read":
                path = record.request["path"]
                node.contents[path] = node.contents.get(path, b"") if answer is not record.answers[0] else b""
                node.contents[path] += base64.b64decode(answer["bytes"])
        if record.name == "Copy" and not record.metadata.get("nodes") and (name := names.get(record.targets[0])):
            for path, entry in archive(record.answers).items():
                seen.setdefault(name, _Seen()).contents[posixpath.join(record.request["root_path"], path)] = entry[-1]
    return seen


def _merged(all_seen: Sequence[_Seen]) -> _Seen:
    merged = _Seen()
    for seen in all_seen:
        merged.entries.update(seen.entries)
        merged.contents.update(seen.contents)
    return merged


def _tree(seen: _Seen) -> dict[str, FileSpec]:
    """Return the files that the recording shows. An empty directory of CNI results is always there."""
    tree = {RESULTS: FileSpec(kind="directory", mode=0o700)}
    for path, entry in seen.entries.items():
        mode = int(entry.get("mode", 0))
        kind = "directory" if mode & _DIRECTORY else "symlink" if mode & _SYMLINK else "file"
        content = seen.contents.get(path, b"\0" * int(entry.get("size", 0))) if kind == "file" else b""
        tree[path] = FileSpec(
            content,
            kind=kind,
            mode=mode & _PERMISSIONS,
            link=entry.get("link", ""),
            modified=int(entry.get("modified", _SCRUBBED_SECONDS)),
            uid=int(entry.get("uid", 0)),
            gid=int(entry.get("gid", 0)),
        )
    for path, content in seen.contents.items():
        if path not in tree:
            tree[path] = FileSpec(content, modified=_SCRUBBED_SECONDS)
    return tree
