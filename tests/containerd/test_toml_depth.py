"""TOML nested deeper than anybody means is refused before it costs anything."""

from __future__ import annotations

import pytest

from talospatch.containerd.toml_read import MAX_DEPTH, parse
from talospatch.errors import FragmentError

MANY = 50_000


@pytest.mark.timeout(20)
@pytest.mark.parametrize(
    "text",
    [
        ".".join("a" * MANY) + " = 1\n",
        "[" + ".".join("a" * MANY) + "]\n",
        "[[" + " . ".join(["a"] * MANY) + "]]\n",
        "x = {" + ".".join(['"b"'] * MANY) + " = 1}\n",
        "x = " + "[" * 3000 + "]" * 3000 + "\n",
    ],
)
def test_it_is_refused_in_every_form(text: str) -> None:
    """The standard library would take minutes and gigabytes for the first."""
    with pytest.raises(FragmentError, match=f"nested deeper than {MAX_DEPTH} levels"):
        parse(text, newer=False)


def test_a_key_of_ordinary_depth_and_text_full_of_dots_are_read() -> None:
    """The limit is for keys."""
    text = ".".join("a" * 50) + ' = "' + "." * 500 + '"\nlist = ["' + "1.2" * 300 + '", "' + "a." * 200 + '"]\n'
    assert parse(text, newer=False)["list"][1] == "a." * 200
