"""URLs as Go's net/url reads and writes them, in components: the reference merges two URLs component by component."""

from __future__ import annotations

import ipaddress
import re
from typing import Any
from urllib.parse import quote

from talospatch.machineconfig.typed.misfit import Misfit

Url = dict[str, Any]  # components by the name of Go's field in lower case; what is empty or false is absent; user is a dict of its own

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_SCHEME = re.compile(r"([a-zA-Z][a-zA-Z0-9+.\-]*):")
_USERINFO = re.compile(r"[A-Za-z0-9\-._:~!$&'()*+,;=%@]*")
_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")
_PORT = re.compile(r"(?::[0-9]*)?")

# What stays as it is, besides letters, digits and _.-~. Source: net/url's table of encodings.
_IN_PATH = "$&+,/:;=@~"
_IN_FRAGMENT = "$&+,/:;=?@!()*~"
_IN_HOST = "!$&'()*+,;=:[]<>\"~"
_IN_USER = "$&+,;=~"
_ALSO_VALID = "!'()*[]%"  # in a path or fragment that is kept as it was written
_NOT_IN_HOST = re.compile(r"[\x00-\x20#/?@\\^`{|}%]")


def read_url(text: str, *, loose_ports: bool = False) -> Url:
    """Return the components of a URL.

    Args:
        text: the URL.
        loose_ports: take whatever stands before the last colon of a host for its name, as Go did before 1.26.

    Raises:
        Misfit: Go would refuse it.
    """
    if _CONTROL.search(text):
        raise Misfit("a URL cannot contain control characters")
    rest, _, fragment = text.partition("#")
    url = _read(rest, loose_ports=loose_ports)
    if fragment:
        url["fragment"] = _unescape(fragment)
        if _escape(url["fragment"], _IN_FRAGMENT) != fragment:
            url["rawfragment"] = fragment
    return url


def _read(rest: str, *, loose_ports: bool) -> Url:
    url: Url = {}
    if rest == "*":
        return {"path": "*"}
    if rest.startswith(":"):
        raise Misfit("a URL cannot begin with a colon")
    if match := _SCHEME.match(rest):
        url["scheme"], rest = match[1].lower(), rest[match.end() :]
    if rest.endswith("?") and rest.count("?") == 1:
        url["forcequery"], rest = True, rest[:-1]
    else:
        rest, _, query = rest.partition("?")
        if query:
            url["rawquery"] = query
    if not rest.startswith("/"):
        if "scheme" in url:
            if rest:
                url["opaque"] = rest
            return url
        if ":" in rest.split("/", 1)[0]:
            raise Misfit("the first part of a path cannot contain a colon", "write the scheme, such as https://")
    if rest.startswith("//") and ("scheme" in url or not rest.startswith("///")):
        authority, slash, path = rest[2:].partition("/")
        rest = slash + path
        _read_authority(url, authority, loose_ports=loose_ports)
    elif "scheme" in url and rest.startswith("/"):
        url["omithost"] = True
    if rest:
        url["path"] = _unescape(rest)
        if _escape(url["path"], _IN_PATH) != rest:
            url["rawpath"] = rest
    return url


def _read_authority(url: Url, authority: str, *, loose_ports: bool) -> None:
    userinfo, at, host = authority.rpartition("@")
    strict = not loose_ports and url.get("scheme") in {"http", "https"}
    if host := _read_host(host, strict=strict):
        url["host"] = host
    if at:
        if not _USERINFO.fullmatch(userinfo):
            raise Misfit("the user in the URL has characters that must be escaped")
        name, colon, password = userinfo.partition(":")
        url["user"] = {"username": _unescape(name)} | ({"password": _unescape(password)} if colon else {})


def _read_host(host: str, *, strict: bool) -> str:
    if "[" in host:
        return _read_bracketed(host)
    first, last = host.find(":"), host.rfind(":")
    if first >= 0 and not _PORT.fullmatch(host[first if strict else last :]):
        raise Misfit("a port is a number", "write IPv6 addresses in brackets")
    return _unescape_host(host)


def _read_bracketed(host: str) -> str:
    inside, bracket, port = host[1:].rpartition("]")
    if not host.startswith("[") or not bracket or not _PORT.fullmatch(port):
        raise Misfit("what stands in brackets is not an IPv6 address")
    body, percent, zone = inside.partition("%25")
    try:
        if ipaddress.ip_address(_unescape_host(body)).version != 6 or (percent and not zone):
            raise ValueError
    except ValueError:
        raise Misfit("what stands in brackets is not an IPv6 address") from None
    return f"[{_unescape_host(body)}{_unescape(percent + zone)}]{port}"


def _unescape_host(host: str) -> str:
    plain = re.sub(r"%25|%[89A-Fa-f][0-9A-Fa-f]", "", host)
    if _NOT_IN_HOST.search(plain):
        raise Misfit("the host name has a character that is not allowed there")
    return _unescape(host)


def _unescape(text: str) -> str:
    """Return text with its escapes replaced; bytes that are not UTF-8 become lone surrogates."""
    if "%" not in text:
        return text
    if _ESCAPE.search(text):
        raise Misfit("a % is followed by no two hexadecimal digits")
    raw = re.sub(rb"%([0-9A-Fa-f]{2})", lambda match: bytes([int(match[1], 16)]), text.encode("utf-8", "surrogateescape"))
    return raw.decode("utf-8", "surrogateescape")


def _escape(text: str, safe: str) -> str:
    return quote(text.encode("utf-8", "surrogateescape"), safe=safe)


def write_url(url: Url) -> str:
    """Return the text that Go writes."""
    out = f"{url['scheme']}:" if url.get("scheme") else ""
    host, user, path = url.get("host", ""), url.get("user"), url.get("path", "")
    if url.get("opaque"):
        out += url["opaque"]
    else:
        named = bool(host or user is not None)
        if (out or named) and not (url.get("omithost") and not named):
            if named or path:
                out += "//"
            if user is not None:
                out += _write_user(user) + "@"
            out += _escape(host, _IN_HOST)
        escaped = "*" if path == "*" and not url.get("rawpath") else _kept(url.get("rawpath", ""), path, _IN_PATH)
        if escaped and not escaped.startswith("/") and host:
            out += "/"
        if not out and ":" in escaped.split("/", 1)[0]:
            out += "./"
        out += escaped
    if url.get("forcequery") or url.get("rawquery"):
        out += f"?{url.get('rawquery', '')}"
    if url.get("fragment"):
        out += f"#{_kept(url.get('rawfragment', ''), url['fragment'], _IN_FRAGMENT)}"
    return out


def _write_user(user: Url) -> str:
    name = _escape(user["username"], _IN_USER)
    return f"{name}:{_escape(user['password'], _IN_USER)}" if "password" in user else name


def _kept(raw: str, decoded: str, safe: str) -> str:
    """Return a component as it was written, if that is valid and still means the same, else escaped anew."""
    if raw and _escape(raw, safe + _ALSO_VALID) == raw:
        try:
            if _unescape(raw) == decoded:
                return raw
        except Misfit:
            pass  # merged from two URLs
    return "*" if decoded == "*" and safe is _IN_PATH else _escape(decoded, safe)
