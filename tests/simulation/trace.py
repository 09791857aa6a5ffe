"""What happened, in words; and one hash of all of it, by which two runs are compared."""

from __future__ import annotations

import hashlib
from typing import NamedTuple


class Violation(NamedTuple):
    """Something that must hold did not.

    Args:
        rule: Its name in ``invariants.RULES``.
        step: Number of the step after which it was seen.
    """

    rule: str
    step: int
    what: str


class Trace:
    """The lines of one run. They are kept only if somebody is going to read them."""

    def __init__(self, *, keep: bool = False) -> None:
        self.lines: list[str] = []
        self.violations: list[Violation] = []
        self.step = 0
        self.is_kept = keep
        self._hash = hashlib.sha256()

    def note(self, at_s: float, line: str) -> None:
        """Note that something happened."""
        whole = f"{self.step:4} {at_s - 1775908800:12.3f} {line}"
        self._hash.update(whole.encode() + b"\n")
        if self.is_kept:
            self.lines.append(whole)

    def accuse(self, rule: str, what: str) -> None:
        """Note that something does not hold; the same thing once."""
        if any(v.rule == rule and v.what == what for v in self.violations):
            return
        self.violations.append(Violation(rule, self.step, what))
        if self.is_kept:
            self.lines.append(f"{self.step:4} {'':12} VIOLATION {rule}: {what}")

    def digest(self) -> str:
        """Return the hash of everything noted so far, and of the violations."""
        told = self._hash.copy()
        told.update(repr(self.violations).encode())
        return told.hexdigest()
