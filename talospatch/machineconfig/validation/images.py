"""References to container images. Source: package name of github.com/google/go-containerregistry."""

from __future__ import annotations

import re
from typing import Literal

from talospatch.machineconfig.typed.misfit import Misfit
from talospatch.machineconfig.typed.urls import read_url

_REPOSITORY = re.compile(r"[a-z0-9_\-./]{2,255}")
_TAG = re.compile(r"[A-Za-z0-9_\-.]{1,128}")
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_HUBS = frozenset({"", "docker.io", "index.docker.io"})  # Docker Hub, which keeps images without a namespace below library
_LONGEST = 255


def kind_of_reference(text: str) -> Literal["tag", "digest"] | None:
    """Return what a reference ends in, a tag (also when it has none) or a digest; None when it is no reference."""
    if _has_tag_form(text):
        return "tag"
    base, at, digest = text.partition("@")
    if not at or not _DIGEST.fullmatch(digest):
        return None
    named = _has_tag_form(base) or _is_repository(base)
    return "digest" if named else None


def is_too_long_in_full(text: str) -> bool:
    """Whether a reference is one, but no more once its repository is written in full: Talos reads it again from that form.

    Source: ContainerConfig's Validate, which crashes on a tag and refuses a digest.
    """
    base = text.partition("@")[0]
    before, colon, tag = base.rpartition(":")
    registry, path = _split(before if colon and "/" not in tag else base)
    return registry in _HUBS and "/" not in path and len(f"library/{path}") > _LONGEST


def _has_tag_form(text: str) -> bool:
    base, colon, tag = text.rpartition(":")
    if not colon or "/" in tag:
        return _is_repository(text)
    return _TAG.fullmatch(tag) is not None and _is_repository(base)


def _split(text: str) -> tuple[str, str]:
    """Return registry and path of a repository."""
    first, slash, rest = text.partition("/")
    return (first, rest) if slash and (first == "localhost" or "." in first or ":" in first) else ("", text)


def _is_repository(text: str) -> bool:
    registry, path = _split(text)
    return _REPOSITORY.fullmatch(path) is not None and _is_registry(registry)


def _is_registry(text: str) -> bool:
    if not text:
        return True
    try:
        return read_url(f"//{text}").get("host") == text
    except Misfit:
        return False
