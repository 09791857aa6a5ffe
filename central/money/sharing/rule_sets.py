"""Drafts, activates and finds rule sets. What was in force once stays as it was."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable
from functools import lru_cache
from typing import Any, NamedTuple

from central.errors import Conflict, NotFound, RequestInvalid
from central.foundation.db.engine import money_transaction, rows
from central.foundation.language.words import N_
from central.money.sharing.model import LevelLine, RuleInForce, RuleRef, RuleSet, Scope
from central.money.sharing.rule_body import RuleInvalid, parse_scope, read, to_body
from central.money.sharing.tables import SharedSale, SharingRule

NOTE_MAX = 500
UNANSWERED = N_("More than two paid agents, or more than 30 % in all: somebody must say why.")
FROM_S_MAX = 2**35
"""A rule set that begins after the year 3000 was a slip of the finger."""


class RuleVersion(NamedTuple):
    """One version of a rule set, with all there is to say of it.

    Args:
        from_s: Since when it is in force; None of a draft.
        answered_for: Why it goes beyond what is usual.
        is_used: Whether a sale was shared by it.
    """

    ref: RuleRef
    rule: RuleSet
    note: str
    answered_for: str
    state: str
    from_s: int | None
    drafted_by: str
    drafted_at_s: int
    activated_by: str | None
    is_used: bool


class Draft(NamedTuple):
    """What somebody wants a rule set to be."""

    body: Any
    note: str = ""
    answered_for: str = ""


def draft(scope: str, wanted: Draft, levels: Collection[str], *, by: str, at_s: int) -> RuleVersion:
    """Write the next version of a scope's rule set; nothing is shared by it yet.

    Raises:
        RequestInvalid: the scope or the rule set cannot be; ``line`` says which of its lines.
    """
    known, rule = _checked_scope(scope), _checked(wanted, levels)

    def write() -> RuleVersion:
        [(newest,)] = rows(
            "SELECT coalesce(max(version), 0) FROM sharing_rule WHERE scope = ?", (known,)
        )
        ref = RuleRef(known, newest + 1)
        SharingRule.create(
            scope=ref.scope, version=ref.version, body=json.dumps(to_body(rule)), state="draft",
            note=wanted.note.strip(), answered_for=wanted.answered_for.strip(), drafted_by=by,
            drafted_at_s=at_s,
        )  # fmt: skip
        return get(ref)

    return money_transaction(write)


def edit(
    ref: RuleRef, wanted: Draft, levels: Collection[str], *, by: str, at_s: int
) -> RuleVersion:
    """Change a draft.

    Raises:
        NotFound: there is no such version.
        Conflict: it is a draft no more.
        RequestInvalid: the rule set cannot be.
    """
    rule = _checked(wanted, levels)

    def write() -> RuleVersion:
        get(ref)
        changed = (
            SharingRule.update(
                body=json.dumps(to_body(rule)), note=wanted.note.strip(),
                answered_for=wanted.answered_for.strip(), drafted_by=by, drafted_at_s=at_s,
            )
            .where(*_is(ref), SharingRule.state == "draft")
            .execute()
        )  # fmt: skip
        if changed != 1:
            raise Conflict(N_("Only a draft can be changed; make a new version of it."))
        return get(ref)

    return money_transaction(write)


def discard(ref: RuleRef) -> None:
    """Throw a draft away. NotFound, or Conflict if it is a draft no more."""

    def write() -> None:
        get(ref)
        if SharingRule.delete().where(*_is(ref), SharingRule.state == "draft").execute() != 1:
            raise Conflict(N_("Only a draft can be thrown away."))

    money_transaction(write)


def activate(ref: RuleRef, from_s: int | None, *, by: str, now_s: int) -> RuleVersion:
    """Let a draft be in force from a moment on; from now on if none is given.

    Raises:
        NotFound: there is no such version.
        RequestInvalid: the moment has passed, or nobody has said why it goes beyond what is usual.
        Conflict: it is active already, or another version begins in the same second.
    """
    begins_s = now_s if from_s is None else from_s
    if begins_s < now_s:
        raise RequestInvalid(N_("A rule set begins now or later: what has been shared stays so."))
    if begins_s > FROM_S_MAX:
        raise RequestInvalid(N_("A rule set begins in this millennium."))

    def write() -> RuleVersion:
        found = get(ref)
        if found.rule.must_be_answered_for and not found.answered_for:
            raise RequestInvalid(UNANSWERED)
        beginning = SharingRule.select().where(
            SharingRule.scope == ref.scope, SharingRule.from_s == begins_s
        )
        if found.state == "draft" and beginning.exists():
            raise Conflict(N_("Another version of this rule set begins in the same second."))
        changed = (
            SharingRule.update(state="active", from_s=begins_s, activated_by=by)
            .where(*_is(ref), SharingRule.state == "draft")
            .execute()
        )
        if changed != 1:
            raise Conflict(N_("This version is active already."))
        return get(ref)

    return money_transaction(write)


def withdraw(ref: RuleRef, *, now_s: int) -> RuleVersion:
    """Make a draft again of a version that would begin later.

    Raises:
        NotFound: there is no such version.
        Conflict: it is a draft, or has begun.
    """

    def write() -> RuleVersion:
        get(ref)
        changed = (
            SharingRule.update(state="draft", from_s=None, activated_by=None)
            .where(*_is(ref), SharingRule.state == "active", SharingRule.from_s > now_s)
            .execute()
        )
        if changed != 1:
            raise Conflict(N_("Only a version that has not begun can be withdrawn."))
        return get(ref)

    return money_transaction(write)


# --- finding -------------------------------------------------------------------------------------


def in_force(scopes: Iterable[Scope], at_s: int) -> RuleInForce | None:
    """Return what applies at a moment: of the narrowest scope that has a rule set of its own.

    Of several versions the one that began last counts. None if there is none at all.
    """
    for scope in scopes:
        found = rows(
            "SELECT version, body FROM sharing_rule WHERE scope = ? AND from_s <= ?"
            " ORDER BY from_s DESC LIMIT 1",
            (scope, at_s),
        )
        if found:
            [(version, body)] = found
            rule = _parsed(body)
            if not rule.inherits:
                return RuleInForce(RuleRef(scope, version), rule)
    return None


@lru_cache(maxsize=256)
def _parsed(body: str) -> RuleSet:
    """Read a rule set from the database; thousands of orders are shared by the same one."""
    return read(json.loads(body))


def get(ref: RuleRef) -> RuleVersion:
    """Return one version; NotFound if there is none of that name."""
    row = SharingRule.get_or_none(*_is(ref))
    if row is None:
        raise NotFound(f"There is no rule set {ref}.")
    return _version(row)


def versions(scope: Scope) -> list[RuleVersion]:
    """Return every version of a scope, the newest first."""
    found = SharingRule.select().where(SharingRule.scope == scope)
    return [_version(row) for row in found.order_by(SharingRule.version.desc())]


def everything() -> list[RuleVersion]:
    """Return every version there is, by scope, the newest first."""
    found = SharingRule.select().order_by(SharingRule.scope, SharingRule.version.desc())
    return [_version(row) for row in found]


def _version(row: SharingRule) -> RuleVersion:
    is_used = (
        SharedSale.select()
        .where(SharedSale.scope == row.scope, SharedSale.version == row.version)
        .exists()
    )
    return RuleVersion(
        RuleRef(Scope(row.scope), row.version), _parsed(row.body), row.note,
        row.answered_for, row.state, row.from_s, row.drafted_by, row.drafted_at_s,
        row.activated_by, is_used,
    )  # fmt: skip


def _is(ref: RuleRef) -> tuple[object, ...]:
    return SharingRule.scope == ref.scope, SharingRule.version == ref.version


# --- reading what somebody wants -----------------------------------------------------------------


def _checked_scope(scope: str) -> Scope:
    try:
        return parse_scope(scope)
    except RuleInvalid as exc:
        raise RequestInvalid(exc.sentence) from exc


def _checked(wanted: Draft, levels: Collection[str]) -> RuleSet:
    try:
        rule = read(wanted.body)
        for number, line in enumerate(rule.lines, 1):
            if isinstance(line, LevelLine) and not set(line.rates) <= set(levels):
                raise RuleInvalid(N_("There is no such level."), number)
    except RuleInvalid as exc:
        raise RequestInvalid(exc.sentence, **({"line": exc.line} if exc.line else {})) from exc
    if not all(_is_note(text) for text in (wanted.note, wanted.answered_for)):
        raise RequestInvalid(N_("A note has at most 500 printable characters."))
    return rule


def _is_note(text: str) -> bool:
    # Lines may end, and U+3000 is the space between Chinese characters.
    shown = text.translate({ord(space): " " for space in "\r\n\u3000"})
    return len(text) <= NOTE_MAX and shown.isprintable()
