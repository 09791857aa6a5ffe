"""What agents earn as vouchers that they sold are redeemed, and give back as that is undone.

A voucher's commission is promised when it is sold (``promise_ref``), and earned by the worth of
each redemption that the ledger posts, in a journal of its own. A voucher that nobody was promised
anything of costs one look.
"""

from __future__ import annotations

from central.foundation.db.engine import rows
from central.money.ledger.store import post
from central.money.sharing.claw_back import Refund, claw_back
from central.money.sharing.earn import Part, earn_part
from central.money.sharing.postings import part_earned, part_given_back
from edge.contract.ids import VoucherId, voucher_id_text
from edge.contract.money import Money


def promise_ref(voucher_id: VoucherId) -> str:
    """Return the ref under which a voucher's commissions are promised."""
    return f"voucher:{voucher_id_text(voucher_id)}"


def earned_by(
    redemption: str, voucher_id: VoucherId, worth: Money, at_s: int, *, day: int, actor: str
) -> None:
    """Let agents earn their part of a redemption. In the transaction that posts it.

    Of what went back to its buyer nothing is left to be earned, even if a till tells of it later.

    Args:
        redemption: The business key of its journal.
    """
    promised = promise_ref(voucher_id)
    left = _left_of(promised)
    if not left:
        return
    used = Money(min(worth.minor, left), worth.currency)
    earned = earn_part(Part(redemption, promised, used), at_s).commissions
    if earned:
        post(part_earned(redemption, earned, used.currency, day, actor), at_s)


def given_back_by(redemption: str, currency: str, at_s: int, *, day: int, actor: str) -> None:
    """Take back what agents have earned of a redemption, which can be used again. As ``earned_by``.

    Args:
        redemption: The business key under which it was posted.
    """
    left = _left_of(redemption)
    if not left:
        return
    amount = Money(left, currency)
    refund = Refund(f"rv:{redemption}", redemption, amount)
    taken = claw_back(refund, at_s, reopen=True).clawed
    if taken:
        post(part_given_back(refund.ref, taken, amount.currency, day, actor), at_s)


def _left_of(ref: str) -> int:
    # Raw SQL: every redemption comes through here, and few vouchers have a promise.
    found = rows("SELECT left_minor FROM shared_sale WHERE ref = ?", (ref,))
    return int(found[0][0]) if found else 0
