"""What Pod security admission makes of a pod with a directory of its node, by the labels of a namespace."""

from __future__ import annotations

from collections.abc import Mapping

ENFORCE = "pod-security.kubernetes.io/enforce"
PRIVILEGED = "privileged"
# What a refusal of the PodSecurity plugin says (k8s.io/pod-security-admission, admission.go); one by RBAC never does.
VIOLATES = "violates PodSecurity"


def foresee(namespace: str, labels: Mapping[str, str]) -> str:
    """Return, in one sentence, what the labels let expect. Only the API server knows: exemptions are in its configuration.

    Args:
        namespace: its name.
        labels: its labels.
    """
    level = labels.get(ENFORCE)
    if level == PRIVILEGED:
        return f"the namespace {namespace} lets it in: {ENFORCE} is {PRIVILEGED}"
    if level is not None:
        return (
            f"the namespace {namespace} has {ENFORCE} {level[:40]!r}, which refuses a directory of the node unless the namespace is exempt"
        )
    return f"the namespace {namespace} has no label {ENFORCE}: the default counts, in Talos baseline for all but kube-system"


def remedy(namespace: str) -> str:
    """Return what to do when the pod is refused."""
    return f"take the namespace kube-system, or set the label {ENFORCE}={PRIVILEGED} on {namespace}"
