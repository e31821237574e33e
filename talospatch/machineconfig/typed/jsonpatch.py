"""JSON patches (RFC 6902) as the reference applies them: on one document only, through JSON, without a look at the schema.

Source: evanphx/json-patch 5.9.11, root package; the machinery's config/configpatcher/json6902.go and load.go; the vectors. Where it differs
from the RFC: ``replace`` of a missing key adds it, negative indexes count from the end, a path without its first slash loses its first
part, ``copy`` from a missing key and ``add`` without a value write null.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from talospatch.errors import ChangeError, ConfigError
from talospatch.machineconfig.nodes import Mapping, Scalar, Sequence, resolved
from talospatch.machineconfig.scalars import Timestamp
from talospatch.machineconfig.typed.dialect import dialect_of
from talospatch.machineconfig.typed.free import AnyKeys, read_free, read_object
from talospatch.machineconfig.typed.lenient import read_lenient
from talospatch.machineconfig.typed.misfit import Misfit
from talospatch.machineconfig.typed.numbers import write_time
from talospatch.machineconfig.typed.repeated import read_repeated
from talospatch.machineconfig.typed.yaml11 import V3, Number, json_float, json_of, write_json

if TYPE_CHECKING:
    from talospatch.machineconfig.nodes import Node
    from talospatch.machineconfig.reader import Tree
    from talospatch.machineconfig.typed.dialect import Dialect

Operation = dict[str, Any]  # its members as JSON: None, bool, Number, str, list, dict

# The reference knows three nulls: that of a config, which is None here, and those that are the value of an operation.
GIVEN_NULL = object()  # in JSON: equals itself only
WRITTEN_NULL = object()  # in YAML, and what a copy makes of the other: a mapping without keys that takes none
_NULLS = (GIVEN_NULL, WRITTEN_NULL)
_INDEX = re.compile(r"[+-]?[0-9]+")
_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")


def operations_of(text: str, minor: str, *, source: str | None = None) -> tuple[Operation, ...] | None:
    """Return the operations of a JSON patch, written as JSON or as YAML; None for a text that is no list of operations.

    Raises:
        ChangeError: it looks like a JSON patch, and cannot be read as one.
    """
    try:
        found = json.loads(text, parse_int=Number, parse_float=Number, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        return _from_yaml(text, minor, source, error)
    if found is None:
        return ()
    if not isinstance(found, list) or not all(isinstance(each, dict | None) for each in found):
        return _from_yaml(text, minor, source, ValueError("a JSON patch is a list of operations"))
    if _SURROGATE.search(text):
        raise ChangeError(
            "the patch escapes a character as a surrogate pair, which the reference refuses", source=source, hint="write the character"
        )
    return tuple(each or {} for each in found)


def _no_constant(text: str) -> None:
    raise ValueError(f"JSON has no {text}")


def _from_yaml(text: str, minor: str, source: str | None, error: Exception) -> tuple[Operation, ...] | None:
    """Read the first document of a YAML text as operations."""
    dialect = dialect_of(minor)
    try:
        root = _first_root(text, dialect, source)
        if root is None:
            return ()
        if isinstance(root, Sequence):
            items = [resolved(item) for item in root.items]
            made: list[Operation] = []
            for item in items:
                if isinstance(item, Mapping):
                    operation = {key: _json_free(value) for key, value in read_object(item, dialect).items()}
                    made.append(operation | ({"value": WRITTEN_NULL} if operation.get("value", "") is None else {}))
                elif isinstance(item, Scalar) and read_free(item, dialect) is None:
                    made.append({})
                else:
                    raise Misfit("each operation is a mapping with op and path")
            return tuple(made)
    except (ConfigError, Misfit) as problem:
        if not text.lstrip().startswith(("[", "-")):
            return None
        raise ChangeError(f"this is no list of JSON patch operations: {problem}", source=source) from error
    return None


def _first_root(text: str, dialect: Dialect, source: str | None) -> Node | None:
    """Return the first document. What is wrong behind it does not count: the reference reads no further."""
    try:
        trees = read_lenient(text, dialect, source=source)
    except ConfigError:
        first = read_repeated(text, first=True)
        if not first or first[0].root is not None:
            raise
        return None
    return trees[0].root if trees else None


def _json_free(value: Any) -> Any:
    if isinstance(value, dict):
        if isinstance(value, AnyKeys):
            raise Misfit("keys of JSON are texts")
        return {key: _json_free(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_json_free(each) for each in value]
    if isinstance(value, Timestamp):
        return write_time(value)
    if value is None or isinstance(value, bool | str):
        return value
    return json_float(value) if isinstance(value, float) else Number(value)


def apply_operations(text: str, operations: tuple[Operation, ...], *, source: str | None = None) -> str:
    """Return a config after the operations of a JSON patch.

    Args:
        text: the config, of one document; any YAML will do.
        operations: what to do, in order.
        source: what the user calls the patch, for errors.

    Raises:
        ConfigError: the config cannot be read, or has more than one document.
        ChangeError: an operation does not apply.
    """
    trees = _trees(text)
    if len(trees) != 1:
        raise ConfigError(
            f"JSON patches work on one document, here are {len(trees)}",
            hint="write it as a strategic merge patch; a trailing --- counts too",
        )
    try:
        root = json_of(trees[0].root)
        if not isinstance(root, dict | list) and (operations or root is not None):
            raise Misfit("a JSON patch needs a mapping or a list")
        for number, operation in enumerate(operations, start=1):
            try:
                root = _apply(root, operation)
            except Misfit as misfit:
                raise Misfit(f"operation {number}: {misfit}", misfit.hint) from None
        return write_json(_copied(root))
    except Misfit as misfit:
        raise ChangeError(str(misfit), source=source, hint=misfit.hint) from None


def _trees(text: str) -> tuple[Tree, ...]:
    """Read a config; of a key that stands twice the later counts."""
    try:
        return read_lenient(text, V3)
    except ConfigError:
        trees = read_repeated(text)
        if trees is None:
            raise
        return trees


def _apply(root: Any, operation: Operation) -> Any:
    kind = operation.get("op")
    act = _ACTS.get(kind) if isinstance(kind, str) else None
    if act is None:
        raise Misfit(f"{str(kind)[:40]!r} is no operation", f"one of {', '.join(_ACTS)}")
    return act(root, operation)


def _text_member(operation: Operation, name: str) -> str:
    text = operation.get(name)
    if not isinstance(text, str) or isinstance(text, Number):
        raise Misfit(f"the operation has no {name}")
    return text


def _find(root: Any, path: str) -> tuple[Any, str]:
    """Return the collection that holds the last part of a path, and that part."""
    parts = path.split("/")
    if len(parts) < 2:
        raise Misfit(f"the path {path!r} names no member", "begin it with a slash")
    holder = root
    for part in parts[1:-1]:
        name = _decoded(part)
        if isinstance(holder, list):
            holder = holder[_index(holder, name, len(holder))] if _INDEX.fullmatch(name) else None
        else:
            holder = _get(holder, name)
        if not isinstance(holder, dict | list) and holder is not WRITTEN_NULL:
            raise Misfit(f"the config has nothing at {path!r}: {part!r} is missing on the way")
    return holder, _decoded(parts[-1])


def _decoded(part: str) -> str:
    return part.replace("~1", "/").replace("~0", "~")


def _index(holder: list[Any], name: str, end: int) -> int:
    """Return a place in a list from 0 to below ``end``; negative indexes count from there."""
    if not _INDEX.fullmatch(name):
        raise Misfit(f"{name!r} is no place in a list")
    index = int(name)
    if not -end <= index < end:
        raise Misfit(f"{index} is no place in a list of {len(holder)}")
    return index + end if index < 0 else index


def _get(holder: Any, name: str) -> Any:
    if holder is WRITTEN_NULL:
        return None
    return holder[_index(holder, name, len(holder))] if isinstance(holder, list) else holder.get(name)


def _put(holder: Any, name: str, value: Any) -> None:
    """Add a member: into a list before its place, or at the end."""
    if holder is WRITTEN_NULL:
        raise Misfit(f"{name[:60]!r} is added to null, which crashes the reference")
    if isinstance(holder, dict):
        holder[name] = value
    elif name == "-":
        holder.append(value)
    else:
        holder.insert(_index(holder, name, len(holder) + 1), value)


def _take(holder: Any, name: str) -> Any:
    if isinstance(holder, list):
        return holder.pop(_index(holder, name, len(holder)))
    if holder is WRITTEN_NULL or name not in holder:
        raise Misfit(f"there is no key {name[:60]!r} to remove")
    return holder.pop(name)


def _add(root: Any, operation: Operation) -> Any:
    holder, name = _find(root, _text_member(operation, "path"))
    _put(holder, name, _value(operation))
    return root


def _remove(root: Any, operation: Operation) -> Any:
    holder, name = _find(root, _text_member(operation, "path"))
    _take(holder, name)
    return root


def _replace(root: Any, operation: Operation) -> Any:
    path, value = _text_member(operation, "path"), _value(operation)
    if not path:
        if not isinstance(value, dict | list) and value is not WRITTEN_NULL:
            raise Misfit("the whole config can only be replaced by a mapping or a list")
        return value
    holder, name = _find(root, path)
    if isinstance(holder, list):
        holder[_index(holder, name, len(holder))] = value
    else:
        _put(holder, name, value)
    return root


def _move(root: Any, operation: Operation) -> Any:
    holder, name = _find(root, _text_member(operation, "from"))
    value = _take(holder, name)
    holder, name = _find(root, _text_member(operation, "path"))
    _put(holder, name, value)
    return root


def _copy(root: Any, operation: Operation) -> Any:
    holder, name = _find(root, _text_member(operation, "from"))
    value = _get(holder, name)
    value = WRITTEN_NULL if value in _NULLS else _copied(value)
    holder, name = _find(root, _text_member(operation, "path"))
    _put(holder, name, value)
    return root


def _test(root: Any, operation: Operation) -> Any:
    path = _text_member(operation, "path")
    if path:
        holder, name = _find(root, path)
        found = _get(holder, name)
    else:
        found = root
    wanted = _value(operation)
    if not (wanted in (None, GIVEN_NULL) if found is None else _equal(found, wanted)):
        raise Misfit(f"the test of {path!r} failed: the config has another value")
    return root


def _equal(left: Any, right: Any) -> bool:
    """Compare as the reference does: numbers by their text, and null in a list crashes it."""
    pairs = [(left, right)]
    while pairs:
        one, other = pairs.pop()
        if one is WRITTEN_NULL or other is WRITTEN_NULL:
            if not _is_empty(one, other):
                return False
        elif isinstance(one, dict) and isinstance(other, dict):
            if one.keys() != other.keys():
                return False
            pairs += [(value, other[key]) for key, value in one.items()]
        elif isinstance(one, list) and isinstance(other, list):
            if len(one) != len(other):
                return False
            if None in one or None in other:
                raise Misfit("the test compares null in a list, which crashes the reference")
            pairs += zip(one, other, strict=True)
        elif type(one) is not type(other) or one != other:
            return False
    return True


def _is_empty(found: Any, wanted: Any) -> bool:
    """Whether both are empty, one of them a null that was written: found, that is as good as a mapping without keys, but no list."""
    return (found is WRITTEN_NULL or found in ({}, [])) and (wanted is WRITTEN_NULL or wanted == {})


def _value(operation: Operation) -> Any:
    """Return a copy of the value of an operation; None where it has none."""
    value = operation.get("value")
    if value is None:
        return GIVEN_NULL if "value" in operation else None
    return value if value is WRITTEN_NULL else _copied(value)


def _copied(value: Any) -> Any:
    """Return a copy of a value, in which one null is as good as another."""
    if value in _NULLS:
        return None
    if isinstance(value, dict):
        return {key: _copied(each) for key, each in value.items()}
    return [_copied(each) for each in value] if isinstance(value, list) else value


_ACTS = {"add": _add, "remove": _remove, "replace": _replace, "move": _move, "copy": _copy, "test": _test}
