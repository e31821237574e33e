"""Reading YAML: places, documents, limits, and errors that say where."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterable
from pathlib import Path

import pytest
import yaml

from talospatch.errors import ConfigError
from talospatch.machineconfig import reader
from talospatch.machineconfig.nodes import Alias, Mapping, Node, Scalar, Sequence, scalars
from talospatch.machineconfig.reader import MAX_DEPTH, read

VECTORS = Path(__file__).parent.parent / "vectors" / "merge"


def root(text: str) -> Mapping:
    tree = read(text)[0].root
    assert isinstance(tree, Mapping)
    return tree


def written(text: str, node: Node) -> str:
    return text[node.start : node.end]


@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_places_are_indexes_of_the_text_as_given(line_end: str, mark: str) -> None:
    """Neither a byte order mark nor CRLF shifts where a value is found."""
    text = mark + line_end.join(["a: one # x", "b:", "  - 'two'", '  - "thr\\u00e9e"', "c: {d: [4]}", ""])
    assert [(written(text, node), node.text) for _, node in scalars(root(text))] == [
        ("one", "one"),
        ("'two'", "two"),
        ('"thr\\u00e9e"', "thrée"),
        ("4", "4"),
    ]


@pytest.mark.parametrize("character", ["\x85", "\u2028", "\u2029", "é", "😀"])
def test_characters_that_yaml_counts_otherwise_do_not_shift_places(character: str) -> None:
    """NEL and U+2028 end lines for YAML, and characters outside ASCII are several bytes."""
    text = f"a: 'x{character}y'\nb: z\n"
    assert written(text, root(text).values["b"]) == "z"


def test_a_block_collection_ends_with_its_last_leaf() -> None:
    """The parser's own mark lies behind the comments that follow."""
    text = "a:\n  - b: 1\n    c: 2\n\n# of nobody\n\nd: 3\n"
    assert written(text, root(text).values["a"]) == "- b: 1\n    c: 2"


def test_an_alias_stands_where_it_is_written_and_knows_its_target() -> None:
    """A composer would lose where it stands."""
    text = "a: &x {b: 1}\nc: *x\n"
    alias = root(text).values["c"]
    assert isinstance(alias, Alias)
    assert written(text, alias) == "*x"
    assert alias.target is root(text).values["a"] or isinstance(alias.target, Mapping)


def test_documents_span_the_whole_text() -> None:
    """Marks and comments belong to some document, so removing one leaves nothing behind."""
    text = "# head\na: 1\n---\nb: 2\n# foot\n---\n# nothing\n"
    trees = read(text)
    assert [(tree.start, tree.explicit, tree.root is None) for tree in trees] == [
        (0, False, False),
        (text.index("---"), True, False),
        (text.rindex("---"), True, True),
    ]
    assert trees[1].start == trees[0].end
    assert trees[2].end == len(text)


@pytest.mark.parametrize(
    ("text", "line", "column", "path", "problem"),
    [
        ("machine:\n  type: worker\n  type: x\n", 3, 3, "machine", "stands here twice"),
        ("a: 1\n'a': 2\n", 2, 1, None, "stands here twice"),
        ("machine:\n  files:\n    - path: a\n      path: b\n", 4, 7, "machine.files[0]", "stands here twice"),
        ("a: *b\n", 1, 4, "a", "no anchor"),
        ("a: &x\n  - *x\n", 2, 5, "a[0]", "contains itself"),
        ("? [a, b]\n: c\n", 1, 3, None, "single value"),
        ("a: [1, 2\n", 2, 1, None, "flow sequence"),
        ("a:\n\t- b\n", 2, 1, None, "cannot start any token"),
        ("a: b: c\n", 1, 5, None, "mapping values"),
        ("a: 'b\n", 2, 1, None, "end of stream"),
        ("a: \x00\n", 1, 4, None, "not allowed"),
        ("a: b\x07\n", 1, 5, None, "not allowed"),
        ("a: \ud800\n", 1, 4, None, "surrogate"),
    ],
)
def test_an_error_says_line_column_and_path(text: str, line: int, column: int, path: str | None, problem: str) -> None:
    """From the file down to the character, with the place in the configuration where there is one."""
    with pytest.raises(ConfigError, match=problem) as caught:
        read(text, source="worker.yaml")
    assert (caught.value.line, caught.value.column, caught.value.path) == (line, column, path)
    assert str(caught.value).startswith(f"worker.yaml:{line}:{column}: ")


@pytest.mark.parametrize("text", ["a: {{ .Values.x }}: 1\n", "{% if x %}\na: 1\n", "%{ if x }\na: 1\n"])
def test_a_template_is_recognised(text: str) -> None:
    """A template is a common reason for text that is not YAML."""
    with pytest.raises(ConfigError) as caught:
        read(text)
    assert "template" in (caught.value.hint or "")


@pytest.mark.parametrize("opening", ["[", "{a: ", "- ", "? "])
def test_nesting_of_50_000_levels_is_refused_and_not_a_crash(opening: str) -> None:
    """The C composer overflows its stack on such a text; events do not."""
    begun = time.process_time()
    with pytest.raises(ConfigError):
        read(opening * 50_000)
    assert time.process_time() - begun < 20


def test_nesting_up_to_the_limit_is_read() -> None:
    """As deep as the reference goes."""
    text = "[" * MAX_DEPTH + "]" * MAX_DEPTH
    assert isinstance(read(text)[0].root, Sequence)
    with pytest.raises(ConfigError, match="nested deeper"):
        read(f"[{text}]")


def test_an_alias_bomb_is_refused() -> None:
    """Nine levels of nine aliases stand for 387 million values."""
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{level}: &a{level} [{', '.join([f'*a{level - 1}'] * 9)}]" for level in range(1, 9)]
    with pytest.raises(ConfigError, match="aliases make this document too large"):
        read("\n".join(lines))


def test_an_overlong_text_is_refused_before_it_is_parsed() -> None:
    """A node accepts 32 MiB at most."""
    with pytest.raises(ConfigError, match="longer than"):
        read(" " * (reader.MAX_CHARACTERS + 1))


def test_five_megabytes_take_time_linear_in_their_size() -> None:
    """Many inline manifests are common on control planes."""

    def seconds(copies: int) -> float:
        text = "items:\n" + "  - name: a\n    contents: |\n      kind: X\n      b: c\n" * copies
        begun = time.process_time()
        read(text)
        return time.process_time() - begun

    seconds(1_000)
    assert seconds(40_000) < 40 * max(seconds(4_000), 0.005)


def test_without_libyaml_the_same_trees_come_out() -> None:
    """PyYAML's own parser is slower and gives the same places: in a process to which libyaml is not installed."""
    texts = sorted({json.loads(line)["base"] for line in (VECTORS / "format.jsonl").read_text(encoding="utf-8").split("\n") if line})[:60]
    texts += ["\ufeffa: |\n  x\n\n# c\nb: &q {r: 1}\nc: *q\n", "a: b\r\nc:\r\n  - d\r\n"]
    code = f"""
import sys
sys.modules["yaml._yaml"] = None
sys.path.insert(0, {str(Path(__file__).parent)!r})
import json, yaml
from test_reader import shapes
assert not yaml.__with_libyaml__
print(json.dumps(shapes(json.load(sys.stdin))))
"""
    slow = subprocess.run([sys.executable, "-c", code], input=json.dumps(texts), capture_output=True, text=True, check=True).stdout
    assert yaml.__with_libyaml__
    assert json.loads(slow) == json.loads(json.dumps(shapes(texts)))


def shapes(texts: Iterable[str]) -> list[object]:
    """Return the places of everything that is in each text."""
    return [_shape(text) for text in texts]


def _shape(text: str) -> object:
    try:
        trees = read(text)
    except ConfigError as error:
        return error.line
    return [
        (tree.start, tree.explicit, [(path, node.start, node.text) for path, node in scalars(tree.root)] if tree.root else None)
        for tree in trees
    ]


def test_every_base_that_the_reference_accepts_is_read() -> None:
    """All recorded cases. What JSON 6902 alone took is no machine config; colons and marks that some minors take are the typed engine's."""
    refused = []
    for file in sorted(VECTORS.glob("*.jsonl")):
        for line in filter(None, file.read_text(encoding="utf-8").split("\n")):
            case = json.loads(line)
            if (
                case["id"] in {"json-base-list", "json-dup-key"}
                or case["id"].startswith(("found-colon-", "found-question-start-"))
                or not any("ok" in answer for answer in case["versions"].values())
            ):
                continue
            try:
                read(case["base"])
            except ConfigError as error:
                refused.append((case["id"], str(error)))
    assert refused == []


def test_a_scalar_keeps_its_style_anchor_and_tag() -> None:
    """What an editor of the text needs to know."""
    text = "a: &x !!str |\n  hi\nb: 'q'\n"
    node = root(text).values["a"]
    assert isinstance(node, Scalar)
    assert (node.style, node.anchor, node.tag, node.text) == ("|", "x", "tag:yaml.org,2002:str", "hi\n")
