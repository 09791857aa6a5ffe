"""What becomes of a voucher, and what the units are told of it: snapshots and deltas by shard."""

from __future__ import annotations

from collections.abc import Iterator

from central.errors import Conflict, NotFound
from central.foundation.db.engine import money_transaction, rows
from central.foundation.feed import next_change
from central.foundation.language.said import Saying
from central.stores.vouchers.tables import Shard, StatusChange, Voucher
from edge.contract import status
from edge.contract.ids import StatusIndex, VoucherId, voucher_id_text
from edge.contract.status import SHARD_BITS, SHARD_SIZE, Delta, Snapshot, Status
from edge.contract.status_block import BLOCK_PLACES_MAX, BLOCK_SHARDS_MAX, StatusBlock

SNAPSHOT_LIFE_S = 90 * 86400


def revoke(voucher_id: VoucherId) -> None:
    """Revoke a voucher for ever.

    Raises:
        NotFound: there is none; Conflict: it is revoked or used up already.
    """
    _move(voucher_id, Status.REVOKED, {Status.VALID, Status.SUSPENDED})


def suspend(voucher_id: VoucherId) -> None:
    """Suspend a voucher until ``redemptions.resume``."""
    _move(voucher_id, Status.SUSPENDED, {Status.VALID})


def change_status(voucher: Voucher, wanted: Status, allowed: set[Status]) -> bool:
    """Change a voucher's status if it has one of the allowed ones; say whether it was changed.

    Call it in the transaction of what causes it.
    """
    changed = (
        Voucher.update(status=int(wanted))
        .where(Voucher.id == voucher.id, Voucher.status << [int(s) for s in allowed])
        .execute()
    )
    if changed:
        index = int(voucher.status_index)
        StatusChange.create(
            shard=index >> SHARD_BITS,
            n=next_change(),
            place=index & (SHARD_SIZE - 1),
            status=int(wanted),
        )
    return bool(changed)


def repeat(shard: int) -> None:
    """Give a shard a new version without changing anything; call it in a transaction."""
    place, now = next(iter(_latest(shard, 0)), (0, Status.VALID))
    StatusChange.create(shard=shard, n=next_change(), place=place, status=int(now))


def snapshots(scopes: list[int], at_s: int) -> Iterator[Snapshot]:
    """Yield each shard of these groups in which anything is not valid."""
    for shard in Shard.select().where(Shard.scope << scopes).order_by(Shard.id):
        version = _version(shard.id, None)
        if version:
            bitmap = bytearray(status.BITMAP_BYTES)
            for place, now in _latest(shard.id, 0):
                status.put(bitmap, StatusIndex(place), now)
            yield Snapshot(shard.id, version, bytes(bitmap), at_s, at_s + SNAPSHOT_LIFE_S)


def deltas(scopes: list[int], since_n: int, at_s: int) -> Iterator[Delta]:
    """Yield what has changed in the shards of these groups after a change of the feed."""
    for shard in _shards_changed(scopes, since_n):
        changes: dict[Status, list[int]] = {}
        for place, now in _latest(shard, since_n):
            changes.setdefault(now, []).append(place)
        yield Delta(
            shard,
            _version(shard, since_n),
            _version(shard, None),
            at_s,
            {now: tuple(sorted(places)) for now, places in changes.items()},
        )


def blocks(  # noqa: PLR0913 - which shards, and since when
    scopes: list[int], since_n: int, now_n: int, at_s: int, *,
    first_shard: int = 0, below: int = 2**32, places_max: int = BLOCK_PLACES_MAX,
) -> Iterator[StatusBlock]:  # fmt: skip
    """Yield what is so (``since_n`` 0) or has changed since in the shards of these groups.

    It holds the places of one block at a time, however many vouchers there are.

    Args:
        now_n: The newest change of the feed.
        first_shard: Where to begin; ``below``: where to end, not included.
    """
    shards = _shards_of(scopes) if since_n == 0 else _shards_changed(scopes, since_n)
    from_version = _newest_change(scopes, since_n) if since_n else 0
    group: dict[int, dict[int, Status]] = {}
    places = 0

    def block() -> StatusBlock:
        return StatusBlock.of(
            group, from_version=from_version, to_version=now_n, issued_at_s=at_s,
            expires_at_s=at_s + SNAPSHOT_LIFE_S,
        )  # fmt: skip

    for shard in shards:
        if not first_shard <= shard < below:
            continue
        latest = dict(_latest(shard, since_n))
        if since_n == 0:
            latest = {place: now for place, now in latest.items() if now is not Status.VALID}
        if group and (len(group) == BLOCK_SHARDS_MAX or places + len(latest) > places_max):
            yield block()
            group, places = {}, 0
        group[shard] = latest
        places += len(latest)
    if group:
        yield block()


def move(voucher_id: VoucherId, wanted: Status, allowed: set[Status]) -> Voucher:
    """Change the status of a voucher by its id; call it in a transaction.

    Raises:
        NotFound: there is none; Conflict: its status is not one of the allowed ones.
    """
    voucher: Voucher | None = Voucher.get_or_none(Voucher.id == voucher_id)
    if voucher is None:
        raise NotFound(Saying("no-voucher", voucher=voucher_id_text(voucher_id)))
    if not change_status(voucher, wanted, allowed):
        now = Status(voucher.status).name.lower()
        raise Conflict(Saying("voucher-is", voucher=voucher_id_text(voucher_id), state=str(now)))
    return voucher


def _move(voucher_id: VoucherId, wanted: Status, allowed: set[Status]) -> None:
    money_transaction(lambda: move(voucher_id, wanted, allowed))


def _shards_changed(scopes: list[int], since_n: int) -> list[int]:
    marks = ", ".join("?" for _ in scopes)
    found = rows(
        "SELECT DISTINCT status_change.shard FROM status_change"  # noqa: S608 - marks only
        f" JOIN shard ON shard.id = status_change.shard WHERE n > ? AND scope IN ({marks})",
        (since_n, *scopes),
    )
    return sorted(int(shard) for (shard,) in found)


def _shards_of(scopes: list[int]) -> list[int]:
    query = Shard.select(Shard.id).where(Shard.scope << scopes).order_by(Shard.id)
    return [int(shard.id) for shard in query]


def _newest_change(scopes: list[int], up_to_n: int) -> int:
    """Return the newest change up to one of the feed: what a unit must have to go on from it."""
    return max((_version(shard, up_to_n) for shard in _shards_of(scopes)), default=0)


def _latest(shard: int, since_n: int) -> list[tuple[int, Status]]:
    found = rows(
        "SELECT place, status FROM status_change WHERE shard = ? AND n > ? ORDER BY n",
        (shard, since_n),
    )
    return list({int(place): Status(now) for place, now in found}.items())


def _version(shard: int, up_to_n: int | None) -> int:
    [(newest,)] = rows(
        "SELECT coalesce(max(n), 0) FROM status_change WHERE shard = ? AND n <= ?",
        (shard, 2**62 if up_to_n is None else up_to_n),
    )
    return int(newest)
