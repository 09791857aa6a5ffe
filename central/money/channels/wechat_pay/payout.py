"""Money out: merchant transfer with the payee's confirmation, or with his standing consent.

Any answer but a verified 200 leaves the number as it is: "never change the bill number" (doc
4012716434). So the list of refusals is short. Not in it, though one might think so:
``NOT_ENOUGH`` and ``FREQUENCY_LIMITED`` (the same number is to be sent again), ``ALREADY_EXISTS``
(something exists), ``INVALID_REQUEST`` (also said of a number that exists with other data),
``SIGN_ERROR`` and ``NO_AUTH`` (a fault of the set-up, which must not fail a hundred payouts).

Sources: 4012716434 (transfer), 4012716437 (query), 4012716458 (cancel), 4015901167, 4014399423,
4015653811 and 4014399371 (consent: ask, query, end, transfer under it).
"""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from central.errors import ChannelRefused, ChannelUnknown
from central.money.channels.model import check_number
from central.money.channels.ports import (
    Authorization,
    AuthorizationState,
    PayoutOrder,
    PayoutState,
    Transfer,
)
from central.money.channels.send import fingerprint
from central.money.channels.wechat_pay import CHANNEL, read
from central.money.channels.wechat_pay.client import Client, Operation, Sealed
from central.money.channels.yuan import to_fen

CONFIRM_S = 24 * 3600
"""How long the payee has to confirm."""
TRANSFER_FEN_MIN = 10
NAME_FEN_MIN = 30
"""Below 0.30 a name must not be given."""
NAME_FEN_NEEDED = 200_000
"""From 2,000.00 on it must be."""
_REMARK_MAX = 32

TRANSFER = Operation("transfer", "POST", frozenset({"PARAM_ERROR"}))
CANCEL = Operation("transfer.cancel", "POST", frozenset({"INVALID_REQUEST", "NOT_FOUND"}))
AUTHORIZE = Operation("authorize", "POST", frozenset({"PARAM_ERROR", "INVALID_REQUEST", "NO_AUTH"}))
END_CONSENT = Operation("authorize.close", "POST", frozenset({"INVALID_REQUEST", "NOT_FOUND"}))

_BILLS = "/v3/fund-app/mch-transfer/transfer-bills"
_CONSENT = "/v3/fund-app/mch-transfer/user-confirm-authorization"

_STATES = {
    "ACCEPTED": PayoutState.PROCESSING,
    "PROCESSING": PayoutState.PROCESSING,
    "WAIT_USER_CONFIRM": PayoutState.WAITS_FOR_PAYEE,
    "TRANSFERING": PayoutState.PROCESSING,
    "SUCCESS": PayoutState.PAID,
    "FAIL": PayoutState.FAILED,
    "CANCELING": PayoutState.CANCELLING,
    "CANCELLED": PayoutState.CANCELLED,
}
_CONSENT_STATES = {
    "WAIT_USER_CONFIRM": AuthorizationState.WAITS_FOR_PAYEE,
    "TAKING_EFFECT": AuthorizationState.IN_FORCE,
    "CLOSED": AuthorizationState.CLOSED,
}


class WeChatPayout:
    """WeChat Pay as a channel that pays people out."""

    channel = CHANNEL
    can_cancel = True

    def __init__(self, client: Client) -> None:
        self._client = client

    def transfer(self, order: PayoutOrder) -> Transfer:
        """Pay: asks the payee to confirm, unless he has consented once and for all."""
        client = self._client
        body = self._body(order)
        target = _BILLS
        if order.authorization_id:
            body["authorization_id"] = order.authorization_id
            target = f"{_BILLS}/transfer"
        else:
            body["openid"] = order.payee.account
        payee = order.payee
        said = fingerprint(
            order.number, order.amount, payee.account, payee.name, order.remark,
            order.authorization_id,
        )  # fmt: skip
        return client.do(
            TRANSFER, order.number, target, body, said, lambda a: to_transfer(a, order.number)
        )

    def query(self, number: str) -> Transfer:
        """Ask what became of it. The channel remembers for 30 days."""
        target = f"{_BILLS}/out-bill-no/{quote(number, safe='')}"

        def of_us(answer: dict[str, Any]) -> Transfer:
            read.same(answer, "mch_id", self._client.merchant.mchid)
            return to_transfer(answer, number)

        found = self._client.ask("transfer.query", number, target, of_us)
        return found or Transfer(number, PayoutState.NOT_FOUND)

    def cancel(self, number: str) -> Transfer:
        """Ask to stop it. A refusal says only that it was not stopped: query."""
        target = f"{_BILLS}/out-bill-no/{quote(number, safe='')}/cancel"
        return self._client.do(
            CANCEL, number, target, None, fingerprint("cancel", number),
            lambda found: to_transfer(found, number),
        )  # fmt: skip

    # --- consent once and for all ----------------------------------------------------------------

    def ask_consent(self, number: str, openid: str, shown_as: str) -> Authorization:
        """Ask a payee to let transfers through without confirming each; he has 24 hours."""
        client = self._client
        body = {
            "out_authorization_no": check_number(number),
            "appid": client.merchant.appid,
            "openid": openid,
            "transfer_scene_id": client.settings.transfer_scene,
            "user_display_name": shown_as[:32],
            "authorization_notify_url": client.settings.notify_url,
        }
        return client.do(
            AUTHORIZE, number, _CONSENT, body, fingerprint(number, openid, shown_as),
            lambda found: to_authorization(found, number),
        )  # fmt: skip

    def query_consent(self, number: str) -> Authorization:
        """Ask whether he has."""
        target = f"{_CONSENT}/out-authorization-no/{quote(number, safe='')}"
        found = self._client.ask(
            "authorize.query", number, target, lambda answer: to_authorization(answer, number)
        )
        return found or Authorization(number, AuthorizationState.NOT_FOUND)

    def end_consent(self, number: str) -> Authorization:
        """End it; transfers need to be confirmed again."""
        target = f"{_CONSENT}/out-authorization-no/{quote(number, safe='')}/close"
        return self._client.do(
            END_CONSENT, number, target, None, fingerprint("close", number),
            lambda found: to_authorization(found, number),
        )  # fmt: skip

    def _body(self, order: PayoutOrder) -> dict[str, Any]:
        client = self._client
        amount = to_fen(order.amount)
        if amount < TRANSFER_FEN_MIN:
            raise ChannelRefused("too-little", "WeChat Pay transfers 0.10 at least.")
        if amount >= NAME_FEN_NEEDED and not order.payee.name:
            raise ChannelRefused("no-name", "From 2,000.00 on the payee's real name is needed.")
        body: dict[str, Any] = {
            "appid": client.merchant.appid,
            "out_bill_no": order.number,
            "transfer_scene_id": client.settings.transfer_scene,
            "transfer_amount": amount,
            "transfer_remark": order.remark[:_REMARK_MAX],
            "notify_url": client.settings.notify_url,
            "transfer_scene_report_infos": [
                {"info_type": kind, "info_content": content}
                for kind, content in client.settings.transfer_reports.items()
            ],
        }
        if order.payee.name and amount >= NAME_FEN_MIN:
            body["user_name"] = Sealed(order.payee.name)
        return body


def to_transfer(found: dict[str, Any], number: str) -> Transfer:
    """Return a transfer from an answer.

    Raises:
        ChannelUnknown: it is about another number, or not as documented.
    """
    read.same(found, "out_bill_no", number)
    word = read.text(found, "state")
    if word not in _STATES:
        raise ChannelUnknown("new-state", f"The state {word!r} of a transfer is not known.")
    state = _STATES[word]
    created_at_s = read.moment(found, "create_time")
    waits = state is PayoutState.WAITS_FOR_PAYEE and created_at_s is not None
    return Transfer(
        number,
        state,
        amount=read.amount(found, "transfer_amount") if "transfer_amount" in found else None,
        payee=read.maybe_text(found, "openid") or None,
        channel_number=read.text(found, "transfer_bill_no"),
        package_info=read.maybe_text(found, "package_info"),
        confirm_until_s=(created_at_s or 0) + CONFIRM_S if waits else None,
        fail_code=read.maybe_text(found, "fail_reason"),
        done_at_s=read.moment(found, "update_time") if state.is_final else None,
        channel_state=word,
    )


def to_authorization(found: dict[str, Any], number: str) -> Authorization:
    """Return a consent from an answer.

    Raises:
        ChannelUnknown: it is about another number, or not as documented.
    """
    read.same(found, "out_authorization_no", number)
    word = read.text(found, "state")
    if word not in _CONSENT_STATES:
        raise ChannelUnknown("new-state", f"The state {word!r} of a consent is not known.")
    return Authorization(
        number,
        _CONSENT_STATES[word],
        id=read.maybe_text(found, "authorization_id"),
        payee=read.maybe_text(found, "openid") or None,
        package_info=read.maybe_text(found, "package_info"),
        channel_state=word,
    )
