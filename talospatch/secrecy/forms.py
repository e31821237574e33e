"""Secrets that are known by their own form, wherever they stand.

A form is here only where it is unmistakable: what else looks like it (a checksum, a public key) must not be marked. Sources: the token
formats that GitHub, GitLab, Tailscale, NetBird, Slack, Docker Hub, HashiCorp, DigitalOcean, npm, PyPI, Google, Stripe, Grafana, Cloudflare,
OpenAI and age document; RFC 7468 (PEM), 7519 (JWT), 3986 (userinfo), 7235 (Authorization); crypt(5).

Every pattern takes linear time: a run is taken possessively, begins where no character of the run stands before it, or has a bound.
"""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator


class Span(NamedTuple):
    """A secret in a text.

    Attributes:
        start: where it begins, as an index of characters.
        end: where it ends.
        value: what it is, for its mark: equal ones are one secret, however they are written.
    """

    start: int
    end: int
    value: str


# Tokens by their prefix. AWS's AKIA is the name of a key and none; its secret is known by the name that it is assigned to.
TOKENS: tuple[tuple[str, str], ...] = (
    ("Tailscale", r"tskey-[A-Za-z0-9-]{8,}+"),
    ("NetBird", r"nbp_[A-Za-z0-9]{30,}+"),
    ("GitHub", r"gh[oprsu]_[A-Za-z0-9]{20,}+"),
    ("GitHub, fine-grained", r"github_pat_[A-Za-z0-9_]{22,}+"),
    ("GitLab", r"gl(?:pat|ptt|dt|rt|cbt|agent|oas|ft|imt|soat)-[A-Za-z0-9_.-]{18,}+"),
    ("age", r"AGE-SECRET-KEY-(?:PQ-)?1[A-Za-z0-9]{8,}+"),
    ("Slack", r"xox[abeoprs]-[A-Za-z0-9-]{10,}+"),
    ("Docker Hub", r"dckr_(?:pat|oat)_[A-Za-z0-9_-]{20,}+"),
    ("Vault", r"hv[sbr]\.[A-Za-z0-9_-]{20,}+"),
    ("DigitalOcean", r"do[opr]_v1_[a-f0-9]{32,}+"),
    ("npm", r"npm_[A-Za-z0-9]{30,}+"),
    ("PyPI", r"pypi-AgEIcHlwaS5vcmc[A-Za-z0-9_-]{20,}+"),
    ("Google", r"AIza[A-Za-z0-9_-]{35}"),
    ("Stripe", r"[rs]k_(?:live|test)_[A-Za-z0-9]{16,}+"),
    ("Grafana", r"glsa_[A-Za-z0-9]{20,}_[A-Fa-f0-9]{8}"),
    ("Grafana Cloud", r"glc_eyJ[A-Za-z0-9+/=]{20,}+"),
    ("SendGrid", r"SG\.[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{16,}"),
    ("OpenAI and Anthropic", r"sk-(?:proj|ant|svcacct|admin)-[A-Za-z0-9_-]{20,}+"),
    ("Hugging Face", r"hf_[A-Za-z]{30,}+"),
    ("cloudflared", r"eyJhIjoi[A-Za-z0-9+/_-]{40,}+={0,2}"),
)

# Where none of these stands, no pattern below can match.
QUICK = re.compile(
    r"(?i)PRIVATE KEY|LS0tLS1CRUdJTi|bearer|basic|authorization|://|eyJ|\blogin\b|\$\w{1,8}\$|\b[a-z0-9]{6}\.[a-z0-9]{16}\b"
    r"|tskey-|nbp_|gh[oprsu]_|github_pat|\bgl[a-z]{2,5}[-_]|AGE-SECRET|xox[a-z]-|dckr_|\bhv[sbr]\.|_v1_|npm_|pypi-|AIza|[rs]k_|\bSG\.|sk-|hf_"
)
_PORT = re.compile(r"(?:\[[^\]]*\]|[^:]*)(?::[0-9]*)?")
_LONE = 16  # characters; a user name without a password that is this long is a token
_WEB = ("http", "https", "git+https", "git+http")


@cache
def _patterns() -> tuple[re.Pattern[str], ...]:
    """What a secret looks like; made when first needed, because a short command may never. A group is the secret, else the whole."""
    return (
        # A PEM private key, whole or cut off, plain or with escaped line ends.
        re.compile(r"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY-----(?:(?!-----).)*+(?:-----END [A-Z0-9 ]{0,40}PRIVATE KEY-----)?", re.DOTALL),
        # Base64 of text that starts with "-----BEGIN": certificates and keys cannot be told apart early enough, so both go.
        re.compile(r"LS0tLS1CRUdJTi[A-Za-z0-9+/=]*+(?:[ \t\r\n]{1,80}+[A-Za-z0-9+/]{40,}+={0,2})*+"),
        re.compile(r"(?i)\b(?:bearer|basic)[ \t]{1,20}(?=[A-Za-z._~+/-]{0,80}[0-9=])([A-Za-z0-9._~+/=-]{6,}+)"),
        re.compile(
            r"(?i)\bauthorization[\"'\\]{0,4}[ \t]{0,20}[:=][ \t\"'\\]{0,20}(?:bearer|basic|token|digest|apikey)[ \t]{1,20}([^\s\"'\\]++)"
        ),
        # A Kubernetes bootstrap token or a machine token: six characters, a dot, sixteen.
        re.compile(r"\b[a-z0-9]{6}\.[a-z0-9]{16}\b"),
        # JSON Web Tokens.
        re.compile(r"(?<![A-Za-z0-9_-])eyJ[A-Za-z0-9_-]{8,}+\.[A-Za-z0-9_-]{8,}+\.[A-Za-z0-9_-]{8,}+"),
        re.compile(r"(?<![A-Za-z0-9_-])(?:" + "|".join(pattern for _, pattern in TOKENS) + ")"),
        # A password as crypt(5) keeps it.
        re.compile(r"\$(?:1|2[abxy]?|5|6|7|y|apr1|argon2(?:id|i|d))\$[./A-Za-z0-9,=+-]{1,80}\$[./A-Za-z0-9,=+$-]{8,}+"),
        re.compile(r"\$2[abxy]?\$[0-9]{2}\$[./A-Za-z0-9]{20,}+"),
        # A line of a .netrc.
        re.compile(r"\blogin[ \t\n]{1,20}\S{1,200}[ \t\n]{1,20}password[ \t\n]{1,20}(\S++)"),
    )


@cache
def _authority() -> re.Pattern[str]:
    return re.compile(r"(?<![A-Za-z0-9+.-])([A-Za-z][A-Za-z0-9+.-]{0,30}+)://([^\s/?#'\"<>]{1,2000}+)")


def secrets_by_form(text: str) -> Iterator[Span]:
    """Yield what is known for a secret by its own form, in no order; some may lie inside of others."""
    if not QUICK.search(text):
        return
    for pattern in _patterns():
        group = pattern.groups
        for match in pattern.finditer(text):
            yield Span(match.start(group), match.end(group), match[group])
    if "://" in text:
        yield from _in_urls(text)


def _in_urls(text: str) -> Iterator[Span]:
    """Yield passwords in URLs of any scheme, and user names that must be tokens."""
    for match in _authority().finditer(text):
        scheme, authority, start = match[1].lower(), match[2], match.start(2)
        info, at, _ = authority.rpartition("@")
        if not at:
            if not _PORT.fullmatch(authority):  # a password with a slash in it
                info = _before_at(text, start, match.end())
            if not info:
                continue
        user, _, password = info.partition(":")
        if password:
            begin = start + len(user) + 1
            yield Span(begin, begin + len(password), password)
        if scheme in _WEB and len(user) >= _LONE and (not password or password in {"x-oauth-basic", "x"}):
            yield Span(start, start + len(user), user)


def _before_at(text: str, start: int, end: int) -> str:
    """Return what stands before the last ``@`` of a word, if it has one."""
    stop = re.compile(r"[^\s'\"<>]{0,200}").match(text, end)
    assert stop is not None, "it may be empty"
    return text[start : stop.end()].rpartition("@")[0]
