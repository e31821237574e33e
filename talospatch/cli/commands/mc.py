"""``talospatch machineconfig``: files, offline. Each command stands in a module of its own, with its examples as ``EPILOG``."""

from __future__ import annotations

from talospatch.cli.app import new
from talospatch.cli.commands import mc_convert, mc_diff, mc_patch, mc_validate

app = new(help="Patch, compare, validate and convert machine configurations in files.")


@app.callback()
def machineconfig() -> None:
    """Patch, compare, validate and convert machine configurations in files. Needs no cluster; its short name is mc."""


app.command("patch", epilog=mc_patch.EPILOG)(mc_patch.patch)
app.command("diff", epilog=mc_diff.EPILOG)(mc_diff.diff)
app.command("validate", epilog=mc_validate.EPILOG)(mc_validate.validate)
app.command("convert", epilog=mc_convert.EPILOG)(mc_convert.convert)
