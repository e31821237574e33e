"""Paths inside a config.

::

    machine.files[0].content
    machine.files[path=/etc/cri/conf.d/20-customization.part].content
    machine.nodeLabels."example.com/pool"
    CRICustomizationConfig/enable-metrics:content        another document, by kind and name
    HostnameConfig:hostname                              another document without a name
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from talospatch.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterable

ROOT_DOCUMENT = "v1alpha1"

# Compiled when first used: most runs parse no path.
_DOCUMENT = r"(?P<id>v1alpha1|[A-Z][A-Za-z0-9]*(?:/[^\s:\[\]\"']+(?::(?=[^\s:]*:)[^\s:]*)?)?):"
_STEP = r"""(?x)
    \.?(?:
        "(?P<quoted>(?:[^"\\]|\\.)*)"
      | (?P<key>[^\s.\[\]"]+)
      | \[(?P<index>-?\d+)\]
      | \[(?P<by>[^\s=\[\]]+)=(?P<value>"(?:[^"\\]|\\.)*"|[^\]]*)\]
    )"""
_PLAIN_KEY = re.compile(r"[^\s.\[\]\"]+")


class Selector(NamedTuple):
    """The first element of a list whose ``key`` has the text ``value``."""

    key: str
    value: str


Step = str | int | Selector


class ConfigPath(NamedTuple):
    """A parsed path: the document's id, and the way inside it."""

    document: str
    steps: tuple[Step, ...]

    @classmethod
    def parse(cls, text: str) -> ConfigPath:
        """Read a path.

        Raises:
            ConfigError: the text is not a path.
        """
        document, position = ROOT_DOCUMENT, 0
        if (match := re.match(_DOCUMENT, text)) is not None:
            document, position = match["id"], match.end()
        steps: list[Step] = []
        step = re.compile(_STEP)
        while position < len(text):
            match = step.match(text, position)
            if match is None or (text[position] == "." and not steps):
                raise ConfigError(
                    f"not a path: {text[:80]!r} at character {position + 1}", hint="write it as machine.files[0].content or Kind/name:key"
                )
            position = match.end()
            if match["quoted"] is not None:
                steps.append(_unquote(match["quoted"]))
            elif match["key"] is not None:
                steps.append(match["key"])
            elif match["index"] is not None:
                steps.append(int(match["index"]))
            else:
                value = match["value"]
                steps.append(Selector(match["by"], _unquote(value[1:-1]) if value.startswith('"') else value))
        return cls(document, tuple(steps))

    def __str__(self) -> str:
        inside = format_steps(self.steps)
        return inside if self.document == ROOT_DOCUMENT else f"{self.document}:{inside}"


def format_steps(steps: Iterable[Step]) -> str:
    """Return the text form of the way inside a document."""
    text = ""
    for step in steps:
        if isinstance(step, int):
            text += f"[{step}]"
        elif isinstance(step, Selector):
            text += f"[{step.key}={_quote(step.value) if ']' in step.value or step.value.startswith(chr(34)) else step.value}]"
        else:
            key = step if _PLAIN_KEY.fullmatch(step) else _quote(step)
            text += f".{key}" if text else key
    return text


def _quote(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _unquote(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text, flags=re.DOTALL)
