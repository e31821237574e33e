"""Names that secrets are assigned to, judged by their words.

A name is taken apart into words, whatever joins them: ``clientSecret``, ``client_secret``, ``client-secret`` and ``CLIENT_SECRET`` are the
same two. The last words decide, because what stands before them says whose secret it is (``dbPassword``) and what stands behind them what
about it is meant (``passwordFile``, ``tokenTTL``, ``secretName``), which is none.

Sources: the key fields of machinery's RedactSecrets; of containerd (``auth``, ``identitytoken``), Tailscale (``TS_AUTHKEY``), NetBird
(``NB_SETUP_KEY``), cloudflared (``tunnel_token``), WireGuard (``PresharedKey``), AWS (``AWS_SECRET_ACCESS_KEY``), Azure (``accountKey``),
Rails (``SECRET_KEY_BASE``), Django (``SECRET_KEY``) and HashiCorp Vault (unseal and recovery keys), from their documentation.
"""

from __future__ import annotations

import re
from functools import lru_cache

# A name is secret by its last word where that is one of these or ends in one: identitytoken, DBPASSWORD.
ENDINGS = ("password", "passwd", "passphrase", "secret", "token", "credential", "credentials", "authkey", "apikey")
# By its last word as a whole, in any company.
WORDS = frozenset({"pass", "psk", "passcode"})
# By its last word, but only alone or behind one of these.
QUALIFIED: dict[str, frozenset[str]] = {
    "auth": frozenset({"", "basic", "registry", "docker", "proxy", "http", "bearer", "identity"}),
    "pwd": frozenset(
        {"user", "db", "admin", "root", "my", "mysql", "pg", "postgres", "database", "redis", "mongo", "mongodb", "smtp", "mail", "ldap"}
    ),
    "key": frozenset({
        *("private", "preshared", "psk", "shared", "secret", "api", "access", "auth", "authentication", "authorization", "account"),
        *("setup", "join", "enroll", "enrollment", "registration", "encryption", "decryption", "encrypt", "decrypt", "signing", "sign"),
        *("session", "cookie", "master", "root", "unseal", "recovery", "hmac", "aes", "aesgcm", "aescbc", "secretbox", "seal", "sealing"),
        *("storage", "deploy", "license", "licence", "app", "application", "jwt", "webhook", "integration", "ingestion", "subscription"),
    }),
}  # fmt: skip
# Two words before it that go together: pre-shared key, service account key.
_PAIRS = {("pre", "shared"): "preshared", ("service", "account"): "account"}
# Words at the end that leave a name what it is: tokenValue, password2, SECRET_KEY_BASE.
NEUTRAL = frozenset({"value", "data", "string", "text", "plain", "plaintext", "base", "base64", "b64", "hash", "raw", "old", "new"})
# In names of variables, written in capitals, a secret's word may stand further to the front (PASSWORD_DB, TOKEN_GITHUB), unless the name
# ends in what says something about the secret.
ABOUT = frozenset({
    *("file", "files", "path", "paths", "dir", "directory", "name", "names", "id", "ids", "ref", "refs", "url", "uri", "endpoint", "host"),
    *("port", "user", "username", "type", "kind", "mode", "length", "len", "size", "min", "max", "limit", "count", "policy", "ttl"),
    *("expiry", "expires", "expiration", "lifetime", "timeout", "duration", "interval", "rotation", "age", "enabled", "disabled", "enable"),
    *("disable", "required", "optional", "allowed", "audience", "issuer", "namespace", "provider", "backend", "store", "manager", "method"),
    *("version", "algorithm", "alg", "usage", "scheme", "prefix", "header", "format", "class", "mount", "env", "var", "cmd"),
    *("command", "helper", "hint"),
})  # fmt: skip
# Names that end like a secret and are none.
NO_SECRETS = frozenset({
    *("imagepullsecret", "pullsecret", "disabletoken", "automountserviceaccounttoken", "nosecret", "existingsecret", "tlssecret"),
    *("usetoken", "usesecret", "usepassword", "createsecret", "requirepassword", "requiresecret", "requiretoken", "enabletoken"),
})  # fmt: skip

_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+|[^\W\d_a-zA-Z]+")
# No name that is secret is without one of these.
QUICK = re.compile(r"(?i)pass|secret|token|credential|key|auth|pwd|psk")
_LONGEST = 200  # characters; what is longer is no name


def words_of(name: str) -> list[str]:
    """Return the words of a name in lower case."""
    return [word.lower() for word in _WORD.findall(name)]


@lru_cache(maxsize=8192)
def is_secret_name(name: str) -> bool:
    """Whether what is assigned to a name is a secret."""
    if len(name) > _LONGEST or not QUICK.search(name):
        return False
    words = words_of(name)
    if "".join(words) in NO_SECRETS:
        return False
    while len(words) > 1 and (words[-1] in NEUTRAL or words[-1].isdecimal()):
        words.pop()
    if not words:
        return False
    if _ends_secret(words):
        return True
    return name.upper() == name and words[-1] not in ABOUT and any(_ends_secret(words[:end]) for end in range(1, len(words)))


def is_key_alone(name: str) -> bool:
    """Whether a name is just ``key``, which may name a secret, a label or a path: the value has to tell."""
    return name in {"key", "Key", "KEY"}


def _ends_secret(words: list[str]) -> bool:
    last = words[-1]
    if last in WORDS or last.endswith(ENDINGS):
        return True
    for end, before in QUALIFIED.items():
        if last == end:
            pair = _PAIRS.get((words[-3], words[-2])) if len(words) > 2 else None
            return (pair or (words[-2] if len(words) > 1 else "")) in before
        if last.endswith(end) and last[: -len(end)] in before:
            return True
    return False
