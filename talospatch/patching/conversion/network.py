"""Conversions of the network's global settings: hostname, hosts, resolvers, time, KubeSpan. Links are not among them."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from talospatch.machineconfig.validation import texts
from talospatch.patching.conversion.nested import given, merged, nest
from talospatch.patching.conversion.rule import (
    NOTHING,
    Identity,
    Move,
    Rule,
    both_set,
    element,
    not_expressible,
    place,
    repeated,
)
from talospatch.versions import TalosVersion

if TYPE_CHECKING:
    from talospatch.patching.conversion.view import View
    from talospatch.talos.finding import Finding

_HOSTNAME, _STABLE, _HOSTNAME_KIND = "machine.network.hostname", "machine.features.stableHostname", "HostnameConfig"
_HOSTS, _HOST = "machine.network.extraHostEntries", "StaticHostConfig"
_SERVERS, _DOMAINS, _NO_DOMAIN = (f"machine.network.{key}" for key in ("nameservers", "searchDomains", "disableSearchDomain"))
_HOST_DNS, _RESOLVER = "machine.features.hostDNS", "ResolverConfig"
_TIME, _TIME_KIND = "machine.time", "TimeSyncConfig"
_KUBESPAN, _KUBESPAN_KIND = "machine.network.kubespan", "KubeSpanConfig"
_EMPTY_DOMAINS_COUNT = TalosVersion.parse("1.14.0-alpha.2")  # before, an empty list of search domains is as good as none


# Hostname


def _hostname(view: View) -> Move:
    name, stable = view.get(_HOSTNAME), view.get(_STABLE)
    if not name and not stable:
        return NOTHING
    if view.the(_HOSTNAME_KIND) is not None:
        return Move(findings=(both_set(place(_HOSTNAME if name else _STABLE), _HOSTNAME_KIND),))
    gone = tuple(place(path) for path in (_HOSTNAME, _STABLE) if view.get(path) is not None)
    return Move(gone, ({"kind": _HOSTNAME_KIND, **({"hostname": name} if name else {"auto": "stable"})},))


def _hostname_back(view: View) -> Move:
    document = view.the(_HOSTNAME_KIND)
    if document is None:
        return NOTHING
    if view.get(_HOSTNAME) or view.get(_STABLE):
        return Move(findings=(both_set(place(_HOSTNAME), _HOSTNAME_KIND),))
    name, auto = document.get("hostname"), document.get("auto")
    if not name and auto != "stable":
        why = "no hostname and none made up: the older Talos makes one up of the node's address"
        return Move(findings=(not_expressible(("auto",), why, "give a hostname", document=_HOSTNAME_KIND),))
    return Move(main=nest(_HOSTNAME, name) if name else nest(_STABLE, True), removed=view.identities(_HOSTNAME_KIND))


# Hosts


def _hosts(view: View) -> Move:
    entries = view.elements(_HOSTS)
    there = view.names(_HOST)
    findings: dict[str, Finding] = {}
    joined: dict[str, list[str]] = {}
    for entry in entries:
        address, aliases = entry.get("ip", ""), entry.get("aliases") or []
        where = element(_HOSTS, "ip", address)
        if address in there:
            findings[address] = both_set(where, f"{_HOST}/{address}", effective="Talos joins their names")
        elif texts.address(address) is not None or not aliases:
            why = "has no name, or an address that is none, and such a document is refused"
            findings[address] = not_expressible(where, why, "take the entry out")
        joined.setdefault(address, []).extend(aliases)
    if findings:  # of several entries for an address, a patch can take out the first alone
        counted = Counter(entry.get("ip", "") for entry in entries)
        for address in (address for address, count in counted.items() if count > 1 and address not in findings):
            where = element(_HOSTS, "ip", address)
            findings[address] = repeated(where, "is listed more than once, and another entry stays", "make one entry of them")
    moved = {address: aliases for address, aliases in joined.items() if address not in findings}
    documents = {address: {"kind": _HOST, "name": address, "hostnames": aliases} for address, aliases in moved.items()}
    if len(moved) < len(entries) and not findings:
        return Move((place(_HOSTS),), tuple(documents.values()))
    return Move.of([Move((element(_HOSTS, "ip", address),), (document,)) for address, document in documents.items()], findings.values())


def _hosts_back(view: View) -> Move:
    documents = view.of_kind(_HOST)
    entries = [{"ip": document["name"], "aliases": document.get("hostnames") or []} for document in documents]
    return Move(main=nest(_HOSTS, entries) if entries else None, removed=view.identities(_HOST))


# Resolvers


def _resolvers(view: View) -> Move:
    servers, domains, no_domain = view.get(_SERVERS), view.get(_DOMAINS), view.get(_NO_DOMAIN)
    if not domains and not view.at >= _EMPTY_DOMAINS_COUNT:
        domains = None
    if not servers and domains is None and no_domain is None:
        return NOTHING
    there = [place(path) for path in (_SERVERS, _DOMAINS, _NO_DOMAIN) if view.get(path) is not None]
    if view.the(_RESOLVER) is not None:
        return Move(findings=(both_set(there[0], _RESOLVER),))
    for index, server in enumerate(servers or ()):
        if texts.address(server) is not None:
            why = "is no address: Talos ignores it there and refuses it in the document"
            return Move(findings=(not_expressible((*place(_SERVERS), index), why, "take it out, then convert"),))
    document: dict[str, Any] = {"kind": _RESOLVER}
    if servers:
        document["nameservers"] = [{"address": server} for server in servers]
    if search := given(domains=domains, disableDefault=no_domain):
        document["searchDomains"] = search
    return Move(tuple(there), (document,))


def _resolvers_back(view: View) -> Move:
    document = view.the(_RESOLVER)
    if document is None:
        return NOTHING
    if document.get("hostDNS"):
        why = "has to be taken back first, and stays"
        return Move(findings=(not_expressible(("hostDNS",), why, "let the rule host-dns convert too", document=_RESOLVER),))
    servers = document.get("nameservers") or []
    for index, server in enumerate(servers):
        if set(server) != {"address"}:
            why = "is asked by another protocol, and the main document has plain addresses only"
            return Move(findings=(not_expressible(("nameservers", index), why, "write a server for plain DNS", document=_RESOLVER),))
    search = document.get("searchDomains") or {}
    values = given(
        nameservers=[server["address"] for server in servers] or None,
        searchDomains=search.get("domains"),
        disableSearchDomain=search.get("disableDefault"),
    )
    if there := next((path for path in (_SERVERS, _DOMAINS, _NO_DOMAIN) if view.get(path) is not None), None):
        return Move(findings=(both_set(place(there), _RESOLVER),))
    return Move(main=nest("machine.network", values) if values else None, removed=view.identities(_RESOLVER))


def _host_dns(view: View) -> Move:
    old = view.get(_HOST_DNS)
    if not old or not old.get("enabled"):
        return NOTHING  # switched off is what it is without a word, too
    document = view.the(_RESOLVER)
    if document is not None and document.get("hostDNS"):
        return Move(findings=(both_set(place(_HOST_DNS), _RESOLVER),))
    return Move((place(_HOST_DNS),), ({"kind": _RESOLVER, "hostDNS": old},))


def _host_dns_back(view: View) -> Move:
    document = view.the(_RESOLVER)
    new = (document or {}).get("hostDNS")
    if document is None or not new:
        return NOTHING
    if view.get(_HOST_DNS) is not None:
        return Move(findings=(both_set(place(_HOST_DNS), _RESOLVER),))
    main = nest(_HOST_DNS, new)
    if there := next((path for path in (_SERVERS, _DOMAINS, _NO_DOMAIN) if view.get(path) is not None), None):
        return Move(findings=(both_set(place(there), _RESOLVER),))
    if document.keys() - {"apiVersion", "kind", "hostDNS"}:
        return Move(main=main, cut=((Identity(_RESOLVER), "hostDNS"),))
    return Move(main=main, removed=(Identity(_RESOLVER),))


# Time


def _time(view: View) -> Move:
    old = view.get(_TIME)
    if not old:
        return NOTHING
    if view.the(_TIME_KIND) is not None:
        return Move(findings=(both_set(place(_TIME), _TIME_KIND),))
    servers, disabled = old.get("servers"), old.get("disabled")
    if servers == []:
        why = "is an empty list: Talos takes that for no time server at all, and a patch cannot say it in the document"
        return Move(findings=(not_expressible(place(f"{_TIME}.servers"), why, "take it out, or name a server"),))
    document = {"kind": _TIME_KIND, **given(enabled=None if disabled is None else not disabled, bootTimeout=old.get("bootTimeout"))}
    if servers:
        clocks = all(server.startswith("/dev/") for server in servers)
        document |= {"ptp": {"devices": servers}} if clocks else {"ntp": {"servers": servers}}
    return Move((place(_TIME),), (document,))


def _time_back(view: View) -> Move:
    document = view.the(_TIME_KIND)
    if document is None:
        return NOTHING
    if view.get(_TIME):
        return Move(findings=(both_set(place(_TIME), _TIME_KIND),))
    ntp, ptp, enabled = document.get("ntp") or {}, document.get("ptp") or {}, document.get("enabled")
    if ntp.get("useNTS"):
        return Move(findings=(not_expressible(("ntp", "useNTS"), "is new in Talos 1.14", document=_TIME_KIND),))
    values = given(
        disabled=None if enabled is None else not enabled,
        servers=ntp.get("servers") if document.get("ntp") is not None else ptp.get("devices"),
        bootTimeout=document.get("bootTimeout"),
    )
    return Move(main=nest(_TIME, values) if values else None, removed=view.identities(_TIME_KIND))


# KubeSpan


def _kubespan(view: View) -> Move:
    old = view.get(_KUBESPAN)
    if not old:
        return NOTHING
    if view.the(_KUBESPAN_KIND) is not None:
        return Move(findings=(both_set(place(_KUBESPAN), _KUBESPAN_KIND),))
    values = {key: value for key, value in old.items() if key != "mtu" or value}
    return Move((place(_KUBESPAN),), ({"kind": _KUBESPAN_KIND, **values},))


def _kubespan_back(view: View) -> Move:
    document = view.the(_KUBESPAN_KIND)
    if document is None:
        return NOTHING
    if view.get(_KUBESPAN) is not None:
        return Move(findings=(both_set(place(_KUBESPAN), _KUBESPAN_KIND),))
    values = {key: value for key, value in document.items() if key not in {"apiVersion", "kind"}}
    return Move(main=merged(None, nest(_KUBESPAN, values)) if values else None, removed=view.identities(_KUBESPAN_KIND))


RULES = (
    Rule(
        "hostname",
        "hostname",
        (_HOSTNAME, _STABLE),
        (_HOSTNAME_KIND,),
        "1.12.0-alpha.1",
        _hostname,
        _hostname_back,
        "a hostname that is given wins over one that Talos makes up; without one, it is made up in the same way",
        "container.NetworkHostnameConfig, network/hostname_config.go, network/hostname_merge.go",
        "a hostname made up of the node's address has no document, and stays; on the way back, auto: off without a hostname",
    ),
    Rule(
        "static-hosts",
        "names for addresses, in /etc/hosts",
        (_HOSTS,),
        (_HOST,),
        "1.12.0-alpha.1",
        _hosts,
        _hosts_back,
        "Talos joins what both say about an address, and orders it by address; several entries for one become one document",
        "container.NetworkStaticHostConfig, network/etcfile.go, network/static_host.go",
        "an address that has a document already; an entry without an address or a name",
    ),
    Rule(
        "resolvers",
        "name servers and search domains",
        (_SERVERS, _DOMAINS, _NO_DOMAIN),
        (_RESOLVER,),
        "1.12.0-beta.0",
        _resolvers,
        _resolvers_back,
        "the same addresses and domains in the same order, and plain DNS",
        "container.NetworkResolverConfig, network/resolver_config.go",
        "both are set; a name server that is no address; on the way back, a server for encrypted DNS",
    ),
    Rule(
        "host-dns",
        "host DNS",
        (_HOST_DNS,),
        (_RESOLVER,),
        "1.14.0-alpha.0",
        _host_dns,
        _host_dns_back,
        "the same switches; off is off in both, with a word or without",
        "container.NetworkHostDNSConfig, network/hostdns_config.go, network/nftables_chain_config.go",
        "the document has the section already; one that is switched off stays",
        field="hostDNS",
    ),
    Rule(
        "time",
        "time servers",
        (_TIME,),
        (_TIME_KIND,),
        "1.12.0-beta.0",
        _time,
        _time_back,
        "the same servers in the same order; devices are told by /dev/ in both",
        "container.NetworkTimeSyncConfig, network/timeserver_config.go, time/sync.go",
        "both are set; an empty list of servers; on the way back, NTS",
    ),
    Rule(
        "kubespan",
        "KubeSpan",
        (_KUBESPAN,),
        (_KUBESPAN_KIND,),
        "1.13.0-alpha.1",
        _kubespan,
        _kubespan_back,
        "the same fields with the same defaults",
        "container.NetworkKubeSpanConfig, kubespan/config.go",
        "both are set",
    ),
)
