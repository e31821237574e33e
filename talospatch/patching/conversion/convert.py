"""Converting a config: every rule in turn, each judged by the reference's own validation, and one patch for all of them."""

from __future__ import annotations

import difflib
from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

from talospatch.errors import ChangeError, ConfigError, InputError, TalosPatchError, VersionError
from talospatch.machineconfig.path import ROOT_DOCUMENT, ConfigPath
from talospatch.machineconfig.tables.find import MINORS
from talospatch.machineconfig.typed.apply import patch_text
from talospatch.machineconfig.typed.documents import encode
from talospatch.machineconfig.typed.equality import alike
from talospatch.machineconfig.validation.rules import breaches
from talospatch.machineconfig.validation.validate import MODES
from talospatch.patching import hazards
from talospatch.patching.conversion.carrying import carried
from talospatch.patching.conversion.compose import patch_of
from talospatch.patching.conversion.obstacles import broken, obstacle
from talospatch.patching.conversion.rule import Identity, Move, Rule, plain_steps, refused
from talospatch.patching.conversion.table import BY_CODE, RULES
from talospatch.patching.conversion.view import View, known
from talospatch.patching.document_set import DocumentSet
from talospatch.patching.hazards import Noticed
from talospatch.patching.known_types import schema_for
from talospatch.patching.remarks import lost_remarks
from talospatch.patching.workpiece import Workpiece
from talospatch.talos.finding import Finding, Severity
from talospatch.versions import TalosVersion

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from talospatch.machineconfig.config import MachineConfig
    from talospatch.machineconfig.typed.documents import Document
    from talospatch.patching.conversion.rule import Data

_UNKNOWN = frozenset({hazards.UNKNOWN_KIND.code, hazards.UNKNOWN_FIELD.code})
# Findings that are not about what a patch says: talosctl crashes on any patch of a config with a date in a free-form object.
_HARMLESS = frozenset({hazards.UNCOPYABLE.code, *_UNKNOWN})


class Made(NamedTuple):
    """A rule that was applied.

    Attributes:
        rule: the row.
        back: whether it went from documents to the main document.
        move: what it moved.
    """

    rule: Rule
    back: bool
    move: Move

    @property
    def origins(self) -> tuple[str, ...]:
        """Paths of what was moved."""
        paths = [str(ConfigPath(ROOT_DOCUMENT, steps)) for steps in self.move.gone]
        paths += [identity.id for identity in self.move.removed]
        paths += [str(ConfigPath(identity.id, (key,))) for identity, key in self.move.cut]
        return tuple(dict.fromkeys(paths))

    @property
    def destinations(self) -> tuple[str, ...]:
        """Paths of what it was moved to."""
        paths = [path for path in self.rule.legacy if _stands_in(self.move.main, path)]
        paths += [Identity.of(document).id for document in self.move.documents]
        return tuple(dict.fromkeys(paths))


def _stands_in(data: Data, path: str) -> bool:
    """Whether data has something at a path, as far as that is made of plain keys."""
    for key in plain_steps(path):
        if not isinstance(data, dict) or key not in data:
            return False
        data = data[key]
    return True


class Conversion(NamedTuple):
    """A config and what it becomes.

    Attributes:
        before: the config.
        after: what it becomes; the very object when nothing is to be done.
        patch: the strategic merge patch that makes one of the other, with secrets as they are; empty when nothing is to be done.
        made: the rules that were applied, in order.
        findings: what was not converted and why, and what is worth knowing.
        to: the Talos that it is for.
        at: the Talos that knows both forms: the patch is for it, and so is the config after, until the node runs ``to``.
    """

    before: MachineConfig
    after: MachineConfig
    patch: str
    made: tuple[Made, ...]
    findings: tuple[Finding, ...]
    to: TalosVersion
    at: TalosVersion


def convert(
    config: MachineConfig, to: TalosVersion, *, oldest: TalosVersion | None = None, only: Iterable[str] = (), needed: bool = False
) -> Conversion:
    """Move what a config says to where a Talos version says it: into documents that it has, out of those that it lacks.

    Talos makes the same of the config before and after; what could not be said without loss stays, and a finding says why.

    Args:
        config: the config.
        to: the version of Talos that the config is to be for.
        oldest: the oldest version in the cluster, where it is another: documents that it lacks are not made.
        only: codes of rules; by default all.
        needed: whether to move only what ``to`` cannot read where it stands.

    Raises:
        ChangeError: there is no rule of such a code.
        ConfigError: the config does not fit its types, or an edit could not be proven right.
        VersionError: conversions for that version are not known.
    """
    rules = rules_for(to, only)
    at = _reader(config, to)
    course = _Course(config, to=to, at=at, oldest=oldest or to)
    for rule in rules:
        if rule.within(to) and not needed:
            course.forward(rule)
    for rule in reversed(rules):
        if not rule.within(to):
            course.back(rule)
    return course.end()


def rules_for(to: TalosVersion, only: Iterable[str] = ()) -> tuple[Rule, ...]:
    """Return the rules of some codes, in the order of going forward, by default all.

    Raises:
        ChangeError: there is no rule of such a code.
        VersionError: conversions for that version are not known.
    """
    if to.minor not in MINORS:
        known = f"conversions are known from Talos {MINORS[0]} to {MINORS[-1]}"
        newer = to > TalosVersion.parse(MINORS[-1])
        hint = f"convert to {MINORS[-1]}, or see whether there is a newer talospatch" if newer else "upgrade the node first"
        raise VersionError(f"{known}, and {to} is {'newer' if newer else 'older'}", hint=hint)
    wanted = tuple(only)
    for code in wanted:
        if code not in BY_CODE:
            near = difflib.get_close_matches(code, BY_CODE, n=1)
            hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(BY_CODE)}"
            raise ChangeError(f"there is no conversion {code[:40]!r}", hint=hint)
    return tuple(rule for rule in RULES if not wanted or rule.code in wanted)


def _reader(config: MachineConfig, to: TalosVersion) -> TalosVersion:
    """Return the version by which the config is read: the target, or the first behind it that knows all that it holds; else the newest."""
    for version in (to, *(TalosVersion.parse(minor) for minor in MINORS[MINORS.index(to.minor) + 1 :])):
        noticed = Noticed()
        try:
            DocumentSet(config.text, schema_for(version, noticed), noticed, source=config.source)
        except ConfigError:
            continue
        if not _is_unknown(noticed):
            return version
    newest = TalosVersion.parse(MINORS[-1])
    return newest if newest.minor != to.minor else to


def _is_unknown(noticed: Noticed) -> bool:
    return any(finding.code in _UNKNOWN for finding in noticed.findings)


class _Course:
    """A conversion on its way."""

    def __init__(self, config: MachineConfig, *, to: TalosVersion, at: TalosVersion, oldest: TalosVersion) -> None:
        self._config, self._to, self._at, self._oldest = config, to, at, oldest
        self._noticed = Noticed()
        self._schema = schema_for(at, self._noticed)
        self._set = DocumentSet(config.text, self._schema, self._noticed, source=config.source)
        self._start = View(self._set.documents, at=at, to=to)
        self._problems = self._judge()
        self._made: list[Made] = []
        self._findings: list[Finding] = []

    def _view(self) -> View:
        return View(self._set.documents, at=self._at, to=self._to)

    def forward(self, rule: Rule) -> None:
        """Apply a rule whose documents the target has."""
        view = self._view()
        if found := broken(rule, view):
            self._findings.append(found)
            return
        move = rule.forward(view)
        if not rule.within(self._oldest) and not move.is_empty:
            message = (
                f"stays: some node has Talos {self._oldest}, and with {', '.join(rule.kinds)} it would not boot, nor after a rollback to it"
            )
            self._findings.append(Finding(Severity.NOTE, "conversion-older-node", rule.legacy[0], message, "convert once all are upgraded"))
            return
        self._make(rule, move, back=False)

    def back(self, rule: Rule) -> None:
        """Apply a rule the other way round, because the target lacks its documents."""
        view = self._view()
        if found := broken(rule, view):
            self._findings.append(found)
            return
        move = rule.back(view)
        left = len(self._set.documents) - len(move.removed)
        if not view.has_main and (move.main is not None or (move.removed and not left)):
            why = "there is no main document that it could move into"
            move = Move(findings=(refused("conversion-no-main-document", (), why, document=rule.kinds[0]),))
        self._make(rule, move, back=True)

    def _make(self, rule: Rule, move: Move, *, back: bool) -> None:
        """Make a move, or of one that cannot be made as a whole the parts that can."""
        self._findings += move.findings
        if move.is_empty:
            return
        code, why = self._hinders(move)
        if not why:
            self._made.append(Made(rule, back, move))
            return
        if len(move.parts) < 2:
            self._stays(rule, move, code, why, back=back)
            return
        moved = []
        for part in move.parts:
            code, why = self._hinders(part)
            if why:
                self._stays(rule, part, code, why, back=back)
            else:
                moved.append(part)
        if moved:
            self._made.append(Made(rule, back, Move.of(moved)))

    def _stays(self, rule: Rule, move: Move, code: str, why: str, *, back: bool) -> None:
        path = rule.kinds[0] if back else str(ConfigPath(ROOT_DOCUMENT, move.gone[0])) if len(move.gone) == 1 else rule.legacy[0]
        self._findings.append(Finding(Severity.WARNING, code, path, f"stays: {why}"))

    def _hinders(self, move: Move) -> tuple[str, str]:
        """Make a move and return empty texts, or leave everything as it is and return a finding's code and why."""
        view = self._view()
        if why := obstacle(move, view, self._set.documents, self._schema):
            return "conversion-not-expressible", why
        before, noticed = list(self._set.documents), len(self._noticed.findings)
        try:
            self._set.merge(patch_of([move], view))
        except TalosPatchError as error:
            why = f"in its other form it could not be read: {error.problem if isinstance(error, InputError) else error}"
        else:
            refusals = sorted({message for _, message in self._judge() - self._problems})
            why = f"in its other form Talos would refuse it: {'; '.join(refusals)}" if refusals else ""
            unsaid = [finding for finding in self._noticed.findings[noticed:] if finding.code not in _HARMLESS]
            if unsaid and not why:
                why = f"no patch says it as it is: {unsaid[0].message}"
        if why:
            self._set.documents = before
        return "conversion-not-valid", why

    def _judge(self) -> Counter[tuple[str, str]]:
        """Return what Talos would refuse of the documents as they are now, wherever it runs. Places do not count: they are what changes."""
        found = (breach for mode in MODES for breach in breaches(tuple(known(self._set.documents)), minor=self._at.minor, mode=mode))
        return Counter((breach.rule.code, breach.broken.message) for breach in found if breach.rule.severity is Severity.ERROR)

    def end(self) -> Conversion:
        """Return the outcome: the moves as one patch, and that patch applied with the least edit."""
        patch = patch_of([made.move for made in self._made], self._start) if self._made else ""
        after = self._config
        if patch:
            piece = Workpiece(self._config, talos=self._at)
            piece.documents().merge(patch, source="conversion")
            together = tuple(piece.documents().documents)
            assert _alike(together, self._set.documents), "one patch makes what its parts make one after the other"
            after, findings, _ = piece.patched
            self._findings += [finding for finding in findings if finding.code not in _UNKNOWN]
            self._findings += _about_patch(self._config, patch, together, self._at)
            after = carried(self._config, after, [(made.rule, made.move) for made in self._made])
            self._findings += _about_text(self._config, after)
        self._findings += _about_rollback(self._made, self._to)
        if self._at.minor != self._to.minor:
            self._findings += _left(after, self._to)
        findings = tuple(dict.fromkeys(self._findings))
        return Conversion(self._config, after, patch, tuple(self._made), findings, self._to, self._at)


def _alike(one: Sequence[Document], other: Sequence[Document]) -> bool:
    known = {document.id: document for document in other}
    return len(known) == len(one) and all(
        document.id in known and alike(document.type, document.value, known[document.id].value) for document in one
    )


def _about_patch(config: MachineConfig, patch: str, wanted: Sequence[Document], at: TalosVersion) -> list[Finding]:
    """Note where talosctl would make something else of the patch than we do."""
    try:
        if patch_text(config.text, [patch], minor=at.minor) == encode(wanted, minor=at.minor):
            return []
        why = "it would make something else of it"
    except TalosPatchError as error:
        why = error.problem if isinstance(error, InputError) else str(error)
    message = f"talosctl {at.minor} cannot apply the patch to this config: {why}"
    return [
        Finding(Severity.NOTE, "conversion-patch-not-for-talosctl", "", message, "apply it with talospatch, or take the converted config")
    ]


def _about_text(before: MachineConfig, after: MachineConfig) -> list[Finding]:
    lost = lost_remarks(before, after)
    if not lost:
        return []
    listed = ", ".join(str(remark.line) for remark in lost[:8]) + (" …" if len(lost) > 8 else "")
    message = f"comments that have no one place to go to are not moved: {'line' if len(lost) == 1 else 'lines'} {listed}"
    return [Finding(Severity.NOTE, "conversion-comments", "", message, "copy them over where they are wanted")]


def _about_rollback(made: Sequence[Made], to: TalosVersion) -> list[Finding]:
    """Say what stands in the way of a rollback, which goes to the minor before."""
    kinds = [
        document["kind"]
        for each in made
        if not each.back and TalosVersion.parse(each.rule.since).minor == to.minor
        for document in each.move.documents
    ]
    if not kinds:
        return []
    message = f"after a rollback to the Talos before {to.minor}, the node would not boot with {', '.join(dict.fromkeys(kinds))}"
    older = MINORS[MINORS.index(to.minor) - 1]
    hint = f"before a rollback, take them back: talospatch machineconfig convert --to {older} --needed"
    return [Finding(Severity.NOTE, "conversion-rollback", "", message, hint)]


def _left(config: MachineConfig, to: TalosVersion) -> list[Finding]:
    """Say what the target still cannot read."""
    noticed = Noticed()
    try:
        DocumentSet(config.text, schema_for(to, noticed), noticed, source=config.source)
    except ConfigError as error:
        return [
            Finding(Severity.ERROR, "conversion-left", error.path or "", f"Talos {to} cannot read it: {error.problem}", error.hint or "")
        ]
    message = f"stays, and Talos {to} does not know it: a node on it would not boot with this config"
    return [
        Finding(Severity.ERROR, "conversion-left", finding.path, message, "take it out by hand, or stay on the newer Talos")
        for finding in noticed.findings
        if finding.code in _UNKNOWN
    ]
