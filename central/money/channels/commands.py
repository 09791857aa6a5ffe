"""``tearoff-hub channels``: which are in use, and their certificates."""

from __future__ import annotations

import click

from central.errors import RequestInvalid
from central.foundation.command import Command
from central.money.channels.gather import gather
from central.money.channels.record import RecordedCalls


@click.group()
def channels() -> None:
    """WeChat Pay, Alipay, the bank's file."""


@channels.command("list")
@click.pass_obj
def channels_list(command: Command) -> None:
    """List the channels in use, where they are, and whose keys are known."""
    with command.hub() as hub:
        found = gather(hub.config.channels_file, RecordedCalls(command.now_s), command.now_s)
    if found.wechat_pay is not None:
        serials = ", ".join(found.wechat_pay.platform.serials) or "none yet: refresh"
        click.echo(f"wechat-pay  {found.wechat_pay.settings.base_url}  keys: {serials}")
    if found.alipay is not None:
        way = "certificates" if found.alipay.settings.uses_certificates else "public key"
        click.echo(f"alipay      {found.alipay.settings.base_url}  {way}")
    if found.bank_file is not None:
        click.echo(f"bank-file   {found.bank_file.account_name}, {found.bank_file.encoding}")
    if not (found.names or found.bank_file):
        click.echo(f"There is no {hub.config.channels_file}.")


@channels.command("refresh-certificates")
@click.pass_obj
def channels_refresh(command: Command) -> None:
    """Download the platform certificates of WeChat Pay; do it once a day."""
    with command.hub() as hub:
        client = gather(
            hub.config.channels_file, RecordedCalls(command.now_s), command.now_s
        ).wechat_pay
        if client is None or not client.platform.uses_certificates:
            raise RequestInvalid("WeChat Pay is not in use here, or not with certificates.")
        new = client.refresh_certificates()
    click.echo(f"{len(new)} new: {', '.join(new)}" if new else "Nothing new.")
