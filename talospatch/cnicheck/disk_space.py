"""Asking a node how full the file system is that holds its cache."""

from __future__ import annotations

from typing import TYPE_CHECKING

from talospatch.cni.explain import shown_error
from talospatch.cni.space import Space, space_in
from talospatch.errors import NodeError

if TYPE_CHECKING:
    from talospatch.cnicheck.calls import CniCalls


async def space_of(client: CniCalls, node: str) -> Space:
    """Return that, or why it was not seen. One call, worth making only for a node with damaged files."""
    try:
        return space_in(await client.mounts(node))
    except NodeError as error:
        return Space(problem=shown_error(str(error)))
