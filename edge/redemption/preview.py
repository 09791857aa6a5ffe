"""What a till would answer under a policy that nobody has signed yet:
``python -m edge.redemption.preview``.

A process of its own, because the hub, which shows the answer beside its form, may import nothing
of a unit but the contract. It reads one request from standard input and writes the answer to
standard output; it knows neither settings nor database nor network. What answers is ``decide``
and ``assurance_for``, as at the till; only who would be there to ask is made up.

A request is JSON: ``policy`` (hex of the body of a signed policy), ``locale``, and ``cases``, each
with ``kind`` (of KINDS), ``worth_minor`` (what is to be taken), ``network`` (of NETWORKS),
``staleness`` (of the status), ``silent_h`` (hours without the hub), ``accepted`` and
``accepted_minor`` (what this till has accepted alone since then), ``recent`` (of these, in the
last ten minutes), ``online_only``, ``code_required``. The answer is JSON, ``{"answers": [...]}``:
for each case ``accepted``, ``mode``, ``reason``, ``way_out``, ``overrulable``, and in the language
asked for ``title`` and ``advice``.

It ends with status 0; 2 if the request is none that it knows. What is wrong is on standard error.
"""

from __future__ import annotations

import json
import sys
from typing import Any, BinaryIO, TextIO

from edge.clock.model import Source, TrustedTime
from edge.contract import canonical
from edge.contract.bundle import LOCALES, Product
from edge.contract.ids import KeyId, ProductId, StatusIndex, StoreGroup, VoucherId
from edge.contract.money import Money
from edge.contract.policy import Mode, Policy
from edge.contract.status import Staleness, Status
from edge.contract.voucher_token import DAY_S, DAY_ZERO_S, FOR_EVER, VoucherClaims, VoucherKind
from edge.journal.knowledge import Knowledge, Risk
from edge.redemption.assure import assurance_for
from edge.redemption.decide import CodeState, Decision, Facts, Wish, decide, may_overrule
from edge.redemption.ports import Assurance, Claim
from edge.web.words import N_, REFUSALS, WAYS_OUT, translate

REQUEST_BYTES_MAX = 64 * 1024
CASES_MAX = 64
_NOW_S = DAY_ZERO_S + 100 * DAY_S
_COUNT_MAX = 10_000
KINDS = {
    "single": VoucherKind.SINGLE,
    "multi": VoucherKind.MULTI,
    "stored-value": VoucherKind.STORED_VALUE,
}
NETWORKS = {
    "online": (Mode.ONLINE,),
    "phone": (Mode.GRANT,),
    "lease": (Mode.LEASE,),
    "lan": (Mode.LAN, Mode.DEGRADED),
    "degraded": (Mode.DEGRADED,),
    "alone": (),
}
"""Who is there to stand behind an acceptance. Units that all answer may count as degraded too, if
the policy does not know them as exact."""


class NotARequest(ValueError):
    """The request is none that this program knows."""


class _There:
    """Somebody who stands behind whatever he is asked for. Implements ``ports.Guarantor``."""

    def __init__(self, modes: tuple[Mode, ...]) -> None:
        self.modes = frozenset(modes)

    def assure(self, claim: Claim, policy: Policy) -> Assurance | None:
        """Return his word, by the strongest guarantee that the policy lets him give."""
        del claim
        return Assurance(min(self.modes & policy.modes))


def answers(request: Any) -> list[dict[str, Any]]:
    """Return what a till would answer to each case; NotARequest if it is malformed."""
    try:
        policy = Policy.from_body(canonical.decode(bytes.fromhex(request["policy"])))
        locale = request["locale"]
        cases = [(_facts(case, policy), NETWORKS[case["network"]]) for case in request["cases"]]
    except (KeyError, TypeError, ValueError) as exc:
        raise NotARequest(f"{type(exc).__name__}: {exc}") from exc
    if locale not in LOCALES or len(cases) > CASES_MAX:
        raise NotARequest("another language, or too many cases")
    return [_told(*_decided(facts, modes), locale) for facts, modes in cases]


def _decided(facts: Facts, modes: tuple[Mode, ...]) -> tuple[Facts, Decision]:
    """Decide as ``Redeemer`` does: first whether it is good at all, then who stands behind it."""
    first = decide(facts)
    if not first.accepted:
        return facts, first
    claim = Claim(bytes(16), facts.claims, first.amount, first.worth_minor)
    word = assurance_for(claim, facts.policy, [_There(modes)] if modes else [])
    facts = facts._replace(mode=word.mode, hub_refusal=word.refusal)
    return facts, decide(facts)


def _facts(case: dict[str, Any], policy: Policy) -> Facts:
    kind, worth = KINDS[case["kind"]], _number(case, "worth_minor", 2**53)
    stored = kind is VoucherKind.STORED_VALUE
    product = Product(ProductId(1), {"en": "-"}, kind, 1 if stored else worth, 10)
    recent = _number(case, "recent", _COUNT_MAX)
    return Facts(
        claims=VoucherClaims(
            KeyId(1), VoucherId(1), product.product, worth if stored else 0, StoreGroup(0), 0,
            FOR_EVER, StatusIndex(0), kind, bool(case["code_required"]), bool(case["online_only"]),
        ),
        product=product,
        group=StoreGroup(1),
        currency=policy.currency,
        time=TrustedTime(_NOW_S, 1, _NOW_S - 1, _NOW_S + 1, Source.HUB),
        status=Status.VALID,
        staleness=Staleness(case["staleness"]),
        hub_age_s=_number(case, "silent_h", 24 * 366) * 3600,
        knowledge=Knowledge(),
        wish=Wish(Money(worth, policy.currency)) if stored else Wish(),
        code=CodeState.MATCHES if case["code_required"] else CodeState.ABSENT,
        code_step=None,
        used_steps_up_to=0,
        locked_until_s=None,
        policy=policy,
        risk=Risk(
            _number(case, "accepted", _COUNT_MAX), _number(case, "accepted_minor", 2**53),
            (_NOW_S,) * recent,
        ),
    )  # fmt: skip


def _number(case: dict[str, Any], name: str, most: int) -> int:
    found = case[name]
    if type(found) is not int or not 0 <= found <= most:
        raise ValueError(f"{name} is no number from 0 to {most}")
    return found


def _told(facts: Facts, decision: Decision, locale: str) -> dict[str, Any]:
    reason, way_out = decision.reason, decision.way_out
    title = REFUSALS[reason] if reason else N_("Accepted")
    return {
        "accepted": decision.accepted,
        "mode": decision.mode.name.lower() if decision.mode else None,
        "reason": str(reason) if reason else None,
        "way_out": str(way_out) if way_out else None,
        "overrulable": bool(reason) and reason is not None and may_overrule(facts, reason),
        "title": translate(locale, title),
        "advice": translate(locale, WAYS_OUT[way_out]) if way_out else "",
    }


def main(source: BinaryIO, target: TextIO) -> int:
    """Answer the one request; return the exit status."""
    try:
        found = answers(json.loads(source.read(REQUEST_BYTES_MAX)))
    except ValueError as exc:
        sys.stderr.write(f"not a request: {exc}\n")
        return 2
    json.dump({"answers": found}, target)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.stdin.buffer, sys.stdout))
