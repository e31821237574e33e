"""Conversions of what the host runs with: kernel modules, udev rules, the image cache, the base of every container's OCI spec."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from talospatch.patching.conversion.nested import given, nest
from talospatch.patching.conversion.rule import DOCUMENT_COUNTS, NOTHING, Move, Rule, both_set, element, not_expressible, place, repeated

if TYPE_CHECKING:
    from talospatch.patching.conversion.view import View
    from talospatch.talos.finding import Finding

_MODULES, _MODULE = "machine.kernel.modules", "KernelModuleConfig"
_UDEV, _UDEV_KIND = "machine.udev.rules", "UdevRulesConfig"
_CACHE, _CACHE_KIND = "machine.features.imageCache", "ImageCacheConfig"
_SPEC, _SPEC_KIND = "machine.baseRuntimeSpecOverrides", "CRIBaseRuntimeSpecConfig"


def _modules(view: View) -> Move:
    modules = view.elements(_MODULES)
    counted = Counter(module.get("name", "") for module in modules)
    there = view.names(_MODULE)
    parts: list[Move] = []
    findings: dict[str, Finding] = {}
    for module in modules:
        name = module.get("name", "")
        where = element(_MODULES, "name", name)
        if counted[name] > 1:
            findings[name] = repeated(
                where, "is listed more than once: the last entry is the one in effect", "keep one entry, then convert"
            )
        elif name in there:
            findings[name] = both_set(where, f"{_MODULE}/{name}", effective=DOCUMENT_COUNTS)
        else:
            parts.append(Move((where,), ({"kind": _MODULE, "name": name, **given(parameters=module.get("parameters"))},)))
    return Move.of(parts, findings.values())


def _modules_back(view: View) -> Move:
    documents = view.of_kind(_MODULE)
    listed = {module.get("name", "") for module in view.elements(_MODULES)}
    clashes = [document["name"] for document in documents if document["name"] in listed]
    if clashes:
        return Move(findings=tuple(both_set(element(_MODULES, "name", name), f"{_MODULE}/{name}") for name in clashes))
    entries = [given(name=document["name"], parameters=document.get("parameters")) for document in documents]
    return Move(main=nest(_MODULES, entries) if entries else None, removed=view.identities(_MODULE))


def _udev(view: View) -> Move:
    rules = view.elements(_UDEV)
    if not rules:
        return NOTHING
    if view.the(_UDEV_KIND) is not None:
        return Move(findings=(both_set(place(_UDEV), _UDEV_KIND, effective=DOCUMENT_COUNTS),))
    return Move((place(_UDEV),), ({"kind": _UDEV_KIND, "rules": rules},))


def _udev_back(view: View) -> Move:
    document = view.the(_UDEV_KIND)
    if document is None:
        return NOTHING
    if view.elements(_UDEV):
        return Move(findings=(both_set(place(_UDEV), _UDEV_KIND, effective=DOCUMENT_COUNTS),))
    rules = document.get("rules")
    return Move(main=nest(_UDEV, rules) if rules else None, removed=view.identities(_UDEV_KIND))


def _image_cache(view: View) -> Move:
    cache = view.get(_CACHE)
    if cache is None:
        return NOTHING
    if view.the(_CACHE_KIND) is not None:
        return Move(findings=(both_set(place(_CACHE), _CACHE_KIND),))
    return Move((place(_CACHE),), ({"kind": _CACHE_KIND, "local": given(enabled=cache.get("localEnabled"))},))


def _image_cache_back(view: View) -> Move:
    document = view.the(_CACHE_KIND)
    if document is None:
        return NOTHING
    if view.get(_CACHE) is not None:
        return Move(findings=(both_set(place(_CACHE), _CACHE_KIND),))
    enabled = (document.get("local") or {}).get("enabled")
    return Move(main=nest(_CACHE, {"localEnabled": enabled}) if enabled is not None else None, removed=view.identities(_CACHE_KIND))


def _base_spec(view: View) -> Move:
    overrides = view.get(_SPEC)
    if not overrides:
        return NOTHING
    if view.the(_SPEC_KIND) is not None:
        return Move(findings=(both_set(place(_SPEC), _SPEC_KIND),))
    return Move((place(_SPEC),), ({"kind": _SPEC_KIND, "overrides": overrides},))


def _base_spec_back(view: View) -> Move:
    document = view.the(_SPEC_KIND)
    if document is None:
        return NOTHING
    overrides = document.get("overrides")
    if view.get(_SPEC):
        return Move(findings=(not_expressible(("overrides",), f"{_SPEC} is set too", "keep one of them", document=_SPEC_KIND),))
    return Move(main=nest(_SPEC, overrides) if overrides else None, removed=view.identities(_SPEC_KIND))


RULES = (
    Rule(
        "kernel-modules",
        "kernel modules",
        (_MODULES,),
        (_MODULE,),
        "1.14.0-beta.0",
        _modules,
        _modules_back,
        "Talos makes one resource of each name from both, with the same parameters",
        "container.KernelModuleConfigs, runtime/kernel_module_config.go",
        "a module that is listed more than once, or has a document already: the last one is in effect",
    ),
    Rule(
        "udev",
        "udev rules",
        (_UDEV,),
        (_UDEV_KIND,),
        "1.14.0-beta.0",
        _udev,
        _udev_back,
        "the same rules in the same order go into the same file",
        "container.UdevRulesConfig, files/udev.go",
        "both are set: with a document, Talos does not look at the main document",
    ),
    Rule(
        "image-cache",
        "local image cache",
        (_CACHE,),
        (_CACHE_KIND,),
        "1.14.0-alpha.1",
        _image_cache,
        _image_cache_back,
        "one switch under another name",
        "container.ImageCacheConfig, cri/image_cache_config.go",
    ),
    Rule(
        "base-runtime-spec",
        "base of the containers' OCI spec",
        (_SPEC,),
        (_SPEC_KIND,),
        "1.14.0-beta.0",
        _base_spec,
        _base_spec_back,
        "the same overrides, whole",
        "container.CRIBaseRuntimeSpecConfig, cri/runtime_spec_config.go",
    ),
)
