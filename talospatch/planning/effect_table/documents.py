"""The rows of every other kind of document. Talos never compared these: all are taken without a reboot, on every version."""

from __future__ import annotations

from talospatch.planning.effect_table.main_document import (
    ADDRESSES,
    BY_NETWORK,
    CERTIFICATES,
    K8S,
    KUBELET_CONFIG,
    KUBELET_SPEC,
    MANIFESTS,
    NETWORK,
    ROOT_SECRETS,
    SCHEDULER_FILES,
    SECRETS,
    SERVICE_START,
    STATIC_POD,
    TASKS,
    VOLUMES,
    WITHOUT_KUBEPRISM,
)
from talospatch.planning.effect_table.row import (
    API_SERVER,
    CONTAINERD,
    CONTROLLER_MANAGER,
    CONTROLLERS,
    KUBELET,
    SCHEDULER,
    STATIC_PODS,
    Effect,
    Row,
)
from talospatch.versions import Fact

STORAGE = f"{CONTROLLERS}storage/"
RUNTIME = f"{CONTROLLERS}runtime/"
SET_UP = "the volume is set up, or closed"
READY = "a volume that is ready is looked at again at the next boot"
SYSTEM_VOLUME = f"{READY}; sizes, disks and encryption count where it is not there yet"
ADDITIVE = "what is missing is made or extended; nothing is removed"

LINKS = tuple(
    Row(kind, Effect.LIVE, f"{NETWORK}link_config.go", note=ADDRESSES)
    for kind in (
        "BondConfig",
        "BridgeConfig",
        "DummyLinkConfig",
        "LinkConfig",
        "VLANConfig",
        "VRFConfig",
        "VethConfig",
        "WireguardConfig",
    )
)

NETWORKING = (
    *LINKS,
    Row("BGPInstanceConfig", Effect.LIVE, f"{NETWORK}bgp_instance_config.go", note=BY_NETWORK),
    Row("BlackholeRouteConfig", Effect.LIVE, f"{NETWORK}route_config.go", note=BY_NETWORK),
    Row("DHCPv4Config", Effect.LIVE, f"{NETWORK}operator_config.go", note=ADDRESSES),
    Row("DHCPv6Config", Effect.LIVE, f"{NETWORK}operator_config.go", note=ADDRESSES),
    Row("EthernetConfig", Effect.LIVE, f"{NETWORK}ethernet_config.go", note=BY_NETWORK),
    Row("HCloudVIPConfig", Effect.LIVE, f"{NETWORK}operator_vip_config.go", note=BY_NETWORK),
    Row("HTTPProbeConfig", Effect.LIVE, f"{NETWORK}probe_config.go", note=BY_NETWORK),
    Row("HostnameConfig", Effect.LIVE, KUBELET_SPEC, (KUBELET,), "it registers the node by its new name"),
    Row("KubeSpanConfig", Effect.LIVE, f"{CONTROLLERS}kubespan/config.go", note=BY_NETWORK),
    Row("KubeSpanEndpointsConfig", Effect.LIVE, f"{CONTROLLERS}kubespan/endpoint.go", note=BY_NETWORK),
    Row("Layer2VIPConfig", Effect.LIVE, f"{NETWORK}operator_vip_config.go", note=BY_NETWORK),
    Row("LinkAliasConfig", Effect.LIVE, f"{NETWORK}link_alias_config.go", note=BY_NETWORK),
    Row("NetworkDefaultActionConfig", Effect.LIVE, f"{NETWORK}nftables_chain_config.go", note=BY_NETWORK),
    Row("NetworkRuleConfig", Effect.LIVE, f"{NETWORK}nftables_chain_config.go", note=BY_NETWORK),
    Row("ResolverConfig", Effect.LIVE, f"{NETWORK}resolver_config.go", note=BY_NETWORK),
    Row("RoutingRuleConfig", Effect.LIVE, f"{NETWORK}routing_rule_config.go", note=BY_NETWORK),
    Row("SideroLinkConfig", Effect.LIVE, f"{CONTROLLERS}siderolink/config.go"),
    Row("StaticHostConfig", Effect.LIVE, f"{NETWORK}etcfile.go", note=BY_NETWORK),
    Row("TCPProbeConfig", Effect.LIVE, f"{NETWORK}probe_config.go", note=BY_NETWORK),
    Row("TimeSyncConfig", Effect.LIVE, f"{CONTROLLERS}time/sync.go", note="by machined's time controllers"),
    Row("DiscoveryIdentityConfig", Effect.LIVE, f"{CONTROLLERS}cluster/config.go"),
    Row("DiscoveryServiceConfig", Effect.LIVE, f"{CONTROLLERS}cluster/config.go"),
)

KUBERNETES = (
    Row("KubeAPIServerCAConfig", Effect.LIVE, f"{SECRETS}kubelet.go", (KUBELET,)),
    Row("KubeAPIServerCAConfig", Effect.LIVE, ROOT_SECRETS, STATIC_PODS, control_plane=True),
    Row("KubeAPIServerConfig", Effect.LIVE, STATIC_POD, (API_SERVER,), control_plane=True),
    Row("KubeAPIServerConfig:apiPort", Effect.LIVE, f"{K8S}control_plane.go", (API_SERVER,), control_plane=True),
    Row(
        "KubeAPIServerConfig:apiPort",
        Effect.LIVE,
        f"{SECRETS}root.go",
        (CONTROLLER_MANAGER, SCHEDULER, KUBELET),
        WITHOUT_KUBEPRISM,
        control_plane=True,
    ),
    Row("KubeAPIServerConfig:certExtraSANs", Effect.LIVE, ROOT_SECRETS, STATIC_PODS, control_plane=True),
    Row("KubeAdmissionControlConfig", Effect.LIVE, SCHEDULER_FILES, (API_SERVER,), control_plane=True),
    Row("KubeAggregatorCAConfig", Effect.LIVE, ROOT_SECRETS, STATIC_PODS, control_plane=True),
    Row("KubeAuditPolicyConfig", Effect.LIVE, SCHEDULER_FILES, (API_SERVER,), control_plane=True),
    Row("KubeAuthenticationConfig", Effect.LIVE, SCHEDULER_FILES, (API_SERVER,), control_plane=True),
    Row("KubeAuthorizerConfig", Effect.LIVE, SCHEDULER_FILES, (API_SERVER,), control_plane=True),
    Row("KubeClusterConfig:clusterName", Effect.LIVE, ROOT_SECRETS, STATIC_PODS, control_plane=True),
    Row("KubeClusterConfig", Effect.LIVE, ROOT_SECRETS, STATIC_PODS, control_plane=True),
    Row("KubeClusterConfig", Effect.LIVE, f"{SECRETS}kubelet.go", (KUBELET,), f"on workers, and {WITHOUT_KUBEPRISM}"),
    Row("KubeControllerManagerConfig", Effect.LIVE, STATIC_POD, (CONTROLLER_MANAGER,), control_plane=True),
    Row("KubeCoreDNSConfig", Effect.LIVE, f"{K8S}manifest_apply.go", note=MANIFESTS, control_plane=True),
    Row("KubeCredentialProviderConfig", Effect.LIVE, KUBELET_CONFIG, (KUBELET,)),
    Row("KubeEtcdEncryptionConfig", Effect.LIVE, ROOT_SECRETS, STATIC_PODS, control_plane=True),
    Row("KubeExternalManifestConfig", Effect.LIVE, f"{K8S}manifest_apply.go", note=MANIFESTS, control_plane=True),
    Row("KubeFlannelCNIConfig", Effect.LIVE, f"{K8S}manifest_apply.go", note=MANIFESTS, control_plane=True),
    Row("KubeInlineManifestConfig", Effect.LIVE, f"{K8S}manifest_apply.go", note=MANIFESTS, control_plane=True),
    Row("KubeNetworkConfig", Effect.LIVE, KUBELET_CONFIG, (KUBELET,)),
    Row("KubeNetworkConfig", Effect.LIVE, ROOT_SECRETS, STATIC_PODS, control_plane=True),
    Row("KubeNetworkConfig:podSubnets", Effect.LIVE, f"{K8S}address_filter.go", note=ADDRESSES),
    Row("KubeNetworkConfig:podSubnets", Effect.LIVE, f"{K8S}control_plane.go", (CONTROLLER_MANAGER,), control_plane=True),
    Row("KubeNetworkConfig:nodeCIDRMaskSizeIPv4", Effect.LIVE, f"{K8S}control_plane.go", (CONTROLLER_MANAGER,), control_plane=True),
    Row("KubeNetworkConfig:nodeCIDRMaskSizeIPv6", Effect.LIVE, f"{K8S}control_plane.go", (CONTROLLER_MANAGER,), control_plane=True),
    Row("KubeNodeConfig", Effect.LIVE, KUBELET_CONFIG, (KUBELET,)),
    Row("KubeNodeConfig:annotations", Effect.LIVE, f"{K8S}node_apply.go"),
    Row("KubeNodeConfig:labels", Effect.LIVE, f"{K8S}node_apply.go"),
    Row("KubeNodeConfig:nodeIP", Effect.LIVE, f"{K8S}nodeip.go", (KUBELET,), "only where it makes the node's address another"),
    Row("KubeNodeConfig:registerWithFQDN", Effect.LIVE, f"{K8S}nodename.go", (KUBELET,), "it registers the node by its new name"),
    Row("KubeNodeConfig:skipNodeRegistration", Effect.LIVE, KUBELET_SPEC, (KUBELET,)),
    Row("KubeNodeConfig:skipNodeRegistration", Effect.LIVE, f"{K8S}control_plane.go", (API_SERVER,), control_plane=True),
    Row("KubePrismConfig", Effect.LIVE, f"{SECRETS}kubelet.go", (KUBELET,)),
    Row("KubePrismConfig", Effect.LIVE, ROOT_SECRETS, STATIC_PODS, control_plane=True),
    Row("KubePrismConfig:tlsServerName", Effect.LIVE, f"{SECRETS}kubelet.go", (KUBELET,)),
    Row("KubeProxyConfig", Effect.LIVE, f"{K8S}manifest_apply.go", note=MANIFESTS, control_plane=True),
    Row("KubeSchedulerConfig", Effect.LIVE, SCHEDULER_FILES, (SCHEDULER, API_SERVER), control_plane=True),
    Row("KubeServiceAccountConfig", Effect.LIVE, ROOT_SECRETS, STATIC_PODS, control_plane=True),
    Row("KubeStaticPodConfig", Effect.LIVE, f"{K8S}static_pod_server.go", note="the kubelet starts, replaces and stops these pods"),
    Row("KubeTalosAPIAccessConfig", Effect.LIVE, f"{SECRETS}root.go", note=CERTIFICATES),
    Row("KubeletConfig", Effect.LIVE, f"{K8S}kubelet_service.go", (KUBELET,)),
)

VOLUME_KINDS = tuple(
    row
    for kind in ("ExistingVolumeConfig", "ExternalVolumeConfig", "RawVolumeConfig", "SwapVolumeConfig", "UserVolumeConfig")
    for row in (
        Row(kind, Effect.LIVE, VOLUMES, note=SET_UP, whole=True),
        Row(kind, Effect.NEXT_BOOT, VOLUMES, note=READY),
    )
)

DISKS = (
    *VOLUME_KINDS,
    *(
        Row(f"{kind}:mount", Effect.NO_REBOOT, f"{CONTROLLERS}block/mount.go")
        for kind in ("ExistingVolumeConfig", "ExternalVolumeConfig", "UserVolumeConfig", "VolumeConfig")
    ),
    *(
        Row(f"{kind}:{key}", Effect.LIVE, VOLUMES, note="it is scheduled anew")
        for kind in ("ExistingVolumeConfig", "UserVolumeConfig", "VolumeConfig")
        for key in ("scrub", "trim")
    ),
    Row("VolumeConfig", Effect.NEXT_BOOT, VOLUMES, note=SYSTEM_VOLUME),
    Row("FilesystemScrubConfig", Effect.LIVE, f"{CONTROLLERS}block/fs_scrub_schedule.go", note="it is scheduled anew"),
    Row("FilesystemTrimConfig", Effect.LIVE, f"{CONTROLLERS}block/volume_trim_schedule.go", note="it is scheduled anew"),
    Row("LVMLogicalVolumeConfig", Effect.LIVE, f"{STORAGE}lvm_logical_volume_reconcile.go", note=ADDITIVE),
    Row("LVMVolumeGroupConfig", Effect.LIVE, f"{STORAGE}lvm_volume_group_reconcile.go", note=ADDITIVE),
    Row("RAIDArrayConfig", Effect.LIVE, f"{STORAGE}md_array_reconcile.go", note=ADDITIVE),
    Row("ZswapConfig", Effect.LIVE, f"{CONTROLLERS}block/zswap_config.go"),
)

CONTAINERS = (
    Row("CRIBaseRuntimeSpecConfig", Effect.CRI_RESTART, f"{CONTROLLERS}cri/service.go", (CONTAINERD,)),
    Row("CRICustomizationConfig", Effect.CRI_RESTART, f"{CONTROLLERS}cri/service.go", (CONTAINERD,)),
    Row("ContainerConfig", Effect.NO_REBOOT, f"{CONTROLLERS}containers/config.go", note="v1.14.0-rc.1 declares it, and runs nothing yet"),
    Row("ImageCacheConfig", Effect.LIVE, f"{CONTROLLERS}cri/image_cache_config.go", note="registryd is started or stopped"),
    Row("ImageVerificationConfig", Effect.LIVE, f"{CONTROLLERS}security/image_verification_config.go"),
    Row(
        "RegistryAuthConfig",
        Effect.NEXT_BOOT,
        f"{CONTROLLERS}files/cri_registry_config.go",
        until=Fact.LIVE_CRI_CUSTOMIZATION,
    ),
    Row(
        "RegistryAuthConfig",
        Effect.CRI_RESTART,
        f"{CONTROLLERS}files/cri_config.go",
        (CONTAINERD,),
        since=Fact.LIVE_CRI_CUSTOMIZATION,
    ),
    Row("RegistryMirrorConfig", Effect.LIVE, f"{CONTROLLERS}cri/registries_config.go", note="containerd does not restart"),
    Row("RegistryTLSConfig", Effect.LIVE, f"{CONTROLLERS}cri/registries_config.go", note="containerd does not restart"),
)

MACHINE = (
    Row("EnvironmentConfig", Effect.NEXT_BOOT, f"{RUNTIME}environment.go", note=f"machined has it at once; {SERVICE_START}"),
    Row("EtcFileConfig", Effect.LIVE, f"{CONTROLLERS}files/etc_file_config.go", note="the file is written anew"),
    Row("EventSinkConfig", Effect.LIVE, f"{RUNTIME}events_sink_config.go"),
    Row("ExtensionServiceConfig", Effect.LIVE, f"{RUNTIME}extension_service.go", ("the extension service",)),
    Row("KernelModuleConfig", Effect.LIVE, f"{RUNTIME}kernel_module_spec.go", note="modules are loaded, never unloaded"),
    Row("KmsgLogConfig", Effect.LIVE, f"{RUNTIME}kmsg_log_config.go"),
    Row("OOMConfig", Effect.LIVE, f"{RUNTIME}oom.go"),
    Row(
        "PCIDriverRebindConfig", Effect.LIVE, f"{CONTROLLERS}hardware/pci_driver_rebind.go", note="the device gets its other driver at once"
    ),
    Row("SecurityProfileConfig", Effect.NEXT_BOOT, TASKS, note="sandboxd is started at boot"),
    Row("SysctlConfig", Effect.LIVE, f"{RUNTIME}kernel_param_config.go"),
    Row("SysfsConfig", Effect.LIVE, f"{RUNTIME}kernel_param_config.go"),
    Row(
        "TrustedRootsConfig",
        Effect.LIVE,
        f"{SECRETS}trusted_roots.go",
        note="the file is written anew; running programs may keep the old one",
    ),
    Row("UdevRulesConfig", Effect.LIVE, f"{CONTROLLERS}files/udev.go", note="udevd reloads its rules and sees every device anew"),
    Row("UnattendedInstallConfig", Effect.AT_INSTALL, f"{RUNTIME}unattended_install.go"),
    Row("WatchdogTimerConfig", Effect.LIVE, f"{RUNTIME}watchdog_timer.go"),
)

ROWS = NETWORKING + KUBERNETES + DISKS + CONTAINERS + MACHINE
