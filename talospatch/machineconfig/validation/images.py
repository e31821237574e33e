"""References to container images. Source: package name of github.com/google/go-containerregistry."""

from __future__ import annotations

import re
from typing import Literal

from talospatch.machineconfig.typed.misfit import Misfit
from talospatch.machineconfig.typed.urls import read_url

_REPOSITORY = re.compile(r"[a-z0-9_\-./]{2,255}")
_TAG = re.compile(r"[A-Za-z0-9_\-.]{1,128}")
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")


def kind_of_reference(text: str) -> Literal["tag", "digest"] | None:
    """Return what a reference ends in, a tag (also when it has none) or a digest; None when it is no reference."""
    if _has_tag_form(text):
        return "tag"
    base, at, digest = text.partition("@")
    if not at or not _DIGEST.fullmatch(digest):
        return None
    named = _has_tag_form(base) or _is_repository(base)
    return "digest" if named else None


def _has_tag_form(text: str) -> bool:
    base, colon, tag = text.rpartition(":")
    if not colon or "/" in tag:
        return _is_repository(text)
    return _TAG.fullmatch(tag) is not None and _is_repository(base)


def _is_repository(text: str) -> bool:
    first, slash, rest = text.partition("/")
    registry, path = (first, rest) if slash and (first == "localhost" or "." in first or ":" in first) else ("", text)
    return _REPOSITORY.fullmatch(path) is not None and _is_registry(registry)


def _is_registry(text: str) -> bool:
    if not text:
        return True
    try:
        return read_url(f"//{text}").get("host") == text
    except Misfit:
        return False
