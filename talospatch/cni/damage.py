"""What is wrong with the content of one cache file, named so that a person can see how it came to be."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from talospatch.cni import libcni as libcnis
from talospatch.cni.cache import CacheEntry, entry_of
from talospatch.cni.gojson import DEEPEST, Document, Object, read
from talospatch.cni.predict import CachedResult, read_result


class Damage(StrEnum):
    """Kinds of damage. The value is a stable word for scripts."""

    NONE = "none"
    EMPTY = "empty"
    WHITESPACE = "whitespace"
    NULS = "nul-bytes"
    NUL_TAIL = "nul-tail"
    TRUNCATED = "truncated"
    TRAILING = "trailing-garbage"
    TOO_DEEP = "nested-too-deep"
    NOT_JSON = "not-json"
    NOT_AN_OBJECT = "not-an-object"
    NOT_A_CACHE = "not-a-cache-entry"
    UNKNOWN_VERSION = "unknown-result-version"
    BAD_RESULT = "bad-result"
    UNSEEN = "unseen"


# One sentence each: what it is, and what mostly causes it where that is known.
SENTENCES = {
    Damage.NONE: "the file is in order",
    Damage.EMPTY: "the file is empty: libcni truncates and writes without a sync, so a power cut or a full disk leaves 0 bytes",
    Damage.WHITESPACE: "the file holds white space only",
    Damage.NULS: "the file holds NUL bytes only: its length reached the disk before a power cut, its content did not",
    Damage.NUL_TAIL: "the file turns into NUL bytes half-way: only its first part reached the disk before a power cut",
    Damage.TRUNCATED: "the file ends half-way: the disk was full, or only its first part reached the disk before a power cut",
    Damage.TRAILING: "something follows the end of the JSON text",
    Damage.TOO_DEEP: f"the JSON is nested deeper than {DEEPEST} levels",
    Damage.NOT_JSON: "the file is not JSON",
    Damage.NOT_AN_OBJECT: "the file is JSON but no object",
    Damage.NOT_A_CACHE: "the file is a JSON object but no cache entry: its kind or the type of one of its fields is not what libcni writes",
    Damage.UNKNOWN_VERSION: "the result in it has a cniVersion that this node's libcni does not know: a newer containerd wrote it, mostly",
    Damage.BAD_RESULT: "the result in it has a field that this node's libcni cannot read",
    Damage.UNSEEN: "its content was not read",
}


@dataclass(frozen=True, slots=True)
class Inspection:
    """What one file holds.

    Attributes:
        damage: the kind of damage.
        error: libcni's words about it, as they follow ``cached result:`` in the log; None when it reads the file, or was not asked.
        offset: index of the first byte that is wrong, where it is a matter of syntax; else 0.
        entry: what it says about its pod, as far as it can be read.
    """

    damage: Damage
    error: str | None = None
    offset: int = 0
    entry: CacheEntry | None = None


EMPTY_FILE = Inspection(Damage.EMPTY, "decoding version from network config: unexpected end of JSON input")
UNSEEN = Inspection(Damage.UNSEEN)


def inspect(content: bytes, *, libcni: str, cni_version: str, pod_of_sound: bool = True) -> Inspection:
    """Name what is wrong with a file's content.

    Args:
        content: its bytes.
        libcni: version of libcni on the node.
        cni_version: of the conflist in force, 0.4.0 or newer; a lower one reads nothing and calls nothing damaged.
        pod_of_sound: whether to look for the pod also in a file that is in order, which takes as long as all the rest.

    Raises:
        InputError: ``libcni`` is no version.
    """
    document = read(content)
    result = read_result(document, libcnis.parse(libcni), cni_version)
    damage = _kind(content, document, result)
    entry = entry_of(document) if pod_of_sound or damage is not Damage.NONE else None
    return Inspection(damage, result.error, document.offset, entry)


def _kind(content: bytes, document: Document, result: CachedResult) -> Damage:
    if not content:
        return Damage.EMPTY
    if document.error is not None:
        return _syntax(content, document.error, document.offset)
    if not isinstance(document.value, Object):
        return Damage.NOT_AN_OBJECT
    if result.error is None or result.is_wrapper:
        if result.error is None:
            return Damage.NONE if result.is_wrapper or result.version != "0.1.0" else Damage.NOT_A_CACHE
        return Damage.UNKNOWN_VERSION if result.error.startswith("unsupported CNI result version") else Damage.BAD_RESULT
    return Damage.NOT_A_CACHE


def _syntax(content: bytes, error: str, offset: int) -> Damage:
    if not content.strip(b" \t\r\n"):
        return Damage.WHITESPACE
    if not content.strip(b"\0"):
        return Damage.NULS
    if offset >= len(content):
        return Damage.TRUNCATED
    if content[offset] == 0 and not content[offset:].strip(b"\0"):
        return Damage.NUL_TAIL
    if error.endswith("exceeded max depth"):
        return Damage.TOO_DEEP
    return Damage.TRAILING if error.endswith("after top-level value") else Damage.NOT_JSON
