"""An element that is deleted and given again comes into the place that it had, however often the patch is applied."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from patching import noticed, text_of

FILES = "machine:\n  files:\n"
RESOLVER = "apiVersion: v1alpha1\nkind: ResolverConfig\nnameservers:\n"
FREE = "machine:\n  kubelet:\n    extraConfig:\n      list:\n"
# A Talos, what is before a list, the key of its elements, and what else each of them may say.
LISTS = {
    "by key": ("1.13", FILES, "path", "content"),
    "without a key": ("1.14", RESOLVER, "address", None),
    "free-form": ("1.13", FREE, "name", "value"),
}
NAMES = tuple(f"10.0.0.{number}" for number in range(5))


def elements(around: str, lines: list[str]) -> str:
    """Return a list with these elements below what is before it."""
    indent = " " * (len(around.splitlines()[-1]) - len(around.splitlines()[-1].lstrip()) + 2)
    return around + "".join(f"{indent}- {line}\n" for line in lines)


def element(by: str, other: str | None, name: str, text: str = "a") -> str:
    """Return an element."""
    return f"{{{by}: {name}, {other}: {text}}}" if other else f"{{{by}: {name}}}"


@pytest.mark.parametrize("row", LISTS.values(), ids=LISTS)
@given(
    base=st.lists(st.sampled_from(NAMES), min_size=1, unique=True),
    gone=st.lists(st.sampled_from(NAMES), min_size=1, unique=True),
    given_anew=st.lists(st.sampled_from(NAMES), min_size=1, unique=True),
    apart=st.booleans(),
)
def test_applying_it_again_changes_nothing(
    row: tuple[str, str, str, str | None], base: list[str], gone: list[str], given_anew: list[str], apart: bool
) -> None:
    """Whether delete and element stand in one patch or in two; and what stays keeps its order."""
    talos, around, by, other = row
    before = elements(around, [element(by, other, name) for name in base])
    deletes = [f"{{{by}: {name}, $patch: delete}}" for name in gone]
    anew = [element(by, other, name, "b") for name in given_anew]
    patches = [elements(around, deletes), elements(around, anew)] if apart else [elements(around, [*deletes, *anew])]
    after = text_of(before, *patches, talos=talos)
    assert text_of(after, *patches, talos=talos) == after
    names = [line.partition(f"{by}: ")[2].strip("{} ").partition(",")[0] for line in after.splitlines() if f"{by}: " in line]
    in_place = [name for name in base if name not in gone or name in given_anew]
    assert [name for name in dict.fromkeys(names) if name in base] == in_place


def test_it_keeps_the_comments_of_its_place() -> None:
    """And is a finding, because talosctl moves it."""
    base = FILES + "    # the first\n    - path: /a # a\n      content: one\n    - path: /b\n"
    patch = FILES + "    - {path: /a, $patch: delete}\n    - {path: /c}\n    - {path: /a, content: two}\n"
    after = base.replace("one", "two") + "    - path: /c\n"
    assert text_of(base, patch) == after
    assert text_of(after, patch) == after
    assert noticed(base, patch) == [("element-replaced", "machine.files")]


def test_at_the_end_it_stays_at_the_end() -> None:
    """As for talosctl, so without a finding."""
    base = FILES + "    - path: /b\n    - path: /a\n      content: one\n"
    patch = FILES + "    - {path: /a, $patch: delete}\n    - {path: /a, content: two}\n    - {path: /c}\n"
    assert text_of(base, patch) == base.replace("one", "two") + "    - path: /c\n"
    assert noticed(base, patch) == []


def test_several_of_one_key_take_several_places() -> None:
    """Files that add to one file, for example: each new one the next place that became free."""
    entry = "    - {{path: /a, op: append, content: {}}}\n"
    base = FILES + entry.format("one") + "    - path: /b\n" + entry.format("two")
    patch = FILES + "    - {path: /a, $patch: delete}\n" + entry.format("three") + entry.format("four") + entry.format("five")
    after = text_of(base, patch)
    order = sorted(("three", "/b", "four", "five"), key=after.index)
    assert order == ["three", "/b", "four", "five"]
    assert text_of(after, patch) == after
