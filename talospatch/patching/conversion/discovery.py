"""Conversions of the cluster's identity and its discovery service."""

from __future__ import annotations

from typing import TYPE_CHECKING

from talospatch.patching.conversion.nested import given, nest
from talospatch.patching.conversion.rule import NOTHING, Move, Rule, both_set, not_expressible, place

if TYPE_CHECKING:
    from talospatch.patching.conversion.view import View

_ID, _SECRET, _IDENTITY = "cluster.id", "cluster.secret", "DiscoveryIdentityConfig"
_DISCOVERY, _SERVICE = "cluster.discovery", "DiscoveryServiceConfig"
_NAME = "default"  # what Talos's own generator calls it
_ENDPOINT = "https://discovery.talos.dev/"  # where none is given; constants.DefaultDiscoveryServiceEndpoint


def _service(view: View) -> Move:
    old = view.get(_DISCOVERY)
    if not old or not old.get("enabled"):
        return NOTHING  # switched off is what it is without a word, too
    registries = old.get("registries") or {}
    kubernetes, service = registries.get("kubernetes") or {}, registries.get("service") or {}
    if view.of_kind(_SERVICE):
        return Move(findings=(both_set(place(_DISCOVERY), _SERVICE),))
    if not kubernetes.get("disabled"):
        why = "has the Kubernetes registry switched on, which is what it is without a word: no document has it"
        hint = "set cluster.discovery.registries.kubernetes.disabled: true first, if nothing needs it"
        return Move(findings=(not_expressible(place(f"{_DISCOVERY}.registries.kubernetes"), why, hint),))
    if service.get("disabled"):
        return NOTHING
    return Move((place(_DISCOVERY),), ({"kind": _SERVICE, "name": _NAME, "endpoint": service.get("endpoint") or _ENDPOINT},))


def _service_back(view: View) -> Move:
    documents = view.of_kind(_SERVICE)
    if not documents:
        return NOTHING
    if view.get(_DISCOVERY) is not None:
        return Move(findings=(both_set(place(_DISCOVERY), _SERVICE),))
    if len(documents) > 1:
        why = "is one of several discovery services, and the main document has one"
        return Move(findings=(not_expressible((), why, "keep one", document=f"{_SERVICE}/{documents[1]['name']}"),))
    service = given(endpoint=documents[0].get("endpoint"))
    main = nest(_DISCOVERY, {"enabled": True, "registries": {"kubernetes": {"disabled": True}, "service": service}})
    return Move(main=main, removed=view.identities(_SERVICE))


def _identity(view: View) -> Move:
    name, secret = view.get(_ID), view.get(_SECRET)
    if not name and not secret:
        return NOTHING
    if view.the(_IDENTITY) is not None:
        return Move(findings=(both_set(place(_ID), _IDENTITY),))
    if not name or not secret:
        return Move(findings=(not_expressible(place("cluster"), "has one of id and secret, and the document needs both"),))
    return Move((place(_ID), place(_SECRET)), ({"kind": _IDENTITY, "clusterID": name, "clusterSecret": secret},))


def _identity_back(view: View) -> Move:
    document = view.the(_IDENTITY)
    if document is None:
        return NOTHING
    if view.get(_ID) or view.get(_SECRET):
        return Move(findings=(both_set(place(_ID), _IDENTITY),))
    main = nest("cluster", given(id=document.get("clusterID"), secret=document.get("clusterSecret")))
    return Move(main=main, removed=view.identities(_IDENTITY))


RULES = (
    Rule(
        "discovery-service",
        "discovery service",
        (_DISCOVERY,),
        (_SERVICE,),
        "1.14.0-alpha.2",
        _service,
        _service_back,
        "the same service at the same endpoint, under the name that Talos's generator gives it",
        "container.DiscoveryServiceConfigs, v1alpha1_discoveryconfig.go, cluster/config.go, cluster/discovery_service.go",
        "the Kubernetes registry is on, which no document has; a section that is switched off stays; on the way back, several services",
        "the discovery client connects anew once",
    ),
    Rule(
        "discovery-identity",
        "the cluster's id and secret",
        (_ID, _SECRET),
        (_IDENTITY,),
        "1.14.0-beta.0",
        _identity,
        _identity_back,
        "the same id and secret",
        "container.DiscoveryIdentityConfig, cluster/config.go, cluster/info.go, kubespan/config.go",
        "one of the two is missing; a secret that is not 32 bytes of base64, which the document refuses",
    ),
)
