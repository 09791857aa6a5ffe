"""Programs read policies, change them, put them back and ask what a till would say."""

from __future__ import annotations

from typing import Any

from central.foundation.people import login
from tests import builders as b
from tests.central.builders import OTHER_GROUP, Database, an_app, enrolled

PAGE = f"/v1/policies/{b.GROUP}"


def test_a_program_changes_a_policy_and_puts_it_back(sqlite_database: Database) -> None:
    client = an_app(sqlite_database).test_client()
    till = enrolled()
    keys = {
        role: {"Authorization": f"Bearer {login.add_api_key(role, role, b.NOW_S)}"}
        for role in ("admin", "viewer")
    }

    def ask(method: str, path: str = PAGE, role: str = "admin", **body: Any) -> Any:
        sends = {"json": body} if method != "get" else {}
        return getattr(client, method)(path, headers=keys[role], **sends)

    first = ask("get", role="viewer").json
    assert (first["units"][0]["unit"], first["units"][0]["version"]) == (till.unit, None)
    every = ask("get", "/v1/policies").json["policies"]
    assert [one["group"] for one in every] == [b.GROUP, OTHER_GROUP]
    wanted = first["policy"] | {"modes": ["ONLINE"], "floors": {"SOLO": [5, 4, 3, 2]}}
    change = {"based_on": first["version"], "policy": wanted}
    assert ask("put", role="viewer", **change).status_code == 403
    second = ask("put", **change)
    assert second.json["policy"] == wanted
    assert second.json["changed_by"] == "key admin"
    assert ask("put", **change).status_code == 409  # it is based on what was before
    bad: list[tuple[dict[str, Any], int]] = [
        ({"modes": []}, 422), ({"modes": ["TELEPATHY"]}, 422), ({"floors": {"SOLO": [1]}}, 422),
        ({"floors": {"SOLO": [1, 2, 3, 4]}}, 400), ({"floors": {"LEASE": [4, 3, 2, 1]}}, 422),
        ({"online_timeout_ms": 1}, 422), ({"overrides": {"revoked": 1}}, 422), ({"x": 1}, 422),
    ]  # fmt: skip
    for bent, status in bad:
        told = ask("put", based_on=second.json["version"], policy=wanted | bent)
        assert told.status_code == status, bent
    restore = f"{PAGE}/versions/{first['version']}/restore"
    third = ask("post", restore, based_on=second.json["version"]).json
    assert third["policy"] == first["policy"]
    made = ask("get", f"{PAGE}/versions").json["versions"]
    assert [one["version"] for one in made] == [
        third["version"], second.json["version"], first["version"],
    ]  # fmt: skip
    assert made[0]["back_to"] == first["version"]
    missing = f"{PAGE}/versions/999999/restore"
    assert ask("post", missing, based_on=third["version"]).status_code == 404
    assert ask("get", "/v1/policies/77").status_code == 404
    case = {"worth_minor": 50_001}
    told = ask("post", f"{PAGE}/answer", role="viewer", case=case)
    assert told.json | {"title": "", "advice": ""} == {
        "accepted": False, "mode": "solo", "reason": "over-floor-limit", "way_out": "network",
        "overrulable": False, "title": "", "advice": "",
    }  # fmt: skip
    looser = first["policy"] | {"floors": {}}
    assert ask("post", f"{PAGE}/answer", case=case, policy=looser).json["accepted"]
