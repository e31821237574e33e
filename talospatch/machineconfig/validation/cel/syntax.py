"""From the text of an expression to its tree. Source of the grammar: the CEL language definition, section Syntax."""

from __future__ import annotations

import re
from dataclasses import dataclass, field


class CelError(ValueError):
    """An expression is wrong. ``str()`` says why; ``at`` is the index of the character in its text."""

    def __init__(self, problem: str, at: int) -> None:
        self.at = at
        super().__init__(problem)


@dataclass(frozen=True, slots=True)
class Expression:
    """A node of the tree; ``at`` is where it begins."""

    at: int


@dataclass(frozen=True, slots=True)
class Literal(Expression):
    """A constant; ``type`` is the name of its type."""

    type: str
    text: str = ""


@dataclass(frozen=True, slots=True)
class Name(Expression):
    """A variable, or the first part of a longer name."""

    name: str


@dataclass(frozen=True, slots=True)
class Select(Expression):
    """``operand.field``, or ``operand.?field``."""

    operand: Expression
    field: str
    optional: bool = False


@dataclass(frozen=True, slots=True)
class Call(Expression):
    """A function with arguments, or a method of a target; operators are functions too."""

    function: str
    target: Expression | None
    arguments: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class ListOf(Expression):
    """A list. ``optional`` holds the indexes of elements that begin with ``?``."""

    items: tuple[Expression, ...]
    optional: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class MapOf(Expression):
    """A map, or a message when it has a name: keys and values, and whether the entry begins with ``?``."""

    entries: tuple[tuple[Expression, Expression, bool], ...]
    message: str = field(default="")


_ESCAPE = r"\\(?:[abfnrtv\"'\\?`]|[xX][0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|[0-3][0-7]{2})"
_QUOTED = "|".join(
    (
        rf'"""(?:{_ESCAPE}|[^\\])*?"""',
        rf"'''(?:{_ESCAPE}|[^\\])*?'''",
        rf'"(?:{_ESCAPE}|[^\\"\n\r])*"',
        rf"'(?:{_ESCAPE}|[^\\'\n\r])*'",
    )
)
_RAW = r'[rR](?:"""(?s:.*?)"""|' + r"'''(?s:.*?)'''" + r'|"[^"\n\r]*"|' + r"'[^'\n\r]*')"
_TOKEN = re.compile(
    rf"""
    (?P<space>[\t\x20\r\n\f]+|//[^\n]*)
  | (?P<bytes>[bB](?:{_RAW}|{_QUOTED}))
  | (?P<string>{_RAW}|{_QUOTED})
  | (?P<double>[0-9]+\.[0-9]+(?:[eE][+-]?[0-9]+)?|[0-9]+[eE][+-]?[0-9]+|\.[0-9]+(?:[eE][+-]?[0-9]+)?)
  | (?P<uint>0x[0-9a-fA-F]+[uU]|[0-9]+[uU])
  | (?P<int>0x[0-9a-fA-F]+|[0-9]+)
  | (?P<name>[A-Za-z_][A-Za-z0-9_]*)
  | (?P<escaped>`[A-Za-z0-9_./\x20-]+`)
  | (?P<sign>==|!=|<=|>=|&&|\|\||[<>\[\]{{}}().,\-!?:+*/%])
    """,
    re.VERBOSE,
)
_CODE_POINT = re.compile(r"\\(?:\\|[uU]([0-9a-fA-F]{4,8}))")
_WORDS = {"true": "bool", "false": "bool", "null": "null_type"}
_NO_FIELDS = frozenset({"in", "true", "false", "null"})
RESERVED = frozenset(
    (
        *("as", "break", "const", "continue", "else", "false", "for", "function", "if", "import", "in", "let", "loop", "package"),
        *("namespace", "null", "return", "true", "var", "void", "while"),
    )
)
# Binding strength of infix operators, the weakest first; all bind to the left.
_LEVELS = {
    **dict.fromkeys(("||",), 1),
    **dict.fromkeys(("&&",), 2),
    **dict.fromkeys(("<", "<=", ">", ">=", "==", "!=", "in"), 3),
    **dict.fromkeys(("+", "-"), 4),
    **dict.fromkeys(("*", "/", "%"), 5),
}
_DEEPEST = 250  # nested rules; the reference's parser refuses more
_LONGEST = 100_000  # code points
_MAX_INT, _MAX_UINT = 2**63, 2**64


def parse(text: str, *, optional: bool = False, escaped: bool = False) -> Expression:
    """Return the tree of an expression.

    Args:
        text: the expression.
        optional: whether ``?.`` and its kin are allowed.
        escaped: whether the name of a field may stand in backticks.

    Raises:
        CelError: it does not parse.
    """
    if len(text) > _LONGEST:
        raise CelError(f"is longer than {_LONGEST} characters", _LONGEST)
    try:
        return _Parser(text, optional, escaped).whole()
    except RecursionError:
        raise CelError("is nested too deeply", 0) from None


class _Parser:
    def __init__(self, text: str, optional: bool, escaped: bool) -> None:
        self._text, self._optional, self._escaped = text, optional, escaped
        self._tokens: list[tuple[str, str, int]] = []
        at = 0
        while at < len(text):
            match = _TOKEN.match(text, at)
            if match is None:
                raise CelError(f"has {text[at : at + 12]!r}, which is no part of an expression", at)
            kind = match.lastgroup or ""
            if kind != "space":
                self._tokens.append((kind, match[0], at))
            at = match.end()
        self._tokens.append(("end", "", len(text)))
        self._next = self._depth = 0

    def whole(self) -> Expression:
        found = self._expression()
        if self._kind != "end":
            raise self._unexpected()
        return found

    @property
    def _kind(self) -> str:
        return self._tokens[self._next][0]

    @property
    def _word(self) -> str:
        kind, word, _ = self._tokens[self._next]
        return word if kind in {"sign", "name"} else ""

    @property
    def _at(self) -> int:
        return self._tokens[self._next][2]

    def _unexpected(self) -> CelError:
        _, word, at = self._tokens[self._next]
        return CelError(f"has {word[:30]!r} where it cannot stand" if word else "ends too early", at)

    def _take(self, word: str) -> bool:
        if self._word != word or self._kind == "string":
            return False
        self._next += 1
        return True

    def _expect(self, word: str) -> None:
        if not self._take(word):
            raise self._unexpected()

    def _expression(self) -> Expression:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise CelError("is nested too deeply", self._at)
        at = self._at
        found = self._infix(1)
        if self._take("?"):
            yes = self._infix(1)
            self._expect(":")
            found = Call(at, "_?_:_", None, (found, yes, self._expression()))
        self._depth -= 1
        return found

    def _infix(self, weakest: int) -> Expression:
        left = self._unary()
        while (level := _LEVELS.get(self._word, 0)) >= weakest:
            word, at = self._word, self._at
            self._next += 1
            right = self._infix(level + 1)
            left = Call(at, "@in" if word == "in" else f"_{word}_", None, (left, right))
        return left

    def _unary(self) -> Expression:
        at, sign = self._at, self._word
        if sign not in {"!", "-"}:
            return self._member(self._primary())
        count = 0
        while self._word == sign:
            count += 1
            self._next += 1
        if sign == "-" and count == 1 and self._kind in {"int", "double"}:
            count = 0
            found = self._member(self._literal(negative=True))
        elif sign == "!" and self._word == "-" and self._tokens[self._next + 1][0] in {"int", "double"}:
            self._next += 1
            found = self._member(self._literal(negative=True))
        else:
            found = self._member(self._primary())
        return Call(at, "!_" if sign == "!" else "-_", None, (found,)) if count % 2 else found

    def _member(self, found: Expression) -> Expression:
        while True:
            at = self._at
            if self._take("."):
                found = self._selected(found, at)
            elif self._take("["):
                optional = self._optional_mark()
                index = self._expression()
                self._expect("]")
                found = Call(at, "_[?_]" if optional else "_[_]", None, (found, index))
            else:
                return found

    def _selected(self, operand: Expression, at: int) -> Expression:
        optional = self._optional_mark()
        plain = self._kind == "name"
        name = self._field_name()
        if plain and not optional and self._take("("):
            return Call(at, name, operand, self._arguments())
        return Select(at, operand, name, optional)

    def _field_name(self) -> str:
        kind, word, _ = self._tokens[self._next]
        if (kind != "name" or word in _NO_FIELDS) and not (kind == "escaped" and self._escaped):
            raise self._unexpected()
        self._next += 1
        return word.strip("`")

    def _optional_mark(self) -> bool:
        at = self._at
        if not self._take("?"):
            return False
        if not self._optional:
            raise CelError("has a '?' that this expression cannot have", at)
        return True

    def _arguments(self) -> tuple[Expression, ...]:
        found: list[Expression] = []
        if not self._take(")"):
            found.append(self._expression())
            while self._take(","):
                found.append(self._expression())
            self._expect(")")
        return tuple(found)

    def _primary(self) -> Expression:
        at = self._at
        if self._take("("):
            found = self._expression()
            self._expect(")")
            return found
        if self._take("["):
            return self._list(at)
        if self._take("{"):
            return self._map(at, "")
        if (self._kind == "name" and self._word in _WORDS) or self._kind in {"int", "uint", "double", "string", "bytes"}:
            return self._literal()
        self._take(".")
        return self._named(at)

    def _named(self, at: int) -> Expression:
        if self._kind != "name" or self._word == "in":
            raise self._unexpected()
        name = self._word
        self._next += 1
        if (message := self._message(name)) is not None:
            return self._map(at, message)
        if name in RESERVED:
            raise CelError(f"uses the reserved word {name!r} as a name", at)
        return Call(at, name, None, self._arguments()) if self._take("(") else Name(at, name)

    def _message(self, name: str) -> str | None:
        """Return the name of a message of which the braces come next, and step behind the opening one."""
        ahead = self._next
        while self._tokens[ahead][1] == "." and self._tokens[ahead + 1][0] == "name":
            name = f"{name}.{self._tokens[ahead + 1][1]}"
            ahead += 2
        if self._tokens[ahead][:2] != ("sign", "{"):
            return None
        self._next = ahead + 1
        return name

    def _list(self, at: int) -> Expression:
        items: list[Expression] = []
        optional: set[int] = set()
        while self._word != "]" or self._kind == "string":
            if self._optional_mark():
                optional.add(len(items))
            items.append(self._expression())
            if not self._take(","):
                break
        if not items:
            self._take(",")
        self._expect("]")
        return ListOf(at, tuple(items), frozenset(optional))

    def _map(self, at: int, message: str) -> Expression:
        entries: list[tuple[Expression, Expression, bool]] = []
        while self._word != "}" or self._kind == "string":
            optional = self._optional_mark()
            if message:
                key: Expression = Name(self._at, self._field_name())
            else:
                key = self._expression()
            self._expect(":")
            entries.append((key, self._expression(), optional))
            if not self._take(","):
                break
        if not entries:
            self._take(",")
        self._expect("}")
        return MapOf(at, tuple(entries), message)

    def _literal(self, *, negative: bool = False) -> Literal:
        kind, word, at = self._tokens[self._next]
        self._next += 1
        if kind == "name":
            return Literal(at, _WORDS[word], word)
        if kind in {"int", "uint"}:
            value = int(word.rstrip("uU"), 16 if word[:2] == "0x" else 10)
            if value >= (_MAX_UINT if kind == "uint" else _MAX_INT + negative):
                raise CelError(f"has {word[:30]}, which is too large", at)
        elif kind == "double" and float(word) == float("inf"):
            raise CelError(f"has {word[:30]}, which is too large", at)
        elif kind in {"string", "bytes"}:
            _check_escapes(kind, word, at)
        return Literal(at, kind, word)


def _check_escapes(kind: str, word: str, at: int) -> None:
    if "r" in word[: 2 if kind == "bytes" else 1].lower():
        return
    for match in _CODE_POINT.finditer(word):
        if match[1] is None:
            continue
        point = int(match[1], 16)
        if kind == "bytes" or point > 0x10FFFF or 0xD800 <= point <= 0xDFFF:
            raise CelError(f"has the escape {match[0]!r}, which is no character", at)
