"""The service itself: checks who asks, sends to pretend phones, and tells what was sent.

Sources: help.aliyun.com/zh/sms (API 2017-05-25) and the signature page of the SDK documents.
"""

from __future__ import annotations

import calendar
import datetime as dt
import hashlib
import hmac
import json
import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, quote

from flask import Blueprint, Response, jsonify, request

from central.simulators.parts.misbehave import cut
from central.simulators.sms.books import Books
from central.simulators.sms.faults import Faults

VERSION = "2017-05-25"
GOOD_FOR_S = 15 * 60
SIGN = "撕票演示"
TEMPLATES = {
    "SMS_100000001": "订单${order}已付款${price}，正在交付。",
    "SMS_100000002": "订单${order}已交付，请在订单页面查看。",
    "SMS_100000003": "订单${order}正在人工处理，请放心。",
    "SMS_100000004": "订单${order}已退款${amount}。",
    "SMS_100000005": "订单${order}的售后有答复，请在订单页面查看。",
    "SMS_100000006": "验证码${code}，请勿告诉他人。",
    "SMS_100000007": "您账户的联系方式已更改，如非本人操作请联系商店。",
}
PER_HOUR = 50
"""Texts to one number; the real one allows what the customer sets, 50 at most."""
_AUTHORIZATION = re.compile(
    r"ACS3-HMAC-SHA256 Credential=([^,]+),SignedHeaders=([a-z0-9;-]+),Signature=([0-9a-f]{64})"
)
_NEEDED = {"host", "x-acs-action", "x-acs-content-sha256", "x-acs-date", "x-acs-signature-nonce",
           "x-acs-version"}  # fmt: skip
_PHONE = re.compile(r"1[3-9]\d{9}")
_BEIJING = dt.timezone(dt.timedelta(hours=8))


@dataclass
class Service:
    """Everything of one simulator."""

    books: Books
    key_id: str
    secret: str
    clock: Callable[[], int]
    pause: Callable[[float], object] = time.sleep
    slow_s: float = 20
    faults: Faults = field(default_factory=Faults)
    shift_s: int = 0

    def now_s(self) -> int:
        """Return the time, as the control has set it."""
        return self.clock() + self.shift_s


class Refused(Exception):
    """The answer is a code."""

    def __init__(self, code: str, message: str, status: int = 200) -> None:
        super().__init__(code)
        self.code, self.message, self.status = code, message, status


def blueprint(service: Service) -> Blueprint:
    """Return the one address that all operations have."""
    api = Blueprint("service", __name__)

    @api.post("/")
    def answer() -> Response:
        action, phone, fault = request.headers.get("x-acs-action", ""), "", ""
        try:
            query = _checked(service)
            phone = query.get("PhoneNumbers", query.get("PhoneNumber", ""))
            fault = service.faults.take(action, phone)
            found, status = _do(service, action, query, fault), 200
        except Refused as refused:
            found, status = {"Code": refused.code, "Message": refused.message}, refused.status
        service.books.run(
            "INSERT INTO request (at_s, action, phone, answer, fault) VALUES (?, ?, ?, ?, ?)",
            service.now_s(), action[:64], phone[:32], str(found["Code"]), fault,
        )  # fmt: skip
        return _misbehave(service, fault, {"RequestId": _id(service), **found}, status)

    return api


def _do(service: Service, action: str, query: dict[str, str], fault: str) -> dict[str, object]:
    if fault in {"error-before", "lost-before"}:
        return {"Code": "ServiceUnavailable"}
    if fault == "no-money":
        raise Refused("isv.AMOUNT_NOT_ENOUGH", "账户余额不足")
    if fault == "black-list":
        raise Refused("isv.BLACK_KEY_CONTROL_LIMIT", "黑名单管控")
    if fault == "new-code":
        raise Refused("isv.SOMETHING_NEW", "?")
    if action == "SendSms":
        return _send(service, query)
    if action == "QuerySendDetails":
        return _details(service, query)
    raise Refused("InvalidAction.NotFound", "Specified api is not found.", 404)


def _checked(service: Service) -> dict[str, str]:
    """Return the query of a request that our customer has signed just now, once."""
    found = _AUTHORIZATION.fullmatch(request.headers.get("Authorization", ""))
    if found is None:
        raise Refused("MissingAuthorization", "no ACS3-HMAC-SHA256 authorization", 400)
    key_id, names, given = found.groups()
    signed = names.split(";")
    if key_id != service.key_id:
        raise Refused("InvalidAccessKeyId.NotFound", "no such access key", 404)
    if signed != sorted(signed) or not set(signed) >= _NEEDED:
        raise Refused("IncompleteSignature", "a header that has to be signed is not", 400)
    if request.headers.get("x-acs-version") != VERSION:
        raise Refused("InvalidVersion", "another version of the API", 400)
    body_hash = hashlib.sha256(request.get_data()).hexdigest()
    if request.headers.get("x-acs-content-sha256") != body_hash:
        raise Refused("InvalidContentSha256", "the hash is not the body's", 400)
    raw = str(request.environ.get("RAW_TARGET", "")).partition("?")[2]
    query = dict(parse_qsl(raw, keep_blank_values=True))
    right = "&".join(
        f"{quote(k, safe='-_.~')}={quote(v, safe='-_.~')}" for k, v in sorted(query.items())
    )
    text = "\n".join(
        ["POST", "/", right,
         *(f"{name}:{request.headers.get(name, '').strip()}" for name in signed),
         "", names, body_hash]
    )  # fmt: skip
    to_sign = "ACS3-HMAC-SHA256\n" + hashlib.sha256(text.encode()).hexdigest()
    wanted = hmac.new(service.secret.encode(), to_sign.encode(), hashlib.sha256).hexdigest()
    if not hmac.compare_digest(wanted, given):
        raise Refused("SignatureDoesNotMatch", "the signature is another", 400)
    _check_fresh(service)
    return query


def _check_fresh(service: Service) -> None:
    try:
        at_s = calendar.timegm(
            time.strptime(request.headers.get("x-acs-date", ""), "%Y-%m-%dT%H:%M:%SZ")
        )
    except ValueError:
        raise Refused("InvalidTimeStamp.Format", "yyyy-MM-ddTHH:mm:ssZ", 400) from None
    if abs(service.now_s() - at_s) > GOOD_FOR_S:
        raise Refused("InvalidTimeStamp.Expired", "older than 15 minutes", 400)
    with service.books.writing():
        nonce = request.headers["x-acs-signature-nonce"]
        if service.books.row("SELECT 1 FROM nonce WHERE nonce = ?", nonce):
            raise Refused("SignatureNonceUsed", "this nonce was used", 400)
        service.books.run("INSERT INTO nonce VALUES (?, ?)", nonce, service.now_s())


def _send(service: Service, query: dict[str, str]) -> dict[str, object]:
    phone, template = query.get("PhoneNumbers", ""), query.get("TemplateCode", "")
    if not _PHONE.fullmatch(phone):
        raise Refused("isv.MOBILE_NUMBER_ILLEGAL", f"{phone}手机号码格式错误")
    if query.get("SignName") != SIGN:
        raise Refused("isv.SMS_SIGNATURE_ILLEGAL", "该账号下找不到对应签名")
    if template not in TEMPLATES:
        raise Refused("isv.SMS_TEMPLATE_ILLEGAL", "该账号下找不到对应模板")
    content = _filled(TEMPLATES[template], query.get("TemplateParam", "{}"))
    now = service.now_s()
    with service.books.writing():
        [row] = service.books.rows(
            "SELECT count(*) AS n FROM text WHERE phone = ? AND at_s > ?", phone, now - 3600
        )
        if row["n"] >= PER_HOUR:
            raise Refused("isv.BUSINESS_LIMIT_CONTROL", f"触发小时级流控Permits:{PER_HOUR}")
        biz = f"{service.books.count('biz'):012d}^0"
        service.books.run(
            "INSERT INTO text (at_s, phone, sign, template, content, out_id, biz_id)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            now, phone, SIGN, template, content, query.get("OutId", ""), biz,
        )  # fmt: skip
    return {"Code": "OK", "Message": "OK", "BizId": biz}


def _filled(template: str, given: str) -> str:
    try:
        values = json.loads(given)
    except ValueError:
        values = None
    if not isinstance(values, dict) or not all(isinstance(v, str) for v in values.values()):
        raise Refused("isv.INVALID_JSON_PARAM", "JSON参数不合法，只接受字符串值")
    if set(re.findall(r"\$\{(\w+)\}", template)) - values.keys():
        raise Refused("isv.TEMPLATE_MISSING_PARAMETERS", "模板缺少变量")
    if any("http" in v or len(v) > 35 for v in values.values()):
        raise Refused("isv.PARAM_NOT_SUPPORT_URL", "变量不支持传入URL，长度不超过35")
    return re.sub(r"\$\{(\w+)\}", lambda name: values[name[1]], template)


def _details(service: Service, query: dict[str, str]) -> dict[str, object]:
    try:
        day = dt.datetime.strptime(query.get("SendDate", ""), "%Y%m%d").replace(tzinfo=_BEIJING)
        size, page = int(query["PageSize"]), int(query["CurrentPage"])
    except (KeyError, ValueError):
        raise Refused("isv.INVALID_PARAMETERS", "SendDate, PageSize, CurrentPage") from None
    if not 1 <= size <= 50 or page < 1:
        raise Refused("isv.INVALID_PARAMETERS", "PageSize 1-50")
    begin = int(day.timestamp())
    found = service.books.rows(
        "SELECT * FROM text WHERE phone = ? AND at_s >= ? AND at_s < ? ORDER BY id DESC"
        " LIMIT ? OFFSET ?",
        query.get("PhoneNumber", ""), begin, begin + 86400, size, size * (page - 1),
    )  # fmt: skip
    rows = [
        {"PhoneNum": one["phone"], "SendStatus": 3, "OutId": one["out_id"],
         "Content": f"【{one['sign']}】{one['content']}", "TemplateCode": one["template"]}
        for one in found
    ]  # fmt: skip
    return {
        "Code": "OK", "Message": "OK", "TotalCount": str(len(rows)),
        "SmsSendDetailDTOs": {"SmsSendDetailDTO": rows},
    }  # fmt: skip


def _misbehave(service: Service, fault: str, found: dict[str, object], status: int) -> Response:
    if fault in {"lost-before", "lost-after"}:
        return cut()
    if fault == "hang":
        service.pause(service.slow_s)
        return cut()
    if fault in {"error-before", "error-after"}:
        return Response("<html>Service Unavailable</html>", 503, mimetype="text/html")
    if fault == "garbage":
        return Response(b"\x1f\x8b\x00garbage", 200, mimetype="application/json")
    response = jsonify(found)
    response.status_code = status
    return response


def _id(service: Service) -> str:
    number = service.books.count("request")
    return f"00000000-0000-4000-8000-{number:012d}"
