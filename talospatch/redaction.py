"""Taking secrets out of text before anyone sees it.

Works on text alone: what only a machine config's structure can tell (the value at ``machine.token``) is passed in by the caller as
``secrets``. What can be recognised by its own look, PEM blocks, their base64 form, bootstrap tokens, bearer and basic credentials,
and values behind a key that names a secret, is found here.
"""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

MASK = "[redacted]"
SHORTEST_SECRET = 6  # a shorter value is replaced only where its path or key says that it is secret, never by search

# Keys whose values are secret wherever they stand. Source: machinery's RedactSecrets for v1alpha1 and the documents, and the field
# names of registries' auth, WireGuard, KMS and disk encryption.
SECRET_KEYS = (
    "token",
    "bootstraptoken",
    "secret",
    "key",
    "privateKey",
    "presharedKey",
    "passphrase",
    "password",
    "auth",
    "identityToken",
    "registryToken",
    "aescbcEncryptionSecret",
    "secretboxEncryptionSecret",
    "accessToken",
    "clientSecret",
    "serviceAccountKey",
)
_ANY_KEY = "|".join(SECRET_KEYS)


@cache
def _block() -> re.Pattern[str]:
    """A block scalar behind such a key: its text stands on the following, deeper lines."""
    return re.compile(
        rf"(?m)^(?P<head>[ +\-]?(?P<indent>[ \t]*)(?:- )?(?:{_ANY_KEY}):[ \t]*[|>][-+0-9]*[ \t]*\n)"
        r"(?P<body>(?:[ +\-]?(?P=indent)[ \t]+\S[^\n]*(?:\n|\Z))+)"
    )


@cache
def _patterns() -> tuple[tuple[re.Pattern[str], str], ...]:
    """What a secret looks like, and what takes its place; made when first needed, because a short command may never."""
    return (
        # A PEM private key, whole or cut off, plain or with escaped line ends.
        (re.compile(r"-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----.*?(?:-----END [A-Z0-9 ]*PRIVATE KEY-----|\Z)", re.DOTALL), MASK),
        # Base64 of text that starts with "-----BEGIN": certificates and keys cannot be told apart early enough, so both go.
        (re.compile(r"LS0tLS1CRUdJTi[A-Za-z0-9+/=]*(?:\s+[A-Za-z0-9+/]{40,}={0,2})*"), MASK),
        (re.compile(r"(?i)\b(bearer|basic)(\s+)[A-Za-z0-9._~+/=-]{6,}"), rf"\1\2{MASK}"),
        # A Kubernetes bootstrap token or a machine token: six characters, a dot, sixteen.
        (re.compile(r"\b[a-z0-9]{6}\.[a-z0-9]{16}\b"), MASK),
        (re.compile(r"\b(https?|socks5|tcp|udp)(://[^\s:/@'\"]+:)[^\s@/'\"]+@"), rf"\1\2{MASK}@"),
        # JSON Web Tokens.
        (re.compile(r"\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}"), MASK),
        # key: value, key = value and "key": "value", in any prefix a diff may put before it; a block scalar's text follows on later lines.
        (
            re.compile(
                rf"(?m)(^|[\s{{,\"'])((?:{_ANY_KEY})[\"']?[ \t]*[:=][ \t]*)(?!\s*$|null\b|\"\"|''|\[redacted)"
                r"(\"(?:[^\"\\\n]|\\.)*\"|'(?:[^'\n]|'')*'|[^\s,}\n][^\n,}]*)"
            ),
            rf"\1\2{MASK}",
        ),
    )


def redact(text: str, *, secrets: Iterable[str] = (), limit: int | None = None, marks: Marks | None = None) -> str:
    """Return ``text`` without the secrets in it.

    Args:
        text: anything about to be shown or stored.
        secrets: values that are secret by their place; those shorter than six characters are not searched for.
        limit: longest result in characters; a longer one is cut and ends in ``…``.
        marks: put marks that tell equal from different where secrets stood, instead of one word for all.
    """
    name = marks.mark if marks is not None else _mask
    for value in sorted({value for value in secrets if len(value) >= SHORTEST_SECRET}, key=len, reverse=True):
        text = text.replace(value, name(value))
        if "\n" in value:
            for line in value.splitlines():
                if len(line.strip()) >= SHORTEST_SECRET:
                    text = text.replace(line.strip(), name(line.strip()))
    text = _block().sub(lambda match: f"{match['head']}{match['indent']}  {name(match['body'])}\n", text)
    for pattern, replacement in _patterns():
        text = pattern.sub(replacement if marks is None else lambda match, into=replacement: _marked(match, into, name), text)
    if limit is not None and len(text) > limit:
        text = text[: max(limit - 1, 0)] + "…"
    return text


def _mask(value: str) -> str:
    return MASK


def _marked(match: re.Match[str], replacement: str, name: Callable[[str], str]) -> str:
    """Expand a replacement, with a mark of its own in it."""
    return match.expand(replacement.replace(MASK, "\0")).replace("\0", name(match.group()))


class Marks:
    """Marks that stand for secrets and tell equal from different within one run, and nothing more.

    The key is made anew for each object, so that a mark seen in one report says nothing about another.
    """

    __slots__ = ("_key",)

    def __init__(self) -> None:
        self._key = b""  # made with the first mark; where nothing secret is shown, nothing is loaded for it

    def mark(self, value: str) -> str:
        """Return the mark of a secret, as ``[redacted 5f3a9c]``; the empty string stays empty."""
        if not value:
            return value
        import hashlib
        import hmac

        if not self._key:
            import secrets

            self._key = secrets.token_bytes(32)
        return f"[redacted {hmac.new(self._key, value.encode('utf-8', 'surrogatepass'), hashlib.sha256).hexdigest()[:6]}]"

    def __repr__(self) -> str:
        return "Marks()"
