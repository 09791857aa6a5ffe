"""Rule sets, what was shared, and what everybody earns of it."""

from __future__ import annotations

from peewee import BigIntegerField, CompositeKey, IntegerField, TextField

from central.foundation.db.engine import Table


class SharingRule(Table):
    """One version of the rule set of a scope. Triggers refuse to change one that was used.

    ``answered_for``: why it goes beyond what is usual, in the words of who drafted it.
    """

    scope = TextField()
    version = IntegerField()
    body = TextField()
    note = TextField()
    answered_for = TextField()
    state = TextField()
    from_s = BigIntegerField(null=True)
    drafted_by = TextField()
    drafted_at_s = BigIntegerField()
    activated_by = TextField(null=True)

    class Meta:
        """Peewee's settings."""

        table_name = "sharing_rule"
        primary_key = CompositeKey("scope", "version")


class SharedSale(Table):
    """A sale that was shared. ``snapshot`` is all that is needed to work it out again.

    ``kind``: an order; a promise, of which agents earn as it is used up; or a redemption, which
    uses up part of the promise it names. ``left_minor`` is what was not undone, or not used.
    """

    ref = TextField(primary_key=True)
    kind = TextField()
    promise = TextField(null=True)
    currency = TextField()
    minor = BigIntegerField()
    left_minor = BigIntegerField()
    scope = TextField(null=True)
    version = IntegerField(null=True)
    snapshot = TextField()
    shared_at_s = BigIntegerField()

    class Meta:
        """Peewee's settings."""

        table_name = "shared_sale"


class CommissionRow(Table):
    """What one agent earns of one sale; one row of each. See the migration for what guards it."""

    sale = TextField()
    agent = TextField()
    place = IntegerField()
    minor = BigIntegerField()
    kept_minor = BigIntegerField()
    state = TextField()
    release_at_s = BigIntegerField()
    released_at_s = BigIntegerField(null=True)

    class Meta:
        """Peewee's settings."""

        table_name = "commission"
        primary_key = CompositeKey("sale", "agent")


class ClawedBack(Table):
    """What was taken back for one refund, as JSON, so that a repetition gets the same answer."""

    refund = TextField(primary_key=True)
    sale = TextField()
    minor = BigIntegerField()
    taken = TextField()
    at_s = BigIntegerField()

    class Meta:
        """Peewee's settings."""

        table_name = "clawed_back"
