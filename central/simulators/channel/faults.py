"""What goes wrong next: faults that were asked for, one request each, or a swarm of them.

A swarm is drawn from its seed and the number of the request, so that a run can be had again.
"""

from __future__ import annotations

from dataclasses import dataclass

from central.simulators.parts.faults import FaultList

ANSWER_FAULTS = {
    "error-before": "5xx，未执行 · 5xx, nothing was done",
    "error-after": "5xx，已执行 · 5xx, but it was done",
    "lost-before": "连接重置，未执行 · reset, nothing was done",
    "lost-after": "连接重置，已执行 · reset, but it was done",
    "slow": "应答超时，已执行 · no answer in time, it was done",
    "wrong-signature": "应答签名错误 · the answer's signature is wrong",
    "no-signature": "应答无签名 · the answer is not signed",
    "unknown-serial": "未知序列号 · signed with a key that nobody knows",
    "stale": "应答时间戳过期 · the answer is ten minutes old",
    "garbage": "应答乱码 · a signed answer that is not JSON",
    "new-code": "未知错误码 · a refusal with a new code",
    "other-number": "他单应答 · an answer about another number",
    "brace": "字符串含 } · a } within a text",
}
BILL_FAULTS = {
    "bill-cut": "账单截断 · the bill is cut off",
    "bill-wrong-sum": "账单合计错误 · the sums are not those of the rows",
    "bill-wrong-hash": "账单摘要错误 · the hash is another one",
    "bill-broken-chain": "余额不连续 · a balance does not follow",
}
FILE_FAULTS = {"bill-lost": "账单下载中断 · the connection is reset while it is fetched"}
CALLBACK_FAULTS = {
    "callback-forged": "伪造回调 · signed by a stranger",
    "callback-stale": "过期回调 · ten minutes old",
    "callback-probe": "签名探测 · a probe of the signature",
    "callback-unknown-serial": "未知序列号回调 · a serial that nobody knows",
    "callback-duplicate": "重复回调 · sent twice",
    "callback-other-merchant": "他商户回调 · for another merchant",
    "callback-wrong-amount": "金额不符 · says another amount",
    "callback-text-amount": "金额为文本 · the amount is a text",
    "callback-lost": "回调丢失 · never sent",
}
TRANSFER_FAULTS = {
    "expired": "确认已过期 · the payee's day is over at once",
    "close-late": "关单延迟 · is not closed when the day is over",
}
BANK_FAULTS = {
    "bank-refused": "户名不符 · a line is refused",
    "bank-processing": "处理中 · a line has no end yet",
    "bank-returned": "退票 · a line that was paid comes back",
    "bank-sorted": "账号列错位 · a column was sorted alone",
    "bank-other-amount": "金额不符 · a line with another amount",
    "bank-twice": "重复行 · a line stands there twice",
    "bank-missing": "缺行 · a line is missing",
    "bank-cut": "文件截断 · the table is cut off",
    "bank-new-state": "未知状态 · a state that nobody knows",
}
ALL = {
    **ANSWER_FAULTS, **BILL_FAULTS, **FILE_FAULTS, **CALLBACK_FAULTS, **TRANSFER_FAULTS,
    **BANK_FAULTS,
}  # fmt: skip

SWARM = (
    "error-before", "error-after", "lost-before", "lost-after", "wrong-signature", "garbage",
    "stale", "no-signature",
)  # fmt: skip
"""What a swarm is made of: what happens on a bad day."""


@dataclass
class Fault:
    """One fault that is to happen: for which operation, about which number, how often yet."""

    kind: str
    operation: str = ""
    number: str = ""
    times: int = 1


class Faults(FaultList[Fault]):
    """All that are to happen."""

    def __init__(self) -> None:
        super().__init__(ALL, SWARM)

    def take(self, operation: str, number: str, kinds: dict[str, str]) -> str:
        """Return the kind of the fault that happens now, and count it; empty for none."""

        def fits(fault: Fault) -> bool:
            return operation.startswith(fault.operation) and fault.number in {"", number}

        return self.take_one(kinds, fits, draws=kinds is ANSWER_FAULTS)
