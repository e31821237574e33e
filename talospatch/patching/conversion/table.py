"""All conversions, in the order of making them, and what has documents but no conversion. docs/reference/conversions.md is made of it.

Source of every row: Talos's own code at v1.12.11, v1.13.9 and v1.14.0-rc.1, below ``pkg/machinery/config`` (both forms answer the same
questions, ``config.Config``, and ``container`` says which of them counts) and ``internal/app/machined/pkg/controllers`` (who asks, and what
of the answer has an effect). What that code answers for both forms of many configs is recorded in ``tests/vectors/convert``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from talospatch.patching.conversion import cri, discovery, host, kubelet, kubernetes, maps, network, registries
from talospatch.talos.finding import Severity

if TYPE_CHECKING:
    from talospatch.patching.conversion.rule import Rule

# Where one form of something needs another, the order is that of going forward: the kubelet's section must be without what is the node's,
# a discovery service needs an identity in either form. Going back is the other way round.
RULES: tuple[Rule, ...] = (
    *cri.RULES,
    *network.RULES,
    *registries.RULES,
    *maps.RULES,
    *host.RULES,
    *discovery.RULES,
    *kubernetes.RULES,
    *kubelet.RULES,
)
BY_CODE = {rule.code: rule for rule in RULES}


class Code(NamedTuple):
    """A finding that a conversion can have.

    Attributes:
        code: a stable word for scripts.
        severity: how grave it is.
        meaning: what it says, in one sentence.
    """

    code: str
    severity: Severity
    meaning: str


FINDINGS = (
    Code("conversion-left", Severity.ERROR, "something stays that the version cannot read: a node on it would not boot with this config"),
    Code("conversion-both-set", Severity.WARNING, "both forms say something about it; neither is changed"),
    Code("conversion-not-expressible", Severity.WARNING, "the other form has no way to say it; it stays"),
    Code("conversion-repeated", Severity.WARNING, "it stands there more than once, where the other form can hold it once; it stays"),
    Code("conversion-not-valid", Severity.WARNING, "in the other form Talos would refuse the config, or no patch could say it; it stays"),
    Code("conversion-no-main-document", Severity.WARNING, "there is no main document that it could move back into; it stays"),
    Code("conversion-older-node", Severity.NOTE, "the oldest Talos of the cluster lacks the document, so it is not made"),
    Code(
        "conversion-rollback",
        Severity.NOTE,
        "the Talos before lacks documents that are made, and would not boot with them after a rollback",
    ),
    Code("conversion-op-dropped", Severity.NOTE, "the drop-in's op, which a document does not have, never counted for it"),
    Code("conversion-carrier", Severity.NOTE, "talospatch, applying the patch, would put the drop-in back into a document"),
    Code("conversion-comments", Severity.NOTE, "comments beside what was moved that have no one place to go to in the new form"),
    Code("conversion-patch-not-for-talosctl", Severity.NOTE, "talosctl would make something else of the patch, or fail"),
)


class NotMade(NamedTuple):
    """Something that has documents of its own and is not converted.

    Attributes:
        legacy: where it stands in the main document.
        kinds: the documents.
        why: what would be lost, or why that cannot be shown.
    """

    legacy: str
    kinds: tuple[str, ...]
    why: str


NOT_MADE = (
    NotMade(
        "machine.network.interfaces",
        ("LinkConfig", "BondConfig", "BridgeConfig", "VLANConfig", "DHCPv4Config", "Layer2VIPConfig"),
        "with the first such document Talos stops asking for addresses by DHCP on links that no document names (RunDefaultDHCPOperators)",
    ),
    NotMade(
        "machine.disks, machine.systemDiskEncryption",
        ("UserVolumeConfig", "VolumeConfig"),
        "disks that hold data: partitions are found by other means, and a mistake in encryption makes them unreadable",
    ),
    NotMade(
        "machine.install",
        ("UnattendedInstallConfig",),
        "other defaults (wiping, rebooting), disks by expression only, no extensions or kernel arguments; a running node does not use it",
    ),
    NotMade(
        "machine.files, other paths",
        ("EtcFileConfig",),
        "the document writes below /etc only, not what Talos manages there, and knows no append",
    ),
    NotMade(
        "cluster.extraManifests, cluster.extraManifestHeaders, cluster.network.cni.urls",
        ("KubeExternalManifestConfig",),
        "Talos tells manifests by their URL there and by the document's name here, so the resources would be made anew",
    ),
    NotMade(
        "cluster.apiServer",
        ("KubeAPIServerConfig", "KubeAuthorizerConfig", "KubeAuthenticationConfig"),
        "with the document the API server gets structured authentication, no default authorizers, startup probes and another volume",
    ),
    NotMade(
        "cluster.controllerManager, cluster.scheduler, cluster.proxy",
        ("KubeControllerManagerConfig", "KubeSchedulerConfig", "KubeProxyConfig"),
        "no extra volumes; kube-proxy reads a file instead of flags; images that change with Talos must be written down",
    ),
    NotMade(
        "cluster.network",
        ("KubeNetworkConfig", "KubeFlannelCNIConfig"),
        "a custom CNI's manifests are not part of it, and Flannel's document may not stand on workers",
    ),
    NotMade(
        "cluster.clusterName, cluster.controlPlane.endpoint, cluster.serviceAccount",
        ("KubeClusterConfig", "KubeServiceAccountConfig"),
        "the issuer of service account tokens follows from the endpoint there and is given on its own here: all would have to move at once",
    ),
    NotMade(
        "cluster.ca, cluster.aggregatorCA, cluster.aescbcEncryptionSecret, cluster.secretboxEncryptionSecret",
        ("KubeAPIServerCAConfig", "KubeAggregatorCAConfig", "KubeEtcdEncryptionConfig"),
        "secrets that tools beside Talos read at their place in the main document, and keys of etcd's encryption that get names",
    ),
)
