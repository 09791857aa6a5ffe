"""Receipts at the hub: changed by a form, seen as a picture, put back."""

from __future__ import annotations

import base64
import io
import re
from typing import Any

import pytest
from PIL import Image

from central.stores.units.receipt_template import set_template, template_of, versions
from edge.contract.receipt_template import ReceiptTemplate
from tests import builders as b
from tests.central.builders import Database, an_app, as_person, csrf_token

PAGE = f"/receipts/{b.GROUP}"


@pytest.fixture
def app(sqlite_database: Database) -> Any:
    return an_app(sqlite_database)


def png(width: int = 40, height: int = 30) -> bytes:
    """A black square on white."""
    picture = Image.new("L", (width, height), 255)
    picture.paste(0, (width // 4, height // 4, width // 2, height // 2))
    out = io.BytesIO()
    picture.save(out, "PNG")
    return out.getvalue()


def as_typed(template: ReceiptTemplate, **bent: Any) -> dict[str, Any]:
    """The form as a browser sends it."""
    fields: dict[str, Any] = {
        "based_on": str(template.version), "locales": ",".join(template.locales),
        "header_zh-CN": "", "header_en": "Welcome", "footer_zh-CN": "谢谢惠顾\r\n欢迎再来",
        "footer_en": "", "line": [*template.lines, ""], "link": "", "example": "single",
    }  # fmt: skip
    return fields | bent


def send(client: Any, path: str = PAGE, **bent: Any) -> Any:
    fields = as_typed(template_of(b.GROUP), csrf_token=csrf_token(client, PAGE), **bent)
    return client.post(path, data=fields, content_type="multipart/form-data")


def papers(text: str) -> list[Image.Image]:
    """The pictures of a page."""
    found = re.findall(r'src="data:image/png;base64,([^"]+)"', text)
    return [Image.open(io.BytesIO(base64.b64decode(one))) for one in found]


def told(text: str) -> str:
    """What the page says was wrong."""
    found = re.search(r'<p class="notice bad"[^>]*>([^<]*)</p>', text)
    return found[1] if found else ""


def test_the_list_leads_to_each_groups_receipt_in_both_languages(app: Any) -> None:
    for locale, word in (("en", "Receipts"), ("zh-CN", "小票")):
        client = as_person(app, locale=locale)
        listed = client.get("/receipts").text
        assert word in listed
        assert f'href="{PAGE}"' in listed
        page = client.get(PAGE)
        assert page.status_code == 200
        assert "静安店" in page.text
    assert client.get("/receipts/77").status_code == 404
    assert client.get(f"{PAGE}?version=999999").status_code == 404


def test_the_page_shows_both_papers_as_a_unit_prints_them(app: Any) -> None:
    narrow, wide = papers(as_person(app).get(PAGE).text)
    assert (narrow.width, wide.width) == (384, 576)
    assert narrow.height > wide.height > 400


def test_a_viewer_sees_the_picture_and_has_no_form(app: Any) -> None:
    text = as_person(app, "viewer").get(PAGE).text
    assert len(papers(text)) == 2
    assert 'id="receipt"' not in text
    assert "Put back" not in text


def test_what_is_saved_is_what_units_are_told(app: Any) -> None:
    client = as_person(app)
    answer = send(
        client, do="save", locales="en,zh-CN", logo=(io.BytesIO(png()), "logo.png"),
        link="https://tearoff.example/{receipt}", line=["logo", "store", "entry", "holder-code"],
    )  # fmt: skip
    assert answer.status_code == 302, told(answer.text)
    found = template_of(b.GROUP)
    assert found.locales == ("en", "zh-CN")
    assert found.header == {"en": ("Welcome",)}
    assert found.footer == {"zh-CN": ("谢谢惠顾", "欢迎再来")}
    assert found.lines == ("logo", "store", "entry", "holder-code")
    assert found.holder_link == "https://tearoff.example/{receipt}"
    assert found.logo is not None
    assert (found.logo.width_dots, found.logo.height_dots) == (40, 30)
    assert versions(b.GROUP)[0].changed_by.startswith("admin")
    assert "Saved." in client.get(PAGE).text


def test_looking_saves_nothing_and_keeps_what_was_typed(app: Any) -> None:
    client = as_person(app)
    before = template_of(b.GROUP)
    text = send(
        client, do="look", header_en="Nowhere saved", logo=(io.BytesIO(png()), "logo.png")
    ).text
    assert "Nowhere saved" in text
    assert 'name="logo_dots" value="40.30.' in text
    assert len(papers(text)) == 2
    assert template_of(b.GROUP) == before


def test_the_logo_that_the_form_carries_is_saved_with_the_rest(app: Any) -> None:
    client = as_person(app)
    dots = "16.8." + base64.b64encode(b.LOGO.bits).decode()
    assert send(client, do="save", logo_dots=dots, line=["logo", "entry"]).status_code == 302
    assert template_of(b.GROUP).logo == b.LOGO
    assert send(client, do="save", logo_dots=dots, no_logo="1", line=["entry"]).status_code == 302
    assert template_of(b.GROUP).logo is None


def test_the_picture_follows_the_form(app: Any) -> None:
    client = as_person(app)
    plain = papers(send(client, f"{PAGE}/picture").text)
    longer = papers(send(client, f"{PAGE}/picture", header_en="one\ntwo\nthree\nfour").text)
    copied = papers(send(client, f"{PAGE}/picture", copy="1").text)
    assert longer[0].height > plain[0].height < copied[0].height
    assert len({plain[0].tobytes(), longer[0].tobytes(), copied[0].tobytes()}) == 3


def test_lines_change_places_without_a_script(app: Any) -> None:
    client = as_person(app)
    lines = ["store", "time", "entry"]

    def shown(do: str) -> list[str]:
        text = send(client, do=do, line=lines).text
        return re.findall(r'<option value="([a-z-]+)" selected', text.partition("<ol")[2])[:-1]

    assert shown("up:1") == ["time", "store", "entry"]
    assert shown("down:1") == ["store", "entry", "time"]
    assert shown("out:0") == ["time", "entry"]
    for nowhere in ("up:0", "down:2", "out:3", "up:x", "up:-1", "up", "jump:1", "up:²"):
        assert shown(nowhere) == lines, nowhere


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"locales": "fr"}, "Choose the languages of the receipt."),
    ({"header_en": "x" * 129}, "Lines above: “xxxxxxxxxxxxxxxxxxxx …” is longer than 128"),
    ({"footer_en": "\n".join("abcdefghijklm")}, "Lines below: at most 12 in each language."),
    ({"header_en": "a\x07b"}, "cannot be printed"),
    ({"line": ["store"]}, "The journal entry must be on every receipt"),
    ({"line": ["entry", "time", "time"]}, "“Time” can be there only once."),
    ({"line": ["entry", "token"]}, "No receipt has a line “token”."),
    ({"line": ["entry", *["rule"] * 32]}, "A receipt has at most 32 lines."),
    ({"line": ["entry", "logo"]}, "Choose a picture for the logo"),
    ({"line": ["entry", "holder-code"]}, "Say what the code for the holder shall hold"),
    ({"link": "https://x.example/{token}"}, "No receipt knows {token}."),
    ({"link": "https://x.example/{entry"}, "The holder&#39;s code is at most 200 ASCII"),
    ({"link": "x" * 201}, "The holder&#39;s code is at most 200 ASCII"),
    ({"link": "店"}, "The holder&#39;s code is at most 200 ASCII"),
    ({"logo": (io.BytesIO(b"<svg/>"), "logo.svg")}, "The logo is not a picture"),
    ({"logo": (io.BytesIO(png()[:60]), "cut.png")}, "The logo is not a picture"),
    ({"logo": (io.BytesIO(bytes(420_000)), "logo.png")}, "larger than 400 kB"),
]


def test_what_no_receipt_can_be_is_refused_with_a_sentence(app: Any) -> None:
    client = as_person(app)
    before = template_of(b.GROUP)
    for bent, sentence in REFUSED:
        answer = send(client, do="save", **bent)
        assert answer.status_code == 400, sentence
        assert sentence in answer.text
        assert template_of(b.GROUP) == before
        assert "谢谢惠顾" in answer.text, "what was typed stays"


def test_a_form_that_was_tampered_with_changes_nothing(app: Any) -> None:
    client = as_person(app)
    for bent in (
        {"based_on": "x"}, {"based_on": ""}, {"logo_dots": "16.8.AAAA"}, {"logo_dots": "x"},
        {"logo_dots": "99999.1.AA=="},
    ):  # fmt: skip
        assert send(client, do="save", **bent).status_code == 400, bent
    assert len(versions(b.GROUP)) == 1


def test_two_who_change_at_once_do_not_overwrite_one_another(app: Any) -> None:
    client = as_person(app)
    seen = template_of(b.GROUP).version
    set_template(b.GROUP, b.a_full_template(), by="bob", at_s=b.NOW_S)
    answer = send(client, do="save", based_on=str(seen), line=["entry"])
    assert answer.status_code == 400
    assert "Somebody else has changed these receipts meanwhile" in answer.text
    assert template_of(b.GROUP).logo == b.LOGO


def test_an_earlier_version_is_seen_and_put_back(app: Any) -> None:
    client = as_person(app)
    first = template_of(b.GROUP)
    second = set_template(b.GROUP, b.a_full_template(), by="bob", at_s=b.NOW_S)
    old = client.get(f"{PAGE}?version={first.version}").text
    assert f"This is version {first.version} as it once was." in old
    assert 'id="receipt"' not in old
    path = f"{PAGE}/versions/{first.version}"
    client.post(path, data={"csrf_token": csrf_token(client, PAGE)}, follow_redirects=True)
    assert template_of(b.GROUP).lines == first.lines
    assert template_of(b.GROUP).version > second
    assert f"version {first.version} again" in client.get(PAGE).text
