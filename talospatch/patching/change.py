"""Changes: what the user gives, read from text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, Self

from talospatch.errors import ChangeError, ConfigError
from talospatch.machineconfig.document import Document
from talospatch.machineconfig.nodes import Mapping, Sequence
from talospatch.machineconfig.questions import check_questions
from talospatch.machineconfig.reader import Tree, line_and_column, read
from talospatch.machineconfig.typed.repeated import read_repeated
from talospatch.patching.hazards import PATCH_EMPTY
from talospatch.patching.text_step import MARK, MergeStep, holds_drop_in, holds_something, is_drop_in, without
from talospatch.patching.workpiece import Workpiece

if TYPE_CHECKING:
    from collections.abc import Mapping as AbstractMapping

    from talospatch.machineconfig.config import MachineConfig
    from talospatch.patching.json_step import JsonStep
    from talospatch.patching.patched import Patched
    from talospatch.versions import TalosVersion

# What only containerd fragments need is imported by the functions that meet one.


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
            from talospatch.patching.fragment_reading import fragment_file

            return cls(tuple(fragment_file(text, source)), name=label, source=source)
        try:
            trees = read(text, source=source)
            check_questions(trees, text, source=source)
        except ConfigError as error:
            if (inline := _inline_toml(text, source)) is not None:
                return cls((inline,), name=label, source=source)
            if MARK in text and read_repeated(text) is not None:  # a key that is deleted and given anew stands twice
                return cls((MergeStep(text, source),), name=label, source=source)
            raise ChangeError(
                error.problem, source=source, line=error.line, column=error.column, path=error.path, hint=error.hint
            ) from None
        steps: list[Step] = []
        fragments = False
        for index, tree in enumerate(trees):
            if tree.root is None:
                continue
            if isinstance(tree.root, Sequence):
                return cls((_json_step(trees, text, source),), name=label, source=source)
            if not isinstance(tree.root, Mapping):
                if (inline := _inline_toml(text, source)) is not None:
                    return cls((inline,), name=label, source=source)
                raise _not_a_patch(tree, text, source)
            if holds_drop_in(tree.root):
                from talospatch.patching.fragment_reading import drop_ins

                fragments = True
                steps += drop_ins(Document(tree, index), text, source)
        rest: tuple[Step, ...]
        if not fragments:
            rest = (MergeStep(text, source, trees=trees),) if holds_something(trees) else ()
        else:
            rest = (MergeStep(text, source, is_drop_in, trees=trees),) if holds_something(without(trees, is_drop_in)) else ()
        return cls((*rest, *steps), name=label, source=source)

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

    def with_settings(self, settings_by_name: AbstractMapping[str, str]) -> Self:
        """Return the change with other values for some of its keys.

        Args:
            settings_by_name: value by the last part of a key's path, as ``{"address": "0.0.0.0:11234"}``; a value that is not text is
                written as TOML.

        Raises:
            ChangeError: the change has no such key, or the value is not one that the key can take.
        """
        from talospatch.patching.fragment_reading import settings, with_setting

        steps = self.steps
        for key, value in settings_by_name.items():
            changed = tuple(with_setting(step, key, value) for step in steps)
            if changed == steps and not any(key == keys[-1] for step in steps for keys in settings(step)):
                known = sorted({keys[-1] for step in steps for keys in settings(step)})
                raise ChangeError(f"has no setting {key!r}", source=self.source, hint=f"it has {', '.join(known) or 'none'}")
            steps = changed
        return type(self)(steps, name=self.name, source=self.source)

    def removal(self) -> Self:
        """Return the change that takes out what this one puts in.

        Raises:
            ChangeError: it holds something that cannot be taken out again.
        """
        from talospatch.patching.fragment_reading import is_removal, removed

        if any(is_removal(step) for step in self.steps):
            raise ChangeError("is a removal already", source=self.source)
        steps = tuple(taken for step in self.steps if (taken := removed(step)) is not None)
        if len(steps) < len(self.steps):
            problem = "changes more than containerd's drop-in, and only that can be taken out again"
            raise ChangeError(problem, source=self.source, hint="write a patch with $patch: delete")
        return type(self)(steps, name=f"remove {self.name}", source=self.source)

    def __eq__(self, other: object) -> bool:
        return (self.name, self.steps) == (other.name, other.steps) if isinstance(other, Change) else NotImplemented

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"<Change {self.name}>"


def _json_step(trees: tuple[Tree, ...], text: str, source: str) -> JsonStep:
    """Return the step of a JSON patch.

    Raises:
        ChangeError: something stands beside it, or an operation is not one.
    """
    from talospatch.patching.json_patch import operations
    from talospatch.patching.json_step import JsonStep

    first, *others = (tree for tree in trees if tree.root is not None)
    if others:
        raise ChangeError("a JSON patch is a list of operations, and nothing beside it", source=source)
    operations(first, text, source=source)
    return JsonStep(text, source)


def _not_a_patch(tree: Tree, text: str, source: str) -> ChangeError:
    assert tree.root is not None
    line, column = line_and_column(text, tree.root.start)
    return ChangeError("a single value is not a patch", source=source, line=line, column=column, hint="write the change as YAML or TOML")


def _inline_toml(text: str, source: str) -> Step | None:
    """Read text that is TOML and no YAML mapping; None when it is not TOML either."""
    from talospatch.patching.fragment_reading import inline_toml

    return inline_toml(text, source)
