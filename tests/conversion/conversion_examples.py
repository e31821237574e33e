"""Of every rule a config before and after, and the Talos that knows both forms."""

from __future__ import annotations

import base64
from typing import NamedTuple

from conversion_cases import CERTIFICATE, KEY_32


class Example(NamedTuple):
    """A rule at work.

    Attributes:
        rule: its code.
        minor: the first Talos minor that has the documents.
        legacy: what the main document says in the older form: lines of the machine section, or, from ``cluster:`` on, of the other.
        documents: the documents that come of it, without their ``apiVersion``.
        worker: whether the config is a worker's.
        kept: lines of the cluster section that both forms have.
    """

    rule: str
    minor: str
    legacy: str
    documents: tuple[str, ...]
    worker: bool = True
    kept: str = ""

    @property
    def old(self) -> str:
        """The config in the older form."""
        machine, _, cluster = self.legacy.partition("cluster:\n")
        return self._main(machine, cluster)

    @property
    def new(self) -> str:
        """The config in documents."""
        return self._main("", "") + "".join(f"---\napiVersion: v1alpha1\n{document}" for document in self.documents)

    def _main(self, machine: str, cluster: str) -> str:
        kind = "worker" if self.worker else "controlplane"
        endpoint = "  controlPlane:\n    endpoint: https://10.0.0.2:6443\n"
        return f"machine:\n  type: {kind}\n{machine}cluster:\n{endpoint}{self.kept}{cluster}"


def _pem() -> str:
    """Return the certificate as a document holds it."""
    return "".join(f"  {line}\n" for line in base64.b64decode(CERTIFICATE).decode().splitlines())


EXAMPLES = (
    Example(
        "cri-customization",
        "1.14",
        """\
  files:
    - content: |
        [metrics]
          address = "0.0.0.0:11234"
      path: /etc/cri/conf.d/20-customization.part
      op: create
""",
        (
            """\
kind: CRICustomizationConfig
name: customization-file
content: |
  [metrics]
    address = "0.0.0.0:11234"
""",
        ),
    ),
    Example("hostname", "1.12", "  network:\n    hostname: w1.example.com\n", ("kind: HostnameConfig\nhostname: w1.example.com\n",)),
    Example("hostname", "1.12", "  features:\n    stableHostname: true\n", ("kind: HostnameConfig\nauto: stable\n",)),
    Example(
        "static-hosts",
        "1.12",
        "  network:\n    extraHostEntries:\n      - ip: 10.0.0.1\n        aliases:\n          - a\n          - a.example.com\n",
        ("kind: StaticHostConfig\nname: 10.0.0.1\nhostnames:\n  - a\n  - a.example.com\n",),
    ),
    Example(
        "resolvers",
        "1.12",
        "  network:\n    nameservers:\n      - 1.1.1.1\n      - 2606:4700:4700::1111\n    searchDomains:\n      - example.com\n"
        "    disableSearchDomain: true\n",
        (
            """\
kind: ResolverConfig
nameservers:
  - address: 1.1.1.1
  - address: "2606:4700:4700::1111"
searchDomains:
  domains:
    - example.com
  disableDefault: true
""",
        ),
    ),
    Example(
        "host-dns",
        "1.14",
        "  features:\n    hostDNS:\n      enabled: true\n      forwardKubeDNSToHost: true\n",
        ("kind: ResolverConfig\nhostDNS:\n  enabled: true\n  forwardKubeDNSToHost: true\n",),
    ),
    Example(
        "time",
        "1.12",
        "  time:\n    disabled: false\n    servers:\n      - pool.ntp.org\n    bootTimeout: 2m0s\n",
        ("kind: TimeSyncConfig\nenabled: true\nbootTimeout: 2m0s\nntp:\n  servers:\n    - pool.ntp.org\n",),
    ),
    Example("time", "1.12", "  time:\n    servers:\n      - /dev/ptp0\n", ("kind: TimeSyncConfig\nptp:\n  devices:\n    - /dev/ptp0\n",)),
    Example(
        "kubespan",
        "1.13",
        "  network:\n    kubespan:\n      advertiseKubernetesNetworks: false\n      mtu: 1400\n      filters:\n        endpoints:\n"
        "          - 0.0.0.0/0\n        excludeAdvertisedNetworks:\n          - 192.168.0.0/16\n",
        (
            """\
kind: KubeSpanConfig
advertiseKubernetesNetworks: false
mtu: 1400
filters:
  endpoints:
    - 0.0.0.0/0
  excludeAdvertisedNetworks:
    - 192.168.0.0/16
""",
        ),
    ),
    Example(
        "registry-mirrors",
        "1.12",
        "  registries:\n    mirrors:\n      docker.io:\n        endpoints:\n          - https://a.example/v2/x\n          - http://b:5000\n"
        "        overridePath: true\n      '*':\n        skipFallback: true\n",
        (
            """\
kind: RegistryMirrorConfig
name: docker.io
endpoints:
  - url: https://a.example/v2/x
    overridePath: true
  - url: http://b:5000
    overridePath: true
""",
            'kind: RegistryMirrorConfig\nname: "*"\nskipFallback: true\n',
        ),
    ),
    Example(
        "registry-auth",
        "1.12",
        "  registries:\n    config:\n      a.example:5000:\n        auth:\n          username: u\n          password: pass-w0rd\n",
        ("kind: RegistryAuthConfig\nname: a.example:5000\nusername: u\npassword: pass-w0rd\n",),
    ),
    Example(
        "registry-tls",
        "1.12",
        f"  registries:\n    config:\n      a.example:5000:\n        tls:\n          ca: {CERTIFICATE}\n"
        "          insecureSkipVerify: true\n",
        (f"kind: RegistryTLSConfig\nname: a.example:5000\nca: |\n{_pem()}insecureSkipVerify: true\n",),
    ),
    Example(
        "sysctls",
        "1.14",
        '  sysctls:\n    net.core.somaxconn: "65535"\n    vm/swappiness: "0"\n',
        ('kind: SysctlConfig\nparams:\n  net.core.somaxconn: "65535"\n  vm/swappiness: "0"\n',),
    ),
    Example("sysfs", "1.14", "  sysfs:\n    a.b: performance\n", ("kind: SysfsConfig\nparams:\n  a.b: performance\n",)),
    Example(
        "environment",
        "1.13",
        "  env:\n    https_proxy: http://proxy:3128\n",
        ("kind: EnvironmentConfig\nvariables:\n  https_proxy: http://proxy:3128\n",),
    ),
    Example(
        "kernel-modules",
        "1.14",
        "  kernel:\n    modules:\n      - name: br_netfilter\n      - name: nvme\n        parameters:\n          - poll_queues=4\n",
        ("kind: KernelModuleConfig\nname: br_netfilter\n", "kind: KernelModuleConfig\nname: nvme\nparameters:\n  - poll_queues=4\n"),
    ),
    Example(
        "udev",
        "1.14",
        '  udev:\n    rules:\n      - SUBSYSTEM=="drm", GROUP="44"\n',
        ('kind: UdevRulesConfig\nrules:\n  - SUBSYSTEM=="drm", GROUP="44"\n',),
    ),
    Example(
        "image-cache",
        "1.14",
        "  features:\n    imageCache:\n      localEnabled: true\n",
        ("kind: ImageCacheConfig\nlocal:\n  enabled: true\n",),
    ),
    Example(
        "base-runtime-spec",
        "1.14",
        "  baseRuntimeSpecOverrides:\n    process:\n      rlimits:\n        - type: RLIMIT_NOFILE\n          hard: 1024\n",
        ("kind: CRIBaseRuntimeSpecConfig\noverrides:\n  process:\n    rlimits:\n      - type: RLIMIT_NOFILE\n        hard: 1024\n",),
    ),
    Example(
        "discovery-service",
        "1.14",
        "cluster:\n  discovery:\n    enabled: true\n    registries:\n      kubernetes:\n        disabled: true\n      service:\n"
        "        endpoint: https://discovery.example/\n",
        ("kind: DiscoveryServiceConfig\nname: default\nendpoint: https://discovery.example/\n",),
        kept=f"  id: {KEY_32}\n  secret: {KEY_32}\n",
    ),
    Example(
        "discovery-identity",
        "1.14",
        f"cluster:\n  id: {KEY_32}\n  secret: {KEY_32}\n",
        (f"kind: DiscoveryIdentityConfig\nclusterID: {KEY_32}\nclusterSecret: {KEY_32}\n",),
    ),
    Example(
        "kubeprism",
        "1.14",
        "  features:\n    kubePrism:\n      enabled: true\n      port: 7445\n",
        ("kind: KubePrismConfig\nport: 7445\n",),
    ),
    Example(
        "talos-api-access",
        "1.14",
        "  features:\n    kubernetesTalosAPIAccess:\n      enabled: true\n      allowedRoles:\n        - os:reader\n"
        "      allowedKubernetesNamespaces:\n        - kube-system\n",
        ("kind: KubeTalosAPIAccessConfig\nallowedRoles:\n  - os:reader\nallowedKubernetesNamespaces:\n  - kube-system\n",),
        worker=False,
    ),
    Example(
        "static-pods",
        "1.14",
        "  pods:\n    - apiVersion: v1\n      kind: Pod\n      metadata:\n        name: nginx\n",
        ("kind: KubeStaticPodConfig\nname: default-nginx\npod:\n  apiVersion: v1\n  kind: Pod\n  metadata:\n    name: nginx\n",),
    ),
    Example(
        "inline-manifests",
        "1.14",
        "cluster:\n  inlineManifests:\n    - name: ci\n      contents: |\n        kind: Namespace\n        metadata:\n          name: ci\n",
        ("kind: KubeInlineManifestConfig\nname: ci\nmanifest: |\n  kind: Namespace\n  metadata:\n    name: ci\n",),
        worker=False,
    ),
    Example(
        "coredns",
        "1.14",
        "cluster:\n  coreDNS:\n    disabled: true\n",
        ("kind: KubeCoreDNSConfig\nenabled: false\n",),
        worker=False,
    ),
    Example(
        "admission-control",
        "1.14",
        "cluster:\n  apiServer:\n    admissionControl:\n      - name: PodSecurity\n        configuration:\n"
        "          kind: PodSecurityConfiguration\n",
        ("kind: KubeAdmissionControlConfig\nname: PodSecurity\nconfiguration:\n  kind: PodSecurityConfiguration\n",),
        worker=False,
    ),
    Example(
        "audit-policy",
        "1.14",
        "cluster:\n  apiServer:\n    auditPolicy:\n      kind: Policy\n      rules:\n        - level: Metadata\n",
        ("kind: KubeAuditPolicyConfig\nconfiguration:\n  kind: Policy\n  rules:\n    - level: Metadata\n",),
        worker=False,
    ),
    Example(
        "node",
        "1.14",
        '  nodeLabels:\n    example.com/pool: "1"\n  nodeTaints:\n    gpu: yes:NoSchedule\n  kubelet:\n    nodeIP:\n      validSubnets:\n'
        "        - 10.0.0.0/8\n",
        (
            """\
kind: KubeNodeConfig
nodeIP:
  validSubnets:
    - 10.0.0.0/8
labels:
  example.com/pool: "1"
taints:
  gpu: yes:NoSchedule
""",
        ),
    ),
    Example(
        "node",
        "1.14",
        "  nodeAnnotations:\n    example.com/rack: r13\n",
        (
            """\
kind: KubeNodeConfig
labels:
  node-role.kubernetes.io/control-plane: ""
annotations:
  example.com/rack: r13
taints:
  node-role.kubernetes.io/control-plane: NoSchedule
""",
        ),
        worker=False,
    ),
    Example(
        "kubelet",
        "1.14",
        """\
  kubelet:
    image: ghcr.io/siderolabs/kubelet:v1.37.0
    extraArgs:
      rotate-server-certificates: "true"
    extraConfig:
      maxPods: 200
    credentialProviderConfig:
      kind: CredentialProviderConfig
    disableManifestsDirectory: true
""",
        (
            """\
kind: KubeletConfig
image: ghcr.io/siderolabs/kubelet:v1.37.0
config:
  maxPods: 200
extraArgs:
  rotate-server-certificates: "true"
""",
            "kind: KubeCredentialProviderConfig\nconfiguration:\n  kind: CredentialProviderConfig\n",
        ),
    ),
)
