"""Facts from the units, and what they led to."""

from __future__ import annotations

from peewee import (
    AutoField,
    BigIntegerField,
    BlobField,
    CompositeKey,
    IntegerField,
    SmallIntegerField,
    TextField,
)

from central.foundation.db.engine import Table


class RedemptionEntry(Table):
    """One entry of a unit's journal. ``entry`` is what the unit signed for.

    ``covered`` is how much of its amount the voucher's value covers, and is what stands in the
    ledger; ``posted`` counts how often it was posted, for a late fact may change it.
    """

    unit_id = TextField()
    epoch = BigIntegerField()
    seq = BigIntegerField()
    hash = BlobField()
    entry = BlobField()
    kind = SmallIntegerField(null=True)
    voucher_id = BigIntegerField(null=True)
    amount = BigIntegerField(null=True)
    mode = SmallIntegerField(null=True)
    reason = TextField(null=True)
    wall_s = BigIntegerField(null=True)
    voids_epoch = BigIntegerField(null=True)
    voids_seq = BigIntegerField(null=True)
    request = BlobField(null=True)
    evidence = BlobField(null=True)
    outcome = TextField()
    outcome_reason = TextField(default="")
    covered = BigIntegerField(default=0)
    posted = IntegerField(default=0)
    received_at_s = BigIntegerField()

    class Meta:
        """Peewee's settings."""

        table_name = "redemption_entry"
        primary_key = CompositeKey("unit_id", "epoch", "seq")


class ForkedEntry(Table):
    """An entry that claims a place which another entry has: kept, never applied."""

    unit_id = TextField()
    epoch = BigIntegerField()
    seq = BigIntegerField()
    hash = BlobField()
    entry = BlobField()
    received_at_s = BigIntegerField()

    class Meta:
        """Peewee's settings."""

        table_name = "forked_entry"
        primary_key = CompositeKey("unit_id", "epoch", "seq", "hash")


class ReservationRow(Table):
    """Part of a voucher that a unit was promised; worth nothing once it has expired."""

    unit_id = TextField()
    request = BlobField()
    voucher_id = BigIntegerField()
    amount = BigIntegerField()
    expires_at_s = BigIntegerField()

    class Meta:
        """Peewee's settings."""

        table_name = "reservation"
        primary_key = CompositeKey("unit_id", "request")


class GrantGiven(Table):
    """What a phone was given for one sale of one unit; a trigger keeps it as it is."""

    unit_id = TextField()
    request = BlobField()
    voucher_id = BigIntegerField()
    amount = BigIntegerField()
    digest = BlobField()
    given_at_s = BigIntegerField()
    expires_at_s = BigIntegerField()
    remaining = BigIntegerField()

    class Meta:
        """Peewee's settings."""

        table_name = "grant_given"
        primary_key = CompositeKey("unit_id", "request")


class LeaseRow(Table):
    """Value that is lent to one unit; triggers see to it that nothing is promised twice."""

    id = BlobField(primary_key=True)
    unit_id = TextField()
    voucher_id = BigIntegerField()
    amount = BigIntegerField()
    given_by = TextField()
    given_at_s = BigIntegerField()
    expires_at_s = BigIntegerField()
    given_n = BigIntegerField()
    recalled_n = BigIntegerField(null=True)
    recalled_by = TextField(null=True)
    closed_at_s = BigIntegerField(null=True)
    closed_n = BigIntegerField(null=True)
    closed_how = TextField(null=True)
    closed_by = TextField(null=True)
    reason = TextField(null=True)

    class Meta:
        """Peewee's settings."""

        table_name = "lease"


class CorrectionRow(Table):
    """What headquarters has given back of one acceptance; triggers keep it within what was taken,
    and as it is."""

    id = AutoField()
    unit_id = TextField()
    epoch = BigIntegerField()
    seq = BigIntegerField()
    voucher_id = BigIntegerField()
    amount = BigIntegerField()
    reason = TextField()
    corrected_by = TextField()
    at_s = BigIntegerField()
    n = BigIntegerField()

    class Meta:
        """Peewee's settings."""

        table_name = "correction"


class ConflictRow(Table):
    """A redemption of which ``excess`` lies beyond its voucher's value."""

    unit_id = TextField()
    epoch = BigIntegerField()
    seq = BigIntegerField()
    voucher_id = BigIntegerField()
    excess = BigIntegerField()
    state = TextField()
    opened_at_s = BigIntegerField()

    class Meta:
        """Peewee's settings."""

        table_name = "conflict"
        primary_key = CompositeKey("unit_id", "epoch", "seq")


class ConflictCase(Table):
    """What becomes of such a redemption as money. ``excess`` is in the voucher's own measure.

    An entry has at most one that was not withdrawn, which an index sees to; ``times`` numbers
    them. What it is about, and what was decided, a trigger keeps as it is.
    """

    id = AutoField()
    unit_id = TextField()
    epoch = BigIntegerField()
    seq = BigIntegerField()
    times = IntegerField()
    store_id = TextField()
    voucher_id = BigIntegerField()
    excess = BigIntegerField()
    excess_minor = BigIntegerField()
    currency = TextField()
    state = TextField()
    outcome = TextField(null=True)
    agent = TextField(null=True)
    reason = TextField(null=True)
    opened_at_s = BigIntegerField()
    decide_until_s = BigIntegerField()
    closed_at_s = BigIntegerField(null=True)
    closed_by = TextField(null=True)
    claim_journal_id = BigIntegerField()
    outcome_journal_id = BigIntegerField(null=True)
    withdrawn_at_s = BigIntegerField(null=True)

    class Meta:
        """Peewee's settings."""

        table_name = "conflict_case"
