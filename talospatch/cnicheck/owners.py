"""Finding the pod of a sandbox that no cache file, node answer or log names: from Kubernetes, else from the sandbox's own hostname.

Of a sandbox that does not stop Kubernetes also tells whether its pod still exists, where nothing else does.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from talospatch.cni.leases import by_sandbox
from talospatch.cni.pods import exists, pod_of
from talospatch.cni.story import Source, waiting
from talospatch.cni.verdict import Liveness
from talospatch.cnicheck.hostnames import hostnames_of
from talospatch.errors import KubernetesError, TalosPatchError

if TYPE_CHECKING:
    from talospatch.cni.leases import Lease
    from talospatch.cni.pods import KubernetesPod
    from talospatch.cni.story import Story
    from talospatch.cnicheck.calls import CniCalls
    from talospatch.cnicheck.options import CheckOptions, PodsOfNodes


async def with_owners(
    client: CniCalls, node: str, told: Sequence[Story], *, others: Iterable[Story], leases: Iterable[Lease], options: CheckOptions
) -> tuple[tuple[Story, ...], str]:
    """Add the owner of each sandbox that has none yet, and the damaged sandboxes that turn out to belong to the pod asked for.

    Needs os:admin.

    Args:
        client: the client.
        node: the node's address.
        told: the stories that are told anyway.
        others: stories of damaged sandboxes that may belong to the pod asked for.
        leases: the addresses given out on the node.
        options: what is asked about, and Kubernetes.

    Returns:
        The stories to tell, and a note, empty when there is nothing to say.
    """
    meant = {each.sandbox for each in told}
    unknown = [each for each in (*told, *(each for each in others if each.sandbox not in meant)) if is_open(each)]
    found, note = await owners(client, node, unknown, leases, options.pods)
    more = [each for sandbox, each in found.items() if sandbox not in meant and _is_meant(each, options)]
    return (*(found.get(each.sandbox, each) for each in told), *more), note


def is_open(story: Story) -> bool:
    """Whether there is something about a story's pod that Kubernetes may tell."""
    return story.pod is None or (story.pod_exists is None and story.code == "stop-fails")


async def owners(
    client: CniCalls, node: str, unknown: Sequence[Story], leases: Iterable[Lease], pods: PodsOfNodes | None
) -> tuple[dict[str, Story], str]:
    """Return the given stories, by sandbox, completed with what Kubernetes tells of the pod, or with the hostname; and a note.

    The note is empty when there is nothing to say.

    Args:
        client: the client.
        node: the node's address.
        unknown: stories of which the pod is not known, or whether it exists.
        leases: the addresses given out on the node.
        pods: asks Kubernetes, once and only where an address or a hostname is known; None when it is not to be asked.
    """
    names = await hostnames_of(client, node, (each.sandbox for each in unknown if each.pod is None and each.liveness is not Liveness.GONE))
    matchable = any(each.pod is not None or each.addresses or each.sandbox in names for each in unknown)
    listed, note = await _listed(node, pods) if pods is not None and matchable else ((), "")
    held = by_sandbox(leases)
    return {each.sandbox: _owned(each, names.get(each.sandbox, ""), held, listed) for each in unknown}, note


async def _listed(node: str, pods: PodsOfNodes) -> tuple[tuple[KubernetesPod, ...], str]:
    try:
        return await pods.on(node), ""
    except KubernetesError as error:
        return (), f"Kubernetes was not asked: cannot {error.doing}: {error.text}"
    except TalosPatchError as error:
        return (), f"Kubernetes was not asked: {error}"


def _owned(story: Story, hostname: str, held: Mapping[str, Sequence[Lease]], pods: Iterable[KubernetesPod]) -> Story:
    runs = story.liveness in (Liveness.RUNNING, Liveness.STARTING)
    leases = held.get(story.sandbox, ())
    made = _made(story, leases)
    if story.pod is not None:
        return waiting(story) if exists(pods, story.pod, made) else story
    match = pod_of(pods, addresses=story.addresses, hostname=hostname, made=made, runs=runs)
    if match is None:
        return replace(story, hostname=hostname)
    owned = replace(story, pod=match.pod, pod_source=Source.KUBERNETES, hostname=hostname if match.by_hostname else "")
    return waiting(owned) if match.exists and is_open(owned) else owned


def _made(story: Story, leases: Iterable[Lease]) -> float | None:
    """Return when a sandbox was made: its addresses are given out then, and its cache files are written."""
    times = [each.modified for each in leases] or [each.file.modified for each in story.files]
    return float(min(times)) if times and min(times) > 0 else None


def _is_meant(story: Story, options: CheckOptions) -> bool:
    about = options.about
    assert about is not None
    return about.takes_pod(story.pod) if story.pod is not None else bool(story.hostname) and story.hostname == about.pod
