"""What selling needs of the other wings; made once, by ``app`` and ``timetable``."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from werkzeug.security import generate_password_hash

from central.foundation.seal import Seal
from central.money.channels.gather import Channels
from central.money.ledger.rules import business_day
from central.money.sharing.ports import Outside
from central.sale.orders.limits import Limits
from central.stores.keys.keyring import Keyring
from central.supply.prices.ask import CostOf


@dataclass(frozen=True)
class Office:
    """The collaborators of every use case of an order.

    Args:
        seal: Seals what buyers have told, and what was delivered to them.
        held_above: An order of more than this, minor units, waits for a person; 0: none does.
        hash_code: Makes the slow hash that is kept of a buyer's code.
        mails: Whether there is a mail server, so that buyers are told; ``texts`` likewise.
        text_codes: Whether a code can be sent by text.
        url: Address that browsers see; empty if nobody has set it.
        fee_ppm: What a channel takes of a payment, for the margin that a purchase must leave.
    """

    currency: str
    timezone: str
    now_s: Callable[[], int]
    seal: Seal
    outside: Outside
    cost_of: CostOf
    channels: Channels
    keyring: Keyring
    held_above: int = 0
    mails: bool = False
    texts: bool = False
    text_codes: bool = False
    url: str = ""
    fee_ppm: int = 6_000
    limits: Limits = field(default_factory=Limits)
    hash_code: Callable[[str], str] = generate_password_hash

    def day(self, at_s: int) -> int:
        """Return the business day of a moment."""
        return business_day(at_s, self.timezone)
