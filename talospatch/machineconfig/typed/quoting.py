"""How go-yaml writes a string: plain, in quotes or as a block.

Sources: the encoders and emitters of the YAML library of each minor (see :mod:`talospatch.machineconfig.typed.dialect`) and the vectors.
"""

from __future__ import annotations

import base64
import re
from functools import cache

from talospatch.machineconfig.typed.dialect import dialect_of
from talospatch.machineconfig.typed.plain import OLD_BOOLS, resolve_unquoted

# Words and forms that YAML 1.1 reads as bool or number. They are quoted although nothing reads them so any more.
_OLD_BOOLS = frozenset(OLD_BOOLS)
BASE_60 = re.compile(r"[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?")

_SURELY_PLAIN = re.compile(r"[A-Za-z/][A-Za-z0-9_./+=-]{3,}")  # and not a word that means something: those are looked up before
_UNPRINTABLE = re.compile("[^\n\x20-\x7e\xa0-\ud7ff\ue000-\ufefe\uff00-\ufffd]")
_BREAK = re.compile("[\n\u2028\u2029]")
_NEVER_PLAIN = re.compile("[#,\\[\\]{}&*!|>'\"%@`]|---|\\.\\.\\.|[-?:](?:[ \t\n]|$)")  # at the beginning
_MARK_INSIDE = re.compile(":(?:[ \t\n]|$)|[ \t\n]#")
_EDGE_SPACE = re.compile("^[ \n\u2028\u2029]|[ \n\u2028\u2029]$")
_SPACE_BEFORE_BREAK = re.compile(" [\n\u2028\u2029]")
_SPACE_AFTER_BREAK = re.compile("[\n\u2028\u2029] ")
_LINE_START = re.compile("(?<![^\n\u2028\u2029])(?=[^\n\u2028\u2029])")
_ENDS_ITS_LINE = "\0"  # stands in no text that is written: it is always escaped
_BYTE_ORDER_MARK = "\ufeff"
SEPARATOR = re.compile("[\u2028\u2029]")  # line breaks of YAML that are no newlines
AFTER_SEPARATOR = re.compile("(?<=[\u2028\u2029])(?=[^\u2028\u2029])")
_ESCAPED = re.compile(r"[^\x20\x21\x23-\x5b\x5d-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd]")
_ESCAPES = {
    "\0": "\\0",
    "\a": "\\a",
    "\b": "\\b",
    "\t": "\\t",
    "\n": "\\n",
    "\v": "\\v",
    "\f": "\\f",
    "\r": "\\r",
    "\x1b": "\\e",
    '"': '\\"',
    "\\": "\\\\",
    "\x85": "\\N",
    "\xa0": "\\_",  # printable, so escaped only where everything is
    "\u2028": "\\L",
    "\u2029": "\\P",
}
_REMEMBERED = 20_000  # short strings a minor: the keys of all kinds and what fleets share, however many files are written


class Quoting:
    """How one minor writes strings.

    Attributes:
        known: strings without newlines that were asked for, each as :meth:`line` gave it.
        keys: keys that were asked for, each as :meth:`key` gave it.
    """

    def __init__(self, minor: str) -> None:
        self._dialect = dialect_of(minor)
        self.known: dict[str, str] = {}
        self.keys: dict[str, str] = {}

    def line(self, text: str) -> str:
        """Return a string without newlines as it stands behind a key or dash."""
        written = self.known.get(text)
        if written is None:
            written = self._line(text, known_text=False)
            if len(text) < 80 and len(self.known) < _REMEMBERED:
                self.known[text] = written
        return written

    def key(self, text: str) -> str:
        """Return a key as it stands before its colon."""
        written = self.line(text)
        if len(self.keys) < _REMEMBERED:
            self.keys[text] = written
        return written

    def tagged(self, text: str) -> str:
        """Return a string that the reference writes as a node with a tag of its own: words of YAML 1.1 are not quoted there."""
        return self._line(str(text), known_text=True)

    def _line(self, text: str, *, known_text: bool) -> str:
        if not known_text:
            if text in _OLD_BOOLS or (":" in text and BASE_60.fullmatch(text)):
                return f"{self._dialect.old_words}{text}{self._dialect.old_words}"
            if text == "<<":
                return self._dialect.merge_key
        if not text or text == "<<" or type(resolve_unquoted(text, self._dialect)) is not str:
            return double_quoted(text)
        if _SURELY_PLAIN.fullmatch(text):
            return text
        if not may_be_single_quoted(text):
            return double_quoted(text)
        return text if may_be_plain(text) else single_quoted(text)

    def block(self, text: str, indent: int, *, tagged: bool = False) -> str:
        """Return a string with newlines: a literal block indented by ``indent``, or in double quotes where a block cannot hold it.

        Args:
            text: a string with a newline.
            indent: the column of the block's lines.
            tagged: whether the reference writes it as a node with a tag of its own; then spaces alone are a block too.
        """
        dialect = self._dialect
        if not may_be_literal(text) or (text.isspace() and not tagged and not dialect.old_block_rules):
            return double_quoted(text)
        hinted = text[0] == " " or (dialect.hinted_newline and bool(_BREAK.match(text)))
        return literal(text, indent, hint="4" if hinted else "", newline=not (dialect.lost_newlines and _BREAK.match(text)))


def literal(text: str, indent: int, *, hint: str, newline: bool = True) -> str:
    """Return a literal block, without the newline at its end.

    Args:
        text: what it holds.
        indent: the column of its lines.
        hint: the indentation hint of its head, or "".
        newline: whether a newline follows the head.
    """
    chomp = "-" if not _BREAK.match(text[-1]) else "+" if len(text) == 1 or _BREAK.match(text[-2]) else ""
    body = _LINE_START.sub(" " * indent, text).removesuffix("\n")
    if SEPARATOR.match(text[-1]):
        body += _ENDS_ITS_LINE
    return f"|{hint}{chomp}" + ("\n" if newline else "") + body


def joined(lines: list[str]) -> str:
    """Return lines as a text with a newline at its end; a block that ends with a line separator has ended its line already."""
    text = "\n".join([*lines, ""])
    return text.replace(f"{_ENDS_ITS_LINE}\n", "") if _ENDS_ITS_LINE in text else text


def broken(text: str, written: str, indent: int) -> str:
    """Return a string with line separators as it is written over several lines: in single quotes those behind a separator are indented.

    Args:
        text: the string.
        written: how it would be written on one line.
        indent: the column of the lines.
    """
    return single_quoted(AFTER_SEPARATOR.sub(" " * indent, text)) if written[0] == "'" else written


def single_quoted(text: str) -> str:
    """Return a string in single quotes."""
    return "'" + text.replace("'", "''") + "'"


def may_be_single_quoted(text: str) -> bool:
    """Whether single quotes can hold a string: nothing unprintable in it, no space around a line break."""
    return not (_UNPRINTABLE.search(text) or _SPACE_BEFORE_BREAK.search(text) or _SPACE_AFTER_BREAK.search(text))


def may_be_plain(text: str) -> bool:
    """Whether a string reads as itself without quotes, whatever its type would be then."""
    if _NEVER_PLAIN.match(text) or _MARK_INSIDE.search(text) or _EDGE_SPACE.search(text) or _BREAK.search(text):
        return False
    return may_be_single_quoted(text)


def may_be_literal(text: str) -> bool:
    """Whether a literal block can hold a string: nothing unprintable in it but tabs, no space at the end of a line."""
    return not (text[-1] == " " or _SPACE_BEFORE_BREAK.search(text) or _UNPRINTABLE.search(text.replace("\t", "")))


def double_quoted(text: str) -> str:
    """Return a string in double quotes; bytes that are not UTF-8 as base64 with a tag."""
    if not text.isascii() and (data := text.encode("utf-8", "surrogateescape")) != text.encode("utf-8", "replace"):
        return f"!!binary {base64.b64encode(data).decode('ascii')}"
    if text.startswith(_BYTE_ORDER_MARK):  # go-yaml asks at every character whether the text begins with it
        return f'"{re.sub("(?s).", _escape, text)}"'
    return f'"{_ESCAPED.sub(_escape, text)}"'


def _escape(match: re.Match[str]) -> str:
    char = match[0]
    code = ord(char)
    if char in _ESCAPES:
        return _ESCAPES[char]
    return f"\\x{code:02X}" if code <= 0xFF else f"\\u{code:04X}" if code <= 0xFFFF else f"\\U{code:08X}"


@cache
def quoting_of(minor: str) -> Quoting:
    """Return how a minor writes strings."""
    return Quoting(minor)
