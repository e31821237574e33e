"""Every error that talospatch raises on purpose, in one tree.

::

    TalosPatchError
    ├── InputError                 something the user gave cannot be used; says where
    │   ├── TalosconfigError       a talosconfig, its contexts, certificates and keys
    │   ├── ConfigError            a machine config (YAML)
    │   ├── FragmentError          a containerd fragment (TOML)
    │   ├── ChangeError            a patch, or the way it was named
    │   └── VersionError           a text that names no Talos version, or one we do not support for this
    ├── RefusedError               a guard said no; nothing was changed
    ├── DialError                  no connection to an endpoint; has a ``reason``
    ├── TelemetryError             a store of logs or metrics did not answer, or not as wanted; keeps URL and HTTP status
    ├── NodeError                  an RPC to one node failed; keeps node, code and redacted text
    │   ├── NodeUnavailable        UNAVAILABLE: connection lost, node down or not reachable from the endpoint
    │   ├── NodeTimeout            DEADLINE_EXCEEDED, whichever side noticed
    │   ├── NotAuthorized          PERMISSION_DENIED: the role of our certificate is not enough
    │   ├── NotForwarded           PERMISSION_DENIED "no request forwarding": the endpoint is a worker
    │   ├── NotFound               NOT_FOUND, and UNKNOWN "no such file or directory"
    │   ├── NotSupported           UNIMPLEMENTED, or a type of resource unknown to it: the node's Talos is too old or too new
    │   ├── InvalidOnNode          INVALID_ARGUMENT: the node refuses the request's content
    │   ├── NodeBusy               FAILED_PRECONDITION: another apply is in progress, or it is rebooting; or its containerd is away
    │   └── IncompleteAnswer       the node said OK but what came cannot be all of it
    ├── KubernetesError            a request to the Kubernetes API failed, or there is no way to it; keeps the HTTP status
    ├── JournalError               our own state cannot be read, written or decrypted
    ├── RolloutError               a report holds nodes that failed; has the ``report``
    └── ForkedError                a cluster was used in a forked child
"""

from __future__ import annotations

from typing import Any


class TalosPatchError(Exception):
    """Root of the tree. ``str()`` is one message for a person: what, where, why, what to do."""

    def __reduce__(self) -> tuple[Any, ...]:
        # Exception's own calls the class with the message alone, which is not what these constructors take; multiprocessing needs this.
        return _restored, (type(self), self.args), self.__dict__


def _restored(kind: type[TalosPatchError], args: tuple[Any, ...]) -> TalosPatchError:
    error = kind.__new__(kind)
    error.args = args
    return error


class InputError(TalosPatchError):
    """Something the user gave cannot be used.

    Attributes:
        problem: what is wrong, without the place.
        source: the file or origin as the user would name it, or None.
        line: line in ``source``, from 1, or None.
        column: column in characters, from 1, or None.
        path: the path inside the configuration, as ``machine.files[0].content``, or None.
        hint: what to do, or None.
    """

    def __init__(
        self,
        problem: str,
        *,
        source: str | None = None,
        line: int | None = None,
        column: int | None = None,
        path: str | None = None,
        hint: str | None = None,
    ) -> None:
        self.problem, self.source, self.line, self.column, self.path, self.hint = problem, source, line, column, path, hint
        super().__init__(self._render())

    def _render(self) -> str:
        where = self.source or ""
        if self.line is not None:
            where += f":{self.line}" if where else f"line {self.line}"
            if self.column is not None:
                where += f":{self.column}"
        text = ": ".join(part for part in (where, self.path, self.problem) if part)
        return f"{text}; {self.hint}" if self.hint else text


class TalosconfigError(InputError):
    """A talosconfig cannot be used as it is."""


class ConfigError(InputError):
    """A machine config cannot be read, or an edit of it cannot be proven right."""


class FragmentError(InputError):
    """A containerd fragment is not TOML that the node's containerd could read."""


class ChangeError(InputError):
    """A change (patch) cannot be loaded or does not apply."""


class VersionError(InputError):
    """A text names no Talos version, or names one for which this cannot be done."""


class RefusedError(TalosPatchError):
    """A guard said no before anything was changed.

    Attributes:
        code: a stable word for scripts, such as ``no-target`` or ``control-plane``.
    """

    def __init__(self, code: str, message: str) -> None:
        self.code = code
        super().__init__(message)


class DialError(TalosPatchError):
    """No usable connection to an endpoint.

    Attributes:
        endpoint: ``host:port`` as dialled.
        reason: one of the words of :data:`talospatch.talosapi.dial_reasons.REASONS`, such as ``wrong-ca``.
    """

    def __init__(self, endpoint: str, reason: str, message: str) -> None:
        self.endpoint, self.reason = endpoint, reason
        super().__init__(f"{endpoint}: {message}")


class TelemetryError(TalosPatchError):
    """A store of logs or metrics did not answer, or not as wanted.

    Attributes:
        url: its address.
        status: HTTP status; 0 where there was no answer.
        text: why, already redacted and shortened.
    """

    def __init__(self, url: str, status: int, text: str) -> None:
        self.url, self.status, self.text = url, status, text
        super().__init__(f"{url}: {f'HTTP {status}: ' if status not in (0, 200) else ''}{text}")


class NodeError(TalosPatchError):
    """An RPC to one node failed.

    Attributes:
        node: the node as it was addressed.
        call: the method's short name, such as ``ApplyConfiguration``.
        code: gRPC status code by name, such as ``UNAVAILABLE``.
        text: the server's text, already redacted and shortened.
    """

    def __init__(self, node: str, call: str, code: str, text: str) -> None:
        self.node, self.call, self.code, self.text = node, call, code, text
        super().__init__(f"{node}: {call}: {text or code}")


class NodeUnavailable(NodeError):
    """The connection was lost, the node is down, or the endpoint cannot reach it."""


class NodeTimeout(NodeError):
    """No answer within the deadline."""


class NotAuthorized(NodeError):
    """The role in our client certificate does not allow the call."""


class NotForwarded(NodeError):
    """The endpoint is a worker and forwards nothing."""


class NotFound(NodeError):
    """The file or resource does not exist."""


class NotSupported(NodeError):
    """This Talos version does not have the call."""


class InvalidOnNode(NodeError):
    """The node refuses what was sent."""


class NodeBusy(NodeError):
    """The node cannot do that right now."""


class IncompleteAnswer(NodeError):
    """The node said OK, but what came cannot be all of it."""


class KubernetesError(TalosPatchError):
    """A request to the Kubernetes API failed, or there is no way to it.

    Attributes:
        doing: what was asked for, as ``create the job x``.
        status: HTTP status; 0 where there was no answer.
        text: the server's text, already redacted and shortened.
    """

    def __init__(self, doing: str, status: int, text: str) -> None:
        self.doing, self.status, self.text = doing, status, text
        super().__init__(f"Kubernetes: cannot {doing}: {text}")


class JournalError(TalosPatchError):
    """The journal or its key cannot be read, written or trusted."""


class RolloutError(TalosPatchError):
    """Some nodes of a rollout failed. Raised only by ``report.raise_on_failure()``.

    Attributes:
        report: the :class:`talospatch.planning.report.Report`.
    """

    def __init__(self, message: str, report: Any) -> None:
        self.report = report
        super().__init__(message)


class ForkedError(TalosPatchError):
    """gRPC does not survive a fork: make the cluster in the child, or start children with spawn or forkserver."""
