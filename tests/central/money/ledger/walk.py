"""One business through every posting rule, in the order in which it could have happened.

Pure: a list of steps. The golden test posts them on both engines; the reference page of the rules
is written from them.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from central.money.ledger import rules
from central.money.ledger.chart import heading_of
from central.money.ledger.posting import Posting, mirrored
from edge.contract.ids import EntryRef, Epoch, Seq, VoucherId
from edge.contract.money import Money
from tests.builders import UNIT

MONTH = 202604
DAY = 20260411
WHO = "test"
WEB, BANK, SHOP, LUNCH = "web", "main", "S0412", 7
TILL = str(UNIT)


class Step(NamedTuple):
    """One journal.

    Args:
        rule: Its number in docs/reference/posting-rules.md.
        how: ``post``, ``hold``, ``commit``, ``void`` or ``reverse``.
        of: Key of the journal that is resolved or reversed.
    """

    rule: int
    how: str
    posting: Posting
    of: str = ""


def cny(minor: int) -> Money:
    """Return an amount."""
    return Money(minor, "CNY")


def steps() -> list[Step]:
    """Return the whole story, and at its end the closing of the month."""
    told = [*_beginning(), *_orders(), *_vouchers(), *_refunds(), *_bills(), *_double_redemptions(),
            *_payouts(), *_end_of_the_chain()]  # fmt: skip
    balances = totals(told)
    results = tuple(
        rules.Result(code, minor)
        for code, minor in balances.items()
        if minor and heading_of(code).type.is_closed_by_month
    )
    return [*told, Step(23, "post", rules.month_closed(MONTH, "CNY", results, WHO))]


def totals(told: list[Step]) -> dict[str, int]:
    """Return debits less credits of every account by the layer of what has moved."""
    found: dict[str, int] = {}
    for step in told:
        for leg in step.posting.legs if step.how not in {"hold", "void"} else ():
            found[leg.account] = found.get(leg.account, 0) + leg.side * leg.minor
    return found


def _post(rule: int, posting: Posting) -> Step:
    return Step(rule, "post", posting)


def _reverse(posting: Posting) -> Step:
    back = posting._replace(
        idem=f"rv:{posting.idem}", kind=f"{posting.kind}-reversed", legs=mirrored(posting.legs),
        actor=WHO, memo="",
    )  # fmt: skip
    return Step(12, "reverse", back, posting.idem)


def _beginning() -> Iterator[Step]:
    yield _post(0, rules.brought_in("1030.main", cny(10_000_000), DAY, WHO))
    yield _post(5, rules.deposit_paid_in(f"1010.{WEB}", "T1", "A1", cny(500_000), DAY, WHO))
    yield _post(5, rules.prepaid(f"1010.{WEB}", "T2", "A1", cny(300_000), DAY, WHO))
    yield _post(5, rules.balance_topped_up(WEB, "T21", "C1", cny(6_000), DAY, WHO))
    yield _post(13, rules.supplier_prefunded("north", "1", "1030.main", cny(200_000), DAY, WHO))
    yield _post(13, rules.stock_bought("K1", "SKU7", "1040.north", cny(50_000), DAY, WHO))
    yield _post(13, rules.stock_bought("K2", "SKU7", "2210.south", cny(30_000), DAY, WHO))
    yield _post(13, rules.stock_used("U1", "SKU7", cny(500), DAY, WHO))


def _orders() -> Iterator[Step]:
    earn = rules.Commission
    yield _post(1, rules.paid(WEB, "T3", "O1", cny(10_000), DAY, WHO))
    gross = rules.Completed(
        "O1", cny(10_000), (rules.Cost("1310.SKU7", 6_000),), (earn("A1", 500), earn("A2", 300))
    )
    yield _post(3, rules.order_completed(gross, DAY, WHO))
    yield _post(1, rules.paid(WEB, "T4", "O2", cny(9_999), DAY, WHO))
    net = rules.Completed(
        "O2", cny(9_999), (rules.Cost("2210.south", 7_000),), (earn("A1", 499), earn("A2", 300)),
        is_agency=True,
    )  # fmt: skip
    yield _post(3, rules.order_completed(net, DAY, WHO))
    yield _post(6, rules.bought_from_prepaid("O3", "A1", cny(8_000), DAY, WHO))
    from_prefund = rules.Completed("O3", cny(8_000), (rules.Cost("1040.north", 5_000),))
    yield _post(3, rules.order_completed(from_prefund, DAY, WHO))
    yield _post(14, rules.charged_without_delivery(
        "P9", "north", "1040.north", cny(700), DAY, WHO))  # fmt: skip
    yield _post(14, rules.claim_met("P9", "north", "1040.north", cny(700), DAY, WHO))
    yield _post(4, rules.commission_released("O1", "A1", cny(500), DAY, WHO))
    yield _post(4, rules.commission_released("O1", "A2", cny(300), DAY, WHO))
    yield _post(6, rules.bought_from_wallet("O4", "A2", cny(300), DAY, WHO))
    yield _post(3, rules.order_completed(rules.Completed("O4", cny(300)), DAY, WHO))


def _redemption(
    seq: int, minor: int, *, fee: int = 0, earned: int = 0, told: int | None = None
) -> rules.Redeemed:
    return rules.Redeemed(
        EntryRef(UNIT, Epoch(1), Seq(seq)), 0, VoucherId(0xA1), LUNCH, SHOP, cny(minor), fee,
        (rules.Commission("A1", earned),) if earned else (), told,
    )  # fmt: skip


def _redeemed(
    seq: int, minor: int, *, fee: int = 0, earned: int = 0, told: int | None = None
) -> Posting:
    return rules.redeemed(_redemption(seq, minor, fee=fee, earned=earned, told=told), DAY)


def _vouchers() -> Iterator[Step]:
    yield _post(1, rules.vouchers_paid("B1", WEB, cny(20_000), DAY, WHO))
    yield _post(7, rules.vouchers_sold("B1", LUNCH, cny(20_000), DAY, WHO))
    yield _post(8, _redeemed(1, 8_800, fee=88, earned=176))
    yield _post(8, _redeemed(2, 5_000, told=20260331))
    mistaken = _redeemed(3, 1_000)
    yield _post(8, mistaken)
    yield _reverse(mistaken)
    yield _post(4, rules.commission_released(
        f"{TILL}/1/1", "A1", cny(176), DAY, WHO))  # fmt: skip
    yield _post(18, rules.vouchers_expired(LUNCH, "B1", cny(6_200), DAY, WHO))
    yield _post(18, rules.voucher_reactivated(_redemption(4, 1_000), DAY))
    yield _post(8, _redeemed(4, 1_000))
    yield _post(18, rules.voucher_reactivated(_redemption(5, 500), DAY))
    mistaken = _redeemed(5, 500)
    yield _post(8, mistaken)
    yield _reverse(mistaken)
    yield _post(18, rules.voucher_expired_again(_redemption(5, 500), DAY))
    yield _post(18, rules.breakage(LUNCH, "B1", cny(3_000), DAY, WHO))
    yield _post(8, rules.fees_charged(f"{SHOP}-{DAY}", SHOP, cny(62), DAY, WHO))


def _refunds() -> Iterator[Step]:
    yield _post(1, rules.paid(WEB, "T5", "O5", cny(3_000), DAY, WHO))
    yield _post(9, rules.refund_before_delivery("R1", "O5", WEB, cny(3_000), DAY, WHO))
    yield _post(11, rules.refund_confirmed("R1", WEB, cny(3_000), DAY, WHO))
    yield _post(1, rules.shortfall_borne("O53", cny(500), DAY, WHO))
    yield _post(9, rules.shortfall_undone("R53", "O53", cny(500), DAY, WHO))
    yield _post(6, rules.bought_from_prepaid("O51", "A1", cny(700), DAY, WHO))
    yield _post(9, rules.refund_before_delivery("R51", "O51", "balance", cny(700), DAY, WHO))
    yield _post(11, rules.refund_to_prepaid("R51", "A1", cny(700), DAY, WHO))
    yield _post(6, rules.bought_from_balance("O52", "C1", cny(2_000), DAY, WHO))
    yield _post(9, rules.refund_before_delivery("R52", "O52", "balance", cny(2_000), DAY, WHO))
    yield _post(11, rules.refund_to_balance("R52", "C1", cny(2_000), DAY, WHO))
    yield _post(9, rules.balance_given_back("B1", WEB, "C1", cny(1_500), DAY, WHO))
    yield _post(11, rules.refund_confirmed("B1", WEB, cny(1_500), DAY, WHO))
    yield _post(1, rules.paid(WEB, "T53", "O53", cny(900), DAY, WHO))
    spent = rules.refund_before_delivery(
        "R53", "O53", WEB, cny(900), DAY, WHO, spent={"1310.SKU7": 400}
    )
    yield _post(9, spent)
    yield _post(11, rules.refund_confirmed("R53", WEB, cny(900), DAY, WHO))
    yield _post(6, rules.bought_from_wallet("O54", "A1", cny(60), DAY, WHO))
    yield _post(9, rules.refund_before_delivery("R54", "O54", "commission", cny(60), DAY, WHO))
    yield _post(11, rules.refund_to_wallet("R54", "A1", cny(60), DAY, WHO))
    yield _post(14, rules.goods_taken_back("1", "1040.north", cny(100), DAY, WHO))
    half = rules.Refunded(
        "R2", "O1", WEB, cny(5_000),
        (rules.claw("A1", 250, pending=0, available=676), rules.claw(
            "A2", 150, pending=0, available=0)),
        (rules.Cost("1130.south", 3_000),),
    )  # fmt: skip
    yield _post(10, rules.refund_after_completion(half, DAY, WHO))
    yield _post(14, rules.claim_met("P1", "south", "2210.south", cny(3_000), DAY, WHO))
    whole = rules.Refunded(
        "R3", "O2", WEB, cny(9_999),
        (rules.claw("A1", 499, pending=499, available=0),
         rules.claw("A2", 300, pending=300, available=0)),
        (rules.Cost("2210.south", 7_000),), is_agency=True,
    )  # fmt: skip
    yield _post(10, rules.refund_after_completion(whole, DAY, WHO))
    yield _post(1, rules.paid(WEB, "T6", "O6", cny(2_000), DAY, WHO))
    again = rules.Completed("O6", cny(2_000), earned=(rules.Commission("A2", 200),))
    yield _post(3, rules.order_completed(again, DAY, WHO))
    yield _post(4, rules.commission_released("O6", "A2", cny(200), DAY, WHO, owed=150))


def _bills() -> Iterator[Step]:
    # 500000 + 300000 + 6000 + 10000 + 9999 + 20000 + 3000 - 3000 - 1500 + 2000
    yield _post(2, rules.channel_settled(WEB, cny(846_499), cny(5_052), DAY, WHO))
    yield _post(11, rules.refund_confirmed("R2", WEB, cny(5_000), DAY, WHO, settled=True))
    yield _post(11, rules.refund_confirmed("R3", WEB, cny(9_999), DAY, WHO, settled=True))
    yield _post(2, rules.fee_returned(WEB, "1", cny(90), DAY, WHO))
    unheard = rules.Difference(WEB, "X1", "1020.web", cny(1_200), is_more=True)
    yield _post(19, rules.difference_found(unheard, DAY, WHO))
    yield _post(19, rules.difference_explained(unheard, "2010", DAY, WHO))
    yield _post(9, rules.refund_before_delivery("R4", "O7", WEB, cny(1_200), DAY, WHO))
    yield _post(11, rules.refund_confirmed("R4", WEB, cny(1_200), DAY, WHO, settled=True))
    dearer = rules.Difference(WEB, "X2", "1020.web", cny(35), is_more=False)
    yield _post(19, rules.difference_found(dearer, DAY, WHO))
    yield _post(19, rules.difference_explained(dearer, "5030", DAY, WHO))


def _double_redemptions() -> Iterator[Step]:
    yield _post(21, rules.reserve_accrued(str(DAY), cny(1_500), DAY, WHO))
    for number, bearer in enumerate(rules.Bearer):
        case = rules.DoubleRedemption(
            EntryRef(UNIT, Epoch(1), Seq(100 + number)), VoucherId(0xA1), SHOP, cny(1_000)
        )
        yield _post(20, rules.double_redemption_claimed(case, DAY, TILL))
        yield _post(20, rules.double_redemption_borne(case, bearer, DAY, WHO, agent="A1"))


def _payouts() -> Iterator[Step]:
    first = rules.Payout("PO1", "2110.A1", WEB, cny(400))
    yield Step(15, "hold", rules.payout_requested(first, DAY, WHO))
    paid = rules.payout_paid(first, DAY, WHO, fee=1, tax=20)
    yield Step(16, "commit", paid, "po:PO1:hold")
    failed = rules.Payout("PO2", "2110.A1", WEB, cny(26))
    held = rules.payout_requested(failed, DAY, WHO)
    yield Step(15, "hold", held)
    given_back = held._replace(
        idem=rules.payout_void_key("PO2"), kind="payout-voided", legs=mirrored(held.legs)
    )
    yield Step(16, "void", given_back, held.idem)
    # 8712 + 5000 - 88 - 176 + 1000 and three double ones that others bear
    shop = rules.Payout("PO3", f"2310.{SHOP}", WEB, cny(17_650))
    yield Step(17, "hold", rules.payout_requested(shop, DAY, WHO))
    paid = rules.payout_paid(shop, DAY, WHO, bank=BANK)
    yield Step(17, "commit", paid, "po:PO3:hold")
    # Two more stores are one owner's: one is owed 9.40, the other owes 1.00, and he 0.40.
    yield _post(17, rules.transferred("2", "2310.S0500", f"1030.{BANK}", cny(940), DAY, WHO))
    yield _post(17, rules.transferred("3", f"1030.{BANK}", "2310.S0501", cny(100), DAY, WHO))
    netted = rules.Netted("NT1", "A1", {"S0500": 940, "S0501": -100}, 40, "CNY")
    yield _post(17, rules.stores_netted(netted, DAY, WHO))
    owner = rules.Payout("PO4", "2320.A1", WEB, cny(800))
    yield Step(17, "hold", rules.payout_requested(owner, DAY, WHO))
    paid = rules.payout_paid(owner, DAY, WHO, bank=BANK)
    yield Step(17, "commit", paid, "po:PO4:hold")
    yield _post(16, rules.tax_paid("2026-04", f"1030.{BANK}", cny(20), DAY, WHO))
    yield _post(17, rules.transferred("1", "1020.web", "1030.main", cny(100_000), DAY, WHO))


def _end_of_the_chain() -> Iterator[Step]:
    yield _post(22, rules.deposit_set_off("C1", "A1", cny(900), DAY, WHO))
    yield _post(22, rules.receivable_written_off("C2", "A1", cny(60), DAY, WHO))
    yield _post(22, rules.deposit_forfeited("C3", "A1", cny(50_000), DAY, WHO))
    yield _post(22, rules.deposit_returned("D1", "A1", f"1020.{WEB}", cny(449_100), DAY, WHO))
    yield _post(13, rules.supplier_paid("south", "1", "1030.main", cny(27_000), DAY, WHO))
