"""What goes wrong next: faults that were asked for, one request each, or a swarm of them.

A swarm is drawn from its seed and the number of the request, so that a run can be had again.
"""

from __future__ import annotations

import hashlib
import threading
from dataclasses import dataclass

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
ALL = {
    **ANSWER_FAULTS, **BILL_FAULTS, **FILE_FAULTS, **CALLBACK_FAULTS, **TRANSFER_FAULTS,
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


class Faults:
    """All that are to happen."""

    def __init__(self) -> None:
        self._waiting: list[Fault] = []
        self._swarm = (0, 0)
        self._drawn = 0
        self._lock = threading.Lock()

    def add(self, fault: Fault) -> None:
        """Let it happen.

        Raises:
            ValueError: there is no such fault, or it would never end.
        """
        if fault.kind not in ALL or not 0 < fault.times <= 10_000:
            raise ValueError(f"there is no fault {fault.kind}, or not so often")
        with self._lock:
            self._waiting.append(fault)

    def clear(self) -> None:
        """Let nothing go wrong any more."""
        with self._lock:
            self._waiting.clear()
            self._swarm = (0, 0)

    def swarm(self, seed: int, per_mille: int) -> None:
        """Let so many of a thousand requests go wrong."""
        if not 0 <= per_mille <= 1000:
            raise ValueError("per_mille is 0 to 1000")
        with self._lock:
            self._swarm = (seed, per_mille)
            self._drawn = 0

    def waiting(self) -> list[Fault]:
        """Return what is to happen yet."""
        with self._lock:
            return [Fault(f.kind, f.operation, f.number, f.times) for f in self._waiting]

    @property
    def swarm_now(self) -> tuple[int, int]:
        """Seed and per mille of the swarm."""
        return self._swarm

    def take(self, operation: str, number: str, kinds: dict[str, str]) -> str:
        """Return the kind of the fault that happens now, and count it; empty for none."""
        with self._lock:
            for fault in self._waiting:
                fits = operation.startswith(fault.operation) and fault.number in {"", number}
                if fits and fault.kind in kinds:
                    fault.times -= 1
                    if not fault.times:
                        self._waiting.remove(fault)
                    return fault.kind
            return self._drawn_from_swarm() if kinds is ANSWER_FAULTS else ""

    def _drawn_from_swarm(self) -> str:
        seed, per_mille = self._swarm
        if not per_mille:
            return ""
        self._drawn += 1
        digest = hashlib.sha256(f"{seed}/{self._drawn}".encode()).digest()
        if int.from_bytes(digest[:4]) % 1000 >= per_mille:
            return ""
        return SWARM[digest[4] % len(SWARM)]
