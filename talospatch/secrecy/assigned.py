"""Secrets in a text that are known by the name that they are assigned to, in YAML, JSON, TOML, INI, shell, URLs and command lines.

The text need not be well-formed, nor of one language: it may be a diff, a message, or JSON inside of YAML. Where the language leaves open
how far a value goes, it goes to the end of the line.
"""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING

from talospatch.secrecy.forms import Span
from talospatch.secrecy.names import QUICK, is_key_alone, is_secret_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_REDACTED = "[redacted"
# What is no secret whatever it is assigned to: nothing, a word for yes or no, and a reference to where the secret is.
NO_VALUE = re.compile(r"(?i)(?:null|nil|none|~|true|false|yes|no|on|off|\$\{[^}]*\}|\$\([^)]*\)|\{\{.*\}\}|<[^>]*>|\*+)")
_KEY_MATERIAL = re.compile(r"(?=.*[0-9])(?=.*[A-Za-z])(?:[A-Fa-f0-9]{32,}|(?=.*[A-Z])(?=.*[a-z])[A-Za-z0-9+/_-]{20,}={0,2})")
_LONGEST_KEY = 202  # characters
_LOOK_BACK = 240  # characters of a line before a name that tell how it is assigned
_LINE_START = re.compile(
    r"[ +\-]?[ \t]*(?:(?:#|//|;|-|export|set|env|ENV|ARG|-e|--env|declare|local|readonly)[ \t]+|#|Environment=|--env=)*[\"'\\]{0,4}"
)
_PLAIN_WORD = re.compile(r"[a-z]+[,.;:!]?")
_STOP_IN_FLOW = re.compile(r"[,}\]\n]")
_REMARK = re.compile(r"[ \t]+#")
_TRAILING = ",;)]}\"'"


def is_key_material(text: str) -> bool:
    """Whether a text is a key itself, as nothing else that is called ``key`` would be."""
    return len(text) <= _LONGEST_KEY and _KEY_MATERIAL.fullmatch(text) is not None


@cache
def _name() -> re.Pattern[str]:
    """A name and a sign of assignment behind it."""
    return re.compile(
        r"(?<![\w.-])-{0,3}(?P<name>[^\W\d][\w.-]{0,199}+)"
        r"(?P<quote>\\{0,7}[\"'])?+[ \t]{0,80}+(?P<sign>=>|:=|\+=|[:=])(?P<space>[ \t]*+)"
    )


@cache
def _option() -> re.Pattern[str]:
    """An option of a command line with its value behind a blank."""
    return re.compile(r"(?<![\w.-])--(?P<name>[^\W\d][\w.-]{0,199}+)[ \t]{1,20}+(?=[^\s=:-])")


@cache
def _pair() -> re.Pattern[str]:
    """The name of a variable and the value beside it, as Kubernetes has them."""
    return re.compile(
        r"(?<![\w.-])name[\"'\\]{0,4}[ \t]{0,20}[:=][ \t]{0,20}[\"'\\]{0,4}(?P<name>[^\W\d][\w.-]{0,199}+)[\"'\\]{0,4}[ \t]{0,20}"
        r"(?:,[ \t]{0,20}|[ \t]#[^\n]{0,200})?\n?"
        r"[ \t+]{0,200}-?[ \t]{0,200}[\"'\\]{0,4}value(?P<quote>\\{0,7}[\"'])?[ \t]{0,20}(?P<sign>[:=])(?P<space>[ \t]*+)"
    )


def secrets_by_name(text: str) -> Iterator[Span]:
    """Yield values that are assigned to a name that is secret, in no order; some may overlap."""
    if not QUICK.search(text):
        return
    for match in _option().finditer(text):
        if is_secret_name(match["name"]):
            start, end = _quoted(text, match.end()) or (match.end(), _word_end(text, match.end()))
            if not text.startswith(_REDACTED, start):
                yield Span(start, end, text[start:end])
    for pattern in (_name(), _pair()):
        position = 0
        for match in pattern.finditer(text):
            if match.start() < position:
                continue
            name = match["name"]
            if is_key_alone(name):
                places: Iterable[tuple[int, int]] = _material(text, match)
            elif is_secret_name(name):
                places = _values(text, match)
            else:
                continue
            for start, end in places:
                position = end
                value = text[start:end]
                if value and not NO_VALUE.fullmatch(value):
                    yield Span(start, end, value)


def _material(text: str, match: re.Match[str]) -> Iterator[tuple[int, int]]:
    """Yield what stands behind ``key``, if it is a key's text and not the name of something."""
    at = match.end()
    if text[at : at + 1] in {"|", ">"}:
        if match["sign"] == ":" and (block := _block(text, at, match.start("name"))):
            yield block
        return
    found = re.compile(r"[\"'\\]{0,4}([A-Za-z0-9+/_-]{20,200}+={0,2})(?![A-Za-z0-9+/_.:=-])").match(text, at)
    if found is not None and is_key_material(found[1]):
        yield found.span(1)


def _values(text: str, match: re.Match[str]) -> Iterator[tuple[int, int]]:
    """Yield where a value, or the elements of a list of them, stand behind a sign of assignment."""
    at = match.end()
    if at >= len(text) or text.startswith(_REDACTED, at):
        return
    first, colon = text[at], match["sign"] == ":"
    if first == "\n":
        return
    if colon and first in "|>" and (block := _block(text, at, match.start("name"))):
        yield block
    elif text.startswith(('"""', "'''"), at):
        end = text.find(text[at : at + 3], at + 3)
        yield at + 3, end if end >= 0 else len(text)
    elif first in "\"'\\" and (quoted := _quoted(text, at)):
        yield quoted
    elif first == "[":
        inside = re.sub(r"\[redacted[^\]\n]{0,8}\]", lambda mark: " " * len(mark[0]), text[at + 1 : _line_end(text, at)])
        for item in re.finditer(r"\"([^\"\n]*+)\"|'([^'\n]*+)'|([^\s,\"'\[\]]++)", inside):
            yield at + 1 + item.start(item.lastindex or 0), at + 1 + item.end(item.lastindex or 0)
    elif first == "{" and not text.startswith("{{", at):
        return
    else:
        end = _bare(text, at, match, colon=colon)
        while end > at and text[end - 1] in " \t\r":
            end -= 1
        yield at, end


def _quoted(text: str, at: int) -> tuple[int, int] | None:
    """Return where a quoted value stands without its quotes; without an end it goes to the end of the line."""
    opened = re.compile(r"\\{0,7}[\"']").match(text, at)
    if opened is None:
        return None
    mark, start = opened[0], opened.end()
    line = _line_end(text, start)
    if len(mark) > 1:
        end = text.find(mark, start, line)
        return start, end if end >= 0 else line
    inside = re.compile(r"(?:[^\"\\\n]|\\.)*+" if mark == '"' else r"(?:[^'\n]|'')*+").match(text, start)
    assert inside is not None, "it may be empty"
    return start, inside.end()


def _bare(text: str, at: int, match: re.Match[str], *, colon: bool) -> int:
    """Return where a value without quotes ends."""
    begin = match.start()
    before = text[begin - 1] if begin else "\n"
    closed = match["quote"] is not None
    if not closed and before in "?&":
        found = re.compile(r"[^&\s\"'#]++").match(text, at)
        return found.end() if found else at
    if not closed and before in "\"'":
        line = _line_end(text, at)
        end = text.find(before, at, line)
        return end if end >= 0 else line
    start_of_line = text.rfind("\n", max(begin - _LOOK_BACK, 0), begin) + 1
    head = text[start_of_line:begin] if start_of_line or begin < _LOOK_BACK else "?"
    tight = not match["space"] and not colon
    if _LINE_START.fullmatch(head) and not (colon and not closed and "." in match["name"]):
        line = _line_end(text, at)
        remark = _REMARK.search(text, at, line)
        end = remark.start() if remark else line
        if closed:
            return _flow_end(text, at, end)
        return end
    if head.rstrip(" \t\"'\\")[-1:] in {"{", ",", "(", "["} and not tight:
        return _flow_end(text, at, _line_end(text, at))
    if tight:
        return _word_end(text, at)
    return _in_prose(text, at, before, spaced=bool(match["space"]))


def _in_prose(text: str, at: int, before: str, *, spaced: bool) -> int:
    """Return where a value in a sentence ends: one word, unless that is a word of the sentence."""
    if before in ".]/:" or (not spaced and text.startswith("//", at)):
        return at  # the path of a config before what is said about it
    end = _word_end(text, at)
    rest = text[end : _line_end(text, end)][:200]
    return at if rest.strip() and _PLAIN_WORD.fullmatch(text[at:end]) else end


def _word_end(text: str, at: int) -> int:
    word = re.compile(r"\S*+").match(text, at)
    assert word is not None, "it may be empty"
    end = word.end()
    while end > at + 1 and text[end - 1] in _TRAILING:
        end -= 1
    return end


def _flow_end(text: str, at: int, line: int) -> int:
    stop = _STOP_IN_FLOW.search(text, at, line)
    return stop.start() if stop else line


def _line_end(text: str, at: int) -> int:
    end = text.find("\n", at)
    return end if end >= 0 else len(text)


def _block(text: str, at: int, name: int) -> tuple[int, int] | None:
    """Return where the text of a block scalar stands: on the following lines, deeper than its key. A diff's sign counts as a blank."""
    head = re.compile(r"[|>][-+0-9]{0,3}[ \t]*+(?:#[^\n]*+)?\n").match(text, at)
    if head is None:
        return None
    column = name - (text.rfind("\n", max(name - _LOOK_BACK, 0), name) + 1)
    start = end = position = head.end()
    while position < len(text):
        line = text[position : _line_end(text, position)]
        shown = f" {line[1:]}" if line[:1] in {"+", "-"} else line
        if shown.strip() and len(shown) - len(shown.lstrip(" \t")) <= column:
            break
        position += len(line) + 1
        if shown.strip():
            end = position - 1
    while start < end and text[start] in " \t+-":
        start += 1
    return (start, end) if end > start else None
