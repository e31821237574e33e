"""Texts that are almost right: real ones, damaged a little. Unlike random text, most of them get past a reader's first lines."""

from __future__ import annotations

from hypothesis import strategies as st

# What means something to YAML or TOML, what a terminal would act on, and what is no text.
_YAML = (
    "",
    "\n",
    "  ",
    "\t",
    "# x",
    "- ",
    "key: value",
    ": ",
    "'",
    '"',
    "|",
    ">-",
    "&a ",
    "*a",
    "<<: *a",
    "{",
    "}",
    "[",
    "]",
    "---",
    "...",
    "!x ",
)
_OTHERS = (
    "~",
    "null",
    "=",
    "\\",
    "\\u0000",
    "%",
    "0x10",
    "1e999",
    "9" * 40,
    "é",
    "\U0001f600",
    "\0",
    "\x1b[31m",
    "\u202e",
    "\u2028",
    "\x85",
    "\ufeff",
)
PIECES = st.sampled_from((*_YAML, *_OTHERS))


@st.composite
def damaged_lines(draw: st.DrawFn, text: str, *, most: int = 3) -> str:
    """Return ``text`` with a few lines dropped, repeated, moved, indented differently, or with something put into them."""
    lines = text.splitlines()
    for _ in range(draw(st.integers(1, most))):
        here = draw(st.integers(0, len(lines) - 1))
        line = lines[here]
        match draw(st.sampled_from(("drop", "repeat", "move", "deeper", "shallower", "insert", "replace", "cut"))):
            case "drop":
                del lines[here]
            case "repeat":
                lines.insert(draw(st.integers(0, len(lines))), line)
            case "move":
                lines.insert(draw(st.integers(0, len(lines) - 1)), lines.pop(here))
            case "deeper":
                lines[here] = draw(st.sampled_from((" ", "  ", "\t"))) + line
            case "shallower":
                lines[here] = line[draw(st.integers(1, 4)) :]
            case "insert":
                place = draw(st.integers(0, len(line)))
                lines[here] = line[:place] + draw(PIECES) + line[place:]
            case "replace":
                lines[here] = line.partition(":")[0] + ": " + draw(PIECES)
            case _:
                lines[here] = line[: draw(st.integers(0, len(line)))]
        if not lines:
            break
    return draw(st.sampled_from(("\n", "\n", "\n", "\r\n"))).join(lines) + draw(st.sampled_from(("\n", "\n", "")))


def damaged_bytes(text: str) -> st.SearchStrategy[bytes]:
    """Return strategies for ``text`` as bytes, with some of them cut out and others put in."""
    data = text.encode()
    return st.builds(
        lambda start, length, inserted: data[:start] + inserted + data[start + length :],
        st.integers(0, len(data)),
        st.integers(0, 40),
        st.binary(max_size=6),
    )
