"""Talosconfigs that are almost right, from their text to the identity in them: usable, or one clear error without the key."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st
from loopback_calls import TALOS
from loopback_pki import NOW, talosconfig_text
from mutations import damaged_bytes, damaged_lines

from talospatch.errors import TalosconfigError
from talospatch.talosapi.identity import Identity
from talospatch.talosapi.talosconfig import Context, parse

CONTEXT = TALOS.context("10.0.0.1", "[fd00::1]:50000", "https://cp.example.org")
TEXT = talosconfig_text(CONTEXT) + "    cluster: c\n    proxy-url: direct\n    auth:\n      basic: {username: u, password: p}\n"
KEY = base64.b64encode(CONTEXT.key).decode()


@pytest.mark.fuzz
@given(damaged_lines(TEXT).map(str.encode) | damaged_bytes(TEXT))
def test_any_talosconfig_is_usable_or_a_clear_error(data: bytes) -> None:
    """A context that is broken is an error only when it is asked for."""
    try:
        config = parse(data, source="tc")
    except TalosconfigError as error:
        _is_clear(error)
        return
    for name in (*config.contexts, *config.broken, "none"):
        try:
            _use(config.context(name))
        except TalosconfigError as error:
            _is_clear(error)


@pytest.mark.fuzz
@given(st.sampled_from(("ca", "certificate", "key")), st.data())
def test_any_pem_is_usable_or_a_clear_error(part: str, data: st.DataObject) -> None:
    """Whatever a CA, a certificate or a key holds."""
    good: bytes = getattr(CONTEXT, part)
    pem = data.draw(damaged_bytes(good.decode()) | st.binary(max_size=60).map(base64.b64encode).map(_as_pem))
    try:
        _use(Context(**{**{name: getattr(CONTEXT, name) for name in CONTEXT.__slots__}, part: pem}))
    except TalosconfigError as error:
        _is_clear(error)


def _as_pem(inner: bytes) -> bytes:
    return b"-----BEGIN CERTIFICATE-----\n" + inner + b"\n-----END CERTIFICATE-----\n"


def _use(context: Context) -> None:
    context.dialled()
    identity = Identity.of(context)
    identity.check(NOW)
    identity.ssl_context()


def _is_clear(error: TalosconfigError) -> None:
    text = str(error)
    assert text.startswith(("tc", "talosconfig"))
    assert KEY[40:80] not in text
    assert "PRIVATE KEY" not in text
