"""Secrets in text: what is recognised by its look, by its key, and because the caller knows it."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from talospatch.redaction import MASK, Marks, redact

KEY = "-----BEGIN ED25519 PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEINothingRealAtAllNothingRealAtAll0000\n-----END ED25519 PRIVATE KEY-----\n"


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        (KEY, "NothingReal"),
        (KEY[:60], "MC4C"),
        (KEY.replace("\n", "\\n"), "NothingReal"),
        (f"key: {base64.b64encode(KEY.encode()).decode()}", "LS0tLS1"),
        ("Authorization: Bearer abcdef0123456789", "abcdef0123456789"),
        ("proxy http://user:hunter22@proxy.example:3128 refused", "hunter22"),
        ("+  token: abcdef.0123456789abcdef", "0123456789abcdef"),
        ("-        secret: c2VjcmV0c2VjcmV0", "c2VjcmV0c2VjcmV0"),
        ('{"password": "pa ss,word"}', "ss,word"),
        ("password: 'it''s secret'", "s secret"),
        ("secretboxEncryptionSecret: aGVsbG8gd29ybGQ=", "aGVsbG8"),
        ("    key: |\n        line one of it\n        line two of it\nnext: 1\n", "line two"),
        ("+   key: |\n+     line one of it\n+     line two of it\n    other: 1\n", "line one"),
    ],
)
def test_what_looks_like_a_secret_is_taken_out(text: str, secret: str) -> None:
    """By its own look or by the key before it, in a diff too."""
    shown = redact(text)
    assert secret not in shown
    assert MASK in shown


@pytest.mark.parametrize(
    "text",
    [
        "machine.kubelet.extraArgs.rotate-server-certificates: true",
        "key: null",
        "stat /var/lib/cni/results/cbr0-a1: no such file or directory",
        "Applied configuration without a reboot",
        'failed to get network "cbr0" cached result: unexpected end of JSON input',
    ],
)
def test_ordinary_text_stays(text: str) -> None:
    """Redaction that eats everything helps nobody."""
    assert redact(text) == text


@given(
    st.text(alphabet=st.characters(codec="ascii", categories=("L", "N")), min_size=8, max_size=40),
    st.text(max_size=80),
    st.text(max_size=80),
)
def test_a_secret_named_by_the_caller_never_comes_through(secret: str, before: str, after: str) -> None:
    """Wherever it stands."""
    assert secret not in redact(f"{before}{secret}{after}", secrets=[secret]).replace(MASK, "")


@given(st.text(max_size=300), st.integers(min_value=1, max_value=50))
def test_the_limit_holds(text: str, limit: int) -> None:
    """A longer text is cut and says so."""
    shown = redact(text, limit=limit)
    assert len(shown) <= limit


def test_a_text_redacted_twice_stays_as_it_is() -> None:
    """Text passes several hands."""
    once = redact(f"token: abc\n{KEY}")
    assert redact(once) == once


def test_marks_tell_equal_from_different_within_a_run_only() -> None:
    """The same secret has the same mark; another run's mark says nothing."""
    first, second = Marks(), Marks()
    assert first.mark("one secret") == first.mark("one secret") != first.mark("another secret")
    assert first.mark("one secret") != second.mark("one secret")
    assert first.mark("") == ""
    assert "key" not in repr(first)
