"""Stores, units, enrolments, alarms."""

from __future__ import annotations

from peewee import AutoField, BigIntegerField, BlobField, CompositeKey, IntegerField, TextField

from central.foundation.db.engine import Table


class Store(Table):
    """A shop. Its vouchers are those of its group and those of group 0."""

    id = TextField(primary_key=True)
    name = TextField()
    store_group = IntegerField()
    timezone = TextField()
    created_at_s = BigIntegerField()


class Unit(Table):
    """A till or kiosk. ``sign_key`` is what it is known by, for ever."""

    id = TextField(primary_key=True)
    store_id = TextField()
    sign_key = BlobField()
    seal_key = BlobField()
    hardware = TextField()
    state = TextField()
    enrolled_at_s = BigIntegerField()
    revoked_at_s = BigIntegerField(null=True)
    heard_at_s = BigIntegerField(null=True)
    health = TextField(default="{}")


class Enrolment(Table):
    """An invitation; it ends as a unit, or as nothing."""

    id = TextField(primary_key=True)
    code_hash = BlobField()
    store_id = TextField()
    state = TextField()
    invited_at_s = BigIntegerField()
    expires_at_s = BigIntegerField()
    sign_key = BlobField(null=True)
    seal_key = BlobField(null=True)
    commitment = BlobField(null=True)
    hub_nonce = BlobField(null=True)
    comparison_number = TextField(null=True)
    hardware = TextField(default="")
    unit_id = TextField(null=True)
    message = BlobField(null=True)


class UnitTail(Table):
    """How far the hub has one epoch of a unit's journal without a hole."""

    unit_id = TextField()
    epoch = BigIntegerField()
    seq = BigIntegerField()
    hash = BlobField()

    class Meta:
        """Peewee's settings."""

        table_name = "unit_tail"
        primary_key = CompositeKey("unit_id", "epoch")


class Alarm(Table):
    """What an operator has to look at."""

    id = AutoField()
    unit_id = TextField()
    kind = TextField()
    detail = TextField()
    at_s = BigIntegerField()


class PolicyRow(Table):
    """The policy of a store group, as JSON of ``Policy.to_body``'s names."""

    store_group = IntegerField(primary_key=True)
    body = TextField()
    changed_n = BigIntegerField()

    class Meta:
        """Peewee's settings."""

        table_name = "policy"


class ReceiptTemplateRow(Table):
    """The receipt template of a store group, as JSON."""

    store_group = IntegerField(primary_key=True)
    body = TextField()
    changed_n = BigIntegerField()

    class Meta:
        """Peewee's settings."""

        table_name = "receipt_template"
