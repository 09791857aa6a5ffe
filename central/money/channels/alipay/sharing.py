"""Shares of a trade by order.settle, worked on later (``royalty_mode`` async) and then queried.

Sources: docs.open.alipay.com/api_1, alipay.trade.order.settle; the pages of 分账 at
opendocs.alipay.com for alipay.trade.royalty.relation.bind and alipay.trade.order.settle.query.
"""

from __future__ import annotations

from typing import Any

from central.errors import ChannelUnknown
from central.money.channels.alipay import CHANNEL, read
from central.money.channels.alipay.client import Client, Operation
from central.money.channels.model import check_number
from central.money.channels.ports import Shared, ShareOrder, ShareState
from central.money.channels.send import fingerprint
from central.money.channels.yuan import from_yuan, to_yuan
from edge.contract.money import Money

SHARES_MAX = 50
_DESCRIPTION_MAX = 1000

_REFUSALS = frozenset(
    {"ACQ.ALLOC_AMOUNT_VALIDATE_ERROR", "ACQ.INVALID_PARAMETER", "ACQ.ROYALTY_RECEIVER_INVALID",
     "ACQ.TRADE_NOT_EXIST", "ACQ.TRADE_STATUS_ERROR", "ACQ.USER_NOT_EXIST"}
)  # fmt: skip
SETTLE = Operation("alipay.trade.order.settle", _REFUSALS)
BIND = Operation("alipay.trade.royalty.relation.bind", _REFUSALS)

_STATES = {
    "PROCESSING": ShareState.PROCESSING,
    "SUCCESS": ShareState.DONE,
    "FAIL": ShareState.FAILED,
}


class AlipaySharing:
    """Alipay as a channel that shares payments out."""

    channel = CHANNEL

    def __init__(self, client: Client) -> None:
        self._client = client

    def add_receiver(self, account: str, *, is_person: bool, name: str = "") -> None:
        """Make an account known (userId 2088…); a person and a merchant are the same here."""
        receiver = {"type": "userId", "account": account, "memo": "person" if is_person else "firm"}
        if name:
            receiver["name"] = name
        said = fingerprint("receiver", account, is_person, name)
        number = said.hex()[:32]
        content = {"out_request_no": number, "receiver_list": [receiver]}
        self._client.do(BIND, number, content, said, _check_bound)

    def share(self, order: ShareOrder) -> Shared:
        """Ask for shares; Alipay advises to wait half a minute after the payment."""
        if len(order.shares) > SHARES_MAX:
            raise ValueError(f"at most {SHARES_MAX} shares at once")
        parts = [
            {
                "royalty_type": "transfer",
                "trans_in_type": "userId",
                "trans_in": share.account,
                "amount": to_yuan(share.amount),
                "desc": share.description[:_DESCRIPTION_MAX],
            }
            for share in order.shares
        ]
        said = fingerprint(
            order.number, order.payment_channel_number, order.is_last,
            *((s.account, s.amount, s.description) for s in order.shares),
        )  # fmt: skip
        return self._settle(
            order.number, order.payment_channel_number, parts, said, is_last=order.is_last
        )

    def query_share(self, number: str, payment_channel_number: str) -> Shared:
        """Ask what became of it."""
        content = {"out_request_no": number, "trade_no": payment_channel_number}

        def shared(found: dict[str, Any]) -> Shared:
            read.same(found, "out_request_no", number)
            return Shared(number, *_summed_up(found.get("royalty_detail_list")))

        found = self._client.ask("alipay.trade.order.settle.query", number, content, shared)
        return found or Shared(number, ShareState.NOT_FOUND)

    def unfreeze(self, number: str, payment_channel_number: str, why: str) -> Shared:
        """Make what has not been shared ours: a settlement of nothing that is the last one."""
        said = fingerprint("unfreeze", number, payment_channel_number, why)
        return self._settle(
            check_number(number), payment_channel_number, [], said, is_last=True
        )  # fmt: skip

    def _settle(
        self, number: str, trade_no: str, parts: list[dict[str, str]], said: bytes, *, is_last: bool
    ) -> Shared:
        content: dict[str, Any] = {
            "out_request_no": number,
            "trade_no": trade_no,
            "royalty_parameters": parts,
            "royalty_mode": "async",
            "extend_params": {"royalty_finish": "true" if is_last else "false"},
        }

        def settled(found: dict[str, Any]) -> Shared:
            read.same(found, "trade_no", trade_no)
            return Shared(number, ShareState.PROCESSING, read.maybe_text(found, "settle_no"))

        return self._client.do(SETTLE, number, content, said, settled)


def _check_bound(found: dict[str, Any]) -> None:
    if found.get("result_code") != "SUCCESS":
        raise ChannelUnknown("not-bound", "Alipay has not said that the receiver is bound.")


def _summed_up(
    listed: object,
) -> tuple[ShareState, str, tuple[tuple[str, Money, ShareState, str], ...]]:
    """Return the state of the whole, no number, and the parts."""
    if not isinstance(listed, list):
        raise read.odd("royalty_detail_list")
    parts = []
    for part in listed:
        if not isinstance(part, dict) or part.get("state") not in _STATES:
            raise read.odd("royalty_detail_list")
        state = _STATES[part["state"]]
        try:
            amount = from_yuan(str(part.get("amount")))
        except ValueError as exc:
            raise read.odd("amount") from exc
        reason = read.maybe_text(part, "error_code")
        parts.append((read.maybe_text(part, "trans_in"), amount, state, reason))
    states = {state for _, _, state, _ in parts}
    whole = ShareState.PROCESSING if ShareState.PROCESSING in states else ShareState.DONE
    return whole, "", tuple(parts)
