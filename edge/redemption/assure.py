"""Who stands behind an acceptance: the first guarantor with an answer, else this unit alone.

Pure but for the guarantors, so that the preview of a policy runs it without a unit.
"""

from __future__ import annotations

from collections.abc import Sequence

from edge.contract.policy import Mode, Policy
from edge.contract.refusal import Refusal
from edge.redemption.ports import Assurance, Claim, Guarantor


def assurance_for(
    claim: Claim, policy: Policy | None, guarantors: Sequence[Guarantor]
) -> Assurance:
    """Return the first word that the policy lets count; alone if nobody has one.

    A hub that has lent what is asked for says so, and only a lease can overrule that: whoever
    else would, does not know of it.
    """
    is_lent: Assurance | None = None
    for guarantor in guarantors if policy else ():
        if is_lent and Mode.LEASE not in guarantor.modes:
            continue
        if policy and guarantor.modes & policy.modes:
            word = guarantor.assure(claim, policy)
            if word and word.refusal is Refusal.VALUE_LENT:
                is_lent = word
            elif word and word.mode in policy.modes:
                return word
    return is_lent or Assurance(Mode.SOLO)
