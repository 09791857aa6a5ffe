"""``tearoff-hub policy`` shows and sets what a group's units may accept."""

from __future__ import annotations

import json
from pathlib import Path

from click.testing import CliRunner, Result

from central.cli import main
from central.foundation.db.engine import HUB
from central.stores.units import steer
from edge.contract.policy import Mode
from edge.contract.refusal import Refusal
from tests import builders as b
from tests.central.builders import CURRENCY, Database, an_app, close_hub


def run(directory: Path, *words: str) -> Result:
    settings = ["--set", f"data_dir={directory}", "--set", f"issuer={b.ISSUER}"]
    return CliRunner().invoke(main, [*settings, "policy", *words])


def test_a_policy_is_shown_and_set_and_units_have_it(tmp_path: Path) -> None:
    an_app(Database("", tmp_path / "hub.db"))
    close_hub()
    group = str(b.GROUP)
    set_ = run(tmp_path, "set", group, "overrides", '{"over-floor-limit": 100000}')
    assert set_.exit_code == 0, set_.output
    assert run(tmp_path, "set", group, "modes", '["ONLINE", "GRANT"]').exit_code == 0
    shown = json.loads(run(tmp_path, "show", group).output)
    assert shown["overrides"] == {"over-floor-limit": 100000}
    assert shown["modes"] == ["GRANT", "ONLINE"]
    listed = run(tmp_path, "versions", group).output.split("\n")
    assert [line.split()[2] for line in listed if line] == ["cli", "cli", "-"]
    first = listed[1].split()[0]
    assert run(tmp_path, "back", group, first).exit_code == 0
    assert json.loads(run(tmp_path, "show", group).output)["modes"] == sorted(m.name for m in Mode)
    assert run(tmp_path, "set", group, "modes", '["ONLINE", "GRANT"]').exit_code == 0
    HUB.connect(reuse_if_open=True)
    policy = steer.policy_of(b.GROUP, CURRENCY, b.NOW_S)
    assert policy.modes == {Mode.ONLINE, Mode.GRANT}
    assert policy.may_overrule(Refusal.OVER_FLOOR_LIMIT, 100_000)
    assert not policy.may_overrule(Refusal.OVER_FLOOR_LIMIT, 100_001)


def test_a_group_that_there_is_not_has_no_versions(tmp_path: Path) -> None:
    an_app(Database("", tmp_path / "hub.db"))
    close_hub()
    told = run(tmp_path, "versions", "65000")
    assert (told.exit_code, "There is no such store group." in told.output) == (1, True)


def test_what_no_unit_could_read_is_refused_in_a_sentence(tmp_path: Path) -> None:
    an_app(Database("", tmp_path / "hub.db"))
    close_hub()
    group = str(b.GROUP)
    for member, value, said in (
        ("modes", "nonsense", "is not JSON"),
        ("modes", '["BY-PIGEON"]', "No unit could read this policy."),
        ("overrides", '{"forged": 1}', "No unit could read this policy."),
        ("colour", "1", "A policy has no colour."),
        ("modes", "[]", "Choose at least one guarantee"),
    ):
        told = run(tmp_path, "set", group, member, value)
        assert told.exit_code == 1
        assert said in told.output
