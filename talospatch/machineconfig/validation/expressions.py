"""Expressions in CEL that select disks, volumes and links."""

from __future__ import annotations

from typing import TYPE_CHECKING

from talospatch.machineconfig.validation.rule import Broken

if TYPE_CHECKING:
    from collections.abc import Iterator

    from talospatch.machineconfig.validation.place import Place
    from talospatch.machineconfig.validation.rule import Check, Config


def selector(path: str, environment: str, *, needed: bool = False, result: str = "bool") -> Check:
    """Return the check of an expression.

    Args:
        path: where it stands.
        environment: its names; see :mod:`talospatch.machineconfig.validation.cel.environments`.
        needed: whether it must be there.
        result: the type that it must have.
    """

    def check(root: Place, config: Config) -> Iterator[Broken]:
        place = root[path]
        if not place.filled:
            if needed:
                yield Broken(place, f"a selector is required: a condition on a {environment.rsplit(maxsplit=1)[-1]}")
            return
        from talospatch.machineconfig.validation.cel import check as cel
        from talospatch.machineconfig.validation.cel import environments
        from talospatch.machineconfig.validation.cel.types import CelType

        if problem := cel.problem_with(place.text, environments.environment(environment, config.minor), result=CelType(result)):
            yield Broken(place, f"the expression {problem}")

    return check
