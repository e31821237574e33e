"""Whole documents written anew, where no smaller edit can be proven: with their comments as far as ruamel.yaml keeps them, or without."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from talospatch.errors import ConfigError
from talospatch.patching.emit import block

if TYPE_CHECKING:
    from talospatch.patching.emit import Style

_WIDTH = 1 << 20  # characters: lines are not folded


def anew(text: str, data: dict[str, Any], style: Style) -> str | None:
    """Return a document of some data in a style, without comments."""
    del text
    try:
        return style.newline.join(block(data, 0, style)) + style.newline
    except ConfigError:
        return None


def round_tripped(text: str, data: dict[str, Any], style: Style) -> str | None:
    """Return a document's text with other data, comments kept where their places are; None when ruamel.yaml cannot read or write it.

    Args:
        text: the document, without its ``---``.
        data: what it is to hold.
        style: how it is written.
    """
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    yaml: Any = YAML(typ="rt")
    yaml.preserve_quotes = True
    yaml.encoding = None  # text comes out, not bytes
    yaml.width = _WIDTH
    yaml.indent(mapping=style.step, sequence=style.offset + 2, offset=style.offset)
    try:
        held = yaml.load(text)
        if not isinstance(held, dict):
            return None
        _take(held, data)
        out = _Written()
        yaml.dump(held, out)
    except (YAMLError, ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return None
    written = "".join(out.parts)
    return written if style.newline == "\n" else written.replace("\r\n", "\n").replace("\n", style.newline)


class _Written:
    """What ruamel.yaml writes to; it needs no more of a stream than this."""

    def __init__(self) -> None:
        self.parts: list[str] = []

    def write(self, part: str) -> None:
        """Take a part."""
        self.parts.append(part)


def _take(held: Any, data: dict[str, Any]) -> None:
    """Make ruamel.yaml's mapping hold other data; what is equal stays, with its comments."""
    for key in [key for key in held if key not in data]:
        del held[key]
    for key, value in data.items():
        old = held.get(key)
        if isinstance(old, dict) and isinstance(value, dict):
            _take(old, value)
        elif isinstance(old, list) and isinstance(value, list):
            _take_items(old, value)
        elif key not in held or old != value or type(old) is bool:
            held[key] = _scalar(value)


def _take_items(held: Any, data: list[Any]) -> None:
    for index, value in enumerate(data):
        if index >= len(held):
            held.append(_scalar(value))
        elif isinstance(held[index], dict) and isinstance(value, dict):
            _take(held[index], value)
        elif held[index] != value:
            held[index] = _scalar(value)
    del held[len(data) :]


def _scalar(value: Any) -> Any:
    """Return data as ruamel.yaml's writer takes it: it knows no subclasses of text."""
    from ruamel.yaml.scalarstring import DoubleQuotedScalarString, LiteralScalarString

    if isinstance(value, dict):
        return {str(key): _scalar(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_scalar(each) for each in value]
    if type(value) is str or not isinstance(value, str):
        if isinstance(value, str) and "\n" in value:
            return LiteralScalarString(value)
        return value
    return DoubleQuotedScalarString(str(value)) if not _is_number(value) else int(value, 8)


def _is_number(value: str) -> bool:
    return value.startswith("0o")
