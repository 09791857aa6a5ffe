"""Pictures of items: from the file that somebody sends to what a browser keeps for a year."""

from __future__ import annotations

import io
from typing import Any

import pytest
from PIL import Image

from central.foundation.db.engine import rows
from central.foundation.pictures import BODY_BYTES_MAX
from central.supply.catalogue import pictures
from tests import builders as b
from tests.central.builders import Database, an_app, as_person, csrf_token, in_parts
from tests.central.foundation.pictures import a_picture, written
from tests.central.money.sharing.test_api import Caller
from tests.central.supply.catalogue.builders import fill_shelf

ALT = {"zh-CN": "点卡正面", "en": "Front of the card"}
PAGE = "/catalogue/items/key"


@pytest.fixture
def app(hub_database: Database) -> Any:
    built = an_app(hub_database)
    fill_shelf()
    return built


@pytest.fixture
def quick(sqlite_database: Database) -> Any:
    built = an_app(sqlite_database)
    fill_shelf()
    return built


def add(size: int, item: str = "key") -> pictures.ItemPicture:
    data = a_picture(size=(size, 300))
    return pictures.add(item, data, ALT, by="amy", at_s=b.NOW_S)


def kept() -> int:
    [(count,)] = rows("SELECT count(*) FROM picture")
    return int(count)


def sent(client: Any, data: bytes, name: str = "a.png", **fields: str) -> Any:
    form = {"csrf_token": csrf_token(client, PAGE), **fields}
    body, kind = in_parts(form, "picture", name, data)
    return client.post(f"{PAGE}/pictures", data=body, content_type=kind)


def test_pictures_are_put_in_order_and_what_nobody_shows_is_gone(app: Any) -> None:
    first, second, third = add(600), add(610), add(620)
    assert kept() == 6
    assert add(610) == second
    assert add(610, "lunch").hash == second.hash
    assert kept() == 6
    pictures.revise("key", third.hash, place=0)
    pictures.revise("key", first.hash, place=99)
    assert [one.hash for one in pictures.of_item("key")] == [third.hash, second.hash, first.hash]
    assert pictures.of_items().keys() == {"key", "lunch"}
    pictures.remove("key", second.hash)
    assert kept() == 6, "the lunch shows it too"
    pictures.remove("lunch", second.hash)
    pictures.remove("key", first.hash)
    assert kept() == 2
    rest = add(10)  # so small that its small one is itself
    assert (rest.hash, kept()) == (rest.small, 3)
    assert [one.hash for one in pictures.of_item("key")] == [third.hash, rest.hash]
    pictures.remove("key", rest.hash)
    assert kept() == 2


def test_a_picture_goes_from_the_form_to_the_page(app: Any) -> None:
    client = as_person(app)
    assert "It has no picture yet." in client.get(PAGE).text
    data = a_picture("JPEG", (900, 600))
    assert sent(client, data, alt_zh=ALT["zh-CN"], alt_en=ALT["en"]).status_code == 302
    [made] = pictures.of_item("key")
    assert (made.alt, made.width) == (ALT, 900)
    assert f'/pictures/{made.small}.webp" alt="Front of the card"' in client.get(PAGE).text
    sent(client, a_picture(size=(50, 50)))
    change = f"{PAGE}/pictures/{pictures.of_item('key')[1].hash}"
    token = {"csrf_token": csrf_token(client, PAGE)}
    client.post(f"{change}/describe", data={**token, "alt_zh": "背面", "alt_en": "Back"})
    client.post(f"{change}/first", data=token)
    assert [one.alt["en"] for one in pictures.of_item("key")] == ["Back", "Front of the card"]
    client.post(f"{change}/describe", data={**token, "alt_en": "Back", "place": "2"})
    assert [one.alt["en"] for one in pictures.of_item("key")] == ["Front of the card", "Back"]
    client.post(f"{change}/remove", data=token)
    assert "There is no such picture." in client.post(
        f"{change}/remove", data=token, follow_redirects=True
    ).text  # fmt: skip
    assert len(pictures.of_item("key")) == 1


def test_what_is_no_picture_is_told_and_what_was_typed_stays(quick: Any) -> None:
    client = as_person(quick)
    answer = sent(client, b"<svg onload=alert(1)>", "a.svg", alt_en="my own words")
    assert answer.status_code == 422
    assert "This is no picture that can be read" in answer.text
    assert 'value="my own words"' in answer.text
    assert "Choose a picture first." in sent(client, b"", "").text
    long = sent(client, a_picture(), alt_en="x" * 201)
    assert (long.status_code, "200 printable" in long.text) == (400, True)
    for number in range(pictures.PICTURES_MAX):
        add(100 + number)
    assert sent(client, a_picture()).status_code == 409
    assert "Add a picture" not in client.get(PAGE).text
    assert kept() == pictures.PICTURES_MAX


def test_only_where_pictures_are_sent_a_body_may_be_large(quick: Any) -> None:
    client = as_person(quick)
    noise = written(Image.effect_noise((1300, 1300), 200), "PNG")
    assert len(noise) > 1 << 20
    assert sent(client, noise).status_code == 302
    for address, limit in ((f"{PAGE}/pictures", BODY_BYTES_MAX), (PAGE, 1 << 20)):
        refused: Any = client.post(address, data=bytes(limit + 1))
        assert (refused.status_code, refused.json["type"]) == (413, "/problems/request-too-large")
        assert refused.json["limit_bytes"] == limit
        assert f"At most {limit >> 20} MiB" in refused.json["detail"]
        page = client.post(address, data=bytes(limit + 1), headers={"Accept": "text/html"})
        assert f"At most {limit >> 20} MiB" in page.text


def test_a_picture_is_kept_by_every_cache_and_does_nothing_by_itself(quick: Any) -> None:
    made = add(600)
    client = quick.test_client()
    path = f"/pictures/{made.hash}.webp"
    shown = client.get(path)
    assert Image.open(io.BytesIO(shown.data)).size == (600, 300)
    headers = shown.headers
    assert headers["Content-Type"] == "image/webp"
    assert headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Content-Security-Policy"].strip() == "default-src 'none'; sandbox"
    assert "Set-Cookie" not in headers
    assert client.get(path, headers={"If-None-Match": headers["ETag"]}).status_code == 304
    pictures.remove("key", made.hash)
    for gone in (path, "/pictures/x.webp", f"/pictures/{'0' * 64}.webp"):
        lost = client.get(gone)
        assert (lost.status_code, lost.headers["Cache-Control"]) == (404, "no-store")


def test_who_may_not_change_the_catalogue_changes_no_picture(quick: Any) -> None:
    made = add(20)
    viewer = as_person(quick, "viewer")
    token = {"csrf_token": csrf_token(viewer, "/account")}
    assert viewer.post(f"{PAGE}/pictures", data=token).status_code == 403
    assert viewer.post(f"{PAGE}/pictures/{made.hash}/remove", data=token).status_code == 403
    program = Caller(quick, "viewer")
    program.post("/v1/catalogue/items/key/pictures", 403)
    assert len(pictures.of_item("key")) == 1


def test_a_program_sends_orders_describes_and_removes_pictures(app: Any) -> None:
    caller = Caller(app)
    path = "/v1/catalogue/items/key/pictures"

    def send(data: bytes, kind: str = "image/png", status: int = 200, query: str = "") -> Any:
        answer = caller.app.test_client().post(
            path + query, data=data, headers={**caller._headers, "Content-Type": kind}
        )
        assert answer.status_code == status, answer.text
        return answer.json

    made = send(a_picture(size=(900, 600)), query="?alt_zh=正面&alt_en=Front")
    assert (made["width"], made["height"], made["alt"]) == (900, 600, {"zh": "正面", "en": "Front"})
    assert caller.app.test_client().get(made["small_path"]).status_code == 200
    again = send(a_picture("WEBP", (30, 30), lossless=True), "image/webp")
    changed = caller.post(f"{path}/{again['hash']}", alt={"zh": "背", "en": "Back"}, place=0)
    assert [one["alt"]["en"] for one in changed["pictures"]] == ["Back", "Front"]
    listed = {one["id"]: one for one in caller.get("/v1/catalogue/items")["items"]}
    assert listed["key"]["pictures"] == changed["pictures"]
    assert listed["lunch"]["pictures"] == []
    assert caller.post(f"{path}/{made['hash']}/remove")["pictures"][0]["hash"] == again["hash"]
    caller.post(f"{path}/{made['hash']}", 404, place=1)
    refused = send(b"no picture", status=422)
    assert (refused["type"], refused["fault"]) == ("/problems/picture-refused", "not-a-picture")
    send(bytes(BODY_BYTES_MAX + 1), status=413)
    other = caller.app.test_client().post(
        "/v1/catalogue/items/none/pictures", data=a_picture(),
        headers={**caller._headers, "Content-Type": "image/png"},
    )  # fmt: skip
    assert other.status_code == 404
