"""The containerd fragments in a change's text: which parts of a patch they are, and their settings."""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING, Any

from talospatch.containerd.drop_in import KIND
from talospatch.containerd.fragment import Fragment, merge
from talospatch.containerd.metrics import METRICS_KEYS, Address, Keys
from talospatch.errors import ChangeError, FragmentError
from talospatch.machineconfig.nodes import Mapping, Scalar, Sequence, resolved
from talospatch.machineconfig.path import ROOT_DOCUMENT
from talospatch.machineconfig.quoting import quoted_key
from talospatch.machineconfig.reader import line_and_column
from talospatch.machineconfig.values import plain
from talospatch.patching.fragment_change import FILES, FragmentRemoval, FragmentStep
from talospatch.patching.text_step import is_drop_in
from talospatch.versions import TalosVersion

if TYPE_CHECKING:
    from collections.abc import Iterable

    from talospatch.machineconfig.document import Document
    from talospatch.machineconfig.nodes import Node
    from talospatch.machineconfig.values import Data
    from talospatch.patching.change import Step

_SETTINGS_READ_AS = TalosVersion.parse("1.14")  # settings change the text of a fragment before it meets a node's version


def drop_ins(document: Document, text: str, source: str) -> list[FragmentStep]:
    """Return a step for each containerd fragment in a document of a patch; none for one without values.

    Args:
        document: the document.
        text: the text that it stands in, for messages.
        source: what the user calls that text.
    """
    if document.kind == KIND and is_drop_in(document.node):
        for key in document.value:
            if key not in {"apiVersion", "kind", "name", "content"}:
                raise ChangeError("is not a key of this document", source=source, path=f"{document.id}:{key}")
        return _filled([FragmentStep(_content(document.node, f"{document.id}:content", text, source), document.name)])
    files = document.find(FILES) if document.kind == ROOT_DOCUMENT else None
    if not isinstance(files, Sequence):
        return []
    items = ((index, item) for index, item in enumerate(files.items) if is_drop_in(item))
    return _filled(_entry_step(item, f"machine.files[{index}]", text, source) for index, item in items)


def fragment_file(text: str, source: str) -> list[FragmentStep]:
    """Return the step of a file of TOML; none for one without values."""
    return _filled([FragmentStep(Fragment.parse(text, source=source, is_file=True))])


def removed(step: Step) -> FragmentRemoval | None:
    """Return the step that takes out what a step puts in; None for one that is no fragment."""
    return FragmentRemoval(step.fragment) if isinstance(step, FragmentStep) else None


def _filled(steps: Iterable[FragmentStep]) -> list[FragmentStep]:
    return [step for step in steps if not step.fragment.is_empty]


def _entry_step(item: Node, path: str, text: str, source: str) -> FragmentStep:
    entry: dict[str, Data] = plain(item)
    for key in entry:
        if key not in {"content", "permissions", "path", "op"}:
            raise ChangeError(f"{quoted_key(key)} is not a key of a file entry", source=source, path=f"{path}.{key}"[:120])
    permissions = entry.get("permissions")
    return FragmentStep(
        _content(item, f"{path}.content", text, source),
        permissions=permissions if isinstance(permissions, int) and not isinstance(permissions, bool) else None,
    )


def _content(holder: Node, path: str, text: str, source: str) -> Fragment:
    """Return the fragment that a mapping has at ``content``."""
    mapping = resolved(holder)
    node = mapping.values.get("content") if isinstance(mapping, Mapping) else None
    content = plain(node) if node is not None else None
    if content is not None and not isinstance(content, str):
        raise ChangeError("must be text", source=source, path=path)
    try:
        return Fragment.parse(content or "", source=source)
    except FragmentError as error:
        assert node is not None, "nothing is a fragment that sets nothing"
        line, column = _place_in_block(text, resolved(node), error)
        problem = f"line {error.line}: {error.problem}" if error.line and line is None else error.problem
        raise FragmentError(problem, source=source, line=line, column=column, path=path, hint=error.hint) from None


def _place_in_block(text: str, node: Node, error: FragmentError) -> tuple[int | None, int | None]:
    """Return where an error in a content stands in the text around it, as far as that is certain: in a block whose lines are kept."""
    if not isinstance(node, Scalar) or node.style != "|" or not error.line:
        return None, None
    line = line_and_column(text, node.start)[0] + error.line
    lines, inside = text.split("\n"), node.text.split("\n")
    if line > len(lines) or error.line > len(inside) or not lines[line - 1].rstrip("\r").endswith(inside[error.line - 1]):
        return None, None
    indent = len(lines[line - 1].rstrip("\r")) - len(inside[error.line - 1])
    return line, error.column + indent if error.column else None


def inline_toml(text: str, source: str) -> FragmentStep | None:
    """Read text that is TOML and no YAML mapping; None when it is not TOML either."""
    try:
        if not tomllib.loads(text):
            return None
    except (ValueError, RecursionError):
        return None
    return FragmentStep(Fragment.parse(text, source=source, is_file=True))


def settings(step: Step) -> tuple[Keys, ...]:
    """Return the keys of a step's values; none of one that is no fragment."""
    return tuple(step.fragment.values) if isinstance(step, FragmentStep) else ()


def is_removal(step: Step) -> bool:
    """Whether a step takes a fragment out."""
    return isinstance(step, FragmentRemoval)


def with_setting(step: Step, key: str, text: str) -> Step:
    """Return a step with another value for a setting; the same step where it has none of that name.

    Raises:
        ChangeError: several settings have that name, or the value is not one that it can take.
    """
    paths = [keys for keys in settings(step) if keys[-1] == key]
    if not paths or not isinstance(step, FragmentStep):
        return step
    if len(paths) > 1:
        raise ChangeError(f"several keys are called {key!r}", source=step.fragment.source, hint="change the fragment itself")
    keys = paths[0]
    value = _setting(text, step.fragment.values[keys], key, step.fragment.source)
    if keys in METRICS_KEYS and key == "address" and Address.parse(str(value)) is None:
        raise ChangeError(
            f"{text[:60]!r} is not an address to listen on", source=step.fragment.source, hint="write it as 0.0.0.0:11234 or [::]:11234"
        )
    body = merge(step.fragment.text, {keys: value}, talos=_SETTINGS_READ_AS, source=step.fragment.source)
    fragment = Fragment(body, step.fragment.source, {**step.fragment.values, keys: value}, step.fragment.newer)
    return FragmentStep(fragment, step.document, step.permissions)


def _setting(text: str, old: Any, key: str, source: str) -> Any:
    if isinstance(old, str):
        return text
    try:
        value = tomllib.loads(f"value = {text}\n")["value"]
    except (ValueError, RecursionError):
        value = None
    if type(value) is not type(old):
        raise ChangeError(
            f"{key} cannot be {text[:60]!r}",
            source=source,
            hint=f"write it as TOML, like {old!r}".lower() if isinstance(old, bool) else None,
        )
    return value
