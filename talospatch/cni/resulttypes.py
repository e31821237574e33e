"""libcni's result types, by libcni version and by the result's own cniVersion.

Source: pkg/types/{020,040,100}/types.go and pkg/types/types.go of containernetworking/cni at v1.0.1, v1.1.2, v1.2.0, v1.2.3 and v1.3.0;
pkg/types/{020,current}/types.go at v0.8.1.
"""

from __future__ import annotations

from functools import cache

from talospatch.cni.godecode import List, Scalar, Struct

_STRINGS = List("[]string", Scalar.STRING)
_DNS = Struct("types.DNS", {"nameservers": _STRINGS, "domain": Scalar.STRING, "search": _STRINGS, "options": _STRINGS})

# What reads the version before anything else: DecodeVersion in pkg/types/create/create.go.
VERSION_ONLY = Struct(r'struct { CNIVersion string "json:\"cniVersion\"" }', {"cniVersion": Scalar.STRING})

# The Go package that reads a result, by the result's cniVersion; the key of _BUILDERS.
PACKAGES = {
    "0.1.0": "types020",
    "0.2.0": "types020",
    "0.3.0": "types040",
    "0.3.1": "types040",
    "0.4.0": "types040",
    "1.0.0": "types100",
    "1.1.0": "types100",
}


@cache
def result_type(package: str, *, fields_of_1_1: bool, before_1_0: bool) -> Struct:
    """Return the type of a whole result.

    Args:
        package: a value of :data:`PACKAGES`.
        fields_of_1_1: whether libcni knows the fields that CNI 1.1 added (libcni 1.2.0 and newer).
        before_1_0: whether libcni is older than 1.0, which calls its 0.4.0 types ``current``.
    """
    numbers = dict.fromkeys(("mtu", "advmss", "priority", "table", "scope"), Scalar.INT) if fields_of_1_1 else {}
    route = Struct("types.route", {"dst": Scalar.CIDR, "gw": Scalar.IP, **numbers}, own_reader=True)
    if package == "types020":
        config = Struct(
            "types020.ipConfig", {"ip": Scalar.CIDR, "gateway": Scalar.IP, "routes": List("[]types.Route", route)}, own_reader=True
        )
        return Struct("types020.Result", {"cniVersion": Scalar.STRING, "ip4": config, "ip6": config, "dns": _DNS})
    named = "current" if before_1_0 else package
    is_100 = package == "types100"
    version = {} if is_100 else {"version": Scalar.STRING}
    config = Struct(
        f"{named}.ipConfig", {**version, "interface": Scalar.INT, "address": Scalar.CIDR, "gateway": Scalar.IP}, own_reader=True
    )
    added = {"mtu": Scalar.INT, "socketPath": Scalar.STRING, "pciID": Scalar.STRING} if is_100 and fields_of_1_1 else {}
    interface = Struct(f"{named}.Interface", {"name": Scalar.STRING, "mac": Scalar.STRING, "sandbox": Scalar.STRING, **added})
    return Struct(
        f"{named}.Result",
        {
            "cniVersion": Scalar.STRING,
            "interfaces": List(f"[]*{named}.Interface", interface),
            "ips": List(f"[]*{named}.IPConfig", config),
            "routes": List("[]*types.Route", route),
            "dns": _DNS,
        },
    )
