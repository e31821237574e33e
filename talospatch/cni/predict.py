"""What libcni's DEL does with one cache file.

The rule, in the order DEL follows it (DelNetworkList and getCachedResult in libcni/api.go; read and run at 0.8.1, 1.0.1, 1.1.2, 1.2.0,
1.2.3 and 1.3.0):

1. a conflist below 0.4.0 never reads the cache; a file that cannot be opened counts as no file;
2. the file is the cache's wrapper, or, where it does not fit that, as a whole a result in the form used before libcni 0.8;
3. the result's cniVersion must be one this libcni knows, its content must fit that version's types, and it must convert to the conflist's;
4. what goes wrong in 2 or 3 is an error up to libcni 1.1.2, and from 1.2.0 on only means that the plugins run without ``prevResult``.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import Any, NamedTuple

from talospatch.cni import libcni as libcnis
from talospatch.cni.godecode import match_key, unmarshal
from talospatch.cni.gojson import Document, Number, Object, quote, read
from talospatch.cni.libcni import Fact, can
from talospatch.cni.resulttypes import PACKAGES, VERSION_ONLY, result_type

CACHE_KIND = "cniCacheV1"
PANIC = "panic: runtime error: invalid memory address or nil pointer dereference"
HANG = "hang: open blocks until a writer appears"
# CNI's first version with a cached result for DEL.
FIRST_CACHED = (0, 4, 0)


class FileKind(StrEnum):
    """What stands at the cache file's path. A link to a regular file counts as that file, a link to nothing as missing or unopenable."""

    REGULAR = "regular"
    MISSING = "missing"
    UNOPENABLE = "unopenable"  # empty directory, dangling or looping link, link to a directory, socket
    FULL_DIRECTORY = "full-directory"  # cannot be opened as a file, nor removed
    FIFO = "fifo"


@dataclass(frozen=True, slots=True)
class DeletePrediction:
    """What DEL comes to.

    Attributes:
        fails: whether DEL returns an error, panics or hangs; then no plugin runs and nothing is released.
        error: the text after ``cached result:`` that the node logs; for a panic or hang, a text that begins with that word; None when
            it does not fail. For a cniVersion that is no version, libcni's own words, which have no ``cached result:`` before them.
        file_left: whether the file is still there afterwards.
        plugins_run: whether the conflist's plugins are run.
    """

    fails: bool
    error: str | None
    file_left: bool
    plugins_run: bool


def predict_delete(
    content: bytes | None,
    *,
    libcni: str,
    cni_version: str,
    network: str = "cbr0",
    kind: FileKind = FileKind.REGULAR,
    before_go_1_24: bool = False,
) -> DeletePrediction:
    """Return what DEL of one attachment does, given its cache file.

    Args:
        content: the file's bytes; None when there is no file.
        libcni: version of libcni in the node's containerd, as ``1.1.2``.
        cni_version: ``cniVersion`` of the conflist in force.
        network: name of the conflist in force; the cache file is the one of this network. It stands in what containerd logs before
            ``cached result:`` and has no other influence.
        kind: what stands at the path, where it is no regular file; ``content`` is then not looked at.
        before_go_1_24: word errors as a containerd built with Go up to 1.23 does; only paths inside ``ips`` and ``routes`` differ.

    Raises:
        InputError: ``libcni`` is no version.
    """
    del network
    version = libcnis.parse(libcni)
    if content is None and kind is FileKind.REGULAR:
        kind = FileKind.MISSING
    conf_version = parse_cni_version(cni_version, version)
    if isinstance(conf_version, str):
        return DeletePrediction(fails=True, error=conf_version, file_left=kind is not FileKind.MISSING, plugins_run=False)
    if conf_version < FIRST_CACHED:
        return _runs(version, kind, has_result=False)
    if kind is FileKind.FIFO:
        return DeletePrediction(fails=True, error=HANG, file_left=True, plugins_run=False)
    if kind is not FileKind.REGULAR or content is None:
        return _runs(version, kind, has_result=False)
    return predict_read(cached_result(content, version, cni_version, before_go_1_24=before_go_1_24).error, version)


def predict_read(error: str | None, libcni: tuple[int, int, int]) -> DeletePrediction:
    """Return what DEL does with a regular file once it has read it.

    Args:
        error: what went wrong with reading it, from :func:`cached_result`; None when nothing did.
        libcni: version of libcni.
    """
    if error is None:
        return _runs(libcni, FileKind.REGULAR, has_result=True)
    if error == PANIC or not can(libcni, Fact.TOLERATES_DAMAGE):
        return DeletePrediction(fails=True, error=error, file_left=True, plugins_run=False)
    return DeletePrediction(fails=False, error=None, file_left=False, plugins_run=True)


def _runs(version: tuple[int, int, int], kind: FileKind, *, has_result: bool) -> DeletePrediction:
    removed = has_result or libcnis.removes_file_without_result(version)
    left = kind is FileKind.FULL_DIRECTORY or (kind is not FileKind.MISSING and not removed)
    return DeletePrediction(fails=False, error=None, file_left=left, plugins_run=True)


class CachedResult(NamedTuple):
    """What libcni reads from a file.

    Attributes:
        error: its words, whether or not they make DEL fail; None when it reads it.
        is_wrapper: whether the file is read as the cache's wrapper, not as a bare result.
        version: the result's cniVersion as far as it was found, else empty.
    """

    error: str | None
    is_wrapper: bool = False
    version: str = ""


def cached_result(content: bytes, libcni: tuple[int, int, int], cni_version: str, *, before_go_1_24: bool = False) -> CachedResult:
    """Return what libcni makes of a file's content under a conflist of at least 0.4.0."""
    return read_result(read(content), libcni, cni_version, before_go_1_24=before_go_1_24)


def read_result(document: Document, libcni: tuple[int, int, int], cni_version: str, *, before_go_1_24: bool = False) -> CachedResult:
    """Like :func:`cached_result`, for a text that was read already."""
    if document.error is not None:
        return CachedResult(f"decoding version from network config: {document.error}")
    wrapper = _read_wrapper(document.value, has_netns=can(libcni, Fact.TOLERATES_DAMAGE))
    raw = document.value if wrapper is None else wrapper.result
    encoded = wrapper is not None

    decoded = unmarshal(raw, VERSION_ONLY, encoded=encoded, before_go_1_24=before_go_1_24)
    if decoded.error is not None:
        return CachedResult(f"decoding version from network config: {decoded.error}", is_wrapper=encoded)
    result_version = _version_of(raw, encoded=encoded) or "0.1.0"
    if result_version not in libcnis.known_result_versions(libcni):
        return CachedResult(f"unsupported CNI result version {quote(result_version)}", is_wrapper=encoded, version=result_version)
    package = PACKAGES[result_version]
    into = result_type(package, fields_of_1_1=can(libcni, Fact.TOLERATES_DAMAGE), before_1_0=not can(libcni, Fact.RESULT_1_0))
    outcome = unmarshal(raw, into, encoded=encoded, before_go_1_24=before_go_1_24)
    error = outcome.error
    if error is None:
        error = _conversion_error(result_version, cni_version, libcni, hollow=bool(outcome.hollow & {"interfaces", "ips"}))
    return CachedResult(error, is_wrapper=encoded, version=result_version)


def _version_of(raw: Any, *, encoded: bool) -> str:
    """The cniVersion that decoding leaves: the last one that is text."""
    found = ""
    if isinstance(raw, Object):
        for key, value in sorted(dict(raw).items()) if encoded else raw:
            if isinstance(value, str) and match_key(key, ("cniVersion",)):
                found = value
    return found


def _conversion_error(result: str, conf: str, libcni: tuple[int, int, int], *, hollow: bool) -> str | None:
    """What goes wrong when a result of one version is converted to the conflist's."""
    package = PACKAGES[result]
    if not can(libcni, Fact.RESULT_1_0):
        if package == "types020":
            reason = f'cannot convert version ["" "0.1.0" "0.2.0"] to {conf}'
        elif conf not in ("0.3.0", "0.3.1", "0.4.0"):
            reason = f"cannot convert version 0.3.x to {quote(conf)}"
        else:
            return None
        return f"failed to convert cached result version {quote(result)} to config version {quote(conf)}: {reason}"
    if result == conf:
        return None
    if conf not in libcnis.known_result_versions(libcni):
        return f"failed to convert cached result to config version {quote(conf)}: no converter for CNI result version {result} to {conf}"
    # Both converters between the families take each element's fields without asking whether it is nil.
    if hollow and {package, PACKAGES[conf]} == {"types040", "types100"}:
        return PANIC
    return None


@lru_cache(maxsize=64)
def reads_cache(cni_version: str) -> bool:
    """Whether DEL under a conflist of this ``cniVersion`` looks at the cache at all."""
    version = parse_cni_version(cni_version, Fact.NO_CONF_VERSION.value)
    return not isinstance(version, str) and version >= FIRST_CACHED


_DIGITS = re.compile(r"[+-]?[0-9]+")
_PARTS = ("major", "minor", "micro")


def parse_cni_version(text: str, libcni: tuple[int, int, int]) -> tuple[int, ...] | str:
    """Return a conflist's cniVersion as three numbers, or libcni's words about why it is none.

    Source: ParseVersion in pkg/version/plugin.go.
    """
    if not text:
        return (0, 1, 0) if can(libcni, Fact.NO_CONF_VERSION) else 'invalid version "": the version is empty'
    parts = text.split(".")
    if len(parts) >= 4:
        return f"invalid version {quote(text)}: too many parts"
    for name, part in zip(_PARTS, parts, strict=False):
        if not _DIGITS.fullmatch(part):
            return f"failed to convert {name} version part {quote(part)}: strconv.Atoi: parsing {quote(part)}: invalid syntax"
        if not -(2**63) <= _number(part) < 2**63:
            return f"failed to convert {name} version part {quote(part)}: strconv.Atoi: parsing {quote(part)}: value out of range"
    return tuple(_number(part) for part in [*parts, "0", "0"][:3])


def _number(digits: str) -> int:
    """Read a decimal number of any length, which Python's ``int`` refuses to; of one beyond int64 no more is kept than that it is."""
    value = int(digits.lstrip("+-").lstrip("0")[:20] or "0")
    return -value if digits.startswith("-") else value


# The wrapper (cachedInfo in libcni/api.go). Its types are checked here rather than by tables: nothing but "it fits" is asked.


class _Wrapper(NamedTuple):
    result: Any


def _read_wrapper(value: Any, *, has_netns: bool) -> _Wrapper | None:
    """Return the wrapper, or None where the file has to be a bare result: wrong types anywhere in it, or another kind."""
    if not isinstance(value, Object):
        return None
    fields = (*_WRAPPER_FIELDS, "netns") if has_netns else _WRAPPER_FIELDS
    kind, result = "", None
    for key, member in value:
        field = match_key(key, fields)
        if field is None:
            continue
        if not _FITS[field](member):
            return None
        if field == "kind" and isinstance(member, str):
            kind = member
        elif field == "result":
            # Go decodes a second object into the map of the first one; null takes the map away.
            result = _merged(result, member)
    return _Wrapper(result) if kind == CACHE_KIND else None


def _merged(before: Object | None, member: Any) -> Object | None:
    if member is None or before is None:
        return member if isinstance(member, Object) else None
    merged = Object()
    merged.extend([*before, *member])
    return merged


def _is_text(value: Any) -> bool:
    return value is None or isinstance(value, str)


def _is_array(value: Any) -> bool:
    return isinstance(value, list) and not isinstance(value, Object)


_BASE64 = re.compile(r"(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?")
_BYTE = re.compile(r"(?:0|[1-9][0-9]{0,2})")


def _is_bytes(value: Any) -> bool:
    """Whether Go reads it into a ``[]byte``: base64 in which line ends do not count, or a list of numbers from 0 to 255."""
    if isinstance(value, str):
        return _BASE64.fullmatch(value.replace("\r", "").replace("\n", "")) is not None
    if _is_array(value):
        return all(
            item is None or (isinstance(item, Number) and _BYTE.fullmatch(item.literal) is not None and int(item.literal) < 256)
            for item in value
        )
    return value is None


def _is_pairs(value: Any) -> bool:
    """Whether Go reads it into a ``[][2]string``; what is beyond the second element of a pair is skipped."""
    if not _is_array(value):
        return value is None
    return all(item is None or (_is_array(item) and all(_is_text(part) for part in item[:2])) for item in value)


def _is_map(value: Any) -> bool:
    """Whether Go reads it into a ``map[string]interface{}``, where every number must fit a float64."""
    if not isinstance(value, Object):
        return value is None
    todo: list[Any] = [value]
    while todo:
        item = todo.pop()
        if isinstance(item, Object):
            todo.extend(member for _, member in item)
        elif isinstance(item, list):
            todo.extend(item)
        elif isinstance(item, Number) and math.isinf(float(item.literal)):
            return False
    return True


_FITS = {
    "kind": _is_text,
    "containerId": _is_text,
    "config": _is_bytes,
    "ifName": _is_text,
    "networkName": _is_text,
    "netns": _is_text,
    "cniArgs": _is_pairs,
    "capabilityArgs": _is_map,
    "result": _is_map,
}
_WRAPPER_FIELDS = tuple(field for field in _FITS if field != "netns")
