"""Small changes of a Python source, one at a time: what a slip of the hand or a wrong thought would make of it.

Left alone are docstrings, types, what is raised and what is asserted: a test that holds a message word for word tests nothing.
"""

from __future__ import annotations

import ast
import copy
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_COMPARISONS: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
}
_LONGEST = 70  # characters of a change that is shown
_GENERIC = frozenset({"dict", "list", "tuple", "set", "frozenset", "Callable", "Literal"})


@dataclass(frozen=True)
class Mutation:
    """One change.

    Attributes:
        function: the qualified name of the function in which it is, or ``-`` for the module itself.
        change: what stood there, an arrow, and what stands there now.
        line: where.
        source: the whole text with the change.
    """

    function: str
    change: str
    line: int
    source: str


def mutations(tree: ast.Module, source: str) -> Iterator[Mutation]:
    """Yield every change of a source, in its order."""
    visitor = _Visitor(source)
    visitor.block(tree.body, "-")
    return iter(sorted(visitor.found, key=lambda mutation: mutation.line))


class _Visitor:
    def __init__(self, source: str) -> None:
        self._source = source
        self._starts = [0]
        for line in source.splitlines(keepends=True):
            self._starts.append(self._starts[-1] + len(line.encode()))
        self.found: list[Mutation] = []
        self._function = "-"

    def block(self, statements: list[ast.stmt], function: str) -> None:
        """Change statements, those of a function or class under its name."""
        before, self._function = self._function, function
        for statement in statements:
            self._statement(statement)
        self._function = before

    def _statement(self, node: ast.stmt) -> None:
        outer = "" if self._function == "-" else f"{self._function}."
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            self.block(node.body, f"{outer}{node.name}")
            return
        if isinstance(node, ast.Import | ast.ImportFrom | ast.Assert) or _is_docstring(node) or _is_guard(node):
            return
        if isinstance(node, ast.Raise | ast.Expr | ast.Delete | ast.AugAssign):
            self._replace(node, "pass")
        if isinstance(node, ast.Raise):
            return
        if isinstance(node, ast.Continue | ast.Break):
            self._replace(node, "break" if isinstance(node, ast.Continue) else "continue")
        if isinstance(node, ast.Return) and node.value is not None and not (isinstance(node.value, ast.Constant) and not node.value.value):
            self._replace(node, "return None")
        if isinstance(node, ast.If) and not isinstance(node.test, ast.Compare | ast.BoolOp):
            self._expression(node.test, f"not ({ast.unparse(node.test)})")
        for name, field in ast.iter_fields(node):
            if name in {"annotation", "targets"}:
                continue
            for child in field if isinstance(field, list) else [field]:
                if isinstance(child, ast.stmt):
                    self._statement(child)
                elif isinstance(child, ast.ExceptHandler):
                    for inner in child.body:
                        self._statement(inner)
                elif isinstance(child, ast.expr):
                    self._inside(child)

    def _inside(self, expression: ast.expr) -> None:
        """Change an expression and all that is in it."""
        if _is_type(expression) or _is_error(expression):
            return
        self._changes(expression)
        if isinstance(expression, ast.JoinedStr):
            return
        for child in ast.iter_child_nodes(expression):
            if isinstance(child, ast.expr):
                self._inside(child)
            elif isinstance(child, ast.comprehension):
                self._comprehension(expression, child)
            elif isinstance(child, ast.keyword):
                self._inside(child.value)

    def _comprehension(self, whole: ast.expr, comprehension: ast.comprehension) -> None:
        self._inside(comprehension.iter)
        for index, condition in enumerate(comprehension.ifs):
            self._inside(condition)
            changed = copy.deepcopy(whole)
            for other in ast.walk(changed):
                if isinstance(other, ast.comprehension) and ast.dump(other) == ast.dump(comprehension):
                    del other.ifs[index]
                    break
            self._expression(whole, ast.unparse(changed))

    def _changes(self, node: ast.expr) -> None:
        """Change one expression, leaving what is in it."""
        match node:
            case ast.Compare(ops=[operator, *_]) if type(operator) in _COMPARISONS:
                changed = copy.copy(node)
                changed.ops = [_COMPARISONS[type(operator)](), *node.ops[1:]]
                self._expression(node, ast.unparse(changed))
            case ast.BoolOp(op=operator):
                changed_bool = copy.copy(node)
                changed_bool.op = ast.Or() if isinstance(operator, ast.And) else ast.And()
                self._expression(node, ast.unparse(changed_bool))
                for index in range(len(node.values)):
                    rest = copy.copy(node)
                    rest.values = node.values[:index] + node.values[index + 1 :]
                    self._expression(node, ast.unparse(rest if len(rest.values) > 1 else rest.values[0]))
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                self._expression(node, ast.unparse(operand))
            case ast.IfExp(body=body, orelse=orelse):
                self._expression(node, ast.unparse(body))
                self._expression(node, ast.unparse(orelse))
            case ast.BinOp(left=left, op=ast.Add(), right=right) if not isinstance(right, ast.Constant):
                self._expression(node, f"{ast.unparse(right)} + {ast.unparse(left)}")
            case ast.Call(func=ast.Attribute(attr="get"), args=[_, _]):
                changed_call = copy.copy(node)
                changed_call.args = node.args[:1]
                self._expression(node, ast.unparse(changed_call))
            case ast.Constant(value=value):
                self._constant(node, value)
            case ast.Set() | ast.Tuple() | ast.List() if len(node.elts) > 1:
                self._rows(node)
            case ast.Dict():
                self._entries(node)

    def _constant(self, node: ast.Constant, value: object) -> None:
        if isinstance(value, bool):
            self._expression(node, str(not value))
        elif isinstance(value, int):
            self._expression(node, str(value + 1))
        elif isinstance(value, str):
            self._expression(node, repr(f"{value}!"))

    def _rows(self, node: ast.Set | ast.Tuple | ast.List) -> None:
        """Drop each row of a table; the elements of a pair are no rows."""
        if self._function != "-" and not isinstance(node, ast.Set):
            return
        for index, row in enumerate(node.elts):
            if _is_text(row):
                continue  # another text is as good as none
            changed = copy.copy(node)
            changed.elts = node.elts[:index] + node.elts[index + 1 :]
            self._expression(node, ast.unparse(changed), f"without {ast.unparse(row)}")

    def _entries(self, node: ast.Dict) -> None:
        """Drop each entry of a table, and exchange two mappings that are put together."""
        unpacked = [value for key, value in zip(node.keys, node.values, strict=True) if key is None]
        if len(unpacked) == len(node.keys) == 2:
            first, second = map(ast.unparse, unpacked)
            self._expression(node, f"{{**{second}, **{first}}}")
        for index, key in enumerate(node.keys):
            if key is not None and _is_text(key):
                continue
            changed = copy.copy(node)
            changed.keys, changed.values = node.keys[:index] + node.keys[index + 1 :], node.values[:index] + node.values[index + 1 :]
            row = f"**{ast.unparse(node.values[index])}" if key is None else ast.unparse(key)
            self._expression(node, ast.unparse(changed), f"without {row}")

    def _expression(self, node: ast.expr, text: str, change: str | None = None) -> None:
        self._replace(node, f"({text})", change or f"{_short(ast.unparse(node))} → {_short(text)}")

    def _replace(self, node: ast.stmt | ast.expr, text: str, change: str | None = None) -> None:
        assert node.end_lineno is not None, "parsed from a text"
        assert node.end_col_offset is not None, "parsed from a text"
        data = self._source.encode()
        start, end = self._starts[node.lineno - 1] + node.col_offset, self._starts[node.end_lineno - 1] + node.end_col_offset
        source = (data[:start] + text.encode() + data[end:]).decode()
        try:
            ast.parse(source)
        except SyntaxError:
            return  # such as the text of a pattern, which takes no parentheses
        self.found.append(Mutation(self._function, change or f"{_short(ast.unparse(node))} → {text}", node.lineno, source))


def _short(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"


def _is_docstring(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _is_guard(node: ast.stmt) -> bool:
    return isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"


def _is_type(node: ast.expr) -> bool:
    return isinstance(node, ast.Subscript) and isinstance(node.value, ast.Name) and node.value.id in _GENERIC


def _is_error(node: ast.expr) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id.endswith(("Error", "Misfit"))


def _is_text(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)
