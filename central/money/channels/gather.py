"""Makes the adapters that the settings name, and finds them by the name of their channel."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from central.errors import NotFound
from central.money.channels import settings
from central.money.channels.alipay.bills import AlipayBills
from central.money.channels.alipay.client import Client as AlipayClient
from central.money.channels.alipay.pay_in import AlipayIn
from central.money.channels.alipay.payout import AlipayOut
from central.money.channels.alipay.sharing import AlipaySharing
from central.money.channels.bank_file import CHANNEL as BANK_FILE
from central.money.channels.ports import Bills, CallLog, PayIn, Payout, Sharing
from central.money.channels.settings import BankFileSettings
from central.money.channels.wechat_pay.bills import WeChatBills
from central.money.channels.wechat_pay.client import Client as WeChatPayClient
from central.money.channels.wechat_pay.pay_in import WeChatPayIn
from central.money.channels.wechat_pay.payout import WeChatPayout
from central.money.channels.wechat_pay.sharing import WeChatSharing

T = TypeVar("T")


@dataclass(frozen=True)
class Channels:
    """The channels that are in use."""

    wechat_pay: WeChatPayClient | None = None
    alipay: AlipayClient | None = None
    bank_file: BankFileSettings | None = None
    _pay_in: dict[str, PayIn] = field(default_factory=dict)
    _payout: dict[str, Payout] = field(default_factory=dict)
    _sharing: dict[str, Sharing] = field(default_factory=dict)
    _bills: dict[str, Bills] = field(default_factory=dict)

    def pay_in(self, channel: str) -> PayIn:
        """Return the channel that takes money in; NotFound if it is not in use."""
        return _of(self._pay_in, channel)

    def payout(self, channel: str) -> Payout:
        """Return the channel that pays out; NotFound if it is not in use."""
        return _of(self._payout, channel)

    def sharing(self, channel: str) -> Sharing:
        """Return the channel that shares payments out; NotFound if it is not in use."""
        return _of(self._sharing, channel)

    def bills(self, channel: str) -> Bills:
        """Return the channel that gives bills; NotFound if it is not in use."""
        return _of(self._bills, channel)

    @property
    def with_bills(self) -> list[str]:
        """Which channels give bills."""
        return sorted(self._bills)

    @property
    def payouts(self) -> Mapping[str, Payout]:
        """The channels that pay out."""
        return self._payout

    @property
    def payout_names(self) -> list[str]:
        """Which channels pay out, a file for the bank among them."""
        return sorted({*self._payout, *([BANK_FILE] if self.bank_file else [])})

    @property
    def names(self) -> list[str]:
        """Which channels take money in or pay it out."""
        return sorted({*self._pay_in, *self._payout})


def gather(file: Path, calls: CallLog, now_s: Callable[[], int]) -> Channels:
    """Return the channels of a settings file; none without the file.

    Raises:
        ConfigInvalid: a setting or a key file is wrong.
    """
    found = settings.load(file)
    pay_in: dict[str, PayIn] = {}
    payout: dict[str, Payout] = {}
    sharing: dict[str, Sharing] = {}
    bills: dict[str, Bills] = {}
    wechat_pay = alipay = None
    if found.wechat_pay is not None:
        wechat_pay = WeChatPayClient(found.wechat_pay, calls, now_s)
        name = WeChatPayIn.channel
        pay_in[name], payout[name] = WeChatPayIn(wechat_pay), WeChatPayout(wechat_pay)
        sharing[name], bills[name] = WeChatSharing(wechat_pay), WeChatBills(wechat_pay)
    if found.alipay is not None:
        alipay = AlipayClient(found.alipay, calls, now_s)
        name = AlipayIn.channel
        pay_in[name], sharing[name] = AlipayIn(alipay), AlipaySharing(alipay)
        bills[name] = AlipayBills(alipay)
        if found.alipay.uses_certificates:
            payout[name] = AlipayOut(alipay)
    return Channels(wechat_pay, alipay, found.bank_file, pay_in, payout, sharing, bills)


def _of(known: dict[str, T], channel: str) -> T:
    try:
        return known[channel]
    except KeyError:
        raise NotFound(f"The channel {channel} is not in use here.") from None
