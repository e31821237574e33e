"""Conversions of what containerd is told about registries: mirrors, credentials, certificates."""

from __future__ import annotations

import base64
import binascii
from typing import TYPE_CHECKING, Any

from talospatch.machineconfig.typed.misfit import Misfit
from talospatch.machineconfig.typed.urls import read_url, write_url
from talospatch.patching.conversion.nested import given, merged, nest
from talospatch.patching.conversion.rule import DOCUMENT_COUNTS, Move, Rule, both_set, not_expressible, place, repeated
from talospatch.talos.finding import Finding

if TYPE_CHECKING:
    from collections.abc import Callable

    from talospatch.patching.conversion.rule import Steps
    from talospatch.patching.conversion.view import View

Data = Any
_MIRRORS, _HOSTS = "machine.registries.mirrors", "machine.registries.config"
_MIRROR, _AUTH, _TLS = "RegistryMirrorConfig", "RegistryAuthConfig", "RegistryTLSConfig"
_SINCE = "1.12.0-beta.0"
Converted = dict[str, Data] | Finding


def _each(path: str, kind: str, under: str, convert: Callable[[dict[str, Data], Steps], Converted]) -> Callable[[View], Move]:
    """Return the move of every entry of a mapping by registry: of its value, or of what stands at a key of it."""

    def move(view: View) -> Move:
        there = view.names(kind)
        parts: list[Move] = []
        findings: list[Finding] = []
        for host, entry in view.mapping(path).items():
            section = entry if not under else (entry or {}).get(under)
            where: Steps = (*place(path), host, *((under,) if under else ()))
            if section is None:
                continue
            if host in there:
                findings.append(both_set(where, f"{kind}/{host}", effective=DOCUMENT_COUNTS))
                continue
            values = convert(section, where)
            if isinstance(values, Finding):
                findings.append(values)
            else:
                parts.append(Move((where,), ({"kind": kind, "name": host, **values},)))
        return Move.of(parts, findings)

    return move


def _each_back(path: str, kind: str, under: str, convert: Callable[[dict[str, Data], str], Converted]) -> Callable[[View], Move]:
    def move(view: View) -> Move:
        main: Data = None
        findings: list[Finding] = []
        for document in view.of_kind(kind):
            host, identity = document["name"], f"{kind}/{document['name']}"
            entry = view.mapping(path).get(host)
            if entry is not None and (not under or entry.get(under) is not None):
                findings.append(both_set((*place(path), host), identity, effective=DOCUMENT_COUNTS))
                continue
            values = convert(document, identity)
            if isinstance(values, Finding):
                findings.append(values)
            else:
                main = merged(main, nest(path, {host: {under: values} if under else values}))
        return Move(findings=tuple(findings)) if findings else Move(main=main, removed=view.identities(kind))

    return move


# Mirrors


def _mirror(entry: dict[str, Data], where: Steps) -> Converted:
    overridden = entry.get("overridePath")
    endpoints: list[dict[str, Data]] = []
    texts = entry.get("endpoints") or []
    for index, text in enumerate(texts):
        if text in texts[:index]:
            return repeated((*where, "endpoints", index), "stands there twice, which no patch of the document can say", "keep it once")
        try:
            same = write_url(read_url(text)) == text
        except Misfit:
            same = False
        if not same:
            return not_expressible((*where, "endpoints", index), "is no URL that the document would keep as it is", "write it as Go does")
        endpoints.append({"url": text, **given(overridePath=overridden)})
    return given(endpoints=endpoints or None, skipFallback=entry.get("skipFallback"))


def _mirror_back(document: dict[str, Data], identity: str) -> Converted:
    endpoints = document.get("endpoints") or []
    overridden = {bool(endpoint.get("overridePath")) for endpoint in endpoints}
    if len(overridden) > 1:
        why = "overrides the path of some endpoints, and the main document has one word for all"
        return not_expressible(("endpoints",), why, "use two mirrors, or one kind of endpoint", document=identity)
    return given(
        endpoints=[endpoint.get("url", "") for endpoint in endpoints] or None,
        overridePath=True if True in overridden else None,
        skipFallback=document.get("skipFallback"),
    )


# Credentials


def _auth(entry: dict[str, Data], _: Steps) -> Converted:
    return dict(entry)


def _auth_back(document: dict[str, Data], _: str) -> Converted:
    return {key: value for key, value in document.items() if key not in {"apiVersion", "kind", "name"}}


# Certificates


def _tls(entry: dict[str, Data], where: Steps) -> Converted:
    identity, authority = entry.get("clientIdentity"), entry.get("ca")
    try:
        pair = None if identity is None else {"cert": _decoded(identity.get("crt")), "key": _decoded(identity.get("key"))}
        text = _decoded(authority) if authority else None
    except (binascii.Error, UnicodeDecodeError):
        return not_expressible(where, "holds what is no text once decoded, and the document holds PEM text")
    return given(clientIdentity=pair, ca=text, insecureSkipVerify=entry.get("insecureSkipVerify"))


def _tls_back(document: dict[str, Data], _: str) -> Converted:
    identity, authority = document.get("clientIdentity"), document.get("ca")
    pair = None if identity is None else {"crt": _encoded(identity.get("cert")), "key": _encoded(identity.get("key"))}
    return given(
        clientIdentity=pair,
        ca=_encoded(authority) if authority else None,
        insecureSkipVerify=document.get("insecureSkipVerify"),
    )


def _decoded(text: str | None) -> str:
    return base64.b64decode(text or "", validate=True).decode("utf-8")


def _encoded(text: str | None) -> str:
    return base64.b64encode((text or "").encode()).decode("ascii")


_SOURCE = "container.Registry{0}Configs, v1alpha1_provider.go, types/cri/registry_{1}.go, cri/registries_config.go"
_BOTH = "a registry that has a document too: the document is in effect, and the other is dead"
RULES = (
    Rule(
        "registry-mirrors",
        "mirrors of registries",
        (_MIRRORS,),
        (_MIRROR,),
        _SINCE,
        _each(_MIRRORS, _MIRROR, "", _mirror),
        _each_back(_MIRRORS, _MIRROR, "", _mirror_back),
        "the same endpoints in the same order, each with the registry's overridePath",
        _SOURCE.format("Mirror", "mirror"),
        f"{_BOTH}; an endpoint that stands there twice, or that Go would write otherwise; on the way back, overridePath for some only",
    ),
    Rule(
        "registry-auth",
        "credentials of registries",
        (f"{_HOSTS}.*.auth",),
        (_AUTH,),
        _SINCE,
        _each(_HOSTS, _AUTH, "auth", _auth),
        _each_back(_HOSTS, _AUTH, "auth", _auth_back),
        "the same fields",
        _SOURCE.format("Auth", "auth"),
        f"{_BOTH}; more than one way to authenticate, which the document refuses",
    ),
    Rule(
        "registry-tls",
        "certificates of registries",
        (f"{_HOSTS}.*.tls",),
        (_TLS,),
        _SINCE,
        _each(_HOSTS, _TLS, "tls", _tls),
        _each_back(_HOSTS, _TLS, "tls", _tls_back),
        "the same bytes: base64 of PEM there, PEM here",
        _SOURCE.format("TLS", "tls"),
        f"{_BOTH}; what is not PEM once decoded, which the document refuses",
    ),
)
