"""Alerts: one a subject while it lasts."""

from __future__ import annotations

import pytest

from central.errors import NotFound
from central.foundation.jobs.alerts import alerts, look_after, tell_all
from tests.builders import NOW_S
from tests.central.builders import Database


def open_now() -> dict[str, str]:
    return {alert.subject: alert.said for alert in alerts()}


def test_what_is_so_now_is_told_and_the_rest_is_over(hub_database: Database) -> None:
    tell_all("proof", {"stock": "1.00 apart", "wallets": "2.00 apart"}, NOW_S)
    tell_all("other", {"stock": "of another kind"}, NOW_S)
    tell_all("proof", {"stock": "3.00 apart"}, NOW_S + 60)
    found = [(a.kind, a.subject, a.said, a.opened_at_s, a.told_at_s) for a in alerts()]
    assert found == [
        ("other", "stock", "of another kind", NOW_S, NOW_S),
        ("proof", "stock", "3.00 apart", NOW_S, NOW_S + 60),
    ]


def test_what_comes_back_is_a_new_alert(hub_database: Database) -> None:
    for found in ({"stock": "apart"}, {}, {"stock": "apart"}):
        tell_all("proof", found, NOW_S)
    assert open_now() == {"stock": "apart"}
    assert len(alerts(all_of_them=True)) == 2


def test_one_person_looks_after_it(hub_database: Database) -> None:
    tell_all("proof", {"stock": "apart"}, NOW_S)
    [alert] = alerts()
    look_after(alert.id, "alice", NOW_S)
    assert alerts()[0].seen_by == "alice"
    for number in (alert.id, 999):
        with pytest.raises(NotFound):
            look_after(number, "bob", NOW_S)
