"""Value lent to a unit: never promised twice, whatever happens in which order, on both engines."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from central.errors import Conflict, HubError, KeyReused, NotFound, RequestInvalid
from central.foundation.db.engine import HUB, change, money_transaction, rows
from central.foundation.feed import newest_change
from central.stores.cases.evidence import cases, evidence
from central.stores.edge_api import note_health
from central.stores.redemptions.complete import MARGIN_S
from central.stores.redemptions.conflict import CaseOutcome
from central.stores.redemptions.lease import (
    LIFE_S,
    book_of,
    lend,
    lent,
    new_lease_id,
    note_pull,
    recall,
    write_off,
)
from central.stores.redemptions.reserve import hold, reserve
from central.stores.redemptions.settle import covered_in_all
from central.stores.redemptions.tables import LeaseRow, ReservationRow
from central.stores.units import revoke, steer
from central.stores.units.tables import Unit
from central.stores.vouchers.status import suspend
from central.stores.vouchers.tables import Voucher
from edge.contract.ids import UnitId, VoucherId
from edge.contract.lease import Lease, LeaseRequest
from edge.contract.policy import Mode
from edge.contract.refusal import Refusal
from edge.contract.sync_message import Pull, Reserve
from tests import builders as b
from tests.central.books import assert_sound
from tests.central.builders import (
    COFFEE,
    CURRENCY,
    GIFT,
    LUNCH,
    OTHER_STORE,
    Database,
    Till,
    a_voucher,
    at_once,
    close_hub,
    enrolled,
    furnish,
    outcomes,
)

AT_S = b.NOW_S


@pytest.fixture(autouse=True)
def _hub(hub_database: Database) -> None:
    furnish()


def a_wish(till: Till, voucher_id: VoucherId, amount: int, life_s: int = LIFE_S) -> LeaseRequest:
    return LeaseRequest(till.unit, new_lease_id(), voucher_id, amount, life_s)


def lend_to(till: Till, voucher_id: VoucherId, amount: int, at_s: int = AT_S) -> Lease:
    return lend(a_wish(till, voucher_id, amount), by="anna", at_s=at_s)


def reserved(till: Till, voucher_id: VoucherId, amount: int, at_s: int = AT_S) -> Any:
    unit = Unit.get_by_id(till.unit)
    request = hashlib.sha256(repr((till.unit, amount, at_s)).encode()).digest()[:16]
    return reserve(Reserve(till.unit, request, voucher_id, amount), unit, at_s)


def tell(till: Till, at_s: int, knows_n: int | None = None) -> None:
    """Let a till say that all it did until a moment is here, as its pull does."""
    health = {"journal_epoch": till.epoch, "journal_seq": len(till.raws), "journal_at_s": at_s}
    note_health(Pull(till.unit, b"", b"n" * 16, health), at_s, is_recent=True)
    known = newest_change() if knows_n is None else knows_n
    money_transaction(lambda: note_pull(till.unit, known, at_s))


def test_what_is_lent_is_nobody_elses() -> None:
    till, other = enrolled(), enrolled("other")
    card = a_voucher(GIFT)
    lend_to(till, card.voucher_id, 15000)
    told = reserved(other, card.voucher_id, 6000)
    assert (told.refusal, told.remaining) == (Refusal.VALUE_LENT, 5000)
    assert reserved(other, card.voucher_id, 5000).refusal is None
    assert reserved(other, card.voucher_id, 20001).refusal is Refusal.INSUFFICIENT_VALUE
    with pytest.raises(Conflict):
        lend_to(other, card.voucher_id, 1)


def test_the_unit_is_told_what_it_has_and_no_other_unit_is() -> None:
    till, other = enrolled(), enrolled("other")
    lease = lend_to(till, a_voucher(GIFT).voucher_id, 15000)
    assert book_of(till.unit).leases == (lease,)
    assert book_of(other.unit).leases == ()
    before = book_of(till.unit).version
    recall(lease.lease_id, "li")
    assert book_of(till.unit).leases == ()
    assert book_of(till.unit).version > before


def test_what_a_unit_spends_on_its_lease_is_covered_however_late_it_tells() -> None:
    till, other = enrolled(), enrolled("other")
    card = a_voucher(GIFT)
    lease = lend_to(till, card.voucher_id, 15000)
    for place, amount in enumerate((5000, 4000)):
        till.accept(card, amount, Mode.LEASE, AT_S + place, evidence=lease.lease_id)
    # Meanwhile, and days after its end, somebody offline has taken all of it.
    other.accept(card, 20000, Mode.SOLO, AT_S - 60)
    other.deliver()
    told = till.deliver(at_s=lease.expires_at_s + 5 * 86400)
    assert outcomes(told) == ["applied", "applied"]
    assert rows("SELECT covered FROM redemption_entry ORDER BY unit_id, seq") == [
        (5000,), (4000,), (11000,),
    ]  # fmt: skip
    assert_sound()


def test_what_is_left_comes_back_once_the_unit_has_told_all_and_not_by_the_clock() -> None:
    till, other = enrolled(), enrolled("other")
    card = a_voucher(GIFT)
    lease = lend_to(till, card.voucher_id, 20000)
    long_after_s = lease.expires_at_s + 10 * 86400
    assert reserved(other, card.voucher_id, 1, long_after_s).refusal is Refusal.VALUE_LENT
    till.accept(card, 5000, Mode.LEASE, AT_S, evidence=lease.lease_id)
    till.deliver()
    tell(till, lease.expires_at_s + MARGIN_S)
    assert reserved(other, card.voucher_id, 1, long_after_s).refusal is Refusal.VALUE_LENT
    tell(till, lease.expires_at_s + MARGIN_S + 1)
    told = reserved(other, card.voucher_id, 15000, long_after_s)
    assert (told.refusal, told.remaining) == (None, 0)
    [row] = LeaseRow.select()
    assert row.closed_how == "returned"


def test_a_recalled_lease_comes_back_once_the_unit_has_heard_of_it() -> None:
    till, other = enrolled(), enrolled("other")
    card = a_voucher(GIFT)
    lease = lend_to(till, card.voucher_id, 20000)
    known = newest_change()
    recall(lease.lease_id, "li")
    till.accept(card, 5000, Mode.LEASE, AT_S + 5, evidence=lease.lease_id)
    till.deliver()
    tell(till, AT_S + 10, knows_n=known)
    assert reserved(other, card.voucher_id, 1, AT_S + 11).refusal is Refusal.VALUE_LENT
    tell(till, AT_S + 20)
    assert reserved(other, card.voucher_id, 15000, AT_S + 21).refusal is None


def test_a_unit_that_has_not_sent_all_has_given_nothing_back() -> None:
    till = enrolled()
    card = a_voucher(GIFT)
    lease = lend_to(till, card.voucher_id, 20000)
    till.accept(card, 5000, Mode.LEASE, AT_S, evidence=lease.lease_id)
    recall(lease.lease_id, "li")
    tell(till, lease.expires_at_s + 86400)  # it names an entry that the hub does not have
    assert LeaseRow.get_by_id(lease.lease_id).closed_at_s is None


def test_a_lease_of_a_unit_that_is_gone_is_written_off_with_a_reason() -> None:
    till, other = enrolled(), enrolled("other")
    card = a_voucher(GIFT)
    lease = lend_to(till, card.voucher_id, 20000)
    with pytest.raises(RequestInvalid):
        write_off(lease.lease_id, "li", " ", AT_S)
    write_off(lease.lease_id, "li", "the till has burnt", AT_S)
    assert reserved(other, card.voucher_id, 20000).refusal is None
    with pytest.raises(Conflict):
        write_off(lease.lease_id, "li", "again", AT_S)
    with pytest.raises(Conflict):
        recall(lease.lease_id, "li")


def test_what_turns_up_on_a_lease_that_was_given_up_comes_last() -> None:
    """Found by seed 248 of the simulator: the till that was given up had been earlier, and the one
    that was lent the same value since, and had the word that it is exact, was the conflict."""
    burnt, other = enrolled(), enrolled("other")
    card = a_voucher(GIFT)
    lost = lend_to(burnt, card.voucher_id, 20000)
    burnt.accept(card, 5000, Mode.LEASE, AT_S, evidence=lost.lease_id)
    burnt.deliver(at_s=AT_S + 1)
    burnt.accept(card, 15000, Mode.LEASE, AT_S + 2, evidence=lost.lease_id)
    write_off(lost.lease_id, "li", "the till has burnt", AT_S + 10)
    again = lend_to(other, card.voucher_id, 15000, AT_S + 20)
    other.accept(card, 15000, Mode.LEASE, AT_S + 30, evidence=again.lease_id)
    assert outcomes(burnt.deliver(at_s=AT_S + 40)) == ["applied", "applied"], "nobody else yet"
    assert outcomes(other.deliver(at_s=AT_S + 50)) == ["applied"]
    assert outcomes(burnt.deliver(at_s=AT_S + 60)) == ["applied", "overspend"]
    assert_sound()


@pytest.mark.parametrize(
    "bend",
    [
        lambda till, lease: {"evidence": b"x" * 16},
        lambda till, lease: {"evidence": None},
        lambda till, lease: {"evidence": lease.lease_id, "at_s": lease.expires_at_s},
        lambda till, lease: {"evidence": lease.lease_id, "amount": 15001},
    ],
    ids=["no lease of ours", "no evidence", "after its end", "more than it holds"],
)
def test_what_is_beyond_a_lease_counts_as_alone(
    bend: Callable[[Till, Lease], dict[str, Any]],
) -> None:
    """A till that says "on a lease" takes nothing from whoever was there before it."""
    till, other = enrolled(), enrolled("other")
    card = a_voucher(GIFT)
    lease = lend_to(till, card.voucher_id, 15000)
    bent = {"amount": 15000, "at_s": AT_S, **bend(till, lease)}
    other.accept(card, 20000, Mode.SOLO, AT_S - 60)
    other.deliver()
    till.accept(card, mode=Mode.LEASE, **bent)
    assert outcomes(till.deliver(at_s=lease.expires_at_s + 60)) == ["overspend"]


def test_a_till_that_says_on_a_lease_without_one_bears_what_it_took_beyond_the_floor() -> None:
    till, other = enrolled(), enrolled("other")
    card = a_voucher(GIFT, value=100_000)
    other.accept(card, 100_000, Mode.SOLO, AT_S - 60)
    other.deliver()
    version = steer.policy_of(b.GROUP, CURRENCY, AT_S).version
    till.accept(card, 100_000, Mode.LEASE, evidence=b"x" * 16, policy_version=version)
    till.deliver()
    [case] = cases()
    found = evidence(case.id)
    assert found.receipts[0].mode == "solo"
    assert found.suggestion.outcome is CaseOutcome.STORE


def test_a_lease_of_another_unit_counts_as_alone() -> None:
    till, thief = enrolled(), enrolled("thief")
    card = a_voucher(GIFT)
    lease = lend_to(till, card.voucher_id, 20000)
    thief.accept(card, 20000, Mode.LEASE, AT_S - 60, evidence=lease.lease_id)
    thief.deliver()
    till.accept(card, 20000, Mode.LEASE, evidence=lease.lease_id)
    assert outcomes(till.deliver()) == ["applied"]
    assert outcomes(thief.deliver()) == ["overspend"]


def test_what_was_taken_back_is_on_the_lease_again() -> None:
    till = enrolled()
    card = a_voucher(COFFEE)
    lease = lend_to(till, card.voucher_id, 2)
    first = till.accept(card, 2, Mode.LEASE, evidence=lease.lease_id)
    till.void(first)
    till.accept(card, 2, Mode.LEASE, AT_S + 9, evidence=lease.lease_id)
    assert outcomes(till.deliver()) == ["applied", "recorded", "applied"]
    assert lent(Voucher.get_by_id(card.voucher_id)) == 0


@pytest.mark.parametrize(
    ("error", "bend"),
    [
        (RequestInvalid, {"amount": 20001}),
        (RequestInvalid, {"amount": 0}),
        (RequestInvalid, {"life_s": 59}),
        (RequestInvalid, {"life_s": 31 * 86400}),
        (NotFound, {"voucher_id": VoucherId(5)}),
        (NotFound, {"unit": UnitId("S0412-K9")}),
    ],
    ids=["larger than the voucher", "nothing", "too short", "too long", "no voucher", "no unit"],
)
def test_what_cannot_be_lent_is_refused(error: type[HubError], bend: dict[str, Any]) -> None:
    till = enrolled()
    wish = a_wish(till, a_voucher(GIFT).voucher_id, 5000)
    with pytest.raises(error):
        lend(wish._replace(**bend), by="anna", at_s=AT_S)


def test_nothing_is_lent_of_what_is_not_in_use() -> None:
    till = enrolled()
    abroad = enrolled("abroad", OTHER_STORE)
    card = a_voucher(GIFT)
    with pytest.raises(RequestInvalid):
        lend_to(till, a_voucher(LUNCH).voucher_id, 1)
    with pytest.raises(Conflict):
        lend_to(abroad, card.voucher_id, 1)
    suspend(card.voucher_id)
    with pytest.raises(Conflict):
        lend_to(till, card.voucher_id, 1)
    revoke.revoke(till.unit, AT_S)
    with pytest.raises(Conflict):
        lend_to(till, a_voucher(GIFT).voucher_id, 1)


def test_asking_again_lends_nothing_more() -> None:
    till = enrolled()
    wish = a_wish(till, a_voucher(GIFT).voucher_id, 15000)
    first = lend(wish, by="till", at_s=AT_S)
    assert lend(wish, by="till", at_s=AT_S + 60) == first
    with pytest.raises(KeyReused):
        lend(wish._replace(amount=1), by="till", at_s=AT_S)


def test_of_many_who_want_all_of_it_at_once_one_gets_it() -> None:
    tills = [enrolled(f"till {n}") for n in range(4)]
    card = a_voucher(GIFT)
    wishes = [a_wish(till, card.voucher_id, 12000) for till in tills]
    unit = Unit.get_by_id(tills[3].unit)

    def work(n: int) -> object:
        if n < 3:
            return lend(wishes[n], by="anna", at_s=AT_S)
        asked = Reserve(tills[3].unit, b"r" * 16, card.voucher_id, 12000)
        return reserve(asked, unit, AT_S).refusal or "reserved"

    answers = at_once(4, work)
    got = [a for a in answers if isinstance(a, Lease) or a == "reserved"]
    assert len(got) == 1, answers


@pytest.mark.parametrize("table", ["lease", "reservation"])
def test_the_schema_itself_promises_nothing_twice(table: str) -> None:
    till = enrolled()
    card = a_voucher(GIFT)
    lend_to(till, card.voucher_id, 15000)
    till.accept(card, 3000, Mode.SOLO)
    till.deliver()
    values = {
        "lease": (
            "INSERT INTO lease (id, unit_id, voucher_id, amount, given_by, given_at_s,"
            " expires_at_s, given_n) VALUES (?, ?, ?, ?, 'x', 1, 2, 1)"
        ),
        "reservation": (
            "INSERT INTO reservation (request, unit_id, voucher_id, amount, expires_at_s)"
            " VALUES (?, ?, ?, ?, 1)"
        ),
    }[table]
    too_much = pytest.raises(Exception, match="more is promised than the voucher holds")
    with too_much, HUB.obj.atomic():
        change(values, (b"i" * 16, till.unit, card.voucher_id, 2001))
    change(values, (b"i" * 16, till.unit, card.voucher_id, 2000))


def test_a_lease_stays_what_it_is() -> None:
    till = enrolled()
    lend_to(till, a_voucher(GIFT).voucher_id, 15000)
    for statement in ("UPDATE lease SET amount = 1", "DELETE FROM lease"):
        with pytest.raises(Exception, match="leases: a lease stays"), HUB.obj.atomic():
            change(statement)


# --- whatever happens, in whatever order ---------------------------------------------------------


CARD = 1000


class Promises(RuleBasedStateMachine):
    """Two tills with leases, grants and reservations of one card; each tells when it likes.

    Whoever was promised value by the hub gets it: an acceptance on a promise is always covered.
    """

    start: Callable[[], None]

    @initialize()
    def begin(self) -> None:
        type(self).start()
        self.tills = [enrolled("one"), enrolled("two")]
        self.card = a_voucher(GIFT, value=CARD)
        self.now_s = AT_S
        self.leases: list[tuple[Till, Lease, int]] = []
        self.granted: list[tuple[Till, bytes, int, int]] = []
        self.count = 0

    @rule(n=st.integers(0, 1), amount=st.integers(1, CARD), life_s=st.sampled_from([60, 3600]))
    def lend(self, n: int, amount: int, life_s: int) -> None:
        try:
            wish = a_wish(self.tills[n], self.card.voucher_id, amount, life_s)
            lease = lend(wish, by="anna", at_s=self.now_s)
        except Conflict:
            return
        self.leases.append((self.tills[n], lease, lease.amount))

    @rule(n=st.integers(0, 1), amount=st.integers(1, CARD))
    def grant(self, n: int, amount: int) -> None:
        self.count += 1
        request = self.count.to_bytes(16, "big")
        till = self.tills[n]
        asked = Reserve(till.unit, request, self.card.voucher_id, amount)
        unit = Unit.get_by_id(till.unit)
        held = money_transaction(lambda: hold(asked, unit, self.now_s, 180))
        if held.refusal is None:
            digest = request * 2
            change(
                "INSERT INTO grant_given VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                (till.unit, request, self.card.voucher_id, amount, digest, self.now_s,
                 self.now_s + 180, 0),
            )  # fmt: skip
            self.granted.append((till, request, amount, self.now_s + 180))

    @rule(data=st.data())
    def spend(self, data: st.DataObject) -> None:
        usable = [i for i, (_, lease, left) in enumerate(self.leases)
                  if left and self.now_s < lease.expires_at_s]  # fmt: skip
        if not usable:
            return
        place = data.draw(st.sampled_from(usable))
        till, lease, left = self.leases[place]
        amount = data.draw(st.integers(1, left))
        till.accept(self.card, amount, Mode.LEASE, self.now_s, evidence=lease.lease_id)
        self.leases[place] = (till, lease, left - amount)

    @rule()
    def use_grant(self) -> None:
        for place, (till, request, amount, expires_at_s) in enumerate(self.granted):
            if self.now_s <= expires_at_s:
                del self.granted[place]
                till.accept(
                    self.card, amount, Mode.GRANT, self.now_s, request=request,
                    evidence=request * 2,
                )  # fmt: skip
                return

    @rule(n=st.integers(0, 1), amount=st.integers(1, CARD))
    def risk(self, n: int, amount: int) -> None:
        self.tills[n].accept(self.card, amount, Mode.SOLO, self.now_s)

    @rule(n=st.integers(0, 1))
    def push(self, n: int) -> None:
        if self.tills[n].raws:
            self.tills[n].deliver(at_s=self.now_s)

    @rule(n=st.integers(0, 1))
    def pull(self, n: int) -> None:
        tell(self.tills[n], self.now_s)

    @rule(seconds=st.sampled_from([1, 200, 4000]))
    def wait(self, seconds: int) -> None:
        self.now_s += seconds

    @invariant()
    def nothing_is_promised_twice(self) -> None:
        if not hasattr(self, "card"):
            return
        voucher = Voucher.get_by_id(self.card.voucher_id)
        held = sum(int(row.amount) for row in ReservationRow.select())
        exact = rows(
            "SELECT coalesce(sum(covered), 0) FROM redemption_entry WHERE mode IN (1, 2, 3)"
        )[0][0]
        assert int(exact) + held + lent(voucher) <= CARD
        assert covered_in_all(voucher) <= CARD
        over = rows(
            "SELECT unit_id, seq FROM redemption_entry WHERE mode IN (2, 3) AND covered < amount"
        )
        assert over == []


def test_whatever_happens_no_promise_is_broken(
    anew: Callable[[], None], hub_database: Database
) -> None:
    examples = 25 if hub_database.is_postgres else 60

    class Machine(Promises):
        start = staticmethod(anew)

    from hypothesis.stateful import run_state_machine_as_test  # noqa: PLC0415

    run_state_machine_as_test(
        Machine,
        settings=settings(
            max_examples=examples,
            stateful_step_count=15,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
    close_hub()
