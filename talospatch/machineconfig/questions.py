"""Question marks in braces and brackets: to YAML 1.1 they say that a key follows, to Talos from 1.12 on only before a space."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from talospatch.errors import ConfigError
from talospatch.machineconfig.nodes import Mapping, children
from talospatch.machineconfig.reader import line_and_column

if TYPE_CHECKING:
    from talospatch.machineconfig.reader import Tree

# A question mark where a text may begin, without a space behind it; the mark goes first, so that a search skips to the next one.
QUESTION = r"\?(?<![^\s,:\[\]{}]\?)(?=\S)"


def check_questions(trees: tuple[Tree, ...], text: str, *, source: str | None = None) -> None:
    """Check that no text in braces or brackets that begins with a question mark was read as a key.

    Raises:
        ConfigError: one was.
    """
    if "?" not in text or not re.search(QUESTION, text):
        return
    stack = [tree.root for tree in trees if tree.root is not None]
    while stack:
        node = stack.pop()
        if isinstance(node, Mapping) and node.flow:
            for key in node.keys.values():
                if text[key.start - 1 : key.start] == "?":
                    line, column = line_and_column(text, key.start - 1)
                    problem = "what begins with a question mark in braces or brackets is a key to some readers, and a text to others"
                    raise ConfigError(
                        problem, source=source, line=line, column=column, hint="put it into quotes, or a space behind the mark"
                    )
        stack += children(node)
