"""What can go wrong with the text service."""

from __future__ import annotations

from dataclasses import dataclass

from central.simulators.parts.faults import FaultList

FAULTS = {
    "error-before": "5xx，未发送 · 5xx, nothing was sent",
    "error-after": "5xx，已发送 · 5xx, but it was sent",
    "lost-before": "连接重置，未发送 · reset, nothing was sent",
    "lost-after": "连接重置，已发送 · reset, but it was sent",
    "hang": "超时，已发送 · no answer in time, it was sent",
    "garbage": "应答乱码，已发送 · an answer that is no JSON, it was sent",
    "new-code": "未知错误码 · a code that nobody knows",
    "no-money": "余额不足 · the account is empty",
    "black-list": "黑名单号码 · the number is on a black list",
}
SWARM = tuple(FAULTS)[:7]


@dataclass
class Fault:
    """One fault that is to happen: of which operation, for which number, how often yet."""

    kind: str
    action: str = ""
    phone: str = ""
    times: int = 1


class Faults(FaultList[Fault]):
    """All that are to happen."""

    def __init__(self) -> None:
        super().__init__(FAULTS, SWARM)

    def take(self, action: str, phone: str) -> str:
        """Return the kind of the fault that happens now, and count it; empty for none."""
        return self.take_one(
            FAULTS, lambda one: one.action in {"", action} and one.phone in {"", phone}
        )
