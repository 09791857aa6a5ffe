"""A journal before it is written."""

from __future__ import annotations

import hashlib
from itertools import permutations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from central.money.ledger.posting import Leg, Posting, check, credit, debit, mirrored
from edge.contract.money import MINOR_MAX

legs = st.lists(
    st.builds(Leg, st.sampled_from(["1010.a", "2010", "2310.S1"]), st.sampled_from([1, -1]),
              st.integers(1, MINOR_MAX)),
    min_size=1, max_size=6,
).map(tuple)  # fmt: skip


def a_posting(*posted: Leg, **bent: Any) -> Posting:
    values: dict[str, Any] = {
        "idem": "oc:1",
        "kind": "test",
        "ref": "order 1",
        "currency": "CNY",
        "legs": posted or (debit("1010.a", 100), credit("2010", 100)),
        "effective": 20260411,
        "actor": "test",
    }
    return Posting(**{**values, **bent})


def test_what_balances_is_good() -> None:
    check(a_posting())
    check(a_posting(debit("1010.a", 3), credit("2010", 1), credit("2020.7", 2)))


@pytest.mark.parametrize(
    ("bent", "why"),
    [
        ((debit("1010.a", 100), credit("2010", 99)), "differ"),
        ((debit("1010.a", 100), debit("2010", 100)), "differ"),
        ((debit("1010.a", 100),), "two legs"),
        ((debit("1010.a", 0), credit("2010", 0)), "positive"),
        ((debit("1010.a", -1), credit("2010", -1)), "positive"),
        ((debit("1010.a", MINOR_MAX + 1), credit("2010", MINOR_MAX + 1)), "positive"),
        ((Leg("1010.a", 2, 50), Leg("2010", -2, 50)), "debit or credit"),
    ],
)
def test_what_cannot_be_posted_is_told(bent: tuple[Leg, ...], why: str) -> None:
    with pytest.raises(ValueError, match=why):
        check(a_posting(*bent))


@pytest.mark.parametrize("day", [20260431, 20261301, 20260400, 19991231, 0, -1])
def test_a_day_that_is_in_no_calendar_is_told(day: int) -> None:
    with pytest.raises(ValueError, match="there is no day"):
        check(a_posting(effective=day))


def test_a_total_that_does_not_fit_is_told() -> None:
    """Each leg does, and SQLite would have added them up to a fraction."""
    with pytest.raises(ValueError, match="64 bits"):
        check(a_posting(
            debit("1010.a", MINOR_MAX), debit("1010.b", MINOR_MAX),
            credit("2010", MINOR_MAX), credit("2020.7", MINOR_MAX),
        ))  # fmt: skip


@given(legs)
def test_a_mirror_undoes_every_leg(some: tuple[Leg, ...]) -> None:
    total: dict[str, int] = {}
    for leg in some + mirrored(some):
        total[leg.account] = total.get(leg.account, 0) + leg.side * leg.minor
    assert set(total.values()) == {0}
    assert mirrored(mirrored(some)) == some


def test_the_order_of_legs_is_no_difference() -> None:
    some = (debit("1010.a", 3), credit("2010", 1), credit("2020.7", 2))
    assert len({a_posting(*order).fingerprint() for order in permutations(some)}) == 1


@pytest.mark.parametrize(
    "bent",
    [
        {"kind": "other"}, {"ref": "order 2"}, {"currency": "USD"}, {"effective": 20260412},
        {"legs": (debit("1010.a", 101), credit("2010", 101))},
        {"legs": (debit("1010.b", 100), credit("2010", 100))},
        {"legs": (credit("1010.a", 100), debit("2010", 100))},
    ],
    ids=str,
)  # fmt: skip
def test_another_request_has_another_fingerprint(bent: dict[str, Any]) -> None:
    assert a_posting(**bent).fingerprint() != a_posting().fingerprint()


def test_a_fingerprint_never_changes() -> None:
    """It stands in every journal; another way to make it would refuse what is told again."""
    text = '["test", "order 1", "CNY", [["1010.a", 1, 100], ["2010", -1, 100]], 20260411]'
    assert a_posting().fingerprint() == hashlib.sha256(text.encode()).digest()
    held = text[:-1] + ', "pending"]'
    assert a_posting().fingerprint("pending") == hashlib.sha256(held.encode()).digest()


def test_who_asks_is_no_difference() -> None:
    """A repetition after a crash may come from another process, and is the same event."""
    assert a_posting(actor="another").fingerprint() == a_posting().fingerprint()
