"""Shares of a payment: receivers, shares, what is left, and what a merchant gives back.

A share is worked on later: the answer says PROCESSING, the query says what became of it. A
person's share never comes back; only a merchant's does, if he has allowed it.

Sources: the interface pages of 分账 at pay.weixin.qq.com, for example doc/v3/partner/4012690683
(share) and wiki/doc/apiv3_partner/apis/chapter8_1_3.shtml (return).
"""

from __future__ import annotations

from typing import Any
from urllib.parse import quote, urlencode

from central.errors import ChannelUnknown
from central.money.channels.model import check_number
from central.money.channels.ports import Share, Shared, ShareOrder, ShareState
from central.money.channels.send import fingerprint
from central.money.channels.wechat_pay import CHANNEL, read
from central.money.channels.wechat_pay.client import Client, Operation, Sealed
from central.money.channels.yuan import to_fen
from edge.contract.money import Money

SHARES_MAX = 50
_DESCRIPTION_MAX = 80

_REFUSALS = frozenset(
    {"INVALID_REQUEST", "NOT_ENOUGH", "NO_AUTH", "PARAM_ERROR", "RESOURCE_NOT_EXISTS",
     "RULE_LIMIT", "SIGN_ERROR"}
)  # fmt: skip
SHARE = Operation("share", "POST", _REFUSALS)
UNFREEZE = Operation("share.unfreeze", "POST", _REFUSALS)
GIVE_BACK = Operation("share.return", "POST", _REFUSALS)
RECEIVER = Operation("share.receiver", "POST", _REFUSALS)

_STATES = {"PROCESSING": ShareState.PROCESSING, "FINISHED": ShareState.DONE}
_RESULTS = {
    "PENDING": ShareState.PROCESSING,
    "PROCESSING": ShareState.PROCESSING,
    "SUCCESS": ShareState.DONE,
    "CLOSED": ShareState.FAILED,
    "FAILED": ShareState.FAILED,
    "FAIL": ShareState.FAILED,
}


class WeChatSharing:
    """WeChat Pay as a channel that shares payments out."""

    channel = CHANNEL

    def __init__(self, client: Client) -> None:
        self._client = client

    def add_receiver(self, account: str, *, is_person: bool, name: str = "") -> None:
        """Make somebody known: a merchant number, or a person's openid."""
        body: dict[str, Any] = {
            "appid": self._client.merchant.appid,
            "type": _kind(is_person),
            "account": account,
            "relation_type": "DISTRIBUTOR",
        }
        if name:
            body["name"] = Sealed(name)
        said = fingerprint("receiver", account, is_person, name)
        number = said.hex()[:32]
        target = "/v3/profitsharing/receivers/add"
        self._client.do(RECEIVER, number, target, body, said, lambda _: None)

    def share(self, order: ShareOrder) -> Shared:
        """Ask for shares; at the earliest a minute after the payment, at most 50 at once."""
        if len(order.shares) > SHARES_MAX:
            raise ValueError(f"at most {SHARES_MAX} shares at once")
        body = {
            "appid": self._client.merchant.appid,
            "transaction_id": order.payment_channel_number,
            "out_order_no": order.number,
            "receivers": [_receiver(share) for share in order.shares],
            "unfreeze_unsplit": order.is_last,
        }
        said = fingerprint(
            order.number, order.payment_channel_number, order.is_last,
            *((s.account, s.amount, s.description, s.name) for s in order.shares),
        )  # fmt: skip
        return self._client.do(
            SHARE, order.number, "/v3/profitsharing/orders", body, said,
            lambda found: to_shared(found, order.number),
        )  # fmt: skip

    def query_share(self, number: str, payment_channel_number: str) -> Shared:
        """Ask what became of it."""
        target = f"/v3/profitsharing/orders/{quote(number, safe='')}?" + urlencode(
            {"transaction_id": payment_channel_number}
        )
        found = self._client.ask("share.query", number, target, lambda a: to_shared(a, number))
        return found or Shared(number, ShareState.NOT_FOUND)

    def unfreeze(self, number: str, payment_channel_number: str, why: str) -> Shared:
        """Make what has not been shared ours."""
        body = {
            "transaction_id": payment_channel_number,
            "out_order_no": check_number(number),
            "description": why[:_DESCRIPTION_MAX],
        }
        said = fingerprint("unfreeze", number, payment_channel_number)
        target = "/v3/profitsharing/orders/unfreeze"
        return self._client.do(
            UNFREEZE, number, target, body, said, lambda found: to_shared(found, number)
        )

    def give_back(
        self, return_number: str, number: str, mchid: str, amount: Money, why: str
    ) -> ShareState:
        """Take a merchant's share, or part of it, back."""
        body = {
            "out_order_no": check_number(number),
            "out_return_no": check_number(return_number),
            "return_mchid": mchid,
            "amount": to_fen(amount),
            "description": why[:_DESCRIPTION_MAX],
        }
        said = fingerprint("return", return_number, number, mchid, amount)
        target = "/v3/profitsharing/return-orders"
        return self._client.do(
            GIVE_BACK, return_number, target, body, said, lambda a: _returned(a, return_number)
        )

    def query_give_back(self, return_number: str, number: str) -> ShareState:
        """Ask what became of it."""
        target = f"/v3/profitsharing/return-orders/{quote(return_number, safe='')}?" + urlencode(
            {"out_order_no": number}
        )
        found = self._client.ask(
            "share.return.query", return_number, target, lambda a: _returned(a, return_number)
        )
        return found or ShareState.NOT_FOUND


def to_shared(found: dict[str, Any], number: str) -> Shared:
    """Return shares from an answer.

    Raises:
        ChannelUnknown: it is about another number, or not as documented.
    """
    read.same(found, "out_order_no", number)
    word = read.text(found, "state")
    if word not in _STATES:
        raise ChannelUnknown("new-state", f"The state {word!r} of shares is not known.")
    parts = []
    listed = found.get("receivers", [])
    if not isinstance(listed, list):
        raise read.odd("receivers")
    for part in listed:
        if not isinstance(part, dict) or part.get("result") not in _RESULTS:
            raise read.odd("receivers")
        state = _RESULTS[part["result"]]
        reason = read.maybe_text(part, "fail_reason")
        parts.append((read.text(part, "account"), read.amount(part, "amount"), state, reason))
    return Shared(number, _STATES[word], read.maybe_text(found, "order_id"), tuple(parts))


def _returned(found: dict[str, Any], return_number: str) -> ShareState:
    read.same(found, "out_return_no", return_number)
    word = read.text(found, "result")
    if word not in _RESULTS:
        raise ChannelUnknown("new-state", f"The state {word!r} of a return is not known.")
    return _RESULTS[word]


def _receiver(share: Share) -> dict[str, Any]:
    body: dict[str, Any] = {
        "type": _kind(share.is_person),
        "account": share.account,
        "amount": to_fen(share.amount),
        "description": share.description[:_DESCRIPTION_MAX],
    }
    if share.name:
        body["name"] = Sealed(share.name)
    return body


def _kind(is_person: bool) -> str:  # noqa: FBT001
    return "PERSONAL_OPENID" if is_person else "MERCHANT_ID"
