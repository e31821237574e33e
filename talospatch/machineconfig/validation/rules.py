"""All rules, and which of them a config breaks."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from talospatch.machineconfig.path import ROOT_DOCUMENT
from talospatch.machineconfig.validation import (
    bgp,
    conflicts,
    host,
    kubernetes,
    links,
    main_cluster,
    main_machine,
    main_network,
    runtimes,
    together,
    volumes,
)
from talospatch.machineconfig.validation.place import Place
from talospatch.machineconfig.validation.rule import Broken, Config, Rule

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from talospatch.machineconfig.typed.documents import Document

_DOCUMENTS = (*bgp.RULES, *host.RULES, *kubernetes.RULES, *links.RULES, *runtimes.RULES, *volumes.RULES)
RULES = (*main_cluster.RULES, *main_machine.RULES, *main_network.RULES, *_DOCUMENTS, *conflicts.RULES, *together.RULES)


class Breach(NamedTuple):
    """One rule and one way in which it is broken."""

    rule: Rule
    broken: Broken


def breaches(documents: Sequence[Document], *, minor: str, mode: str) -> Iterator[Breach]:
    """Yield how documents break the rules of a minor.

    Args:
        documents: all documents of a config, as read for that minor.
        minor: the Talos minor.
        mode: ``metal``, ``cloud`` or ``container``.
    """
    places = [(document, Place(document.type, document.value, document.id)) for document in documents]
    main = next((place for document, place in places if document.kind.name == ROOT_DOCUMENT), None)
    config = Config(minor, mode, main, tuple(pair for pair in places if pair[1] is not main))
    if main is not None:
        yield from _main(main, config)
    for document, place in config.documents:
        yield from _broken(_of_kind(document.kind.name, minor), place, config)
    nowhere = main if main is not None else Place(None, None)
    yield from _broken((rule for rule in together.RULES if rule.holds_for(minor)), nowhere, config)


def _main(main: Place, config: Config) -> Iterator[Breach]:
    """The reference looks no further where a whole section is missing."""
    if not main_machine.machine_rules_apply(config):
        yield Breach(SECTION, Broken(main["machine"], "the machine section is required"))
        skipped: tuple[Rule, ...] = (*main_machine.RULES, *main_network.RULES, *main_cluster.RULES)
    elif not main_cluster.cluster_rules_apply(config):
        yield Breach(SECTION, Broken(main["cluster"], "the cluster section is required"))
        skipped = main_cluster.RULES
    else:
        skipped = ()
    yield from _broken((rule for rule in _of_kind(ROOT_DOCUMENT, config.minor) if rule not in skipped), main, config)


SECTION = Rule("section-required", (ROOT_DOCUMENT,), lambda root, config: ())


def _broken(rules: Iterator[Rule] | Sequence[Rule], place: Place, config: Config) -> Iterator[Breach]:
    for rule in rules:
        for broken in rule.check(place, config):
            yield Breach(rule, broken)


@cache
def _of_kind(kind: str, minor: str) -> tuple[Rule, ...]:
    return tuple(rule for rule in RULES if kind in rule.kinds and rule.holds_for(minor))
