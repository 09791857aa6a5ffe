"""A code of now, once; a recovery code, once; and not for ever."""

from __future__ import annotations

import pyotp
import pytest

from central.errors import NotFound, RequestInvalid
from central.foundation.db.engine import rows
from central.foundation.people import login, second_factor
from central.foundation.people.tables import Person
from central.foundation.seal import Seal
from tests.builders import NOW_S
from tests.central.builders import Database, at_once

SEAL = Seal(b"p" * 32)


@pytest.fixture
def wang(hub_database: Database) -> int:
    login.add_person("wang", "admin", NOW_S)
    return int(Person.get(Person.name == "wang").id)


def switched_on(person: int) -> tuple[pyotp.TOTP, list[str]]:
    """Set it up as somebody with an app does; return the app and the recovery codes."""
    app = pyotp.TOTP(second_factor.begin(person, "wang", SEAL).secret)
    codes = second_factor.confirm(person, app.at(NOW_S), SEAL, NOW_S)
    assert len(codes) == second_factor.RECOVERY_CODES
    return app, codes


def test_it_counts_once_a_code_was_shown_and_not_before(wang: int) -> None:
    begun = second_factor.begin(wang, "wang", SEAL)
    assert not second_factor.has(wang)
    assert second_factor.begun(wang, "wang", SEAL) == begun
    assert second_factor.confirm(wang, "000000", SEAL, NOW_S) == []
    assert not second_factor.has(wang)
    assert second_factor.confirm(wang, pyotp.TOTP(begun.secret).at(NOW_S), SEAL, NOW_S)
    assert second_factor.has(wang)
    assert second_factor.begun(wang, "wang", SEAL) is None


def test_one_that_counts_is_not_replaced_by_beginning_again(wang: int) -> None:
    app, _ = switched_on(wang)
    second_factor.begin(wang, "wang", SEAL)
    assert second_factor.check(wang, app.at(NOW_S + 60), SEAL, NOW_S + 60)


@pytest.mark.parametrize(
    ("shift", "is_right"), [(-60, False), (-30, True), (0, True), (30, True), (60, False)]
)
def test_a_phone_may_be_one_step_off(wang: int, shift: int, is_right: bool) -> None:
    app, _ = switched_on(wang)
    later = NOW_S + 3600
    assert second_factor.check(wang, app.at(later + shift), SEAL, later) is is_right


def test_a_code_serves_once_also_when_it_is_sent_twice_at_once(wang: int) -> None:
    app, _ = switched_on(wang)
    later = NOW_S + 3600
    code = app.at(later)
    found = at_once(4, lambda _: second_factor.check(wang, code, SEAL, later))
    assert sorted(map(str, found)) == ["False"] * 3 + ["True"]
    assert not second_factor.check(wang, app.at(later - 30), SEAL, later), "nor an older one"


def test_the_code_that_confirmed_does_not_log_in_as_well(wang: int) -> None:
    app, _ = switched_on(wang)
    assert not second_factor.check(wang, app.at(NOW_S), SEAL, NOW_S)


def test_a_recovery_code_lets_in_once_however_it_is_typed(wang: int) -> None:
    _, codes = switched_on(wang)
    assert second_factor.check(wang, f" {codes[0].upper()} ", SEAL, NOW_S)
    assert not second_factor.check(wang, codes[0], SEAL, NOW_S)
    assert second_factor.check(wang, codes[1].replace("-", ""), SEAL, NOW_S)
    assert second_factor.recovery_codes_left(wang) == second_factor.RECOVERY_CODES - 2


def test_somebody_elses_recovery_code_is_none(wang: int) -> None:
    _, codes = switched_on(wang)
    login.add_person("li", "admin", NOW_S)
    li = int(Person.get(Person.name == "li").id)
    switched_on(li)
    assert not second_factor.check(li, codes[0], SEAL, NOW_S)


def test_five_wrong_ones_lock_it_for_an_hour_and_right_ones_begin_anew(wang: int) -> None:
    app, _ = switched_on(wang)
    later = NOW_S + 3600
    for _ in range(4):
        assert not second_factor.check(wang, "000000", SEAL, later)
    assert second_factor.check(wang, app.at(later), SEAL, later)
    for _ in range(5):
        assert not second_factor.check(wang, "000000", SEAL, later + 60)
    assert not second_factor.check(wang, app.at(later + 60), SEAL, later + 60)
    opens = later + 60 + second_factor.LOCKED_S
    assert second_factor.check(wang, app.at(opens), SEAL, opens)


@pytest.mark.parametrize("code", ["", " ", "12345", "１２３４５６", "\u0661" * 6, "x" * 10_000])
def test_what_is_no_code_is_wrong_and_nothing_else(wang: int, code: str) -> None:
    switched_on(wang)
    assert not second_factor.check(wang, code, SEAL, NOW_S)


def test_without_one_the_password_proves_it_and_with_one_the_code_too(wang: int) -> None:
    password = login.new_password("wang")
    assert second_factor.proves("wang", password, "", SEAL, NOW_S)
    app, _ = switched_on(wang)
    later = NOW_S + 3600
    assert not second_factor.proves("wang", password, "", SEAL, later)
    assert not second_factor.proves("wang", "wrong", app.at(later), SEAL, later)
    assert second_factor.proves("wang", password, app.at(later), SEAL, later)


def test_neither_secret_nor_recovery_codes_can_be_read_in_the_database(wang: int) -> None:
    begun = second_factor.begin(wang, "wang", SEAL)
    codes = second_factor.confirm(wang, pyotp.TOTP(begun.secret).at(NOW_S), SEAL, NOW_S)
    kept = repr([rows(f"SELECT * FROM {t}") for t in ("second_factor", "recovery_code")])
    assert begun.secret not in kept
    assert not any(code in kept or code.replace("-", "") in kept for code in codes)
    assert begun.secret not in repr(begun)


def test_whoever_has_lost_his_phone_is_let_in_anew(wang: int) -> None:
    _, codes = switched_on(wang)
    assert second_factor.remove(wang)
    assert not second_factor.remove(wang)
    assert not second_factor.has(wang)
    assert not second_factor.check(wang, codes[0], SEAL, NOW_S)


@pytest.mark.parametrize(
    "password", ["short", "x" * 129, "a" * 20, "abababababab", "I am Wang, so what"]
)
def test_a_poor_password_is_refused(wang: int, password: str) -> None:
    with pytest.raises(RequestInvalid):
        login.change_password(login.person_named("wang"), password)


def test_nobody_of_a_name_is_said(hub_database: Database) -> None:
    with pytest.raises(NotFound, match="nobody named zhao"):
        login.new_password("zhao")
