"""Put what is ready into a file for the bank: once, whatever becomes of whoever asks for it."""

from __future__ import annotations

from typing import NamedTuple

from central.errors import Conflict, PayoutRefused, RequestInvalid
from central.foundation.db.engine import money_transaction
from central.foundation.language.said import Saying
from central.foundation.language.words import N_
from central.money.channels.bank_file import BankBatch, check_line, write
from central.money.channels.settings import BankFileSettings
from central.money.ledger.days import date_of
from central.money.payouts import store as payouts
from central.money.payouts.bank_files import store
from central.money.payouts.bank_files.store import Made
from central.money.payouts.model import Event
from central.money.payouts.store import HOUR_S, Payout


class Choice(NamedTuple):
    """What the next file would hold, and what it would leave out: number and reason."""

    payouts: list[Payout]
    left: list[tuple[str, str]]

    @property
    def total(self) -> int:
        """What the file would move, minor units."""
        return sum(payout.order.amount.minor for payout in self.payouts)


def choose(settings: BankFileSettings, at_s: int) -> Choice:
    """Return what would go into a file made now. A payout that cannot go hinders no other."""
    room = payouts.limits().room_this_hour(payouts.sent_since(at_s - HOUR_S))
    chosen: list[Payout] = []
    left: list[tuple[str, str]] = []
    for payout in store.ready():
        try:
            check_line(payout.order, settings.encoding)
        except RequestInvalid as exc:
            left.append((payout.no, exc.detail))
            continue
        if payout.amount.minor > room:
            left.append((payout.no, N_("No more may go out within this hour.")))
            continue
        room -= payout.amount.minor
        chosen.append(payout)
    return Choice(chosen, left)


def make(settings: BankFileSettings | None, at_s: int, *, day: int, actor: str) -> Made:
    """Make a file of what is ready, in one transaction: it is there with all of them, or nowhere.

    From then on a payout counts as sent: only the bank's answer, or two people who say that the
    bank has taken none of the file, give its money back.

    Raises:
        Conflict: nothing is ready, or no bank account is set up for it.
        PayoutRefused: payouts are stopped.
    """
    if settings is None:
        raise Conflict(N_("No bank account is set up for payouts: [bank_file] in channels.toml."))
    set_up = settings

    def work() -> Made:
        if payouts.limits().is_stopped:
            raise PayoutRefused(N_("Payouts are stopped."))
        chosen = choose(set_up, at_s).payouts
        if not chosen:
            raise Conflict(N_("No payout is ready for the bank."))
        no = store.next_no(day)
        batch = BankBatch(no, date_of(day), tuple(payout.order for payout in chosen))
        store.insert(write(batch, set_up), batch, set_up.bank, at_s, actor)
        for payout in chosen:
            payouts.happen(
                payout, Event.PUT_IN_FILE, at_s, actor, no, first_sent_at_s=at_s, attempts=1
            )
        return store.get(no)

    return money_transaction(work)


def fetch(no: str, at_s: int, *, actor: str) -> tuple[Made, bytes]:
    """Return a file with its bytes, for the bank; who fetches it stays noted.

    Raises:
        NotFound: there is none of this number. Conflict: it has ended.
    """

    def work() -> tuple[Made, bytes]:
        made = store.get(no)
        if all(line.payout.state.is_final for line in store.lines_of(no)):
            raise Conflict(Saying("bank-file-ended", file=no))
        store.tell(no, at_s, actor, "fetched", "")
        return made, store.content_of(no)

    return money_transaction(work)
