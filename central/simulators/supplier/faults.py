"""What goes wrong next: faults that were asked for, or a swarm of them drawn from a seed."""

from __future__ import annotations

import hashlib
import threading
from dataclasses import dataclass

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
ALL = {**ANSWER_FAULTS, **ORDER_FAULTS, **CALLBACK_FAULTS}

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
            self._swarm, self._drawn = (seed, per_mille), 0

    def waiting(self) -> list[Fault]:
        """Return what is to happen yet."""
        with self._lock:
            return [Fault(**vars(fault)) for fault in self._waiting]

    @property
    def swarm_now(self) -> tuple[int, int]:
        """Seed and per mille of the swarm."""
        return self._swarm

    def take(self, shop: str, ref: str, *kinds: dict[str, str]) -> str:
        """Return the kind of the fault that happens now, of these kinds; empty for none."""
        known = {name for group in kinds for name in group}
        with self._lock:
            for fault in self._waiting:
                fits = fault.shop in {"", shop} and fault.ref in {"", ref}
                if fits and fault.kind in known:
                    fault.times -= 1
                    if not fault.times:
                        self._waiting.remove(fault)
                    return fault.kind
            drawn = self._drawn_from_swarm()
            return drawn if drawn in known else ""

    def _drawn_from_swarm(self) -> str:
        seed, per_mille = self._swarm
        if not per_mille:
            return ""
        self._drawn += 1
        digest = hashlib.sha256(f"{seed}/{self._drawn}".encode()).digest()
        if int.from_bytes(digest[:4]) % 1000 >= per_mille:
            return ""
        return SWARM[digest[4] % len(SWARM)]
