"""What a unit and the hub agree on: bytes, names and rules, version "VX1".

Pure code: the standard library, ``cryptography``, ``cbor2`` and ``pyotp``. No clock, no disk,
no network, no logging: a function here gives the same answer for the same arguments, on the
unit, at the hub and in a test. It is the only part of ``edge`` that ``central`` may import
(docs/decisions/0003).

Read in this order:

    ids, money, canonical     the smallest parts
    cose, signed              signatures around them
    voucher_token, cwt        the voucher itself, and its export for others
    scan                      from what a scanner delivers to one of three kinds of scan
    dynamic_code, handle      codes that rotate
    keys                      who may sign, and the ladder of secrets
    status, policy            what was revoked, and how much may be risked offline
    bundle, receipt_template  products and handles; what a receipt says
    journal_entry             what happened, chained and signed
    sync_message, enrolment   how the two talk
    grant, lease              the hub's word for one sale, by phone; value lent to one unit
    correction                what headquarters has given back
    http_signature            who is asking
    refusal, problem          how a "no" is said

``docs/reference/contract.md`` says the same for somebody who writes a verifier in another
language; the vectors under ``tests/contract/vectors/`` hold both to it.
"""

VERSION = 1
"""The version of this contract that new messages carry; the hub accepts N and N-1."""
