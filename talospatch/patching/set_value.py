"""Setting and taking out single values by path, whatever their type: for scripts that know what they write."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from talospatch.errors import ChangeError
from talospatch.machineconfig.path import ConfigPath, Selector, format_steps
from talospatch.machineconfig.tables.find import MINORS
from talospatch.machineconfig.typed.documents import Document
from talospatch.machineconfig.typed.schema import UNKNOWN, Kind, Type, schema_of
from talospatch.patching.emit import style_of
from talospatch.patching.hazards import Noticed
from talospatch.patching.rewrite import Rewriter
from talospatch.patching.tolerant import TolerantLoader, Widened

if TYPE_CHECKING:
    from collections.abc import Sequence

    from talospatch.machineconfig.config import MachineConfig
    from talospatch.machineconfig.path import Step

ConfigT = TypeVar("ConfigT", bound="MachineConfig")
GONE = object()  # the value of what is to be taken out


class _Untyped(Widened):
    """Every document is free-form data."""

    def kind(self, name: str, api_version: str, document_name: str) -> Kind:
        """Return a kind whose documents may hold anything."""
        del api_version
        type_ = Type("struct", UNKNOWN)
        type_.free = True
        return Kind(name, "n" if document_name else "", type_)


def with_value(config: ConfigT, path: str | ConfigPath, value: Any) -> ConfigT:
    """Return a config with a value at a path, made by the least edit of its text; mappings on the way are made where there are none.

    Args:
        config: the config.
        path: such as ``machine.sysctls."net.core.somaxconn"`` or ``LinkConfig/eth0:mtu``.
        value: text, number, bool, None, or lists and mappings of these; :data:`GONE` takes out what stands there.

    Raises:
        ConfigError: the text is not a path, or the edit could not be proven right.
        ChangeError: the path leads through something that is no collection, or to a document or an element that is not there.
    """
    parsed = path if isinstance(path, ConfigPath) else ConfigPath.parse(path)
    noticed = Noticed()
    widened = _Untyped(schema_of(MINORS[-1]), noticed)
    trees = tuple(document.tree for document in config.documents)
    loader = TolerantLoader(config.text, widened, config.source, patch=False, trees=trees)
    before = [step for step in loader.steps() if isinstance(step, Document)]
    index = next((index for index, document in enumerate(config.documents) if document.id == parsed.document), None)
    if index is None:
        raise ChangeError(f"there is no document {parsed.document}", source=config.source, path=str(parsed))
    if not parsed.steps:
        raise ChangeError("a document as a whole is not a value", source=config.source, path=str(parsed), hint="use a patch")
    held = before[index]
    try:
        after = list(before)
        after[index] = held.with_value(_with(held.value, parsed.steps, value))
    except _Blocked as blocked:
        raise ChangeError(blocked.problem, source=config.source, path=str(ConfigPath(parsed.document, blocked.steps))) from None
    rewritten = Rewriter(config.text, trees, style_of(config), widened, noticed).rewrite(before, after, source=config.source)
    return config if rewritten is None else type(config).parse(rewritten.text, source=config.source)


class _Blocked(Exception):
    def __init__(self, problem: str, steps: tuple[Step, ...]) -> None:
        self.problem, self.steps = problem, steps
        super().__init__(problem)


def _with(data: Any, steps: Sequence[Step], value: Any, done: tuple[Step, ...] = ()) -> Any:
    """Return data with a value at a path."""
    if not steps:
        return value
    step, rest = steps[0], steps[1:]
    here = (*done, step)
    if isinstance(step, str):
        if data is not None and not isinstance(data, dict):
            raise _Blocked("is not a mapping", done)
        if value is GONE and step not in (data or {}):
            return data
        mapping = dict(data or {})
        held = _with(mapping.get(step), rest, value, here)
        if held is GONE:
            mapping.pop(step, None)
        else:
            mapping[step] = held
        return mapping
    if not isinstance(data, list):
        raise _Blocked("is not a list", done)
    items = list(data)
    index = _index(items, step)
    if index is None:
        if value is GONE:
            return data
        raise _Blocked(f"there is no element {format_steps([step])}", done)
    held = _with(items[index], rest, value, here)
    if held is GONE:
        del items[index]
    else:
        items[index] = held
    return items


def _index(items: list[Any], step: Step) -> int | None:
    if isinstance(step, Selector):
        found = (index for index, each in enumerate(items) if isinstance(each, dict) and str(each.get(step.key)) == step.value)
        return next(found, None)
    assert isinstance(step, int), "a step is a key, an index or a selector"
    return step % len(items) if -len(items) <= step < len(items) else None
