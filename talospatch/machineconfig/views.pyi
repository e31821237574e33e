"""Typed views of machine config, for type checkers and editors: one TypedDict for each kind of document and for each struct in them.

Written by ``tools/views.py`` from the type tables; do not edit. Each is the union over Talos 1.11 to 1.14: a key that not all of
these have says which do. They say what Talos takes, not what a text holds: where Talos wants a text, ``10`` without quotes stands in a
config as a number. What they show is not to be changed, so everything in them is read-only.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Literal, Protocol, TypedDict, overload

from typing_extensions import ReadOnly

class BGPInstanceConfig(TypedDict, total=False):
    """Documents of kind BGPInstanceConfig; since 1.14."""

    apiVersion: ReadOnly[str]
    kind: ReadOnly[Literal["BGPInstanceConfig"]]
    name: ReadOnly[str]
    vrf: ReadOnly[str]
    localASN: ReadOnly[int]
    routerID: ReadOnly[str]
    routeSource: ReadOnly[str]
    advertise: ReadOnly[Sequence[str]]
    multipath: ReadOnly[bool]
    maxPaths: ReadOnly[int]
    installRoutes: ReadOnly[bool]
    importRoutes: ReadOnly[Sequence[NetworkBGPImportRoute]]
    neighbors: ReadOnly[Sequence[NetworkBGPNeighborConfig]]

class BlackholeRouteConfig(TypedDict, total=False):
    """Documents of kind BlackholeRouteConfig; since 1.13."""

    apiVersion: ReadOnly[str]
    kind: ReadOnly[Literal["BlackholeRouteConfig"]]
    name: ReadOnly[str]
    metric: ReadOnly[int]

class BondConfig(TypedDict, total=False):
    """Documents of kind BondConfig; since 1.12."""

    apiVersion: ReadOnly[str]
    kind: ReadOnly[Literal["BondConfig"]]
    name: ReadOnly[str]
    hardwareAddr: ReadOnly[str]
    links: ReadOnly[Sequence[str]]
    bondMode: ReadOnly[str]
    """one of balance-rr, active-backup, balance-xor, broadcast, 802.3ad, balance-tlb, balance-alb"""
    miimon: ReadOnly[int]
    updelay: ReadOnly[int]
    downdelay: ReadOnly[int]
    useCarrier: ReadOnly[bool]
    xmitHashPolicy: ReadOnly[str]
    """one of layer2, layer3+4, layer2+3, encap2+3, encap3+4"""
    arpInterval: ReadOnly[int]
    arpIpTargets: ReadOnly[Sequence[str]]
    nsIp6Targets: ReadOnly[Sequence[str]]
    arpValidate: ReadOnly[str]
    """one of none, active, backup, all, filter, filter-active, filter-backup"""
    arpAllTargets: ReadOnly[str]
    """one of any, all"""
    lacpRate: ReadOnly[str]
    """one of slow, fast"""
    failOverMac: ReadOnly[str]
    """one of none, active, follow"""
    adSelect: ReadOnly[str]
    """one of stable, bandwidth, count"""
    adActorSysPrio: ReadOnly[int]
    adUserPortKey: ReadOnly[int]
    adLACPActive: ReadOnly[str]
    """one of off, on"""
    primaryReselect: ReadOnly[str]
    """one of always, better, failure"""
    resendIGMP: ReadOnly[int]
    minLinks: ReadOnly[int]
    lpInterval: ReadOnly[int]
    packetsPerSlave: ReadOnly[int]
    numPeerNotif: ReadOnly[int]
    tlbLogicalLb: ReadOnly[int]
    allSlavesActive: ReadOnly[int]
    peerNotifDelay: ReadOnly[int]
    missedMax: ReadOnly[int]
    up: ReadOnly[bool]
    mtu: ReadOnly[int]
    addresses: ReadOnly[Sequence[NetworkAddressConfig]]
    routes: ReadOnly[Sequence[NetworkRouteConfig]]
    multicast: ReadOnly[bool]

class BridgeConfig(TypedDict, total=False):
    """Documents of kind BridgeConfig; since 1.12."""

    apiVersion: ReadOnly[str]
    kind: ReadOnly[Literal["BridgeConfig"]]
    name: ReadOnly[str]
    hardwareAddr: ReadOnly[str]
    links: ReadOnly[Sequence[str]]
    stp: ReadOnly[NetworkBridgeSTPConfig]
    vlan: ReadOnly[NetworkBridgeVLANConfig]
    up: ReadOnly[bool]
    mtu: ReadOnly[int]
    addresses: ReadOnly[Sequence[NetworkAddressConfig]]
    routes: ReadOnly[Sequence[NetworkRouteConfig]]
    multicast: ReadOnly[bool]

class CRIBaseRuntimeSpecConfig(TypedDict, total=False):
    """Documents of kind CRIBaseRuntimeSpecConfig; since 1.14."""

    apiVersion: ReadOnly[str]
    kind: ReadOnly[Literal["CRIBaseRuntimeSpecConfig"]]
    overrides: ReadOnly[Mapping[str, Any]]

class CRICustomizationConfig(TypedDict, total=False):
    """Documents of kind CRICustomizationConfig; since 1.14."""

    apiVersion: ReadOnly[str]
    kind: ReadOnly[Literal["CRICustomizationConfig"]]
    name: ReadOnly[str]
    content: ReadOnly[str]

class ContainerConfig(TypedDict, total=False):
    """Documents of kind ContainerConfig; since 1.14."""

    apiVersion: ReadOnly[str]
    kind: ReadOnly[Literal["ContainerConfig"]]
    name: ReadOnly[str]
    image: ReadOnly[str]
    entrypoint: ReadOnly[Sequence[str]]
    args: ReadOnly[Sequence[str]]
    workingDir: ReadOnly[str]
    runAs: ReadOnly[ContainerContainerRunAs]
    environment: ReadOnly[Sequence[str]]
    mounts: ReadOnly[Sequence[ContainerContainerMount]]
    security: ReadOnly[ContainerContainerSecurity]
    network: ReadOnly[ContainerContainerNetwork]
    resources: ReadOnly[ContainerContainerResources]
    dependsOn: ReadOnly[ContainerContainerDependsOn]

class DHCPv4Config(TypedDict, total=False):
    """Documents of kind DHCPv4Config; since 1.12."""

    apiVersion: ReadOnly[str]
    kind: ReadOnly[Literal["DHCPv4Config"]]
    name: ReadOnly[str]
    routeMetric: ReadOnly[int]
    ignoreHostname: ReadOnly[bool]
    ignoreRoutes: ReadOnly[bool]
    """since 1.14"""
    clientIdentifier: ReadOnly[str]
    """one of none, mac, duid"""
    duidRaw: ReadOnly[str]

class DHCPv6Config(TypedDict, total=False):
    """Documents of kind DHCPv6Config; since 1.12."""

    apiVersion: ReadOnly[str]
    kind: ReadOnly[Literal["DHCPv6Config"]]
    name: ReadOnly[str]
    routeMetric: ReadOnly[int]
    ignoreHostname: ReadOnly[bool]
    clientIdentifier: ReadOnly[str]
    """one of none, mac, duid"""
    duidRaw: ReadOnly[str]

class DiscoveryIdentityConfig(TypedDict, total=False):
    """Documents of kind DiscoveryIdentityConfig; since 1.14."""

    apiVersion: ReadOnly[str]
    kind: ReadOnly[Literal["DiscoveryIdentityConfig"]]
    clusterID: ReadOnly[str]
    clusterSecret: ReadOnly[str]

class DiscoveryServiceConfig(TypedDict, total=False):
    """Documents of kind DiscoveryServiceConfig; since 1.14."""

    apiVersion: ReadOnly[str]
    kind: ReadOnly[Literal["DiscoveryServiceConfig"]]
    name: ReadOnly[str]
    endpoint: ReadOnly[str]
    """a URL"""

class DummyLinkConfig(TypedDict, total=False):
    """Documents of kind DummyLinkConfig; since 1.12."""

    apiVersion: ReadOnly[str]
    kind: ReadOnly[Literal["DummyLinkConfig"]]
    name: ReadOnly[str]
    hardwareAddr: ReadOnly[str]
    up: ReadOnly[bool]
    mtu: ReadOnly[int]
    addresses: ReadOnly[Sequence[NetworkAddressConfig]]
    routes: ReadOnly[Sequence[NetworkRouteConfig]]
    multicast: ReadOnly[bool]

class EnvironmentConfig(TypedDict, total=False):
    """Documents of kind EnvironmentConfig; since 1.13."""

    apiVersion: ReadOnly[str]
    kind: ReadOnly[Literal["EnvironmentConfig"]]
    variables: ReadOnly[Mapping[str, str]]

class EtcFileConfig(TypedDict, total=False):
    """Documents of kind EtcFileConfig; since 1.14."""

    apiVersion: ReadOnly[str]
    kind: ReadOnly[Literal["EtcFileConfig"]]
    name: ReadOnly[str]
    mode: ReadOnly[int]
    contents: ReadOnly[str]

class EthernetConfig(TypedDict, total=False):
    """Documents of kind EthernetConfig."""

    apiVersion: ReadOnly[str]
    kind: ReadOnly[Literal["EthernetConfig"]]
    name: ReadOnly[str]
    features: ReadOnly[Mapping[str, bool]]
    rings: ReadOnly[NetworkEthernetRingsConfig]
    channels: ReadOnly[NetworkEthernetChannelsConfig]
    wakeOnLan: ReadOnly[Sequence[str]]
    """one of phy, unicast, multicast, broadcast, magic, magicsecure, filter; since 1.12"""

class EventSinkConfig(TypedDict, total=False):
    """Documents of kind EventSinkConfig."""

    apiVersion: ReadOnly[str]
    kind: ReadOnly[Literal["EventSinkConfig"]]
    endpoint: ReadOnly[str]

class ExistingVolumeConfig(TypedDict, total=False):
    """Documents of kind ExistingVolumeConfig."""

    apiVersion: ReadOnly[str]
    kind: ReadOnly[Literal["ExistingVolumeConfig"]]
    name: ReadOnly[str]
    discovery: ReadOnly[BlockVolumeDiscoverySpec]
    mount: ReadOnly[BlockExistingMountSpec]
    trim: ReadOnly[BlockTrimConfig]
    """since 1.14"""
    scrub: ReadOnly[BlockScrubConfig]
    """since 1.14"""

class ExtensionServiceConfig(TypedDict, total=False):
    """Documents of kind ExtensionServiceConfig."""

    apiVersion: ReadOnly[str]
    kind: ReadOnly[Literal["ExtensionServiceConfig"]]
    name: ReadOnly[str]
    configFiles: ReadOnly[Sequence[ExtensionsConfigFile]]
    environment: ReadOnly[Sequence[str]]

class ExternalVolumeConfig(TypedDict, total=False):
    """Documents of kind ExternalVolumeConfig; since 1.13."""

    apiVersion: ReadOnly[str]
    kind: ReadOnly[Literal["ExternalVolumeConfig"]]
    name: ReadOnly[str]
    filesystemType: ReadOnly[str]
    """one of none, xfs, vfat, ext4, iso9660, swapi, virtiofs, btrfs"""
    mount: ReadOnly[BlockExternalMountSpec]

class FilesystemScrubConfig(TypedDict, total=False):
    """Documents of kind FilesystemScrubConfig; since 1.14."""

    apiVersion: ReadOnly[str]
    kind: ReadOnly[Literal["FilesystemScrubConfig"]]
    interval: ReadOnly[str]
    """a duration, as 1h30m"""

class FilesystemTrimConfig(TypedDict, total=False):
    """Documents of kind FilesystemTrimConfig; since 1.14."""

    apiVersion: ReadOnly[str]
    kind: ReadOnly[Literal["FilesystemTrimConfig"]]
    interval: ReadOnly[str]
    """a duration, as 1h30m"""

class HCloudVIPConfig(TypedDict, total=False):
    """Documents of kind HCloudVIPConfig; since 1.12."""

    apiVersion: ReadOnly[str]
    kind: ReadOnly[Literal["HCloudVIPConfig"]]
    name: ReadOnly[str]
    link: ReadOnly[str]
    apiToken: ReadOnly[str]

class HTTPProbeConfig(TypedDict, total=False):
    """Documents of kind HTTPProbeConfig; since 1.14."""

    apiVersion: ReadOnly[str]
    kind: ReadOnly[Literal["HTTPProbeConfig"]]
    name: ReadOnly[str]
    interval: ReadOnly[str]
    """a duration, as 1h30m"""
    failureThreshold: ReadOnly[int]
    url: ReadOnly[str]
    """a URL"""
    timeout: ReadOnly[str]
    """a duration, as 1h30m"""

class HostnameConfig(TypedDict, total=False):
    """Documents of kind HostnameConfig; since 1.12."""

    apiVersion: ReadOnly[str]
    kind: ReadOnly[Literal["HostnameConfig"]]
    auto: ReadOnly[str]
    """one of off, talos-addr, stable"""
    hostname: ReadOnly[str]

class ImageCacheConfig(TypedDict, total=False):
    """Documents of kind ImageCacheConfig; since 1.14."""

    apiVersion: ReadOnly[str]
    kind: ReadOnly[Literal["ImageCacheConfig"]]
    local: ReadOnly[CriLocalImageCacheConfig]

class ImageVerificationConfig(TypedDict, total=False):
    """Documents of kind ImageVerificationConfig; since 1.13."""

    apiVersion: ReadOnly[str]
    kind: ReadOnly[Literal["ImageVerificationConfig"]]
    rules: ReadOnly[Sequence[SecurityImageVerificationRule]]

class KernelModuleConfig(TypedDict, total=False):
    """Documents of kind KernelModuleConfig; since 1.14."""

    apiVersion: ReadOnly[str]
    kind: ReadOnly[Literal["KernelModuleConfig"]]
    name: ReadOnly[str]
    parameters: ReadOnly[Sequence[str]]

class KmsgLogConfig(TypedDict, total=False):
    """Documents of kind KmsgLogConfig."""

    apiVersion: ReadOnly[str]
    kind: ReadOnly[Literal["KmsgLogConfig"]]
    name: ReadOnly[str]
    url: ReadOnly[str]
    """a URL"""

class KubeAPIServerCAConfig(TypedDict, total=False):
    """Documents of kind KubeAPIServerCAConfig; since 1.14."""

    apiVersion: ReadOnly[str]
    kind: ReadOnly[Literal["KubeAPIServerCAConfig"]]
    issuingCA: ReadOnly[MetaCertificateAndKey]
    acceptedCAs: ReadOnly[Sequence[str]]

class KubeAPIServerConfig(TypedDict, total=False):
    """Documents of kind KubeAPIServerConfig; since 1.14."""

    apiVersion: ReadOnly[str]
    kind: ReadOnly[Literal["KubeAPIServerConfig"]]
    image: ReadOnly[str]
    extraArgs: ReadOnly[Mapping[str, str | Sequence[str]]]
    env: ReadOnly[Mapping[str, str]]
    resources: ReadOnly[K8sResourcesConfig]
    apiPort: ReadOnly[int]
    certExtraSANs: ReadOnly[Sequence[str]]
    startupProbes: ReadOnly[bool]

class KubeAdmissionControlConfig(TypedDict, total=False):
    """Documents of kind KubeAdmissionControlConfig; since 1.14."""

    apiVersion: ReadOnly[str]
    kind: ReadOnly[Literal["KubeAdmissionControlConfig"]]
    name: ReadOnly[str]
    configuration: ReadOnly[Mapping[str, Any]]

class KubeAggregatorCAConfig(TypedDict, total=False):
    """Documents of kind KubeAggregatorCAConfig; since 1.14."""

    apiVersion: ReadOnly[str]
    kind: ReadOnly[Literal["KubeAggregatorCAConfig"]]
    issuingCA: ReadOnly[MetaCertificateAndKey]
    acceptedCAs: ReadOnly[Sequence[str]]

class KubeAuditPolicyConfig(TypedDict, total=False):
    """Documents of kind KubeAuditPolicyConfig; since 1.14."""

    apiVersion: ReadOnly[str]
    kind: ReadOnly[Literal["KubeAuditPolicyConfig"]]
    configuration: ReadOnly[Mapping[str, Any]]

class KubeAuthenticationConfig(TypedDict, total=False):
    """Documents of kind KubeAuthenticationConfig; since 1.14."""

    apiVersion: ReadOnly[str]
    kind: ReadOnly[Literal["KubeAuthenticationConfig"]]
    configuration: ReadOnly[Mapping[str, Any]]

class KubeAuthorizerConfig(TypedDict, total=False):
    """Documents of kind KubeAuthorizerConfig; since 1.14."""

    apiVersion: ReadOnly[str]
    kind: ReadOnly[Literal["KubeAuthorizerConfig"]]
    name: ReadOnly[str]
    type: ReadOnly[str]
    webhook: ReadOnly[Mapping[str, Any]]

class KubeClusterConfig(TypedDict, total=False):
    """Documents of kind KubeClusterConfig; since 1.14."""

    apiVersion: ReadOnly[str]
    kind: ReadOnly[Literal["KubeClusterConfig"]]
    clusterName: ReadOnly[str]
    endpoint: ReadOnly[str]
    """a URL"""

class KubeControllerManagerConfig(TypedDict, total=False):
    """Documents of kind KubeControllerManagerConfig; since 1.14."""

    apiVersion: ReadOnly[str]
    kind: ReadOnly[Literal["KubeControllerManagerConfig"]]
    enabled: ReadOnly[bool]
    image: ReadOnly[str]
    extraArgs: ReadOnly[Mapping[str, str | Sequence[str]]]
    env: ReadOnly[Mapping[str, str]]
    resources: ReadOnly[K8sResourcesConfig]

class KubeCoreDNSConfig(TypedDict, total=False):
    """Documents of kind KubeCoreDNSConfig; since 1.14."""

    apiVersion: ReadOnly[str]
    kind: ReadOnly[Literal["KubeCoreDNSConfig"]]
    enabled: ReadOnly[bool]
    image: ReadOnly[str]

class KubeCredentialProviderConfig(TypedDict, total=False):
    """Documents of kind KubeCredentialProviderConfig; since 1.14."""

    apiVersion: ReadOnly[str]
    kind: ReadOnly[Literal["KubeCredentialProviderConfig"]]
    configuration: ReadOnly[Mapping[str, Any]]

class KubeEtcdEncryptionConfig(TypedDict, total=False):
    """Documents of kind KubeEtcdEncryptionConfig; since 1.14."""

    apiVersion: ReadOnly[str]
    kind: ReadOnly[Literal["KubeEtcdEncryptionConfig"]]
    config: ReadOnly[Mapping[str, Any]]

class KubeExternalManifestConfig(TypedDict, total=False):
    """Documents of kind KubeExternalManifestConfig; since 1.14."""

    apiVersion: ReadOnly[str]
    kind: ReadOnly[Literal["KubeExternalManifestConfig"]]
    name: ReadOnly[str]
    headers: ReadOnly[Mapping[str, str]]
    url: ReadOnly[str]
    """a URL"""

class KubeFlannelCNIConfig(TypedDict, total=False):
    """Documents of kind KubeFlannelCNIConfig; since 1.14."""

    apiVersion: ReadOnly[str]
    kind: ReadOnly[Literal["KubeFlannelCNIConfig"]]
    backendType: ReadOnly[str]
    backendPort: ReadOnly[int]
    backendMTU: ReadOnly[int]
    backendExtraConfig: ReadOnly[Mapping[str, Any]]
    resources: ReadOnly[K8sResourcesConfig]
    extraArgs: ReadOnly[Sequence[str]]
    kubeNetworkPoliciesEnabled: ReadOnly[bool]

class KubeInlineManifestConfig(TypedDict, total=False):
    """Documents of kind KubeInlineManifestConfig; since 1.14."""

    apiVersion: ReadOnly[str]
    kind: ReadOnly[Literal["KubeInlineManifestConfig"]]
    name: ReadOnly[str]
    manifest: ReadOnly[str]

class KubeNetworkConfig(TypedDict, total=False):
    """Documents of kind KubeNetworkConfig; since 1.14."""

    apiVersion: ReadOnly[str]
    kind: ReadOnly[Literal["KubeNetworkConfig"]]
    dnsDomain: ReadOnly[str]
    podSubnets: ReadOnly[Sequence[str]]
    serviceSubnets: ReadOnly[Sequence[str]]
    nodeCIDRMaskSizeIPv4: ReadOnly[int]
    nodeCIDRMaskSizeIPv6: ReadOnly[int]

class KubeNodeConfig(TypedDict, total=False):
    """Documents of kind KubeNodeConfig; since 1.14."""

    apiVersion: ReadOnly[str]
    kind: ReadOnly[Literal["KubeNodeConfig"]]
    skipNodeRegistration: ReadOnly[bool]
    registerWithFQDN: ReadOnly[bool]
    nodeIP: ReadOnly[K8sNodeIPConfig]
    labels: ReadOnly[Mapping[str, str]]
    annotations: ReadOnly[Mapping[str, str]]
    taints: ReadOnly[Mapping[str, str]]

class KubePrismConfig(TypedDict, total=False):
    """Documents of kind KubePrismConfig; since 1.14."""

    apiVersion: ReadOnly[str]
    kind: ReadOnly[Literal["KubePrismConfig"]]
    port: ReadOnly[int]
    tlsServerName: ReadOnly[str]

class KubeProxyConfig(TypedDict, total=False):
    """Documents of kind KubeProxyConfig; since 1.14."""

    apiVersion: ReadOnly[str]
    kind: ReadOnly[Literal["KubeProxyConfig"]]
    enabled: ReadOnly[bool]
    image: ReadOnly[str]
    mode: ReadOnly[str]
    config: ReadOnly[Mapping[str, Any]]
    extraArgs: ReadOnly[Mapping[str, str | Sequence[str]]]
    resources: ReadOnly[K8sResourcesConfig]

class KubeSchedulerConfig(TypedDict, total=False):
    """Documents of kind KubeSchedulerConfig; since 1.14."""

    apiVersion: ReadOnly[str]
    kind: ReadOnly[Literal["KubeSchedulerConfig"]]
    enabled: ReadOnly[bool]
    image: ReadOnly[str]
    config: ReadOnly[Mapping[str, Any]]
    extraArgs: ReadOnly[Mapping[str, str | Sequence[str]]]
    env: ReadOnly[Mapping[str, str]]
    resources: ReadOnly[K8sResourcesConfig]

class KubeServiceAccountConfig(TypedDict, total=False):
    """Documents of kind KubeServiceAccountConfig; since 1.14."""

    apiVersion: ReadOnly[str]
    kind: ReadOnly[Literal["KubeServiceAccountConfig"]]
    issuer: ReadOnly[K8sIssuerServiceAccountConfig]
    accepted: ReadOnly[K8sAcceptedServiceAccountConfig]

class KubeSpanConfig(TypedDict, total=False):
    """Documents of kind KubeSpanConfig; since 1.13."""

    apiVersion: ReadOnly[str]
    kind: ReadOnly[Literal["KubeSpanConfig"]]
    enabled: ReadOnly[bool]
    advertiseKubernetesNetworks: ReadOnly[bool]
    allowDownPeerBypass: ReadOnly[bool]
    harvestExtraEndpoints: ReadOnly[bool]
    mtu: ReadOnly[int]
    filters: ReadOnly[NetworkKubeSpanFiltersConfig]

class KubeSpanEndpointsConfig(TypedDict, total=False):
    """Documents of kind KubeSpanEndpointsConfig."""

    apiVersion: ReadOnly[str]
    kind: ReadOnly[Literal["KubeSpanEndpointsConfig"]]
    extraAnnouncedEndpoints: ReadOnly[Sequence[str]]

class KubeStaticPodConfig(TypedDict, total=False):
    """Documents of kind KubeStaticPodConfig; since 1.14."""

    apiVersion: ReadOnly[str]
    kind: ReadOnly[Literal["KubeStaticPodConfig"]]
    name: ReadOnly[str]
    pod: ReadOnly[Mapping[str, Any]]

class KubeTalosAPIAccessConfig(TypedDict, total=False):
    """Documents of kind KubeTalosAPIAccessConfig; since 1.14."""

    apiVersion: ReadOnly[str]
    kind: ReadOnly[Literal["KubeTalosAPIAccessConfig"]]
    allowedRoles: ReadOnly[Sequence[str]]
    allowedKubernetesNamespaces: ReadOnly[Sequence[str]]

class KubeletConfig(TypedDict, total=False):
    """Documents of kind KubeletConfig; since 1.14."""

    apiVersion: ReadOnly[str]
    kind: ReadOnly[Literal["KubeletConfig"]]
    image: ReadOnly[str]
    config: ReadOnly[Mapping[str, Any]]
    extraArgs: ReadOnly[Mapping[str, str | Sequence[str]]]
    clusterDNS: ReadOnly[Sequence[str]]
    defaultRuntimeSeccompProfileEnabled: ReadOnly[bool]

class LVMLogicalVolumeConfig(TypedDict, total=False):
    """Documents of kind LVMLogicalVolumeConfig; since 1.14."""

    apiVersion: ReadOnly[str]
    kind: ReadOnly[Literal["LVMLogicalVolumeConfig"]]
    name: ReadOnly[str]
    type: ReadOnly[str]
    """one of linear, raid1, raid0, raid10"""
    mirrors: ReadOnly[int]
    stripes: ReadOnly[int]
    provisioning: ReadOnly[StorageLVMLogicalVolumeProvisioningSpec]

class LVMVolumeGroupConfig(TypedDict, total=False):
    """Documents of kind LVMVolumeGroupConfig; since 1.14."""

    apiVersion: ReadOnly[str]
    kind: ReadOnly[Literal["LVMVolumeGroupConfig"]]
    name: ReadOnly[str]
    provisioning: ReadOnly[StorageProvisioningSpec]

class Layer2VIPConfig(TypedDict, total=False):
    """Documents of kind Layer2VIPConfig; since 1.12."""

    apiVersion: ReadOnly[str]
    kind: ReadOnly[Literal["Layer2VIPConfig"]]
    name: ReadOnly[str]
    link: ReadOnly[str]

class LinkAliasConfig(TypedDict, total=False):
    """Documents of kind LinkAliasConfig; since 1.12."""

    apiVersion: ReadOnly[str]
    kind: ReadOnly[Literal["LinkAliasConfig"]]
    name: ReadOnly[str]
    selector: ReadOnly[NetworkLinkSelector]

class LinkConfig(TypedDict, total=False):
    """Documents of kind LinkConfig; since 1.12."""

    apiVersion: ReadOnly[str]
    kind: ReadOnly[Literal["LinkConfig"]]
    name: ReadOnly[str]
    up: ReadOnly[bool]
    mtu: ReadOnly[int]
    addresses: ReadOnly[Sequence[NetworkAddressConfig]]
    routes: ReadOnly[Sequence[NetworkRouteConfig]]
    multicast: ReadOnly[bool]

class NetworkDefaultActionConfig(TypedDict, total=False):
    """Documents of kind NetworkDefaultActionConfig."""

    apiVersion: ReadOnly[str]
    kind: ReadOnly[Literal["NetworkDefaultActionConfig"]]
    ingress: ReadOnly[str]
    """one of accept, block"""

class NetworkRuleConfig(TypedDict, total=False):
    """Documents of kind NetworkRuleConfig."""

    apiVersion: ReadOnly[str]
    kind: ReadOnly[Literal["NetworkRuleConfig"]]
    name: ReadOnly[str]
    portSelector: ReadOnly[NetworkRulePortSelector]
    ingress: ReadOnly[Sequence[NetworkIngressRule]]

class OOMConfig(TypedDict, total=False):
    """Documents of kind OOMConfig; since 1.12."""

    apiVersion: ReadOnly[str]
    kind: ReadOnly[Literal["OOMConfig"]]
    triggerExpression: ReadOnly[str]
    """a CEL expression"""
    cgroupRankingExpression: ReadOnly[str]
    """a CEL expression"""
    strictCgroupClassOrdering: ReadOnly[bool]
    sampleInterval: ReadOnly[str]
    """a duration, as 1h30m"""

class PCIDriverRebindConfig(TypedDict, total=False):
    """Documents of kind PCIDriverRebindConfig."""

    apiVersion: ReadOnly[str]
    kind: ReadOnly[Literal["PCIDriverRebindConfig"]]
    name: ReadOnly[str]
    targetDriver: ReadOnly[str]

class RAIDArrayConfig(TypedDict, total=False):
    """Documents of kind RAIDArrayConfig; since 1.14."""

    apiVersion: ReadOnly[str]
    kind: ReadOnly[Literal["RAIDArrayConfig"]]
    name: ReadOnly[str]
    level: ReadOnly[str]
    """one of raid1"""
    metadata: ReadOnly[str]
    """one of 1.0, 1.2"""
    provisioning: ReadOnly[StorageRAIDProvisioningSpec]

class RawVolumeConfig(TypedDict, total=False):
    """Documents of kind RawVolumeConfig."""

    apiVersion: ReadOnly[str]
    kind: ReadOnly[Literal["RawVolumeConfig"]]
    name: ReadOnly[str]
    provisioning: ReadOnly[BlockProvisioningSpec]
    encryption: ReadOnly[BlockEncryptionSpec]

class RegistryAuthConfig(TypedDict, total=False):
    """Documents of kind RegistryAuthConfig; since 1.12."""

    apiVersion: ReadOnly[str]
    kind: ReadOnly[Literal["RegistryAuthConfig"]]
    name: ReadOnly[str]
    username: ReadOnly[str]
    password: ReadOnly[str]
    auth: ReadOnly[str]
    identityToken: ReadOnly[str]

class RegistryMirrorConfig(TypedDict, total=False):
    """Documents of kind RegistryMirrorConfig; since 1.12."""

    apiVersion: ReadOnly[str]
    kind: ReadOnly[Literal["RegistryMirrorConfig"]]
    name: ReadOnly[str]
    endpoints: ReadOnly[Sequence[CriRegistryEndpoint]]
    skipFallback: ReadOnly[bool]

class RegistryTLSConfig(TypedDict, total=False):
    """Documents of kind RegistryTLSConfig; since 1.12."""

    apiVersion: ReadOnly[str]
    kind: ReadOnly[Literal["RegistryTLSConfig"]]
    name: ReadOnly[str]
    clientIdentity: ReadOnly[MetaCertificateAndKey]
    ca: ReadOnly[str]
    insecureSkipVerify: ReadOnly[bool]

class ResolverConfig(TypedDict, total=False):
    """Documents of kind ResolverConfig; since 1.12."""

    apiVersion: ReadOnly[str]
    kind: ReadOnly[Literal["ResolverConfig"]]
    nameservers: ReadOnly[Sequence[NetworkNameserverConfig]]
    searchDomains: ReadOnly[NetworkSearchDomainsConfig]
    hostDNS: ReadOnly[NetworkHostDNSConfig]
    """since 1.14"""

class RoutingRuleConfig(TypedDict, total=False):
    """Documents of kind RoutingRuleConfig; since 1.13."""

    apiVersion: ReadOnly[str]
    kind: ReadOnly[Literal["RoutingRuleConfig"]]
    name: ReadOnly[str]
    src: ReadOnly[str]
    dst: ReadOnly[str]
    table: ReadOnly[str | int]
    """a number up to 252, or one of default, main, local"""
    action: ReadOnly[str]
    """one of unspec, unicast, blackhole, unreachable, prohibit"""
    iifName: ReadOnly[str]
    oifName: ReadOnly[str]
    fwMark: ReadOnly[int]
    fwMask: ReadOnly[int]

class SecurityProfileConfig(TypedDict, total=False):
    """Documents of kind SecurityProfileConfig; since 1.14."""

    apiVersion: ReadOnly[str]
    kind: ReadOnly[Literal["SecurityProfileConfig"]]
    workloadIsolation: ReadOnly[bool]

class SideroLinkConfig(TypedDict, total=False):
    """Documents of kind SideroLinkConfig."""

    apiVersion: ReadOnly[str]
    kind: ReadOnly[Literal["SideroLinkConfig"]]
    apiUrl: ReadOnly[str]
    """a URL"""
    uniqueToken: ReadOnly[str]

class StaticHostConfig(TypedDict, total=False):
    """Documents of kind StaticHostConfig; since 1.12."""

    apiVersion: ReadOnly[str]
    kind: ReadOnly[Literal["StaticHostConfig"]]
    name: ReadOnly[str]
    hostnames: ReadOnly[Sequence[str]]

class SwapVolumeConfig(TypedDict, total=False):
    """Documents of kind SwapVolumeConfig."""

    apiVersion: ReadOnly[str]
    kind: ReadOnly[Literal["SwapVolumeConfig"]]
    name: ReadOnly[str]
    provisioning: ReadOnly[BlockProvisioningSpec]
    encryption: ReadOnly[BlockEncryptionSpec]

class SysctlConfig(TypedDict, total=False):
    """Documents of kind SysctlConfig; since 1.14."""

    apiVersion: ReadOnly[str]
    kind: ReadOnly[Literal["SysctlConfig"]]
    params: ReadOnly[Mapping[str, str]]

class SysfsConfig(TypedDict, total=False):
    """Documents of kind SysfsConfig; since 1.14."""

    apiVersion: ReadOnly[str]
    kind: ReadOnly[Literal["SysfsConfig"]]
    params: ReadOnly[Mapping[str, str]]

class TCPProbeConfig(TypedDict, total=False):
    """Documents of kind TCPProbeConfig; since 1.13."""

    apiVersion: ReadOnly[str]
    kind: ReadOnly[Literal["TCPProbeConfig"]]
    name: ReadOnly[str]
    interval: ReadOnly[str]
    """a duration, as 1h30m"""
    failureThreshold: ReadOnly[int]
    endpoint: ReadOnly[str]
    timeout: ReadOnly[str]
    """a duration, as 1h30m"""

class TimeSyncConfig(TypedDict, total=False):
    """Documents of kind TimeSyncConfig; since 1.12."""

    apiVersion: ReadOnly[str]
    kind: ReadOnly[Literal["TimeSyncConfig"]]
    enabled: ReadOnly[bool]
    bootTimeout: ReadOnly[str]
    """a duration, as 1h30m"""
    ntp: ReadOnly[NetworkNTPConfig]
    ptp: ReadOnly[NetworkPTPConfig]

class TrustedRootsConfig(TypedDict, total=False):
    """Documents of kind TrustedRootsConfig."""

    apiVersion: ReadOnly[str]
    kind: ReadOnly[Literal["TrustedRootsConfig"]]
    name: ReadOnly[str]
    certificates: ReadOnly[str]

class UdevRulesConfig(TypedDict, total=False):
    """Documents of kind UdevRulesConfig; since 1.14."""

    apiVersion: ReadOnly[str]
    kind: ReadOnly[Literal["UdevRulesConfig"]]
    rules: ReadOnly[Sequence[str]]

class UnattendedInstallConfig(TypedDict, total=False):
    """Documents of kind UnattendedInstallConfig; since 1.14."""

    apiVersion: ReadOnly[str]
    kind: ReadOnly[Literal["UnattendedInstallConfig"]]
    reboot: ReadOnly[bool]
    installer: ReadOnly[RuntimeInstallerSpec]
    provisioning: ReadOnly[RuntimeProvisioningSpec]

class UserVolumeConfig(TypedDict, total=False):
    """Documents of kind UserVolumeConfig."""

    apiVersion: ReadOnly[str]
    kind: ReadOnly[Literal["UserVolumeConfig"]]
    name: ReadOnly[str]
    volumeType: ReadOnly[str]
    """one of partition, disk, tmpfs, directory, symlink, overlay, external; since 1.12"""
    provisioning: ReadOnly[BlockProvisioningSpec]
    filesystem: ReadOnly[BlockFilesystemSpec]
    encryption: ReadOnly[BlockEncryptionSpec]
    mount: ReadOnly[BlockUserMountSpec]
    """since 1.13"""
    trim: ReadOnly[BlockTrimConfig]
    """since 1.14"""
    scrub: ReadOnly[BlockScrubConfig]
    """since 1.14"""

class V1Alpha1Config(TypedDict, total=False):
    """The main document."""

    version: ReadOnly[str]
    debug: ReadOnly[bool]
    persist: ReadOnly[bool]
    machine: ReadOnly[V1Alpha1MachineConfig]
    cluster: ReadOnly[V1Alpha1ClusterConfig]

class VLANConfig(TypedDict, total=False):
    """Documents of kind VLANConfig; since 1.12."""

    apiVersion: ReadOnly[str]
    kind: ReadOnly[Literal["VLANConfig"]]
    name: ReadOnly[str]
    vlanID: ReadOnly[int]
    vlanMode: ReadOnly[str]
    """one of 802.1q, 802.1ad"""
    parent: ReadOnly[str]
    up: ReadOnly[bool]
    mtu: ReadOnly[int]
    addresses: ReadOnly[Sequence[NetworkAddressConfig]]
    routes: ReadOnly[Sequence[NetworkRouteConfig]]
    multicast: ReadOnly[bool]

class VRFConfig(TypedDict, total=False):
    """Documents of kind VRFConfig; since 1.13."""

    apiVersion: ReadOnly[str]
    kind: ReadOnly[Literal["VRFConfig"]]
    name: ReadOnly[str]
    hardwareAddr: ReadOnly[str]
    links: ReadOnly[Sequence[str]]
    table: ReadOnly[str | int]
    """a number up to 252, or one of default, main, local"""
    up: ReadOnly[bool]
    mtu: ReadOnly[int]
    addresses: ReadOnly[Sequence[NetworkAddressConfig]]
    routes: ReadOnly[Sequence[NetworkRouteConfig]]
    multicast: ReadOnly[bool]

class VethConfig(TypedDict, total=False):
    """Documents of kind VethConfig; since 1.14."""

    apiVersion: ReadOnly[str]
    kind: ReadOnly[Literal["VethConfig"]]
    name: ReadOnly[str]
    peer: ReadOnly[NetworkVethPeerConfig]
    up: ReadOnly[bool]
    mtu: ReadOnly[int]
    addresses: ReadOnly[Sequence[NetworkAddressConfig]]
    routes: ReadOnly[Sequence[NetworkRouteConfig]]
    multicast: ReadOnly[bool]

class VolumeConfig(TypedDict, total=False):
    """Documents of kind VolumeConfig."""

    apiVersion: ReadOnly[str]
    kind: ReadOnly[Literal["VolumeConfig"]]
    name: ReadOnly[str]
    provisioning: ReadOnly[BlockProvisioningSpec]
    filesystem: ReadOnly[BlockSystemVolumeFilesystemSpec]
    """since 1.14"""
    encryption: ReadOnly[BlockEncryptionSpec]
    mount: ReadOnly[BlockMountSpec]
    """since 1.13"""
    trim: ReadOnly[BlockTrimConfig]
    """since 1.14"""
    scrub: ReadOnly[BlockScrubConfig]
    """since 1.14"""

class WatchdogTimerConfig(TypedDict, total=False):
    """Documents of kind WatchdogTimerConfig."""

    apiVersion: ReadOnly[str]
    kind: ReadOnly[Literal["WatchdogTimerConfig"]]
    device: ReadOnly[str]
    timeout: ReadOnly[str]
    """a duration, as 1h30m"""

class WireguardConfig(TypedDict, total=False):
    """Documents of kind WireguardConfig; since 1.12."""

    apiVersion: ReadOnly[str]
    kind: ReadOnly[Literal["WireguardConfig"]]
    name: ReadOnly[str]
    privateKey: ReadOnly[str]
    listenPort: ReadOnly[int]
    firewallMark: ReadOnly[int]
    peers: ReadOnly[Sequence[NetworkWireguardPeer]]
    up: ReadOnly[bool]
    mtu: ReadOnly[int]
    addresses: ReadOnly[Sequence[NetworkAddressConfig]]
    routes: ReadOnly[Sequence[NetworkRouteConfig]]
    multicast: ReadOnly[bool]

class ZswapConfig(TypedDict, total=False):
    """Documents of kind ZswapConfig."""

    apiVersion: ReadOnly[str]
    kind: ReadOnly[Literal["ZswapConfig"]]
    maxPoolPercent: ReadOnly[int]
    shrinkerEnabled: ReadOnly[bool]

class BlockDiskSelector(TypedDict, total=False):
    """block.DiskSelector."""

    match: ReadOnly[str]
    """a CEL expression"""

class BlockEncryptionKey(TypedDict, total=False):
    """block.EncryptionKey."""

    slot: ReadOnly[int]
    static: ReadOnly[BlockEncryptionKeyStatic]
    nodeID: ReadOnly[Mapping[str, Any]]
    kms: ReadOnly[BlockEncryptionKeyKMS]
    tpm: ReadOnly[BlockEncryptionKeyTPM]
    lockToState: ReadOnly[bool]

class BlockEncryptionKeyKMS(TypedDict, total=False):
    """block.EncryptionKeyKMS."""

    endpoint: ReadOnly[str]

class BlockEncryptionKeyStatic(TypedDict, total=False):
    """block.EncryptionKeyStatic."""

    passphrase: ReadOnly[str]

class BlockEncryptionKeyTPM(TypedDict, total=False):
    """block.EncryptionKeyTPM."""

    options: ReadOnly[BlockEncryptionKeyTPMOptions]
    """since 1.12"""
    checkSecurebootStatusOnEnroll: ReadOnly[bool]

class BlockEncryptionKeyTPMOptions(TypedDict, total=False):
    """block.EncryptionKeyTPMOptions; since 1.12."""

    pcrs: ReadOnly[Sequence[int]]

class BlockEncryptionSpec(TypedDict, total=False):
    """block.EncryptionSpec."""

    provider: ReadOnly[str]
    """one of none, luks2"""
    keys: ReadOnly[Sequence[BlockEncryptionKey]]
    cipher: ReadOnly[str]
    keySize: ReadOnly[int]
    blockSize: ReadOnly[int]
    options: ReadOnly[Sequence[str]]
    allowDiscards: ReadOnly[bool]
    """since 1.14"""

class BlockExistingMountSpec(TypedDict, total=False):
    """block.ExistingMountSpec, block.MountSpec."""

    readOnly: ReadOnly[bool]
    disableAccessTime: ReadOnly[bool]
    """since 1.13"""
    secure: ReadOnly[bool]
    """since 1.13"""

class BlockExternalMountSpec(TypedDict, total=False):
    """block.ExternalMountSpec; since 1.13."""

    readOnly: ReadOnly[bool]
    disableAccessTime: ReadOnly[bool]
    secure: ReadOnly[bool]
    virtiofs: ReadOnly[BlockVirtiofsMountSpec]

class BlockFilesystemSpec(TypedDict, total=False):
    """block.FilesystemSpec."""

    type: ReadOnly[str]
    """one of none, xfs, vfat, ext4, iso9660, swapi, virtiofs, btrfs"""
    projectQuotaSupport: ReadOnly[bool]
    xfs: ReadOnly[BlockXFSSpec]
    """since 1.14"""

class BlockMountSpec(TypedDict, total=False):
    """block.MountSpec; since 1.13."""

    secure: ReadOnly[bool]
    disableAccessTime: ReadOnly[bool]
    """since 1.14"""

class BlockProvisioningSpec(TypedDict, total=False):
    """block.ProvisioningSpec."""

    diskSelector: ReadOnly[BlockDiskSelector]
    grow: ReadOnly[bool]
    minSize: ReadOnly[str | int]
    """bytes, or a size as 100GB"""
    maxSize: ReadOnly[str | int]
    """bytes, a size as 100GB, or a share as 80%"""

class BlockScrubConfig(TypedDict, total=False):
    """block.ScrubConfig; since 1.14."""

    enabled: ReadOnly[bool]
    interval: ReadOnly[str]
    """a duration, as 1h30m"""

class BlockSystemVolumeFilesystemSpec(TypedDict, total=False):
    """block.SystemVolumeFilesystemSpec; since 1.14."""

    xfs: ReadOnly[BlockXFSSpec]

class BlockTrimConfig(TypedDict, total=False):
    """block.TrimConfig; since 1.14."""

    enabled: ReadOnly[bool]
    interval: ReadOnly[str]
    """a duration, as 1h30m"""

class BlockUserMountSpec(TypedDict, total=False):
    """block.UserMountSpec; since 1.13."""

    disableAccessTime: ReadOnly[bool]
    secure: ReadOnly[bool]

class BlockVirtiofsMountSpec(TypedDict, total=False):
    """block.VirtiofsMountSpec; since 1.13."""

    tag: ReadOnly[str]

class BlockVolumeDiscoverySpec(TypedDict, total=False):
    """block.VolumeDiscoverySpec."""

    volumeSelector: ReadOnly[BlockVolumeSelector]

class BlockVolumeSelector(TypedDict, total=False):
    """block.VolumeSelector."""

    match: ReadOnly[str]
    """a CEL expression"""

class BlockXFSSpec(TypedDict, total=False):
    """block.XFSSpec; since 1.14."""

    minAllocationGroupSize: ReadOnly[str | int]
    """bytes, or a size as 100GB"""

class ContainerContainerCapabilities(TypedDict, total=False):
    """container.ContainerCapabilities; since 1.14."""

    add: ReadOnly[Sequence[str]]
    drop: ReadOnly[Sequence[str]]

class ContainerContainerDependsOn(TypedDict, total=False):
    """container.ContainerDependsOn; since 1.14."""

    paths: ReadOnly[Sequence[str]]
    networks: ReadOnly[Sequence[str]]
    time: ReadOnly[bool]
    containers: ReadOnly[Sequence[str]]

class ContainerContainerMount(TypedDict, total=False):
    """container.ContainerMount; since 1.14."""

    userVolume: ReadOnly[ContainerUserVolumeMount]
    tmpfs: ReadOnly[ContainerTmpfsMount]
    hostPath: ReadOnly[ContainerHostPathMount]

class ContainerContainerNetwork(TypedDict, total=False):
    """container.ContainerNetwork; since 1.14."""

    mode: ReadOnly[str]

class ContainerContainerResourceLimits(TypedDict, total=False):
    """container.ContainerResourceLimits; since 1.14."""

    cpu: ReadOnly[str]
    memory: ReadOnly[str]

class ContainerContainerResources(TypedDict, total=False):
    """container.ContainerResources; since 1.14."""

    limits: ReadOnly[ContainerContainerResourceLimits]

class ContainerContainerRunAs(TypedDict, total=False):
    """container.ContainerRunAs; since 1.14."""

    uid: ReadOnly[int]
    gid: ReadOnly[int]

class ContainerContainerSecurity(TypedDict, total=False):
    """container.ContainerSecurity; since 1.14."""

    profile: ReadOnly[str]
    capabilities: ReadOnly[ContainerContainerCapabilities]
    machinedAccess: ReadOnly[bool]

class ContainerHostPathMount(TypedDict, total=False):
    """container.HostPathMount; since 1.14."""

    source: ReadOnly[str]
    destination: ReadOnly[str]
    options: ReadOnly[Sequence[str]]

class ContainerTmpfsMount(TypedDict, total=False):
    """container.TmpfsMount; since 1.14."""

    destination: ReadOnly[str]
    size: ReadOnly[str]
    options: ReadOnly[Sequence[str]]

class ContainerUserVolumeMount(TypedDict, total=False):
    """container.UserVolumeMount; since 1.14."""

    name: ReadOnly[str]
    destination: ReadOnly[str]
    options: ReadOnly[Sequence[str]]

class CriLocalImageCacheConfig(TypedDict, total=False):
    """cri.LocalImageCacheConfig; since 1.14."""

    enabled: ReadOnly[bool]

class CriRegistryEndpoint(TypedDict, total=False):
    """cri.RegistryEndpoint; since 1.12."""

    url: ReadOnly[str]
    """a URL"""
    overridePath: ReadOnly[bool]

class ExtensionsConfigFile(TypedDict, total=False):
    """extensions.ConfigFile."""

    content: ReadOnly[str]
    mountPath: ReadOnly[str]

class K8sAcceptedServiceAccountConfig(TypedDict, total=False):
    """k8s.AcceptedServiceAccountConfig; since 1.14."""

    publicKeys: ReadOnly[Sequence[str]]
    issuers: ReadOnly[Sequence[str]]
    """a URL"""
    audiences: ReadOnly[Sequence[str]]

class K8sIssuerServiceAccountConfig(TypedDict, total=False):
    """k8s.IssuerServiceAccountConfig; since 1.14."""

    privateKey: ReadOnly[str]
    issuerURL: ReadOnly[str]
    """a URL"""

class K8sNodeIPConfig(TypedDict, total=False):
    """k8s.NodeIPConfig; since 1.14."""

    validSubnets: ReadOnly[Sequence[str]]

class K8sResourcesConfig(TypedDict, total=False):
    """k8s.ResourcesConfig; since 1.14."""

    requests: ReadOnly[Mapping[str, Any]]
    limits: ReadOnly[Mapping[str, Any]]

class MetaCertificateAndKey(TypedDict, total=False):
    """meta.CertificateAndKey; since 1.12."""

    cert: ReadOnly[str]
    key: ReadOnly[str]

class NetworkAddressConfig(TypedDict, total=False):
    """network.AddressConfig; since 1.12."""

    address: ReadOnly[str]
    routePriority: ReadOnly[int]

class NetworkBGPBFDConfig(TypedDict, total=False):
    """network.BGPBFDConfig; since 1.14."""

    transmitInterval: ReadOnly[str]
    """a duration, as 1h30m"""
    receiveInterval: ReadOnly[str]
    """a duration, as 1h30m"""
    detectMultiplier: ReadOnly[int]

class NetworkBGPImportRoute(TypedDict, total=False):
    """network.BGPImportRoute; since 1.14."""

    bgpInstance: ReadOnly[str]
    prefixes: ReadOnly[Sequence[str]]

class NetworkBGPNeighborConfig(TypedDict, total=False):
    """network.BGPNeighborConfig; since 1.14."""

    address: ReadOnly[str]
    link: ReadOnly[str]
    peerASN: ReadOnly[int]
    localASN: ReadOnly[int]
    passive: ReadOnly[bool]
    holdTime: ReadOnly[str]
    """a duration, as 1h30m"""
    bfd: ReadOnly[NetworkBGPBFDConfig]

class NetworkBridgeSTPConfig(TypedDict, total=False):
    """network.BridgeSTPConfig; since 1.12."""

    enabled: ReadOnly[bool]

class NetworkBridgeVLANConfig(TypedDict, total=False):
    """network.BridgeVLANConfig; since 1.12."""

    filtering: ReadOnly[bool]

class NetworkEthernetChannelsConfig(TypedDict, total=False):
    """network.EthernetChannelsConfig."""

    rx: ReadOnly[int]
    tx: ReadOnly[int]
    other: ReadOnly[int]
    combined: ReadOnly[int]

# network.EthernetRingsConfig.
NetworkEthernetRingsConfig = TypedDict(
    "NetworkEthernetRingsConfig",
    {
        "rx": ReadOnly[int],
        "tx": ReadOnly[int],
        "rx-mini": ReadOnly[int],
        "rx-jumbo": ReadOnly[int],
        "rx-buf-len": ReadOnly[int],
        "cqe-size": ReadOnly[int],
        "tx-push": ReadOnly[bool],
        "rx-push": ReadOnly[bool],
        "tx-push-buf-len": ReadOnly[int],
        "tcp-data-split": ReadOnly[bool],
    },
    total=False,
)

class NetworkHostDNSConfig(TypedDict, total=False):
    """network.HostDNSConfig; since 1.14."""

    enabled: ReadOnly[bool]
    forwardKubeDNSToHost: ReadOnly[bool]
    resolveMemberNames: ReadOnly[bool]

# network.IngressRule.
NetworkIngressRule = TypedDict(
    "NetworkIngressRule",
    {
        "subnet": ReadOnly[str],
        "except": ReadOnly[str],
    },
    total=False,
)

class NetworkKubeSpanFiltersConfig(TypedDict, total=False):
    """network.KubeSpanFiltersConfig; since 1.13."""

    endpoints: ReadOnly[Sequence[str]]
    excludeAdvertisedNetworks: ReadOnly[Sequence[str]]

class NetworkLinkSelector(TypedDict, total=False):
    """network.LinkSelector; since 1.12."""

    match: ReadOnly[str]
    """a CEL expression"""

class NetworkNTPConfig(TypedDict, total=False):
    """network.NTPConfig; since 1.12."""

    servers: ReadOnly[Sequence[str]]
    useNTS: ReadOnly[bool]
    """since 1.14"""

class NetworkNameserverConfig(TypedDict, total=False):
    """network.NameserverConfig; since 1.12."""

    address: ReadOnly[str]
    protocol: ReadOnly[str]
    """one of Do53, DoT, DoH; since 1.14"""
    tlsServerName: ReadOnly[str]
    """since 1.14"""

class NetworkPTPConfig(TypedDict, total=False):
    """network.PTPConfig; since 1.12."""

    devices: ReadOnly[Sequence[str]]

class NetworkRouteConfig(TypedDict, total=False):
    """network.RouteConfig; since 1.12."""

    destination: ReadOnly[str]
    gateway: ReadOnly[str]
    source: ReadOnly[str]
    metric: ReadOnly[int]
    mtu: ReadOnly[int]
    table: ReadOnly[str | int]
    """a number up to 252, or one of default, main, local"""

class NetworkRulePortSelector(TypedDict, total=False):
    """network.RulePortSelector."""

    ports: ReadOnly[Sequence[int | str]]
    protocol: ReadOnly[str]
    """one of icmp, tcp, udp, icmpv6"""

class NetworkSearchDomainsConfig(TypedDict, total=False):
    """network.SearchDomainsConfig; since 1.12."""

    domains: ReadOnly[Sequence[str]]
    disableDefault: ReadOnly[bool]

class NetworkVethPeerConfig(TypedDict, total=False):
    """network.VethPeerConfig; since 1.14."""

    name: ReadOnly[str]
    up: ReadOnly[bool]
    mtu: ReadOnly[int]
    addresses: ReadOnly[Sequence[NetworkAddressConfig]]
    routes: ReadOnly[Sequence[NetworkRouteConfig]]
    multicast: ReadOnly[bool]

class NetworkWireguardPeer(TypedDict, total=False):
    """network.WireguardPeer; since 1.12."""

    publicKey: ReadOnly[str]
    presharedKey: ReadOnly[str]
    endpoint: ReadOnly[str]
    persistentKeepaliveInterval: ReadOnly[str]
    """a duration, as 1h30m"""
    allowedIPs: ReadOnly[Sequence[str]]

class RuntimeDiskSelectorSpec(TypedDict, total=False):
    """runtime.DiskSelectorSpec; since 1.14."""

    match: ReadOnly[str]
    """a CEL expression"""

class RuntimeInstallerSpec(TypedDict, total=False):
    """runtime.InstallerSpec; since 1.14."""

    image: ReadOnly[str]

class RuntimeProvisioningSpec(TypedDict, total=False):
    """runtime.ProvisioningSpec; since 1.14."""

    diskSelector: ReadOnly[RuntimeDiskSelectorSpec]
    wipe: ReadOnly[bool]

class SecurityImageKeylessVerifier(TypedDict, total=False):
    """security.ImageKeylessVerifierV1Alpha1; since 1.13."""

    issuer: ReadOnly[str]
    subject: ReadOnly[str]
    subjectRegex: ReadOnly[str]

class SecurityImagePublicKeyVerifier(TypedDict, total=False):
    """security.ImagePublicKeyVerifierV1Alpha1; since 1.13."""

    certificate: ReadOnly[str]

class SecurityImageVerificationRule(TypedDict, total=False):
    """security.ImageVerificationRuleV1Alpha1; since 1.13."""

    image: ReadOnly[str]
    skip: ReadOnly[bool]
    deny: ReadOnly[bool]
    keyless: ReadOnly[SecurityImageKeylessVerifier]
    publicKey: ReadOnly[SecurityImagePublicKeyVerifier]

class StorageLVMLogicalVolumeProvisioningSpec(TypedDict, total=False):
    """storage.LVMLogicalVolumeProvisioningSpec; since 1.14."""

    volumeGroup: ReadOnly[str]
    minSize: ReadOnly[str | int]
    """bytes, or a size as 100GB"""
    maxSize: ReadOnly[str | int]
    """bytes, a size as 100GB, or a share as 80%"""

class StorageLVMVolumeSelectorSpec(TypedDict, total=False):
    """storage.LVMVolumeSelectorSpec; since 1.14."""

    match: ReadOnly[str]
    """a CEL expression"""

class StorageProvisioningSpec(TypedDict, total=False):
    """storage.ProvisioningSpec; since 1.14."""

    volumeSelector: ReadOnly[StorageLVMVolumeSelectorSpec]

class StorageRAIDProvisioningSpec(TypedDict, total=False):
    """storage.RAIDProvisioningSpec; since 1.14."""

    volumeSelector: ReadOnly[StorageRAIDVolumeSelector]

class StorageRAIDVolumeSelector(TypedDict, total=False):
    """storage.RAIDVolumeSelector; since 1.14."""

    match: ReadOnly[str]
    """a CEL expression"""

class V1Alpha1APIServerConfig(TypedDict, total=False):
    """v1alpha1.APIServerConfig."""

    image: ReadOnly[str]
    extraArgs: ReadOnly[Mapping[str, str | Sequence[str]]]
    extraVolumes: ReadOnly[Sequence[V1Alpha1VolumeMountConfig]]
    env: ReadOnly[Mapping[str, str]]
    certSANs: ReadOnly[Sequence[str]]
    disablePodSecurityPolicy: ReadOnly[bool]
    admissionControl: ReadOnly[Sequence[V1Alpha1AdmissionPluginConfig]]
    auditPolicy: ReadOnly[Mapping[str, Any]]
    resources: ReadOnly[V1Alpha1ResourcesConfig]
    authorizationConfig: ReadOnly[Sequence[V1Alpha1AuthorizationConfigAuthorizerConfig]]

class V1Alpha1AdminKubeconfigConfig(TypedDict, total=False):
    """v1alpha1.AdminKubeconfigConfig."""

    certLifetime: ReadOnly[str]
    """a duration, as 1h30m"""

class V1Alpha1AdmissionPluginConfig(TypedDict, total=False):
    """v1alpha1.AdmissionPluginConfig."""

    name: ReadOnly[str]
    configuration: ReadOnly[Mapping[str, Any]]

class V1Alpha1AuthorizationConfigAuthorizerConfig(TypedDict, total=False):
    """v1alpha1.AuthorizationConfigAuthorizerConfig."""

    type: ReadOnly[str]
    name: ReadOnly[str]
    webhook: ReadOnly[Mapping[str, Any]]

class V1Alpha1Bond(TypedDict, total=False):
    """v1alpha1.Bond."""

    interfaces: ReadOnly[Sequence[str]]
    deviceSelectors: ReadOnly[Sequence[V1Alpha1NetworkDeviceSelector]]
    arpIPTarget: ReadOnly[Sequence[str]]
    mode: ReadOnly[str]
    xmitHashPolicy: ReadOnly[str]
    lacpRate: ReadOnly[str]
    adActorSystem: ReadOnly[str]
    arpValidate: ReadOnly[str]
    arpAllTargets: ReadOnly[str]
    primary: ReadOnly[str]
    primaryReselect: ReadOnly[str]
    failOverMac: ReadOnly[str]
    adSelect: ReadOnly[str]
    miimon: ReadOnly[int]
    updelay: ReadOnly[int]
    downdelay: ReadOnly[int]
    arpInterval: ReadOnly[int]
    resendIgmp: ReadOnly[int]
    minLinks: ReadOnly[int]
    lpInterval: ReadOnly[int]
    packetsPerSlave: ReadOnly[int]
    numPeerNotif: ReadOnly[int]
    tlbDynamicLb: ReadOnly[int]
    allSlavesActive: ReadOnly[int]
    useCarrier: ReadOnly[bool]
    adActorSysPrio: ReadOnly[int]
    adUserPortKey: ReadOnly[int]
    peerNotifyDelay: ReadOnly[int]

class V1Alpha1Bridge(TypedDict, total=False):
    """v1alpha1.Bridge."""

    interfaces: ReadOnly[Sequence[str]]
    stp: ReadOnly[V1Alpha1STP]
    vlan: ReadOnly[V1Alpha1BridgeVLAN]

class V1Alpha1BridgePort(TypedDict, total=False):
    """v1alpha1.BridgePort."""

    master: ReadOnly[str]

class V1Alpha1BridgeVLAN(TypedDict, total=False):
    """v1alpha1.BridgeVLAN."""

    vlanFiltering: ReadOnly[bool]

class V1Alpha1CNIConfig(TypedDict, total=False):
    """v1alpha1.CNIConfig."""

    name: ReadOnly[str]
    urls: ReadOnly[Sequence[str]]
    flannel: ReadOnly[V1Alpha1FlannelCNIConfig]

class V1Alpha1ClusterConfig(TypedDict, total=False):
    """v1alpha1.ClusterConfig."""

    id: ReadOnly[str]
    secret: ReadOnly[str]
    controlPlane: ReadOnly[V1Alpha1ControlPlaneConfig]
    clusterName: ReadOnly[str]
    network: ReadOnly[V1Alpha1ClusterNetworkConfig]
    token: ReadOnly[str]
    aescbcEncryptionSecret: ReadOnly[str]
    secretboxEncryptionSecret: ReadOnly[str]
    ca: ReadOnly[X509PEMEncodedCertificateAndKey]
    acceptedCAs: ReadOnly[Sequence[X509PEMEncodedCertificate]]
    aggregatorCA: ReadOnly[X509PEMEncodedCertificateAndKey]
    serviceAccount: ReadOnly[X509PEMEncodedKey]
    apiServer: ReadOnly[V1Alpha1APIServerConfig]
    controllerManager: ReadOnly[V1Alpha1ControllerManagerConfig]
    proxy: ReadOnly[V1Alpha1ProxyConfig]
    scheduler: ReadOnly[V1Alpha1SchedulerConfig]
    discovery: ReadOnly[V1Alpha1ClusterDiscoveryConfig]
    etcd: ReadOnly[V1Alpha1EtcdConfig]
    coreDNS: ReadOnly[V1Alpha1CoreDNS]
    externalCloudProvider: ReadOnly[V1Alpha1ExternalCloudProviderConfig]
    extraManifests: ReadOnly[Sequence[str]]
    extraManifestHeaders: ReadOnly[Mapping[str, str]]
    inlineManifests: ReadOnly[Sequence[V1Alpha1ClusterInlineManifest]]
    adminKubeconfig: ReadOnly[V1Alpha1AdminKubeconfigConfig]
    allowSchedulingOnMasters: ReadOnly[bool]
    allowSchedulingOnControlPlanes: ReadOnly[bool]

class V1Alpha1ClusterDiscoveryConfig(TypedDict, total=False):
    """v1alpha1.ClusterDiscoveryConfig."""

    enabled: ReadOnly[bool]
    registries: ReadOnly[V1Alpha1DiscoveryRegistriesConfig]

class V1Alpha1ClusterInlineManifest(TypedDict, total=False):
    """v1alpha1.ClusterInlineManifest."""

    name: ReadOnly[str]
    contents: ReadOnly[str]

class V1Alpha1ClusterNetworkConfig(TypedDict, total=False):
    """v1alpha1.ClusterNetworkConfig."""

    cni: ReadOnly[V1Alpha1CNIConfig]
    dnsDomain: ReadOnly[str]
    podSubnets: ReadOnly[Sequence[str]]
    serviceSubnets: ReadOnly[Sequence[str]]

class V1Alpha1ControlPlaneConfig(TypedDict, total=False):
    """v1alpha1.ControlPlaneConfig."""

    endpoint: ReadOnly[str]
    """a URL"""
    localAPIServerPort: ReadOnly[int]

class V1Alpha1ControllerManagerConfig(TypedDict, total=False):
    """v1alpha1.ControllerManagerConfig."""

    image: ReadOnly[str]
    extraArgs: ReadOnly[Mapping[str, str | Sequence[str]]]
    extraVolumes: ReadOnly[Sequence[V1Alpha1VolumeMountConfig]]
    env: ReadOnly[Mapping[str, str]]
    resources: ReadOnly[V1Alpha1ResourcesConfig]

class V1Alpha1CoreDNS(TypedDict, total=False):
    """v1alpha1.CoreDNS."""

    disabled: ReadOnly[bool]
    image: ReadOnly[str]

class V1Alpha1DHCPOptions(TypedDict, total=False):
    """v1alpha1.DHCPOptions."""

    routeMetric: ReadOnly[int]
    ipv4: ReadOnly[bool]
    ipv6: ReadOnly[bool]
    duidv6: ReadOnly[str]

class V1Alpha1Device(TypedDict, total=False):
    """v1alpha1.Device."""

    interface: ReadOnly[str]
    deviceSelector: ReadOnly[V1Alpha1NetworkDeviceSelector]
    addresses: ReadOnly[Sequence[str]]
    cidr: ReadOnly[str]
    routes: ReadOnly[Sequence[V1Alpha1Route]]
    bond: ReadOnly[V1Alpha1Bond]
    bridge: ReadOnly[V1Alpha1Bridge]
    bridgePort: ReadOnly[V1Alpha1BridgePort]
    vlans: ReadOnly[Sequence[V1Alpha1Vlan]]
    mtu: ReadOnly[int]
    dhcp: ReadOnly[bool]
    ignore: ReadOnly[bool]
    dummy: ReadOnly[bool]
    dhcpOptions: ReadOnly[V1Alpha1DHCPOptions]
    wireguard: ReadOnly[V1Alpha1DeviceWireguardConfig]
    vip: ReadOnly[V1Alpha1DeviceVIPConfig]

class V1Alpha1DeviceVIPConfig(TypedDict, total=False):
    """v1alpha1.DeviceVIPConfig."""

    ip: ReadOnly[str]
    equinixMetal: ReadOnly[V1Alpha1VIPEquinixMetalConfig]
    hcloud: ReadOnly[V1Alpha1VIPHCloudConfig]

class V1Alpha1DeviceWireguardConfig(TypedDict, total=False):
    """v1alpha1.DeviceWireguardConfig."""

    privateKey: ReadOnly[str]
    listenPort: ReadOnly[int]
    firewallMark: ReadOnly[int]
    peers: ReadOnly[Sequence[V1Alpha1DeviceWireguardPeer]]

class V1Alpha1DeviceWireguardPeer(TypedDict, total=False):
    """v1alpha1.DeviceWireguardPeer."""

    publicKey: ReadOnly[str]
    endpoint: ReadOnly[str]
    persistentKeepaliveInterval: ReadOnly[str]
    """a duration, as 1h30m"""
    allowedIPs: ReadOnly[Sequence[str]]

class V1Alpha1DiscoveryRegistriesConfig(TypedDict, total=False):
    """v1alpha1.DiscoveryRegistriesConfig."""

    kubernetes: ReadOnly[V1Alpha1RegistryKubernetesConfig]
    service: ReadOnly[V1Alpha1RegistryServiceConfig]

class V1Alpha1DiskPartition(TypedDict, total=False):
    """v1alpha1.DiskPartition."""

    size: ReadOnly[str | int]
    """bytes, or a size as 100GB"""
    mountpoint: ReadOnly[str]

class V1Alpha1EncryptionConfig(TypedDict, total=False):
    """v1alpha1.EncryptionConfig."""

    provider: ReadOnly[str]
    keys: ReadOnly[Sequence[V1Alpha1EncryptionKey]]
    cipher: ReadOnly[str]
    keySize: ReadOnly[int]
    blockSize: ReadOnly[int]
    options: ReadOnly[Sequence[str]]

class V1Alpha1EncryptionKey(TypedDict, total=False):
    """v1alpha1.EncryptionKey."""

    static: ReadOnly[V1Alpha1EncryptionKeyStatic]
    nodeID: ReadOnly[Mapping[str, Any]]
    kms: ReadOnly[V1Alpha1EncryptionKeyKMS]
    slot: ReadOnly[int]
    tpm: ReadOnly[V1Alpha1EncryptionKeyTPM]

class V1Alpha1EncryptionKeyKMS(TypedDict, total=False):
    """v1alpha1.EncryptionKeyKMS."""

    endpoint: ReadOnly[str]

class V1Alpha1EncryptionKeyStatic(TypedDict, total=False):
    """v1alpha1.EncryptionKeyStatic."""

    passphrase: ReadOnly[str]

class V1Alpha1EncryptionKeyTPM(TypedDict, total=False):
    """v1alpha1.EncryptionKeyTPM."""

    checkSecurebootStatusOnEnroll: ReadOnly[bool]

class V1Alpha1EtcdConfig(TypedDict, total=False):
    """v1alpha1.EtcdConfig."""

    image: ReadOnly[str]
    ca: ReadOnly[X509PEMEncodedCertificateAndKey]
    extraArgs: ReadOnly[Mapping[str, str | Sequence[str]]]
    subnet: ReadOnly[str]
    advertisedSubnets: ReadOnly[Sequence[str]]
    listenSubnets: ReadOnly[Sequence[str]]

class V1Alpha1ExternalCloudProviderConfig(TypedDict, total=False):
    """v1alpha1.ExternalCloudProviderConfig."""

    enabled: ReadOnly[bool]
    manifests: ReadOnly[Sequence[str]]

class V1Alpha1ExtraHost(TypedDict, total=False):
    """v1alpha1.ExtraHost."""

    ip: ReadOnly[str]
    aliases: ReadOnly[Sequence[str]]

class V1Alpha1ExtraMount(TypedDict, total=False):
    """v1alpha1.ExtraMount."""

    destination: ReadOnly[str]
    type: ReadOnly[str]
    source: ReadOnly[str]
    options: ReadOnly[Sequence[str]]
    uidMappings: ReadOnly[Sequence[V1Alpha1LinuxIDMapping]]
    gidMappings: ReadOnly[Sequence[V1Alpha1LinuxIDMapping]]

class V1Alpha1FeaturesConfig(TypedDict, total=False):
    """v1alpha1.FeaturesConfig."""

    rbac: ReadOnly[bool]
    stableHostname: ReadOnly[bool]
    kubernetesTalosAPIAccess: ReadOnly[V1Alpha1KubernetesTalosAPIAccessConfig]
    apidCheckExtKeyUsage: ReadOnly[bool]
    diskQuotaSupport: ReadOnly[bool]
    kubePrism: ReadOnly[V1Alpha1KubePrism]
    hostDNS: ReadOnly[V1Alpha1HostDNSConfig]
    imageCache: ReadOnly[V1Alpha1ImageCacheConfig]
    nodeAddressSortAlgorithm: ReadOnly[str]

class V1Alpha1FlannelCNIConfig(TypedDict, total=False):
    """v1alpha1.FlannelCNIConfig."""

    extraArgs: ReadOnly[Sequence[str]]
    kubeNetworkPoliciesEnabled: ReadOnly[bool]
    """since 1.13"""

class V1Alpha1HostDNSConfig(TypedDict, total=False):
    """v1alpha1.HostDNSConfig."""

    enabled: ReadOnly[bool]
    forwardKubeDNSToHost: ReadOnly[bool]
    resolveMemberNames: ReadOnly[bool]

class V1Alpha1ImageCacheConfig(TypedDict, total=False):
    """v1alpha1.ImageCacheConfig."""

    localEnabled: ReadOnly[bool]

class V1Alpha1InstallConfig(TypedDict, total=False):
    """v1alpha1.InstallConfig."""

    disk: ReadOnly[str]
    diskSelector: ReadOnly[V1Alpha1InstallDiskSelector]
    extraKernelArgs: ReadOnly[Sequence[str]]
    image: ReadOnly[str]
    extensions: ReadOnly[Sequence[V1Alpha1InstallExtensionConfig]]
    bootloader: ReadOnly[bool]
    wipe: ReadOnly[bool]
    legacyBIOSSupport: ReadOnly[bool]
    grubUseUKICmdline: ReadOnly[bool]
    """since 1.12"""

class V1Alpha1InstallDiskSelector(TypedDict, total=False):
    """v1alpha1.InstallDiskSelector."""

    size: ReadOnly[str]
    """a size, or a condition as '>= 1TB'"""
    name: ReadOnly[str]
    model: ReadOnly[str]
    serial: ReadOnly[str]
    modalias: ReadOnly[str]
    uuid: ReadOnly[str]
    wwid: ReadOnly[str]
    type: ReadOnly[str]
    busPath: ReadOnly[str]

class V1Alpha1InstallExtensionConfig(TypedDict, total=False):
    """v1alpha1.InstallExtensionConfig."""

    image: ReadOnly[str]

class V1Alpha1KernelConfig(TypedDict, total=False):
    """v1alpha1.KernelConfig."""

    modules: ReadOnly[Sequence[V1Alpha1KernelModuleConfig]]

class V1Alpha1KernelModuleConfig(TypedDict, total=False):
    """v1alpha1.KernelModuleConfig."""

    name: ReadOnly[str]
    parameters: ReadOnly[Sequence[str]]

class V1Alpha1KubePrism(TypedDict, total=False):
    """v1alpha1.KubePrism."""

    enabled: ReadOnly[bool]
    port: ReadOnly[int]

class V1Alpha1KubeSpanFilters(TypedDict, total=False):
    """v1alpha1.KubeSpanFilters."""

    endpoints: ReadOnly[Sequence[str]]
    excludeAdvertisedNetworks: ReadOnly[Sequence[str]]
    """since 1.12"""

class V1Alpha1KubeletConfig(TypedDict, total=False):
    """v1alpha1.KubeletConfig."""

    image: ReadOnly[str]
    clusterDNS: ReadOnly[Sequence[str]]
    extraArgs: ReadOnly[Mapping[str, str | Sequence[str]]]
    extraMounts: ReadOnly[Sequence[V1Alpha1ExtraMount]]
    extraConfig: ReadOnly[Mapping[str, Any]]
    credentialProviderConfig: ReadOnly[Mapping[str, Any]]
    defaultRuntimeSeccompProfileEnabled: ReadOnly[bool]
    registerWithFQDN: ReadOnly[bool]
    nodeIP: ReadOnly[V1Alpha1KubeletNodeIPConfig]
    skipNodeRegistration: ReadOnly[bool]
    disableManifestsDirectory: ReadOnly[bool]

class V1Alpha1KubeletNodeIPConfig(TypedDict, total=False):
    """v1alpha1.KubeletNodeIPConfig."""

    validSubnets: ReadOnly[Sequence[str]]

class V1Alpha1KubernetesTalosAPIAccessConfig(TypedDict, total=False):
    """v1alpha1.KubernetesTalosAPIAccessConfig."""

    enabled: ReadOnly[bool]
    allowedRoles: ReadOnly[Sequence[str]]
    allowedKubernetesNamespaces: ReadOnly[Sequence[str]]

class V1Alpha1LinuxIDMapping(TypedDict, total=False):
    """v1alpha1.LinuxIDMapping."""

    containerID: ReadOnly[int]
    hostID: ReadOnly[int]
    size: ReadOnly[int]

class V1Alpha1LoggingConfig(TypedDict, total=False):
    """v1alpha1.LoggingConfig."""

    destinations: ReadOnly[Sequence[V1Alpha1LoggingDestination]]

class V1Alpha1LoggingDestination(TypedDict, total=False):
    """v1alpha1.LoggingDestination."""

    endpoint: ReadOnly[str]
    """a URL"""
    format: ReadOnly[str]
    extraTags: ReadOnly[Mapping[str, str]]

class V1Alpha1MachineConfig(TypedDict, total=False):
    """v1alpha1.MachineConfig."""

    type: ReadOnly[str]
    token: ReadOnly[str]
    ca: ReadOnly[X509PEMEncodedCertificateAndKey]
    acceptedCAs: ReadOnly[Sequence[X509PEMEncodedCertificate]]
    certSANs: ReadOnly[Sequence[str]]
    controlPlane: ReadOnly[V1Alpha1MachineControlPlaneConfig]
    kubelet: ReadOnly[V1Alpha1KubeletConfig]
    pods: ReadOnly[Sequence[Mapping[str, Any]]]
    network: ReadOnly[V1Alpha1NetworkConfig]
    disks: ReadOnly[Sequence[V1Alpha1MachineDisk]]
    install: ReadOnly[V1Alpha1InstallConfig]
    files: ReadOnly[Sequence[V1Alpha1MachineFile]]
    env: ReadOnly[Mapping[str, str]]
    time: ReadOnly[V1Alpha1TimeConfig]
    sysctls: ReadOnly[Mapping[str, str]]
    sysfs: ReadOnly[Mapping[str, str]]
    registries: ReadOnly[V1Alpha1RegistriesConfig]
    systemDiskEncryption: ReadOnly[V1Alpha1SystemDiskEncryptionConfig]
    features: ReadOnly[V1Alpha1FeaturesConfig]
    udev: ReadOnly[V1Alpha1UdevConfig]
    logging: ReadOnly[V1Alpha1LoggingConfig]
    kernel: ReadOnly[V1Alpha1KernelConfig]
    seccompProfiles: ReadOnly[Sequence[V1Alpha1MachineSeccompProfile]]
    baseRuntimeSpecOverrides: ReadOnly[Mapping[str, Any]]
    nodeLabels: ReadOnly[Mapping[str, str]]
    nodeAnnotations: ReadOnly[Mapping[str, str]]
    nodeTaints: ReadOnly[Mapping[str, str]]

class V1Alpha1MachineControlPlaneConfig(TypedDict, total=False):
    """v1alpha1.MachineControlPlaneConfig."""

    controllerManager: ReadOnly[V1Alpha1MachineControllerManagerConfig]
    scheduler: ReadOnly[V1Alpha1MachineSchedulerConfig]

class V1Alpha1MachineControllerManagerConfig(TypedDict, total=False):
    """v1alpha1.MachineControllerManagerConfig."""

    disabled: ReadOnly[bool]

class V1Alpha1MachineDisk(TypedDict, total=False):
    """v1alpha1.MachineDisk."""

    device: ReadOnly[str]
    partitions: ReadOnly[Sequence[V1Alpha1DiskPartition]]

class V1Alpha1MachineFile(TypedDict, total=False):
    """v1alpha1.MachineFile."""

    content: ReadOnly[str]
    permissions: ReadOnly[int]
    path: ReadOnly[str]
    op: ReadOnly[str]

class V1Alpha1MachineSchedulerConfig(TypedDict, total=False):
    """v1alpha1.MachineSchedulerConfig."""

    disabled: ReadOnly[bool]

class V1Alpha1MachineSeccompProfile(TypedDict, total=False):
    """v1alpha1.MachineSeccompProfile."""

    name: ReadOnly[str]
    value: ReadOnly[Mapping[str, Any]]

class V1Alpha1NetworkConfig(TypedDict, total=False):
    """v1alpha1.NetworkConfig."""

    hostname: ReadOnly[str]
    interfaces: ReadOnly[Sequence[V1Alpha1Device]]
    nameservers: ReadOnly[Sequence[str]]
    searchDomains: ReadOnly[Sequence[str]]
    extraHostEntries: ReadOnly[Sequence[V1Alpha1ExtraHost]]
    kubespan: ReadOnly[V1Alpha1NetworkKubeSpan]
    disableSearchDomain: ReadOnly[bool]

class V1Alpha1NetworkDeviceSelector(TypedDict, total=False):
    """v1alpha1.NetworkDeviceSelector."""

    busPath: ReadOnly[str]
    hardwareAddr: ReadOnly[str]
    permanentAddr: ReadOnly[str]
    pciID: ReadOnly[str]
    driver: ReadOnly[str]
    physical: ReadOnly[bool]

class V1Alpha1NetworkKubeSpan(TypedDict, total=False):
    """v1alpha1.NetworkKubeSpan."""

    enabled: ReadOnly[bool]
    advertiseKubernetesNetworks: ReadOnly[bool]
    allowDownPeerBypass: ReadOnly[bool]
    harvestExtraEndpoints: ReadOnly[bool]
    mtu: ReadOnly[int]
    filters: ReadOnly[V1Alpha1KubeSpanFilters]

class V1Alpha1ProxyConfig(TypedDict, total=False):
    """v1alpha1.ProxyConfig."""

    disabled: ReadOnly[bool]
    image: ReadOnly[str]
    mode: ReadOnly[str]
    extraArgs: ReadOnly[Mapping[str, str | Sequence[str]]]

class V1Alpha1RegistriesConfig(TypedDict, total=False):
    """v1alpha1.RegistriesConfig."""

    mirrors: ReadOnly[Mapping[str, V1Alpha1RegistryMirrorConfig]]
    config: ReadOnly[Mapping[str, V1Alpha1RegistryConfig]]

class V1Alpha1RegistryAuthConfig(TypedDict, total=False):
    """v1alpha1.RegistryAuthConfig."""

    username: ReadOnly[str]
    password: ReadOnly[str]
    auth: ReadOnly[str]
    identityToken: ReadOnly[str]

class V1Alpha1RegistryConfig(TypedDict, total=False):
    """v1alpha1.RegistryConfig."""

    tls: ReadOnly[V1Alpha1RegistryTLSConfig]
    auth: ReadOnly[V1Alpha1RegistryAuthConfig]

class V1Alpha1RegistryKubernetesConfig(TypedDict, total=False):
    """v1alpha1.RegistryKubernetesConfig."""

    disabled: ReadOnly[bool]

class V1Alpha1RegistryMirrorConfig(TypedDict, total=False):
    """v1alpha1.RegistryMirrorConfig."""

    endpoints: ReadOnly[Sequence[str]]
    overridePath: ReadOnly[bool]
    skipFallback: ReadOnly[bool]

class V1Alpha1RegistryServiceConfig(TypedDict, total=False):
    """v1alpha1.RegistryServiceConfig."""

    disabled: ReadOnly[bool]
    endpoint: ReadOnly[str]

class V1Alpha1RegistryTLSConfig(TypedDict, total=False):
    """v1alpha1.RegistryTLSConfig."""

    clientIdentity: ReadOnly[X509PEMEncodedCertificateAndKey]
    ca: ReadOnly[str]
    """base64"""
    insecureSkipVerify: ReadOnly[bool]

class V1Alpha1ResourcesConfig(TypedDict, total=False):
    """v1alpha1.ResourcesConfig."""

    requests: ReadOnly[Mapping[str, Any]]
    limits: ReadOnly[Mapping[str, Any]]

class V1Alpha1Route(TypedDict, total=False):
    """v1alpha1.Route."""

    network: ReadOnly[str]
    gateway: ReadOnly[str]
    source: ReadOnly[str]
    metric: ReadOnly[int]
    mtu: ReadOnly[int]

class V1Alpha1STP(TypedDict, total=False):
    """v1alpha1.STP."""

    enabled: ReadOnly[bool]

class V1Alpha1SchedulerConfig(TypedDict, total=False):
    """v1alpha1.SchedulerConfig."""

    image: ReadOnly[str]
    extraArgs: ReadOnly[Mapping[str, str | Sequence[str]]]
    extraVolumes: ReadOnly[Sequence[V1Alpha1VolumeMountConfig]]
    env: ReadOnly[Mapping[str, str]]
    resources: ReadOnly[V1Alpha1ResourcesConfig]
    config: ReadOnly[Mapping[str, Any]]

class V1Alpha1SystemDiskEncryptionConfig(TypedDict, total=False):
    """v1alpha1.SystemDiskEncryptionConfig."""

    state: ReadOnly[V1Alpha1EncryptionConfig]
    ephemeral: ReadOnly[V1Alpha1EncryptionConfig]

class V1Alpha1TimeConfig(TypedDict, total=False):
    """v1alpha1.TimeConfig."""

    disabled: ReadOnly[bool]
    servers: ReadOnly[Sequence[str]]
    bootTimeout: ReadOnly[str]
    """a duration, as 1h30m"""

class V1Alpha1UdevConfig(TypedDict, total=False):
    """v1alpha1.UdevConfig."""

    rules: ReadOnly[Sequence[str]]

class V1Alpha1VIPEquinixMetalConfig(TypedDict, total=False):
    """v1alpha1.VIPEquinixMetalConfig."""

    apiToken: ReadOnly[str]

class V1Alpha1VIPHCloudConfig(TypedDict, total=False):
    """v1alpha1.VIPHCloudConfig."""

    apiToken: ReadOnly[str]

class V1Alpha1Vlan(TypedDict, total=False):
    """v1alpha1.Vlan."""

    addresses: ReadOnly[Sequence[str]]
    cidr: ReadOnly[str]
    routes: ReadOnly[Sequence[V1Alpha1Route]]
    dhcp: ReadOnly[bool]
    vlanId: ReadOnly[int]
    mtu: ReadOnly[int]
    vip: ReadOnly[V1Alpha1DeviceVIPConfig]
    dhcpOptions: ReadOnly[V1Alpha1DHCPOptions]

class V1Alpha1VolumeMountConfig(TypedDict, total=False):
    """v1alpha1.VolumeMountConfig."""

    hostPath: ReadOnly[str]
    mountPath: ReadOnly[str]
    readonly: ReadOnly[bool]

class X509PEMEncodedCertificate(TypedDict, total=False):
    """x509.PEMEncodedCertificate."""

    crt: ReadOnly[str]

class X509PEMEncodedCertificateAndKey(TypedDict, total=False):
    """x509.PEMEncodedCertificateAndKey."""

    crt: ReadOnly[str]
    key: ReadOnly[str]

class X509PEMEncodedKey(TypedDict, total=False):
    """x509.PEMEncodedKey."""

    key: ReadOnly[str]

class Viewer(Protocol):
    """How :meth:`talospatch.MachineConfig.view` is called: what it returns depends on the kind."""

    @overload
    def __call__(self, kind: Literal["BGPInstanceConfig"], name: str) -> BGPInstanceConfig | None: ...
    @overload
    def __call__(self, kind: Literal["BlackholeRouteConfig"], name: str) -> BlackholeRouteConfig | None: ...
    @overload
    def __call__(self, kind: Literal["BondConfig"], name: str) -> BondConfig | None: ...
    @overload
    def __call__(self, kind: Literal["BridgeConfig"], name: str) -> BridgeConfig | None: ...
    @overload
    def __call__(self, kind: Literal["CRIBaseRuntimeSpecConfig"], name: Literal[""] = "") -> CRIBaseRuntimeSpecConfig | None: ...
    @overload
    def __call__(self, kind: Literal["CRICustomizationConfig"], name: str) -> CRICustomizationConfig | None: ...
    @overload
    def __call__(self, kind: Literal["ContainerConfig"], name: str) -> ContainerConfig | None: ...
    @overload
    def __call__(self, kind: Literal["DHCPv4Config"], name: str) -> DHCPv4Config | None: ...
    @overload
    def __call__(self, kind: Literal["DHCPv6Config"], name: str) -> DHCPv6Config | None: ...
    @overload
    def __call__(self, kind: Literal["DiscoveryIdentityConfig"], name: Literal[""] = "") -> DiscoveryIdentityConfig | None: ...
    @overload
    def __call__(self, kind: Literal["DiscoveryServiceConfig"], name: str) -> DiscoveryServiceConfig | None: ...
    @overload
    def __call__(self, kind: Literal["DummyLinkConfig"], name: str) -> DummyLinkConfig | None: ...
    @overload
    def __call__(self, kind: Literal["EnvironmentConfig"], name: Literal[""] = "") -> EnvironmentConfig | None: ...
    @overload
    def __call__(self, kind: Literal["EtcFileConfig"], name: str) -> EtcFileConfig | None: ...
    @overload
    def __call__(self, kind: Literal["EthernetConfig"], name: str) -> EthernetConfig | None: ...
    @overload
    def __call__(self, kind: Literal["EventSinkConfig"], name: Literal[""] = "") -> EventSinkConfig | None: ...
    @overload
    def __call__(self, kind: Literal["ExistingVolumeConfig"], name: str) -> ExistingVolumeConfig | None: ...
    @overload
    def __call__(self, kind: Literal["ExtensionServiceConfig"], name: str) -> ExtensionServiceConfig | None: ...
    @overload
    def __call__(self, kind: Literal["ExternalVolumeConfig"], name: str) -> ExternalVolumeConfig | None: ...
    @overload
    def __call__(self, kind: Literal["FilesystemScrubConfig"], name: Literal[""] = "") -> FilesystemScrubConfig | None: ...
    @overload
    def __call__(self, kind: Literal["FilesystemTrimConfig"], name: Literal[""] = "") -> FilesystemTrimConfig | None: ...
    @overload
    def __call__(self, kind: Literal["HCloudVIPConfig"], name: str) -> HCloudVIPConfig | None: ...
    @overload
    def __call__(self, kind: Literal["HTTPProbeConfig"], name: str) -> HTTPProbeConfig | None: ...
    @overload
    def __call__(self, kind: Literal["HostnameConfig"], name: Literal[""] = "") -> HostnameConfig | None: ...
    @overload
    def __call__(self, kind: Literal["ImageCacheConfig"], name: Literal[""] = "") -> ImageCacheConfig | None: ...
    @overload
    def __call__(self, kind: Literal["ImageVerificationConfig"], name: Literal[""] = "") -> ImageVerificationConfig | None: ...
    @overload
    def __call__(self, kind: Literal["KernelModuleConfig"], name: str) -> KernelModuleConfig | None: ...
    @overload
    def __call__(self, kind: Literal["KmsgLogConfig"], name: str) -> KmsgLogConfig | None: ...
    @overload
    def __call__(self, kind: Literal["KubeAPIServerCAConfig"], name: Literal[""] = "") -> KubeAPIServerCAConfig | None: ...
    @overload
    def __call__(self, kind: Literal["KubeAPIServerConfig"], name: Literal[""] = "") -> KubeAPIServerConfig | None: ...
    @overload
    def __call__(self, kind: Literal["KubeAdmissionControlConfig"], name: str) -> KubeAdmissionControlConfig | None: ...
    @overload
    def __call__(self, kind: Literal["KubeAggregatorCAConfig"], name: Literal[""] = "") -> KubeAggregatorCAConfig | None: ...
    @overload
    def __call__(self, kind: Literal["KubeAuditPolicyConfig"], name: Literal[""] = "") -> KubeAuditPolicyConfig | None: ...
    @overload
    def __call__(self, kind: Literal["KubeAuthenticationConfig"], name: Literal[""] = "") -> KubeAuthenticationConfig | None: ...
    @overload
    def __call__(self, kind: Literal["KubeAuthorizerConfig"], name: str) -> KubeAuthorizerConfig | None: ...
    @overload
    def __call__(self, kind: Literal["KubeClusterConfig"], name: Literal[""] = "") -> KubeClusterConfig | None: ...
    @overload
    def __call__(self, kind: Literal["KubeControllerManagerConfig"], name: Literal[""] = "") -> KubeControllerManagerConfig | None: ...
    @overload
    def __call__(self, kind: Literal["KubeCoreDNSConfig"], name: Literal[""] = "") -> KubeCoreDNSConfig | None: ...
    @overload
    def __call__(self, kind: Literal["KubeCredentialProviderConfig"], name: Literal[""] = "") -> KubeCredentialProviderConfig | None: ...
    @overload
    def __call__(self, kind: Literal["KubeEtcdEncryptionConfig"], name: Literal[""] = "") -> KubeEtcdEncryptionConfig | None: ...
    @overload
    def __call__(self, kind: Literal["KubeExternalManifestConfig"], name: str) -> KubeExternalManifestConfig | None: ...
    @overload
    def __call__(self, kind: Literal["KubeFlannelCNIConfig"], name: Literal[""] = "") -> KubeFlannelCNIConfig | None: ...
    @overload
    def __call__(self, kind: Literal["KubeInlineManifestConfig"], name: str) -> KubeInlineManifestConfig | None: ...
    @overload
    def __call__(self, kind: Literal["KubeNetworkConfig"], name: Literal[""] = "") -> KubeNetworkConfig | None: ...
    @overload
    def __call__(self, kind: Literal["KubeNodeConfig"], name: Literal[""] = "") -> KubeNodeConfig | None: ...
    @overload
    def __call__(self, kind: Literal["KubePrismConfig"], name: Literal[""] = "") -> KubePrismConfig | None: ...
    @overload
    def __call__(self, kind: Literal["KubeProxyConfig"], name: Literal[""] = "") -> KubeProxyConfig | None: ...
    @overload
    def __call__(self, kind: Literal["KubeSchedulerConfig"], name: Literal[""] = "") -> KubeSchedulerConfig | None: ...
    @overload
    def __call__(self, kind: Literal["KubeServiceAccountConfig"], name: Literal[""] = "") -> KubeServiceAccountConfig | None: ...
    @overload
    def __call__(self, kind: Literal["KubeSpanConfig"], name: Literal[""] = "") -> KubeSpanConfig | None: ...
    @overload
    def __call__(self, kind: Literal["KubeSpanEndpointsConfig"], name: Literal[""] = "") -> KubeSpanEndpointsConfig | None: ...
    @overload
    def __call__(self, kind: Literal["KubeStaticPodConfig"], name: str) -> KubeStaticPodConfig | None: ...
    @overload
    def __call__(self, kind: Literal["KubeTalosAPIAccessConfig"], name: Literal[""] = "") -> KubeTalosAPIAccessConfig | None: ...
    @overload
    def __call__(self, kind: Literal["KubeletConfig"], name: Literal[""] = "") -> KubeletConfig | None: ...
    @overload
    def __call__(self, kind: Literal["LVMLogicalVolumeConfig"], name: str) -> LVMLogicalVolumeConfig | None: ...
    @overload
    def __call__(self, kind: Literal["LVMVolumeGroupConfig"], name: str) -> LVMVolumeGroupConfig | None: ...
    @overload
    def __call__(self, kind: Literal["Layer2VIPConfig"], name: str) -> Layer2VIPConfig | None: ...
    @overload
    def __call__(self, kind: Literal["LinkAliasConfig"], name: str) -> LinkAliasConfig | None: ...
    @overload
    def __call__(self, kind: Literal["LinkConfig"], name: str) -> LinkConfig | None: ...
    @overload
    def __call__(self, kind: Literal["NetworkDefaultActionConfig"], name: Literal[""] = "") -> NetworkDefaultActionConfig | None: ...
    @overload
    def __call__(self, kind: Literal["NetworkRuleConfig"], name: str) -> NetworkRuleConfig | None: ...
    @overload
    def __call__(self, kind: Literal["OOMConfig"], name: Literal[""] = "") -> OOMConfig | None: ...
    @overload
    def __call__(self, kind: Literal["PCIDriverRebindConfig"], name: str) -> PCIDriverRebindConfig | None: ...
    @overload
    def __call__(self, kind: Literal["RAIDArrayConfig"], name: str) -> RAIDArrayConfig | None: ...
    @overload
    def __call__(self, kind: Literal["RawVolumeConfig"], name: str) -> RawVolumeConfig | None: ...
    @overload
    def __call__(self, kind: Literal["RegistryAuthConfig"], name: str) -> RegistryAuthConfig | None: ...
    @overload
    def __call__(self, kind: Literal["RegistryMirrorConfig"], name: str) -> RegistryMirrorConfig | None: ...
    @overload
    def __call__(self, kind: Literal["RegistryTLSConfig"], name: str) -> RegistryTLSConfig | None: ...
    @overload
    def __call__(self, kind: Literal["ResolverConfig"], name: Literal[""] = "") -> ResolverConfig | None: ...
    @overload
    def __call__(self, kind: Literal["RoutingRuleConfig"], name: str) -> RoutingRuleConfig | None: ...
    @overload
    def __call__(self, kind: Literal["SecurityProfileConfig"], name: Literal[""] = "") -> SecurityProfileConfig | None: ...
    @overload
    def __call__(self, kind: Literal["SideroLinkConfig"], name: Literal[""] = "") -> SideroLinkConfig | None: ...
    @overload
    def __call__(self, kind: Literal["StaticHostConfig"], name: str) -> StaticHostConfig | None: ...
    @overload
    def __call__(self, kind: Literal["SwapVolumeConfig"], name: str) -> SwapVolumeConfig | None: ...
    @overload
    def __call__(self, kind: Literal["SysctlConfig"], name: Literal[""] = "") -> SysctlConfig | None: ...
    @overload
    def __call__(self, kind: Literal["SysfsConfig"], name: Literal[""] = "") -> SysfsConfig | None: ...
    @overload
    def __call__(self, kind: Literal["TCPProbeConfig"], name: str) -> TCPProbeConfig | None: ...
    @overload
    def __call__(self, kind: Literal["TimeSyncConfig"], name: Literal[""] = "") -> TimeSyncConfig | None: ...
    @overload
    def __call__(self, kind: Literal["TrustedRootsConfig"], name: str) -> TrustedRootsConfig | None: ...
    @overload
    def __call__(self, kind: Literal["UdevRulesConfig"], name: Literal[""] = "") -> UdevRulesConfig | None: ...
    @overload
    def __call__(self, kind: Literal["UnattendedInstallConfig"], name: Literal[""] = "") -> UnattendedInstallConfig | None: ...
    @overload
    def __call__(self, kind: Literal["UserVolumeConfig"], name: str) -> UserVolumeConfig | None: ...
    @overload
    def __call__(self, kind: Literal["VLANConfig"], name: str) -> VLANConfig | None: ...
    @overload
    def __call__(self, kind: Literal["VRFConfig"], name: str) -> VRFConfig | None: ...
    @overload
    def __call__(self, kind: Literal["VethConfig"], name: str) -> VethConfig | None: ...
    @overload
    def __call__(self, kind: Literal["VolumeConfig"], name: str) -> VolumeConfig | None: ...
    @overload
    def __call__(self, kind: Literal["WatchdogTimerConfig"], name: Literal[""] = "") -> WatchdogTimerConfig | None: ...
    @overload
    def __call__(self, kind: Literal["WireguardConfig"], name: str) -> WireguardConfig | None: ...
    @overload
    def __call__(self, kind: Literal["ZswapConfig"], name: Literal[""] = "") -> ZswapConfig | None: ...
    @overload
    def __call__(self, kind: Literal["v1alpha1"], name: Literal[""] = "") -> V1Alpha1Config | None: ...
