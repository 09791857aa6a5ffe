"""What a unit is told: everything once, then exactly what has changed, and nothing twice."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from central.errors import Conflict
from central.foundation.feed import newest_change
from central.stores.keys import trust
from central.stores.redemptions.acknowledge import ack_of
from central.stores.redemptions.receive_push import receive_push
from central.stores.redemptions.settle import resume
from central.stores.units import receipt_template, steer
from central.stores.units.bundle import Cursor
from central.stores.units.tables import Unit
from central.stores.vouchers.status import revoke, suspend
from central.stores.vouchers.tables import Voucher
from central.supply.catalogue import products
from edge.contract import canonical
from edge.contract.bundle import Product
from edge.contract.ids import Epoch, ProductId, Seq, StatusIndex, StoreGroup, UnitId
from edge.contract.journal_entry import EpochCause, Gap, entry_hash
from edge.contract.keys import (
    KEY_EPOCH_S,
    CodeAlgorithm,
    EpochKeys,
    epoch_key,
    group_key,
    key_epoch_at,
)
from edge.contract.policy import Policy
from edge.contract.signed import Kind, MessageInvalid, unseal
from edge.contract.status import SHARD_BITS, Status
from edge.contract.sync_message import Ack
from edge.contract.voucher_token import VoucherKind
from tests import builders as b
from tests.central.builders import (
    BUNDLE_KEYS,
    CURRENCY,
    KEYRING,
    OTHER_GROUP,
    OTHER_STORE,
    Database,
    a_voucher,
    an_order,
    at_once,
    enrolled,
    furnish,
    sell,
)
from tests.central.listener import Listener

DAY = trust.REFRESH_S
EVERYTHING = [
    "trust-list", "epoch-keys", "policy", "catalogue", "receipt-template", "handles", "peers",
]  # fmt: skip


@pytest.fixture(autouse=True)
def hub(hub_database: Database) -> None:
    furnish()


def a_listener(name: str = "unit") -> Listener:
    return Listener(enrolled(name, OTHER_STORE if name == "other" else b.STORE))


def fresh(listener: Listener) -> Listener:
    """Another copy, told everything from the beginning."""
    copy = Listener(listener.till)
    copy.pull()
    return copy


def test_the_first_pull_brings_everything() -> None:
    revoke(a_voucher().voucher_id)
    kinds = a_listener().pull()
    assert set(kinds) == {*EVERYTHING, "status-snapshot"}
    assert kinds.count("handles") == 2, "one table for the group, one for all groups"


def test_the_second_pull_brings_nothing() -> None:
    revoke(a_voucher().voucher_id)
    listener = a_listener()
    listener.pull()
    assert listener.pull() == []


CHANGES: dict[str, tuple[Callable[[], object], list[str]]] = {
    "product": (
        lambda: products.add(
            Product(ProductId(10), {"zh-CN": "茶", "en": "Tea"}, VoucherKind.SINGLE, 500)
        ),
        ["catalogue"],
    ),
    "policy": (lambda: steer.set_policy(b.GROUP, {"void_s": 60}), ["policy"]),
    "template": (
        lambda: receipt_template.set_template(
            b.GROUP, b.a_receipt_template(), by="ann", at_s=b.NOW_S
        ),
        ["receipt-template"],
    ),
    "neighbour": (lambda: enrolled("neighbour"), ["peers"]),
    "other-store's-unit": (lambda: enrolled("stranger", OTHER_STORE), []),
    "sale": (a_voucher, ["handles"]),
    "sale-for-all": (lambda: a_voucher(scope=0), ["handles"]),
    "other-group's-policy": (lambda: steer.set_policy(OTHER_GROUP, {"void_s": 60}), []),
    "other-group's-sale": (lambda: a_voucher(scope=OTHER_GROUP), []),
    "other-group's-status": (lambda: revoke(a_voucher(scope=OTHER_GROUP).voucher_id), []),
    "nothing": (lambda: None, []),
}  # fmt: skip


@pytest.mark.parametrize("name", CHANGES)
def test_a_change_brings_exactly_itself(name: str) -> None:
    listener = a_listener()
    listener.pull()
    change, kinds = CHANGES[name]
    change()
    assert listener.pull() == kinds
    assert listener.pull() == []


@pytest.mark.parametrize("work", [revoke, suspend], ids=["revoked", "suspended"])
@pytest.mark.parametrize("scope", [StoreGroup(0), b.GROUP], ids=["all-groups", "own-group"])
def test_a_change_of_status_is_a_delta(work: Callable[..., None], scope: StoreGroup) -> None:
    listener, lunch = a_listener(), a_voucher(scope=scope)
    listener.pull()
    work(lunch.voucher_id)
    assert listener.pull() == ["status-delta"]
    assert listener.status_of(lunch.status_index) is not Status.VALID


def test_a_redemption_is_told_to_its_group() -> None:
    listener, other, lunch = a_listener(), a_listener("other"), a_voucher()
    listener.pull()
    other.pull()
    listener.till.accept(lunch)
    listener.till.deliver()
    assert listener.pull() == ["status-delta"]
    assert listener.status_of(lunch.status_index) is Status.REDEEMED
    assert other.pull() == []


def test_a_new_key_epoch_brings_keys() -> None:
    listener = a_listener()
    next_epoch_s = (key_epoch_at(b.NOW_S) + 1) * KEY_EPOCH_S
    listener.pull(next_epoch_s - 1)
    assert listener.pull(next_epoch_s) == (["trust-list", "epoch-keys"])
    assert listener.pull(next_epoch_s) == []


def test_a_new_day_brings_a_trust_list_that_lasts_longer() -> None:
    listener = a_listener()
    midnight = (b.NOW_S // DAY + 1) * DAY
    listener.pull(midnight - 1)
    before = listener.told[Kind.TRUST_LIST]
    assert listener.pull(midnight) == ["trust-list"]
    after = listener.told[Kind.TRUST_LIST]
    assert after.version > before.version
    assert after.expires_at_s == midnight + trust.LIFE_S


def test_a_hub_whose_clock_was_ahead_does_not_take_its_word_back() -> None:
    """An older trust list would be refused, and with it everything else in the answer."""
    listener = a_listener()
    listener.pull(b.NOW_S + 2 * DAY)
    lunch = a_voucher()
    assert "trust-list" not in listener.pull(b.NOW_S)
    assert lunch.voucher_id in listener.vouchers()
    assert "trust-list" in listener.pull(b.NOW_S + 3 * DAY)


# --- what is in it -------------------------------------------------------------------------------


def test_a_unit_is_told_of_its_own_group_and_of_all_groups_only() -> None:
    mine, everybodys, other = (a_voucher(scope=s) for s in (b.GROUP, StoreGroup(0), OTHER_GROUP))
    for voucher in (mine, everybodys, other):
        revoke(voucher.voucher_id)
    listener = a_listener()
    listener.pull()
    assert listener.vouchers() == {mine.voucher_id, everybodys.voucher_id}
    assert set(listener.shards) == {v.status_index >> SHARD_BITS for v in (mine, everybodys)}
    assert {group for group, _ in listener.told[Kind.EPOCH_KEYS].keys} == {0, b.GROUP}


def test_a_unit_holds_keys_from_the_last_epoch_to_the_one_after_next() -> None:
    listener = a_listener()
    listener.pull()
    now = key_epoch_at(b.NOW_S)
    keys = listener.told[Kind.EPOCH_KEYS]
    assert set(keys.epochs()) == {now - 1, now, now + 1, now + 2}
    expected = epoch_key(group_key(KEYRING.master, b.GROUP), now)
    assert keys.of(b.GROUP, now) == (CodeAlgorithm.SHA256, expected)


def test_the_epoch_keys_open_for_that_unit_only() -> None:
    listener, thief = a_listener(), enrolled("second")
    news = listener.pull_once()
    message = dict(news.bundles)[Kind.EPOCH_KEYS]
    body = unseal(Kind.EPOCH_KEYS, b.ISSUER, message, BUNDLE_KEYS)
    for unit in (listener.till.unit, thief.unit):
        with pytest.raises(MessageInvalid):
            EpochKeys.from_sealed_body(body, unit, thief.seal)


def test_the_handle_table_says_what_the_token_says() -> None:
    card = a_voucher(b.some_claims().product, dynamic_required=True, online_only=True)
    listener = a_listener()
    news = listener.pull_once()
    tables = [m for kind, m in news.bundles if kind == Kind.HANDLES]
    claims = [
        row
        for message in tables
        for row in canonical.decode(
            canonical.encode(unseal(Kind.HANDLES, b.ISSUER, message, BUNDLE_KEYS)[4])
        )
    ]
    assert claims == [
        [card.status_index, card.voucher_id, card.product, card.value, card.scope,
         card.not_before_day, card.expires_day, int(card.kind), True, True]
    ]  # fmt: skip


def test_the_versions_are_those_of_the_newest_change() -> None:
    listener = a_listener()
    steer.set_policy(b.GROUP, {"void_s": 60})
    listener.pull()
    policy = listener.told[Kind.POLICY]
    assert isinstance(policy, Policy)
    assert (policy.version, policy.void_s, policy.issued_at_s) == (newest_change(), 60, b.NOW_S)


# --- cursors -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "cursor",
    [
        b"garbage",
        b"\xff" * 40,
        canonical.encode([]),
        canonical.encode([1, 2]),
        canonical.encode({}),
        canonical.encode(["1", 1, 1, 1]),
        canonical.encode([-1, 0, 0, 0]),
        canonical.encode([2**63, 0, 0, 0]),
        canonical.encode([2**64 - 1, 2**64 - 1, 0, 0]),
        bytes(1000),
    ],
    ids=["text", "bytes", "empty-list", "short", "map", "words", "negative", "newer", "newest",
         "long"],
)  # fmt: skip
def test_a_cursor_that_this_hub_never_gave_begins_from_nothing(cursor: bytes) -> None:
    revoke(a_voucher().voucher_id)
    listener = a_listener()
    listener.cursor = cursor
    assert set(listener.pull()) == {*EVERYTHING, "status-snapshot"}
    assert listener.pull() == []


def test_a_handle_cursor_that_this_hub_never_gave_begins_from_nothing() -> None:
    """A hub that was restored from a backup: the table is told anew, not left as it is."""
    lunch, listener = a_voucher(), a_listener()
    listener.pull()
    known = Cursor.decode(listener.cursor)
    listener.cursor = known._replace(handles_n=2**40).encode()
    listener.handles.clear()
    listener.pull()
    assert listener.vouchers() == {lunch.voucher_id}


def test_a_cursor_leads_back_to_itself() -> None:
    cursor = Cursor(5, 4, 3, 2)
    assert Cursor.decode(cursor.encode()) == cursor
    assert Cursor.decode(b"") == Cursor(0, 0, 0, 0)


@pytest.mark.parametrize("handles_max", [1, 2, 3, 7, 100])
def test_pages_of_the_handle_table_lose_nothing(handles_max: int) -> None:
    """Batches are never cut: a page may be longer, so that no number is passed half read."""
    sold = [v.claims.voucher_id for n in (1, 3, 2, 5) for v in sell(an_order(vouchers=n))]
    sold += [v.claims.voucher_id for v in sell(an_order(vouchers=4, scope=0))]
    sell(an_order(vouchers=3, scope=OTHER_GROUP))
    listener = a_listener()
    listener.pull(handles_max=handles_max)
    assert listener.vouchers() == set(sold)
    late = a_voucher()
    assert listener.pull(handles_max=handles_max) == ["handles"]
    assert listener.vouchers() == {*sold, late.voucher_id}


def test_a_page_says_that_there_is_more() -> None:
    listener = a_listener()
    for _ in range(3):
        a_voucher()
    assert [listener.pull_once(handles_max=1).more for _ in range(4)] == [True, True, False, False]


# --- the acknowledgement -------------------------------------------------------------------------


def test_a_hub_that_lacks_the_end_of_an_earlier_epoch_says_how_far_that_is() -> None:
    """It was restored from a backup before the new epoch came: nobody would send the rest again."""
    till = enrolled()
    for _ in range(3):
        till.refuse()
    first, third = entry_hash(till.raws[0]), entry_hash(till.raws[2])
    rest = till.push(2, 3)
    receive_push(till.push(1, 1), Unit.get(Unit.id == till.unit), KEYRING, currency=CURRENCY,
                 at_s=b.NOW_S)  # fmt: skip
    till.begin_epoch(2, Gap(EpochCause.JOURNAL_BEHIND_ANCHOR, Epoch(1), Seq(3), third, Seq(4)))
    till.deliver()
    assert ack_of(till.unit) == Ack(Epoch(1), Seq(1), first)
    receive_push(rest, Unit.get(Unit.id == till.unit), KEYRING, currency=CURRENCY, at_s=b.NOW_S)
    assert ack_of(till.unit) == Ack(Epoch(2), Seq(1), entry_hash(till.raws[0]))


def test_the_newest_epoch_is_acknowledged_with_its_hash() -> None:
    till = enrolled()
    assert ack_of(till.unit) is None
    till.refuse()
    till.deliver()
    assert ack_of(till.unit) == Ack(till.epoch, 1, entry_hash(till.raws[0]))  # type: ignore[arg-type]
    till.begin_epoch(3)
    till.deliver()
    assert ack_of(till.unit) == Ack(till.epoch, 1, entry_hash(till.raws[0]))  # type: ignore[arg-type]
    assert ack_of(UnitId("S0412-K9")) is None


# --- any sequence of changes ---------------------------------------------------------------------

steps = st.lists(
    st.tuples(
        st.sampled_from(["sell", "revoke", "suspend", "resume", "redeem", "pull"]),
        st.integers(0, 20),
    ),
    max_size=15,
)  # fmt: skip
_NAMES = count()


@settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(plan=steps)
def test_deltas_lead_to_what_a_snapshot_says(hub: None, plan: list[tuple[str, int]]) -> None:
    listener = a_listener(f"unit {next(_NAMES)}")
    vouchers = [v.claims for v in sell(an_order(vouchers=3))]
    works = {"revoke": revoke, "suspend": suspend, "resume": resume}
    for step, which in plan:
        voucher = vouchers[which % len(vouchers)]
        if step == "pull":
            listener.pull()
        elif step == "sell":
            vouchers += [
                v.claims for v in sell(an_order(vouchers=1 + which % 3, scope=which % 2 * 3))
            ]
        elif step == "redeem":
            listener.till.accept(voucher)
            listener.till.deliver()
        else:
            try:
                works[step](voucher.voucher_id)
            except Conflict:
                continue
    listener.pull()
    anew = fresh(listener)
    assert listener.vouchers() == anew.vouchers()
    for row in Voucher.select().where(Voucher.scope << [0, b.GROUP]):
        index = StatusIndex(row.status_index)
        assert listener.status_of(index) == anew.status_of(index) == row.status


def test_no_change_is_skipped_while_many_make_them() -> None:
    """A number given before its change commits would lie behind a cursor that has passed."""
    listener = a_listener()
    makers = 8

    def make(worker: int) -> None:
        for number in range(6):
            voucher = a_voucher(scope=0 if number % 2 else b.GROUP)
            if number % 3 == 0:
                revoke(voucher.voucher_id)

    def work(worker: int) -> None:
        for _ in range(1 if worker else 30):
            if worker:
                make(worker)
            else:
                listener.pull()

    assert at_once(makers + 1, work) == [None] * (makers + 1)
    listener.pull()
    rows = list(Voucher.select())
    assert len(rows) == makers * 6
    assert listener.vouchers() == {row.id for row in rows}
    assert all(listener.status_of(StatusIndex(r.status_index)) == r.status for r in rows)
