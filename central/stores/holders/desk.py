"""One voucher on a page of headquarters: what became of it, and whose phone it is on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import segno
from flask import Blueprint, redirect, render_template, request, session, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from central.foundation.language.words import N_
from central.foundation.people.roles import Permission
from central.foundation.web.note import told
from central.foundation.web.permission import actor, needs
from central.stores.corrections.give_back import (
    Wanted,
    corrections_of,
    give_back,
    given_back,
    taken_back_at_till,
)
from central.stores.diversions.overview import diversion_of
from central.stores.holders.lending import STATES, add_lending, amount_in, state_of
from central.stores.holders.link import address_of, events_of, live_link, make_link, unlock
from central.stores.redemptions.lease import leases_of, lent, spent_on
from central.stores.redemptions.settle import covered_in_all, facts_of, ref_of
from central.stores.redemptions.tables import RedemptionEntry
from central.stores.redemptions.write_off import GrantState, grants_of, request_in, write_off
from central.stores.units.tables import Unit
from central.stores.vouchers.find import voucher_of
from central.stores.vouchers.tables import Voucher
from central.supply.catalogue import products
from edge.contract.ids import (
    EntryRef,
    Epoch,
    Seq,
    UnitId,
    VoucherId,
    parse_voucher_id,
    voucher_id_text,
)
from edge.contract.journal_entry import EntryKind, JournalEntry
from edge.contract.policy import Mode
from edge.contract.scan import TokenScan, read_scan
from edge.contract.status import Status
from edge.contract.sync_message import UnitState
from edge.contract.voucher_token import (
    DAY_S,
    DAY_ZERO_S,
    FOR_EVER,
    TokenInvalid,
    decode_payload,
    split,
)

EVENTS = {
    "made": N_("link made"),
    "locked": N_("opened by a phone"),
    "refused": N_("refused to another phone"),
    "unlocked": N_("unlocked"),
    "withdrawn": N_("link withdrawn"),
}
STATUSES = {
    "valid": N_("valid"),
    "revoked": N_("revoked"),
    "suspended": N_("suspended"),
    "redeemed": N_("used up"),
}
GRANT_STATES = {
    GrantState.HELD: N_("held"),
    GrantState.USED: N_("used"),
    GrantState.WRITTEN_OFF: N_("written off"),
    GrantState.FREE: N_("not used, free again"),
}
GRANT_LOOKS = {
    GrantState.HELD: "ask", GrantState.USED: "good", GrantState.WRITTEN_OFF: "bad",
    GrantState.FREE: "quiet",
}  # fmt: skip
LOOKS = {"valid": "good", "revoked": "bad", "suspended": "ask", "redeemed": "quiet"}


def blueprint(hub_url: str, currency: str, held_for_s: int, now_s: Callable[[], int]) -> Blueprint:
    """Return the routes.

    Args:
        held_for_s: How long after its end a grant of a lost till is held at least.
    """
    pages = Blueprint("vouchers", __name__)

    def page(voucher: Voucher, address: str = "") -> str:
        grants = grants_of(VoucherId(voucher.id), held_for_s)
        return _page(voucher, address, grants=grants, now_s=now_s())

    @pages.get("/vouchers")
    @needs(Permission.VOUCHERS_READ)
    def find() -> str | Response:
        asked = request.args.get("q", "").strip()
        error = ""
        if asked:
            found = _id_in(asked)
            if found is not None and Voucher.get_or_none(Voucher.id == found) is not None:
                return redirect(url_for("vouchers.show", voucher=voucher_id_text(found)))
            error = gettext("No voucher has this number.")
        newest = list(Voucher.select().order_by(Voucher.issued_n.desc(), Voucher.id).limit(20))
        return render_template(
            "vouchers/find.html", asked=asked[:300], error=error, vouchers=newest,
            text_of=voucher_id_text, products=products.catalogue().products,
            status_of=lambda v: Status(v.status).name.lower(), statuses=STATUSES,
            status_looks=LOOKS,
        )  # fmt: skip

    @pages.get("/vouchers/<voucher>")
    @needs(Permission.VOUCHERS_READ)
    def show(voucher: str) -> str:
        return page(voucher_of(voucher))

    @pages.post("/vouchers/<voucher>/link")
    @needs(Permission.VOUCHERS_ISSUE)
    def link(voucher: str) -> str | Response:
        found = voucher_of(voucher)
        with told(gettext("Here is the link. It is shown only now.")):
            token = make_link(VoucherId(found.id), actor(), now_s())
            return page(found, address_of(token, hub_url or request.host_url))
        return redirect(url_for("vouchers.show", voucher=voucher))

    @pages.post("/vouchers/<voucher>/unlock")
    @needs(Permission.VOUCHERS_ISSUE)
    def free(voucher: str) -> Response:
        found = voucher_of(voucher)
        with told(gettext("Unlocked: the next phone that opens the link has it.")):
            unlock(VoucherId(found.id), actor(), request.form.get("reason", ""), now_s())
        return redirect(url_for("vouchers.show", voucher=voucher))

    add_lending(pages, currency, now_s)

    @pages.post("/vouchers/<voucher>/grants/<unit_id>/<request_hex>/write-off")
    @needs(Permission.CASES_DECIDE)
    def give_up_grant(voucher: str, unit_id: str, request_hex: str) -> Response:
        found = VoucherId(voucher_of(voucher).id)
        with told(gettext("Written off. What it held is free again.")):
            write_off(
                UnitId(unit_id), request_in(request_hex), by=actor(), of=found,
                reason=request.form.get("reason", ""), at_s=now_s(), after_s=held_for_s,
            )  # fmt: skip
        return redirect(url_for("vouchers.show", voucher=voucher))

    @pages.post("/vouchers/<voucher>/entries/<unit_id>/<int:epoch>/<int:seq>/give-back")
    @needs(Permission.CASES_DECIDE)
    def give_it_back(voucher: str, unit_id: str, epoch: int, seq: int) -> Response:
        found, form = voucher_of(voucher), request.form
        ref = EntryRef(UnitId(unit_id), Epoch(epoch), Seq(seq))
        with told(gettext("Given back. The voucher holds it again.")):
            amount = amount_in(form.get("amount", ""), found, currency)
            wanted = Wanted(ref, VoucherId(found.id), amount, form.get("reason", ""))
            give_back(wanted, by=actor(), currency=currency, at_s=now_s())
        return redirect(url_for("vouchers.show", voucher=voucher))

    return pages


def _id_in(text: str) -> VoucherId | None:
    """Return the voucher that a number or a scanned token names, None if it names none."""
    try:
        scan = read_scan(text)
    except TokenInvalid:
        try:
            return parse_voucher_id(text.lower())
        except ValueError:
            return None
    if not isinstance(scan, TokenScan):
        return None
    try:
        return decode_payload(split(scan.text)[0]).voucher_id
    except TokenInvalid:
        return None


def _overruled(row: RedemptionEntry) -> str:
    """Return who has overruled a refusal for an entry, and why; empty if nobody has."""
    found = JournalEntry.decode(bytes(row.entry)).override
    return f"{found.by}: {found.reason}" if found else ""


def _may_give(row: RedemptionEntry) -> int:
    """Return how much of an entry can be given back."""
    if row.kind == EntryKind.VOID:
        return 0
    ref = ref_of(row)
    return max(0, (row.amount or 0) - taken_back_at_till(ref) - given_back(ref))


def _page(voucher: Voucher, address: str, **more: Any) -> str:
    claims = voucher.claims()
    status = Status(voucher.status).name.lower()
    qr = segno.make(address, error="m").svg_data_uri(scale=5, border=4, light="#fff")
    entries = sorted(facts_of(voucher), key=lambda row: -(row.wall_s or 0))
    for_ever = claims.expires_day == FOR_EVER
    return render_template(
        "vouchers/voucher.html", voucher=voucher, claims=claims,
        number=voucher_id_text(claims.voucher_id), status=STATUSES[status], look=LOOKS[status],
        product=products.catalogue().products.get(claims.product),
        left=max(0, voucher.capacity - covered_in_all(voucher)),
        until_s=None if for_ever else DAY_ZERO_S + claims.expires_day * DAY_S - 1,
        entries=entries, is_void=lambda row: row.kind == EntryKind.VOID,
        mode_of=lambda row: Mode(row.mode).name.lower() if row.mode else "",
        link=live_link(claims.voucher_id), events=events_of(claims.voucher_id), names=EVENTS,
        leases=leases_of(claims.voucher_id), lease_state=state_of, lease_states=STATES,
        spent_on=spent_on, lent=lent(voucher), corrections=corrections_of(claims.voucher_id),
        may_give=_may_give, overruled=_overruled,
        tills=Unit.select().where(Unit.state == str(UnitState.ACTIVE)).order_by(Unit.id),
        address=address, qr=qr if address else "", note=session.pop("note", None),
        grant_states=GRANT_STATES, grant_looks=GRANT_LOOKS,
        diversion=diversion_of(claims.voucher_id), **more,
    )  # fmt: skip
