"""Messages that go out once the transaction that wrote them has committed; never before, never
lost.

``put`` writes a row in the caller's transaction. A courier takes it (a lease), hands it to the
handler of its kind outside of any transaction, and notes what came of it. A courier that dies
after the handing over hands it over again: handlers know a message by its key. One that nobody
can deliver waits ever longer (``when.LADDER_S``) while others pass it, and ends as dead, with an
alert, until a person sends it again.
"""

from __future__ import annotations

import json
import logging
import secrets
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from central.errors import HubError, KeyReused, NotFound
from central.foundation.db.engine import change, money_transaction, rows
from central.foundation.jobs import alerts
from central.foundation.jobs.when import wait_s
from central.foundation.language.said import Saying, kept, of_kept, sentence_of, why

log = logging.getLogger(__name__)

LEASE_S = 120
"""Longer than a handler may take."""
DEAD = "message-dead"


class Undeliverable(Exception):
    """A message that no later try will deliver: the address does not exist, the body is refused."""


class Message(NamedTuple):
    """A message.

    Args:
        key: What it is, within its kind: a second one of the same key is the same message.
        tries: How often it was handed over before; what came of those may be unknown.
    """

    id: int
    kind: str
    key: str
    body: Mapping[str, Any]
    tries: int = 0


Handler = Callable[[Message], None]
"""Delivers a message. Raises Undeliverable if no later try can; any other error is tried again."""


class MessageView(NamedTuple):
    """A message as it stands; its body may be private and is not in it."""

    id: int
    kind: str
    key: str
    state: str
    attempts: int
    next_at_s: int
    said: str
    put_at_s: int


def put(kind: str, key: str, body: Mapping[str, Any], at_s: int) -> None:
    """Have a message delivered, once this transaction has committed.

    Raises:
        KeyReused: the key was used for another body.
    """
    text = json.dumps(body, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    change(
        "INSERT INTO outbox (kind, key, body, state, attempts, next_at_s, lease_until_s, said,"
        " put_at_s) VALUES (?, ?, ?, 'waiting', 0, ?, 0, '', ?) ON CONFLICT (kind, key) DO NOTHING",
        (kind, key, text, at_s, at_s),
    )
    [(there,)] = rows("SELECT body FROM outbox WHERE kind = ? AND key = ?", (kind, key))
    if there != text:
        raise KeyReused(f"The message {kind} {key} is there with another content.")


class Courier:
    """Delivers what is due. Several may run at once, in several processes.

    Args:
        handlers: By kind; a message whose kind is not here waits.
    """

    def __init__(self, handlers: Mapping[str, Handler], now_s: Callable[[], int]) -> None:
        self._handlers = handlers
        self._now_s = now_s

    def run_due(self, most: int = 1000) -> int:
        """Deliver what is due now; return how many tries were made."""
        for done in range(most):
            if not self.step():
                return done
        return most

    def step(self) -> bool:
        """Try one message; False if none is due."""
        taken = self._take()
        if taken is None:
            return False
        message, lease, attempts = taken
        said, is_sent, is_over = self._hand_over(message)
        money_transaction(
            lambda: self._note(message, lease, attempts, said, is_sent=is_sent, is_over=is_over)
        )
        return True

    def _take(self) -> tuple[Message, str, int] | None:
        if not self._handlers:
            return None
        lease, at_s = secrets.token_hex(8), self._now_s()
        kinds = ", ".join("?" for _ in self._handlers)
        due = (
            "(state = 'waiting' AND next_at_s <= ? OR state = 'sending' AND lease_until_s <= ?)"
            f" AND kind IN ({kinds})"
        )
        values = (at_s, at_s, *self._handlers)
        if not rows(f"SELECT 1 FROM outbox WHERE {due} LIMIT 1", values):  # noqa: S608 - marks only
            return None
        taken = money_transaction(
            lambda: rows(
                "UPDATE outbox SET state = 'sending', attempts = attempts + 1, lease = ?,"  # noqa: S608 - marks only
                " lease_until_s = ? WHERE id = (SELECT id FROM outbox"
                f" WHERE {due} ORDER BY next_at_s, id LIMIT 1) AND {due}"
                " RETURNING id, kind, key, body, attempts",
                (lease, at_s + LEASE_S, *values, *values),
            )
        )
        if not taken:
            return None
        [(number, kind, key, body, attempts)] = taken
        return Message(number, kind, key, json.loads(body), attempts - 1), lease, attempts

    def _hand_over(self, message: Message) -> tuple[str, bool, bool]:
        """Return what came of it: in words, whether it was sent, whether no try is left to make."""
        try:
            self._handlers[message.kind](message)
        except Undeliverable as exc:
            return sentence_of(exc), False, True
        except HubError as exc:
            return why(exc), False, False
        except Exception:  # a worker's loop: noted, and tried again later
            log.exception("message %s %s", message.kind, message.key)
            return Saying("broke-off"), False, False
        return "", True, True

    def _note(
        self, message: Message, lease: str, attempts: int, said: str, *,
        is_sent: bool, is_over: bool,
    ) -> None:  # fmt: skip
        at_s = self._now_s()
        wait = None if is_over else wait_s(attempts)
        state = "sent" if is_sent else "dead" if wait is None else "waiting"
        is_ours = rows(
            "UPDATE outbox SET state = ?, said = ?, next_at_s = ?, done_at_s = ?, lease = NULL,"
            " lease_until_s = 0 WHERE id = ? AND lease = ? RETURNING id",
            (state, kept(said), at_s + (wait or 0),
             None if state == "waiting" else at_s, message.id, lease),
        )  # fmt: skip
        if not is_ours:
            log.warning("message %s %s is another courier's by now", message.kind, message.key)
        elif state == "dead":
            alerts.tell(DEAD, f"{message.kind} {message.key}", said, at_s)


def send_again(message_id: int, at_s: int) -> None:
    """Give a dead message all its tries again.

    Raises:
        NotFound: there is no dead message of this number.
    """

    def work() -> None:
        found = rows(
            "UPDATE outbox SET state = 'waiting', attempts = 0, next_at_s = ?, done_at_s = NULL"
            " WHERE id = ? AND state = 'dead' RETURNING kind, key",
            (at_s, message_id),
        )
        if not found:
            raise NotFound(Saying("no-dead-message", number=message_id))
        alerts.clear(DEAD, " ".join(found[0]), at_s)

    money_transaction(work)


def counts() -> dict[str, int]:
    """Return how many messages there are in each state that has any."""
    return dict(rows("SELECT state, count(*) FROM outbox GROUP BY state"))


def messages(state: str | None = None, limit: int = 200) -> list[MessageView]:
    """Return the newest messages, of one state or of all that were not sent."""
    where = "state <> 'sent'" if state is None else "state = ?"
    found = rows(
        "SELECT id, kind, key, state, attempts, next_at_s, said, put_at_s FROM outbox"  # noqa: S608 - constants only
        f" WHERE {where} ORDER BY id DESC LIMIT ?",
        (limit,) if state is None else (state, limit),
    )
    return [MessageView(*row)._replace(said=of_kept(row[6])) for row in found]
