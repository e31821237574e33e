"""ApplyConfiguration: the modes, what each version does in them, and every answer's exact words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from talospatch.simulator import durations, emit, fields, textdiff, validate
from talospatch.simulator.configs import MAIN, Config, ConfigRefused, read
from talospatch.simulator.exchange import Exchange, answer, failure
from talospatch.versions import TalosVersion
from talospatch.wire.proto import machine_pb2

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from talospatch.simulator.node import SimulatedNode
    from talospatch.simulator.profiles import Profile

ADMIN = "os:admin"
_MODES = machine_pb2.ApplyConfigurationRequest
_TRY_SECONDS = 60.0  # when the request does not say

_NO_REBOOT_TEXT = "Applied configuration without a reboot"
_REBOOT_TEXT = "Applied configuration with a reboot"
_STAGED_TEXT = "Staged configuration to be applied after the next reboot"

# What changes without a reboot up to 1.13 (runtime/v1alpha1: CanApplyImmediate at v1.13.9); other documents always do.
_IMMEDIATE_TOP = frozenset({"debug", "cluster"})
_IMMEDIATE_MACHINE = frozenset(
    [
        "ca",
        "acceptedCAs",
        "time",
        "certSANs",
        "install",
        "network",
        "sysfs",
        "sysctls",
        "logging",
        "controlPlane",
        "kubelet",
        "kernel",
        "registries",
        "pods",
        "seccompProfiles",
        "nodeAnnotations",
        "nodeLabels",
        "nodeTaints",
    ]
)
_IMMEDIATE_FEATURES = frozenset({"kubernetesTalosAPIAccess", "kubePrism", "hostDNS", "imageCache", "nodeAddressSortAlgorithm"})

# Since when a node that is about to reboot takes no more configurations.
_GUARDED = {"1.12": "1.12.9", "1.13": "1.13.3"}


def apply_configuration(node: SimulatedNode, request: machine_pb2.ApplyConfigurationRequest, roles: Sequence[str], now: float) -> Exchange:
    """Answer ApplyConfiguration and do what it says."""
    profile = node.profile
    if node.rebooting and _is_guarded(node.version):
        return failure(
            "FAILED_PRECONDITION",
            "configuration was already applied and node is rebooting, cannot apply more configuration changes until next reboot",
        )
    if ADMIN not in roles:
        return failure("PERMISSION_DENIED", "not authorized")
    if request.mode != _MODES.TRY:
        node.cancel_rollback(now)  # before anything is looked at: a dry run and a broken body do it too
    try:
        config = read(request.data, profile)
    except ConfigRefused as error:
        return failure("INVALID_ARGUMENT", str(error))
    if config.main is None:
        return failure(
            "INVALID_ARGUMENT",
            "the applied machine configuration doesn't contain v1alpha1 config, did you mean to patch the machine config instead?",
        )
    if request.mode == _MODES.REBOOT and not profile.apply_reboots:
        return failure("UNIMPLEMENTED", "the REBOOT mode is not supported, please use AUTO or NO_REBOOT modes instead")
    warnings, refusal = validate.check(config, profile, container=node.spec.platform == "container")
    if refusal:
        return failure("INVALID_ARGUMENT", refusal)
    resolved = _resolve(request.mode, node, config, profile)
    if isinstance(resolved, Exchange):
        return resolved
    mode, details, reason = resolved
    if request.dry_run:
        text = f"Dry run summary:\n{details} (skipped in dry-run).\nConfig diff:\n\n{_difference(node, config)}"
        return _reply(mode, text, [])
    if mode not in _MODES.Mode.values():
        return failure("UNKNOWN", _bad_mode(mode))
    return _act(node, request, mode, details + reason, warnings=warnings, now=now)


def _is_guarded(version: TalosVersion) -> bool:
    since = _GUARDED.get(version.minor)
    return version >= TalosVersion.parse(since) if since else False


def _bad_mode(mode: int) -> str:
    return f"incorrect mode '{mode}' specified for the apply config call"


def _resolve(mode: int, node: SimulatedNode, config: Config, profile: Profile) -> Exchange | tuple[int, str, str]:
    """Mode that will be used, what the answer says, and why AUTO reboots; or a refusal."""
    if mode == _MODES.STAGED:
        return mode, _STAGED_TEXT, ""
    if mode in {_MODES.TRY, _MODES.NO_REBOOT, _MODES.AUTO}:
        blocked = _needs_reboot(node, config) if profile.apply_reboots else ""
        if not blocked:
            return (_MODES.NO_REBOOT if mode == _MODES.AUTO else mode), _NO_REBOOT_TEXT, ""
        if mode != _MODES.AUTO:
            return failure("INVALID_ARGUMENT", blocked)
        return _MODES.REBOOT, _REBOOT_TEXT, f": {blocked}"
    if not profile.apply_reboots:
        return failure(profile.bad_mode_code, _bad_mode(mode))
    return mode, _REBOOT_TEXT, ""


def _act(
    node: SimulatedNode, request: machine_pb2.ApplyConfigurationRequest, mode: int, details: str, *, warnings: list[str], now: float
) -> Exchange:
    asked = _MODES.Mode.Name(request.mode)
    shown = f"{asked}({_MODES.Mode.Name(mode)})" if request.mode == _MODES.AUTO else asked
    node.log("machined", f"apply config request: mode {shown.lower()}", now)
    if mode == _MODES.TRY:
        given = request.HasField("try_mode_timeout")
        seconds = request.try_mode_timeout.ToNanoseconds() / 1e9 if given else _TRY_SECONDS
        details += f"\nThe config is applied in 'try' mode and will be automatically reverted back in {durations.show(seconds)}"
        node.try_until(request.data, now, seconds)
    else:
        node.set_persistent(request.data, now)
        if mode == _MODES.NO_REBOOT:
            node.set_active(request.data, now)
        elif mode == _MODES.REBOOT:
            node.rebooting = True
            node.reboot(now)
    return _reply(mode, details, warnings)


def _reply(mode: int, details: str, warnings: Sequence[str]) -> Exchange:
    message = machine_pb2.ApplyConfiguration(mode=mode, mode_details=details, warnings=warnings)  # type: ignore[arg-type]
    return answer(machine_pb2.ApplyConfigurationResponse(messages=[message]))


def _difference(node: SimulatedNode, config: Config) -> str:
    current = node.config()
    return textdiff.unified(current.canonical if current is not None else "", config.canonical) or "No changes."


def _needs_reboot(node: SimulatedNode, config: Config) -> str:
    """Why a change cannot be made on a running node, with all of the difference that is to blame; empty when it can."""
    current = node.config()
    if current is None or current.main is None:
        return "current config is not v1alpha1"
    assert config.main is not None
    wanted = _with_immediate_parts(current.main, config.main, node.profile.minor)
    if wanted == current.main:
        return ""
    dialect = node.profile.dialect
    difference = textdiff.unified(emit.document(current.main, dialect), emit.document(wanted, dialect))
    return f"this config change can't be applied in immediate mode\ndiff:\n{difference}"


def _with_immediate_parts(current: Mapping[str, Any], new: Mapping[str, Any], minor: str) -> dict[str, Any]:
    """The new main document, with everything from the current one that changes without a reboot."""
    main = fields.documents(minor)[MAIN]
    merged = _take(current, new, list(main.fields), _IMMEDIATE_TOP)
    old_machine, new_machine = current.get("machine"), new.get("machine")
    if old_machine and new_machine:
        machine = main.fields["machine"]
        merged["machine"] = _take(old_machine, new_machine, list(machine.fields), _IMMEDIATE_MACHINE)
        old_features, new_features = old_machine.get("features"), new_machine.get("features")
        if old_features is not None and new_features is not None:
            order = list(machine.fields["features"].fields)
            merged["machine"]["features"] = _take(old_features, new_features, order, _IMMEDIATE_FEATURES)
    return merged


def _take(current: Mapping[str, Any], new: Mapping[str, Any], order: Sequence[str], immediate: frozenset[str]) -> dict[str, Any]:
    """Fields in printing order: the immediate ones as they are now, the others as they are to be."""
    sources = ((key, current if key in immediate else new) for key in order)
    return {key: source[key] for key, source in sources if key in source}
