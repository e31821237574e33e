"""Options: bundles, targets, and words that are talosctl's."""

from __future__ import annotations

from typing import Annotated

import pytest
import typer

from talospatch.cli.app import root
from talospatch.cli.cluster_options import Selection
from talospatch.cli.options import Output, bundled, split
from talospatch.cli.output import Format
from talospatch.cli.session import targets
from talospatch.errors import InputError, RefusedError
from talospatch.talos.machine_type import MachineType

# talosctl's long options and letters that mean the same here; source: talosctl's own help, 1.14.
TALOSCTL = {
    "--talosconfig": "",
    "--context": "",
    "--nodes": "-n",
    "--endpoints": "-e",
    "--cluster": "-c",
    "--output": "-o",
    "--patch": "-p",
    "--dry-run": "",
    "--timeout": "",
}


def test_a_bundle_is_spread_into_its_options() -> None:
    """And comes back as one value."""
    seen: list[object] = []

    @bundled
    def command(output: Output, word: Annotated[str, typer.Option()] = "x") -> int:
        seen.extend((output, word))
        return 0

    assert command(form=Format.JSON, word="y") == 0
    assert seen == [Output(Format.JSON), "y"]


def test_options_are_called_as_talosctl_calls_them() -> None:
    """On every command that has one of them, with the same letter."""
    group = root()
    found = set()
    for name in group.list_commands(None):
        for parameter in group.get_command(None, name).params:
            for option in parameter.opts:
                if option in TALOSCTL:
                    found.add(option)
                    letters = {other for other in parameter.opts if not other.startswith("--")}
                    assert letters == ({TALOSCTL[option]} if TALOSCTL[option] else set()), (name, option)
    assert found == set(TALOSCTL)


def test_lists_are_split_at_commas_and_repeated_options_are_joined() -> None:
    """As talosctl has them."""
    assert split(["a,b", " c ", ""]) == ("a", "b", "c")
    assert split(None) == ()


def test_no_target_is_refused_with_the_options_that_name_one() -> None:
    """Nothing is ever chosen by default."""
    with pytest.raises(RefusedError, match="--workers, --control-planes, --all or -n") as refused:
        targets(Selection())
    assert refused.value.code == "no-target"


def test_choices_are_joined_and_the_filter_narrows_all_of_them() -> None:
    """Workers and one more node, of which those that match."""
    chosen = targets(Selection(nodes=["10.0.0.5,10.0.0.6"], workers=True, pattern="^gpu"))
    assert chosen.types == {MachineType.WORKER}
    assert chosen.names == ("10.0.0.5", "10.0.0.6")
    assert chosen.pattern == "^gpu"


def test_a_filter_that_is_no_regular_expression_is_an_error() -> None:
    """Said before anything is asked."""
    with pytest.raises(InputError, match="not a regular expression"):
        targets(Selection(workers=True, pattern="("))
