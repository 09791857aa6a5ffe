"""Texts: signed as the vendor's page has it, taken by a strict service, and sent once."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from central.errors import ConfigInvalid
from central.foundation.jobs.outbox import Message, Undeliverable
from central.foundation.notices import sms_settings
from central.foundation.notices.acs3 import Call, headers, query_string
from central.foundation.notices.sms import SmsHandler, Text, TextNotTaken
from central.foundation.notices.sms_settings import SmsSettings, mobile_of
from central.simulators.sms import app as simulator
from central.simulators.sms.faults import Fault
from tests import builders as b

LI = "13800138000"
PAID = "SMS_100000001"
VALUES = {"order": "O1", "price": "88.00 CNY"}
TEXT = Text(LI, PAID, VALUES)


class Clock:
    def __init__(self) -> None:
        self.at_s = b.NOW_S

    def __call__(self) -> int:
        return self.at_s


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def made(tmp_path: Path, clock: Clock) -> Iterator[simulator.Simulator]:
    go_on = threading.Event()
    built = simulator.build(tmp_path / "sms", clock, pause=lambda _s: go_on.wait(20))
    server = simulator.listen(built, "127.0.0.1", 0)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    yield built
    go_on.set()
    server.shutdown()
    thread.join()
    server.server_close()
    built.service.books.close()


def settings(made: simulator.Simulator, **bent: Any) -> SmsSettings:
    found = sms_settings.load(made.data_dir / "merchant" / "sms.toml")
    assert found is not None
    return found.model_copy(update=bent)


def handler(
    made: simulator.Simulator, clock: Clock, text: Text | None = TEXT,
    **bent: Any,
) -> SmsHandler:  # fmt: skip
    return SmsHandler(settings(made, **bent), lambda _message: text, clock)


def a_message(tries: int = 0, key: str = "O1 paid") -> Message:
    return Message(1, "sms", key, {}, tries)


def texts(made: simulator.Simulator) -> list[tuple[str, str]]:
    found = made.service.books.rows("SELECT phone, content FROM text ORDER BY id")
    return [(row["phone"], row["content"]) for row in found]


def test_the_vendors_own_example_has_the_vendors_signature() -> None:
    """help.aliyun.com/zh/sdk/product-overview/v3-request-structure-and-signature."""
    call = Call(
        "ecs.cn-shanghai.aliyuncs.com", "RunInstances", "2014-05-26", "2023-10-26T10:22:32Z",
        "3156853299f313e23d1673dc12e1703d",
        {"ImageId": "win2019_1809_x64_dtc_zh-cn_40G_alibase_20230811.vhd",
         "RegionId": "cn-shanghai"},
    )  # fmt: skip
    assert headers(call, "YourAccessKeyId", "YourAccessKeySecret")["Authorization"].endswith(
        "Signature=06563a9e1b43f5dfe96b81484da74bceab24a1d853912eee15083a6f0f3283c0"
    )


def test_what_is_sent_is_encoded_as_it_is_signed() -> None:
    assert query_string({"b": "中 *~/", "a": "1+2"}) == "a=1%2B2&b=%E4%B8%AD%20%2A~%2F"


def test_a_text_arrives_at_its_phone(made: simulator.Simulator, clock: Clock) -> None:
    handler(made, clock)(a_message())
    assert texts(made) == [(LI, "订单O1已付款88.00 CNY，正在交付。")]


def test_whom_nobody_tells_costs_no_request(made: simulator.Simulator, clock: Clock) -> None:
    handler(made, clock, None)(a_message())
    assert made.service.books.rows("SELECT * FROM request") == []


@pytest.mark.parametrize("fault", ["error-after", "lost-after", "hang", "garbage"])
def test_what_was_sent_though_nobody_heard_of_it_is_not_sent_again(
    made: simulator.Simulator, clock: Clock, fault: str
) -> None:
    send = handler(made, clock, timeout_s=0.5 if fault == "hang" else 20)
    made.service.faults.add(Fault(fault, "SendSms"))
    with pytest.raises(TextNotTaken):
        send(a_message())
    assert len(texts(made)) == 1
    send(a_message(tries=1))
    assert len(texts(made)) == 1, "found by our own number"


def test_it_is_found_after_midnight_too(made: simulator.Simulator, clock: Clock) -> None:
    made.service.faults.add(Fault("lost-after", "SendSms"))
    send = handler(made, clock)
    with pytest.raises(TextNotTaken):
        send(a_message())
    clock.at_s += 86400
    send(a_message(tries=1))
    assert len(texts(made)) == 1


@pytest.mark.parametrize("fault", ["error-before", "lost-before", "new-code", "no-money"])
def test_what_was_not_sent_is_sent_by_the_next_try(
    made: simulator.Simulator, clock: Clock, fault: str
) -> None:
    send = handler(made, clock)
    made.service.faults.add(Fault(fault, "SendSms"))
    with pytest.raises(TextNotTaken):
        send(a_message())
    assert texts(made) == []
    send(a_message(tries=1))
    assert len(texts(made)) == 1


def test_while_nobody_can_say_it_is_not_sent_again(made: simulator.Simulator, clock: Clock) -> None:
    send = handler(made, clock)
    made.service.faults.add(Fault("lost-after", "SendSms"))
    made.service.faults.add(Fault("new-code", "QuerySendDetails"))
    with pytest.raises(TextNotTaken):
        send(a_message())
    with pytest.raises(TextNotTaken, match="Nobody knows yet"):
        send(a_message(tries=1))
    send(a_message(tries=2))
    assert len(texts(made)) == 1


def test_two_messages_to_one_phone_are_two_texts(made: simulator.Simulator, clock: Clock) -> None:
    send = handler(made, clock)
    send(a_message(key="O1 paid"))
    send(a_message(tries=1, key="O2 paid"))
    assert len(texts(made)) == 2


REFUSED: list[tuple[str, Text, str, type[Exception]]] = [
    ("a number that is none", Text("12345", PAID, VALUES), "MOBILE_NUMBER", Undeliverable),
    ("a link", Text(LI, PAID, {**VALUES, "order": "http://a"}), "SUPPORT_URL", Undeliverable),
    ("no such template", Text(LI, "SMS_1", VALUES), "TEMPLATE_ILLEGAL", TextNotTaken),
    ("a variable is missing", Text(LI, PAID, {"order": "O1"}), "MISSING", TextNotTaken),
]


@pytest.mark.parametrize(
    ("text", "said", "error"), [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED]
)
def test_a_refusal_is_told_by_its_code_and_never_with_the_number(
    made: simulator.Simulator, clock: Clock, text: Text, said: str, error: type[Exception]
) -> None:
    with pytest.raises(error, match=said) as caught:
        handler(made, clock, text)(a_message())
    assert LI not in str(caught.value)
    assert "12345" not in str(caught.value)


def test_a_number_on_a_black_list_is_given_up(made: simulator.Simulator, clock: Clock) -> None:
    made.service.faults.add(Fault("black-list"))
    with pytest.raises(Undeliverable, match="BLACK_KEY"):
        handler(made, clock)(a_message())


def test_too_many_for_one_number_wait(made: simulator.Simulator, clock: Clock) -> None:
    send = handler(made, clock)
    for number in range(50):
        send(a_message(key=f"O{number} paid"))
    with pytest.raises(TextNotTaken, match="BUSINESS_LIMIT"):
        send(a_message(key="one more"))
    clock.at_s += 3601
    send(a_message(key="one more"))


def test_a_strangers_secret_is_refused(
    made: simulator.Simulator, clock: Clock, tmp_path: Path
) -> None:
    stolen = tmp_path / "other.secret"
    stolen.write_text("guessed")
    stolen.chmod(0o600)
    with pytest.raises(TextNotTaken, match="SignatureDoesNotMatch"):
        handler(made, clock, secret_file=stolen)(a_message())
    with pytest.raises(TextNotTaken, match="InvalidAccessKeyId"):
        handler(made, clock, access_key_id="LTAIother")(a_message())
    assert texts(made) == []


def test_a_clock_that_is_wrong_is_told(made: simulator.Simulator, clock: Clock) -> None:
    made.service.shift_s = 16 * 60
    with pytest.raises(TextNotTaken, match=r"InvalidTimeStamp\.Expired"):
        handler(made, clock)(a_message())


def test_a_request_is_taken_once_and_as_it_was_signed(
    made: simulator.Simulator, clock: Clock
) -> None:
    found = settings(made)
    query = {"PhoneNumbers": LI, "SignName": found.sign_name, "TemplateCode": PAID,
             "TemplateParam": json.dumps(VALUES)}  # fmt: skip
    host = found.endpoint.removeprefix("http://")
    date = "2026-04-11T12:00:00Z"
    made.service.shift_s = 1_775_908_800 - clock()
    call = Call(host, "SendSms", "2017-05-25", date, "n" * 32, query)
    signed = headers(call, found.access_key_id, found.secret())

    def sent(query: dict[str, str], **bent: str) -> str:
        answer = requests.post(
            f"{found.endpoint}/?{query_string(query)}", headers={**signed, **bent}, timeout=20
        )
        return str(answer.json()["Code"])

    assert sent({**query, "PhoneNumbers": "13900139000"}) == "SignatureDoesNotMatch"
    assert sent(query, **{"x-acs-action": "QuerySendDetails"}) == "SignatureDoesNotMatch"
    unsigned = signed["Authorization"].replace("x-acs-date;", "")
    assert sent(query, Authorization=unsigned) == "IncompleteSignature"
    assert sent(query, Authorization="Bearer x") == "MissingAuthorization"
    assert sent(query) == "OK"
    assert sent(query) == "SignatureNonceUsed"
    assert len(texts(made)) == 1


def test_nobody_who_is_not_there_is_waited_for_long(
    made: simulator.Simulator, clock: Clock
) -> None:
    with pytest.raises(TextNotTaken, match="broke off"):
        handler(made, clock, endpoint="http://127.0.0.1:9")(a_message())


@pytest.mark.parametrize(
    ("written", "mobile"),
    [("13800138000", LI), (" +86 138-0013-8000", LI), ("008613800138000", LI),
     ("12800138000", None),
     ("1380013800", None), ("138001380001", None), ("li@example.com", None), ("", None),
     ("１３８００１３８０００", None)],
)  # fmt: skip
def test_a_mobile_number_is_known_as_people_write_it(written: str, mobile: str | None) -> None:
    assert mobile_of(written) == mobile


WRONG = {
    "an unknown setting": ('sign_nam = "x"', "sign_name"),
    "http to a stranger": ('endpoint = "http://sms.example"', "https"),
    "a path": ('endpoint = "https://sms.example/x"', "https://HOST"),
    "no template": ("", "templates names none"),
    "no TOML": ("=", "not TOML"),
}


@pytest.mark.parametrize(("line", "said"), WRONG.values(), ids=WRONG)
def test_wrong_settings_are_told_by_name(tmp_path: Path, line: str, said: str) -> None:
    file = tmp_path / "sms.toml"
    file.write_text(f'access_key_id = "LTAI-private"\nsecret_file = "s"\nsign_name = "x"\n{line}\n')
    with pytest.raises(ConfigInvalid, match=said) as caught:
        sms_settings.load(file)
    assert "LTAI-private" not in str(caught.value)


def test_without_the_file_there_are_no_texts(tmp_path: Path) -> None:
    assert sms_settings.load(tmp_path / "sms.toml") is None


def test_a_secret_that_others_can_read_is_not_used(made: simulator.Simulator, clock: Clock) -> None:
    (made.data_dir / "merchant" / "sms.secret").chmod(0o644)
    with pytest.raises(ConfigInvalid, match="chmod 600"):
        handler(made, clock)(a_message())


def test_the_page_shows_the_phones_and_the_token_lets_things_go_wrong(
    made: simulator.Simulator, clock: Clock
) -> None:
    handler(made, clock)(a_message())
    client = made.app.test_client()
    page = client.get("/")
    assert "【撕票演示】订单O1已付款" in page.text
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]
    assert client.post("/fault", data={"kind": "hang"}).status_code == 403
    assert client.post("/control/faults", json={"kind": "hang"}).status_code == 401
    right = client.post("/fault", data={"kind": "hang", "token": made.token})
    assert right.status_code == 303
    assert [one.kind for one in made.service.faults.waiting()] == ["hang"]
    wrong = client.post(
        "/control/faults", json={"kind": "?"}, headers={"Authorization": f"Bearer {made.token}"}
    )
    assert wrong.status_code == 400
    assert client.get("/", headers={"Host": "evil.example"}).status_code == 421
