"""Lending at headquarters: on a voucher's page, and by ``tearoff-hub vouchers lend``."""

from __future__ import annotations

from collections.abc import Callable

import click
from flask import Blueprint, redirect, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from central.errors import NotFound, RequestInvalid
from central.foundation.command import Command
from central.foundation.language.words import N_
from central.foundation.people.roles import Permission
from central.foundation.web.note import told
from central.foundation.web.permission import actor, needs
from central.stores.redemptions.lease import (
    leases_of,
    lend,
    new_lease_id,
    recall,
    spent_on,
    write_off,
)
from central.stores.redemptions.tables import LeaseRow
from central.stores.vouchers.find import voucher_of
from central.stores.vouchers.tables import Voucher
from edge.contract.ids import UnitId, VoucherId
from edge.contract.lease import LEASE_ID_BYTES, LeaseRequest
from edge.contract.money import decimal_text, parse_decimal
from edge.contract.voucher_token import VoucherKind

_ACTOR = "cli"
STATES = {
    "lent": N_("lent"),
    "recalled": N_("recalled, not given back yet"),
    "returned": N_("given back"),
    "written-off": N_("written off"),
}


def state_of(row: LeaseRow) -> str:
    """Return where a lease stands: lent, recalled, returned, written-off."""
    if row.closed_how is not None:
        return str(row.closed_how)
    return "lent" if row.recalled_n is None else "recalled"


def amount_in(text: str, voucher: Voucher, currency: str) -> int:
    """Read how much is to be lent: money of a stored value, uses of the others.

    Raises:
        RequestInvalid: it is not a number.
    """
    try:
        if voucher.kind == VoucherKind.STORED_VALUE:
            return parse_decimal(text.strip(), currency).minor
        return int(text.strip()[:9])
    except ValueError:
        raise RequestInvalid(N_("The amount is not a number.")) from None


def lease_id_in(text: str) -> bytes:
    """Read the 32 hex digits of a lease.

    Raises:
        NotFound: it has others.
    """
    try:
        lease_id = bytes.fromhex(text)
    except ValueError:
        lease_id = b""
    if len(lease_id) != LEASE_ID_BYTES:
        raise NotFound(N_("There is no such lease."))
    return lease_id


def _lease_of(voucher: str, text: str) -> bytes:
    """Read the lease of an address; NotFound if it is of another voucher than that."""
    lease_id, found = lease_id_in(text), voucher_of(voucher)
    if LeaseRow.get_or_none(LeaseRow.id == lease_id, LeaseRow.voucher_id == found.id) is None:
        raise NotFound(N_("There is no such lease."))
    return lease_id


def hours_in(text: str) -> int:
    """Read for how many hours; RequestInvalid if that is no number."""
    if not (text.isascii() and text.isdecimal() and len(text) <= 4):
        raise RequestInvalid(N_("Say for how many hours, as a number."))
    return int(text)


def add_lending(pages: Blueprint, currency: str, now_s: Callable[[], int]) -> None:
    """Add the forms of a voucher's page that lend it and take it back."""

    def back(voucher: str) -> Response:
        return redirect(url_for("vouchers.show", voucher=voucher))

    @pages.post("/vouchers/<voucher>/leases")
    @needs(Permission.VOUCHERS_ISSUE)
    def lend_it(voucher: str) -> Response:
        found, form = voucher_of(voucher), request.form
        with told(gettext("Lent. The till has it with its next pull.")):
            wanted = LeaseRequest(
                UnitId(form.get("unit", "")), new_lease_id(), VoucherId(found.id),
                amount_in(form.get("amount", ""), found, currency),
                hours_in(form.get("hours", "")) * 3600,
            )  # fmt: skip
            lend(wanted, by=actor(), at_s=now_s())
        return back(voucher)

    @pages.post("/vouchers/<voucher>/leases/<lease>/recall")
    @needs(Permission.VOUCHERS_ISSUE)
    def recall_it(voucher: str, lease: str) -> Response:
        with told(gettext("Recalled. It is free once the till has told what it did.")):
            recall(_lease_of(voucher, lease), actor())
        return back(voucher)

    @pages.post("/vouchers/<voucher>/leases/<lease>/write-off")
    @needs(Permission.VOUCHERS_ISSUE)
    def give_up(voucher: str, lease: str) -> Response:
        with told(gettext("Written off.")):
            reason = request.form.get("reason", "")
            write_off(_lease_of(voucher, lease), actor(), reason, now_s())
        return back(voucher)


# --- the command line ----------------------------------------------------------------------------


@click.command("lend")
@click.argument("voucher_id")
@click.argument("unit")
@click.argument("amount")
@click.option("--hours", type=int, default=24, show_default=True, help="For how long; at most 720.")
@click.pass_obj
def lend_command(command: Command, voucher_id: str, unit: str, amount: str, hours: int) -> None:
    """Lend AMOUNT of VOUCHER_ID to the till UNIT: 200.00 of a stored value, or a number of uses.

    The till spends it without a network, and nobody else does.
    """
    with command.hub() as hub:
        found = voucher_of(voucher_id)
        lease = lend(
            LeaseRequest(
                UnitId(unit), new_lease_id(), VoucherId(found.id),
                amount_in(amount, found, hub.config.currency), hours * 3600,
            ),
            by=_ACTOR, at_s=command.now_s(),
        )  # fmt: skip
    click.echo(lease.lease_id.hex())


@click.command("leases")
@click.argument("voucher_id")
@click.pass_obj
def leases_command(command: Command, voucher_id: str) -> None:
    """List what was lent of VOUCHER_ID, the newest first."""
    with command.hub() as hub:
        found = voucher_of(voucher_id)
        for row in leases_of(VoucherId(found.id)):
            worth, spent = (
                decimal_text(found.worth_minor(n), hub.config.currency)
                for n in (row.amount, spent_on(row))
            )
            state = state_of(row)
            lease = bytes(row.id).hex()
            click.echo(f"{lease}  {row.unit_id:12} {worth:>12} spent {spent}  {state}")


@click.command("recall")
@click.argument("lease")
@click.pass_obj
def recall_command(command: Command, lease: str) -> None:
    """Ask LEASE back; what is left is free once the till has told what it did."""
    with command.hub():
        recall(lease_id_in(lease), _ACTOR)
    click.echo(f"{lease}: recalled")


@click.command("write-off")
@click.argument("lease")
@click.option("--reason", required=True, help="Why the till will never tell, in words.")
@click.pass_obj
def write_off_command(command: Command, lease: str, reason: str) -> None:
    """Give LEASE up whose till will never tell. What it has spent on it may be spent twice."""
    with command.hub():
        write_off(lease_id_in(lease), _ACTOR, reason, command.now_s())
    click.echo(f"{lease}: written off")


COMMANDS = (lend_command, leases_command, recall_command, write_off_command)
