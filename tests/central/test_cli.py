"""``tearoff-hub`` as an operator types it, on a real directory."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import click
import pytest
import zxingcpp
from click.testing import CliRunner, Result
from PIL import Image

from central.cli import ROOMS, main
from central.foundation.clock import now_s
from central.foundation.db.engine import HUB, change, money_transaction, open_database, rows
from central.foundation.people import login
from central.money.ledger import rules
from central.money.ledger.audit import size
from central.money.ledger.store import post
from central.simulators.channel.bank.counter import ACCOUNT
from central.stores.keys import keyring
from central.stores.units import enrol
from central.stores.vouchers.tables import Voucher
from edge import __version__
from edge.contract.enrolment import EnrolOffer
from edge.contract.keys import IssuerKey, TrustList
from edge.contract.money import Money
from edge.contract.voucher_token import verify_signature
from tests import builders as b
from tests.central.builders import Database, a_newcomer, close_hub
from tests.central.channel import Served
from tests.central.supply.catalogue.builders import fill_shelf

LUNCH = ("products", "add", "7", "--zh", "午餐券", "--en", "Lunch voucher", "--worth", "88.00")
COFFEE = ("products", "add", "8", "--zh", "咖啡", "--en", "Coffee", "--kind", "multi",
          "--worth", "15", "--uses", "10")  # fmt: skip
GIFT = ("products", "add", "9", "--zh", "礼品卡", "--en", "Gift card", "--kind", "stored-value")
STORE = ("stores", "add", "S0412", "静安店", "--group", "3")


class Hub:
    """A directory and the commands that work on it."""

    def __init__(self, directory: Path, *settings: str) -> None:
        self.directory = directory
        self.settings = (f"data_dir={directory}", *settings)

    def invoke(self, *args: str, settings: tuple[str, ...] = (), typed: str = "") -> Result:
        chosen = [part for one in (*self.settings, *settings) for part in ("--set", one)]
        result = CliRunner().invoke(main, [*chosen, *args], input=typed)
        close_hub()  # a command is a process of its own, which ends
        return result

    def do(self, *args: str) -> str:
        """Run a command that works; return what it says."""
        result = self.invoke(*args)
        assert result.exit_code == 0, result.output
        assert result.stderr == ""
        return result.stdout

    def fail(self, *args: str, code: int = 1) -> str:
        """Run a command that does not work; return the one sentence it says."""
        result = self.invoke(*args)
        assert result.exit_code == code, result.output
        assert isinstance(result.exception, SystemExit)
        assert result.stdout == ""
        assert "Traceback" not in result.stderr
        assert len(result.stderr.strip().splitlines()) == 1
        return result.stderr

    def trust(self) -> TrustList:
        ring = keyring.load(self.directory / "keys", "hub.local")
        keys = [
            IssuerKey("hub.local", kid, key.public_key().public_bytes_raw())
            for kid, key in ring.issuers.items()
        ]
        return b.a_trust_list(*keys, issuer="hub.local")


@pytest.fixture
def hub(tmp_path: Path) -> Hub:
    """A hub after ``init``."""
    made = Hub(tmp_path / "hub")
    made.do("init")
    return made


@pytest.fixture
def shop(hub: Hub) -> Hub:
    """With a store and three products."""
    for command in (STORE, LUNCH, COFFEE, GIFT):
        hub.do(*command)
    return hub


# --- init ----------------------------------------------------------------------------------------


def test_init_makes_keys_a_database_and_the_first_person(tmp_path: Path) -> None:
    hub = Hub(tmp_path / "new" / "hub")
    told = hub.do("init", "--admin", "wang")
    password = told.split("the password ")[1].split(". ")[0]
    assert login.person_with_password("wang", password) is not None
    assert (tmp_path / "new" / "hub").stat().st_mode & 0o777 == 0o700
    assert sorted(p.name for p in hub.directory.iterdir() if p.suffix == "") == ["keys"]
    assert (hub.directory / "hub.db").exists()


def test_init_again_keeps_what_there_is(hub: Hub) -> None:
    before = {path: path.read_bytes() for path in (hub.directory / "keys").iterdir()}
    assert "somebody named admin already" in hub.fail("init")
    hub.do("init", "--admin", "second")
    assert {path: path.read_bytes() for path in (hub.directory / "keys").iterdir()} == before


def test_a_directory_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no directory")
    for place in (tmp_path / "file", tmp_path / "file" / "below"):
        assert "cannot be written" in Hub(place).fail("init")


def test_nothing_works_before_init(tmp_path: Path) -> None:
    for command in (STORE, LUNCH, ("audit",), ("units", "list"), ("serve",), ("api-key", "x")):
        assert "tearoff-hub init" in Hub(tmp_path / "hub").fail(*command)


def test_a_command_imports_its_own_rooms_alone(hub: Hub) -> None:
    hub.do("units", "list")  # the database is there, and its migrations are done
    script = (
        "import sys; from central.cli import main;"
        f"main(['--set', 'data_dir={hub.directory}', 'units', 'list'],"
        " standalone_mode=False);"
        "print(*(m for m in sys.modules if m.startswith('central.')))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    loaded = done.stdout.split()
    assert "central.stores.units.commands" in loaded
    for wing in ("central.app", "central.sale", "central.supply.suppliers", "central.simulators"):
        assert wing not in loaded


def test_every_command_of_the_table_is_there_under_its_name() -> None:
    context = click.Context(main)
    for name, load in ROOMS.items():
        assert load().name == name
        assert main.get_command(context, name) is not None
    assert main.get_command(context, "no-such-command") is None


def test_the_version_is_the_package_s() -> None:
    result = CliRunner().invoke(main, ["--version"])
    assert result.output == f"tearoff-hub, version {__version__}\n"


# --- bad input -----------------------------------------------------------------------------------

ISSUE = ("issue", "--product", "7", "--group", "3")


@pytest.mark.parametrize(
    ("command", "told"),
    [
        (("stores", "add", "s0412", "Lower"), "1 to 32 of A-Z"),
        (("stores", "add", "S0412", "Again"), "already"),
        (("stores", "add", "S1", "Zero", "--group", "0"), "group 1 to 65535"),
        (("stores", "add", "S1", ""), "1 to 64 characters"),
        (LUNCH, "already"),
        (("products", "add", "0", "--zh", "无", "--en", "None", "--worth", "1"), "1 to 16777215"),
        (("products", "add", "10", "--zh", "", "--en", "None", "--worth", "1"), "both languages"),
        (("products", "add", "10", "--zh", "贵", "--en", "Dear", "--worth", "1e5"), "digits"),
        (("products", "add", "10", "--zh", "贵", "--en", "Dear", "--worth", "-5"), "digits"),
        (("products", "add", "10", "--zh", "贵", "--en", "Dear", "--worth", "1.234"), "decimals"),
        (("products", "add", "10", "--zh", "贵", "--en", "Dear", "--worth", "9" * 16), "so much"),
        (("products", "add", "10", "--zh", "贵", "--en", "Dear", "--worth", "9" * 17), "64 bits"),
        (("products", "add", "10", "--zh", "贵", "--en", "Dear", "--worth", ""), "digits"),
        (("products", "add", "10", "--zh", "无", "--en", "Nothing"), "--worth"),
        (("products", "add", "10", "--zh", "贵", "--en", "Dear", "--worth", "9" * 18), "digits"),
        (("products", "add", "10", "--zh", "多", "--en", "Many", "--kind", "multi", "--worth", "1",
          "--uses", "99999999999"), "so many uses"),
        ((*ISSUE, "--count", "0"), "1 to 10000"),
        ((*ISSUE, "--count", "10001"), "1 to 10000"),
        ((*ISSUE, "--value", "5"), "Only a stored value"),
        ((*ISSUE, "--from", "tomorrow"), "'tomorrow'"),
        ((*ISSUE, "--from", "2026-13-01"), "'2026-13-01'"),
        ((*ISSUE, "--from", "2020-01-01"), "from 2026-01-01 on"),
        ((*ISSUE, "--from", "0001-01-01"), "the years 2000 to 2299"),
        ((*ISSUE, "--from", "2027-01-01", "--until", "2026-01-01"), "begins before it expires"),
        ((*ISSUE, "--from", "9999-06-01"), "the years 2000 to 2299"),
        ((*ISSUE, "--until", "9999-12-31"), "the years 2000 to 2299"),
        ((*ISSUE, "--until", "2299-12-31"), "from 2026-01-01 on"),
        (("statement", "S0412", "--from", "9999-12-31"), "the years 2000 to 2299"),
        ((*ISSUE, "--channel", "a/b"), "A channel"),
        (("issue", "--product", "77"), "no product 77"),
        (("issue", "--product", "9"), "A stored value has a value"),
        (("issue", "--product", "9", "--value", "x"), "digits"),
        (("issue", "--product", "7", "--group", "70000"), "0 to 65535"),
        (("vouchers", "revoke", "XYZ"), "12 lower-case hex"),
        (("vouchers", "revoke", "000000abcdef"), "no voucher 000000abcdef"),
        (("vouchers", "suspend", "000000abcdef"), "no voucher"),
        (("vouchers", "resume", "000000abcdef"), "no voucher"),
        (("units", "invite", "--store", "NOWHERE"), "no store NOWHERE"),
        (("units", "confirm", "nothing", "--number", "123456"), "begin again"),
        (("units", "revoke", "S0412-K9"), "no till S0412-K9"),
        (("units", "release", "S0412-K9"), "no till S0412-K9"),
        (("statement", "S0412"), "Nothing has been redeemed in S0412"),
        (("statement", "S0412", "--from", "x"), "'x'"),
        (("statement", "S0412", "--to", "2026-02-30"), "'2026-02-30'"),
        (("people", "add", "admin"), "already"),
        (("people", "add", ""), "1 to 64"),
        (("api-key", "x" * 65), "1 to 64"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else None,
)  # fmt: skip
def test_bad_input_is_told_in_one_sentence(shop: Hub, command: tuple[str, ...], told: str) -> None:
    before = size(), Voucher.select().count()
    assert told in shop.fail(*command)
    assert (size(), Voucher.select().count()) == before


@pytest.mark.parametrize(
    "command",
    [
        ("products", "add", "seven", "--zh", "x", "--en", "x"), ("products", "add", "7"),
        ("issue",), ("issue", "--product", "7", "--count", "many"), ("units", "invite"),
        ("people", "add", "wang", "--role", "emperor"), ("no-such-command",), ("statement",),
        ("products", "add", "7", "--zh", "x", "--en", "x", "--kind", "free"),
    ],
    ids=" ".join,
)  # fmt: skip
def test_what_is_no_command_is_told_how_it_is_used(hub: Hub, command: tuple[str, ...]) -> None:
    result = hub.invoke(*command)
    assert result.exit_code == 2
    assert "Usage:" in result.stderr
    assert "Traceback" not in result.output


def test_a_bad_setting_is_told_before_anything_is_done(tmp_path: Path) -> None:
    hub = Hub(tmp_path / "hub")
    for setting, told in (
        ("prot=80", "did you mean port?"), ("port=many", "port: "), ("nothing", "name=value"),
        ("timezone=Asia/Shanghia", "no time zone"), ("database=mysql://x", "postgresql://"),
    ):  # fmt: skip
        result = hub.invoke("init", settings=(setting,))
        assert result.exit_code == 1
        assert told in result.stderr
        assert "Traceback" not in result.output


def test_an_unreachable_server_is_told_without_its_password(hub: Hub) -> None:
    dsn = "database=postgresql://hub:hunter2secret@127.0.0.1:1/hub"
    result = hub.invoke("audit", settings=(dsn,))
    assert result.exit_code == 1
    assert "PostgreSQL cannot be opened" in result.stderr
    assert "hunter2secret" not in result.output


# --- stores, products, vouchers ------------------------------------------------------------------


def test_products_are_listed_with_their_worth(shop: Hub) -> None:
    listed = shop.do("products", "list")
    assert "7 single             88.00 × 1    午餐券 / Lunch voucher" in listed
    assert "8 multi              15.00 × 10" in listed
    assert "9 stored-value        0.01 × 1" in listed


def test_a_voucher_is_sold_and_its_token_shown(shop: Hub) -> None:
    [text] = shop.do(*ISSUE).split()
    claims = verify_signature(text, shop.trust())
    assert (claims.product, claims.scope, claims.value) == (7, 3, 8800)
    assert claims.expires_day - claims.not_before_day == 367, "a year, and both local days whole"
    assert shop.do("audit").splitlines()[-1] == "2 journals, 4 entries: sound"


def test_a_voucher_is_good_from_midnight_to_midnight_where_the_shop_is(shop: Hub) -> None:
    """Shanghai's 11 April begins on the 10th at 16:00 UTC, and a token counts UTC's days."""
    days = ("--from", "2026-04-11", "--until", "2026-04-11")
    [text] = shop.do(*ISSUE, *days).split()
    claims = verify_signature(text, shop.trust())
    assert (claims.not_before_day, claims.expires_day) == (99, 101)


def test_vouchers_are_written_as_pictures_that_read_as_their_tokens(
    shop: Hub, tmp_path: Path
) -> None:
    out = tmp_path / "vouchers"
    told = shop.do(*ISSUE, "--count", "3", "--dynamic", "--out", str(out))
    assert told.startswith("3 vouchers of batch B")
    found = json.loads((out / "vouchers.json").read_text())
    assert len(found["vouchers"]) == 3
    for row in found["vouchers"]:
        with Image.open(out / row["png"]) as picture:
            [read] = zxingcpp.read_barcodes(picture)
        assert read.text == row["text"]
        assert verify_signature(row["text"], shop.trust()).dynamic_required
    assert {path.stat().st_mode & 0o777 for path in out.iterdir()} == {0o600}


def test_nothing_is_sold_if_it_cannot_be_written_down(shop: Hub, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no directory")
    before = size()
    assert "cannot be written" in shop.fail(*ISSUE, "--out", str(tmp_path / "file"))
    assert size() == before
    assert Voucher.select().count() == 0


def test_a_voucher_is_suspended_resumed_and_revoked(shop: Hub) -> None:
    shop.do(*ISSUE)
    [(voucher_id,)] = rows("SELECT id FROM voucher")
    name = f"{voucher_id:012x}"
    for work in ("suspend", "resume", "revoke"):
        assert shop.do("vouchers", work, name) == f"{name}: done\n"
    assert "is revoked" in shop.fail("vouchers", "resume", name)


# --- units ---------------------------------------------------------------------------------------


def waiting(hub: Hub) -> tuple[str, str]:
    code = hub.do("units", "invite", "--store", "S0412").strip()
    newcomer, ring = a_newcomer(), keyring.load(hub.directory / "keys", "hub.local")
    now = rows("SELECT max(invited_at_s) FROM enrolment")[0][0]
    message = enrol.offer(newcomer.request(code).sign(newcomer.key), ring, now)
    offer = EnrolOffer.open(message)
    enrol.reveal(offer.enrolment.hex(), newcomer.nonce, ring, now)
    close_hub()
    return offer.enrolment.hex(), newcomer.number(offer)


def test_a_unit_is_invited_confirmed_and_revoked(shop: Hub) -> None:
    assert shop.do("units", "list") == ""
    enrolment_id, number = waiting(shop)
    assert number in shop.do("units", "waiting")
    told = json.loads(shop.do("units", "waiting", "--json"))
    assert (told["id"], told["number"]) == (enrolment_id, number)
    assert shop.do("units", "confirm", enrolment_id, "--number", number) == "S0412-K1\n"
    assert shop.do("units", "waiting") == ""
    assert shop.do("units", "list").startswith("S0412-K1     active")
    assert shop.do("units", "revoke", "S0412-K1") == "S0412-K1 is revoked\n"
    assert "takes anew" in shop.do("restored")
    assert json.loads(shop.do("units", "list", "--json"))["state"] == "revoked"
    assert "is revoked" in shop.fail("units", "revoke", "S0412-K1")
    assert "is revoked" in shop.fail("units", "release", "S0412-K1")


def test_another_number_ends_the_enrolment(shop: Hub) -> None:
    enrolment_id, number = waiting(shop)
    wrong = f"{(int(number.replace(' ', '')) + 1) % 1_000_000:06d}"
    assert "numbers differ" in shop.fail("units", "confirm", enrolment_id, "--number", wrong)
    assert "begin again" in shop.fail("units", "confirm", enrolment_id, "--number", number)


# --- money ---------------------------------------------------------------------------------------


def test_an_audit_says_what_there_is_and_whether_it_is_sound(shop: Hub) -> None:
    assert shop.do("audit") == "0 journals, 0 entries: sound\n"
    shop.do(*ISSUE, "--count", "2")
    assert "2020.7                     0.00         176.00" in shop.do("audit")
    found = json.loads(shop.do("audit", "--json"))
    assert found["findings"] == []
    assert {a["code"] for a in found["accounts"]} == {"1010.counter", "2010", "2020.7"}


def test_an_audit_that_finds_something_fails(shop: Hub) -> None:
    shop.do(*ISSUE)
    change("UPDATE account SET c = c + 5 WHERE code = '2020.7'")
    close_hub()
    result = shop.invoke("audit")
    assert result.exit_code == 1
    assert "account 2020.7 says 0/8805, its entries say 0/8800" in result.stdout
    result = shop.invoke("audit", "--json")
    assert result.exit_code == 1
    assert len(json.loads(result.stdout)["findings"]) == 1


def test_an_audit_names_the_newest_seal_which_can_be_kept(shop: Hub) -> None:
    shop.do(*ISSUE)
    [seal] = [line.split(": ")[1] for line in shop.do("audit").splitlines() if "seal" in line]
    assert re.fullmatch("2:[0-9a-f]{64}", seal)
    assert json.loads(shop.do("audit", "--json"))["newest_seal"] == seal
    shop.do(*ISSUE)
    assert "sound" in shop.do("audit", "--expect", seal)
    for other, why in ((seal[:-1] + ("0" if seal[-1] != "0" else "1"), "another journal 2"),
                       (f"9{seal[1:]}", "journal 9, which is gone")):  # fmt: skip
        result = shop.invoke("audit", "--expect", other)
        assert result.exit_code == 1
        assert why in result.stdout
    assert "A seal is written" in shop.fail("audit", "--expect", "nonsense")


def test_an_audit_is_noted(shop: Hub) -> None:
    shop.do("audit")
    [(actor, journals, findings)] = rows("SELECT actor, journals, findings FROM audit_run")
    assert (journals, findings) == (0, "[]")
    assert actor.startswith("os "), "the account of the machine, if nobody says who he is"


def test_a_day_is_closed_by_a_command(shop: Hub) -> None:
    shop.do(*ISSUE)
    told = shop.do("close-day", "2026-01-15")
    assert told.startswith("20260115 and all before it are closed. Newest seal: 2:")
    assert "closed already" in shop.fail("close-day", "2026-01-15")
    assert "not over yet" in shop.fail("close-day", "2299-01-01")
    assert "does not match the format" in shop.invoke("close-day", "2026-02-30").stderr
    assert json.loads(shop.do("close-day", "2026-01-16", "--json"))["day"] == 20260116
    [(actor,)] = rows("SELECT DISTINCT actor FROM day_close")
    assert actor.startswith("os "), "who was logged in, not just where"
    assert "Say in a sentence" in shop.fail("close-day", "2026-01-17", "--without", "web")


def test_what_days_wait_for_is_told_by_a_command(shop: Hub) -> None:
    assert shop.do("open-days") == "Every day that is over is closed.\n"

    def work() -> None:
        for day in (20260110, 20260111):
            post(rules.paid("web", f"T{day}", "O1", Money(5, "CNY"), day, "test"), 0)
        change(
            "INSERT INTO bill_file (sha256, raw, taken_at_s, taken_by) VALUES (?, ?, 0, 'test')",
            (b"x" * 32, b"x"),
        )
        change(
            "INSERT INTO bill (source, kind, part, parts, day, account, sha256, file_id,"
            " taken_at_s, taken_by) VALUES ('web', 'trade', '', 1, 20260110, '1010.web', ?,"
            " (SELECT id FROM bill_file), 0, 'test')",
            (b"x" * 32,),
        )

    money_transaction(work)
    told = shop.invoke("open-days")
    assert told.exit_code == 1
    assert told.stdout.splitlines()[:2] == [
        "20260110  web: its bills of movements were not taken", "20260111  can be closed",
    ]  # fmt: skip
    assert '"missing": {"web": "no-movements"}' in shop.invoke("open-days", "--json").stdout
    assert "20260110 cannot be closed" in shop.fail("close-day", "2026-01-11")
    shop.do("close-day", "2026-01-10", "--without", "web", "--reason", "it is gone")
    assert rows("SELECT reason FROM closing_waiver") == [("it is gone",)]


def test_yesterday_is_closed_if_no_day_is_given(shop: Hub) -> None:
    """Unless yesterday ended a month, which is closed as one."""
    result = shop.invoke("close-day")
    assert result.exit_code == 0 or "close the month" in result.stderr


def test_a_month_is_closed_by_a_command(shop: Hub) -> None:
    assert "20260131" in shop.do("close-month", "2026-01")
    for wrong, why in (("2026-01", "closed already"), ("2299-01", "not over yet")):
        assert why in shop.fail("close-month", wrong)
    for wrong in ("2026-13", "january"):
        assert "does not match the format" in shop.invoke("close-month", wrong).stderr


def test_a_statement_is_of_a_shop_an_account_or_a_party(shop: Hub) -> None:
    earned(shop)
    days = ("--from", "2026-04-01", "--to", "2026-04-30")
    shop_told = shop.do("statement", "S0412", *days)
    assert shop.do("statement", "2310.S0412", *days) == shop_told.replace("S0412,", "2310.S0412,")
    assert shop.do("statement", "2020.7", *days).startswith("Statement of 2020.7, CNY")
    assert "no account yet" in shop.fail("statement", "agent:A1")
    assert "a party is one of agent, bank" in shop.fail("statement", "nobody:A1")
    assert "has not been opened" in shop.fail("statement", "2010")
    assert "Nothing has been redeemed" in shop.fail("statement", "S9999")


def test_a_statement_by_the_day_of_booking(shop: Hub) -> None:
    """Both were written at the beginning of 1970."""
    earned(shop)
    days = ("--from", "2026-04-01", "--to", "2026-04-30")
    told = shop.do("statement", "S0412", *days, "--booked")
    assert [line.split()[-1] for line in told.splitlines()[1:]] == ["103.00", "103.00"]


def earned(hub: Hub) -> None:
    """Two redemptions on two days, as the ledger has them."""
    for day, minor, key in ((20260410, 8800, "a"), (20260411, 1500, "b")):
        change("INSERT INTO account (code, type, currency, sign) VALUES ('2310.S0412', 'L', 'CNY',"
               " -1), ('2020.7', 'L', 'CNY', -1) ON CONFLICT DO NOTHING")  # fmt: skip
        change("BEGIN")
        for code, side in (("2020.7", 1), ("2310.S0412", -1)):
            change("INSERT INTO entry (journal_id, account_id, layer, side, amount)"
                   " SELECT ?, id, 1, ?, ? FROM account WHERE code = ?",
                   (day, side, minor, code))  # fmt: skip
        change("INSERT INTO journal (id, idem, req_hash, kind, ref, phase, effective, at_s, actor,"
               " memo) VALUES (?, ?, x'00', 'redeemed', 'ref', 'posted', ?, 0, 'test', ?)",
               (day, key, day, f"S0412-K1/1/{key}"))  # fmt: skip
        change("COMMIT")
    close_hub()


def test_a_statement_leads_from_opening_to_closing(shop: Hub) -> None:
    earned(shop)
    told = shop.do("statement", "S0412", "--from", "2026-04-11", "--to", "2026-04-30")
    lines = [line.split() for line in told.splitlines()]
    assert lines[0] == ["Statement", "of", "S0412,", "CNY"]
    assert [line[-1] for line in lines[1:]] == ["88.00", "15.00", "103.00"]
    dates = ("--from", "2026-04-01", "--to", "2026-04-30")
    found = json.loads(shop.do("statement", "S0412", *dates, "--json"))
    assert (found["opening"], found["closing"]) == (0, 10300)
    assert [line["change"] for line in found["lines"]] == [8800, 1500]


def test_people_and_keys_are_shown_their_secret_once(hub: Hub) -> None:
    told = hub.do("people", "add", "wang", "--role", "finance")
    password = told.split(" is ")[1].split(". ")[0]
    key = hub.do("api-key", "erp", "--role", "finance").strip()
    assert login.person_with_password("wang", password) is not None
    assert login.role_of_api_key(key) == "finance"
    content: Any = (hub.directory / "hub.db").read_bytes()
    assert key.encode() not in content
    assert password.encode() not in content


@pytest.mark.postgres
def test_the_same_commands_work_on_a_server(postgres_database: Database, tmp_path: Path) -> None:
    close_hub()
    hub = Hub(tmp_path / "hub", f"database={postgres_database.dsn}")
    hub.do("init")
    for command in (STORE, LUNCH):
        hub.do(*command)
    assert verify_signature(hub.do(*ISSUE).strip(), hub.trust()).product == 7
    assert hub.do("audit").splitlines()[-1] == "2 journals, 4 entries: sound"
    assert hub.do("units", "invite", "--store", "S0412").count("-") == 2
    assert not (hub.directory / "hub.db").exists()


# --- payment channels ----------------------------------------------------------------------------


def connect(hub: Hub, channel: Served) -> None:
    """Give the hub the merchant's files of a simulator."""
    shutil.copytree(channel.settings_file.parent, hub.directory, dirs_exist_ok=True)


def test_without_settings_there_are_no_channels(hub: Hub) -> None:
    assert hub.do("channels", "list") == f"There is no {hub.directory / 'channels.toml'}.\n"
    assert "not in use" in hub.fail("channels", "refresh-certificates")


def test_the_channels_in_use_are_listed(hub: Hub, channel: Served) -> None:
    connect(hub, channel)
    wechat, alipay, bank = hub.do("channels", "list").splitlines()
    assert wechat.split()[:2] == ["wechat-pay", channel.url]
    assert channel.world.keys.public_key.serial in wechat
    assert alipay.split() == ["alipay", f"{channel.url}/gateway.do", "certificates"]
    assert bank.split() == ["bank-file", "模拟商户有限公司,", "gbk"]
    assert ACCOUNT not in bank


def test_certificates_are_downloaded_once(hub: Hub, channel: Served) -> None:
    channel.clock.at_s = now_s()
    channel.world.keys.announce(channel.clock())
    channel.world.keys.switch()
    channel.world.keys.retire()
    connect(hub, channel)
    serial = channel.world.keys.signing.serial
    assert hub.do("channels", "refresh-certificates") == f"1 new: {serial}\n"
    assert hub.do("channels", "refresh-certificates") == "Nothing new.\n"
    assert serial in hub.do("channels", "list")


def test_a_channel_that_is_away_is_said_in_a_sentence(hub: Hub, channel: Served) -> None:
    channel.set("base_url", '"http://127.0.0.1:1"')
    connect(hub, channel)
    assert "connection broke" in hub.fail("channels", "refresh-certificates")


def test_a_wrong_setting_of_a_channel_stops_the_hub_with_a_sentence(hub: Hub) -> None:
    (hub.directory / "channels.toml").write_text('[wechat_pay]\nmch_id = "SECRET"\n')
    said = hub.fail("channels", "list")
    assert "wechat_pay" in said
    assert "SECRET" not in said


def test_where_a_voucher_of_the_shop_is_good_is_said_by_a_command(shop: Hub) -> None:
    open_database("", shop.directory / "hub.db")
    HUB.connect(reuse_if_open=True)
    fill_shelf()
    close_hub()
    command = ("catalogue", "voucher-terms")
    said = shop.do(*command, "LUNCH-1", "--group", "3", "--dynamic", "--online-only")
    assert said == "LUNCH-1: store group 3, from a phone alone, with a network alone\n"
    assert shop.do(*command, "LUNCH-1") == "LUNCH-1: every store\n"
    assert "no such store group" in shop.fail(*command, "LUNCH-1", "--group", "9")
    assert "voucher of ours" in shop.fail(*command, "KEY-50")
