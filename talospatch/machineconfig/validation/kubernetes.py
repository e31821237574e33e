"""Rules of the documents about Kubernetes and the cluster, all of 1.14.

Source of all rows: the Validate methods in the machinery's config/types/k8s and config/types/cluster, and the vectors.
"""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING

from talospatch.machineconfig.typed.urls import write_url
from talospatch.machineconfig.validation import pem, texts
from talospatch.machineconfig.validation.labels import annotation_problems, label_problems, taint_problems
from talospatch.machineconfig.validation.main_cluster import AUTHORIZERS, pod_resource_problems
from talospatch.machineconfig.validation.main_machine import protected_fields
from talospatch.machineconfig.validation.roles import role_problem
from talospatch.machineconfig.validation.rule import Broken, Rule, one_of, required, within
from talospatch.talos.finding import Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from talospatch.machineconfig.validation.place import Place
    from talospatch.machineconfig.validation.rule import Check, Config

_SWITCHED = ("KubeControllerManagerConfig", "KubeSchedulerConfig", "KubeProxyConfig")  # checked only while they are enabled
# Arguments of kube-apiserver that documents of their own set, by their beginning. Source: deniedArgPrefixes of k8s/apiserver.go.
_DENIED_ARGUMENTS = {
    "anonymous-auth": "KubeAuthenticationConfig",
    "oidc-": "KubeAuthenticationConfig",
    "authentication-config": "KubeAuthenticationConfig",
    "authorization-config": "KubeAuthorizerConfig",
    "authorization-mode": "KubeAuthorizerConfig",
    "authorization-webhook-": "KubeAuthorizerConfig",
}
_SECRET_BYTES = 32  # AES-256
# Limits of subnets, in bits. Source: machinery's constants and k8s/network.go.
_LEAST_HOST_BITS, _MOST_SERVICE_BITS, _MOST_NODES_BITS = 4, 20, 16
_DEFAULT_MASKS = {4: 24, 6: 64}


def _enabled(root: Place) -> bool:
    return root["enabled"].value is not False


def _while_enabled(check: Check) -> Check:
    """Return a check that holds only where a component is not switched off."""

    def checked(root: Place, config: Config) -> Iterator[Broken]:
        if _enabled(root):
            yield from check(root, config)

    return checked


def _resources(root: Place, _: Config) -> Iterator[Broken]:
    yield from pod_resource_problems(root["resources"])


def _api_arguments(root: Place, _: Config) -> Iterator[Broken]:
    for name, argument in root["extraArgs"].entries():
        for start, kind in _DENIED_ARGUMENTS.items():
            if name.startswith(start):
                yield Broken(argument, f"argument {name[:60]!r} is set by Talos", f"use a document {kind}")
                break


def _certificates(root: Place, _: Config) -> Iterator[Broken]:
    yield from key_pair_problems(root["issuingCA"], load=True)
    for certificate in root["acceptedCAs"].items():
        if problem := pem.problem_with(certificate.text, types=frozenset({"CERTIFICATE"})):
            yield Broken(certificate, problem)


def key_pair_problems(pair: Place, *, load: bool) -> Iterator[Broken]:
    """Yield what is wrong with a certificate and its key, both in PEM.

    Args:
        pair: their place; nothing is wrong when it is absent.
        load: whether they must also be what their blocks say.
    """
    if not pair.given:
        return
    for key, types in (("cert", frozenset({"CERTIFICATE"})), ("key", None)):
        place = pair[key]
        if not place.filled:
            yield Broken(place, "is required")
        elif (problem := pem.problem_with(place.text, types=types)) or (
            load and (problem := pem.structure_problem(place.text, types=types or pem.KEY_TYPES))
        ):
            yield Broken(place, problem)


def _issuing_ca(root: Place, _: Config) -> Iterator[Broken]:
    if not root["issuingCA"].given:
        yield Broken(root["issuingCA"], "a CA that issues certificates is required")


def _authorizer(root: Place, _: Config) -> Iterator[Broken]:
    if root["type"].text == "Webhook" and not root["webhook"].filled:
        yield Broken(root["webhook"], "is required for the type Webhook")


def _unused_webhook(root: Place, _: Config) -> Iterator[Broken]:
    if root["type"].text != "Webhook" and root["webhook"].filled:
        yield Broken(root["webhook"], "counts only for the type Webhook")


def _cluster(root: Place, config: Config) -> Iterator[Broken]:
    endpoint = root["endpoint"]
    if not endpoint.given:
        yield Broken(endpoint, "the endpoint of the cluster is required", "such as https://10.5.0.2:6443")
    elif problem := texts.endpoint(write_url(endpoint.value), loose_ports=config.loose_url_ports):
        yield Broken(endpoint, problem)


def _subdomain_name(root: Place, _: Config) -> Iterator[Broken]:
    if problem := texts.subdomain(root["name"].text):
        yield Broken(root["name"], f"{root['name'].text[:80]!r} {problem}")


def _manifest_url(root: Place, _: Config) -> Iterator[Broken]:
    if not root["url"].given:
        yield Broken(root["url"], "a URL is required")
    elif root["url"].value.get("scheme") not in {"http", "https"}:
        yield Broken(root["url"], "must begin with http:// or https://")


def _networks(root: Place, _: Config) -> Iterator[Broken]:
    masks = {version: root[f"nodeCIDRMaskSizeIPv{version}"] for version in (4, 6)}
    valid = {version: 0 <= place.number <= (32 if version == 4 else 128) for version, place in masks.items()}
    for version, place in masks.items():
        if not valid[version]:
            yield Broken(place, "is not between 1 and " + ("32" if version == 4 else "128"))
    pods, services = root["podSubnets"], root["serviceSubnets"]
    sizes = {version: place.number or _DEFAULT_MASKS[version] for version, place in masks.items() if valid[version]}
    for subnets in (pods, services):
        yield from _subnets(subnets)
        for subnet in subnets.items():
            if problem := _size_problem(subnet.text, sizes if subnets is pods else None):
                yield Broken(subnet, problem)
    if len(pods.texts) != len(services.texts):
        yield Broken(services, "must be as many as podSubnets")


def _subnets(subnets: Place) -> Iterator[Broken]:
    if not subnets.filled:
        yield Broken(subnets, "at least one subnet is required")
    elif len(subnets.texts) > 2:
        yield Broken(subnets, "one subnet of IPv4 and one of IPv6 are the most")
    else:
        families = [":" in subnet.text for subnet in subnets.items()]
        if len(families) != len(set(families)):
            yield Broken(subnets, "has two subnets of the same family")


def _size_problem(text: str, node_masks: dict[int, int] | None) -> str | None:
    """Judge the size of one subnet; ``node_masks`` are those of pods by IP version, None for a subnet of services."""
    if not text:
        return "a subnet is required"
    network = ipaddress.ip_interface(text).network
    host_bits = network.max_prefixlen - network.prefixlen
    if str(network.network_address) != str(ipaddress.ip_interface(text).ip):
        return f"{text!r} has bits behind its prefix"
    if host_bits < _LEAST_HOST_BITS:
        return f"{text!r} is too small: {_LEAST_HOST_BITS} bits are the least"
    if node_masks is None:
        return f"{text!r} is too large: {_MOST_SERVICE_BITS} bits are the most" if host_bits > _MOST_SERVICE_BITS else None
    mask = node_masks.get(network.version)
    if mask is None:
        return None
    if network.prefixlen > mask:
        return f"{text!r} is smaller than what each node gets, /{mask}"
    if mask - network.prefixlen > _MOST_NODES_BITS:
        return f"{text!r} is too large for nodes that get /{mask} each: {_MOST_NODES_BITS} bits between them are the most"
    return None


def _node(root: Place, _: Config) -> Iterator[Broken]:
    for subnet in root["nodeIP.validSubnets"].items():
        if problem := texts.subnet_or_address(subnet.text):
            yield Broken(subnet, f"{subnet.text[:60]!r} {problem}")
    yield from label_problems(root["labels"])
    yield from annotation_problems(root["annotations"])
    yield from taint_problems(root["taints"])


def _proxy_mode(root: Place, _: Config) -> Iterator[Broken]:
    if _enabled(root) and root["mode"].text in {"iptables", "ipvs"}:
        yield Broken(root["mode"], f"{root['mode'].text} is not recommended", "nftables")


def _proxy_arguments(root: Place, _: Config) -> Iterator[Broken]:
    if _enabled(root) and root["extraArgs"].filled:
        yield Broken(root["extraArgs"], "arguments of kube-proxy may not count beside its configuration", "use config")


def _service_account(root: Place, _: Config) -> Iterator[Broken]:
    key = root["issuer.privateKey"]
    if not key.filled:
        yield Broken(key, "a private key is required")
    elif problem := pem.structure_problem(key.text, types=pem.KEY_TYPES):
        yield Broken(key, problem)
    if not root["issuer.issuerURL"].given:
        yield Broken(root["issuer.issuerURL"], "a URL is required")


def _roles(root: Place, config: Config) -> Iterator[Broken]:
    for role in root["allowedRoles"].items():
        if problem := role_problem(role.text, config.minor):
            yield Broken(role, problem)


def _no_roles(root: Place, _: Config) -> Iterator[Broken]:
    if not root["allowedRoles"].filled:
        yield Broken(root["allowedRoles"], "is empty, so nothing may be accessed")


def _cluster_secret(root: Place, _: Config) -> Iterator[Broken]:
    length = texts.base64_length(root["clusterSecret"].text)
    if length is None:
        yield Broken(root["clusterSecret"], "is not base64")
    elif root["clusterSecret"].filled and length != _SECRET_BYTES:
        yield Broken(root["clusterSecret"], f"is {length} bytes long instead of {_SECRET_BYTES}")


def _discovery_endpoint(root: Place, _: Config) -> Iterator[Broken]:
    endpoint = root["endpoint"]
    if not endpoint.given:
        yield Broken(endpoint, "an endpoint is required")
    elif endpoint.value.get("scheme") not in {"http", "https", "grpc"}:
        yield Broken(endpoint, "must begin with https://, http:// or grpc://")
    elif not texts.split_host(endpoint.value.get("host", ""))[0]:
        yield Broken(endpoint, "has no host")


RULES = (
    Rule("image-required", ("KubeAPIServerConfig", "KubeletConfig"), required("image", "an image")),
    Rule("image-required", _SWITCHED, _while_enabled(required("image", "an image"))),
    Rule("pod-resources", ("KubeAPIServerConfig", "KubeFlannelCNIConfig"), _resources),
    Rule("pod-resources", _SWITCHED, _while_enabled(_resources)),
    Rule("api-server-argument", ("KubeAPIServerConfig",), _api_arguments),
    Rule("certificate", ("KubeAPIServerCAConfig", "KubeAggregatorCAConfig"), _certificates),
    Rule("certificate", ("KubeAggregatorCAConfig",), _issuing_ca),
    Rule("name-required", ("KubeAdmissionControlConfig", "KubeAuthorizerConfig", "DiscoveryServiceConfig"), required("name", "a name")),
    Rule("authorizer", ("KubeAuthorizerConfig",), one_of("type", AUTHORIZERS)),
    Rule("authorizer", ("KubeAuthorizerConfig",), _authorizer),
    Rule("authorizer-webhook-unused", ("KubeAuthorizerConfig",), _unused_webhook, severity=Severity.WARNING),
    Rule("cluster-name", ("KubeClusterConfig",), required("clusterName", "a name of the cluster")),
    Rule("endpoint", ("KubeClusterConfig",), _cluster),
    Rule("etcd-encryption", ("KubeEtcdEncryptionConfig",), required("config", "a configuration")),
    Rule("manifest-name", ("KubeExternalManifestConfig", "KubeInlineManifestConfig", "KubeStaticPodConfig"), _subdomain_name),
    Rule("manifest-url", ("KubeExternalManifestConfig",), _manifest_url),
    Rule("static-pod", ("KubeStaticPodConfig",), required("pod", "a pod")),
    Rule("flannel", ("KubeFlannelCNIConfig",), required("backendType", "a type of backend")),
    Rule("kubelet-protected-field", ("KubeletConfig",), protected_fields("config")),
    Rule("kubeprism-port", ("KubePrismConfig",), within("port", 1, 65535)),
    Rule("subnets", ("KubeNetworkConfig",), _networks),
    Rule("node", ("KubeNodeConfig",), _node),
    Rule("proxy-mode", ("KubeProxyConfig",), _while_enabled(one_of("mode", ("", "nftables", "iptables", "ipvs")))),
    Rule("proxy-mode-old", ("KubeProxyConfig",), _proxy_mode, severity=Severity.WARNING),
    Rule("proxy-arguments", ("KubeProxyConfig",), _proxy_arguments, severity=Severity.WARNING),
    Rule("service-account", ("KubeServiceAccountConfig",), _service_account),
    Rule("api-access", ("KubeTalosAPIAccessConfig",), _roles),
    Rule("api-access-without-roles", ("KubeTalosAPIAccessConfig",), _no_roles, severity=Severity.WARNING),
    Rule("discovery-identity", ("DiscoveryIdentityConfig",), required("clusterID", "an ID of the cluster")),
    Rule("discovery-identity", ("DiscoveryIdentityConfig",), required("clusterSecret", "a secret of the cluster")),
    Rule("discovery-identity", ("DiscoveryIdentityConfig",), _cluster_secret),
    Rule("discovery-endpoint", ("DiscoveryServiceConfig",), _discovery_endpoint),
)
