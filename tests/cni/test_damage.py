"""Kinds of damage."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from talospatch.cni.damage import SENTENCES, Damage, inspect

SAMPLES = Path(__file__).parent.parent / "samples" / "cni-cache"
GOOD = (SAMPLES / "1.0.0-flannel__cbr0-a1a1a1a1-eth0").read_bytes()
HALF = len(GOOD) // 2


def with_version(version: str) -> bytes:
    changed = GOOD.replace(b'"result":{"cniVersion":"1.0.0"', b'"result":{"cniVersion":"%s"' % version.encode())
    assert changed != GOOD
    return changed


CASES = [
    (GOOD, Damage.NONE),
    (GOOD + b"\n", Damage.NONE),
    (b"", Damage.EMPTY),
    (b" \r\n\t", Damage.WHITESPACE),
    (b"\0", Damage.NULS),
    (b"\0" * len(GOOD), Damage.NULS),
    (GOOD[:HALF] + b"\0" * HALF, Damage.NUL_TAIL),
    (GOOD + b"\0\0", Damage.NUL_TAIL),
    (GOOD[:HALF], Damage.TRUNCATED),
    (GOOD[:-1], Damage.TRUNCATED),
    (b"{", Damage.TRUNCATED),
    (GOOD + b"}", Damage.TRAILING),
    (GOOD + GOOD, Damage.TRAILING),
    (b"[" * 10_001, Damage.TOO_DEEP),
    (b"error: no such file\n", Damage.NOT_JSON),
    (b"\xef\xbb\xbf" + GOOD, Damage.NOT_JSON),
    (b"\0" * 8 + GOOD[8:], Damage.NOT_JSON),
    (b"[]", Damage.NOT_AN_OBJECT),
    (b"null", Damage.NOT_AN_OBJECT),
    (b'"text"', Damage.NOT_AN_OBJECT),
    (b"{}", Damage.NOT_A_CACHE),
    (GOOD.replace(b"cniCacheV1", b"cniCacheV2"), Damage.NOT_A_CACHE),
    (b'{"cniVersion":"9.9.9"}', Damage.NOT_A_CACHE),
    (b'{"cniVersion":"0.4.0","ips":[]}', Damage.NONE),
    (with_version("9.9.9"), Damage.UNKNOWN_VERSION),
    (with_version("1.1.0"), Damage.UNKNOWN_VERSION),
    (GOOD.replace(b"10.244.", b"bogus."), Damage.BAD_RESULT),
]

LEGACY = b'{"cniVersion":"0.4.0","ips":[]}'
READ_ALL_THE_SAME = {GOOD, GOOD + b"\n", b"null", b"{}", GOOD.replace(b"cniCacheV1", b"cniCacheV2"), LEGACY}


@pytest.mark.parametrize(("content", "damage"), CASES, ids=range(len(CASES)))
def test_damage_is_named(content: bytes, damage: Damage) -> None:
    """As libcni 1.1.2 under a conflist of 1.0.0 sees it."""
    found = inspect(content, libcni="1.1.2", cni_version="1.0.0")
    assert found.damage is damage
    assert (found.error is None) == (content in READ_ALL_THE_SAME)


def test_a_result_of_a_newer_version_is_in_order_where_libcni_knows_it() -> None:
    """1.1.0 is known since libcni 1.2.0."""
    assert inspect(with_version("1.1.0"), libcni="1.3.0", cni_version="1.0.0").damage is Damage.NONE


@pytest.mark.parametrize(
    "sample", sorted(SAMPLES.glob("*cbr0*")) + sorted(SAMPLES.glob("*lo")) + sorted(SAMPLES.glob("*.json")), ids=lambda path: path.name
)
def test_what_a_real_containerd_wrote_is_in_order(sample: Path) -> None:
    """Files of containerd 1.6, 1.7, 2.1 and 2.3, bridge and flannel, under every conflist that reads them."""
    for cni_version in ("0.4.0", "1.0.0"):
        found = inspect(sample.read_bytes(), libcni="1.1.2", cni_version=cni_version)
        assert (found.damage, found.error) == (Damage.NONE, None)
        assert found.entry is not None
        assert found.entry.pod


@pytest.mark.parametrize("cut", range(1, len(GOOD), 7))
def test_a_file_cut_anywhere_is_truncated(cut: int) -> None:
    """Also inside a literal, a number or an escape, where the words of the error differ."""
    assert inspect(GOOD[:cut], libcni="1.1.2", cni_version="1.0.0").damage is Damage.TRUNCATED


@pytest.mark.fuzz
@given(st.integers(0, len(GOOD)), st.integers(0, 40), st.binary(max_size=20))
def test_every_content_gets_a_name(start: int, length: int, inserted: bytes) -> None:
    """Whatever bytes are in the file, and the sentence for its damage exists."""
    content = GOOD[:start] + inserted + GOOD[start + length :]
    found = inspect(content, libcni="1.1.2", cni_version="1.0.0")
    assert found.damage is not Damage.UNSEEN
    assert SENTENCES[found.damage]
