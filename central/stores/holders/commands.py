"""``tearoff-hub vouchers``: one at a time."""

from __future__ import annotations

from collections.abc import Callable

import click

from central.errors import RequestInvalid
from central.foundation.command import Command
from central.stores.corrections.give_back import Wanted, give_back
from central.stores.holders.lending import COMMANDS, amount_in
from central.stores.holders.link import address_of, make_link
from central.stores.holders.link import unlock as unlock_voucher
from central.stores.redemptions.settle import resume
from central.stores.redemptions.write_off import grants_of, request_in, write_off
from central.stores.vouchers.find import voucher_of
from central.stores.vouchers.status import revoke, suspend
from edge.contract.ids import EntryRef, Epoch, Seq, UnitId, VoucherId, parse_voucher_id

_ACTOR = "cli"


@click.group()
def vouchers() -> None:
    """One voucher at a time."""


def _status_command(name: str, work: Callable[[VoucherId], None], help_: str) -> None:
    @vouchers.command(name, help=help_)
    @click.argument("voucher_id")
    @click.pass_obj
    def run(command: Command, voucher_id: str) -> None:
        with command.hub():
            work(_number(voucher_id))
        click.echo(f"{voucher_id}: done")


_status_command("revoke", revoke, "Revoke the voucher VOUCHER_ID, 12 hex digits, for ever.")
_status_command("suspend", suspend, "Suspend the voucher VOUCHER_ID until it is resumed.")
_status_command("resume", resume, "Make the suspended voucher VOUCHER_ID valid again.")


@click.command("link")
@click.argument("voucher_id")
@click.pass_obj
def link(command: Command, voucher_id: str) -> None:
    """Make the link that brings VOUCHER_ID to its holder's phone; it is shown once.

    The first phone that opens it has the voucher, and no other.
    """
    number = _number(voucher_id)
    with command.hub() as hub:
        click.echo(address_of(make_link(number, _ACTOR, command.now_s()), hub.config.url))


@click.command("unlock")
@click.argument("voucher_id")
@click.option("--reason", required=True, help="Why, in words, for the log.")
@click.pass_obj
def unlock(command: Command, voucher_id: str, reason: str) -> None:
    """Let another phone open the link of VOUCHER_ID: the old one is lost, or replaced."""
    with command.hub():
        unlock_voucher(_number(voucher_id), _ACTOR, reason, command.now_s())
    click.echo(f"{voucher_id}: the next phone that opens its link has it")


@click.command("give-back")
@click.argument("voucher_id")
@click.argument("entry")
@click.argument("amount")
@click.option("--reason", required=True, help="Why, in words.")
@click.pass_obj
def give_back_command(
    command: Command, voucher_id: str, entry: str, amount: str, reason: str
) -> None:
    """Give back AMOUNT of the redemption ENTRY, such as S0412-K1/1/17, of VOUCHER_ID.

    The voucher holds it again, and the store is not owed it.
    """
    with command.hub() as hub:
        found = voucher_of(voucher_id)
        taken = amount_in(amount, found, hub.config.currency)
        wanted = Wanted(_entry(entry), VoucherId(found.id), taken, reason)
        give_back(wanted, by=_ACTOR, currency=hub.config.currency, at_s=command.now_s())
    click.echo(f"{amount} of {entry} is on {voucher_id} again")


@click.command("grants")
@click.argument("voucher_id")
@click.pass_obj
def grants_command(command: Command, voucher_id: str) -> None:
    """List what phones were granted of VOUCHER_ID, the newest first."""
    with command.hub() as hub:
        found = grants_of(_number(voucher_id), hub.config.grant_write_off_h * 3600)
    for one in found:
        click.echo(f"{one.unit}/{one.request.hex()}  {one.amount:>12}  {one.state}  {one.said}")


@click.command("write-off-grant")
@click.argument("grant")
@click.option("--reason", required=True, help="Why the till will never tell, in words.")
@click.pass_obj
def write_off_grant(command: Command, grant: str, reason: str) -> None:
    """Free what GRANT holds, written UNIT/REQUEST as ``grants`` lists it.

    Its till was revoked, and the hours of the setting grant_write_off_h are over. If it was used
    after all, what was given to others since comes first.
    """
    unit, _, request = grant.partition("/")
    with command.hub() as hub:
        write_off(
            UnitId(unit), request_in(request), by=_ACTOR, reason=reason, at_s=command.now_s(),
            after_s=hub.config.grant_write_off_h * 3600,
        )  # fmt: skip
    click.echo(f"{grant}: written off")


def _entry(text: str) -> EntryRef:
    unit, epoch, seq = (*text.split("/"), "", "")[:3]
    if not (epoch.isdecimal() and seq.isdecimal() and len(epoch + seq) < 19):
        raise RequestInvalid(f"{text!r}: an entry is written S0412-K1/1/17")
    return EntryRef(UnitId(unit), Epoch(int(epoch)), Seq(int(seq)))


def _number(text: str) -> VoucherId:
    try:
        return parse_voucher_id(text)
    except ValueError as exc:
        raise RequestInvalid(f"{text!r}: {exc}") from exc


for one in (link, unlock, give_back_command, grants_command, write_off_grant, *COMMANDS):
    vouchers.add_command(one)
