"""What of Talos's answers about a config has an effect on a node: two forms that say the same may differ in the rest only.

The op ``answers`` of ``tools/oracle`` asks every question of ``config.Config``. Each function below stands for a controller of Talos that
makes the same of several answers; what it is follows from that controller's code (v1.14.0-rc.1, ``internal/app/machined/pkg/controllers``
unless said).
"""

from __future__ import annotations

from typing import Any

from talospatch.simulator.tomltext import merge, read

Answers = dict[str, Any]
PART = "/etc/cri/conf.d/20-customization.part"


def effects(answers: Answers) -> Answers:
    """Return what Talos does with a config that it answers so about."""
    seen = {**answers, "Machine": dict(answers["Machine"]), "Cluster": dict(answers["Cluster"])}
    for part in (_files, _joined, _customizations, _discovery, _hostname, _hosts, _modules, _filters, _providers, _pods, _manifests, _off):
        part(seen)
    return seen


def _files(seen: Answers) -> None:
    """v1alpha1_sequencer_tasks.go writes the other files, in order; this path is skipped (1.14)."""
    seen["Machine"]["Files"] = [entry for entry in seen["Machine"]["Files"] if entry["Path"] != PART]


def _joined(seen: Answers) -> None:
    """Asked for are the joint answers: SysctlConfig, SysfsConfig, UdevRulesConfig; of the environment both (internal/pkg/environment)."""
    for name in ("Sysctls", "Sysfs", "Udev"):
        seen["Machine"].pop(name, None)
    if "Environment" in seen:
        old, new = seen["Machine"].pop("Env"), seen.pop("Environment")["Variables"]
        seen["Environment"] = {**(old if isinstance(old, dict) else {}), **(new if isinstance(new, dict) else {})}


def _customizations(seen: Answers) -> None:
    """files/cri_config.go merges parts in the order of their names, and looks at nothing else of a name.

    containerd 2.3 (migration of its configuration) then takes [metrics] for the plugins' settings that stand nowhere else.
    """
    if "CRICustomizationConfigs" not in seen:
        return
    parts = {f"20-{each['Name']}.part": each["Content"] for each in seen["CRICustomizationConfigs"]}
    tables: dict[str, Any] = {}
    for name in sorted(parts):
        merge(tables, read(parts[name], toml_1_1=True))
    for key, value in tables.pop("metrics", {}).items():
        plugin = "io.containerd.server.v1.metrics" if key == "address" else "io.containerd.metrics.v1.grpc-prometheus"
        tables.setdefault("plugins", {}).setdefault(plugin, {}).setdefault(key, value)
    seen["CRICustomizationConfigs"] = tables


def _discovery(seen: Answers) -> None:
    """cluster/config.go: the Kubernetes registry needs both switches; discovery_service.go: a client for each name, with its endpoint."""
    discovery = seen["Cluster"].pop("Discovery", None)
    if "DiscoveryServiceConfigs" in seen:
        assert discovery is not None
        seen["KubernetesRegistry"] = discovery["Enabled"] and discovery["Registries"]["Kubernetes"]["Enabled"]
        services = {each["Name"]: each["Endpoint"] for each in seen["DiscoveryServiceConfigs"]}
        seen["DiscoveryServiceConfigs"] = sorted(services.values())
    else:
        seen["Cluster"]["Discovery"] = discovery


def _hostname(seen: Answers) -> None:
    """network/hostname_config.go puts one that is made up below all others, and network/hostname_merge.go takes the uppermost."""
    hostname = seen.get("NetworkHostnameConfig")
    if hostname and hostname["Hostname"]:
        seen["NetworkHostnameConfig"] = {**hostname, "AutoHostname": "below the given one"}


def _hosts(seen: Answers) -> None:
    """network/etcfile.go joins by address and sorts; network/static_host.go (1.14) makes a set of the addresses of each name."""
    lines: dict[str, list[str]] = {}
    names: dict[str, set[str]] = {}
    for entry in seen.get("NetworkStaticHostConfig") or ():
        aliases = entry["Aliases"] if isinstance(entry["Aliases"], list) else []
        lines.setdefault(entry["IP"], []).extend(aliases)
        for alias in aliases:
            names.setdefault(alias.strip().rstrip(".").lower(), set()).add(entry["IP"])
    seen["NetworkStaticHostConfig"] = [lines, names]


def _modules(seen: Answers) -> None:
    """runtime/kernel_module_config.go writes one resource a name, the last one wins."""
    if "KernelModuleConfigs" in seen:
        seen["KernelModuleConfigs"] = {each["Name"]: each["Parameters"] for each in seen["KernelModuleConfigs"]}


def _filters(seen: Answers) -> None:
    """kubespan/config.go: no filters are empty filters."""
    kubespan = seen.get("NetworkKubeSpanConfig")
    if kubespan:
        none = {"Endpoints": None, "ExcludeAdvertisedNetworks": None}
        seen["NetworkKubeSpanConfig"] = {**kubespan, "Filters": kubespan["Filters"] or none}


def _providers(seen: Answers) -> None:
    """k8s/kubelet_config.go: no answer is no configuration."""
    if "K8sCredentialProviderConfig" in seen:
        seen["K8sCredentialProviderConfig"] = (seen["K8sCredentialProviderConfig"] or {}).get("Configuration") or None


def _pods(seen: Answers) -> None:
    """k8s/static_pod_config.go writes one resource a name, the last one wins; the kubelet tells them by their metadata."""
    if "K8sStaticPodConfigs" in seen:
        pods = {each["Name"]: each["Pod"] for each in seen["K8sStaticPodConfigs"]}
        seen["K8sStaticPodConfigs"] = sorted(map(repr, pods.values()))


def _manifests(seen: Answers) -> None:
    """k8s/extra_manifest.go makes a resource of each name."""
    if "K8sInlineManifestConfigs" in seen:
        seen["K8sInlineManifestConfigs"] = {each["Name"]: each["Contents"] for each in seen["K8sInlineManifestConfigs"]}


def _off(seen: Answers) -> None:
    """cri/image_cache_config.go, network/hostdns_config.go, network/timeserver_config.go: none is what is off, or says nothing."""
    if (seen.get("ImageCacheConfig") or {}).get("LocalEnabled") is False:
        seen["ImageCacheConfig"] = None
    resolver = seen.get("NetworkResolverConfig")
    if resolver and resolver["SearchDomains"] in ([], None):  # since 1.14 the answer says whether there is one
        seen["NetworkResolverConfig"] = {**resolver, "SearchDomains": []}
    for name in ("Labels", "Taints", "Annotations"):
        node = seen.get("K8sNodeConfig")
        if node and not node[name]:
            seen["K8sNodeConfig"] = {**node, name: {}}
