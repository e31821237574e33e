"""Changes: what the user gives, read from text."""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING, Any, Protocol, Self

from talospatch.containerd.carriers import KIND, PART_PATH
from talospatch.containerd.fragment import Fragment, merge
from talospatch.containerd.metrics import METRICS_KEYS, Address, Keys
from talospatch.errors import ChangeError, ConfigError, FragmentError
from talospatch.machineconfig.document import Document
from talospatch.machineconfig.nodes import Mapping, Scalar, Sequence, resolved
from talospatch.machineconfig.path import ROOT_DOCUMENT
from talospatch.machineconfig.reader import Tree, line_and_column, read
from talospatch.machineconfig.typed.repeated import read_repeated
from talospatch.machineconfig.values import plain
from talospatch.patching.fragment_change import FragmentRemoval, FragmentStep
from talospatch.patching.hazards import PATCH_EMPTY
from talospatch.patching.text_step import MARK, JsonStep, MergeStep, deletes, holds_something, text_at, without
from talospatch.patching.workpiece import Workpiece
from talospatch.versions import TalosVersion

if TYPE_CHECKING:
    from collections.abc import Mapping as AbstractMapping

    from talospatch.machineconfig.config import MachineConfig
    from talospatch.machineconfig.nodes import Node
    from talospatch.machineconfig.values import Data
    from talospatch.patching.patched import Patched

FILES = ("machine", "files")
_SETTINGS_READ_AS = TalosVersion.parse("1.14")  # settings change the text of a fragment before it meets a node's version


class Step(Protocol):
    """One part of a change; kinds of steps are added here, nothing else of a change knows them."""

    def apply(self, piece: Workpiece) -> None:
        """Apply it."""
        ...


class Change:
    """Anything that turns a machine config for a Talos version into a new one. Immutable.

    Attributes:
        name: how reports call it, such as ``containerd-metrics``.
        source: where it came from, for messages.
        steps: its parts, in order; none when the text held nothing.
    """

    __slots__ = ("name", "source", "steps")

    def __init__(self, steps: tuple[Step, ...], *, name: str, source: str) -> None:
        self.steps, self.name, self.source = steps, name, source

    @classmethod
    def parse(cls, text: str, *, source: str = "patch", name: str = "") -> Self:
        """Read a change; its form tells its kind.

        TOML (a source that ends in ``.toml``, or text that is TOML and not YAML), a ``machine.files`` entry for the drop-in's path, and a
        CRICustomizationConfig document are containerd fragments; what else the patch has is a strategic merge patch. A list of operations
        is a JSON patch. A patch that holds nothing is a change that changes nothing.

        Args:
            text: the patch.
            source: a name for messages.
            name: how reports call it; by default the source's.

        Raises:
            ChangeError: it cannot be read, or is no patch.
            FragmentError: the fragment is not TOML, or must not be.
        """
        label = name or source
        if source.endswith(".toml"):
            return cls(_fragments([FragmentStep(Fragment.parse(text, source=source, is_file=True))]), name=label, source=source)
        try:
            trees = read(text, source=source)
        except ConfigError as error:
            if (inline := _inline_toml(text, source)) is not None:
                return cls((inline,), name=label, source=source)
            if MARK in text and read_repeated(text) is not None:  # a key that is deleted and given anew stands twice
                return cls((MergeStep(text, source),), name=label, source=source)
            raise ChangeError(
                error.problem, source=source, line=error.line, column=error.column, path=error.path, hint=error.hint
            ) from None
        steps: list[FragmentStep] = []
        for index, tree in enumerate(trees):
            if tree.root is None:
                continue
            if isinstance(tree.root, Sequence):
                return cls((_json_step(trees, text, source),), name=label, source=source)
            if not isinstance(tree.root, Mapping):
                if (inline := _inline_toml(text, source)) is not None:
                    return cls((inline,), name=label, source=source)
                raise _not_a_patch(tree, text, source)
            steps += _drop_ins(Document(tree, index), text, source)
        if not steps:
            rest = (MergeStep(text, source),) if holds_something(trees) else ()
        else:
            rest = (MergeStep(text, source, is_drop_in),) if holds_something(without(trees, is_drop_in)) else ()
        return cls((*rest, *_fragments(steps)), name=label, source=source)

    def apply(self, config: MachineConfig, *, talos: TalosVersion, fleet_has_older: bool = False) -> Patched:
        """Return the config with this change, findings and what must be seen on the node afterwards.

        Args:
            config: the node's config.
            talos: the node's version.
            fleet_has_older: whether some node of the fleet is older than 1.14.0-beta.0: then a new drop-in must survive a rollback.

        Raises:
            ConfigError: an edit could not be proven right.
            FragmentError: what the config holds is broken, or cannot be merged with the change.
            ChangeError: the config has no place for the change.
            VersionError: this version's configuration is not written.
        """
        piece = Workpiece(config, talos=talos, fleet_has_older=fleet_has_older)
        self.work_on(piece)
        return piece.patched

    def work_on(self, piece: Workpiece) -> None:
        """Apply it to a config that other changes are applied to as well; raises as :meth:`apply`."""
        if not self.steps:
            piece.noticed.add(PATCH_EMPTY, detail=self.source)
        for step in self.steps:
            step.apply(piece)

    def with_settings(self, settings: AbstractMapping[str, str]) -> Self:
        """Return the change with other values for some of its keys.

        Args:
            settings: value by the last part of a key's path, as ``{"address": "0.0.0.0:11234"}``; a value that is not text is written as
            TOML.

        Raises:
            ChangeError: the change has no such key, or the value is not one that the key can take.
        """
        steps = self.steps
        for key, value in settings.items():
            changed = tuple(_with_setting(step, key, value) for step in steps)
            if changed == steps and not any(_paths(step, key) for step in steps):
                known = sorted({keys[-1] for step in steps if isinstance(step, FragmentStep) for keys in step.fragment.values})
                raise ChangeError(f"has no setting {key!r}", source=self.source, hint=f"it has {', '.join(known) or 'none'}")
            steps = changed
        return type(self)(steps, name=self.name, source=self.source)

    def removal(self) -> Self:
        """Return the change that takes out what this one puts in.

        Raises:
            ChangeError: it holds something that cannot be taken out again.
        """
        if any(isinstance(step, FragmentRemoval) for step in self.steps):
            raise ChangeError("is a removal already", source=self.source)
        if any(not isinstance(step, FragmentStep) for step in self.steps):
            problem = "changes more than containerd's drop-in, and only that can be taken out again"
            raise ChangeError(problem, source=self.source, hint="write a patch with $patch: delete")
        steps = tuple(FragmentRemoval(step.fragment) for step in self.steps if isinstance(step, FragmentStep))
        return type(self)(steps, name=f"remove {self.name}", source=self.source)

    def __eq__(self, other: object) -> bool:
        return (self.name, self.steps) == (other.name, other.steps) if isinstance(other, Change) else NotImplemented

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"<Change {self.name}>"


def _fragments(steps: list[FragmentStep]) -> tuple[Step, ...]:
    return tuple(step for step in steps if not step.fragment.is_empty)


def is_drop_in(node: Node) -> bool:
    """Whether a node of a patch is a containerd fragment, and not a part of the patch that merges as it stands."""
    if deletes(node):
        return False
    return text_at(node, "kind") == KIND or text_at(node, "path") == PART_PATH


def _drop_ins(document: Document, text: str, source: str) -> list[FragmentStep]:
    """Return a step for each containerd fragment in a document of a patch."""
    if document.kind == KIND and is_drop_in(document.node):
        value = document.value
        for key in value:
            if key not in {"apiVersion", "kind", "name", "content"}:
                raise ChangeError("is not a key of this document", source=source, path=f"{document.id}:{key}")
        return [FragmentStep(_content(document.node, f"{document.id}:content", text, source), document.name)]
    files = document.find(FILES) if document.kind == ROOT_DOCUMENT else None
    if not isinstance(files, Sequence):
        return []
    return [_entry_step(item, f"machine.files[{index}]", text, source) for index, item in enumerate(files.items) if is_drop_in(item)]


def _entry_step(item: Node, path: str, text: str, source: str) -> FragmentStep:
    entry: dict[str, Data] = plain(item)
    for key in entry:
        if key not in {"content", "permissions", "path", "op"}:
            raise ChangeError(f"{key!r} is not a key of a file entry", source=source, path=f"{path}.{key}"[:120])
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


def _json_step(trees: tuple[Tree, ...], text: str, source: str) -> JsonStep:
    """Return the step of a JSON patch.

    Raises:
        ChangeError: something stands beside it, or an operation is not one.
    """
    from talospatch.patching.json_patch import operations

    first, *others = (tree for tree in trees if tree.root is not None)
    if others:
        raise ChangeError("a JSON patch is a list of operations, and nothing beside it", source=source)
    operations(first, text, source=source)
    return JsonStep(text, source)


def _not_a_patch(tree: Tree, text: str, source: str) -> ChangeError:
    assert tree.root is not None
    line, column = line_and_column(text, tree.root.start)
    return ChangeError("a single value is not a patch", source=source, line=line, column=column, hint="write the change as YAML or TOML")


def _inline_toml(text: str, source: str) -> FragmentStep | None:
    """Read text that is TOML and no YAML mapping; None when it is not TOML either."""
    try:
        if not tomllib.loads(text):
            return None
    except (ValueError, RecursionError):
        return None
    return FragmentStep(Fragment.parse(text, source=source, is_file=True))


def _paths(step: Step, key: str) -> list[Keys]:
    return [keys for keys in step.fragment.values if keys[-1] == key] if isinstance(step, FragmentStep) else []


def _with_setting(step: Step, key: str, text: str) -> Step:
    paths = _paths(step, key)
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
