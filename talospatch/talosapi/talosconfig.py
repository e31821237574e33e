"""The talosconfig: where it is, what it says, and what is wrong with it.

Found and understood as talosctl does; docs/reference/talosconfig.md compares line by line. Only reading: we never write a talosconfig.
"""

from __future__ import annotations

import base64
import binascii
import difflib
import itertools
import os
import stat
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from talospatch.errors import TalosconfigError
from talospatch.talos.finding import Finding, Severity
from talospatch.talosapi import endpoints as _endpoints
from talospatch.talosapi import marked_yaml

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from talospatch.talosapi.marked_yaml import Node

SIZE_LIMIT = 4 << 20  # bytes; a context is about 2 kB
IN_CLUSTER = Path("/var/run/secrets/talos.dev/config")  # where a Talos service account is mounted
_CONTEXT_KEYS = ("endpoints", "nodes", "ca", "crt", "key", "cluster", "auth", "proxy-url", "target")
_DOWNLOAD = "get the file again, or make one with `talosctl config new`"


@dataclass(frozen=True, slots=True)
class Context:
    """One way into one cluster.

    Attributes:
        name: its key under ``contexts``.
        endpoints: as written, the deprecated ``target`` last.
        nodes: talosctl's default nodes; never taken as named for a change.
        ca: certificates that may sign the server's, PEM; empty means the system's.
        certificate, key: our client certificate (chain) and key, PEM; both empty if there are none.
        cluster: sent as the metadata ``context``; used by Omni.
        auth: "basic", "siderov1" or empty.
        username, password: for "basic".
        proxy_url: as written; may hold a password.
        source: the file, for errors.
    """

    name: str
    endpoints: tuple[str, ...] = ()
    nodes: tuple[str, ...] = ()
    ca: bytes = field(default=b"", repr=False)
    certificate: bytes = field(default=b"", repr=False)
    key: bytes = field(default=b"", repr=False)
    cluster: str = ""
    auth: str = ""
    username: str = ""
    password: str = field(default="", repr=False)
    proxy_url: str = field(default="", repr=False)
    source: str = ""

    def dialled(self, override: Sequence[str] | None = None) -> tuple[_endpoints.Endpoint, ...]:
        """Return the endpoints to dial, each once, in order: those given (``--endpoints``), else the context's.

        Raises:
            TalosconfigError: there are none, or one of them is no endpoint.
        """
        if override:
            found = [_endpoints.parse(text) for text in override]
        else:
            found = [_endpoints.parse(text, source=self.source, path=f"{self.path}.endpoints") for text in self.endpoints]
        if not found:
            raise TalosconfigError(
                "the context has no endpoints",
                source=self.source,
                path=self.path,
                hint="name a control-plane node with --endpoints, or store it with `talosctl config endpoint ADDRESS`",
            )
        return tuple(dict.fromkeys(found))

    @property
    def path(self) -> str:
        """Where it stands in the file."""
        return _path("contexts", self.name)


@dataclass(frozen=True, slots=True)
class Talosconfig:
    """A talosconfig as read.

    Attributes:
        source: the file, for errors.
        current: the name of the default context, maybe empty.
        contexts: those that could be read.
        broken: why the others could not; one bad context does not lock the user out of the rest.
        noticed: findings about the file itself.
    """

    source: str
    current: str
    contexts: Mapping[str, Context]
    broken: Mapping[str, TalosconfigError] = field(default_factory=dict)
    noticed: tuple[Finding, ...] = ()

    def context(self, name: str | None = None) -> Context:
        """Return a context, the default one unless ``name`` says otherwise.

        Raises:
            TalosconfigError: there is no such context, or it cannot be read.
        """
        known = sorted([*self.contexts, *self.broken])
        if not known:
            raise TalosconfigError("holds no contexts", source=self.source, hint=_DOWNLOAD)
        wanted = name or self.current
        listed = ", ".join(known[:20])
        if not wanted:
            raise TalosconfigError(
                "names no default context", source=self.source, path="context", hint=f"use --context with one of: {listed}"
            )
        if wanted in self.broken:
            found = self.broken[wanted]
            raise TalosconfigError(
                found.problem, source=found.source, line=found.line, column=found.column, path=found.path, hint=found.hint
            )
        if wanted not in self.contexts:
            alike = difflib.get_close_matches(wanted, known, n=1)
            what = "the context" if name else "the default context"
            hint = f"did you mean {alike[0]!r}? It has: {listed}" if alike else f"it has: {listed}"
            raise TalosconfigError(f"{what} {wanted!r} is not in it", source=self.source, path=None if name else "context", hint=hint)
        return self.contexts[wanted]


def places(environ: Mapping[str, str]) -> tuple[tuple[str, Path], ...]:
    """Return the places where talosctl looks when no file is named, in order, each with what made it one."""
    found = [("TALOSCONFIG", Path(environ["TALOSCONFIG"]))] if environ.get("TALOSCONFIG") else []
    if os.path.isabs(environ.get("TALOS_HOME", "")):  # noqa: PTH117 - an empty text is not absolute, but an empty Path is "."
        found.append(("TALOS_HOME", Path(environ["TALOS_HOME"]) / "config"))
    elif environ.get("HOME"):
        found.append(("home directory", Path(environ["HOME"]) / ".talos" / "config"))
    return (*found, ("service account", IN_CLUSTER))


def find(explicit: str | None, environ: Mapping[str, str]) -> Path:
    """Return the talosconfig to use: the one named, else the first of :func:`places` that exists.

    Raises:
        TalosconfigError: nothing is there. (talosctl makes an empty file in that case.)
    """
    if explicit:
        return Path(explicit)
    looked = places(environ)
    for _, path in looked:
        if _exists(path):
            return path
    listed = ", ".join(f"{path} ({origin})" for origin, path in looked)
    raise TalosconfigError(f"no talosconfig found; looked at {listed}", hint="name one with --talosconfig or TALOSCONFIG")


def findings(config: Talosconfig, explicit: str | None, environ: Mapping[str, str]) -> tuple[Finding, ...]:
    """Return what a user should know about the file and about how it was found."""
    noticed = list(config.noticed)
    named = environ.get("TALOSCONFIG")
    if not explicit and named and not _exists(Path(named)):
        message = f"TALOSCONFIG names {named}, which is not there; as talosctl does, {config.source} is used instead"
        noticed.append(Finding(Severity.WARNING, "talosconfig-fell-through", "", message, "correct or unset TALOSCONFIG"))
    home = environ.get("TALOS_HOME")
    if not explicit and home and not Path(home).is_absolute():
        message = f"TALOS_HOME is {home!r}, not an absolute path, and therefore not used"
        noticed.append(Finding(Severity.WARNING, "talos-home-ignored", "", message, "write the whole path"))
    return tuple(noticed)


def load(path: Path) -> Talosconfig:
    """Read a talosconfig.

    A pipe is read too (``--talosconfig <(sops -d talosconfig)``), so that a key need not rest on a disk.

    Raises:
        TalosconfigError: it cannot be read, or is no talosconfig.
    """
    source = str(path)
    try:
        with path.open("rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            data = file.read(SIZE_LIMIT + 1)
    except OSError as error:
        hint = "name another with --talosconfig or TALOSCONFIG" if isinstance(error, FileNotFoundError) else None
        raise TalosconfigError(f"cannot be read: {error.strerror or error}", source=source, hint=hint) from error
    config = parse(data, source=source)
    exposed = stat.S_ISREG(mode) and mode & 0o077 and any(context.key for context in config.contexts.values())
    if not exposed or path == IN_CLUSTER:  # how a service account is mounted is not the user's to change
        return config
    message = f"{source} holds a private key and others than its owner may use the file (mode {stat.S_IMODE(mode):04o})"
    warning = Finding(Severity.WARNING, "talosconfig-exposed", "", message, f"chmod 600 {source}")
    return Talosconfig(config.source, config.current, config.contexts, config.broken, (*config.noticed, warning))


def merge(first: Talosconfig, second: Talosconfig) -> Talosconfig:
    """Return both together, as ``talosctl config merge`` does.

    A name already taken gets ``-1``, ``-2`` …; the default context is the second's if it names one.
    """
    contexts, broken = dict(first.contexts), dict(first.broken)
    names: dict[str, str] = {}
    for name in (*second.contexts, *second.broken):
        taken = {*contexts, *broken}
        candidates = (f"{name}-{number}" if number else name for number in itertools.count())
        new = names[name] = next(candidate for candidate in candidates if candidate not in taken)
        if name in second.contexts:
            contexts[new] = replace(second.contexts[name], name=new)
        else:
            broken[new] = second.broken[name]
    current = names.get(second.current, "") if second.current else first.current
    return Talosconfig(first.source, current, contexts, broken, (*first.noticed, *second.noticed))


def parse(data: bytes, *, source: str) -> Talosconfig:
    """Return what the bytes of a talosconfig say.

    Raises:
        TalosconfigError: they are no talosconfig. A context that cannot be read is no error until it is asked for.
    """
    root, more = marked_yaml.read(_text(data, source), source=source)
    if root is None or root.value is None:
        raise TalosconfigError("is empty", source=source, hint=_DOWNLOAD)
    fields = _Fields(source)
    top = fields.mapping(root, "")
    current = fields.text(top.get("context"), "context")
    contexts: dict[str, Context] = {}
    broken: dict[str, TalosconfigError] = {}
    noticed: list[Finding] = []
    for name, node in fields.mapping(top.get("contexts"), "contexts").items():
        try:
            contexts[name] = _context(name, node, fields)
        except TalosconfigError as error:
            broken[name] = error
            continue
        noticed += [_unknown_key(key, _path("contexts", name)) for key in fields.mapping(node, "") if key not in _CONTEXT_KEYS]
    if more:
        message = f"{source} holds several YAML documents; as talosctl does, only the first is used"
        noticed.append(Finding(Severity.WARNING, "talosconfig-extra-documents", "", message))
    return Talosconfig(source, current, contexts, broken, tuple(noticed))


def _context(name: str, node: Node, fields: _Fields) -> Context:
    path = _path("contexts", name)
    values = fields.mapping(node, path)
    if not values:
        raise TalosconfigError("the context is empty", source=fields.source, line=node.line, column=node.column, path=path, hint=_DOWNLOAD)
    target = fields.text(values.get("target"), f"{path}.target")
    auth = fields.mapping(values.get("auth"), f"{path}.auth")
    basic = fields.mapping(auth.get("basic"), f"{path}.auth.basic")
    kind = "siderov1" if "siderov1" in auth and auth["siderov1"].value is not None else "basic" if basic else ""
    return Context(
        name=name,
        endpoints=(*fields.texts(values.get("endpoints"), f"{path}.endpoints"), *([target] if target else [])),
        nodes=fields.texts(values.get("nodes"), f"{path}.nodes"),
        ca=fields.pem(values.get("ca"), f"{path}.ca"),
        certificate=fields.pem(values.get("crt"), f"{path}.crt"),
        key=fields.pem(values.get("key"), f"{path}.key"),
        cluster=fields.text(values.get("cluster"), f"{path}.cluster"),
        auth=kind,
        username=fields.text(basic.get("username"), f"{path}.auth.basic.username"),
        password=fields.text(basic.get("password"), f"{path}.auth.basic.password"),
        proxy_url=fields.text(values.get("proxy-url"), f"{path}.proxy-url"),
        source=fields.source,
    )


class _Fields:
    """Reads typed fields from nodes; an absent field is empty, as in the reference."""

    def __init__(self, source: str) -> None:
        self.source = source

    def _error(self, node: Node, path: str, problem: str) -> TalosconfigError:
        return TalosconfigError(problem, source=self.source, line=node.line, column=node.column, path=path or None, hint=None)

    def mapping(self, node: Node | None, path: str) -> dict[str, Node]:
        if node is None or node.value is None:
            return {}
        if not isinstance(node.value, dict):
            raise self._error(
                node, path, "should be a mapping" if path else "this is no talosconfig: should be a mapping with 'context' and 'contexts'"
            )
        return node.value

    def text(self, node: Node | None, path: str) -> str:
        if node is None or node.value is None:
            return ""
        if not isinstance(node.value, str):
            raise self._error(node, path, "should be text")
        return node.value

    def texts(self, node: Node | None, path: str) -> tuple[str, ...]:
        if node is None or node.value is None:
            return ()
        if not isinstance(node.value, list):
            raise self._error(node, path, "should be a list")
        return tuple(self.text(item, f"{path}[{index}]") for index, item in enumerate(node.value))

    def pem(self, node: Node | None, path: str) -> bytes:
        """Return what a base64 text stands for. What is wrong is said without quoting it: it may be a private key."""
        text = self.text(node, path)
        if node is None or not text:
            return b""
        if text.lstrip().startswith("-----BEGIN"):
            raise self._error(node, path, "is PEM; a talosconfig wants the base64 of the PEM")
        try:
            data = base64.b64decode(text.replace("\n", "").replace("\r", ""), validate=True)
        except (binascii.Error, ValueError) as error:
            raise self._error(node, path, "is not valid base64 (cut off, or edited?)") from error
        if b"-----BEGIN " not in data:
            raise self._error(node, path, "is the base64 of something that is not PEM")
        return data


def _text(data: bytes, source: str) -> str:
    if len(data) > SIZE_LIMIT:
        raise TalosconfigError(f"is larger than {SIZE_LIMIT >> 20} MiB: this is no talosconfig", source=source)
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise TalosconfigError(f"is not UTF-8 text (byte {error.start})", source=source, hint="a talosconfig is YAML") from error


def _unknown_key(key: str, path: str) -> Finding:
    alike = difflib.get_close_matches(key, _CONTEXT_KEYS, n=1)
    hint = f"did you mean {alike[0]!r}?" if alike else ""
    return Finding(Severity.WARNING, "talosconfig-unknown-key", path, f"the key {key[:60]!r} is not one of a context and is not used", hint)


def _path(parent: str, name: str) -> str:
    return f"{parent}.{name}" if name.replace("-", "").replace("_", "").isalnum() else f"{parent}[{name[:80]!r}]"


def _exists(path: Path) -> bool:
    try:
        path.stat()
    except (OSError, ValueError):
        return False
    return True
