"""A buyer, or somebody for him, says that something is wrong, and shows it."""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Sequence
from typing import NamedTuple

from central.errors import Conflict, NotFound, RequestInvalid
from central.foundation.db.engine import money_transaction, rows
from central.foundation.language.words import N_
from central.foundation.pictures import MIME, Picture, redrawn
from central.sale.after_sales import store
from central.sale.after_sales.model import (
    ANSWER_S,
    PICTURE_SIDE,
    PICTURES_MAX,
    SAID_CHARS,
    Case,
    CaseState,
    Evidence,
    Reason,
    why_not,
)
from central.sale.orders import refund
from central.sale.orders import store as orders
from central.sale.orders.model import OrderId
from central.sale.orders.office import Office
from central.sale.orders.private import without_private
from central.supply.cards.store import key_of_unit

RETURNED = "returned within seven days, never looked at"


class Said(NamedTuple):
    """What somebody says and shows; the picture, as ``drawn`` returns it, may be missing."""

    text: str
    picture: Picture | None = None

    def __repr__(self) -> str:
        """Leave out what may name a key."""
        return f"Said({len(self.text)} characters, {self.picture})"


def drawn(data: bytes) -> Picture | None:
    """Return a picture that somebody shows, drawn anew; None if there is none.

    Call it outside of a transaction: it takes a while.

    Raises:
        PictureRefused: it cannot be taken.
    """
    return redrawn(data, PICTURE_SIDE)[0] if data else None


def open_case(
    order_id: OrderId, n: int, reason: Reason, said: Said, who: str, office: Office
) -> Case:  # fmt: skip
    """Open a case about unit number ``n``. What goes back without a reason goes back at once.

    Raises:
        RequestInvalid: nothing is said.
        NotFound: the order has no such unit.
        Conflict: it is too late, not delivered, looked at, or there is an open case already.
    """
    text = _checked(said, needs_words=reason is not Reason.CHANGED_MIND)
    at_s = office.now_s()

    def work() -> Case:
        unit = next((one for one in orders.units(order_id) if one.n == n), None)
        if unit is None:
            raise NotFound(N_("There is no such unit."))
        refused = why_not(
            reason, unit, at_s, was_seen=orders.was_seen(unit),
            paid_at_s=orders.get(order_id).paid_at_s,
        )  # fmt: skip
        if refused:
            raise Conflict(refused)
        key = key_of_unit(unit.id)
        opened = rows(
            "INSERT INTO after_sale (order_id, unit, reason, opened_by, opened_at_s,"
            " answer_until_s, state, key_id) VALUES (?, ?, ?, ?, ?, ?, 'open', ?)"
            " ON CONFLICT (unit) WHERE state = 'open' DO NOTHING RETURNING id",
            (order_id, unit.id, str(reason), who, at_s, at_s + ANSWER_S, key.id if key else None),
        )
        if not opened:
            raise Conflict(N_("There is an open case about this already."))
        case = store.get(int(opened[0][0]))
        _keep(case, text, said.picture, who, office)
        orders.note(order_id, unit.id, at_s, who, "help-asked", str(unit.state), str(reason))
        if reason is Reason.CHANGED_MIND:
            back = refund.refund_units(order_id, [unit.id], RETURNED, who, office)
            return store.close(case, CaseState.REFUNDED, "", who, at_s, back.number)
        return case

    return money_transaction(work)


def open_cases(
    order_id: OrderId, numbers: Sequence[int], reason: Reason, said: Said, who: str, office: Office
) -> list[Case]:  # fmt: skip
    """Open a case about each of several units of an order, or about none; errors as ``open_case``.

    Raises:
        RequestInvalid: no unit is named.
    """
    if not numbers:
        raise RequestInvalid(N_("Choose what it is about."))
    return money_transaction(
        lambda: [open_case(order_id, n, reason, said, who, office) for n in sorted(set(numbers))]
    )


def add_evidence(case_id: int, said: Said, who: str, office: Office) -> Case:
    """Add what somebody says or shows to an open case.

    Raises:
        RequestInvalid: nothing is said or shown, or there are too many pictures.
        Conflict: it is closed.
    """
    text = _checked(said, needs_words=said.picture is None)

    def work() -> Case:
        case = store.get(case_id)
        if case.state is not CaseState.OPEN:
            raise Conflict(N_("This case is closed."))
        shown = [one for one in store.evidence(case_id) if one.picture]
        if said.picture and len(shown) >= PICTURES_MAX:
            raise RequestInvalid(N_("There are five pictures already."))
        _keep(case, text, said.picture, who, office)
        return case

    return money_transaction(work)


def shown_to_all(case: Case, office: Office) -> list[Evidence]:
    """Return what was said and shown, for whoever may not read what the buyer has told of himself:
    where his words repeat it, it is masked."""
    order = orders.get(case.order)
    return [
        one._replace(said=without_private(one.said, order, office))
        for one in store.evidence(case.id)
    ]


def picture(case_id: int, evidence_id: int, office: Office) -> tuple[str, bytes]:
    """Return a picture, for whoever may decide: its kind and its bytes; NotFound if none."""
    found = rows(
        "SELECT picture_kind, picture FROM after_sale_evidence WHERE id = ? AND case_id = ?"
        " AND picture IS NOT NULL",
        (evidence_id, case_id),
    )
    if not found:
        raise NotFound(N_("There is no such picture."))
    [(kind, sealed)] = found
    return kind, b64decode(office.seal.open(bytes(sealed), f"case:{case_id}")["picture"])


def _checked(said: Said, *, needs_words: bool) -> str:
    text = said.text.strip()
    if len(text) > SAID_CHARS or (needs_words and not text):
        raise RequestInvalid(N_("Say what is wrong, in at most 1000 characters."))
    return text


def _keep(case: Case, text: str, shown: Picture | None, who: str, office: Office) -> None:
    sealed = None
    if shown is not None:
        content = b64encode(shown.content).decode()
        sealed = office.seal.close({"picture": content}, f"case:{case.id}")
    rows(
        "INSERT INTO after_sale_evidence (case_id, at_s, who, said, picture_kind, picture)"
        " VALUES (?, ?, ?, ?, ?, ?) RETURNING id",
        (case.id, office.now_s(), who, text, MIME if shown else None, sealed),
    )
