"""Random configs that have something to convert: sections that rules take, mostly as people write them, with the odd cases strewn in."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random
from typing import Any

import yaml
from oracle_cases import Maker

from talospatch.patching.conversion.table import RULES
from talospatch.versions import TalosVersion

Tree = Any  # dict of trees, list of trees, or the text of a scalar as it stands in YAML

PART = "/etc/cri/conf.d/20-customization.part"
KEY_32 = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa="
# A self-signed certificate and its key, made for these tests, as base64 of PEM; nothing trusts it.
CERTIFICATE = (
    "LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0tCk1JSExNSCtnQXdJQkFnSUJBVEFGQmdNclpYQXdEekVOTUFzR0ExVUVBd3dFZEdWemREQWdGdz"
    "B5TURBeE1ERXcKTURBd01EQmFHQTh5TURrNU1ERXdNVEF3TURBd01Gb3dEekVOTUFzR0ExVUVBd3dFZEdWemREQXFNQVVHQXl0bApjQU1oQVBk"
    "UU9IVWNHV2x0dllSRWxJSEFBZTFkZVRZeUJ2cDdacnVPUGZYN1kzWUtNQVVHQXl0bGNBTkJBT1ZnCmp2VUNKaVRpNXNrNEE2ZFJuNXlSN2MyMD"
    "FwWXdKeFo3c0lRNVJhSjYzWXJIcWExcCtLcHFyWTVJelU5MTZPVGgKVXJwenVBdFlLZWk2S25sVGd3RT0KLS0tLS1FTkQgQ0VSVElGSUNBVEUt"
    "LS0tLQo="
)
PRIVATE_KEY = (
    "LS0tLS1CRUdJTiBQUklWQVRFIEtFWS0tLS0tCk1DNENBUUF3QlFZREsyVndCQ0lFSUppdE9JR2JudVlpZmhUbmZic2pVMklKdStnbkxqWUk3eV"
    "JJck5nVXF0OEoKLS0tLS1FTkQgUFJJVkFURSBLRVktLS0tLQo="
)
CONTENTS = (
    '"[metrics]\\n  address = \\"0.0.0.0:11234\\"\\n"',
    '"[metrics]\\naddress = \\"0.0.0.0:11234\\"\\ngrpc_histogram = true\\n"',
    '"[plugins]\\n  [plugins.\\"io.containerd.cri.v1.runtime\\"]\\n    cdi_spec_dirs = [\\"/var/cdi\\"]\\n"',
    '"# nothing\\n"',
    "''",
    '"[plugins.\\"io.containerd.server.v1.metrics\\"]\\n  address = \\"0.0.0.0:11234\\"\\n"',
    '"[plugins.\\"io.containerd.server.v1.grpc\\"]\\n  max_recv_message_size = 1\\n"',
)


class Legacy:
    """Makes configs for one minor.

    Attributes:
        odd: how often a value is one that a rule has to think about, from 0 to 1.
    """

    def __init__(self, minor: str, random: Random, *, odd: float = 0.15) -> None:
        self.minor, self.random, self.odd = minor, random, odd
        self._maker = Maker(minor, random, oddity=0.0, wrongness=0.0)

    def text(self) -> str:
        """Return a config."""
        documents = [self.main()]
        if self._sometimes(0.35):
            documents += self._others(2)
        return self._maker._text(documents)

    def newer_text(self) -> str:
        """Return a config of documents, which may have something to take back."""
        return self._maker._text([self.main(legacy=self._sometimes(0.3)), *self._others(8)])

    def _sometimes(self, share: float) -> bool:
        return self.random.random() < share

    def _one(self, usual: tuple[Tree, ...], odd: tuple[Tree, ...] = ()) -> Tree:
        return self.random.choice(odd if odd and self._sometimes(self.odd) else usual)

    def _some(self, share: float = 0.5, **made: Any) -> dict[str, Tree]:
        return {key: value() for key, value in made.items() if self._sometimes(share)}

    def main(self, *, legacy: bool = True) -> dict[str, Tree]:
        """Return the tree of a main document."""
        machine: dict[str, Tree] = {"type": self._one(("worker", "controlplane"), ("init", "''"))}
        cluster: dict[str, Tree] = {"controlPlane": {"endpoint": "https://10.0.0.2:6443"}}
        if legacy:
            machine |= self._some(
                0.5,
                network=self._network,
                time=self._time,
                registries=self._registries,
                sysctls=self._texts,
                sysfs=self._texts,
                env=self._texts,
                kernel=lambda: {"modules": self._modules()},
                udev=lambda: {"rules": self._list(("'SUBSYSTEM==\"drm\"'", "b"))},
                files=self._files,
                features=self._features,
                baseRuntimeSpecOverrides=lambda: self._one(({"process": {"rlimits": [{"type": "RLIMIT_NOFILE", "hard": "1"}]}}, {})),
                pods=self._pods,
                kubelet=self._kubelet,
                nodeLabels=self._labels,
                nodeAnnotations=self._labels,
                nodeTaints=lambda: self._one(({"a": "b:NoSchedule"}, {}), ({"a": "NoSchedule"},)),
            )
            cluster |= self._some(
                0.4,
                id=lambda: self._one((KEY_32,), ("x",)),
                secret=lambda: self._one((KEY_32,), ("x",)),
                discovery=self._discovery,
                inlineManifests=self._manifests,
                coreDNS=lambda: self._some(disabled=self._bool, image=lambda: "docker.io/coredns/coredns:1.2.3"),
                apiServer=self._api_server,
                allowSchedulingOnControlPlanes=self._bool,
                extraManifests=lambda: self._list(("https://a/b.yaml",)),
            )
        return {"version": "v1alpha1", "machine": machine, "cluster": cluster}

    # Sections

    def _bool(self) -> Tree:
        return self._one(("true", "true", "false"))

    def _list(self, items: tuple[Tree, ...], most: int = 3) -> list[Tree]:
        return [self.random.choice(items) for _ in range(self.random.randint(1 - self._sometimes(self.odd), most))]

    def _texts(self) -> dict[str, Tree]:
        keys = self.random.sample(("net.core.somaxconn", "a", "b", "vm/x", "HTTP_PROXY"), self.random.randint(0, 3))
        return {key: self._one(("'1'", "2", "x y"), ("''", "null")) for key in keys}

    def _labels(self) -> dict[str, Tree]:
        role = ("node-role.kubernetes.io/control-plane",) if self._sometimes(self.odd) else ("c",)
        return {key: self._one(("'1'", "x"), ("''",)) for key in self.random.sample(("a/b", "b", *role), self.random.randint(0, 2))}

    def _network(self) -> dict[str, Tree]:
        return self._some(
            hostname=lambda: self._one(("w1", "w1.example.com"), ("''", "'.x'")),
            nameservers=lambda: self._list(
                ("1.1.1.1", "'2606:4700::1111'", *(("nope", "'FE80::1%eth0'") if self._sometimes(self.odd) else ()))
            ),
            searchDomains=lambda: self._list(("example.com", "b.c")),
            disableSearchDomain=self._bool,
            extraHostEntries=lambda: [
                {"ip": self._one(("10.0.0.1", "10.0.0.2", "'fd00::1'"), ("nope", "''")), "aliases": self._list(("a", "b", "c.d"))}
                for _ in range(self.random.randint(1, 3))
            ],
            kubespan=lambda: self._some(
                enabled=self._bool,
                advertiseKubernetesNetworks=self._bool,
                allowDownPeerBypass=self._bool,
                harvestExtraEndpoints=self._bool,
                mtu=lambda: self._one(("1420",), ("0", "100")),
                filters=lambda: self._some(
                    endpoints=lambda: self._list(("0.0.0.0/0", "'!10.0.0.0/8'")),
                    excludeAdvertisedNetworks=lambda: self._list(("192.168.0.0/16", "'fd00::/8'", "10.1.2.3/8")),
                ),
            ),
            interfaces=lambda: [{"interface": "eth0", "dhcp": "true"}],
        )

    def _time(self) -> dict[str, Tree]:
        return self._some(
            disabled=self._bool,
            servers=lambda: self._one((["pool.ntp.org"], ["a", "b"], ["/dev/ptp0"], ["/dev/ptp0", "a"]), ([],)),
            bootTimeout=lambda: self._one(("2m", "90s"), ("0s",)),
        )

    def _registries(self) -> dict[str, Tree]:
        hosts = ("docker.io", "'*'", "'a:5000'", "registry.k8s.io")
        return self._some(
            0.8,
            mirrors=lambda: {
                host: self._some(
                    0.7,
                    endpoints=lambda: self._list(
                        ("https://a/v2/x", "http://b:5000", *(("HTTPS://C", "c", "http://d/%7Ex") if self._sometimes(self.odd) else ()))
                    ),
                    overridePath=self._bool,
                    skipFallback=self._bool,
                )
                for host in self.random.sample(hosts, self.random.randint(0, 2))
            },
            config=lambda: {
                host: self._some(
                    0.7,
                    auth=lambda: self._one(
                        ({"username": "u", "password": "p"}, {"identityToken": "t"}, {"auth": "dTpw"}),
                        ({"username": "u", "identityToken": "t"}, {}),
                    ),
                    tls=lambda: self._one(
                        (
                            {"insecureSkipVerify": "true"},
                            {"ca": CERTIFICATE, "insecureSkipVerify": "false"},
                            {"clientIdentity": {"crt": CERTIFICATE, "key": PRIVATE_KEY}},
                        ),
                        ({"ca": "/w=="}, {}, {"clientIdentity": {"crt": CERTIFICATE, "key": "eA=="}}, {"ca": "YWJj"}),
                    ),
                )
                for host in self.random.sample(hosts, self.random.randint(0, 2))
            },
        )

    def _modules(self) -> list[Tree]:
        count = self.random.randint(1, 3)
        return [
            {"name": self._one(("br_netfilter", "btrfs", "dm_raid"), ("''",)), **self._some(parameters=lambda: self._list(("a=1", "b=2")))}
            for _ in range(count)
        ]

    def _files(self) -> list[Tree]:
        entries = [
            {"path": PART, "content": self._one(CONTENTS[:4], CONTENTS), "op": self._one(("create",), ("append", "overwrite", "''"))}
            for _ in range(self._one((1,), (0, 2)))
        ]
        other = {"path": "/var/lib/x", "content": "y", "op": "create", "permissions": "0o644"}
        return [*entries, *([other] if self._sometimes(0.4) else [])]

    def _features(self) -> dict[str, Tree]:
        access = {"allowedRoles": ["os:reader"], "allowedKubernetesNamespaces": ["kube-system"]}
        return self._some(
            stableHostname=self._bool,
            diskQuotaSupport=self._bool,
            imageCache=lambda: self._some(0.8, localEnabled=self._bool),
            kubePrism=lambda: {"enabled": self._bool(), **self._some(port=lambda: self._one(("7445", "7000"), ("0",)))},
            hostDNS=lambda: {"enabled": self._bool(), **self._some(forwardKubeDNSToHost=self._bool, resolveMemberNames=self._bool)},
            kubernetesTalosAPIAccess=lambda: {"enabled": self._bool(), **access},
        )

    def _pods(self) -> list[Tree]:
        def pod(name: str) -> Tree:
            return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, **self._some(namespace=lambda: "kube-system")}}

        return [pod(self._one(("a", "b"), ("A",))) for _ in range(self.random.randint(1, 2))]

    def _kubelet(self) -> dict[str, Tree]:
        usual = {"image": "ghcr.io/siderolabs/kubelet:v1.33.0", "disableManifestsDirectory": "true"}
        return {
            **({} if self._sometimes(self.odd) else usual),
            **self._some(
                0.3,
                defaultRuntimeSeccompProfileEnabled=self._bool,
                extraArgs=lambda: {"rotate-server-certificates": "true", "v": "'2'"},
                clusterDNS=lambda: self._list(("10.96.0.10",)),
                extraConfig=lambda: {"serverTLSBootstrap": "true", "maxPods": "200"},
                credentialProviderConfig=lambda: {"apiVersion": "kubelet.config.k8s.io/v1", "kind": "CredentialProviderConfig"},
                nodeIP=lambda: self._some(0.9, validSubnets=lambda: self._list(("10.0.0.0/8", "'!10.0.0.3/32'"))),
                skipNodeRegistration=self._bool,
                registerWithFQDN=self._bool,
            ),
            **self._some(self.odd, extraMounts=lambda: [{"destination": "/x", "type": "bind", "source": "/x"}]),
        }

    def _discovery(self) -> dict[str, Tree]:
        registries = self._one(({"kubernetes": {"disabled": "true"}},), ({}, {"kubernetes": {"disabled": "false"}}))
        service = self._one(({}, {"endpoint": "https://discovery.example:443/"}), ({"disabled": "true"}, {"endpoint": "ftp://x"}))
        return {"enabled": self._bool(), "registries": {**registries, "service": service}}

    def _manifests(self) -> list[Tree]:
        return [
            {"name": self._one(("a", "b", "c"), ("A_b", "''")), "contents": self._one(('"kind: X\\n"', "x"), ("''", '"\\n a"'))}
            for _ in range(self.random.randint(1, 2))
        ]

    def _api_server(self) -> dict[str, Tree]:
        return self._some(
            certSANs=lambda: ["10.0.0.2"],
            admissionControl=lambda: [
                {
                    "name": self._one(("PodSecurity", "X"), ("''",)),
                    **self._some(0.8, configuration=lambda: {"kind": "PodSecurityConfiguration"}),
                }
                for _ in range(self.random.randint(1, 2))
            ],
            auditPolicy=lambda: self._one(({"kind": "Policy", "rules": [{"level": "None"}]},), ({},)),
        )

    # Documents

    def _others(self, most: int) -> list[Tree]:
        """Return documents of kinds that rules make, each once."""
        makers = self._documents()
        kinds = [kind for kind in makers if self._maker.schema.kind(kind) is not None]
        made: dict[tuple[str, str], Tree] = {}
        for _ in range(self.random.randint(1, most)):
            kind = self.random.choice(kinds)
            tree = {"apiVersion": "v1alpha1", "kind": kind, **makers[kind]()}
            made.setdefault((kind, str(tree.get("name", ""))), tree)
        return list(made.values())

    def _documents(self) -> dict[str, Any]:
        one = self._one
        newer = self.minor not in {"1.11", "1.12", "1.13"}
        return {
            "CRICustomizationConfig": lambda: {"name": one(("containerd", "metrics", "a")), "content": one(CONTENTS[:4], CONTENTS)},
            "CRIBaseRuntimeSpecConfig": lambda: {"overrides": {"process": {"rlimits": []}}},
            "HostnameConfig": lambda: one(({"hostname": "w1"}, {"auto": "stable"}), ({"auto": "off"},)),
            "StaticHostConfig": lambda: {"name": one(("10.0.0.1", "10.0.0.9")), "hostnames": ["a", "z"]},
            "ResolverConfig": lambda: {
                **one(({"nameservers": [{"address": "9.9.9.9"}]}, {"searchDomains": {"disableDefault": "true"}}, {})),
                **(one(({}, {"hostDNS": {"enabled": "true"}})) if newer else {}),
            },
            "TimeSyncConfig": lambda: one(({"ntp": {"servers": ["a"]}}, {"ptp": {"devices": ["/dev/ptp0"]}}, {"enabled": "false"})),
            "KubeSpanConfig": lambda: {"enabled": self._bool(), "filters": {"endpoints": ["0.0.0.0/0"]}},
            "RegistryMirrorConfig": lambda: {
                "name": one(("docker.io", "x")),
                "endpoints": [{"url": "https://a", **self._some(overridePath=self._bool)} for _ in range(2)],
            },
            "RegistryAuthConfig": lambda: {"name": one(("docker.io", "x")), "username": "u", "password": "p"},
            "RegistryTLSConfig": lambda: {"name": one(("docker.io", "x")), "insecureSkipVerify": "true"},
            "EnvironmentConfig": lambda: {"variables": self._texts()},
            "SysctlConfig": lambda: {"params": self._texts()},
            "SysfsConfig": lambda: {"params": self._texts()},
            "UdevRulesConfig": lambda: {"rules": ["x"]},
            "KernelModuleConfig": lambda: {"name": one(("btrfs", "nbd")), **self._some(parameters=lambda: ["a=1"])},
            "ImageCacheConfig": lambda: {"local": {"enabled": self._bool()}},
            "DiscoveryIdentityConfig": lambda: {"clusterID": KEY_32, "clusterSecret": KEY_32},
            "DiscoveryServiceConfig": lambda: {"name": one(("default", "b")), "endpoint": "https://discovery.example/"},
            "KubePrismConfig": lambda: {"port": "7445", **self._some(self.odd, tlsServerName=lambda: "x")},
            "KubeTalosAPIAccessConfig": lambda: {"allowedRoles": ["os:reader"]},
            "KubeStaticPodConfig": lambda: {"name": one(("default-a", "x")), "pod": {"metadata": {"name": "a"}}},
            "KubeInlineManifestConfig": lambda: {"name": one(("a", "z")), "manifest": "x"},
            "KubeNodeConfig": lambda: {
                "labels": {"a": "b", **one(({"node-role.kubernetes.io/control-plane": "''"},), ({},))},
                **self._some(
                    taints=lambda: {"node-role.kubernetes.io/control-plane": one(("NoSchedule",), ("NoExecute",))},
                    registerWithFQDN=self._bool,
                    nodeIP=lambda: {"validSubnets": ["10.0.0.0/8"]},
                ),
            },
            "KubeletConfig": lambda: {
                "image": "ghcr.io/siderolabs/kubelet:v1.33.0",
                **self._some(extraArgs=lambda: one(({"v": "2"},), ({"v": ["1", "2"]},)), config=lambda: {"maxPods": "100"}),
            },
            "KubeCredentialProviderConfig": lambda: {"configuration": {"kind": "CredentialProviderConfig"}},
            "KubeCoreDNSConfig": lambda: self._some(enabled=self._bool, image=lambda: "docker.io/coredns/coredns:1.2.3"),
            "KubeAdmissionControlConfig": lambda: {"name": one(("PodSecurity", "Y")), "configuration": {"kind": "X"}},
            "KubeAuditPolicyConfig": lambda: {"configuration": {"kind": "Policy"}},
        }


MADE_KINDS = frozenset(kind for rule in RULES for kind in rule.kinds)


def known_kinds(version: str) -> frozenset[str]:
    """Return the kinds of the rules that a version has."""
    talos = TalosVersion.parse(version)
    return frozenset(kind for rule in RULES if rule.within(talos) for kind in rule.kinds)


def damaged(text: str, random: Random) -> str:
    """Return a config with something in it gone, null, empty, doubled or of another type."""
    documents = [document for document in yaml.safe_load_all(text) if document]
    for _ in range(random.choice((1, 1, 2, 3))):
        places = list(_places(documents))
        if not places:
            break
        holder, key = random.choice(places)
        value = holder[key]
        choices: tuple[Any, ...] = ("gone", "doubled", None, "", [], {}, "x", [value])
        what = random.choice(choices)
        if what == "gone":
            del holder[key]
        elif what == "doubled":
            holder[key] = [value, value]
        else:
            holder[key] = what
    return yaml.safe_dump_all(documents, sort_keys=False)


def _places(documents: list[Any]) -> Iterator[tuple[Any, Any]]:
    """Yield every mapping or list inside with each of its keys or positions."""
    waiting: list[Any] = list(documents)
    while waiting:
        holder = waiting.pop()
        for key, value in list(holder.items() if isinstance(holder, dict) else enumerate(holder)):
            yield holder, key
            if isinstance(value, dict | list):
                waiting.append(value)
