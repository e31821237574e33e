"""Conversions of what Talos runs for Kubernetes and has one-to-one documents for."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from talospatch.patching.conversion.nested import given, nest
from talospatch.patching.conversion.rule import NOTHING, Move, Rule, both_set, element, not_expressible, place, repeated

if TYPE_CHECKING:
    from talospatch.patching.conversion.view import View
    from talospatch.talos.finding import Finding

_PRISM, _PRISM_KIND, _PRISM_PORT = "machine.features.kubePrism", "KubePrismConfig", 7445
_ACCESS, _ACCESS_KIND = "machine.features.kubernetesTalosAPIAccess", "KubeTalosAPIAccessConfig"
_PODS, _POD = "machine.pods", "KubeStaticPodConfig"
_MANIFESTS, _MANIFEST = "cluster.inlineManifests", "KubeInlineManifestConfig"
_DNS, _DNS_KIND = "cluster.coreDNS", "KubeCoreDNSConfig"
_PLUGINS, _PLUGIN = "cluster.apiServer.admissionControl", "KubeAdmissionControlConfig"
_AUDIT, _AUDIT_KIND = "cluster.apiServer.auditPolicy", "KubeAuditPolicyConfig"
_SINCE = "1.14.0-beta.0"


# KubePrism


def _prism(view: View) -> Move:
    old = view.get(_PRISM)
    if not old or not old.get("enabled"):
        return NOTHING  # switched off is what it is without a word, too
    if view.the(_PRISM_KIND) is not None:
        return Move(findings=(both_set(place(_PRISM), _PRISM_KIND),))
    return Move((place(_PRISM),), ({"kind": _PRISM_KIND, "port": old.get("port") or _PRISM_PORT},))


def _prism_back(view: View) -> Move:
    document = view.the(_PRISM_KIND)
    if document is None:
        return NOTHING
    if view.get(_PRISM) is not None:
        return Move(findings=(both_set(place(_PRISM), _PRISM_KIND),))
    if document.get("tlsServerName"):
        return Move(findings=(not_expressible(("tlsServerName",), "is new in Talos 1.14", document=_PRISM_KIND),))
    return Move(main=nest(_PRISM, {"enabled": True, **given(port=document.get("port"))}), removed=view.identities(_PRISM_KIND))


# Access to Talos's API


def _access(view: View) -> Move:
    old = view.get(_ACCESS)
    if not old or not old.get("enabled"):
        return NOTHING  # switched off is what it is without a word, too
    if view.the(_ACCESS_KIND) is not None:
        return Move(findings=(both_set(place(_ACCESS), _ACCESS_KIND),))
    values = {key: value for key, value in old.items() if key != "enabled"}
    return Move((place(_ACCESS),), ({"kind": _ACCESS_KIND, **values},))


def _access_back(view: View) -> Move:
    document = view.the(_ACCESS_KIND)
    if document is None:
        return NOTHING
    if view.get(_ACCESS) is not None:
        return Move(findings=(both_set(place(_ACCESS), _ACCESS_KIND),))
    values = {key: value for key, value in document.items() if key not in {"apiVersion", "kind"}}
    return Move(main=nest(_ACCESS, {"enabled": True, **values}), removed=view.identities(_ACCESS_KIND))


# Static pods and manifests


def _pods(view: View) -> Move:
    pods = view.elements(_PODS)
    if not pods:
        return NOTHING
    named = [(_pod_name(pod), pod) for pod in pods]
    there = view.names(_POD)
    findings: list[Finding] = []
    for index, (name, _) in enumerate(named):
        if name in (earlier for earlier, _ in named[:index]):
            findings.append(repeated((*place(_PODS), index), f"is another {name}: the last one is in effect", "keep one"))
        elif name in there:
            findings.append(both_set((*place(_PODS), index), f"{_POD}/{name}"))
    if findings:  # elements of this list have no key by which one of them could be taken out
        return Move(findings=tuple(findings))
    return Move((place(_PODS),), tuple({"kind": _POD, "name": name, "pod": pod} for name, pod in named))


def _pod_name(pod: Any) -> str:
    """Return the name that Talos makes up for a pod of the main document. Source: kubeStaticPodShim.Name."""
    metadata = pod.get("metadata") if isinstance(pod, dict) else None
    texts = metadata if isinstance(metadata, dict) else {}
    parts = (texts.get(key) for key in ("namespace", "name"))
    return "-".join(part if isinstance(part, str) else "default" for part in parts)


def _pods_back(view: View) -> Move:
    pods = [document.get("pod") or {} for document in view.of_kind(_POD)]
    names = Counter(_pod_name(pod) for pod in (*view.elements(_PODS), *pods))
    clash = next((document for document in view.of_kind(_POD) if names[_pod_name(document.get("pod") or {})] > 1), None)
    if clash is not None:
        why = "has the namespace and name of another pod: the main document tells pods by them"
        return Move(findings=(not_expressible(("pod",), why, "name one of them differently", document=f"{_POD}/{clash['name']}"),))
    return Move(main=nest(_PODS, pods) if pods else None, removed=view.identities(_POD))


def _manifests(view: View) -> Move:
    manifests = view.elements(_MANIFESTS)
    counted = Counter(manifest.get("name", "") for manifest in manifests)
    there = view.names(_MANIFEST)
    parts: list[Move] = []
    findings: dict[str, Finding] = {}
    for manifest in manifests:
        name = manifest.get("name", "")
        where = element(_MANIFESTS, "name", name)
        if counted[name] > 1:
            findings[name] = repeated(where, "is listed more than once, which Talos refuses", "keep one")
        elif name in there:
            findings[name] = both_set(where, f"{_MANIFEST}/{name}", effective="Talos has one manifest of each name")
        else:
            parts.append(Move((where,), ({"kind": _MANIFEST, "name": name, "manifest": manifest.get("contents", "")},)))
    return Move.of(parts, findings.values())


def _manifests_back(view: View) -> Move:
    documents = view.of_kind(_MANIFEST)
    listed = {manifest.get("name", "") for manifest in view.elements(_MANIFESTS)}
    if clashes := [document["name"] for document in documents if document["name"] in listed]:
        return Move(findings=tuple(both_set(element(_MANIFESTS, "name", name), f"{_MANIFEST}/{name}") for name in clashes))
    entries = [{"name": document["name"], "contents": document.get("manifest", "")} for document in documents]
    return Move(main=nest(_MANIFESTS, entries) if entries else None, removed=view.identities(_MANIFEST))


# CoreDNS


def _dns(view: View) -> Move:
    old = view.get(_DNS)
    if not old:
        return NOTHING
    if view.the(_DNS_KIND) is not None:
        return Move(findings=(both_set(place(_DNS), _DNS_KIND),))
    disabled = old.get("disabled")
    values = given(enabled=None if disabled is None else not disabled, image=old.get("image"))
    return Move((place(_DNS),), ({"kind": _DNS_KIND, **values},))


def _dns_back(view: View) -> Move:
    document = view.the(_DNS_KIND)
    if document is None:
        return NOTHING
    if view.get(_DNS) is not None:
        return Move(findings=(both_set(place(_DNS), _DNS_KIND),))
    enabled = document.get("enabled")
    values = given(disabled=None if enabled is None else not enabled, image=document.get("image"))
    return Move(main=nest(_DNS, values) if values else None, removed=view.identities(_DNS_KIND))


# The API server's files


def _plugins(view: View) -> Move:
    plugins = view.elements(_PLUGINS)
    if not plugins:
        return NOTHING
    if view.of_kind(_PLUGIN):
        return Move(findings=(both_set(place(_PLUGINS), _PLUGIN),))
    counted = Counter(plugin.get("name", "") for plugin in plugins)
    if twice := next((name for name, count in counted.items() if count > 1), None):
        return Move(findings=(repeated(element(_PLUGINS, "name", twice), "is listed more than once", "keep one"),))
    documents = tuple(
        {"kind": _PLUGIN, "name": plugin.get("name", ""), "configuration": plugin.get("configuration") or {}} for plugin in plugins
    )
    return Move((place(_PLUGINS),), documents)


def _plugins_back(view: View) -> Move:
    documents = view.of_kind(_PLUGIN)
    if documents and view.elements(_PLUGINS):
        return Move(findings=(both_set(place(_PLUGINS), _PLUGIN),))
    entries = [{"name": document["name"], "configuration": document.get("configuration") or {}} for document in documents]
    return Move(main=nest(_PLUGINS, entries) if entries else None, removed=view.identities(_PLUGIN))


def _audit(view: View) -> Move:
    policy = view.get(_AUDIT)
    if not policy:
        return NOTHING
    if view.the(_AUDIT_KIND) is not None:
        return Move(findings=(both_set(place(_AUDIT), _AUDIT_KIND),))
    return Move((place(_AUDIT),), ({"kind": _AUDIT_KIND, "configuration": policy},))


def _audit_back(view: View) -> Move:
    document = view.the(_AUDIT_KIND)
    if document is None:
        return NOTHING
    if view.get(_AUDIT):
        return Move(findings=(both_set(place(_AUDIT), _AUDIT_KIND),))
    policy = document.get("configuration")
    if not policy:
        why = "is empty, and the main document then stands for a policy of Talos's own"
        return Move(findings=(not_expressible(("configuration",), why, "write the policy", document=_AUDIT_KIND),))
    return Move(main=nest(_AUDIT, policy), removed=view.identities(_AUDIT_KIND))


RULES = (
    Rule(
        "kubeprism",
        "KubePrism",
        (_PRISM,),
        (_PRISM_KIND,),
        _SINCE,
        _prism,
        _prism_back,
        "the same port; without one, the port that Talos takes then is written out",
        "container.K8sKubePrismConfig, v1alpha1_features.go, k8s/kubeprism_config.go",
        "one that is switched off stays; on the way back, a TLS server name",
    ),
    Rule(
        "talos-api-access",
        "access to Talos's API from Kubernetes",
        (_ACCESS,),
        (_ACCESS_KIND,),
        "1.14.0-beta.1",
        _access,
        _access_back,
        "the same roles and namespaces",
        "container.K8sTalosAPIAccessConfig, kubeaccess/config.go",
        "one that is switched off stays; on a worker, where the document may not stand",
    ),
    Rule(
        "static-pods",
        "static pods",
        (_PODS,),
        (_POD,),
        _SINCE,
        _pods,
        _pods_back,
        "the same pods under the names that Talos made up for them",
        "container.K8sStaticPodConfigs, v1alpha1_k8s_bridge.go, k8s/static_pod_config.go",
        "two pods of one namespace and name",
    ),
    Rule(
        "inline-manifests",
        "inline manifests",
        (_MANIFESTS,),
        (_MANIFEST,),
        _SINCE,
        _manifests,
        _manifests_back,
        "the same texts under the same names, which is what Talos tells manifests by",
        "container.K8sInlineManifestConfigs, k8s/control_plane.go, k8s/extra_manifest.go",
        "a name that is listed twice, has a document, or is no DNS name, which the document refuses",
    ),
    Rule(
        "coredns",
        "CoreDNS",
        (_DNS,),
        (_DNS_KIND,),
        _SINCE,
        _dns,
        _dns_back,
        "the same switch and image, and the same defaults",
        "container.K8sCoreDNSConfig, v1alpha1_provider.go, k8s/control_plane.go",
        "on a worker, where the document may not stand",
    ),
    Rule(
        "admission-control",
        "admission control of the API server",
        (_PLUGINS,),
        (_PLUGIN,),
        "1.14.0-alpha.2",
        _plugins,
        _plugins_back,
        "the same plugins in the same order",
        "container.K8sAdmissionControlPluginConfigs, v1alpha1_admissionplugin.go",
        "both are set; a plugin that is listed twice; on a worker, where the document may not stand",
    ),
    Rule(
        "audit-policy",
        "audit policy of the API server",
        (_AUDIT,),
        (_AUDIT_KIND,),
        "1.14.0-alpha.2",
        _audit,
        _audit_back,
        "the same policy, whole",
        "container.K8sAuditPolicyConfig, v1alpha1_apiserverconfig.go",
        "on a worker, where the document may not stand",
    ),
)
