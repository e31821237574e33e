"""Least edits: one test a trap, and the recorded configs as input."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from talospatch.errors import ConfigError
from talospatch.machineconfig.config import MachineConfig
from talospatch.machineconfig.nodes import scalars
from talospatch.patching.emit import block, flow, scalar, style_of
from talospatch.patching.splice import Spliced, Splicer

VECTORS = Path(__file__).parent.parent / "vectors" / "merge"
FILES = ("machine", "files")
ENTRY = {"path": "/b", "content": "x\ny\n"}
LINES = "    - path: /b\n      content: |\n        x\n        y\n"


def append(text: str, item: object = ENTRY, steps: tuple[str | int, ...] = FILES) -> Spliced:
    config = MachineConfig.parse(text)
    splicer = Splicer(config)
    splicer.append(config.documents[0], steps, item)
    return splicer.finish()


def put(text: str, steps: tuple[str | int, ...], value: str) -> str:
    config = MachineConfig.parse(text)
    splicer = Splicer(config)
    splicer.set(config.documents[0], steps, value)
    return splicer.finish().config.text


def remove(text: str, *indexes: int, steps: tuple[str | int, ...] = FILES) -> Spliced:
    config = MachineConfig.parse(text)
    splicer = Splicer(config)
    splicer.remove_items(config.documents[0], steps, indexes)
    return splicer.finish()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # the end mark of a block collection lies behind comments and blank lines
        (
            "machine:\n  files:\n    - path: /a\n\n# of cluster\n\ncluster: {}\n",
            "machine:\n  files:\n    - path: /a\n" + LINES + "\n# of cluster\n\ncluster: {}\n",
        ),
        # a comment in the column of the elements belongs to them, one further left does not
        (
            "machine:\n  files:\n    - path: /a\n    # c\n  # d\n  x: 1\n",
            "machine:\n  files:\n    - path: /a\n    # c\n" + LINES + "  # d\n  x: 1\n",
        ),
        # with an anchor the start mark is the anchor's
        ("machine:\n  files: &f\n    - &g\n      path: /a\n", "machine:\n  files: &f\n    - &g\n      path: /a\n" + LINES),
        # a block scalar that ends the text without a line end would change its value
        ("machine:\n  files:\n    - content: |\n        a", "machine:\n  files:\n    - content: |-\n        a\n" + LINES),
        ("machine:\n  files:\n    - content: >+\n        a", "machine:\n  files:\n    - content: >-\n        a\n" + LINES),
        ("machine:\n  files:\n    - content: |-\n        a", "machine:\n  files:\n    - content: |-\n        a\n" + LINES),
        # kept blank lines are part of the value
        (
            "machine:\n  files:\n    - content: |+\n        a\n\nx: 1\n",
            "machine:\n  files:\n    - content: |+\n        a\n\n" + LINES + "x: 1\n",
        ),
        # a plain scalar without a line end
        ("machine:\n  files:\n    - path: /a", "machine:\n  files:\n    - path: /a\n" + LINES),
        # documents end at their marks
        ("machine:\n  files:\n    - path: /a\n---\nkind: X\n", "machine:\n  files:\n    - path: /a\n" + LINES + "---\nkind: X\n"),
        ("machine:\n  files:\n    - path: /a\n...\n", "machine:\n  files:\n    - path: /a\n" + LINES + "...\n"),
        # collections in brackets
        ("machine:\n  files: [{path: /a}] # c\n", 'machine:\n  files: [{path: /a}, {path: /b, content: "x\\ny\\n"}] # c\n'),
        ("machine: {files: [{path: /a},]}\n", 'machine: {files: [{path: /a}, {path: /b, content: "x\\ny\\n"},]}\n'),
        ("machine: {type: worker}\n", 'machine: {type: worker, files: [{path: /b, content: "x\\ny\\n"}]}\n'),
        ('{"machine": {"type": "worker"}}', '{"machine": {"type": "worker", files: [{path: /b, content: "x\\ny\\n"}]}}'),
        # nothing there yet
        ("machine:\n  files:\n  x: 1\n", "machine:\n  files:\n    - path: /b\n      content: |\n        x\n        y\n  x: 1\n"),
        ("machine:\n  files: ~ # c\n  x: 1\n", "machine:\n  files: # c\n    - path: /b\n      content: |\n        x\n        y\n  x: 1\n"),
        ("machine:\n", "machine:\n  files:\n    - path: /b\n      content: |\n        x\n        y\n"),
        ("machine: {}", "machine:\n  files:\n    - path: /b\n      content: |\n        x\n        y\n"),
        ("cluster: {}\n", "cluster: {}\nmachine:\n  files:\n    - path: /b\n      content: |\n        x\n        y\n"),
        # the file's own steps
        (
            "machine:\n    a:\n        b: 1\n",
            "machine:\n    a:\n        b: 1\n    files:\n        - path: /b\n          content: |\n            x\n            y\n",
        ),
        ("machine:\n  a:\n  - b\n", "machine:\n  a:\n  - b\n  files:\n  - path: /b\n    content: |\n      x\n      y\n"),
    ],
)
def test_an_element_is_appended_with_the_least_edit(text: str, expected: str) -> None:
    """Comments, anchors, brackets, missing line ends and document marks stay right."""
    spliced = append(text)
    assert spliced.config.text == expected
    assert not spliced.widened


def test_a_new_key_goes_where_it_is_commented_out() -> None:
    """A reader looks for it there, not thirty lines below."""
    remark = "    # # `files` writes files.\n    # files:\n    #     - content: x\n    #       path: y\n"
    text = f"machine:\n    type: worker\n{remark}\n    # # later\n    sysctls:\n        a: b\n"
    expected = text.replace("path: y\n", "path: y\n    files:\n        - path: /b\n          content: |\n            x\n            y\n")
    assert append(text).config.text == expected


def test_an_element_of_an_alias_gets_a_list_of_its_own() -> None:
    """The anchor's other uses keep their value; this is a wider edit and is said."""
    text = "x: &f\n  - path: /a\nmachine:\n  files: *f\n  type: worker # c\n"
    spliced = append(text)
    assert spliced.widened
    assert spliced.config.get("x") == [{"path": "/a"}]
    assert spliced.config.get("machine.files") == [{"path": "/a"}, ENTRY]
    assert "  type: worker # c\n" in spliced.config.text


def test_a_list_whose_anchor_is_used_elsewhere_is_refused() -> None:
    """Changing it would change the other place; nothing is changed."""
    with pytest.raises(ConfigError, match="could not be proven") as caught:
        append("machine:\n  files: &f\n    - path: /a\nother: *f\n")
    assert "anchor" in (caught.value.hint or "")


@pytest.mark.parametrize("text", ["machine:\n  files: text\n", "machine:\n  files: {a: 1}\n", "machine: text\n", "machine: [1]\n"])
def test_what_is_no_list_is_not_appended_to(text: str) -> None:
    """It is said where."""
    with pytest.raises(ConfigError, match=r"v1alpha1|machine"):
        append(text)


STYLES = {
    "plain": "a: old # c\n",
    "single": "a: 'old' # c\n",
    "double": 'a: "old" # c\n',
    "tagged": "a: !!str old # c\n",
    "empty": "a:\nb: 1\n",
    "literal": "a: | # c\n  old\n# d\nb: 1\n",
    "stripped": "a: |-\n  old\n\n\nb: 1\n",
    "kept": "a: |+\n  old\n\nb: 1\n",
    "folded": "a: >\n  old\n  text\nb: 1\n",
    "indented": "a: |2\n    old\nb: 1\n",
    "at the end": "b: 1\na: |\n  old",
    "in a flow": "{a: old, b: 1}\n",
    "in a list": "a: old\n",
    "multi-line plain": "a: old\n  text\nb: 1\n",
    "multi-line double": 'a: "old\n  text"\nb: 1\n',
    "null": "a: null\nb: 1\n",
}
VALUES = [
    "new",
    "",
    "true",
    "12",
    "0o7",
    " x",
    "x ",
    "a: b",
    "#",
    "- a",
    "a\nb",
    "a\nb\n",
    "\n",
    "a\n\n\n",
    " a\nb\n",
    "\ta\n",
    "\r\n",
    "é\n日本\n",
    "\x07",
    "\x85",
    "\u2028",
    "it's",
    '"',
    "\\",
    "😀",
    "\ufeff",
    "a \nb\t\n",
    "~",
    "y",
    "=",
    "<<",
    "1:30",
    "2024-01-02",
    "...",
    "---\na\n",
    "%a",
    "@a",
    "`a`",
    "[metrics]\n  a = 1\n",
]


@pytest.mark.parametrize("name", STYLES)
@pytest.mark.parametrize("value", VALUES)
@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_any_text_goes_into_any_style(name: str, value: str, line_end: str) -> None:
    """It reads back the same, and what stands around it stays."""
    text = STYLES[name].replace("\n", line_end)
    after = put(f"x: 1{line_end}{text}" if not text.startswith("{") else text, ("a",), value)
    config = MachineConfig.parse(after)
    assert config.get("a") == value
    assert type(config.get("a")) is str
    if "b: 1" in text:
        assert config.get("b") == 1
    if "# d" in text:
        assert "# d" in after


@pytest.mark.parametrize(
    ("text", "value", "expected"),
    [
        ("a: old # c\n", "new", "a: new # c\n"),
        ("a: old # c\n", "a: b", 'a: "a: b" # c\n'),
        ("a: 'old' # c\n", "it's", "a: 'it''s' # c\n"),
        ('a: "old" # c\n', "x\ny", 'a: "x\\ny" # c\n'),
        ("a: &x old\n", "new", "a: &x new\n"),
        ("a: | # c\n  old\n# d\n", "x\ny\n", "a: | # c\n  x\n  y\n# d\n"),
        ("a: |\n    old\n", "x\n", "a: |\n    x\n"),
        ("a: |-\n  old\n", "x\n", "a: |\n  x\n"),
        (
            "a: |\n  x\n   \n  y\n",
            "x\n\ny\nz\n",
            "a: |\n  x\n   \n  y\n  z\n",
        ),
        ("a: old\n", "x\ny\n", "a: |\n  x\n  y\n"),
        ("a: old # c\n", "x\ny\n", 'a: "x\\ny\\n" # c\n'),
    ],
)
def test_a_scalar_keeps_its_style_and_its_comment(text: str, value: str, expected: str) -> None:
    """Lines that do not change keep their bytes, spaces on blank ones too."""
    if "   \n" in text:  # one space of the blank line is in the value
        value = "x\n \ny\nz\n"
    assert put(text, ("a",), value) == expected


def test_a_scalar_whose_anchor_is_used_elsewhere_is_refused() -> None:
    """The other place would change with it."""
    with pytest.raises(ConfigError, match="could not be proven"):
        put("a: &x old\nb: *x\n", ("a",), "new")


def test_an_alias_is_replaced_by_a_value_of_its_own() -> None:
    """The anchor's value stays."""
    assert put("b: &x old\na: *x\n", ("a",), "new") == 'b: &x old\na: "new"\n'


@pytest.mark.parametrize(
    ("text", "indexes", "expected"),
    [
        (
            "machine:\n  files:\n    - path: /a\n    - path: /b\n    - path: /c\n",
            [1],
            "machine:\n  files:\n    - path: /a\n    - path: /c\n",
        ),
        # comments above an element in its column go with it, so do those below it further right
        (
            "machine:\n  files:\n    # of a\n    - path: /a\n      # in a\n    # of b\n    - path: /b\n",
            [0],
            "machine:\n  files:\n    # of b\n    - path: /b\n",
        ),
        (
            "machine:\n  files:\n    - path: /a\n\n    # of b\n    - path: /b\n  # of x\n  x: 1\n",
            [1],
            "machine:\n  files:\n    - path: /a\n\n  # of x\n  x: 1\n",
        ),
        # the list's key goes with its last element, head comment and all
        ("machine:\n  # of files\n  files:\n    - path: /a\n  x: 1\n", [0], "machine:\n  x: 1\n"),
        ("machine:\n  files:\n    - path: /a\ncluster: {}\n", [0], "machine: {}\ncluster: {}\n"),
        # brackets stay
        ("machine:\n  files: [{path: /a}, {path: /b}] # c\n", [0], "machine:\n  files: [{path: /b}] # c\n"),
        ("machine:\n  files: [{path: /a}]\n", [0], "machine:\n  files: []\n"),
        # no line end at the end
        ("machine:\n  x: 1\n  files:\n    - path: /a\n    - path: /b", [1], "machine:\n  x: 1\n  files:\n    - path: /a"),
        ("machine:\n  x: 1\n  files:\n    - path: /a", [0], "machine:\n  x: 1"),
        # block scalars end where they end
        ("machine:\n  files:\n    - content: |+\n        a\n\n    - path: /b\n", [0], "machine:\n  files:\n    - path: /b\n"),
        ("machine:\n  files:\n    -\n      path: /a\n    -   path: /b\n", [0], "machine:\n  files:\n    -   path: /b\n"),
        ("machine:\n  files:\n    - path: /a\n    - path: /b\n    - path: /c\n", [0, 2], "machine:\n  files:\n    - path: /b\n"),
        ("machine:\n  files:\n    - null\n    -\n    - path: /c\n", [0, 1], "machine:\n  files:\n    - path: /c\n"),
    ],
)
def test_elements_are_taken_out_with_what_belongs_to_them(text: str, indexes: list[int], expected: str) -> None:
    """Neighbours and their comments stay."""
    spliced = remove(text, *indexes)
    assert spliced.config.text == expected
    assert not spliced.widened


def test_documents_come_and_go_whole() -> None:
    """A comment between two belongs to the first of them."""
    text = "machine: {}\n# of machine\n---\nkind: X # of x\n# below x\n---\nkind: Y\n"
    config = MachineConfig.parse(text)
    splicer = Splicer(config)
    splicer.remove_document(config.documents[1])
    assert splicer.finish().config.text == "machine: {}\n# of machine\n---\nkind: Y\n"
    splicer = Splicer(config)
    splicer.append_document({"apiVersion": "v1alpha1", "kind": "Z", "name": "z", "content": "a\nb\n"})
    assert splicer.finish().config.text == text + "---\napiVersion: v1alpha1\nkind: Z\nname: z\ncontent: |\n  a\n  b\n"


def test_a_splicer_without_operations_gives_back_the_config() -> None:
    """The very same object."""
    config = MachineConfig.parse("machine: {}\n")
    assert Splicer(config).finish().config is config


def _bases() -> list[str]:
    found: dict[str, None] = {}
    for file in sorted(VECTORS.glob("*.jsonl")):
        for line in filter(None, file.read_text(encoding="utf-8").split("\n")):
            found[json.loads(line)["base"]] = None
    return list(found)


@pytest.mark.parametrize("variant", ["as it is", "CRLF", "BOM", "no final line end"])
def test_recorded_configs_take_any_edit(variant: str) -> None:
    """Each base of the recorded cases: an element appended to and taken out of machine.files, each scalar of the first eight set."""
    edits = refused = widened = 0
    for base in _bases():
        text = {"CRLF": base.replace("\n", "\r\n"), "BOM": "\ufeff" + base, "no final line end": base.rstrip("\n")}.get(variant, base)
        try:
            config = MachineConfig.parse(text)
        except ConfigError:
            continue
        for document in config.documents[:2]:
            for path, node in list(scalars(document.node))[:8]:
                if node.anchor is not None or path[0] in {"kind", "name", "apiVersion"}:
                    continue
                edits += 1
                try:
                    put_in = Splicer(config)
                    put_in.set(document, path, "a new value\nof two lines\n")
                    spliced = put_in.finish()
                except ConfigError:
                    refused += 1
                    continue
                after = spliced.config.text
                assert spliced.widened or after[: node.start] == text[: node.start]
                assert spliced.widened or after.endswith(text[node.end :].lstrip())
                widened += spliced.widened
        if config.documents and config.documents[0].kind == "v1alpha1":
            edits += 1
            try:
                there = append(text)
            except ConfigError:
                refused += 1
                continue
            count = len(there.config.get("machine.files"))
            remove(there.config.text, count - 1)
    assert edits > 1500
    assert refused < edits / 100
    assert widened < edits / 50


_TEXT = st.text(st.characters(codec="utf-8"), max_size=12) | st.text(st.sampled_from("ab: #\n-'\"|>[]{}&*!%@`~\t\r\\"), max_size=12)
_DATA = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-(2**63), 2**63 - 1), st.floats(), _TEXT),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(_TEXT, inner, max_size=3)),
    max_leaves=8,
)


@given(st.dictionaries(_TEXT, _DATA, min_size=1, max_size=3), st.sampled_from(["\n", "\r\n"]))
def test_what_is_written_anew_reads_back(data: dict[str, object], line_end: str) -> None:
    """In block and in flow style, whatever the text holds."""
    config = MachineConfig.parse("a:\n    b:\n    -   c\n")
    style = style_of(config)
    for text in (line_end.join(block({"x": data}, 0, style)) + line_end, f"x: {flow(data)}\n"):
        read = MachineConfig.parse(text)
        assert read.equivalent(MachineConfig.parse(f"x: {flow(data)}\n"))
        for key, value in data.items():
            if isinstance(value, str):
                assert read.documents[0].value["x"][key] == value


@given(_TEXT)
def test_a_scalar_reads_back_as_text(text: str) -> None:
    """Words, numbers and dates are quoted."""
    assert MachineConfig.parse(f"a: {scalar(text)}\n").get("a") == text
    assert MachineConfig.parse(f"a: [{scalar(text, in_flow=True)}]\n").get("a") == [text]


_LINES = st.lists(
    st.sampled_from(
        [
            "machine:",
            "  files:",
            "    - path: /a",
            "      content: |",
            "        x",
            "",
            "# c",
            "    # d",
            "  type: worker",
            "  - a",
            "    - &x {b: c}",
            "      op: *x",
            "---",
            "  files: []",
            "\t",
            "cluster: {}",
        ]
    ),
    max_size=10,
)


@pytest.mark.fuzz
@given(_LINES, st.booleans())
def test_an_edit_is_proven_or_refused(lines: list[str], ended: bool) -> None:
    """On any text: never another error, never another change."""
    text = "\n".join(lines) + ("\n" if ended else "")
    try:
        config = MachineConfig.parse(text)
        if not config.documents:
            return
        before = [document.value for document in config.documents]
        after = append(text).config
    except ConfigError:
        return
    files = after.get("machine.files")
    assert files[-1] == ENTRY
    assert [document.value for document in config.documents] == before


@pytest.mark.parametrize(
    "text",
    [
        "machine:\n  files:\n    - path: /a\n  type: worker\ncluster: {}\n",
        "machine:\n  type: worker\n---\nkind: X\nname: y\nz: [1, 0x10, 2001-01-01]\n",
        "machine: {files: [{path: &p /a}], type: worker}\ncluster: {x: *p}\n",
    ],
)
def test_what_a_config_is_said_to_hold_after_an_edit_is_what_its_text_holds(text: str) -> None:
    """It keeps the data that the edit was proven by, and shares what did not change."""
    before = MachineConfig.parse(text)
    splicer = Splicer(before)
    splicer.append(before.documents[0], FILES, ENTRY)
    after = splicer.finish().config
    assert [document.value for document in after.documents] == [document.value for document in MachineConfig.parse(after.text).documents]
    assert before.documents[0].value["machine"].get("files", []) == MachineConfig.parse(text).get("machine.files", [])
    assert after.equivalent(MachineConfig.parse(after.text))
    assert not after.equivalent(before)
