"""The type of an expression, by the names of its environment."""

from __future__ import annotations

from typing import TYPE_CHECKING

from talospatch.machineconfig.validation.cel.functions import instance, mixed_comparisons, standard
from talospatch.machineconfig.validation.cel.syntax import Call, CelError, Expression, ListOf, Literal, MapOf, Name, Select, parse
from talospatch.machineconfig.validation.cel.types import (
    BOOL,
    BYTES,
    DOUBLE,
    DURATION,
    DYN,
    INT,
    NULL,
    OPTIONAL,
    STRING,
    TIMESTAMP,
    UINT,
    Bindings,
    CelType,
    is_open,
    list_of,
    map_of,
    optional_of,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    from talospatch.machineconfig.validation.cel.environments import Environment

_LITERALS = {type_.name: type_ for type_ in (BOOL, BYTES, DOUBLE, INT, NULL, STRING, UINT)}
# Messages that stand for a type of CEL itself; a wrapped value may be null as well. Source: checkedWellKnowns of cel-go.
_WELL_KNOWN = {
    "google.protobuf.Any": DYN,
    "google.protobuf.Duration": DURATION,
    "google.protobuf.ListValue": list_of(DYN),
    "google.protobuf.Struct": map_of(STRING, DYN),
    "google.protobuf.Timestamp": TIMESTAMP,
    "google.protobuf.Value": DYN,
    **{f"google.protobuf.{name.capitalize()}Value": CelType(name, message=True) for name in ("bool", "bytes", "double", "string")},
    "google.protobuf.FloatValue": CelType("double", message=True),
    **{f"google.protobuf.{name}Value": CelType("int", message=True) for name in ("Int32", "Int64")},
    **{f"google.protobuf.{name}Value": CelType("uint", message=True) for name in ("UInt32", "UInt64")},
}
_NULL_WORD = "google.protobuf.NullValue.NULL_VALUE"
_TYPE_NAMES = frozenset({*_LITERALS, "list", "map", "type", *_WELL_KNOWN})
# Macros on a target: number of arguments, and what the body must be of. Source: the language definition, section Macros.
_MACROS = {"all": (2,), "exists": (2,), "exists_one": (2,), "filter": (2,), "map": (2, 3)}
_ON_OPTIONALS = frozenset({"optMap", "optFlatMap"})
_ACCUMULATOR = "__result__"


def problem_with(text: str, environment: Environment, *, result: CelType = BOOL) -> str | None:
    """Judge an expression; return what is wrong with it, with the line and column in it, or None."""
    try:
        found = _Checker(environment).whole(text)
        if found.name != result.name:  # a wrapped one counts as one
            raise CelError(f"is of type {found} instead of {result}", 0)
    except CelError as error:
        before = text[: error.at]
        line, column = before.count("\n") + 1, error.at - (before.rfind("\n") + 1) + 1
        return f"{error} ({line}:{column} in it)"
    return None


class _Checker:
    def __init__(self, environment: Environment) -> None:
        self._environment, self._bindings = environment, Bindings()
        self._functions = {name: list(signatures) for name, signatures in standard(environment.optional).items()}
        for name, signature in environment.functions:
            self._functions.setdefault(name, []).append(signature)
        self._scopes: list[dict[str, CelType]] = [dict(environment.variables)]
        self._after_macro = False  # then numbers of different types can be compared, in cel-go 0.26 to 0.31

    def whole(self, text: str) -> CelType:
        tree = parse(text, optional=self._environment.optional, escaped=self._environment.escaped)
        try:
            return self._bindings.resolved(self._type(tree))
        except RecursionError:
            raise CelError("is nested too deeply", 0) from None

    def _type(self, node: Expression) -> CelType:
        if isinstance(node, Literal):
            return _LITERALS[node.type]
        if isinstance(node, Name):
            return self._name(node)
        if isinstance(node, Select):
            return self._select(node)
        if isinstance(node, Call):
            return self._call(node)
        if isinstance(node, ListOf):
            return list_of(self._joined((item, index in node.optional) for index, item in enumerate(node.items)))
        assert isinstance(node, MapOf), "there are no other nodes"
        return self._message(node) if node.message else self._map(node)

    def _name(self, node: Name) -> CelType:
        found = self._variable(node.name)
        if found is None:
            raise CelError(f"names {node.name!r}, which is not known here", node.at)
        return found

    def _variable(self, name: str) -> CelType | None:
        for scope in reversed(self._scopes):
            if name in scope:
                return scope[name]
        if name == _NULL_WORD:
            return INT
        if name in _TYPE_NAMES or name in self._environment.messages:
            return CelType("type", (CelType(name),))
        return None

    def _select(self, node: Select) -> CelType:
        dotted = _dotted(node)
        if dotted is not None and (found := self._variable(dotted)) is not None:
            return found
        operand = self._bindings.resolved(self._type(node.operand))
        inside = operand.inside[0] if operand.name == OPTIONAL else operand
        field = self._field(inside, node)
        return optional_of(field) if operand.name == OPTIONAL or node.optional else field

    def _field(self, operand: CelType, node: Select) -> CelType:
        fields = self._environment.messages.get(operand.name)
        if fields is not None:
            if node.field not in fields:
                raise CelError(f"selects {node.field!r}, which {operand.name.rpartition('.')[2]} does not have", node.at)
            return fields[node.field]
        if operand.name == "map" and operand.inside:
            return operand.inside[1]
        if operand.variable:
            self._bindings.fits(DYN, operand)
        elif not is_open(operand):
            raise CelError(f"selects {node.field!r} of a {operand}, which has no fields", node.at)
        return DYN

    def _call(self, node: Call) -> CelType:
        count = len(node.arguments)
        if node.target is None and node.function == "has" and count == 1:
            return self._has(node)
        if node.target is not None and count in _MACROS.get(node.function, ()):
            return self._fold(node, node.target)
        if node.target is not None and node.function in _ON_OPTIONALS and count == 2 and self._environment.optional:
            return self._mapped_optional(node, node.target)
        given = [self._type(argument) for argument in node.arguments]
        if node.target is not None:
            dotted = _dotted(node.target)
            if dotted is not None and f"{dotted}.{node.function}" in self._functions:
                return self._result(node, f"{dotted}.{node.function}", given, member=False)
            given.insert(0, self._type(node.target))
        return self._result(node, node.function, given, member=node.target is not None)

    def _result(self, node: Call, name: str, given: list[CelType], *, member: bool) -> CelType:
        if name not in self._functions:
            raise CelError(f"calls {name!r}, which is not known here", node.at)
        if name in {"_&&_", "_||_"}:
            for type_ in given:
                self._assert_fits(type_, BOOL, node)
            return BOOL
        result: CelType | None = None
        for declared in (*self._functions[name], *(mixed_comparisons().get(name, ()) if self._after_macro else ())):
            if declared.member != member:
                continue
            signature = instance(declared, self._bindings)
            if self._bindings.fits_all(given, signature.arguments):
                found = self._bindings.resolved(signature.result)
                result = found if result is None or result == found else DYN
        if result is None:
            types = ", ".join(str(self._bindings.resolved(type_)) for type_ in given)
            raise CelError(f"uses {name.strip('_')!r} on ({types}), which does not go together", node.at)
        return result

    def _assert_fits(self, given: CelType, wanted: CelType, node: Expression) -> None:
        if not self._bindings.fits(given, wanted):
            raise CelError(f"has a {self._bindings.resolved(given)} where a {wanted} belongs", node.at)

    def _has(self, node: Call) -> CelType:
        (argument,) = node.arguments
        while isinstance(argument, Call) and argument.function == "has" and argument.target is None and len(argument.arguments) == 1:
            (argument,) = argument.arguments
        if not isinstance(argument, Select) or argument.optional:
            raise CelError("asks has() of something that is not a field", node.at)
        operand = self._bindings.resolved(self._type(argument.operand))
        self._field(operand.inside[0] if operand.name == OPTIONAL else operand, argument)
        return BOOL

    def _fold(self, node: Call, target: Expression) -> CelType:
        """Type a macro that goes over a list or the keys of a map."""
        variable, body = self._macro_variable(node), node.arguments[1:]
        over = self._bindings.resolved(self._type(target))
        if over.name in {"list", "map"}:
            element = over.inside[0]
        elif over.variable or is_open(over):
            self._bindings.fits(DYN, over)
            element = DYN
        else:
            raise CelError(f"goes over a {over} with {node.function!r}, which is neither list nor map", node.at)
        self._after_macro = True
        self._scopes.append({variable: element})
        try:
            types = [self._type(argument) for argument in body]
        finally:
            self._scopes.pop()
        conditions = types if node.function != "map" else types[:-1]
        for type_, argument in zip(conditions, body, strict=False):
            self._assert_fits(type_, BOOL, argument)
        if node.function == "map":
            return list_of(self._bindings.resolved(types[-1]))
        return list_of(element) if node.function == "filter" else BOOL

    def _mapped_optional(self, node: Call, target: Expression) -> CelType:
        variable = self._macro_variable(node)
        over = self._bindings.resolved(self._type(target))
        inner = self._bindings.fresh()
        self._assert_fits(over, optional_of(inner), node)
        self._after_macro = True
        self._scopes.append({variable: self._bindings.resolved(inner)})
        try:
            found = self._type(node.arguments[1])
        finally:
            self._scopes.pop()
        if node.function == "optMap":
            return optional_of(found)
        self._assert_fits(found, optional_of(self._bindings.fresh()), node)
        return found

    def _macro_variable(self, node: Call) -> str:
        first = node.arguments[0]
        if not isinstance(first, Name) or first.name == _ACCUMULATOR:
            raise CelError(f"needs a name as the first argument of {node.function!r}", first.at)
        return first.name

    def _joined(self, items: Iterable[tuple[Expression, bool]]) -> CelType:
        """Return the type that elements have in common: dyn when they differ."""
        joined: CelType | None = None
        for item, optional in items:
            found = self._bindings.resolved(self._type(item))
            if optional:
                if found.name != OPTIONAL and not is_open(found):
                    raise CelError(f"has a {found} where an optional value belongs", item.at)
                found = found.inside[0] if found.name == OPTIONAL else found
            if joined is None or (joined != DYN and is_open(found)):
                joined = found
            elif not self._bindings.fits(joined, found):
                joined = DYN
        return self._bindings.fresh() if joined is None else self._bindings.resolved(joined)

    def _map(self, node: MapOf) -> CelType:
        keys = self._joined((key, False) for key, _, _ in node.entries)
        return map_of(keys, self._joined((value, optional) for _, value, optional in node.entries))

    def _message(self, node: MapOf) -> CelType:
        fields = self._environment.messages.get(node.message)
        if fields is None:
            raise CelError(f"makes a {node.message!r}, which is not known here", node.at)
        for key, value, optional in node.entries:
            assert isinstance(key, Name), "the parser makes no others"
            if key.name not in fields:
                raise CelError(f"sets {key.name!r}, which {node.message} does not have", key.at)
            given = self._bindings.resolved(self._type(value))
            if optional and given.name == OPTIONAL:
                given = given.inside[0]
            self._assert_fits(given, fields[key.name], value)
        return _WELL_KNOWN.get(node.message) or CelType(node.message, message=True)


def _dotted(node: Expression) -> str | None:
    """Return the name that selections of a name spell, None when it is something else."""
    if isinstance(node, Name):
        return node.name
    if isinstance(node, Select) and not node.optional:
        before = _dotted(node.operand)
        return None if before is None else f"{before}.{node.field}"
    return None
