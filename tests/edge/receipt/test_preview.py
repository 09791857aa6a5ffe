"""The picture of a receipt that nobody has printed, asked for as the hub asks."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from typing import Any

import pytest
from PIL import Image

from edge.contract import canonical
from edge.devices.pictures.still import read_picture
from edge.receipt.preview import EXAMPLES, NotARequest, pictures
from tests import builders as b


def a_request(**bent: Any) -> dict[str, Any]:
    template = bent.pop("of", b.a_full_template())
    return {
        "template": canonical.encode(template.to_body()).hex(), "example": "single",
        "papers_mm": [58, 80], "store_name": "静安店", "currency": "CNY",
        "timezone": "Asia/Shanghai", "copy": 0,
    } | bent  # fmt: skip


def test_the_program_answers_with_one_picture_a_paper() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "edge.receipt.preview"], capture_output=True, check=True,
        input=json.dumps(a_request()).encode(),
    )  # fmt: skip
    found = [bytes.fromhex(png) for png in json.loads(done.stdout)["pictures"]]
    assert [Image.open(io.BytesIO(png)).width for png in found] == [384, 576]


def test_the_program_says_what_is_wrong_and_shows_nothing() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "edge.receipt.preview"], capture_output=True, check=False,
        input=b"{}",
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (2, b"")
    assert b"not a request" in done.stderr


@pytest.mark.parametrize("example", EXAMPLES)
def test_the_code_for_the_holder_can_be_read_from_the_picture(example: str) -> None:
    for png in pictures(a_request(example=example)):
        reading = read_picture(png, ("qr",))
        assert reading is not None
        assert reading.text == "https://tearoff.example/r?e=S0412-K1%2F1%2F57&v=3d4e5f"


def test_each_word_of_the_request_shows() -> None:
    plain = pictures(a_request())
    others = [
        a_request(example="void"), a_request(copy=1), a_request(store_name="Bund"),
        a_request(currency="EUR"), a_request(timezone="Europe/Berlin"),
        a_request(of=b.a_receipt_template()), a_request(of=b.a_full_template(locales=("en",))),
    ]  # fmt: skip
    for other in others:
        assert pictures(other)[0] != plain[0]


@pytest.mark.parametrize(
    "bent",
    [
        {"template": "zz"}, {"template": "a0"}, {"template": 7}, {"example": "other"},
        {"papers_mm": [76]}, {"papers_mm": 58}, {"copy": "one"},
    ],
    ids=str,
)  # fmt: skip
def test_anything_else_is_no_request(bent: dict[str, Any]) -> None:
    with pytest.raises(NotARequest):
        pictures(a_request(**bent))


@pytest.mark.parametrize("request_", [None, [], 1, {}])
def test_what_is_no_object_is_no_request(request_: Any) -> None:
    with pytest.raises(NotARequest):
        pictures(request_)
