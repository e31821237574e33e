"""Rules of the documents about disks and volumes.

Source of all rows: the Validate methods in the machinery's config/types/block and config/types/storage of each minor, and the vectors.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from talospatch.machineconfig.typed.sizes import read_bytes
from talospatch.machineconfig.validation.expressions import selector
from talospatch.machineconfig.validation.main_machine import encryption_keys
from talospatch.machineconfig.validation.rule import Broken, Rule, at_least, duration_at_least, not_negative

if TYPE_CHECKING:
    from collections.abc import Iterator

    from talospatch.machineconfig.validation.place import Place
    from talospatch.machineconfig.validation.rule import Check, Config

_LABEL_LENGTH = 34  # a partition's label has 36 characters, and two of them say which kind of volume it is
_NAME = re.compile(r"[A-Za-z0-9-]*")
_NAME_WITH_LINES = re.compile(r"[A-Za-z0-9_-]*")
_SYSTEM_VOLUMES = {
    "1.11": ("STATE", "EPHEMERAL", "IMAGECACHE"),
    "1.14": ("STATE", "EPHEMERAL", "IMAGECACHE", "ETCD", "CRI", "KUBELET", "LOG"),
}
_PROMOTABLE = frozenset({"ETCD", "CRI", "KUBELET", "LOG"})  # directories of EPHEMERAL, unless they are given a partition
_FILESYSTEMS = {"none": "1.11", "xfs": "1.11", "ext4": "1.11", "btrfs": "1.14"}
_LAST_PCR = 23
_NAMED = ("RawVolumeConfig", "SwapVolumeConfig", "UserVolumeConfig", "ExternalVolumeConfig")
_ENCRYPTED = ("VolumeConfig", "RawVolumeConfig", "SwapVolumeConfig", "UserVolumeConfig")
_MAINTAINED = ("VolumeConfig", "UserVolumeConfig", "ExistingVolumeConfig")


def _name(longest: int | None, pattern: re.Pattern[str] = _NAME) -> Check:
    def check(root: Place, _: Config) -> Iterator[Broken]:
        name = root["name"]
        if not name.filled:
            yield Broken(name, "a name is required")
        elif longest is not None and len(name.text.encode()) > longest:
            yield Broken(name, f"is longer than {longest} characters")
        if not pattern.fullmatch(name.text):
            yield Broken(name, f"{name.text[:60]!r} has characters other than letters, digits and hyphens")

    return check


def _system_volume(root: Place, config: Config) -> Iterator[Broken]:
    known = _SYSTEM_VOLUMES["1.14" if at_least(config.minor, "1.14") else "1.11"]
    if root["name"].text not in known:
        yield Broken(root["name"], f"{root['name'].text[:40]!r} is not a volume of the system", f"one of {', '.join(known)}")


def _provisioned(root: Place) -> bool:
    provisioning = root["provisioning"]
    sizes = any(provisioning[key].filled for key in ("diskSelector.match", "minSize", "maxSize"))
    return sizes or provisioning["grow"].given


def _state(root: Place, _: Config) -> Iterator[Broken]:
    if root["name"].text != "STATE":
        return
    if _provisioned(root):
        yield Broken(root["provisioning"], "STATE is always placed by Talos itself")
    for key in root["encryption.keys"].items():
        if key["lockToState"].is_true:
            yield Broken(key["lockToState"], "the key of STATE cannot be locked to STATE")


def _not_configurable(root: Place, _: Config) -> Iterator[Broken]:
    name = root["name"].text
    if name in {"STATE", "IMAGECACHE"} and root["mount"].filled:
        yield Broken(root["mount"], f"how {name} is mounted cannot be configured")
    if name == "IMAGECACHE" and root["filesystem.xfs"].given:
        yield Broken(root["filesystem"], "the file system of IMAGECACHE cannot be configured")
    if name in _PROMOTABLE and root["mount"].filled and not _provisioned(root):
        yield Broken(root["mount"], f"how {name} is mounted can be configured only with a partition of its own", "add provisioning")


def _kind_of_volume(root: Place) -> str:
    return root["volumeType"].word or "partition"


def size_in_bytes(place: Place) -> int | None:
    """Return a size in bytes; None when it is absent, a percentage or negative."""
    value = place.value.get("bytes") if isinstance(place.value, dict) else place.value
    return read_bytes(value) if isinstance(value, str) and value and not value.startswith("-") else None


def _is_negative(place: Place) -> bool:
    texts = place.value.values() if isinstance(place.value, dict) else (place.text,)
    return any(text.startswith("-") for text in texts)


def _is_zero(place: Place) -> bool:
    """Whether a size is absent; one that is written as 0 is there."""
    return not place.filled


def _provisioning(*, needed: bool) -> Check:
    def check(root: Place, _: Config) -> Iterator[Broken]:
        kind = _kind_of_volume(root)
        if kind not in {"partition", "disk"}:
            return
        provisioning = root["provisioning"]
        low, high = provisioning["minSize"], provisioning["maxSize"]
        if needed and not provisioning["diskSelector.match"].filled:
            yield Broken(provisioning["diskSelector.match"], "a selector of disks is required", 'such as disk.transport == "nvme"')
        if kind == "disk":
            for place in (low, high, provisioning["grow"]):
                if place.given and not (place is not provisioning["grow"] and _is_zero(place)):
                    yield Broken(place, "cannot be set for a volume that is a whole disk")
            return
        if needed and _is_zero(low) and _is_zero(high):
            yield Broken(low, "minSize or maxSize is required")
        yield from size_range(low, high)

    return check


def size_range(low: Place, high: Place) -> Iterator[Broken]:
    """Yield what is wrong with a least and a greatest size."""
    least, most = size_in_bytes(low), size_in_bytes(high)
    if _is_negative(low):
        yield Broken(low, "cannot be negative")
    if least is not None and most is not None and least > most:
        yield Broken(low, f"{least} bytes are more than maxSize")


def _user_volume(root: Place, _: Config) -> Iterator[Broken]:
    kind = _kind_of_volume(root)
    if kind == "directory":
        filled = {
            "provisioning": _provisioned(root),
            "encryption": _encryption_given(root["encryption"]),
            "filesystem": _filesystem_given(root["filesystem"]),
        }
        for key, given in filled.items():
            if given:
                yield Broken(root[key], "cannot be set for a volume that is a directory")
    elif kind not in {"partition", "disk"}:
        yield Broken(root["volumeType"], f"a user's volume cannot be of type {kind}", "one of partition, disk, directory")


def _mount_of_directory(*keys: str) -> Check:
    def check(root: Place, _: Config) -> Iterator[Broken]:
        if _kind_of_volume(root) == "directory":
            for key in keys:
                if root["mount"][key].given:
                    yield Broken(root["mount"][key], "cannot be set for a volume that is a directory")

    return check


def _encryption_given(encryption: Place) -> bool:
    return encryption["provider"].word not in {"none", ""} or encryption["keys"].filled


def _filesystem_given(filesystem: Place) -> bool:
    return filesystem["type"].word not in {"none", ""} or filesystem["projectQuotaSupport"].given or filesystem["xfs"].given


def _filesystem(root: Place, config: Config) -> Iterator[Broken]:
    if _kind_of_volume(root) == "directory":
        return
    filesystem = root["filesystem"]
    kind = filesystem["type"].word or "none"
    if kind not in _FILESYSTEMS or not at_least(config.minor, _FILESYSTEMS[kind]):
        yield Broken(filesystem["type"], f"file system {kind} is not supported for volumes", "xfs or ext4")
    elif kind not in {"none", "xfs"}:
        if filesystem["projectQuotaSupport"].is_true:
            yield Broken(filesystem["projectQuotaSupport"], "only XFS has project quotas")
        if filesystem["xfs"].given:
            yield Broken(filesystem["xfs"], f"the file system is {kind}")


def _encryption(root: Place, config: Config) -> Iterator[Broken]:
    encryption = root["encryption"]
    if not _encryption_given(encryption) or _kind_of_volume(root) not in {"partition", "disk"}:
        return
    if encryption["provider"].word != "luks2":
        yield Broken(encryption["provider"], f"provider {encryption['provider'].word} cannot encrypt", "luks2")
    if not encryption["keys"].filled:
        yield Broken(encryption["keys"], "encryption needs keys")
    yield from encryption_keys(encryption["keys"])
    if at_least(config.minor, "1.12"):
        for key in encryption["keys"].items():
            for register in key["tpm.options.pcrs"].items():
                if not 0 <= register.number <= _LAST_PCR:
                    yield Broken(register, f"the TPM has registers 0 to {_LAST_PCR}")


def _external(root: Place, _: Config) -> Iterator[Broken]:
    if root["filesystemType"].word != "virtiofs":
        yield Broken(root["filesystemType"], f"file system {root['filesystemType'].word} is not for external volumes", "virtiofs")
    elif not root["mount.virtiofs.tag"].filled:
        yield Broken(root["mount.virtiofs.tag"], "virtiofs needs a tag")


def _percentage(root: Place, _: Config) -> Iterator[Broken]:
    if not 0 <= root["maxPoolPercent"].number <= 100:
        yield Broken(root["maxPoolPercent"], "is not between 0 and 100")


def _logical_volume(root: Place, _: Config) -> Iterator[Broken]:
    layout = root["type"].word
    for key, layouts, least in (("mirrors", {"raid1", "raid10"}, 1), ("stripes", {"raid0", "raid10"}, 2)):
        if root[key].given:
            if layout not in layouts:
                yield Broken(root[key], f"is not for volumes of type {layout}", f"for {' and '.join(sorted(layouts))}")
            elif root[key].number < least:
                yield Broken(root[key], f"must be at least {least}")
    if not root["provisioning.volumeGroup"].filled:
        yield Broken(root["provisioning.volumeGroup"], "a volume group is required")
    low, high = root["provisioning.minSize"], root["provisioning.maxSize"]
    if _is_zero(high):
        yield Broken(high, "maxSize is required")
    elif _is_negative(high):
        yield Broken(high, "cannot be negative")
    least_bytes, most = _magnitude(low), _magnitude(high)
    relative = isinstance(high.value, dict) and "percentage" in high.value
    if least_bytes and not relative and least_bytes > most:
        yield Broken(low, "is more than maxSize")


def _magnitude(place: Place) -> int:
    """Return a size in bytes without its sign, 0 when absent."""
    value = place.value.get("bytes", "") if isinstance(place.value, dict) else place.text
    return read_bytes(value.removeprefix("-")) if value else 0


RULES = (
    Rule("volume-name", ("VolumeConfig",), _system_volume),
    Rule("volume-name", _NAMED, _name(_LABEL_LENGTH)),
    Rule("volume-name", ("ExistingVolumeConfig",), _name(None)),
    Rule("volume-name", ("RAIDArrayConfig",), _name(32, _NAME_WITH_LINES)),
    Rule("volume-name", ("LVMVolumeGroupConfig", "LVMLogicalVolumeConfig"), _name(63, _NAME_WITH_LINES)),
    Rule("volume-not-configurable", ("VolumeConfig",), _state),
    Rule("volume-not-configurable", ("VolumeConfig",), _not_configurable, since="1.14"),
    Rule("volume-provisioning", ("VolumeConfig",), _provisioning(needed=False)),
    Rule("volume-provisioning", ("RawVolumeConfig", "SwapVolumeConfig", "UserVolumeConfig"), _provisioning(needed=True)),
    Rule("volume-selector", _ENCRYPTED, selector("provisioning.diskSelector.match", "disk")),
    Rule("volume-selector", ("ExistingVolumeConfig",), selector("discovery.volumeSelector.match", "volume", needed=True)),
    Rule(
        "volume-selector",
        ("LVMVolumeGroupConfig", "RAIDArrayConfig"),
        selector("provisioning.volumeSelector.match", "member volume", needed=True),
    ),
    Rule("volume-encryption", _ENCRYPTED, _encryption),
    Rule("volume-type", ("UserVolumeConfig",), _user_volume, since="1.12"),
    Rule("volume-type", ("UserVolumeConfig",), _mount_of_directory("disableAccessTime", "secure"), since="1.13", before="1.14"),
    Rule("volume-type", ("UserVolumeConfig",), _mount_of_directory("disableAccessTime"), since="1.14"),
    Rule("volume-filesystem", ("UserVolumeConfig",), _filesystem),
    Rule("volume-trim", _MAINTAINED, not_negative("trim.interval"), since="1.14"),
    Rule("volume-scrub", _MAINTAINED, duration_at_least("scrub.interval", 10), since="1.14"),
    Rule("volume-external", ("ExternalVolumeConfig",), _external),
    Rule("filesystem-trim", ("FilesystemTrimConfig",), not_negative("interval")),
    Rule("filesystem-scrub", ("FilesystemScrubConfig",), duration_at_least("interval", 10)),
    Rule("zswap", ("ZswapConfig",), _percentage),
    Rule("logical-volume", ("LVMLogicalVolumeConfig",), _logical_volume),
    Rule("install-selector", ("UnattendedInstallConfig",), selector("provisioning.diskSelector.match", "disk", needed=True)),
)
