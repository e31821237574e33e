"""Merging a fragment into what is there, and taking it out again."""

from __future__ import annotations

import tomllib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from talospatch.containerd.fragment import Fragment, merge, read_content, remove
from talospatch.containerd.toml_write import write_key, write_tables
from talospatch.errors import FragmentError
from talospatch.versions import TalosVersion

Values = dict[tuple[str, ...], Any]

OLD, NEW = TalosVersion.parse("1.13"), TalosVersion.parse("1.14")
ADDRESS: Values = {("metrics", "address"): "0.0.0.0:11234"}
BOTH: Values = {**ADDRESS, ("metrics", "grpc_histogram"): True}
PLUGIN: Values = {("plugins", "io.containerd.server.v1.metrics", "address"): "0.0.0.0:11234"}
LINES = '[metrics]\n  address = "0.0.0.0:11234"\n'

# Shapes in which people write this file; none sets the metrics.
SHAPES = [
    "a = 1\n",
    "a = 1",
    "a = 1\n\n",
    "# head\na = 1\n",
    '[plugins]\n  [plugins."io.containerd.grpc.v1.cri"]\n    sandbox_image = "x"\n',
    '[plugins."io.containerd.cri.v1.images"]\n  discard_unpacked_layers = false\n# tail\n',
    "[plugins]\n\n   [plugins.'io.containerd.nri.v1.nri']\n      disable = false",
    '[plugins."io.containerd.cri.v1.runtime"]\r\n  cdi_spec_dirs = ["/x"]\r\n',
    '[plugins]\n"a".x = 1\nz = 2\n',
    'plugins."a".x = 1\n',
    "plugins = { a = { x = 1 } }\n",
    "[[streams]]\nx = 1\n[streams.y]\nz = 1\n",
    '[proxy_plugins]\n  [proxy_plugins.soci]\n    type = "snapshot"\n\n# last words\n',
    "[debug]\n\tlevel = 'debug' # tabs\n",
]


@pytest.mark.parametrize("content", SHAPES)
def test_adding_and_removing_gives_back_the_same_bytes(content: str) -> None:
    """So that going there and back restarts nothing for nothing."""
    merged = merge(content, BOTH, talos=OLD)
    assert tomllib.loads(merged) == {**tomllib.loads(content), "metrics": {"address": "0.0.0.0:11234", "grpc_histogram": True}}
    assert merged.startswith(content.rstrip("\n")[:-1])
    assert remove(merged, BOTH, talos=OLD) == content


@pytest.mark.parametrize("content", SHAPES)
def test_merging_twice_changes_nothing_more(content: str) -> None:
    """The very same text comes back."""
    merged = merge(content, BOTH, talos=OLD)
    assert merge(merged, BOTH, talos=OLD) is merged


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("[metrics]\n  address = '127.0.0.1:1' # mine\n", '[metrics]\n  address = "0.0.0.0:11234" # mine\n'),
        ("[ metrics ]\naddress='x'", '[ metrics ]\naddress="0.0.0.0:11234"'),
        ("['metrics']\n", "['metrics']\n  address = \"0.0.0.0:11234\"\n"),
        ("[metrics]\n  # c\n\n[b]\nc = 1\n", '[metrics]\n  address = "0.0.0.0:11234"\n  # c\n\n[b]\nc = 1\n'),
        ("[metrics]\n    grpc_histogram = true\n[b]\n", '[metrics]\n    grpc_histogram = true\n    address = "0.0.0.0:11234"\n[b]\n'),
        ("metrics.address = 'x'\nz = 1\n", 'metrics.address = "0.0.0.0:11234"\nz = 1\n'),
        ("metrics.grpc_histogram = true\nz = 1\n", 'metrics.grpc_histogram = true\nmetrics.address = "0.0.0.0:11234"\nz = 1\n'),
        (
            "metrics = { address = 'x', grpc_histogram = true } # c\n",
            'metrics = { address = "0.0.0.0:11234", grpc_histogram = true } # c\n',
        ),
        ("metrics = {}\n", 'metrics = { address = "0.0.0.0:11234" }\n'),
        ("[metrics]\r\naddress = ''\r\n", '[metrics]\r\naddress = "0.0.0.0:11234"\r\n'),
        ("[b]\r\nc = 1\r\n", '[b]\r\nc = 1\r\n\r\n[metrics]\r\n  address = "0.0.0.0:11234"\r\n'),
        ("[metrics]\naddress = '''x\ny'''\n", '[metrics]\naddress = "0.0.0.0:11234"\n'),
        ("", LINES),
        ("\n", LINES),
    ],
)
def test_the_users_text_stays_around_the_value(content: str, expected: str) -> None:
    """Comments, quotes, indentation and line ends."""
    assert merge(content, ADDRESS, talos=OLD) == expected


def test_a_new_carrier_gets_the_fragments_own_text_when_it_says_the_same() -> None:
    """Comments that are meant for the node come along."""
    fragment = Fragment.parse("# of the file\n\n[metrics] # of the node\naddress = '0.0.0.0:11234'\n", is_file=True)
    assert merge("", fragment.values, talos=OLD, fresh=fragment.text) == "[metrics] # of the node\naddress = '0.0.0.0:11234'\n"


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("metrics = 1\n", "metrics is a single value there"),
        ("[[metrics]]\naddress = 'x'\n", "metrics is an array there"),
        ("[metrics.address]\nx = 1\n", "metrics.address is a table there"),
        ("[metrics]\naddress = ['x']\n", "metrics.address is an array there"),
        ("[metrics]\n[metrics]\n", "already broken"),
        ("\ufeff[metrics]\n", "already broken"),
        ("[metrics\n", "already broken"),
        ("a = 10:30\n", "already broken"),
    ],
)
def test_what_cannot_be_merged_is_refused(content: str, problem: str) -> None:
    """Nothing is guessed, nothing is repaired."""
    with pytest.raises(FragmentError, match=problem):
        merge(content, ADDRESS, talos=OLD, source="machine.files[0]")


def test_toml_1_1_is_merged_where_the_node_reads_it() -> None:
    """From 1.14.0-beta.0 on."""
    content = "t = 10:30\na = { b = 1, }\n"
    assert merge(content, ADDRESS, talos=NEW) == content + "\n" + LINES
    with pytest.raises(FragmentError, match=r"1\.1"):
        merge(content, ADDRESS, talos=OLD)


@pytest.mark.parametrize(
    ("content", "left"),
    [
        (LINES, ""),
        ("# only mine\n" + LINES, ""),
        ("a = 1\n\n# about metrics\n# two lines\n" + LINES + "\n[b]\nc = 1\n", "a = 1\n\n[b]\nc = 1\n"),
        ("# of a\na = 1\n# of metrics\n[metrics]\naddress = 'x'\n", "# of a\na = 1\n"),
        (
            "[metrics]\n# of address\naddress = 'x'\n# of histogram\ngrpc_histogram = true\n",
            "[metrics]\n# of histogram\ngrpc_histogram = true\n",
        ),
        (LINES + "\n[b]\nc = 1\n", "[b]\nc = 1\n"),
        ("metrics = { address = 'x' }\nz = 1\n", "z = 1\n"),
        ("metrics = { address = 'x', grpc_histogram = true }\n", "metrics = { grpc_histogram = true }\n"),
        ("metrics.address = 'x'\nz = 1\n", "z = 1\n"),
        ("[plugins]\n" + LINES, ""),
        ("[plugins]\n[plugins.a]\nb = 1\n\n" + LINES, "[plugins]\n[plugins.a]\nb = 1\n"),
        ("a = 1\n", "a = 1\n"),
        ("# nothing\n", "# nothing\n"),
        ("", ""),
    ],
)
def test_removal_takes_what_is_ours_and_keeps_the_rest(content: str, left: str) -> None:
    """And leaves nothing at all when nothing but comments would be left."""
    assert remove(content, ADDRESS, talos=OLD) == left


def test_the_plugin_form_nests_two_tables() -> None:
    """Quoted keys with dots in them are one key."""
    merged = merge("a = 1\n", PLUGIN, talos=NEW)
    assert merged == 'a = 1\n\n[plugins."io.containerd.server.v1.metrics"]\n  address = "0.0.0.0:11234"\n'
    assert remove(merged, PLUGIN, talos=NEW) == "a = 1\n"


@pytest.mark.parametrize("text", ["version = 3\n", "version = 4\n[metrics]\naddress = 'x'\n"])
def test_a_fragment_must_not_set_the_version(text: str) -> None:
    """One value or another breaks containerd on every release."""
    with pytest.raises(FragmentError, match="must not set version"):
        Fragment.parse(text)


def test_the_representation_of_a_fragment_holds_no_values() -> None:
    """A drop-in may hold a registry's password."""
    assert "s3cret" not in repr(Fragment.parse("[a]\npassword = 's3cret'\n"))


_KEYS = st.sampled_from(["metrics", "plugins", "io.containerd.x", "a b", "ä"])
_LEAF: st.SearchStrategy[Any] = st.one_of(
    st.booleans(), st.integers(0, 9), st.sampled_from(["x", "0.0.0.0:1", "a\nb", "]"]), st.lists(st.integers(0, 3), max_size=2)
)
_TABLES = st.dictionaries(st.lists(_KEYS, min_size=1, max_size=3).map(tuple), _LEAF, max_size=5)


def _consistent(values: Values) -> Values:
    """Drop values that would stand where another needs a table."""
    return {keys: value for keys, value in values.items() if not any(other != keys and other[: len(keys)] == keys for other in values)}


_REMARKS = st.lists(st.sampled_from(["", "# x", "   # y"]), max_size=2)


@given(_TABLES.map(_consistent), _TABLES.map(_consistent), _REMARKS, st.booleans(), st.booleans())
def test_a_merge_sets_what_it_says_and_nothing_else(base: Values, values: Values, remarks: list[str], ended: bool, dotted: bool) -> None:
    """Every other line of the user's stays; twice changes nothing; taken out, what was not there before is gone."""
    body = (
        "".join(f"{write_key(keys)} = {write_tables({('k',): value}).partition('= ')[2]}" for keys, value in base.items())
        if dotted
        else write_tables(base)
    )
    content = "\n".join([*remarks, body])
    if not ended:
        content = content.rstrip("\n")
    try:
        merged = merge(content, values, talos=OLD)
    except FragmentError:
        return
    assert merge(merged, values, talos=OLD) == merged
    missing = [line for line in content.split("\n") if line not in merged.split("\n")]
    assert len(missing) <= len(values)
    if not any(keys in base for keys in values) and base and values:
        assert tomllib.loads(remove(merged, values, talos=OLD) or "") == tomllib.loads(content)


def test_a_text_that_was_read_before_is_not_changed_by_merging_into_it() -> None:
    """What was read is remembered; each merge must find it as the text has it."""
    content = '[plugins."a"]\n  list = [1, 2]\n  [plugins."a".b]\n    c = 1\n'
    for _ in range(2):
        data = read_content(content, talos=OLD)
        assert data == tomllib.loads(content)
        merged = merge(content, {("plugins", "a", "b", "d"): [3], ("plugins", "a", "list"): [4], **ADDRESS}, talos=OLD)
        remove(content, [("plugins", "a", "list"), ("plugins", "a", "b", "c")], talos=OLD)
        assert read_content(merged, talos=OLD) == tomllib.loads(merged)
        assert read_content(content, talos=OLD) == tomllib.loads(content)
