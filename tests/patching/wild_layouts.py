"""YAML as nobody would write it on purpose, and somebody has: the same data in random layouts."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from talospatch.machineconfig.scalars import Literal
from talospatch.patching.emit import scalar

if TYPE_CHECKING:
    from random import Random

WORDS = ("note", "key: value", "- item", "machine:", "100 %", "{}", "'", '"', "TODO: x", "#", "", "\ttab", "é")


class WildWriter:
    """Writes documents of plain data, oddly.

    Args:
        random: what decides.
        wildness: how often something is written another way than the plain one, from 0 to 1.
    """

    def __init__(self, random: Random, wildness: float = 0.2) -> None:
        self._random, self._wildness = random, wildness
        self._anchors: list[tuple[str, Any]] = []
        self._count = 0

    def text(self, documents: list[dict[str, Any]]) -> str:
        """Return the documents as one text."""
        parts = []
        for number, data in enumerate(documents):
            self._anchors = []
            lines = self._block(data, self._odd((0, 0, 0, 0, 2)))
            head = "---" if number or self._chance(0.2) else ""
            if head:
                head += self._odd(("", "", " # new", " "))
            parts += [head] if head else []
            parts += lines
            if self._chance(0.1):
                parts.append("...")
        text = "\n".join(parts) + "\n"
        if self._chance(0.3):
            text = self._random.choice(
                (text.replace("\n", "\r\n"), "\ufeff" + text, text.rstrip("\n"), "# first\n\n" + text, text + "\n\n# last\n")
            )
        return text

    def _chance(self, share: float) -> bool:
        return self._random.random() < share * self._wildness * 2

    def _odd(self, choices: tuple[Any, ...]) -> Any:
        return self._random.choice(choices) if self._chance(0.5) else choices[0]

    def _between(self, column: int) -> list[str]:
        """Return what may stand between two lines."""
        lines: list[str] = []
        while self._random.random() < 0.35 * self._wildness * 2:
            indent = self._random.choice((column, column, column, column + 2, 0, max(column - 2, 0)))
            lines.append(
                self._random.choice(
                    ("", f"{' ' * indent}# {self._random.choice(WORDS)}", f"{' ' * indent}#{self._random.choice(WORDS)}", "  ")
                )
            )
        return lines

    def _behind(self) -> str:
        return self._odd(("", "", " # behind", "  ", "\t# tab")) if self._chance(0.6) else ""

    def _block(self, data: Any, column: int) -> list[str]:
        """Return lines of a mapping or list that is not empty."""
        return self._mapping(data, column) if isinstance(data, dict) else self._list(data, column)

    def _mapping(self, data: dict[str, Any], column: int) -> list[str]:
        pad, lines = " " * column, list[str]()
        step = self._odd((2, 2, 4, 1, 8))
        merged: dict[str, Any] = {}
        source = next(
            ((name, each) for name, each in self._anchors if isinstance(each, dict) and each and each.items() <= data.items()), None
        )
        if source is not None and self._chance(0.5):
            lines.append(f"{pad}<<: *{source[0]}")
            merged = source[1]
        for key, value in data.items():
            if key in merged and self._random.random() < 0.8:
                continue
            lines += self._between(column)
            name = self._key(key)
            if self._chance(0.05):
                lines += [f"{pad}? {name}{self._behind()}", *self._between(column)]
                name, lead = "", f"{pad}:"
            else:
                lead = f"{pad}{name}{self._odd(('', '', ' '))}:"
            lines += self._value(lead, value, column, step, offset=self._odd((step, 0, 2)))
        return lines or [pad + "{}"]

    def _list(self, data: list[Any], column: int) -> list[str]:
        pad, lines = " " * column, list[str]()
        for value in data:
            lines += self._between(column)
            gap = self._odd((" ", " ", "   ", "  "))
            if isinstance(value, dict | list) and value and not self._chance(0.3):
                inner = self._block(value, column + 1 + len(gap))
                first = next((index for index, line in enumerate(inner) if line.strip() and not line.strip().startswith("#")), 0)
                if first == 0 and not inner[0].lstrip().startswith("<<"):
                    lines.append(f"{pad}-{gap}{inner[0].lstrip(' ')}")
                    lines += inner[1:]
                    continue
                lines += [f"{pad}-{self._behind()}", *inner]
                continue
            lines += self._value(f"{pad}-", value, column, 2, offset=2)
        return lines

    def _value(self, lead: str, value: Any, column: int, step: int, *, offset: int) -> list[str]:
        """Return lines of a value behind a key or dash."""
        alias = next((name for name, each in self._anchors if type(each) is type(value) and each == value), None)
        if alias is not None and self._chance(0.5):
            return [f"{lead} *{alias}{self._behind()}"]
        anchor = self._anchor(value, 0.1)
        if anchor:
            lead += f" &{anchor}"
        if not isinstance(value, dict | list):
            lines = [
                f"{lead}{line}" if not number else line for number, line in enumerate(self._scalar(value, column + 2, quiet=bool(anchor)))
            ]
        elif not value or self._chance(0.2):
            lines = self._flow_lines(lead, value, column)
        else:
            inside = max(column + (step if isinstance(value, dict) else offset), column + (lead.lstrip(" ").startswith("-")) * 2)
            if isinstance(value, dict) and inside <= column:
                inside = column + 2
            lines = [f"{lead}{self._behind()}", *self._block(value, inside)]
        if anchor:
            self._anchors.append((anchor, value))
        return lines

    def _anchor(self, value: Any, share: float) -> str:
        if not self._chance(share) or value is None:
            return ""
        self._count += 1
        return f"a{self._count}"

    def _key(self, key: str) -> str:
        plain = scalar(key)
        if self._chance(0.1):
            return json.dumps(key, ensure_ascii=False) if self._random.random() < 0.5 or "'" in key else f"'{key}'"
        return plain

    def _flow_lines(self, lead: str, value: Any, column: int) -> list[str]:
        if value and self._chance(0.4):  # over several lines
            opening, closing = ("{", "}") if isinstance(value, dict) else ("[", "]")
            entries = (
                [f"{self._key(key)}: {self._flow(each)}" for key, each in value.items()]
                if isinstance(value, dict)
                else [self._flow(each) for each in value]
            )
            pad = " " * (column + self._odd((4, 2, 1, 7)))
            lines = [f"{lead} {opening}{self._behind()}"]
            for number, entry in enumerate(entries):
                last = number == len(entries) - 1
                lines.append(f"{pad}{entry}{'' if last and not self._chance(0.4) else ','}{self._behind()}")
                lines += [line for line in self._between(column + 2) if not line.strip() or self._random.random() < 0.7]
            return [*lines, f"{' ' * (column + 1)}{closing}{self._behind()}"]
        return [f"{lead} {self._flow(value)}{self._behind()}"]

    def _flow(self, value: Any) -> str:
        space = self._odd(("", " "))
        if isinstance(value, dict):
            inside = ", ".join(f"{self._key(key)}: {self._flow(each)}" for key, each in value.items())
            return f"{{{space}{inside}{space}}}"
        if isinstance(value, list):
            return f"[{space}{', '.join(self._flow(each) for each in value)}{space}]"
        if isinstance(value, str) and not isinstance(value, Literal) and self._chance(0.3) and value.isprintable():
            return json.dumps(value, ensure_ascii=False)
        return scalar(value, in_flow=True, quote=self._random.choice("'\""))

    def _scalar(self, value: Any, column: int, *, quiet: bool) -> list[str]:
        """Return a scalar behind a key, with the space before it, and the lines below."""
        gap = self._odd((" ", " ", "  ", "\t"))
        if value is None:
            return [f"{gap}{self._random.choice(('null', '~'))}{self._behind()}"] if quiet or self._chance(0.5) else [self._behind()]
        if not isinstance(value, str) or isinstance(value, Literal):
            return [f"{gap}{scalar(value)}{self._behind()}"]
        if (
            "\n" in value
            and value.strip("\n")
            and value[0] not in " \t\n"
            and all(c.isprintable() or c == "\n" for c in value)
            and not self._chance(0.2)
        ):
            return self._literal(gap, value, column)
        if value.isprintable() and self._chance(0.3):
            kind = self._random.choice(("single", "double", "tag", "folded", "lines"))
            words = value.split(" ")
            simple = len(words) > 1 and all(words) and "\\" not in value and '"' not in value
            if kind == "single":
                doubled = value.replace("'", "''")
                return [f"{gap}'{doubled}'{self._behind()}"]
            if kind == "tag":
                return [f"{gap}!!str {json.dumps(value, ensure_ascii=False)}{self._behind()}"]
            if kind == "folded" and simple and words[0][0] != "#":
                pad = " " * column
                return [f"{gap}>-{self._odd(('', ' # c'))}", *[f"{pad}{word}" for word in words]]
            if kind == "lines" and simple:
                pad = " " * column
                return [f'{gap}"{words[0]}', *[f"{pad}{word}" for word in words[1:-1]], f'{pad}{words[-1]}"{self._behind()}']
            return [f"{gap}{json.dumps(value, ensure_ascii=False)}{self._behind()}"]
        return [f"{gap}{scalar(value, quote=self._random.choice(chr(39) + chr(34)))}{self._behind()}"]

    def _literal(self, gap: str, value: str, column: int) -> list[str]:
        body = value.rstrip("\n")
        tail = len(value) - len(body)
        column = self._odd((column, column + 2, column - 1 if column > 1 else column))
        pad = " " * column
        chomp = "-" if tail == 0 else "" if tail == 1 else "+"
        lines = [f"{gap}|{chomp}{self._odd(('', '', ' # c'))}"]
        lines += [f"{pad}{line}" if line else self._odd(("", "", pad)) for line in body.split("\n")]
        lines += [""] * (tail - 1)
        if tail == 1 and self._chance(0.2):
            lines += [""] * 2  # clipped away
        return lines
