"""Mistakes in what a unit decides, records, prints and remembers."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from edge.bundles import store as bundle_store
from edge.bundles.store import BundleStore
from edge.clock.model import Source, TrustedTime
from edge.clock.trusted_time import TrustedClock
from edge.contract.policy import Mode, Policy
from edge.contract.refusal import Refusal
from edge.errors import CommitUnknown
from edge.journal import store as journal_store
from edge.journal.anchor import AnchorFile
from edge.journal.knowledge import Knowledge, Risk
from edge.journal.model import Mark
from edge.journal.store import Journal, Page
from edge.receipt.spool import Spool
from edge.redemption import decide as decide_module
from edge.redemption import identify, redeem
from edge.redemption.decide import Rule
from edge.redemption.redeem import Redeemer
from edge.sync import pull
from tests.simulation.bugs.seam import Bug, Seam
from tests.simulation.machine import Machine


def _text_is_the_voucher(seam: Seam) -> None:
    texts: dict[int, set[str]] = {}
    now: dict[int, str] = {}
    right_redeem = seam.put(Redeemer, "redeem", None)
    right_knowledge = seam.put(Journal, "knowledge_of", None)

    def wrong_redeem(self: Redeemer, presented: Any) -> Any:
        now[id(self._journal)] = presented.text
        recorded = right_redeem(self, presented)
        if recorded.entry.accepted:
            texts.setdefault(id(self._journal), set()).add(presented.text)
        return recorded

    def wrong_knowledge(self: Journal, voucher_id: Any) -> Knowledge:
        known = now.get(id(self), "") in texts.get(id(self), set())
        return right_knowledge(self, voucher_id) if known else Knowledge()

    Redeemer.redeem = wrong_redeem  # type: ignore[method-assign]
    Journal.knowledge_of = wrong_knowledge  # type: ignore[method-assign]


def _without(*reasons: Refusal) -> Any:
    def plant(seam: Seam) -> None:
        rules = tuple(r for r in decide_module.RULES if r.reason not in reasons)
        seam.put(decide_module, "RULES", rules)

    return plant


def _instead(reason: Refusal, applies: Any) -> Any:
    def plant(seam: Seam) -> None:
        rules = tuple(
            Rule(reason, applies) if r.reason is reason else r for r in decide_module.RULES
        )
        seam.put(decide_module, "RULES", rules)

    return plant


def _forgets_after_upload(seam: Seam) -> None:
    right = seam.put(Journal, "knowledge_of", None)

    def wrong(self: Journal, voucher_id: Any) -> Knowledge:
        known: Knowledge = right(self, voucher_id)
        return known if known.last is None or known.last[:2] > self.acked[:2] else Knowledge()

    seam.over(Journal, "knowledge_of", wrong)


def _anchor_before_commit(seam: Seam) -> None:
    right = seam.put(Page, "append", None)

    def wrong(self: Page, *args: Any, **fields: Any) -> Any:
        recorded = right(self, *args, **fields)
        entry, journal = recorded.entry, self._journal
        journal._anchor.write(Mark(entry.epoch, entry.seq, recorded.hash, 0, 0))
        return recorded

    seam.over(Page, "append", wrong)


def _no_anchor(seam: Seam) -> None:
    right = seam.part(journal_store, "gap_between")

    def wrong(tail: Any, *args: Any, **how: Any) -> Any:
        return None if tail.seq else right(tail, *args, **how)

    seam.put(journal_store, "gap_between", wrong)


def _step_floor_is_ignored(seam: Seam) -> None:
    right = seam.put(AnchorFile, "read", None)

    def wrong(self: AnchorFile) -> Any:
        state, mark = right(self)
        return state, mark._replace(step_floor=0)

    seam.over(AnchorFile, "read", wrong)


def _risk_is_not_reset(seam: Seam) -> None:
    right = seam.put(Journal, "acknowledge", None)

    def wrong(self: Journal, ack: Any) -> bool:
        risk = self.risk
        told: bool = right(self, ack)
        self.risk = risk
        return told

    seam.over(Journal, "acknowledge", wrong)


def _steps_in_memory(seam: Seam) -> None:
    right = seam.put(Journal, "knowledge_of", None)

    def wrong(self: Journal, voucher_id: Any) -> Knowledge:
        known: Knowledge = right(self, voucher_id)
        if known.last is not None:
            last = self.get(known.last.epoch, known.last.seq)
            if last is not None and last.entry.boot != self.boot:
                return known._replace(used_steps=frozenset())
        return known

    seam.over(Journal, "knowledge_of", wrong)


def _void_frees_the_code(seam: Seam) -> None:
    right = seam.put(Journal, "knowledge_of", None)

    def wrong(self: Journal, voucher_id: Any) -> Knowledge:
        known: Knowledge = right(self, voucher_id)
        return known if known.taken else known._replace(used_steps=frozenset())

    seam.over(Journal, "knowledge_of", wrong)


def _failed_commit_is_believed(seam: Seam) -> None:
    @contextmanager
    def wrong(self: Journal, tail: Any = None) -> Any:
        with self.store.lock:
            page = Page(self, tail or self.tail)
            try:
                with self.store.transaction():
                    yield page
            except CommitUnknown:
                pass
            self._written(page)

    seam.put(Journal, "writing", wrong)


def _failed_commit_did_not_happen(seam: Seam) -> None:
    def wrong(self: Journal) -> bool:
        self._unsettled = None
        return False

    seam.put(Journal, "_settle", wrong)


def _risk_in_memory(seam: Seam) -> None:
    def fit(machine: Machine) -> None:
        machine.journal.risk = Risk()

    seam.fit(fit)


def _keys_in_memory(seam: Seam) -> None:
    """What a request led to is forgotten with the process."""

    def fit(machine: Machine) -> None:
        right, life = machine.redeemer.redeem, machine.life

        def wrong(presented: Any) -> Any:
            return right(presented._replace(key=f"{presented.key}/{life}"))

        machine.redeemer.redeem = wrong  # type: ignore[method-assign]

    seam.fit(fit)


def _paper_before_commit(seam: Seam) -> None:
    def fit(machine: Machine) -> None:
        right = machine.spool.add

        def wrong(epoch: Any, seq: Any) -> None:
            right(epoch, seq)
            [[digest]] = machine.store.rows(
                "SELECT hash FROM journal WHERE epoch = ? AND seq = ?", (epoch, seq)
            )
            ref = f"{machine.unit}/{epoch}/{seq}"
            machine.printer.papers.append(f"COPY\n{ref} {bytes(digest).hex()}")

        machine.spool.add = wrong  # type: ignore[method-assign]

    seam.fit(fit)


def _original_again(seam: Seam) -> None:
    def wrong(self: Spool) -> None:
        self._store.execute("UPDATE print_job SET state = 'queued' WHERE state = 'uncertain'")

    seam.put(Spool, "_requeue_uncertain", wrong)


def _wall_clock(seam: Seam) -> None:
    def fit(machine: Machine) -> None:
        clock, wall_s = machine.clock, machine.hardware.wall_s

        def wrong() -> TrustedTime:
            at_s = int(wall_s())
            return TrustedTime(at_s, 5, at_s - 5, at_s + 5, Source.HUB)

        clock.now = wrong  # type: ignore[method-assign]

    seam.fit(fit)


def _alone_is_called_online(seam: Seam) -> None:
    right = seam.put(Redeemer, "_with_mode", None)

    def wrong(self: Redeemer, *args: Any) -> Any:
        facts = right(self, *args)
        return facts._replace(mode=Mode.ONLINE)

    seam.over(Redeemer, "_with_mode", wrong)


def _floor_of_a_fresh_status(seam: Seam) -> None:
    def wrong(self: Policy, mode: Mode, age: Any) -> int | None:
        row = self.floors.get(mode)
        return None if row is None else row[0]

    seam.put(Policy, "floor", wrong)


def _receipts_begin_again(seam: Seam) -> None:
    right = seam.put(Journal, "_open_epoch", None)

    def wrong(self: Journal, epoch: Any, gap: Any, used: int, receipt: int) -> None:
        right(self, epoch, gap, used, 0)

    seam.over(Journal, "_open_epoch", wrong)


def _older_status(seam: Seam) -> None:
    def wrong(self: BundleStore, word: Any, delta: Any) -> Any:
        changed = self._bitmap(word, delta.shard)
        delta.apply(changed)
        return self._put_shards(word, delta.to_version, {delta.shard: changed})

    seam.put(BundleStore, "_take_delta", wrong)
    _older_answers(seam)
    _but_time_is_looked_at(seam)


def _older_answers(seam: Seam) -> None:
    class Still:
        @staticmethod
        def token_bytes(count: int) -> bytes:
            return bytes(count)

    seam.put(pull, "secrets", Still)


def _but_time_is_looked_at(seam: Seam) -> None:
    """An old answer is taken, its time is not: so that what else it brings is what shows."""
    right = seam.put(TrustedClock, "learn_from_hub", None)

    def wrong(self: TrustedClock, hub_time_s: int, asked_s: float) -> None:
        if hub_time_s >= self.now().at_s - 2:
            right(self, hub_time_s, asked_s)

    seam.over(TrustedClock, "learn_from_hub", wrong)


def _older_policy(seam: Seam) -> None:
    def wrong(self: BundleStore, word: Any, kind: Any, body: Any, message: bytes) -> Any:
        if kind not in bundle_store._READERS:
            return None
        name, reader = bundle_store._READERS[kind]
        value = reader.from_body(body)
        self._put(kind, value.version, message)
        changes: dict[str, Any] = {name: value}
        return replace(word, **changes)

    seam.put(BundleStore, "_take_versioned", wrong)
    _older_answers(seam)
    _but_time_is_looked_at(seam)


def _lock_while_asking(seam: Seam) -> None:
    right = seam.put(Redeemer, "_with_mode", None)

    def wrong(self: Redeemer, *args: Any) -> Any:
        with self._journal.store.transaction():
            return right(self, *args)

    seam.over(Redeemer, "_with_mode", wrong)


def _stopped_unit_goes_on(seam: Seam) -> None:
    def wrong(self: Redeemer) -> Any:
        return self._bundles.word

    seam.put(Redeemer, "_word", wrong)


UNIT_BUGS = (
    Bug("the duplicate check compares the scanned text", _text_is_the_voucher),
    Bug("what was uploaded is forgotten", _forgets_after_upload),
    Bug("the anchor is written before the commit", _anchor_before_commit),
    Bug("there is no anchor", _no_anchor),
    Bug("the anchor's floor of codes is ignored", _step_floor_is_ignored),
    Bug("used codes are kept in memory", _steps_in_memory),
    Bug("a void frees the code", _void_frees_the_code),
    Bug("a replayed code is taken", _without(Refusal.CODE_REPLAYED)),
    Bug("no code is asked for", _without(Refusal.CODE_REQUIRED)),
    Bug("no lockout", lambda s: s.put(redeem, "locked_until", lambda misses: None)),
    Bug("a window of five steps either side",
        lambda s: s.put(identify, "drift_steps", lambda uncertainty_s: 5)),
    Bug("an acceptance is voided twice", lambda s: s.put(Journal, "voids_of", lambda *_: [])),
    Bug("risk is not reset by an acknowledgement", _risk_is_not_reset),
    Bug("risk is kept in memory", _risk_in_memory),
    Bug("the limit of acceptances is one too high",
        _instead(Refusal.OFFLINE_COUNT, lambda f: bool(
            f.alone and f.policy and f.risk.acceptances > f.policy.solo.count))),
    Bug("the limit of the sum leaves this one out",
        _instead(Refusal.OFFLINE_SUM, lambda f: bool(
            f.alone and f.policy and f.risk.sum_minor > f.policy.solo.sum_minor))),
    Bug("velocity is not looked at", _without(Refusal.VELOCITY)),
    Bug("an old status has a fresh one's floor", _floor_of_a_fresh_status),
    Bug("alone for ever", _without(Refusal.OFFLINE_TOO_LONG)),
    Bug("more is taken than is left", _without(Refusal.INSUFFICIENT_VALUE)),
    Bug("expired vouchers are taken", _without(Refusal.EXPIRED)),
    Bug("revoked vouchers are taken", _without(Refusal.REVOKED)),
    Bug("vouchers of other stores are taken", _without(Refusal.WRONG_STORE)),
    Bug("an acceptance alone is called online", _alone_is_called_online),
    Bug("the database is held while the hub is asked", _lock_while_asking),
    Bug("a second scan of a sale is a second redemption",
        lambda s: s.put(Redeemer, "_same_basket", lambda *_: None)),
    Bug("answers to requests are kept in memory", _keys_in_memory),
    Bug("a failed commit is taken for a good one", _failed_commit_is_believed),
    Bug("a failed commit is taken for none", _failed_commit_did_not_happen),
    Bug("paper before commit", _paper_before_commit),
    Bug("an uncertain receipt comes out as an original again", _original_again),
    Bug("receipt numbers begin again with an epoch", _receipts_begin_again),
    Bug("the wall clock is the time", _wall_clock),
    Bug("an old answer to a pull is believed", _older_answers),
    Bug("an older status is put back", _older_status),
    Bug("an older policy is put back", _older_policy),
    Bug("a stopped unit goes on", _stopped_unit_goes_on),
)  # fmt: skip
