"""Statements, their lines, disputes and fee models. What is sealed, migration 0008 seals."""

from __future__ import annotations

from peewee import (
    BigIntegerField,
    BlobField,
    BooleanField,
    CompositeKey,
    IntegerField,
    TextField,
)

from central.foundation.db.engine import Table


class StatementRow(Table):
    """One statement of a store; one a business day, and at most one of them is a draft.

    ``payout_no`` is set when a payout takes it, so that no other one does.
    """

    no = TextField(primary_key=True)
    store_id = TextField()
    n = IntegerField()
    day = IntegerField()
    currency = TextField()
    state = TextField()
    opening = BigIntegerField()
    gross = BigIntegerField()
    fee = BigIntegerField()
    net = BigIntegerField()
    due = BigIntegerField()
    closing = BigIntegerField()
    volume_before = BigIntegerField()
    fee_version = IntegerField()
    drawn_up_at_s = BigIntegerField()
    fee_journal_id = BigIntegerField(null=True)
    prev_hash = BlobField(null=True)
    hash = BlobField(null=True)
    issued_at_s = BigIntegerField(null=True)
    answer_until_s = BigIntegerField(null=True)
    answered_at_s = BigIntegerField(null=True)
    answered_by = TextField(null=True)
    reason = TextField(null=True)
    payable_at_s = BigIntegerField(null=True)
    payout_no = TextField(null=True)
    paid_at_s = BigIntegerField(null=True)

    class Meta:
        """Peewee's settings."""

        table_name = "statement"


class LineRow(Table):
    """One line; a journal stands on one line of its store, a disputed line is settled on one."""

    statement_no = TextField()
    n = IntegerField()
    store_id = TextField()
    kind = TextField()
    business_day = IntegerField()
    is_late = BooleanField()
    at_s = BigIntegerField()
    final_after_s = BigIntegerField(null=True)
    scope = IntegerField(null=True)
    entry = TextField(default="")
    voucher = TextField(default="")
    gross = BigIntegerField()
    fee = BigIntegerField()
    net = BigIntegerField()
    due = BigIntegerField()
    journal_id = BigIntegerField(null=True)
    settles = TextField(default="")

    class Meta:
        """Peewee's settings."""

        table_name = "statement_line"
        primary_key = CompositeKey("statement_no", "n")


class DisputedLine(Table):
    """A line that its store does not agree with, until ``settled_at_s``."""

    statement_no = TextField()
    n = IntegerField()
    due = BigIntegerField()
    reason = TextField()
    opened_at_s = BigIntegerField()
    opened_by = TextField()
    settled_at_s = BigIntegerField(null=True)
    settled_by = TextField(null=True)
    note = TextField(null=True)

    class Meta:
        """Peewee's settings."""

        table_name = "disputed_line"
        primary_key = CompositeKey("statement_no", "n")


class FeeModelRow(Table):
    """A version of what a store pays. ``tiers`` is JSON: rows of volume and parts per million."""

    store_id = TextField()
    version = IntegerField()
    first_day = IntegerField()
    currency = TextField()
    fixed_minor = BigIntegerField()
    tiers = TextField()
    set_at_s = BigIntegerField()
    set_by = TextField()

    class Meta:
        """Peewee's settings."""

        table_name = "fee_model"
        primary_key = CompositeKey("store_id", "version")


class SettledThrough(Table):
    """How far a store's days have been gone through.

    Every entry of its account with a number up to ``entry_id`` stands on an issued statement.
    """

    store_id = TextField(primary_key=True)
    day = IntegerField()
    entry_id = BigIntegerField()

    class Meta:
        """Peewee's settings."""

        table_name = "settled_through"
