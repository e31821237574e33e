"""How full the file system of the cache is, from what a node says of its mounts, whatever that is."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from talospatch.cni.directories import RESULTS
from talospatch.cni.space import Space, amount, clause, space_in
from talospatch.talos.node import Mount

GIB = 1 << 30
VAR = Mount("/dev/vda6", "/var", 40 * GIB, 3 * GIB)


def mounts(*paths: str) -> list[Mount]:
    return [Mount("x", path, (index + 1) * GIB, index * GIB) for index, path in enumerate(paths)]


@pytest.mark.parametrize(
    ("paths", "chosen"),
    [
        (["/", "/var", "/run"], "/var"),
        (["/var", "/"], "/var"),
        (["/", "/run", "/variety", "/var/lib/kubelet", "/var/lib/cni/networks", "/var/lib/cni/resultsx"], "/"),
        (["/var", "/var/lib/cni", "/"], "/var/lib/cni"),
        (["/var", RESULTS], RESULTS),
    ],
)
def test_the_longest_path_above_the_cache_counts(paths: list[str], chosen: str) -> None:
    """As for the kernel: whole names, not beginnings of names."""
    assert space_in(mounts(*paths)).mounted_on == chosen


def test_of_two_mounts_on_one_path_the_later_one_counts() -> None:
    """It covers the other."""
    assert space_in([VAR, Mount("tmpfs", "/var", GIB, GIB)]).size == GIB


@pytest.mark.parametrize(
    ("found", "problem"),
    [
        ([], f"no mount that the node names holds {RESULTS}"),
        (mounts("", "//", "/var/", "var", "/var\\012", "/var\n/lib"), f"no mount that the node names holds {RESULTS}"),
        ([Mount("x", "/var", 0, 0)], "the node does not tell the size of /var"),
        ([Mount("x", "/", GIB, 0), Mount("x", "/var", 0, 0)], "the node does not tell the size of /var"),
        ([Mount("x", "/var", GIB, GIB + 1)], f"what the node says of /var cannot be: {GIB + 1} of {GIB} bytes are free"),
        ([Mount("x", "/var", GIB, -1)], f"what the node says of /var cannot be: -1 of {GIB} bytes are free"),
        ([Mount("x", "/var", -GIB, -GIB)], f"what the node says of /var cannot be: {-GIB} of {-GIB} bytes are free"),
        ([Mount("x", "/var", 1 << 64, 1)], f"what the node says of /var cannot be: 1 of {1 << 64} bytes are free"),
        ([Mount("x", "/var", (1 << 64) - 1, (1 << 64) - 1)], "what the node says of /var cannot be"),
    ],
)
def test_what_cannot_be_is_not_believed(found: list[Mount], problem: str) -> None:
    """Nor is another file system taken instead: that would tell of the wrong one."""
    space = space_in(found)
    assert space.problem.startswith(problem)
    assert clause(space) == f"how full the file system of {RESULTS} is was not seen: {space.problem}"
    assert (space.is_low, space.to_dict()) == (False, {"problem": space.problem})


def test_it_is_said_in_words_and_in_numbers() -> None:
    """And that it is little, where the kubelet would evict pods."""
    assert clause(space_in([VAR])) == "/var has 3 GiB of 40 GiB free now, less than the 10% at which the kubelet evicts pods by default"
    assert clause(Space("/var", 40 * GIB, 4 * GIB)) == "/var has 4 GiB of 40 GiB free now"
    assert Space("/var", 40 * GIB, 4 * GIB - 1).is_low
    assert space_in([VAR]).to_dict() == {"mountedOn": "/var", "size": 40 * GIB, "available": 3 * GIB}


@pytest.mark.parametrize(
    ("number", "said"),
    [
        (0, "0 bytes"),
        (1, "1 byte"),
        (1023, "1023 bytes"),
        (1024, "1 KiB"),
        (1535, "1.4 KiB"),
        (1536, "1.5 KiB"),
        (10 * GIB + GIB // 2, "10 GiB"),
        (GIB - 1, "1023 MiB"),
        (312 << 20, "312 MiB"),
        ((1 << 63) - 1, "7.9 EiB"),
    ],
)
def test_amounts(number: int, said: str) -> None:
    """Three digits or so, rounded down: nobody is promised more than there is."""
    assert amount(number) == said


_ROW = st.builds(
    Mount,
    st.text(max_size=8),
    st.one_of(st.text(max_size=12), st.sampled_from(["/", "/var", "/var/lib", "/var/lib/cni", RESULTS, "/var\n/lib", "/\x1b[2J"])),
    st.integers(-2, (1 << 64) + 2),
    st.integers(-2, (1 << 64) + 2),
)


@given(st.lists(_ROW, max_size=6))
def test_whatever_a_node_says_one_plain_line_comes_of_it(found: list[Mount]) -> None:
    """A size that can be, or a problem; and nothing that acts on a terminal."""
    space = space_in(found)
    assert clause(space).isprintable()
    assert space.problem or 0 <= space.available <= space.size > 0
