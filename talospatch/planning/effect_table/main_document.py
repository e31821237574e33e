"""The rows of the main document, and which of its fields Talos up to 1.13 takes without a reboot."""

from __future__ import annotations

from talospatch.planning.effect_table.row import (
    API_SERVER,
    CONTAINERD,
    CONTROLLER_MANAGER,
    CONTROLLERS,
    DROPIN_PATH,
    INTERFACE,
    KUBELET,
    MACHINED,
    SCHEDULER,
    STATIC_PODS,
    Effect,
    Row,
)
from talospatch.versions import Fact

# The function CanApplyImmediate: it compares the main documents, these fields left out, and any other difference means a reboot. Removed
# before v1.14.0-alpha.2. Other documents were never compared.
IMMEDIATE_SOURCE = f"{MACHINED}runtime/v1alpha1/v1alpha1_runtime.go"
IMMEDIATE = (
    "debug",
    "cluster",
    "machine.ca",
    "machine.acceptedCAs",
    "machine.time",
    "machine.certSANs",
    "machine.install",
    "machine.network",
    "machine.sysfs",
    "machine.sysctls",
    "machine.logging",
    "machine.controlPlane",
    "machine.kubelet",
    "machine.kernel",
    "machine.registries",
    "machine.pods",
    "machine.seccompProfiles",
    "machine.nodeAnnotations",
    "machine.nodeLabels",
    "machine.nodeTaints",
    "machine.features.kubernetesTalosAPIAccess",
    "machine.features.kubePrism",
    "machine.features.hostDNS",
    "machine.features.imageCache",
    "machine.features.nodeAddressSortAlgorithm",
)

NETWORK, K8S, SECRETS = f"{CONTROLLERS}network/", f"{CONTROLLERS}k8s/", f"{CONTROLLERS}secrets/"
TASKS = f"{MACHINED}runtime/v1alpha1/v1alpha1_sequencer_tasks.go"
APID = "internal/app/apid/pkg/provider/provider.go"
STATIC_POD = f"{K8S}control_plane_static_pod.go"
KUBELET_SPEC, KUBELET_CONFIG = f"{K8S}kubelet_spec.go", f"{K8S}kubelet_config.go"
VOLUMES = f"{CONTROLLERS}block/volume_manager.go"

BY_NETWORK = "by machined's network controllers"
ADDRESSES = "by machined's network controllers; the kubelet restarts too where the node's address becomes another"
MANIFESTS = "missing objects are created; those that Kubernetes has are left as they are, until talosctl upgrade-k8s"
CERTIFICATES = "apid and trustd take new certificates without a restart"
SERVICE_START = "each service takes it when it starts next"
UNREAD = "nothing in Talos reads it"
WITHOUT_KUBEPRISM = "only where KubePrism is off"
NEXT_KUBECONFIG = "in the next kubeconfig that is asked for"

# Any change of a secret of Kubernetes makes the kubeconfigs of the static pods anew, which replaces all three; and the kube-apiserver's pod
# carries the version of the scheduler's configuration, too.
ROOT_SECRETS = f"{SECRETS}kubernetes.go"
SCHEDULER_FILES = f"{K8S}render_config_static_pods.go"

MACHINE = (
    Row("version", Effect.NOTHING, f"{INTERFACE}config.go", note=UNREAD),
    Row("persist", Effect.NOTHING, f"{INTERFACE}config.go", note=UNREAD),
    Row("debug", Effect.NEXT_BOOT, f"{MACHINED}system/services/cri.go", note=f"the console's log level changes at once; {SERVICE_START}"),
    Row("machine.type", Effect.NEXT_BOOT, TASKS, note="etcd and trustd are started at boot; machined's controllers follow at once"),
    Row("machine.token", Effect.LIVE, "internal/app/trustd/main.go", note="trustd asks for the new token from then on"),
    Row("machine.ca", Effect.LIVE, APID, note=CERTIFICATES),
    Row("machine.acceptedCAs", Effect.LIVE, APID, note=CERTIFICATES),
    Row("machine.certSANs", Effect.LIVE, APID, note=CERTIFICATES),
    Row("machine.controlPlane.controllerManager", Effect.LIVE, STATIC_POD, (CONTROLLER_MANAGER,), control_plane=True),
    Row("machine.controlPlane.scheduler", Effect.LIVE, SCHEDULER_FILES, (SCHEDULER, API_SERVER), control_plane=True),
    Row("machine.kubelet", Effect.LIVE, f"{K8S}kubelet_service.go", (KUBELET,)),
    Row("machine.kubelet.nodeIP", Effect.LIVE, f"{K8S}nodeip.go", (KUBELET,), "only where it makes the node's address another"),
    Row("machine.kubelet.registerWithFQDN", Effect.LIVE, f"{K8S}nodename.go", (KUBELET,), "it registers the node by its new name"),
    Row("machine.kubelet.skipNodeRegistration", Effect.LIVE, KUBELET_SPEC, (KUBELET,)),
    Row("machine.kubelet.skipNodeRegistration", Effect.LIVE, f"{K8S}control_plane.go", (API_SERVER,), control_plane=True),
    Row("machine.pods", Effect.LIVE, f"{K8S}static_pod_server.go", note="the kubelet starts, replaces and stops these pods"),
    Row("machine.network", Effect.LIVE, f"{NETWORK}link_config.go", note=ADDRESSES),
    Row("machine.network.hostname", Effect.LIVE, KUBELET_SPEC, (KUBELET,), "it registers the node by its new name"),
    Row("machine.network.nameservers", Effect.LIVE, f"{NETWORK}resolver_config.go", note=BY_NETWORK),
    Row("machine.network.searchDomains", Effect.LIVE, f"{NETWORK}resolver_config.go", note=BY_NETWORK),
    Row("machine.network.disableSearchDomain", Effect.LIVE, f"{NETWORK}resolver_config.go", note=BY_NETWORK),
    Row("machine.network.extraHostEntries", Effect.LIVE, f"{NETWORK}etcfile.go", note=BY_NETWORK),
    Row("machine.network.kubespan", Effect.LIVE, f"{CONTROLLERS}kubespan/config.go", note=BY_NETWORK),
    Row("machine.disks", Effect.NEXT_BOOT, f"{CONTROLLERS}block/user_disk_config.go", note="a new partition is made and mounted at once"),
    Row("machine.install", Effect.AT_INSTALL, TASKS),
    Row("machine.install.extraKernelArgs", Effect.AT_INSTALL, "internal/pkg/install/install.go", note="an upgrade reads it, too"),
    Row("machine.files", Effect.NEXT_BOOT, TASKS),
    Row(
        f"machine.files[path={DROPIN_PATH}]",
        Effect.CRI_RESTART,
        f"{CONTROLLERS}cri/service.go",
        (CONTAINERD,),
        since=Fact.LIVE_CRI_CUSTOMIZATION,
    ),
    Row("machine.env", Effect.NEXT_BOOT, "internal/pkg/environment/environment.go", note=SERVICE_START),
    Row("machine.time", Effect.LIVE, f"{CONTROLLERS}time/sync.go", note="by machined's time controllers"),
    Row("machine.sysctls", Effect.LIVE, f"{CONTROLLERS}runtime/kernel_param_config.go"),
    Row("machine.sysfs", Effect.LIVE, f"{CONTROLLERS}runtime/kernel_param_config.go"),
    Row("machine.registries", Effect.LIVE, f"{CONTROLLERS}cri/registries_config.go", note="containerd does not restart"),
    Row("machine.registries.config.*.auth", Effect.NEXT_BOOT, IMMEDIATE_SOURCE, until=Fact.LIVE_CRI_CUSTOMIZATION),
    Row(
        "machine.registries.config.*.auth",
        Effect.CRI_RESTART,
        f"{CONTROLLERS}files/cri_config.go",
        (CONTAINERD,),
        since=Fact.LIVE_CRI_CUSTOMIZATION,
    ),
    Row(
        "machine.systemDiskEncryption",
        Effect.NEXT_BOOT,
        f"{CONTROLLERS}block/internal/volumes/encrypt.go",
        note="a volume that is there unencrypted is not converted, and does not open",
    ),
    Row("machine.features.rbac", Effect.NOTHING, f"{INTERFACE}machine.go", note=UNREAD),
    Row("machine.features.stableHostname", Effect.NOTHING, f"{INTERFACE}machine.go", note=UNREAD),
    Row("machine.features.apidCheckExtKeyUsage", Effect.NOTHING, f"{INTERFACE}machine.go", note=UNREAD),
    Row("machine.features.kubernetesTalosAPIAccess", Effect.LIVE, f"{SECRETS}root.go", note=CERTIFICATES),
    Row("machine.features.diskQuotaSupport", Effect.LIVE, KUBELET_CONFIG, (KUBELET,)),
    Row("machine.features.diskQuotaSupport", Effect.NEXT_BOOT, VOLUMES, note="/var is mounted with quotas"),
    Row("machine.features.kubePrism", Effect.LIVE, f"{SECRETS}kubelet.go", (KUBELET,)),
    Row("machine.features.kubePrism", Effect.LIVE, ROOT_SECRETS, STATIC_PODS, control_plane=True),
    Row("machine.features.hostDNS", Effect.LIVE, f"{NETWORK}hostdns_config.go", note=BY_NETWORK),
    Row("machine.features.imageCache", Effect.LIVE, f"{CONTROLLERS}cri/image_cache_config.go", note="registryd is started"),
    Row("machine.features.nodeAddressSortAlgorithm", Effect.LIVE, f"{NETWORK}node_address_sort_algorithm.go", note=ADDRESSES),
    Row("machine.udev", Effect.NEXT_BOOT, TASKS, until=Fact.LIVE_UDEV_RULES),
    Row(
        "machine.udev",
        Effect.LIVE,
        f"{CONTROLLERS}files/udev.go",
        note="udevd reloads its rules and sees every device anew",
        since=Fact.LIVE_UDEV_RULES,
    ),
    Row("machine.logging", Effect.LIVE, f"{MACHINED}runtime/v1alpha2/v1alpha2_controller.go"),
    Row("machine.kernel", Effect.LIVE, f"{CONTROLLERS}runtime/kernel_module_spec.go", note="modules are loaded, never unloaded"),
    Row("machine.seccompProfiles", Effect.LIVE, f"{CONTROLLERS}cri/seccomp_profile_file.go", note="the profile's file is written anew"),
    Row(
        "machine.baseRuntimeSpecOverrides",
        Effect.NEXT_BOOT,
        f"{CONTROLLERS}files/cri_base_runtime_spec.go",
        until=Fact.LIVE_CRI_CUSTOMIZATION,
    ),
    Row(
        "machine.baseRuntimeSpecOverrides",
        Effect.CRI_RESTART,
        f"{CONTROLLERS}cri/service.go",
        (CONTAINERD,),
        since=Fact.LIVE_CRI_CUSTOMIZATION,
    ),
    Row("machine.nodeLabels", Effect.LIVE, f"{K8S}node_apply.go"),
    Row("machine.nodeAnnotations", Effect.LIVE, f"{K8S}node_apply.go"),
    Row("machine.nodeTaints", Effect.LIVE, f"{K8S}node_apply.go", until=Fact.KUBELET_REGISTERS_TAINTS),
    Row("machine.nodeTaints", Effect.LIVE, KUBELET_CONFIG, (KUBELET,), since=Fact.KUBELET_REGISTERS_TAINTS),
)

CLUSTER = (
    Row("cluster.id", Effect.LIVE, f"{CONTROLLERS}cluster/config.go"),
    Row("cluster.secret", Effect.LIVE, f"{CONTROLLERS}cluster/config.go"),
    Row("cluster.controlPlane.endpoint", Effect.LIVE, ROOT_SECRETS, STATIC_PODS, control_plane=True),
    Row("cluster.controlPlane.endpoint", Effect.LIVE, f"{SECRETS}kubelet.go", (KUBELET,), f"on workers, and {WITHOUT_KUBEPRISM}"),
    Row("cluster.controlPlane.localAPIServerPort", Effect.LIVE, f"{K8S}control_plane.go", (API_SERVER,), control_plane=True),
    Row(
        "cluster.controlPlane.localAPIServerPort",
        Effect.LIVE,
        f"{SECRETS}root.go",
        (CONTROLLER_MANAGER, SCHEDULER, KUBELET),
        WITHOUT_KUBEPRISM,
        control_plane=True,
    ),
    Row("cluster.clusterName", Effect.LIVE, ROOT_SECRETS, STATIC_PODS, control_plane=True),
    Row("cluster.network.cni", Effect.LIVE, f"{K8S}manifest_apply.go", note=MANIFESTS, control_plane=True),
    Row("cluster.network.dnsDomain", Effect.LIVE, KUBELET_CONFIG, (KUBELET,)),
    Row("cluster.network.dnsDomain", Effect.LIVE, ROOT_SECRETS, STATIC_PODS, control_plane=True),
    Row("cluster.network.podSubnets", Effect.LIVE, f"{K8S}address_filter.go", note=ADDRESSES),
    Row("cluster.network.podSubnets", Effect.LIVE, f"{K8S}control_plane.go", (CONTROLLER_MANAGER,), control_plane=True),
    Row("cluster.network.serviceSubnets", Effect.LIVE, KUBELET_CONFIG, (KUBELET,), "unless its clusterDNS is set"),
    Row("cluster.network.serviceSubnets", Effect.LIVE, ROOT_SECRETS, STATIC_PODS, control_plane=True),
    Row("cluster.token", Effect.LIVE, f"{SECRETS}kubelet.go", (KUBELET,)),
    Row("cluster.token", Effect.LIVE, ROOT_SECRETS, STATIC_PODS, control_plane=True),
    Row("cluster.aescbcEncryptionSecret", Effect.LIVE, ROOT_SECRETS, STATIC_PODS, control_plane=True),
    Row("cluster.secretboxEncryptionSecret", Effect.LIVE, ROOT_SECRETS, STATIC_PODS, control_plane=True),
    Row("cluster.ca", Effect.LIVE, f"{SECRETS}kubelet.go", (KUBELET,)),
    Row("cluster.ca", Effect.LIVE, ROOT_SECRETS, STATIC_PODS, control_plane=True),
    Row("cluster.acceptedCAs", Effect.LIVE, f"{SECRETS}kubelet.go", (KUBELET,)),
    Row("cluster.acceptedCAs", Effect.LIVE, ROOT_SECRETS, STATIC_PODS, control_plane=True),
    Row("cluster.aggregatorCA", Effect.LIVE, ROOT_SECRETS, STATIC_PODS, control_plane=True),
    Row("cluster.serviceAccount", Effect.LIVE, ROOT_SECRETS, STATIC_PODS, control_plane=True),
    Row("cluster.apiServer", Effect.LIVE, STATIC_POD, (API_SERVER,), control_plane=True),
    Row("cluster.apiServer.certSANs", Effect.LIVE, ROOT_SECRETS, STATIC_PODS, control_plane=True),
    Row(
        "cluster.apiServer.disablePodSecurityPolicy",
        Effect.LIVE,
        "internal/app/machined/pkg/controllers/k8s/control_plane.go",
        (API_SERVER,),
        until=Fact.NO_POD_SECURITY_POLICY,
        control_plane=True,
    ),
    Row(
        "cluster.apiServer.disablePodSecurityPolicy",
        Effect.NOTHING,
        f"{INTERFACE}cluster.go",
        note=UNREAD,
        since=Fact.NO_POD_SECURITY_POLICY,
    ),
    Row("cluster.controllerManager", Effect.LIVE, STATIC_POD, (CONTROLLER_MANAGER,), control_plane=True),
    Row("cluster.proxy", Effect.LIVE, f"{K8S}manifest_apply.go", note=MANIFESTS, control_plane=True),
    Row("cluster.scheduler", Effect.LIVE, SCHEDULER_FILES, (SCHEDULER, API_SERVER), control_plane=True),
    Row("cluster.discovery", Effect.LIVE, f"{CONTROLLERS}cluster/config.go"),
    Row("cluster.etcd", Effect.NEXT_BOOT, f"{MACHINED}system/services/etcd.go", note="etcd is not restarted", control_plane=True),
    Row("cluster.etcd.ca", Effect.NO_REBOOT, f"{CONTROLLERS}etcd/pki.go", note="etcd is not restarted", control_plane=True),
    Row("cluster.coreDNS", Effect.LIVE, f"{K8S}manifest_apply.go", note=MANIFESTS, control_plane=True),
    Row("cluster.externalCloudProvider.enabled", Effect.LIVE, KUBELET_CONFIG, (KUBELET,)),
    Row(
        "cluster.externalCloudProvider.enabled",
        Effect.LIVE,
        f"{K8S}control_plane.go",
        (API_SERVER, CONTROLLER_MANAGER),
        control_plane=True,
    ),
    Row("cluster.externalCloudProvider.manifests", Effect.LIVE, f"{K8S}manifest_apply.go", note=MANIFESTS, control_plane=True),
    Row("cluster.extraManifests", Effect.LIVE, f"{K8S}manifest_apply.go", note=MANIFESTS, control_plane=True),
    Row("cluster.extraManifestHeaders", Effect.LIVE, f"{K8S}manifest_apply.go", note=MANIFESTS, control_plane=True),
    Row("cluster.inlineManifests", Effect.LIVE, f"{K8S}manifest_apply.go", note=MANIFESTS, control_plane=True),
    Row("cluster.adminKubeconfig", Effect.LIVE, "pkg/kubeconfig/generate.go", note=NEXT_KUBECONFIG, control_plane=True),
    Row("cluster.allowSchedulingOnMasters", Effect.LIVE, KUBELET_CONFIG, (KUBELET,), control_plane=True),
    Row("cluster.allowSchedulingOnControlPlanes", Effect.LIVE, KUBELET_CONFIG, (KUBELET,), control_plane=True),
)

ROWS = MACHINE + CLUSTER
