"""Fields of which Talos takes one: a table by type. A patch that chooses another one means it instead of the old one.

Not in it are lists and addresses that may not stand beside each other (``cidr`` and ``addresses``, a bond's links and selectors of them,
``etcd.subnet`` and ``advertisedSubnets``): there, nobody knows whether one is meant beside the other or for it. ``validate`` says so.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from talospatch.machineconfig.typed.decode import NULL, ZERO

if TYPE_CHECKING:
    from collections.abc import Iterator

    from talospatch.machineconfig.typed.schema import Type


class Choice(NamedTuple):
    """One row.

    Attributes:
        ways: the alternatives, each the fields that make it up.
        source: of Talos's rule.
        harmless: values that may stand beside the others: the field's zero.
    """

    ways: tuple[tuple[str, ...], ...]
    source: str
    harmless: frozenset[str] = frozenset()


# Of two kinds of key in one slot a node takes the first of these, and says nothing: a TPM that was asked for would not be used.
_KEYS = Choice(
    (("static",), ("nodeID",), ("kms",), ("tpm",)),
    "internal/app/machined/pkg/controllers/block, the conversion of encryption keys",
)
CHOICES: dict[str, Choice] = {
    "block.EncryptionKey": _KEYS,
    "v1alpha1.EncryptionKey": _KEYS,
    "cri.RegistryAuthConfigV1Alpha1": Choice(
        (("username", "password"), ("identityToken",), ("auth",)), "types/cri/registry_auth.go, Validate"
    ),
    "network.HostnameConfigV1Alpha1": Choice(
        (("hostname",), ("auto",)), "types/network/hostname.go, Validate", frozenset({"auto"})
    ),  # auto: off
    "network.TimeSyncConfigV1Alpha1": Choice((("ntp",), ("ptp",)), "types/network/time_sync.go, Validate"),
    "v1alpha1.Device": Choice((("bond",), ("bridge",)), "types/v1alpha1/v1alpha1_validation.go, ErrMutuallyExclusive"),
}


def displaced(type_: Type, merged: dict[str, Any], right: dict[str, Any]) -> Iterator[str]:
    """Yield the fields of a merged struct that go, because the patch chooses another way.

    Args:
        type_: the type of both; one that has a row.
        merged: the struct with the patch merged in.
        right: the patch's.
    """
    choice = CHOICES[type_.name]
    chosen = [way for way in choice.ways if any(_says(type_, choice, key, right) for key in way)]
    if len(chosen) == 1:
        for way in choice.ways:
            if way != chosen[0]:
                yield from (key for key in way if _says(type_, choice, key, merged))


def _says(type_: Type, choice: Choice, key: str, values: dict[str, Any]) -> bool:
    """Whether a field is given and counts: zero does, behind a pointer, unless it may stand beside all."""
    value = values.get(key)
    if value is None or value is NULL or value is ZERO:
        return False
    return bool(value) or (type_.fields[key].type.pointer and key not in choice.harmless)
