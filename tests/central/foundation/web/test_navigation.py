"""The way to every page of headquarters leads somewhere."""

from __future__ import annotations

from central.foundation.web.navigation import NAVIGATION
from tests.central.builders import Database, an_app


def test_everything_that_can_be_navigated_to_is_there(sqlite_database: Database) -> None:
    endpoints = {rule.endpoint for rule in an_app(sqlite_database).url_map.iter_rules()}
    assert {endpoint for endpoint, _, _ in NAVIGATION} <= endpoints
