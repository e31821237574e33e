"""Roles of the Talos API."""

from __future__ import annotations

from talospatch.machineconfig.validation.rule import at_least

# The minor behind a role is the first that knows it. Source: machinery's role/role.go.
_ROLES = {
    "os:admin": "1.11",
    "os:operator": "1.11",
    "os:reader": "1.11",
    "os:etcd:backup": "1.11",
    "os:impersonator": "1.11",
    "os:image:verifier": "1.13",
    "os:meta:writer": "1.13",
}


def role_problem(role: str, minor: str) -> str | None:
    """Judge a role by what a minor knows; return what is wrong, or None."""
    if role in _ROLES and at_least(minor, _ROLES[role]):
        return None
    return f"role {role[:40]!r} is not known to Talos {minor}"
