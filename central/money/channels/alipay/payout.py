"""Money out: transfer to an Alipay account, and its query. It needs certificate mode.

The same number again is the same transfer. After a time-out, code 20000 or SYSTEM_ERROR: query,
and if nothing is found repeat the unchanged request. Only ``sub_code`` decides. The payer's empty
balance is no refusal: the number can be sent again once there is money. Nor is
``PAYMENT_INFO_INCONSISTENCY``: a transfer of this number exists, for something else.

Sources: docs.open.alipay.com/api_28, alipay.fund.trans.uni.transfer and .common.query.
"""

from __future__ import annotations

import re
from typing import Any

from central.errors import ChannelRefused, ChannelUnknown, ConfigInvalid
from central.money.channels.alipay import CHANNEL, read
from central.money.channels.alipay.client import Client, Operation
from central.money.channels.ports import Payee, PayoutOrder, PayoutState, Transfer
from central.money.channels.send import fingerprint
from central.money.channels.yuan import to_yuan

PRODUCT, SCENE = "TRANS_ACCOUNT_NO_PWD", "DIRECT_TRANSFER"
TRANSFER_FEN_MIN = 10
_TITLE_MAX = 128
_REMARK_MAX = 200

TRANSFER = Operation(
    "alipay.fund.trans.uni.transfer",
    frozenset(
        {"BLOCK_USER_FORBBIDEN_RECIEVE", "EXCEED_LIMIT_SM_MIN_AMOUNT", "INVALID_PARAMETER",
         "PAYEE_ACC_OCUPIED", "PAYEE_ACCOUNT_STATUS_ERROR", "PAYEE_NOT_EXIST",
         "PAYEE_USER_INFO_ERROR", "PERMIT_NON_BANK_LIMIT_PAYEE", "REMARK_HAS_SENSITIVE_WORD"}
    ),
)  # fmt: skip

_STATES = {
    "SUCCESS": PayoutState.PAID,
    "DEALING": PayoutState.PROCESSING,
    "WAIT_PAY": PayoutState.PROCESSING,
    "FAIL": PayoutState.FAILED,
    "CLOSED": PayoutState.FAILED,
    "REFUND": PayoutState.FAILED,
}
_USER_ID = re.compile(r"2088[0-9]{12}", re.ASCII)
_LOGIN = re.compile(r"[^@]+@[^@]+|1[0-9]{10}", re.ASCII)


class AlipayOut:
    """Alipay as a channel that pays people out."""

    channel = CHANNEL
    can_cancel = False

    def __init__(self, client: Client) -> None:
        """Take a client in certificate mode.

        Raises:
            ConfigInvalid: the client has a public key only.
        """
        if not client.settings.uses_certificates:
            raise ConfigInvalid("alipay: transfers need certificates, not a public key")
        self._client = client

    def transfer(self, order: PayoutOrder) -> Transfer:
        """Pay; there is nothing to be confirmed."""
        if order.amount.minor < TRANSFER_FEN_MIN:
            raise ChannelRefused("too-little", "Alipay transfers 0.10 at least.")
        content = {
            "out_biz_no": order.number,
            "trans_amount": to_yuan(order.amount),
            "product_code": PRODUCT,
            "biz_scene": SCENE,
            "order_title": order.remark[:_TITLE_MAX],
            "remark": order.remark[:_REMARK_MAX],
            "payee_info": _payee(order.payee),
        }
        payee = order.payee
        said = fingerprint(order.number, order.amount, payee.account, payee.name, order.remark)
        return self._client.do(
            TRANSFER, order.number, content, said, lambda found: to_transfer(found, order.number),
            notify=True,
        )  # fmt: skip

    def query(self, number: str) -> Transfer:
        """Ask what became of it."""
        content = {"out_biz_no": number, "product_code": PRODUCT, "biz_scene": SCENE}
        method = "alipay.fund.trans.common.query"
        found = self._client.ask(method, number, content, lambda a: to_transfer(a, number))
        return found or Transfer(number, PayoutState.NOT_FOUND)

    def cancel(self, number: str) -> Transfer:
        """Refuse: a transfer of Alipay's is made at once."""
        raise ChannelRefused("not-offered", f"Alipay cannot stop the transfer {number}.")


def to_transfer(found: dict[str, Any], number: str) -> Transfer:
    """Return a transfer from an answer.

    Raises:
        ChannelUnknown: it is about another number, or not as documented.
    """
    read.same(found, "out_biz_no", number)
    word = read.text(found, "status")
    if word not in _STATES:
        raise ChannelUnknown("new-state", f"The state {word!r} of a transfer is not known.")
    state = _STATES[word]
    done_at_s = read.moment(found, "pay_date") or read.moment(found, "trans_date")
    return Transfer(
        number,
        state,
        amount=read.amount(found, "trans_amount") if "trans_amount" in found else None,
        channel_number=read.text(found, "order_id"),
        fail_code=read.maybe_text(found, "error_code") or ("REFUND" if word == "REFUND" else ""),
        done_at_s=done_at_s if state.is_final else None,
        channel_state=word,
    )


def _payee(payee: Payee) -> dict[str, str]:
    kind = payee.kind or _looks_like(payee.account)
    info = {"identity": payee.account, "identity_type": kind}
    if payee.name:
        info["name"] = payee.name
    elif kind == "ALIPAY_LOGON_ID":
        raise ChannelRefused("no-name", "For a login the payee's real name is needed.")
    return info


def _looks_like(account: str) -> str:
    if _USER_ID.fullmatch(account):
        return "ALIPAY_USER_ID"
    return "ALIPAY_LOGON_ID" if _LOGIN.fullmatch(account) else "ALIPAY_OPEN_ID"
