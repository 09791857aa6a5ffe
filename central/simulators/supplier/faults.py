"""What goes wrong next: faults that were asked for, or a swarm of them drawn from a seed."""

from __future__ import annotations

from dataclasses import dataclass

from central.simulators.parts.faults import FaultList

ANSWER_FAULTS = {
    "error-before": "5xx，未执行 · 5xx, nothing was done",
    "error-after": "5xx，已下单 · 5xx, but it was bought",
    "lost-before": "连接重置，未执行 · reset, nothing was done",
    "lost-after": "连接重置，已下单 · reset, but it was bought",
    "hang": "超时，已下单 · no answer in time, it was bought",
    "garbage": "应答乱码，已下单 · an answer that is no JSON, it was bought",
    "new-code": "未知错误码 · a code that nobody knows",
}
ORDER_FAULTS = {
    "no-stock": "无货 · sold out",
    "price-jump": "涨价 · the price has risen by half",
    "late": "延迟入账 · nobody sees the order for a while, and no answer comes",
    "slow-keys": "慢发卡 · the keys take their time",
    "fails": "充值失败退款 · taken, not delivered, given back",
    "wrong-count": "数量不符 · one key too few, or too many",
    "error-text": "错误文字当卡密 · an apology in the place of a key",
    "empty-key": "空卡密 · an empty key",
    "same-key": "重复卡密 · a key that was sold before",
    "other-number": "他单应答 · an answer about another order",
}
CALLBACK_FAULTS = {
    "callback-lost": "回调丢失 · never sent",
    "callback-duplicate": "重复回调 · sent twice",
    "callback-forged": "伪造回调 · signed by a stranger",
    "callback-wrong-binding": "串单回调 · names another order's number",
    "callback-other-account": "串号回调 · sent to another account's address",
}
STATEMENT_FAULTS = {
    "statement-cut": "对账单截断 · the last line of a statement is missing",
    "statement-sum": "对账单合计错 · a statement says another sum, or count, than its lines make",
    "statement-late": "对账单未出 · a statement is not there yet",
    "statement-extra": "对账单多一行 · a statement has an order that we never placed",
}
ALL = {**ANSWER_FAULTS, **ORDER_FAULTS, **CALLBACK_FAULTS, **STATEMENT_FAULTS}

SWARM = (
    "error-before", "error-after", "lost-before", "lost-after", "hang", "garbage", "no-stock",
    "price-jump", "late", "slow-keys", "fails", "wrong-count", "error-text", "empty-key",
    "callback-lost", "callback-duplicate", "callback-forged", "callback-wrong-binding",
)  # fmt: skip
"""What a swarm is made of."""


@dataclass
class Fault:
    """One fault that is to happen: at which shop, for which reference, how often yet."""

    kind: str
    shop: str = ""
    ref: str = ""
    times: int = 1


class Faults(FaultList[Fault]):
    """All that are to happen."""

    def __init__(self) -> None:
        super().__init__(ALL, SWARM)

    def take(self, shop: str, ref: str, *kinds: dict[str, str]) -> str:
        """Return the kind of the fault that happens now, of these kinds; empty for none."""
        known = {name for group in kinds for name in group}
        return self.take_one(
            known, lambda fault: fault.shop in {"", shop} and fault.ref in {"", ref}
        )
