"""The few requests that we make to Kubernetes, each with plain values in and out, and every failure a KubernetesError."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from talospatch.errors import KubernetesError
from talospatch.redaction import redact

if TYPE_CHECKING:
    import httpx2
    from lightkube import AsyncClient

    from talospatch.kubernetes.pods import PodOnNode

_LONGEST = 400
NOT_FOUND, FORBIDDEN = 404, 403
_LOG_LINES = 50
_CHUNK = 500  # pods in one answer
# The label of a job's pods on every version; batch.kubernetes.io/job-name came beside it with 1.27 (generateSelector in
# pkg/registry/batch/job/strategy.go).
_JOB_NAME = "job-name"
# With one of these a kubelet takes critical pods only; for want of memory it still takes those that request or limit any
# (Admit in pkg/kubelet/eviction/eviction_manager.go).
_PRESSURE = frozenset({"DiskPressure", "PIDPressure"})


@dataclass(frozen=True, slots=True)
class KubernetesNode:
    """A node, as Kubernetes knows it.

    Attributes:
        boot_id: the kernel's id of this boot, as the kubelet read it: the same that Talos tells.
        pressure: its conditions for which its kubelet takes critical pods only.
    """

    name: str
    boot_id: str = ""
    pressure: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ContainerState:
    """One container of a pod.

    Attributes:
        exit_code: None as long as it has not ended.
        image_id: the image by digest, once it is known.
        waiting: why it did not start, as ``ImagePullBackOff: …``; empty when it did.
    """

    name: str
    exit_code: int | None = None
    image_id: str = ""
    waiting: str = ""


@dataclass(frozen=True, slots=True)
class PodState:
    """A pod of a job.

    Attributes:
        reason: why it failed as a whole, as where the kubelet did not take it; empty when it did not.
    """

    name: str
    reason: str = ""
    containers: tuple[ContainerState, ...] = ()


class Kubernetes:
    """Requests to one cluster's API. Every method raises :class:`~talospatch.errors.KubernetesError`.

    Args:
        client: lightkube's; closed with this.
    """

    def __init__(self, client: AsyncClient) -> None:
        self._client = client

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    async def node(self, name: str) -> KubernetesNode:
        """Return a node."""
        from lightkube.resources.core_v1 import Node

        with _translated(f"get the node {name}"):
            found = await self._client.get(Node, name)
        status = found.status
        if status is None or status.nodeInfo is None:
            return KubernetesNode(name)
        pressure = tuple(each.type for each in status.conditions or () if each.type in _PRESSURE and each.status == "True")
        return KubernetesNode(name, status.nodeInfo.bootID or "", pressure)

    async def pods_on(self, node: str, *, most: int) -> tuple[PodOnNode, ...]:
        """Return the pods of a node, of all namespaces; more than ``most`` of them are a failure."""
        from lightkube.resources.core_v1 import Pod

        from talospatch.kubernetes.pods import pod_on_node

        doing = f"list the pods of the node {node}"
        found: list[PodOnNode] = []
        with _translated(doing):
            async for pod in self._client.list(Pod, namespace="*", fields={"spec.nodeName": node}, chunk_size=_CHUNK):
                # The server was asked for these only, and that is checked: a proxy in front of it may not pass that on.
                if pod.spec is not None and pod.spec.nodeName == node:
                    found.append(pod_on_node(pod))
                if len(found) > most:
                    break
        if len(found) > most:
            raise KubernetesError(doing, 0, f"there are more than {most}")
        return tuple(found)

    async def namespace_labels(self, name: str) -> Mapping[str, str]:
        """Return the labels of a namespace."""
        from lightkube.resources.core_v1 import Namespace

        with _translated(f"get the namespace {name}"):
            found = await self._client.get(Namespace, name)
        return dict(found.metadata.labels or {}) if found.metadata is not None else {}

    async def try_pod(self, manifest: Mapping[str, Any]) -> None:
        """Ask whether a pod would be let in, by a dry run on the server; makes nothing."""
        from lightkube.resources.core_v1 import Pod

        namespace = manifest["metadata"]["namespace"]
        with _translated(f"make a pod in {namespace} (asked by a dry run)"):
            pod = cast("Pod", Pod.from_dict(dict(manifest)))  # typed as the base of all resources
            await self._client.create(pod, dry_run=True)

    async def create_job(self, manifest: Mapping[str, Any]) -> None:
        """Make a job."""
        from lightkube.resources.batch_v1 import Job

        metadata = manifest["metadata"]
        with _translated(f"create the job {metadata['namespace']}/{metadata['name']}"):
            job = cast("Job", Job.from_dict(dict(manifest)))
            await self._client.create(job)

    async def job_exists(self, namespace: str, name: str) -> bool:
        """Whether a job is there, also one that is being deleted."""
        from lightkube.resources.batch_v1 import Job

        try:
            with _translated(f"get the job {namespace}/{name}"):
                await self._client.get(Job, name, namespace=namespace)
        except KubernetesError as error:
            if error.status == NOT_FOUND:
                return False
            raise
        return True

    async def job_failure(self, namespace: str, name: str) -> str:
        """Return why a job failed, as its conditions say; empty when it did not."""
        from lightkube.resources.batch_v1 import Job

        with _translated(f"get the job {namespace}/{name}"):
            job = await self._client.get(Job, name, namespace=namespace)
        conditions = (job.status.conditions or []) if job.status is not None else []
        failed = next((each for each in conditions if each.type == "Failed" and each.status == "True"), None)
        return "" if failed is None else _shown(": ".join(filter(None, (failed.reason, failed.message))))

    async def job_pods(self, namespace: str, name: str) -> tuple[PodState, ...]:
        """Return the pods of a job."""
        from lightkube.resources.core_v1 import Pod

        with _translated(f"list the pods of the job {namespace}/{name}"):
            found = self._client.list(Pod, namespace=namespace, labels={_JOB_NAME: name})
            return tuple([_pod(pod) async for pod in found])

    async def log(self, namespace: str, pod: str, container: str) -> bytes:
        """Return the last lines that a container wrote."""
        with _translated(f"read the log of {namespace}/{pod}"):
            lines = [line async for line in self._client.log(pod, namespace=namespace, container=container, tail_lines=_LOG_LINES)]
        return "".join(lines).encode()

    async def delete_job(self, namespace: str, name: str) -> None:
        """Begin to delete a job; it is gone when its pods are. One that is not there is no error."""
        from lightkube.resources.batch_v1 import Job
        from lightkube.types import CascadeType

        try:
            with _translated(f"delete the job {namespace}/{name}"):
                await self._client.delete(Job, name, namespace=namespace, cascade=CascadeType.FOREGROUND)
        except KubernetesError as error:
            if error.status != NOT_FOUND:
                raise


def timeouts(seconds: float, *, connect: float) -> Any:
    """Return the library's form of a timeout for each request, and of a shorter one for making a connection."""
    import httpx2

    return httpx2.Timeout(seconds, connect=connect)


def _pod(pod: Any) -> PodState:
    name, status = pod.metadata.name or "", pod.status
    if status is None:
        return PodState(name)
    reason = _shown(": ".join(filter(None, (status.reason, status.message)))) if status.phase == "Failed" else ""
    return PodState(name, reason, tuple(map(_container, status.containerStatuses or ())))


def _container(status: Any) -> ContainerState:
    state = status.state
    ended = state.terminated if state is not None else None
    waiting = state.waiting if state is not None else None
    why = _shown(": ".join(filter(None, (waiting.reason, waiting.message)))) if waiting is not None else ""
    return ContainerState(status.name, ended.exitCode if ended is not None else None, status.imageID or "", why)


@contextmanager
def _translated(doing: str) -> Iterator[None]:
    """Turn what the library raises into ours; its texts may hold what a server said.

    Raises:
        KubernetesError: in place of any of them.
    """
    import httpx2
    import msgspec
    from lightkube.core.exceptions import ApiError, ConfigError

    try:
        yield
    except ApiError as error:
        text = error.status.message or error.status.reason or ""
        failure = KubernetesError(doing, int(error.status.code or error.response.status_code), _shown(text))
    except httpx2.HTTPStatusError as error:
        failure = KubernetesError(doing, error.response.status_code, f"HTTP status {error.response.status_code}")
    except httpx2.ConnectTimeout as error:
        failure = KubernetesError(doing, 0, f"no connection to {_server(error)} in time")
    except httpx2.ConnectError as error:
        failure = KubernetesError(doing, 0, f"no connection to {_server(error)}: {_shown(str(error)) or type(error).__name__}")
    except httpx2.TimeoutException:
        failure = KubernetesError(doing, 0, "no answer in time")
    except httpx2.HTTPError as error:
        failure = KubernetesError(doing, 0, _shown(str(error)) or type(error).__name__)
    except (ConfigError, msgspec.MsgspecError, KeyError, ValueError, OSError) as error:
        failure = KubernetesError(doing, 0, _shown(str(error)) or type(error).__name__)
    else:
        return
    raise failure


def _server(error: httpx2.RequestError) -> str:
    """Return where a request was to go, without what it asked for."""
    url = error.request.url
    return _shown(f"{url.scheme}://{url.netloc.decode('ascii', 'replace')}")


def _shown(text: str) -> str:
    one_line = "".join(char if char.isprintable() else " " for char in text).strip()
    return redact(one_line, limit=_LONGEST)
