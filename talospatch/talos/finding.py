"""What was noticed about a configuration or a node: a value, never an exception."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import NamedTuple, Self


class Severity(StrEnum):
    """How much a finding matters. An ERROR means: with this, the node would not come back, or the change would not take effect."""

    NOTE = "note"
    WARNING = "warning"
    ERROR = "error"


class Finding(NamedTuple):
    """One thing noticed.

    Attributes:
        severity: how much it matters.
        code: a stable word for scripts, such as ``duplicate-file-entry``.
        path: where in the configuration, as ``machine.files[1]``; empty when it is about the whole.
        message: one sentence for a person, without secrets.
        hint: what to do, or empty.
    """

    severity: Severity
    code: str
    path: str
    message: str
    hint: str = ""

    @classmethod
    def from_dict(cls, data: Mapping[str, str]) -> Self:
        """Read what :meth:`to_dict` gave."""
        return cls(Severity(data["severity"]), data["code"], data["path"], data["message"], data.get("hint", ""))

    def to_dict(self) -> dict[str, str]:
        """Return plain values, as for JSON, without what looks like a secret in its texts."""
        shown = self.redacted()
        return {name: str(value) for name, value in shown._asdict().items()}

    def redacted(self, secrets: Iterable[str] = ()) -> Self:
        """Return it as it may be shown: a path may name an element by a URL with a password in it, and a message repeat that.

        Args:
            secrets: values that are secret by their place, to be taken out too.
        """
        from talospatch.redaction import RUN, redact

        path, message, hint = (redact(text, secrets=secrets, marks=RUN) if text else text for text in (self.path, self.message, self.hint))
        return self._replace(path=path, message=message, hint=hint)
