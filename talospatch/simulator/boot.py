"""What the boot makes of a configuration: the user files, and whether the runtime comes up with them."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from talospatch.simulator import cri
from talospatch.simulator.cri import LEGACY_PART, LEGACY_PATH, Merged
from talospatch.simulator.tomltext import TomlError
from talospatch.simulator.tree import PathError, Tree

if TYPE_CHECKING:
    from talospatch.simulator.configs import Config, MachineFile
    from talospatch.simulator.profiles import Profile

MANIFESTS = "/etc/kubernetes/manifests"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a boot.

    Attributes:
        problem: why the task ``writeUserFiles`` failed; empty when it did not.
        waited: the task waited its whole time for the fragment before it failed.
        merged: the runtime's configuration; None when none could be made.
        merge_problem: why not.
        written: files that were written, by path.
    """

    problem: str = ""
    waited: bool = False
    merged: Merged | None = None
    merge_problem: str = ""
    written: tuple[tuple[str, str], ...] = ()


def boot(config: Config, profile: Profile, parts: dict[str, str], tree: Tree) -> Outcome:
    """Go through the user files of a configuration and merge the runtime's.

    Args:
        config: the one on disk.
        profile: of the node.
        parts: physical files of ``/etc/cri/conf.d``.
        tree: for files that ``overwrite`` and ``append`` ask for; not changed.
    """
    problems: list[str] = []
    written: list[tuple[str, str]] = []
    waited, injected = False, False
    parts = dict(parts)
    for item in config.machine_files:
        content, problem = _prepared(item, parts, tree)
        if problem:
            problems.append(problem)
        elif item.path == LEGACY_PATH:
            if profile.live_cri:
                continue
            if injected:
                problems.append(f"resource EtcFileSpecs.files.talos.dev(files/cri/conf.d/{LEGACY_PART}@1) already exists")
            elif _injects(profile, parts, item.content):
                parts[LEGACY_PART] = item.content
            else:
                waited = True
                problems.append('error waiting for file "cri/conf.d/cri.toml" to be updated: context deadline exceeded')
                parts[LEGACY_PART] = item.content
            injected = True
        elif item.op == "create" and not item.path.lstrip("/").startswith("var/") and not item.path.startswith(f"{MANIFESTS}/"):
            problems = [f'create operation not allowed outside of /var: "{item.path}"']  # returned at once, the rest is not looked at
            break
        else:
            written.append((item.path, content))
    try:
        merged, merge_problem = cri.merge(profile, parts, config.customizations() if profile.live_cri else {}), ""
    except TomlError as error:
        merged, merge_problem = None, str(error)
    text = problems[0] if len(problems) == 1 else "; ".join(problems)
    return Outcome(text, waited, merged, merge_problem, tuple(written))


def _prepared(item: MachineFile, parts: dict[str, str], tree: Tree) -> tuple[str, str]:
    """What would be written, or why not."""
    if item.op == "create":
        return item.content, ""
    if item.op not in {"overwrite", "append"}:
        return "", f'unknown operation for file "{item.path}": "{item.op}"'
    directory, _, name = item.path.rpartition("/")
    if f"{directory}/" == cri.CONF_D and name in parts:
        return item.content, ""
    try:
        entry = tree.find(item.path)
    except PathError:
        return "", f'file must exist: "{item.path}"'
    if entry.kind != "file":
        return "", f'path must be a regular file: "{item.path}"'
    return item.content if item.op == "overwrite" else f"{entry.content().decode('utf-8', 'replace')}\n{item.content}", ""


def _injects(profile: Profile, parts: dict[str, str], content: str) -> bool:
    """Whether the merged file ends up as the task waits for it: since 1.10.4 naming the fragment's hash, before that changed at all."""
    try:
        before = cri.merge(profile, parts, {})
        after = cri.merge(profile, {**parts, LEGACY_PART: content}, {})
    except TomlError:
        return False
    if profile.part_headers:
        return after.digests[LEGACY_PATH] == hashlib.sha256(content.encode("utf-8", "surrogateescape")).hexdigest()
    return after.text != before.text
