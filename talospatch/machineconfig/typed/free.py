"""Free-form objects: kubelet configuration, audit policies and the like, kept as plain data with the types that Go gives them.

Source of the rules: merge.go's cases for maps and interfaces, and Unstructured.DeepCopy.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from talospatch.machineconfig.nodes import Mapping, Scalar, Sequence, resolved
from talospatch.machineconfig.path import format_steps
from talospatch.machineconfig.scalars import Timestamp
from talospatch.machineconfig.typed.misfit import Misfit
from talospatch.machineconfig.typed.plain import BINARY_TAG, CORE, is_null, text_of, value_of
from talospatch.machineconfig.values import MERGE_KEY, is_merge_key

if TYPE_CHECKING:
    from talospatch.machineconfig.nodes import Node
    from talospatch.machineconfig.path import Step
    from talospatch.machineconfig.typed.dialect import Dialect

    Steps = tuple[Step, ...]

Free = Any  # None, bool, int, float, str, Timestamp, list[Free], dict[str, Free] or AnyKeys

_MAX_INT = 2**63 - 1


class AnyKeys(dict[tuple[str, Any], Free]):
    """A mapping of which some key is no text: Go's ``map[any]any``. Keys are pairs of Go's type and the value."""


class CannotCopy(Misfit):
    """The reference crashes when it copies this value, which it does with every base and every result that is patched again.

    Attributes:
        steps: the way to what it crashes on.
    """

    def __init__(self, value: Free, steps: Steps) -> None:
        self.steps = steps
        super().__init__(f"{format_steps(steps)}: cannot deep copy {go_type(value)}", "quote dates, and keys that are numbers or words")


def read_free(node: Node, dialect: Dialect) -> Free:
    """Return the data of a node.

    Raises:
        Misfit: a tag does not fit, or a merge key names no mapping.
    """
    node = resolved(node)
    if isinstance(node, Scalar):
        return value_of(node, dialect)
    if isinstance(node, Sequence):
        return [read_free(item, dialect) for item in node.items]
    assert isinstance(node, Mapping), "there are no other nodes"
    keys = {text: _key(key, dialect) for text, key in node.keys.items() if not is_merge_key(key)}
    if all(name == "string" for name, _ in keys.values()):
        made: Free = {key: read_free(node.values[key], dialect) for key in keys}
        merged = dict(_merged(node, dialect, text_keys=True))
    else:
        made = AnyKeys({key: read_free(node.values[text], dialect) for text, key in keys.items()})
        merged = {("string", key) if isinstance(key, str) else key: value for key, value in _merged(node, dialect, text_keys=False)}
    for key, value in merged.items():
        made.setdefault(key, value)
    return made


def read_object(node: Mapping, dialect: Dialect) -> dict[str, Free]:
    """Return the data of a whole free-form object, whose own keys are always texts; a key that is null is dropped."""
    named = {key: resolved(name) for key, name in node.keys.items() if not is_merge_key(name)}
    made = {text_of(name, dialect): read_free(node.values[key], dialect) for key, name in named.items() if not is_null(name)}
    given = given_keys(node, dialect)
    merged: dict[Any, Free] = {}
    for key, value in _merged(node, dialect, text_keys=True):
        merged.setdefault(key, value)
    return made | {key: value for key, value in merged.items() if key not in given}


def given_keys(node: Mapping, dialect: Dialect) -> set[str]:
    """Return the keys that a merge key does not bring because they are there.

    The reference knows those that are there by their own types: merged in, "true" replaces what stands at true.
    """
    own = {text for text, name in node.keys.items() if _key(name, dialect)[0] == "string"}
    return own if dialect.merge_key_given else own - {MERGE_KEY}


def _key(key: Node, dialect: Dialect) -> tuple[str, Any]:
    key = resolved(key)
    assert isinstance(key, Scalar), "the reader takes no other keys"
    value = value_of(key, dialect)
    tag = key.tag or "!"
    plain = tag == "!" or (tag.startswith(CORE) and tag != BINARY_TAG)
    return go_type(value) if plain else "tagged", value


def _merged(node: Mapping, dialect: Dialect, *, text_keys: bool) -> list[tuple[Any, Free]]:
    """Return what a merge key brings, the earlier sources first.

    Args:
        node: the mapping with the merge key.
        dialect: the minor's.
        text_keys: whether the keys of that mapping are texts, which makes texts of those of the sources.
    """
    if MERGE_KEY not in node.values or not is_merge_key(node.keys[MERGE_KEY]):
        return []
    target = resolved(node.values[MERGE_KEY])
    found: list[tuple[Any, Free]] = []
    for source in target.items if isinstance(target, Sequence) else [target]:
        mapping = resolved(source)
        if not isinstance(mapping, Mapping):
            raise Misfit("a merge key << needs a mapping or a list of mappings")
        data = read_object(mapping, dialect) if text_keys else read_free(mapping, dialect)
        skipped = {MERGE_KEY, ("string", MERGE_KEY)} if dialect.merge_key_given else set()
        found += [(key, value) for key, value in data.items() if key not in skipped]
    return found


def go_type(value: Free) -> str:
    """Return the name of the type that Go gives a value."""
    if value is None:
        return "nil"
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, int):
        return "int" if value <= _MAX_INT else "uint64"
    if isinstance(value, float):
        return "float64"
    if isinstance(value, str):
        return "time.Time" if isinstance(value, Timestamp) else "string"
    if isinstance(value, list):
        return "[]interface {}"
    return "map[interface {}]interface {}" if isinstance(value, AnyKeys) else "map[string]interface {}"


def check_copyable(value: Free, steps: Steps) -> None:
    """Check that the reference can copy a value, which stands at the end of some steps.

    Raises:
        CannotCopy: it holds a date, or a mapping with keys that are no texts.
    """
    stack = [value]
    while stack:
        each = stack.pop()
        if isinstance(each, list):
            stack += each
        elif isinstance(each, AnyKeys | Timestamp):
            raise CannotCopy(each, (*steps, *_way_to(each, value)))
        elif isinstance(each, dict):
            stack += each.values()


def _way_to(wanted: Free, value: Free) -> Steps:
    """Return the way to the very object that lies somewhere in a value, through nothing that cannot be copied."""
    stack: list[tuple[Free, Steps]] = [(value, ())]
    while stack:
        each, steps = stack.pop()
        if each is wanted:
            return steps
        if isinstance(each, list):
            stack += [(inner, (*steps, index)) for index, inner in enumerate(each)]
        elif isinstance(each, dict):
            stack += [(inner, (*steps, str(key))) for key, inner in each.items()]
    raise AssertionError("it was found in there")


def merge_objects(left: dict[Any, Free], right: dict[Any, Free]) -> dict[Any, Free]:
    """Return ``right`` merged into ``left``: mappings recursively, lists appended; 0 and "" change nothing.

    Raises:
        Misfit: a value would change its type, or is null, which crashes the reference.
    """
    out = type(left)(left)
    for key, value in right.items():
        out[key] = _merge(out[key], value) if key in out else value
    return out


def _merge(left: Free, right: Free) -> Free:
    if left is None:
        return right
    if right is None:
        raise Misfit("null over a value crashes the reference", "use $patch: delete")
    if go_type(left) != go_type(right):
        raise Misfit(f"merge type mismatch left {go_type(left)} right {go_type(right)}")
    if isinstance(left, dict):
        return merge_objects(left, right)
    if isinstance(left, list):
        return left + right
    if isinstance(left, Timestamp):
        raise Misfit("merge not possible: a time is not settable")
    return right if right or right is False else left


def delete_in(value: Free, path: tuple[str, ...]) -> Free:
    """Return a value without what stands at a path of keys.

    Raises:
        KeyError: there is nothing.
    """
    step: Any = ("string", path[0]) if isinstance(value, AnyKeys) else path[0]
    if not isinstance(value, dict) or step not in value:
        raise KeyError(path[0])
    out = type(value)(value)
    if len(path) == 1:
        del out[step]
    else:
        out[step] = delete_in(out[step], path[1:])
    return out
