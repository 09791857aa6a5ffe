"""Mistakes in what is promised now and spent later: leases, grants, and what is given back."""

from __future__ import annotations

import itertools
from dataclasses import replace
from typing import Any

from edge.bundles.store import BundleStore
from edge.contract import canonical, cose, signed
from edge.contract.correction import CorrectionBook
from edge.contract.grant import Grant, digest_of, message_of, text_of
from edge.contract.journal_entry import EntryKind
from edge.contract.refusal import Refusal
from edge.contract.signed import Kind
from edge.journal import store as journal_store
from edge.journal.knowledge import Knowledge
from edge.journal.store import Journal
from edge.redemption.phone import Opened, PhoneDesk
from edge.redemption.void import Part, Voider
from tests.simulation.bugs.seam import Bug, Seam
from tests.simulation.hub.facts import Facts
from tests.simulation.hub.memory import BUNDLE_KEY, ISSUER
from tests.simulation.hub.promises import Promises
from tests.simulation.hub.word import Word


def _never_gives_back(seam: Seam) -> None:
    """A unit goes on with a lease that the hub's newest book does not name any more."""
    right = seam.put(BundleStore, "_take_versioned", None)

    def wrong(self: BundleStore, word: Any, kind: Any, body: Any, message: bytes) -> Any:
        changed = right(self, word, kind, body, message)
        if kind is not Kind.LEASE or changed is None or word.leases is None:
            return changed
        kept = {lease.lease_id: lease for lease in (*word.leases.leases, *changed.leases.leases)}
        return replace(changed, leases=replace(changed.leases, leases=tuple(kept.values())))

    seam.over(BundleStore, "_take_versioned", wrong)


LEASE_BUGS = (
    Bug("what was spent on a lease is not counted",
        lambda s: s.put(Journal, "spent_on", lambda *_: 0)),
    Bug("a recalled lease is spent on", _never_gives_back),
    Bug("a lease comes back by the clock alone",
        lambda s: s.put(Facts, "_heard_past", lambda *_: True)),
    Bug("what is lent is free for others",
        lambda s: s.put(Promises, "_lent", lambda *_: 0)),
    Bug("a lease never comes back",
        lambda s: s.put(Promises, "_close", lambda *_: None)),
)  # fmt: skip


def _another_tills_grant(seam: Seam) -> None:
    """The sale is looked up by the voucher that the grant names, whoever it is for."""
    right = seam.put(PhoneDesk, "open", None)

    def wrong(self: PhoneDesk, text: str, word: Any) -> Opened:
        opened: Opened = right(self, text, word)
        if opened.reason not in {Refusal.GRANT_OTHER_UNIT, Refusal.GRANT_OTHER_STORE}:
            return opened
        grant = Grant.open(text.strip(), word.enrolment.issuer, word.bundle_keys())
        asked = self._asked.get(grant.nonce)
        if asked is None:
            return opened
        self._granted[grant.nonce] = (grant, digest_of(text.strip()))
        return Opened(asked, None)

    seam.over(PhoneDesk, "open", wrong)


def _unsigned(seam: Seam) -> None:
    """What a grant says is read, and nobody looks who has signed it."""
    right = seam.part(Grant, "open")

    def wrong(cls: type[Grant], text: str, issuer: str, keys: Any) -> Grant:
        payload = cose.open_sign1(message_of(text), bytes_max=400).payload
        forged = signed.seal(
            Kind.GRANT, ISSUER, canonical.decode(payload, bytes_max=400), BUNDLE_KEY
        )
        opened: Grant = right.__get__(None, cls)(text_of(forged), issuer, keys)
        return opened

    seam.put(Grant, "open", classmethod(wrong))


def _for_ever(seam: Seam) -> None:
    right = seam.part(Grant, "open")

    def wrong(cls: type[Grant], text: str, issuer: str, keys: Any) -> Grant:
        opened: Grant = right.__get__(None, cls)(text, issuer, keys)
        return opened._replace(expires_at_s=2**40)

    seam.put(Grant, "open", classmethod(wrong))


def _no_evidence(seam: Seam) -> None:
    right = seam.put(PhoneDesk, "assure", None)

    def wrong(self: PhoneDesk, claim: Any, policy: Any) -> Any:
        word = right(self, claim, policy)
        return word and word._replace(evidence=None)

    seam.over(PhoneDesk, "assure", wrong)


def _nothing_held(seam: Seam) -> None:
    right = seam.put(Promises, "give", None)

    def wrong(self: Promises, asked: Any, at_s: int) -> Any:
        given = right(self, asked, at_s)
        self.books.held.pop((asked.unit, asked.nonce), None)
        return given

    seam.over(Promises, "give", wrong)


GRANT_BUGS = (
    Bug("another till's grant is taken", _another_tills_grant),
    Bug("nobody looks who has signed a grant", _unsigned),
    Bug("a grant is good for ever", _for_ever),
    Bug("an entry bears no evidence of its grant", _no_evidence),
    Bug("the hub holds nothing for a grant", _nothing_held),
)


def _part_is_asked_for_anew(seam: Seam) -> None:
    counted = itertools.count()
    seam.put(Part, "request", lambda *_: next(counted).to_bytes(16, "big"))


def _part_frees_all(seam: Seam) -> None:
    right = seam.part(journal_store, "knowledge_of")

    def wrong(traces: Any) -> Knowledge:
        known: Knowledge = right(seen := list(traces))
        has_void = any(trace.kind is EntryKind.VOID for trace in seen)
        return known._replace(taken=0) if has_void else known

    seam.put(journal_store, "knowledge_of", wrong)


def _corrections_are_not_counted(seam: Seam) -> None:
    right = seam.put(Facts, "shares", None)

    def wrong(self: Facts, voucher_id: Any) -> Any:
        corrections, self.books.corrections = self.books.corrections, []
        try:
            return right(self, voucher_id)
        finally:
            self.books.corrections = corrections

    seam.over(Facts, "shares", wrong)


PART_BUGS = (
    Bug("parts come to more than the acceptance",
        lambda s: s.put(Voider, "_left", lambda _, accepted: accepted.entry.amount)),
    Bug("a part that is asked for twice is taken back twice", _part_is_asked_for_anew),
    Bug("a part that is taken back frees all", _part_frees_all),
    Bug("what headquarters gave back is not counted", _corrections_are_not_counted),
    Bug("no till is told what headquarters gave back",
        lambda s: s.put(Word, "_correction_book", lambda _, unit: CorrectionBook(0, unit))),
)  # fmt: skip
PROMISE_BUGS = (*LEASE_BUGS, *GRANT_BUGS, *PART_BUGS)
