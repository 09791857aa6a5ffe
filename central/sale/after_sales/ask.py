"""A buyer, or somebody for him, says that something is wrong, and shows it."""

from __future__ import annotations

from base64 import b64decode, b64encode
from typing import NamedTuple

from central.errors import Conflict, NotFound, RequestInvalid
from central.foundation.db.engine import money_transaction, rows
from central.foundation.web.words import N_
from central.sale.after_sales import store
from central.sale.after_sales.model import (
    ANSWER_S,
    PICTURE_BYTES_MAX,
    PICTURES_MAX,
    SAID_CHARS,
    Case,
    CaseState,
    Reason,
    picture_kind,
    why_not,
)
from central.sale.orders import refund
from central.sale.orders import store as orders
from central.sale.orders.model import OrderId
from central.sale.orders.office import Office

RETURNED = "returned within seven days, never looked at"


class Said(NamedTuple):
    """What somebody says and shows; the picture may be missing."""

    text: str
    picture: bytes = b""

    def __repr__(self) -> str:
        """Leave out what may show a key."""
        return f"Said({len(self.text)} characters, {len(self.picture)} bytes)"


def open_case(
    order_id: OrderId, n: int, reason: Reason, said: Said, who: str, office: Office
) -> Case:  # fmt: skip
    """Open a case about unit number ``n``. What goes back without a reason goes back at once.

    Raises:
        RequestInvalid: nothing is said, or the picture is none.
        Conflict: it is too late, not delivered, looked at, or there is an open case already.
    """
    text, kind = _check(said, needs_words=reason is not Reason.CHANGED_MIND)
    at_s = office.now_s()

    def work() -> Case:
        unit = next((one for one in orders.units(order_id) if one.n == n), None)
        if unit is None:
            raise NotFound("There is no such unit.")
        refused = why_not(reason, unit, at_s, was_seen=orders.was_seen(unit))
        if refused:
            raise Conflict(refused)
        opened = rows(
            "INSERT INTO after_sale (order_id, unit, reason, opened_by, opened_at_s,"
            " answer_until_s, state) VALUES (?, ?, ?, ?, ?, ?, 'open')"
            " ON CONFLICT (unit) WHERE state = 'open' DO NOTHING RETURNING id",
            (order_id, unit.id, str(reason), who, at_s, at_s + ANSWER_S),
        )
        if not opened:
            raise Conflict(N_("There is an open case about this already."))
        case = store.get(int(opened[0][0]))
        _keep(case, text, kind, said.picture, who, office)
        orders.note(order_id, unit.id, at_s, who, "help-asked", str(unit.state), str(reason))
        if reason is Reason.CHANGED_MIND:
            back = refund.refund_units(order_id, [unit.id], RETURNED, who, office)
            return store.close(case, CaseState.REFUNDED, "", who, at_s, back.number)
        return case

    return money_transaction(work)


def add_evidence(case_id: int, said: Said, who: str, office: Office) -> Case:
    """Add what somebody says or shows to an open case.

    Raises:
        RequestInvalid: nothing is said, or the picture is none, or there are too many.
        Conflict: it is closed.
    """
    text, kind = _check(said, needs_words=not said.picture)

    def work() -> Case:
        case = store.get(case_id)
        if case.state is not CaseState.OPEN:
            raise Conflict(N_("This case is closed."))
        shown = [one for one in store.evidence(case_id) if one.picture]
        if kind and len(shown) >= PICTURES_MAX:
            raise RequestInvalid(N_("There are five pictures already."))
        _keep(case, text, kind, said.picture, who, office)
        return case

    return money_transaction(work)


def picture(case_id: int, evidence_id: int, office: Office) -> tuple[str, bytes]:
    """Return a picture, for whoever may decide: its kind and its bytes; NotFound if none."""
    found = rows(
        "SELECT picture_kind, picture FROM after_sale_evidence WHERE id = ? AND case_id = ?"
        " AND picture IS NOT NULL",
        (evidence_id, case_id),
    )
    if not found:
        raise NotFound("There is no such picture.")
    [(kind, sealed)] = found
    return kind, b64decode(office.seal.open(bytes(sealed), f"case:{case_id}")["picture"])


def _check(said: Said, *, needs_words: bool) -> tuple[str, str | None]:
    text = said.text.strip()
    if len(text) > SAID_CHARS or (needs_words and not text):
        raise RequestInvalid(N_("Say what is wrong, in at most 1000 characters."))
    if not said.picture:
        return text, None
    kind = picture_kind(said.picture)
    if kind is None or len(said.picture) > PICTURE_BYTES_MAX:
        raise RequestInvalid(N_("A picture is PNG, JPEG or WebP, of 900 KB at most."))
    return text, kind


def _keep(
    case: Case, text: str, kind: str | None, content: bytes, who: str, office: Office
) -> None:
    sealed = None
    if kind is not None:
        sealed = office.seal.close({"picture": b64encode(content).decode()}, f"case:{case.id}")
    rows(
        "INSERT INTO after_sale_evidence (case_id, at_s, who, said, picture_kind, picture)"
        " VALUES (?, ?, ?, ?, ?, ?) RETURNING id",
        (case.id, office.now_s(), who, text, kind, sealed),
    )
