"""What somebody has to look at. Open once a subject, however often it is told; then it is over."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from central.errors import NotFound
from central.foundation.db.engine import change, money_transaction, rows
from central.foundation.language.said import Saying, kept, of_kept

SUBJECTS = {
    "audit": "subject-audit",
    "statements": "subject-statements",
    "card keys": "subject-card-keys",
    "trial balance": "subject-trial-balance",
}
"""What alerts are about that no number names, by the sentence that does."""


class Alert(NamedTuple):
    """Something that is not as it should be.

    Args:
        kind: Slug of what raised it: ``job-failed``, ``proof``.
        subject: What it is about, within its kind.
        said: What is so; a ``Saying`` unless it was stored as a mere sentence.
        told_at_s: When it was last found to be so.
        seen_by: Who has said that he looks after it.
    """

    id: int
    kind: str
    subject: str
    said: str
    opened_at_s: int
    told_at_s: int
    seen_by: str | None
    cleared_at_s: int | None


def tell(kind: str, subject: str, said: str, at_s: int) -> None:
    """Open an alert, or say of an open one that it is still so. In the caller's transaction."""
    change(
        "INSERT INTO alert (kind, subject, said, opened_at_s, told_at_s) VALUES (?, ?, ?, ?, ?)"
        " ON CONFLICT (kind, subject) WHERE cleared_at_s IS NULL"
        " DO UPDATE SET said = excluded.said, told_at_s = excluded.told_at_s",
        (kind, subject, kept(said), at_s, at_s),
    )


def clear(kind: str, subject: str, at_s: int) -> None:
    """Say that it is over; no matter if it never was. In the caller's transaction."""
    change(
        "UPDATE alert SET cleared_at_s = ? WHERE kind = ? AND subject = ? AND cleared_at_s IS NULL",
        (at_s, kind, subject),
    )


def tell_all(kind: str, found: Mapping[str, str], at_s: int) -> None:
    """Tell what is so now, by subject; whatever else of this kind was open is over."""

    def work() -> None:
        for (subject,) in rows(
            "SELECT subject FROM alert WHERE kind = ? AND cleared_at_s IS NULL", (kind,)
        ):
            if subject not in found:
                clear(kind, subject, at_s)
        for subject, said in found.items():
            tell(kind, subject, said, at_s)

    money_transaction(work)


def look_after(alert_id: int, by: str, at_s: int) -> None:
    """Note that somebody looks after an alert.

    Raises:
        NotFound: there is none, it is over, or somebody does already.
    """
    found = money_transaction(
        lambda: rows(
            "UPDATE alert SET seen_by = ?, seen_at_s = ? WHERE id = ? AND cleared_at_s IS NULL"
            " AND seen_by IS NULL RETURNING id",
            (by, at_s, alert_id),
        )
    )
    if not found:
        raise NotFound(Saying("no-alert", alert=alert_id))


def alerts(*, all_of_them: bool = False, limit: int = 200) -> list[Alert]:
    """Return the alerts that are open, or all there ever were; the newest first."""
    found = rows(
        "SELECT id, kind, subject, said, opened_at_s, told_at_s, seen_by, cleared_at_s FROM alert"
        " WHERE cleared_at_s IS NULL OR ? ORDER BY id DESC LIMIT ?",
        (all_of_them, limit),
    )
    return [Alert(*row)._replace(said=of_kept(row[3])) for row in found]
