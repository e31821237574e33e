"""Conversions of the kubelet and of the node that it registers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from talospatch.patching.conversion.nested import given, merged, nest
from talospatch.patching.conversion.rule import NOTHING, Identity, Move, Rule, both_set, not_expressible, place

if TYPE_CHECKING:
    from talospatch.patching.conversion.view import View

Data = Any
_KUBELET, _KUBELET_KIND, _PROVIDER_KIND = "machine.kubelet", "KubeletConfig", "KubeCredentialProviderConfig"
_NODE_KIND = "KubeNodeConfig"
_OF_NODE = ("skipNodeRegistration", "registerWithFQDN", "nodeIP")  # keys of the kubelet that are about the node
_MAPS = {"labels": "machine.nodeLabels", "annotations": "machine.nodeAnnotations", "taints": "machine.nodeTaints"}
_SCHEDULING = ("cluster.allowSchedulingOnControlPlanes", "cluster.allowSchedulingOnMasters")
# What Talos gives a control-plane node by itself as long as there is no document. Source: k8sNodeConfigShim.
_ROLE, _NO_SCHEDULE = "node-role.kubernetes.io/control-plane", "NoSchedule"
_SINCE = "1.14.0-beta.0"


def _of_node(view: View) -> list[str]:
    """Return the paths of the main document that say something about the node."""
    paths = (*(f"{_KUBELET}.{key}" for key in _OF_NODE), *_MAPS.values(), *_SCHEDULING)
    return [path for path in paths if view.get(path) is not None]


def _node(view: View) -> Move:
    there = _of_node(view)
    if not there:
        return NOTHING
    if view.the(_NODE_KIND) is not None:
        return Move(findings=(both_set(place(there[0]), _NODE_KIND),))
    document: dict[str, Data] = {"kind": _NODE_KIND, **{key: view.get(f"{_KUBELET}.{key}") for key in _OF_NODE}}
    document |= {key: view.get(path) for key, path in _MAPS.items()}
    if view.is_control_plane:
        document["labels"] = {**(document["labels"] or {}), _ROLE: ""}
        allowed = view.get(_SCHEDULING[0]) if view.get(_SCHEDULING[0]) is not None else view.get(_SCHEDULING[1])
        if not allowed:
            document["taints"] = {**(document["taints"] or {}), _ROLE: _NO_SCHEDULE}
    said = {key: value for key, value in document.items() if value not in (None, {})}
    return Move(tuple(place(path) for path in there), (said,) if len(said) > 1 else ())


def _node_back(view: View) -> Move:
    document = view.the(_NODE_KIND)
    if document is None:
        return NOTHING
    if there := _of_node(view):
        return Move(findings=(both_set(place(there[0]), _NODE_KIND),))
    labels, taints = dict(document.get("labels") or {}), dict(document.get("taints") or {})
    cluster: Data = None
    if view.is_control_plane:
        label, taint = labels.pop(_ROLE, None), taints.pop(_ROLE, None)
        if label != "":
            why = f"lacks {_ROLE}, which Talos gives every control-plane node where there is no such document"
            return Move(findings=(not_expressible(("labels",), why, "give the node the label", document=_NODE_KIND),))
        if taint not in {None, _NO_SCHEDULE}:
            why = f"taints the node with {_ROLE} of its own making, where Talos knows {_NO_SCHEDULE} or none"
            return Move(findings=(not_expressible(("taints", _ROLE), why, document=_NODE_KIND),))
        cluster = nest(_SCHEDULING[0], True) if taint is None else None
    maps = {"labels": labels, "annotations": document.get("annotations"), "taints": taints}
    main = merged({}, cluster) if cluster else {}
    for key, path in _MAPS.items():
        if maps[key]:
            main = merged(main, nest(path, maps[key]))
    if of_kubelet := {key: document[key] for key in _OF_NODE if document.get(key) not in (None, {})}:
        main = merged(main, nest(_KUBELET, of_kubelet))
    return Move(main=main or None, removed=view.identities(_NODE_KIND))


def _kubelet(view: View) -> Move:
    old = view.get(_KUBELET)
    if not old:
        return NOTHING
    for kind in (_KUBELET_KIND, _PROVIDER_KIND):
        if view.the(kind) is not None:
            return Move(findings=(both_set(place(_KUBELET), kind),))
    if of_node := [key for key in _OF_NODE if old.get(key) is not None]:
        why = f"belongs into {_NODE_KIND}, which has to be converted first"
        return Move(findings=(not_expressible(place(f"{_KUBELET}.{of_node[0]}"), why, "let the rule node convert too"),))
    if old.get("extraMounts"):
        why = f"has no place in {_KUBELET_KIND}"
        return Move(findings=(not_expressible(place(f"{_KUBELET}.extraMounts"), why, "a UserVolumeConfig is its successor, by hand"),))
    if not old.get("image"):
        why = f"is not given, so that it changes with Talos, and {_KUBELET_KIND} needs one"
        return Move(findings=(not_expressible(place(f"{_KUBELET}.image"), why, "write down the image first"),))
    if not old.get("disableManifestsDirectory"):
        why = f"is not true, and with {_KUBELET_KIND} the kubelet does not read /etc/kubernetes/manifests"
        return Move(findings=(not_expressible(place(f"{_KUBELET}.disableManifestsDirectory"), why, "set it first, if no file is there"),))
    document = given(
        kind=_KUBELET_KIND,
        image=old["image"],
        config=old.get("extraConfig") or None,
        extraArgs=old.get("extraArgs"),
        clusterDNS=old.get("clusterDNS"),
        defaultRuntimeSeccompProfileEnabled=old.get("defaultRuntimeSeccompProfileEnabled"),
    )
    provider = old.get("credentialProviderConfig")
    documents = (document, {"kind": _PROVIDER_KIND, "configuration": provider}) if provider else (document,)
    return Move((place(_KUBELET),), documents)


def _kubelet_back(view: View) -> Move:
    document, provider = view.the(_KUBELET_KIND), view.the(_PROVIDER_KIND)
    if document is None and provider is None:
        return NOTHING
    if view.get(_KUBELET) is not None:
        return Move(findings=(both_set(place(_KUBELET), _KUBELET_KIND if document is not None else _PROVIDER_KIND),))
    values: dict[str, Data] = {}
    if document is not None:
        values = given(
            image=document.get("image"),
            extraConfig=document.get("config") or None,
            extraArgs=document.get("extraArgs"),
            clusterDNS=document.get("clusterDNS"),
            defaultRuntimeSeccompProfileEnabled=document.get("defaultRuntimeSeccompProfileEnabled"),
        )
        values["disableManifestsDirectory"] = True
    values |= given(credentialProviderConfig=(provider or {}).get("configuration") or None)
    gone = tuple(Identity(kind) for kind, there in ((_KUBELET_KIND, document), (_PROVIDER_KIND, provider)) if there is not None)
    return Move(main=nest(_KUBELET, values) if values else None, removed=gone)


RULES = (
    Rule(
        "node",
        "the Kubernetes node: labels, annotations, taints, address",
        (*_MAPS.values(), *(f"{_KUBELET}.{key}" for key in _OF_NODE), *_SCHEDULING),
        (_NODE_KIND,),
        _SINCE,
        _node,
        _node_back,
        "the same labels, annotations and taints; those that Talos gives a control-plane node by itself are written out",
        "container.K8sNodeConfig, k8sNodeConfigShim in v1alpha1_k8s_bridge.go, k8s/node_label_spec.go, k8s/node_taint_spec.go",
        "both are set; on the way back, a control-plane node without its label, or with a taint of another effect",
    ),
    Rule(
        "kubelet",
        "kubelet and its credential providers",
        (_KUBELET,),
        (_KUBELET_KIND, _PROVIDER_KIND),
        _SINCE,
        _kubelet,
        _kubelet_back,
        "the same image, arguments and configuration, where the image is given and no directory of manifests is read",
        "container.K8sKubeletConfig, container.K8sCredentialProviderConfig, k8s/kubelet_config.go, types/k8s/kubelet.go",
        "extra mounts; no image; the manifests directory in use; what belongs to the node and is not converted too",
        "talosctl upgrade-k8s of a version before 1.14 does not know the document",
    ),
)
