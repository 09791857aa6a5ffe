"""People and API keys."""

from __future__ import annotations

from peewee import AutoField, BigIntegerField, BlobField, BooleanField, TextField

from central.foundation.db.engine import Table


class Person(Table):
    """Somebody at headquarters. ``name`` is unique; the password is an argon2id hash."""

    id = AutoField()
    name = TextField()
    password_hash = TextField()
    role = TextField()
    active = BooleanField()
    created_at_s = BigIntegerField()


class ApiKey(Table):
    """A program that may ask. Only the key's SHA-256 is kept."""

    id = AutoField()
    name = TextField()
    key_hash = BlobField()
    role = TextField()
    created_at_s = BigIntegerField()
    agent = TextField(null=True)

    class Meta:
        """Peewee's settings."""

        table_name = "api_key"
