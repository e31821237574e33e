"""Rules of the documents about containerd, registries and containers of the host.

Source of all rows: the Validate methods in the machinery's config/types/cri and config/types/container of each minor, and the vectors.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from talospatch.machineconfig.typed.misfit import Misfit
from talospatch.machineconfig.typed.sizes import read_bytes
from talospatch.machineconfig.validation import images, oci_spec, pem, texts
from talospatch.machineconfig.validation.kubernetes import key_pair_problems
from talospatch.machineconfig.validation.rule import Broken, Rule, one_of, required
from talospatch.talos.finding import Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from talospatch.machineconfig.validation.place import Place
    from talospatch.machineconfig.validation.rule import Config

_LEGACY_NAME = "customization"  # of the file in machine.files that does the same
_REGISTRIES = ("RegistryAuthConfig", "RegistryMirrorConfig", "RegistryTLSConfig")
_CONTAINER = ("ContainerConfig",)
_CONTAINER_NAME = re.compile(r"[a-z0-9-]+")
_MOUNT_OPTIONS = frozenset({"ro", "rw", "noexec", "nosuid", "nodev", "noatime", "rbind", "rshared"})
_MOUNTS = {"userVolume": ("name",), "tmpfs": (), "hostPath": ("source",)}
_CONDITIONS = ("addresses", "connectivity", "hostname", "etcfiles")
_CAPABILITY = re.compile(r"[A-Z_]+")
_MILLICORES = re.compile(r"([0-9]+)m")
_LARGEST_CPU = 2**64 - 1


def _customization_name(root: Place, _: Config) -> Iterator[Broken]:
    name = root["name"]
    if problem := texts.qualified_name(name.text):
        yield Broken(name, f"{name.text[:80]!r} {problem}")
    if name.text == _LEGACY_NAME:
        yield Broken(name, f"{_LEGACY_NAME!r} is the name of the drop-in in machine.files", "choose another name")


def _runtime_spec(root: Place, config: Config) -> Iterator[Broken]:
    place = root["overrides"]
    if place.filled and (problem := oci_spec.problem_with(place.value, config.minor)):
        where, message = problem
        yield Broken(place[where] if where else place, message)


def _registry_auth(root: Place, _: Config) -> Iterator[Broken]:
    name, token, auth = root["username"], root["identityToken"], root["auth"]
    if name.filled and token.filled:
        yield Broken(token, "cannot stand beside username")
    if auth.filled and (name.filled or token.filled):
        yield Broken(auth, "cannot stand beside username or identityToken")


def _mirrors(root: Place, _: Config) -> Iterator[Broken]:
    for endpoint in root["endpoints"].items():
        url = endpoint["url"]
        if not url.given:
            yield Broken(url, "a URL is required")
        elif url.value.get("scheme") not in {"http", "https"}:
            yield Broken(url, "must begin with https:// or http://")


def _registry_ca(root: Place, _: Config) -> Iterator[Broken]:
    if root["ca"].filled and not pem.has_certificate(root["ca"].text):
        yield Broken(root["ca"], "holds no certificate in PEM")


def _client_identity(root: Place, _: Config) -> Iterator[Broken]:
    yield from key_pair_problems(root["clientIdentity"], load=False)


def _loaded_client_identity(root: Place, _: Config) -> Iterator[Broken]:
    identity = root["clientIdentity"]
    if identity.given:
        for key, types in (("cert", frozenset({"CERTIFICATE"})), ("key", frozenset({"PRIVATE KEY"}))):
            if problem := pem.structure_problem(identity[key].text, types=types):
                yield Broken(identity[key], problem)


def _container_name(root: Place, _: Config) -> Iterator[Broken]:
    name = root["name"]
    if not name.filled:
        yield Broken(name, "a name is required")
    elif len(name.text.encode()) > 63:
        yield Broken(name, "is longer than 63 characters")
    elif not _CONTAINER_NAME.fullmatch(name.text):
        yield Broken(name, f"{name.text[:60]!r} has characters other than lower-case letters, digits and hyphens")


def _container_image(root: Place, _: Config) -> Iterator[Broken]:
    image = root["image"]
    if not image.filled:
        return
    if images.kind_of_reference(image.text) is None:
        yield Broken(image, f"{image.text[:120]!r} is no reference to an image")
    elif images.is_too_long_in_full(image.text):
        yield Broken(image, "the image's name in full, index.docker.io/library/…, is longer than Talos takes")


def _unpinned_image(root: Place, _: Config) -> Iterator[Broken]:
    if images.kind_of_reference(root["image"].text) == "tag":
        yield Broken(root["image"], "has no digest, so another image may run after a restart")


def _environment(root: Place, _: Config) -> Iterator[Broken]:
    for variable in root["environment"].items():
        if "=" not in variable.text:
            yield Broken(variable, "must be NAME=value")


def _mounts(root: Place, _: Config) -> Iterator[Broken]:
    seen: set[str] = set()
    for mount in root["mounts"].items():
        given = [kind for kind in _MOUNTS if mount[kind].given]
        if len(given) != 1:
            yield Broken(mount, f"exactly one of {', '.join(_MOUNTS)} must be given")
            continue
        place = mount[given[0]]
        problems = list(_mount(given[0], place))
        yield from problems
        if not problems:
            if place["destination"].text in seen:
                yield Broken(place["destination"], "is mounted by an earlier entry too")
            seen.add(place["destination"].text)


def _mount(kind: str, mount: Place) -> Iterator[Broken]:
    for key in _MOUNTS[kind]:
        if not mount[key].filled:
            yield Broken(mount[key], "is required")
    for key in ("source", "destination") if kind == "hostPath" else ("destination",):
        if not mount[key].text.startswith("/"):
            yield Broken(mount[key], "an absolute path is required")
    options = mount["options"]
    for option in options.items():
        if option.text not in _MOUNT_OPTIONS:
            yield Broken(option, f"option {option.text[:40]!r} is not supported", f"one of {', '.join(sorted(_MOUNT_OPTIONS))}")
    if {"ro", "rw"} <= set(options.texts):
        yield Broken(options, "has both ro and rw")


def _capabilities(root: Place, _: Config) -> Iterator[Broken]:
    added, dropped = root["security.capabilities.add"], root["security.capabilities.drop"]
    for capability in (*added.items(), *dropped.items()):
        name = capability.text
        if name == "ALL":
            if capability.path.startswith(added.path):
                yield Broken(capability, "ALL cannot be added", "profile: privileged")
        elif not _CAPABILITY.fullmatch(name) or name.startswith("CAP_"):
            yield Broken(capability, f"{name[:40]!r} is no capability", "upper case, without CAP_, such as NET_ADMIN")
    for capability in added.items():
        if capability.text in dropped.texts:
            yield Broken(capability, "is both added and dropped")


def _limits(root: Place, _: Config) -> Iterator[Broken]:
    memory, cpu = root["resources.limits.memory"], root["resources.limits.cpu"]
    if memory.filled:
        try:
            read_bytes(memory.text)
        except Misfit as misfit:
            yield Broken(memory, str(misfit), misfit.hint or "")
    if cpu.filled:
        match = _MILLICORES.fullmatch(cpu.text)
        if match is None or not 1 <= int(match[1]) <= _LARGEST_CPU:
            yield Broken(cpu, f"{cpu.text[:40]!r} is no number of millicores", "such as 1500m")


def _depends(root: Place, _: Config) -> Iterator[Broken]:
    for path in root["dependsOn.paths"].items():
        if not path.text.startswith("/"):
            yield Broken(path, "an absolute path is required")
    for condition in root["dependsOn.networks"].items():
        if condition.text not in _CONDITIONS:
            yield Broken(condition, f"condition {condition.text[:40]!r} is not known", f"one of {', '.join(_CONDITIONS)}")
    for container in root["dependsOn.containers"].items():
        if not container.text:
            yield Broken(container, "a name is required")
        elif container.text == root["name"].text:
            yield Broken(container, "a container cannot depend on itself")


def _run_as(root: Place, _: Config) -> Iterator[Broken]:
    for key in ("uid", "gid"):
        if root["runAs"][key].number < 0:
            yield Broken(root["runAs"][key], "cannot be negative")


RULES = (
    Rule("customization-name", ("CRICustomizationConfig",), _customization_name),
    Rule("runtime-spec", ("CRIBaseRuntimeSpecConfig",), _runtime_spec),
    Rule("name-required", _REGISTRIES, required("name", "a name")),
    Rule("registry-auth", ("RegistryAuthConfig",), _registry_auth),
    Rule("registry-mirror", ("RegistryMirrorConfig",), _mirrors),
    Rule("registry-certificate", ("RegistryTLSConfig",), _registry_ca),
    Rule("registry-certificate", ("RegistryTLSConfig",), _loaded_client_identity, before="1.14"),
    Rule("registry-certificate", ("RegistryTLSConfig",), _client_identity, since="1.14"),
    Rule("container-name", _CONTAINER, _container_name),
    Rule("container-image", _CONTAINER, required("image", "an image")),
    Rule("container-image", _CONTAINER, _container_image),
    Rule("container-image-unpinned", _CONTAINER, _unpinned_image, severity=Severity.WARNING),
    Rule("container-environment", _CONTAINER, _environment),
    Rule("container-mount", _CONTAINER, _mounts),
    Rule("container-security", _CONTAINER, one_of("security.profile", ("", "restricted", "privileged"))),
    Rule("container-security", _CONTAINER, _capabilities),
    Rule("container-network", _CONTAINER, one_of("network.mode", ("", "none", "host"))),
    Rule("container-limits", _CONTAINER, _limits),
    Rule("container-depends", _CONTAINER, _depends),
    Rule("container-user", _CONTAINER, _run_as),
)
