"""Comparing files with what a change would make of them: offline, without any credential."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from talospatch.cli.file_patching import Conditions, patched
from talospatch.cli.inputs import STDIN, Input, inputs, looks_like_one, must_have_configs
from talospatch.cli.views.files import Comparison, FileDiff
from talospatch.errors import TalosPatchError
from talospatch.planning.effects import effects_between

if TYPE_CHECKING:
    from collections.abc import Sequence

    from talospatch.machineconfig.difference import Difference
    from talospatch.patching.recipe import Recipe
    from talospatch.talos.finding import Finding


def compare(recipe: Recipe, files: Sequence[str], *, strict: bool = False) -> Comparison:
    """Return what a recipe would do to each file.

    Args:
        recipe: the changes, and what the files are for.
        files: paths of files and directories, or ``-`` for stdin. In a directory, every YAML file that is a machine configuration counts.
        strict: whether what is not known is an error of its file.

    Raises:
        InputError: a directory has no machine configuration, or stdin is named twice.
    """
    conditions = Conditions(recipe, strict)
    known: dict[str, Difference] = {}
    same: dict[Finding, Finding] = {}
    compared = [
        made._replace(findings=tuple(same.setdefault(finding, finding) for finding in made.findings))
        for each in inputs(files)
        if (made := _compared(each, conditions, known)) is not None
    ]
    must_have_configs(files, (file.name for file in compared))
    return Comparison(tuple(compared), recipe.names, recipe.talos.tag)


def _compared(file: Input, conditions: Conditions, known: dict[str, Difference]) -> FileDiff | None:
    """Return what the recipe does to one file; None for a file that was not named and is no machine configuration.

    Differences that say the same are kept once, in ``known``: of a thousand files it is the texts that would fill the memory.
    """
    from talospatch.offline import STDIN_NAME

    try:
        if not file.named and not looks_like_one(file.name):
            return None
        before, made = patched(file.name, conditions)
        read = partial(conditions.recipe.config, source=file.name)
        config, after = read(before), read(made.text)
        difference = config.diff(after)
        effects = effects_between(config, after, difference, conditions.recipe.talos)
        return FileDiff(file.name, known.setdefault(difference.key, difference), made.findings, effects=effects)
    except TalosPatchError as error:
        said, shown = str(error), STDIN_NAME if file.name == STDIN else file.name
        return FileDiff(file.name, error=said if said.startswith(shown) else f"{shown}: {said}")
