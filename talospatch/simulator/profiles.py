"""What each Talos minor does differently, as far as a client can see: one row each, with its source."""

from __future__ import annotations

from dataclasses import dataclass, replace

from talospatch.simulator.yamltree import Dialect
from talospatch.versions import TalosVersion


@dataclass(frozen=True, slots=True)
class Profile:
    """One minor.

    Attributes:
        go: toolchain, as the Version RPC says.
        dialect: which go-yaml words its errors.
        apply_reboots: a change may need a reboot, and then AUTO and REBOOT do it.
        persistent_id: the configuration on disk is a resource of its own.
        config_as_string: yaml_spec of a MachineConfig is a YAML string.
        nodes_allow_list: ``nodes`` is for listed services only, and not just refused for COSI.
        watch_needs_options: Watch by id without options panics.
        reader_may_try_apply: ApplyConfiguration refuses other roles only in its handler.
        copy_status: Copy ends with a status instead of a message with the error.
        read_not_found: Read of a missing file is NOT_FOUND.
        sandbox_ids: Containers gives internal ids and pod UIDs.
        containers_check_namespace: Containers refuses an empty namespace before it looks at the driver.
        image_service: ImageService and DebugService exist.
        host_ns: DebugService knows HOST_NS.
        pull_fails_at_once: Pull from a registry that refuses answers, instead of trying for twenty minutes.
        config_on_worker: code and text for GenerateClientConfiguration on a worker.
        live_cri: cri.toml follows the configuration at once, and CRI is restarted for it.
        part_headers: cri.toml names the sha256 of each part.
        merged_validation: static and runtime errors come together.
        names_main: an error in the main document says that it is in v1alpha1.Config, since 1.12.0.
        dns_forward_needs_dns: hostDNS may forward for Kubernetes only where it is enabled.
        names_documents: an error in a document says which, since 1.12.3.
        zero_try_reverts: how a race ended when it was recorded: a TRY of zero seconds was taken back, or stayed without a timer.
        version_name: the Version resource has a name.
        unknown_health: the first state event of a service has a last message and a time.
        bad_mode_code: status for a mode that does not exist.
        base_part: what Talos ships under /etc/cri/conf.d.
        containerd_config: highest configuration version that containerd reads from a fragment.
        cri_images: plugin that has the registries.
        containerd: version of containerd.
        kubelet_caller: place in the kubelet's source of its remote runtime errors.
        cni_heals: containerd repairs damaged cache files.
        toml_1_1: the merge reads TOML 1.1.
    """

    minor: str
    go: str
    dialect: Dialect
    apply_reboots: bool = True
    persistent_id: bool = True
    config_as_string: bool = True
    nodes_allow_list: bool = True
    watch_needs_options: bool = False
    reader_may_try_apply: bool = True
    copy_status: bool = False
    read_not_found: bool = True
    sandbox_ids: bool = True
    containers_check_namespace: bool = True
    image_service: bool = True
    host_ns: bool = False
    pull_fails_at_once: bool = False
    config_on_worker: tuple[str, str] = ("UNIMPLEMENTED", "generate client configuration is only available on control plane nodes")
    live_cri: bool = False
    part_headers: bool = True
    merged_validation: bool = False
    names_main: bool = True
    dns_forward_needs_dns: bool = True
    names_documents: bool = True
    zero_try_reverts: bool = False
    version_name: bool = True
    unknown_health: bool = True
    bad_mode_code: str = "UNKNOWN"
    base_part: str = ""
    containerd_config: int = 3
    cri_images: str = "io.containerd.cri.v1.images"
    containerd: str = "2.2.7"
    kubernetes: str = "v1.36.3"
    kubelet_caller: str = "*/remote_runtime.go:209"
    cni_heals: bool = True
    toml_1_1: bool = False


# Base parts: observed as the contents of 00-base.part; their sha256 is in the recorded headers of 1.12 to 1.14.
_IMAGES = 'version = 3\n\n[plugins."io.containerd.cri.v1.images"]\n  discard_unpacked_layers = true\n'
_LOCAL_PULL = _IMAGES + "  use_local_image_pull = true\n"
_RUNC = '\n[plugins."io.containerd.cri.v1.runtime".containerd.runtimes.runc]\n  base_runtime_spec = "/etc/cri/conf.d/base-spec.json"\n'
_CDI = '\n[plugins."io.containerd.cri.v1.runtime"]\n  enable_cdi = true\n  cdi_spec_dirs = ["/run/cdi"]\n'
_NO_NRI = '\n[plugins."io.containerd.nri.v1.nri"]\n  disable = true\n'
_SHIM = '\n[plugins."io.containerd.cri.v1.runtime".containerd.runtimes.runc.options]\n  ShimCgroup = "/podruntime/shim"\n'
_OLD = (
    'version = 2\n\n[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]\n'
    '    runtime_type = "io.containerd.runc.v2"\n    discard_unpacked_layers = true\n'
)

_V14 = Profile(
    "1.14",
    "go1.26.8",
    Dialect.V4_RC6,
    apply_reboots=False,
    copy_status=True,
    host_ns=True,
    pull_fails_at_once=True,
    live_cri=True,
    merged_validation=True,
    zero_try_reverts=True,
    bad_mode_code="INVALID_ARGUMENT",
    base_part=_LOCAL_PULL + _CDI + _RUNC + _SHIM,
    containerd="2.3.3",
    containerd_config=3,
    toml_1_1=True,
)
_V13 = Profile("1.13", "go1.26.8", Dialect.V4_RC4, base_part=_LOCAL_PULL + _CDI + _RUNC + _NO_NRI)
_V12 = replace(
    _V13,
    minor="1.12",
    go="go1.26.8",
    dialect=Dialect.V4_RC3,
    nodes_allow_list=False,
    watch_needs_options=True,
    reader_may_try_apply=False,
    containers_check_namespace=False,
    image_service=False,
    config_on_worker=("FAILED_PRECONDITION", "client configuration (talosconfig) can't be generated on worker nodes"),
    zero_try_reverts=True,
    version_name=False,
    dns_forward_needs_dns=False,
    unknown_health=False,
    base_part=_LOCAL_PULL + _RUNC + _NO_NRI,
    containerd="2.2.5",
    kubernetes="v1.35.0",
    kubelet_caller="log/log.go:32",
)
_V11 = replace(
    _V12,
    minor="1.11",
    go="go1.24.9",
    config_as_string=False,
    names_main=False,
    names_documents=False,
    containerd="2.1.5",
    kubernetes="v1.34.1",
)
_V10 = replace(_V11, minor="1.10", base_part=_IMAGES + _RUNC + _NO_NRI, containerd="2.0.7", kubernetes="v1.33.0")
_V9 = replace(_V10, minor="1.9", persistent_id=False, part_headers=False, containerd="2.0.5", kubernetes="v1.32.0")
_V8 = replace(_V9, minor="1.8", sandbox_ids=False, base_part=_IMAGES, containerd="2.0.0", kubernetes="v1.31.0")
_V7 = replace(
    _V8,
    minor="1.7",
    go="go1.22.10",
    read_not_found=False,
    base_part=_OLD,
    containerd_config=2,
    cri_images="io.containerd.grpc.v1.cri",
    containerd="1.7.22",
    kubernetes="v1.30.0",
    kubelet_caller="remote/remote_runtime.go:222",
    cni_heals=False,
)
_V6 = replace(_V7, minor="1.6", containerd="1.7.20", kubernetes="v1.29.0")

PROFILES: dict[str, Profile] = {row.minor: row for row in (_V6, _V7, _V8, _V9, _V10, _V11, _V12, _V13, _V14)}


def profile_of(version: TalosVersion) -> Profile:
    """The row of a version's minor, or the nearest one."""
    row = PROFILES.get(version.minor)
    if row is not None:
        return row
    return _V14 if version > TalosVersion.parse("1.14.0") else _V6
