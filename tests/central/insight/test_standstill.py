"""What waits too long for somebody is an alert, until he has done it."""

from __future__ import annotations

from central.foundation.db.engine import rows
from central.foundation.jobs.alerts import alerts
from central.insight.standstill import DAY_S, OPEN_DAYS, UNPROVEN_DAYS, tell_all
from central.money.closing.close import close_due
from central.money.closing.waivers import waive
from central.money.payouts.model import Limits
from central.money.payouts.release import release, set_limits
from central.money.settlement.statements.answer import dispute, settle_dispute
from central.stores.redemptions.conflict import CaseOutcome, Decision, close
from tests import builders as b
from tests.central.builders import TODAY, Database, a_voucher, enrolled, furnish
from tests.central.money.payouts.builders import an_agent, ask_for
from tests.central.money.reconciliation.bills import BY, WEB, Channel, pay, take_both
from tests.central.money.settlement.builders import at, day_of, issue

NO = f"{b.STORE}-{TODAY}"


def told(at_s: int, days: int = 0) -> dict[str, dict[str, str]]:
    """Return the alerts by kind and subject, so many days after the day of the redemptions."""
    tell_all(at_s, day_of(days), [WEB])
    found: dict[str, dict[str, str]] = {}
    for alert in alerts():
        found.setdefault(alert.kind, {})[alert.subject] = alert.said
    return found


def test_a_case_that_nobody_decides_is_an_alert(hub_database: Database) -> None:
    furnish()
    claims = a_voucher()
    for n, till in enumerate((enrolled("one"), enrolled("two"))):
        till.accept(claims, at_s=b.NOW_S + n)
        till.deliver()
    [(case, until_s)] = rows("SELECT id, decide_until_s FROM conflict_case")
    assert "conflict-late" not in told(until_s)
    assert told(until_s + DAY_S + 1)["conflict-late"] == {
        str(case): f"{b.STORE}: to be decided 1 days ago"
    }
    close(case, Decision(CaseOutcome.PLATFORM, "li", "so"), until_s + DAY_S + 2)
    assert "conflict-late" not in told(until_s + DAY_S + 3)


def test_a_payout_that_nobody_releases_or_sends_is_an_alert(hub_database: Database) -> None:
    an_agent()
    set_limits(Limits(two_person_above=5000), b.NOW_S, "boss")
    waiting, ready = ask_for(8800, key="april"), ask_for(100, "2110.A7", key="may")
    assert "payout-stands" not in told(b.NOW_S + DAY_S)
    assert told(b.NOW_S + DAY_S + 1)["payout-stands"] == {
        waiting.no: "waits for a second person, for more than a day",
        ready.no: "waits for a second person, for more than a day",
    }
    release(waiting.no, b.NOW_S, "wang")
    assert told(b.NOW_S + DAY_S + 1)["payout-stands"][waiting.no] == (
        "waits unsent for more than a day"
    )


def test_a_statement_is_an_alert_while_a_line_is_disputed(hub_database: Database) -> None:
    furnish()
    till = enrolled()
    till.accept(a_voucher())
    till.deliver()
    issue()
    at_s = at(day_of(1), 11)
    assert "statement-disputed" not in told(at_s)
    dispute(NO, [1], "not ours", "wang", at_s)
    assert told(at_s)["statement-disputed"] == {NO: "1 lines are disputed, the oldest for 0 days"}
    settle_dispute(NO, 1, "theirs after all", "li", at_s)
    assert "statement-disputed" not in told(at_s)


def test_an_old_entry_and_an_open_day_are_alerts_by_age(hub_database: Database) -> None:
    take_both(Channel())
    pay("P1", "88.00")
    assert told(BY.at_s, OPEN_DAYS) == {}
    found = told(BY.at_s, OPEN_DAYS + 1)
    assert found == {"day-open": {str(TODAY): "it could be closed"}}
    pay("P2", "1.00", day_of(1))
    close_due(BY._replace(day=day_of(1)), [WEB])
    found = told(BY.at_s, OPEN_DAYS + 2)
    assert found == {"day-open": {str(day_of(1)): "web: its bill of payments was not taken"}}
    found = told(BY.at_s, UNPROVEN_DAYS + 1)
    assert found["entry-unproven"] == {
        "1010.web": f"1 entries are in no bill, the oldest of {TODAY}"
    }
    for n in range(1, UNPROVEN_DAYS + 1):
        waive(WEB, day_of(n), "it is gone", BY._replace(day=day_of(UNPROVEN_DAYS + 1)))
    close_due(BY._replace(day=day_of(UNPROVEN_DAYS + 1)), [WEB])
    assert "day-open" not in told(BY.at_s, UNPROVEN_DAYS + 1)
