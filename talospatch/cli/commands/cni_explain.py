"""``talospatch cni explain``."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from talospatch.cli import signals
from talospatch.cli.cluster_options import Connection, Evidence, Selection
from talospatch.cli.options import Output, bundled
from talospatch.cli.output import emit
from talospatch.cli.terminal import Terminal

EPILOG = """\b
Examples:
  talospatch cni explain shop/web-1 --workers
  talospatch cni explain 055b3c8e9d10 -n 10.0.0.5
  talospatch cni explain cbr0-055b…-eth0 --all -o json
  talospatch cni explain 055b3c8e9d10 --logs kubelet.log
  talospatch cni explain 055b3c8e9d10 -n 10.0.0.5 --kubeconfig ~/.kube/config

\b
Role: os:reader tells most; which pod a cache file names, and what is in it, need os:admin. Exit code 2 when what
is told is fatal or a time bomb, 1 when there is nothing of the kind on these nodes. Kubernetes, where a kubeconfig is
named: get nodes, list pods.
"""


@bundled
def explain(
    what: Annotated[str, typer.Argument(metavar="SANDBOX|FILE|POD", help="ID of a sandbox or its beginning, a cache file, or a pod.")],
    selection: Selection,
    evidence: Evidence,
    connection: Connection,
    output: Output,
    kubeconfig: Annotated[
        Path | None,
        typer.Option(
            "--kubeconfig",
            metavar="FILE",
            help="Ask Kubernetes where no file and no log tells the pod; by KUBECONFIG if that is set.",
            show_default=False,
        ),
    ] = None,
    kube_context: Annotated[str | None, typer.Option("--kube-context", metavar="NAME", help="Context in the kubeconfig.")] = None,
) -> int:
    """Tell the story of one sandbox: whose it is, what is wrong, since when, what it costs, what will happen, what to do."""
    from talospatch.cli.evidence import KubernetesNamed, looking
    from talospatch.cli.views import cni_stories
    from talospatch.cni.selector import selector
    from talospatch.cnicheck.options import CheckOptions

    terminal = Terminal()
    about = selector(what)

    async def tell() -> int:
        options = replace(CheckOptions(), about=about)
        named = KubernetesNamed(kubeconfig, kube_context)
        async with looking(selection, connection, evidence, options, terminal, kubernetes=named) as look:
            report = await look(None)
        emit(cni_stories.view(report, about.text), output.form, terminal)
        return cni_stories.exit_code(report, about.text)

    return signals.run(tell())
