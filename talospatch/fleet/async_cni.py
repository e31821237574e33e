"""What can be done about the CNI result cache of a fleet's nodes, as coroutines."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from talospatch.fleet.finder import Detail

if TYPE_CHECKING:
    from talospatch.cnicheck.options import CheckOptions
    from talospatch.cnicheck.report import CniReport, NodeCni
    from talospatch.fleet.async_cluster import Chosen
    from talospatch.fleet.inventory import Inventory
    from talospatch.talosapi.client import Client


class CniVerbs(ABC):
    """Verbs of :class:`~talospatch.fleet.async_cluster.AsyncCluster`; see there for what ``nodes`` means and what every verb raises.

    Attributes:
        client: what calls are made with.
    """

    client: Client

    @abstractmethod
    async def inventory(self, nodes: Chosen = None, *, detail: Detail = Detail.FULL) -> Inventory:
        """Find nodes."""

    async def check_cni_cache(
        self,
        *,
        nodes: Chosen = None,
        options: CheckOptions | None = None,
        after: CniReport | None = None,
        progress: Callable[[NodeCni], None] | None = None,
    ) -> CniReport:
        """Look for CNI result-cache files that keep pod sandboxes from stopping. Changes nothing. The role os:reader sees names and sizes.

        Args:
            nodes: the nodes.
            options: bounds and depth.
            after: an earlier report of these nodes: each file then tells how long it has been seen just so.
            progress: told of each node as it is done, in the event loop.
        """
        from talospatch.cnicheck.check import check

        found = await self.inventory(nodes, detail=Detail.NAMES)
        return await check(self.client, found.rows, options, after=after, progress=progress)

    async def explain_cni(
        self,
        what: str,
        *,
        nodes: Chosen = None,
        options: CheckOptions | None = None,
        progress: Callable[[NodeCni], None] | None = None,
    ) -> CniReport:
        """Tell everything about one sandbox: whose it is, what is wrong with its cache file, since when, what it costs, what will happen.

        The report's ``told`` has the stories, whether or not anything is wrong; it is empty when nothing of the kind is on these nodes.
        Changes nothing. The role os:reader sees less: not which pod a cache file names.

        Args:
            what: a sandbox's ID or its beginning, the name of a cache file, or a pod, with or without its namespace.
            nodes: the nodes.
            options: bounds and depth.
            progress: told of each node as it is done, in the event loop.

        Raises:
            InputError: ``what`` names nothing of the kind.
        """
        from talospatch.cni.selector import selector
        from talospatch.cnicheck.options import CheckOptions as Allowed

        about = selector(what)
        chosen = replace(options or Allowed(), about=about)
        return await self.check_cni_cache(nodes=nodes, options=chosen, progress=progress)
