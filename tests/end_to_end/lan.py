"""Real tills of one store, each a process of its own, behind a network that loses.

    python -m tests.end_to_end.lan [--trials N]

presents the same voucher at two tills within 300 ms, again and again, without headquarters, and
prints the table of docs/explanation/offline-limits.md. 1 if any voucher was accepted twice in a
mode that promises otherwise.
"""

from __future__ import annotations

import argparse
import random
import socket
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from edge.contract.policy import EXACT, SoloLimits
from edge.web.session import load_or_make_api_key
from tests.demo.processes import Http, free_port, wait_until
from tests.edge.peers.lossy import LossyProxy
from tests.edge.peers.store import GOOD_FOR_EVER, a_list, a_policy, a_text, furnish
from tests.end_to_end.forked import ForkedUnit

WITHIN_S = 0.3
EXACT_NAMES = {mode.name.lower() for mode in EXACT}
GENEROUS = SoloLimits(count=10**6, sum_minor=10**12, per_10_min=10**6, hours=72)
"""So that a trial ends by what the other tills say, and not because it is the hundredth."""


def free_udp_port() -> int:
    """Return a port that nobody listens at for datagrams at the moment."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class LanTill:
    """One process ``tearoff-unit run``."""

    def __init__(self, directory: Path, settings: dict[str, Any]) -> None:
        self.directory = directory
        self.port = free_port(8600)
        settings = {
            "unit.data_dir": directory, "api.port": self.port, "peers.host": "127.0.0.1",
            **settings,
        }  # fmt: skip
        args = [part for name, value in settings.items() for part in ("--set", f"{name}={value}")]
        self.process = ForkedUnit([*args, "run"], directory.parent / f"{directory.name}.log")
        key = load_or_make_api_key(directory / "api.key")
        self.api = Http(f"http://127.0.0.1:{self.port}", key)

    def redeem(self, text: str, key: str) -> dict[str, Any]:
        """Present a voucher; return what is told, the refusal too."""
        return self.api.ask("POST", "/v1/redemptions", {"scan": text}, key=key)[1]

    def peers(self) -> list[dict[str, Any]]:
        """What it says of the others."""
        found: list[dict[str, Any]] = self.api.get("/v1/status")["peers"]["units"]
        return found

    def sees_all(self) -> bool:
        return all(peer["presence"] == "live" for peer in self.peers())


@contextmanager
def a_lan(directory: Path, count: int, loss: float = 0.0) -> Iterator[list[LanTill]]:
    """So many tills without a hub that have found one another; what passes may be lost."""
    proxies: list[LossyProxy] = []
    tills: list[LanTill] = []
    try:
        ports = [free_udp_port() for _ in range(count)]
        proxies += [LossyProxy(("127.0.0.1", port), seed=port) for port in ports]
        static = " ".join(proxy.address for proxy in proxies)
        for number, port in enumerate(ports, start=1):
            policy = a_policy(solo=GENEROUS)
            furnish(directory / f"K{number}", number, a_list(count), policy, int(time.time()))
            settings = {"peers.port": port, "peers.static": static}
            tills.append(LanTill(directory / f"K{number}", settings))
        for till in tills:
            till.process.start()
        wait_until("the tills find one another", lambda: all(t.sees_all() for t in tills))
        for proxy in proxies:
            # A datagram passes two proxies on its way there and back, one each way.
            proxy.loss = loss
        yield tills
    finally:
        for till in tills:
            till.process.kill()
        for proxy in proxies:
            proxy.close()


@dataclass
class Outcome:
    """What came of some trials."""

    trials: int = 0
    double: int = 0
    at_risk: int = 0
    modes: Counter[str] = field(default_factory=Counter)
    refusals: Counter[str] = field(default_factory=Counter)
    waits_s: list[float] = field(default_factory=list)

    def wait_ms(self, share: float) -> int:
        waits = sorted(self.waits_s)
        return round(waits[min(len(waits) - 1, int(len(waits) * share))] * 1000) if waits else 0


def present_twice(tills: list[LanTill], text: str, chance: random.Random, outcome: Outcome) -> None:
    """The same voucher at two tills within 300 ms."""

    def presented(till: LanTill, delay_s: float) -> dict[str, Any]:
        time.sleep(delay_s)  # the moment is what is tried
        began_s = time.monotonic()
        told = till.redeem(text, f"{text[:60]} {till.port}")
        outcome.waits_s.append(time.monotonic() - began_s)
        return told

    with ThreadPoolExecutor(2) as pool:
        delays = (0.0, chance.uniform(0, WITHIN_S))
        both = list(pool.map(presented, chance.sample(tills, 2), delays))
    accepted = [told["mode"] for told in both if told.get("accepted")]
    outcome.trials += 1
    outcome.modes.update(accepted)
    outcome.refusals.update(told["reason"] for told in both if told.get("reason"))
    outcome.double += sum(mode in EXACT_NAMES for mode in accepted) > 1
    outcome.at_risk += len(accepted) > 1


def main() -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--trials", type=int, default=25, help="for each of 9 rows")
    trials = parser.parse_args().trials
    print("| loss | tills | trials | double, modes 1–4 | double, at risk | modes |"
          " answer p50 / p99 |")  # fmt: skip
    print("|---|---|---|---|---|---|---|")
    double = total = 0
    for loss in (0.0, 0.02, 0.2):
        for count in (2, 4, 8):
            outcome, chance = Outcome(), random.Random(count)
            with tempfile.TemporaryDirectory() as place, a_lan(Path(place), count, loss) as tills:
                for number in range(trials):
                    text = a_text(number, **GOOD_FOR_EVER)
                    present_twice(tills, text, chance, outcome)
            modes = ", ".join(f"{mode} {n}" for mode, n in sorted(outcome.modes.items()))
            print(f"| {loss:.0%} | {count} | {outcome.trials} | {outcome.double} |"
                  f" {outcome.at_risk} | {modes} | {outcome.wait_ms(0.5)} /"
                  f" {outcome.wait_ms(0.99)} ms |", flush=True)  # fmt: skip
            double += outcome.double
            total += outcome.trials
    print(f"\n{total} trials, {double} double acceptances in modes 1–4")
    return 1 if double else 0


if __name__ == "__main__":
    sys.exit(main())
