"""From a kubeconfig to a client: found as kubectl finds it, with one clear error where that cannot be."""

from __future__ import annotations

import os
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from talospatch.errors import InputError, RefusedError

if TYPE_CHECKING:
    from talospatch.kubernetes.client import Kubernetes

EXTRA = "kubernetes"
LIBRARY = "lightkube"
VARIABLE = "KUBECONFIG"
CONNECT = 5.0  # seconds for a connection; a server that is there takes a part of one
_TIMEOUT = 15.0  # seconds for each request


class Need(NamedTuple):
    """What a connection is wanted for.

    Attributes:
        what: the subject of a sentence.
        instead: what works without it, as the end of that sentence; may be empty.
    """

    what: str
    instead: str = ""


JOB = Need("a Kubernetes job", "; or print the manifest (--method manifest) and apply it with kubectl")
PODS = Need("a list of pods")


def require_extra(need: Need = JOB, *, found: bool | None = None) -> None:
    """Raise where the client library is not installed.

    Args:
        need: what it is wanted for.
        found: whether the library is installed; looked up when None.

    Raises:
        RefusedError: ``missing-extra``.
    """
    there = find_spec(LIBRARY) is not None if found is None else found
    if not there:
        raise RefusedError(
            "missing-extra",
            f"{need.what} needs a client, which is an extra: pip install 'talospatch[{EXTRA}]'{need.instead}",
        )


def is_named(path: str | Path | None, context: str | None) -> bool:
    """Whether somebody means a cluster: by a kubeconfig, its context, or ``KUBECONFIG``. A file that just lies at home names none.

    Args:
        path: see :func:`connect`.
        context: see :func:`connect`.
    """
    return path is not None or context is not None or bool(os.environ.get(VARIABLE))


def require_config(path: str | Path | None, context: str | None, *, need: Need = JOB) -> None:
    """Raise where :func:`connect` would for want of a kubeconfig; asks no server.

    Args:
        path: see :func:`connect`.
        context: see :func:`connect`.
        need: see :func:`connect`.

    Raises:
        RefusedError: ``missing-extra``.
        InputError: the kubeconfig cannot be used.
    """
    require_extra(need)
    _config(path, context, os.environ, need)


def connect(path: str | Path | None, context: str | None, environ: Mapping[str, str] | None = None, *, need: Need = JOB) -> Kubernetes:
    """Return a client. Reads files; asks no server yet.

    Args:
        path: the kubeconfig; None takes ``KUBECONFIG``, then ``~/.kube/config``, then a pod's own service account.
        context: instead of the file's current one.
        environ: the environment; the process's when None.
        need: what it is wanted for.

    Raises:
        RefusedError: ``missing-extra``.
        InputError: the kubeconfig cannot be used.
    """
    require_extra(need)
    from lightkube import AsyncClient

    from talospatch.kubernetes.client import Kubernetes, timeouts

    chosen = _config(path, context, os.environ if environ is None else environ, need)
    try:
        return Kubernetes(AsyncClient(config=chosen, timeout=timeouts(_TIMEOUT, connect=CONNECT), field_manager="talospatch"))
    except (OSError, ValueError, AssertionError, KeyError, TypeError) as error:
        problem = str(error) or type(error).__name__
    raise InputError(f"its certificates or credentials cannot be used: {problem}", source=_source(path, environ))


def _config(path: str | Path | None, context: str | None, environ: Mapping[str, str], need: Need) -> Any:
    from lightkube import KubeConfig
    from lightkube.core.exceptions import ConfigError

    file = _file(path, environ)
    problem = ""
    try:
        loaded = KubeConfig.from_file(file) if file is not None else KubeConfig.from_service_account()
        found = loaded.get(context)
    except ConfigError as error:
        problem = str(error) if file is None or file.exists() else "there is no such file"
    except OSError as error:
        problem = error.strerror or type(error).__name__
    except Exception as error:  # noqa: BLE001 - whatever a broken YAML file makes the library raise
        problem = f"it is not a kubeconfig ({type(error).__name__})"
    else:
        if found is not None:
            return found
        problem = "it has no current context"
    where = str(file) if file is not None else "the service account of this pod"
    raise InputError(
        f"{need.what} needs a kubeconfig: {problem}",
        source=where,
        hint=f"name one with --kubeconfig, and its context with --kube-context{need.instead}",
    )


def _file(path: str | Path | None, environ: Mapping[str, str]) -> Path | None:
    """Return the kubeconfig to read; None for a pod's own service account."""
    if path is not None:
        return Path(path)
    named = [part for part in environ.get(VARIABLE, "").split(os.pathsep) if part]
    if len(named) > 1:
        raise InputError(f"{VARIABLE} names several files", hint="name one with --kubeconfig")
    if named:
        return Path(named[0])
    usual = Path(environ.get("HOME") or Path.home()) / ".kube" / "config"
    return usual if usual.exists() or "KUBERNETES_SERVICE_HOST" not in environ else None


def _source(path: str | Path | None, environ: Mapping[str, str] | None) -> str:
    return str(_file(path, os.environ if environ is None else environ) or "the service account of this pod")
