"""``talospatch nodes``."""

from __future__ import annotations

from talospatch.cli import signals
from talospatch.cli.app import new
from talospatch.cli.cluster_options import Connection, Selection
from talospatch.cli.options import Output, bundled
from talospatch.cli.output import emit
from talospatch.cli.session import connected, targets
from talospatch.cli.terminal import Terminal
from talospatch.planning.outcomes import ExitCode

app = new()

EPILOG = """\b
Examples:
  talospatch nodes --all
  talospatch nodes --workers --filter '^gpu-' -o json
  talospatch nodes -n 10.0.0.5,10.0.0.6

\b
Role: os:reader shows role, version and stage; the drop-in, metrics and pending changes need os:admin,
because the machine configuration does.
"""


@app.command(epilog=EPILOG)
@bundled
def nodes(selection: Selection, connection: Connection, output: Output) -> int:
    """List the nodes: role, Talos version, containerd, drop-in carrier, metrics, pending changes.

    Workers are found through the cluster's own discovery. A node that does not answer is listed with its reason; it blocks no other.
    """
    from talospatch.cli.views import inventory as views

    terminal = Terminal()
    chosen = targets(selection)

    async def look() -> int:
        async with connected(connection, terminal) as cluster:
            inventory = await cluster.inventory(chosen)
        emit(views.view(inventory), output.form, terminal)
        return ExitCode.FAILED if inventory.failed else ExitCode.DONE

    return signals.run(look())
