"""What the help says of every command, from which docs/reference/cli.md is written."""

from __future__ import annotations

import pytest

from talospatch.cli.app import COMMANDS, root


@pytest.mark.parametrize("row", COMMANDS, ids=lambda row: row.name)
def test_the_list_of_commands_says_what_each_command_says_of_itself(row: tuple[str, str, str]) -> None:
    """The list is a table of its own, so that it loads no command; the two must not drift apart."""
    command = root().get_command(None, row[0])
    first = command.help.partition("\n\n")[0].replace("\n", " ")
    assert row[2].split()[0] == first.split()[0], (row[2], first)


def leaves(command: object, words: tuple[str, ...] = ()) -> list[tuple[tuple[str, ...], object]]:
    """Return every command that runs something."""
    if not hasattr(command, "list_commands"):
        return [(words, command)]
    return [leaf for name in command.list_commands(None) for leaf in leaves(command.get_command(None, name), (*words, name))]  # type: ignore[attr-defined]


def test_every_command_has_examples() -> None:
    """But for the one that needs none."""
    without = [words for words, command in leaves(root()) if "talospatch " not in (getattr(command, "epilog", "") or "")]
    assert without == [("version",)]


def test_every_option_has_help() -> None:
    """And every argument."""
    assert [(words, each.name) for words, command in leaves(root()) for each in getattr(command, "params", ()) if not each.help] == []
