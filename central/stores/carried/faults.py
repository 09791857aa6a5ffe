"""Why a file that somebody carried here is not taken, in a sentence each."""

from __future__ import annotations

from central.errors import FileRefused
from central.foundation.language.words import N_
from edge.contract.bundle_file import FileFault

SENTENCES: dict[FileFault, str] = {
    FileFault.NOT_A_FILE: N_("This is not a journal of a unit, or one of a later version."),
    FileFault.CUT_OFF: N_("The file is cut off. Copy it again from the unit."),
    FileFault.ALTERED: N_("The file was altered on its way, or sealed for another hub."),
    FileFault.NOT_SIGNED: N_("The file was not signed by the unit that it names."),
    FileFault.OTHER_ISSUER: N_("The file is for another company's hub."),
    FileFault.OTHER_UNIT: N_("The file is another unit's."),
    FileFault.OLDER: N_("A newer file was taken before."),
}


def refused(fault: FileFault) -> FileRefused:
    """Return the error for a fault; ``fault`` is its stable name."""
    return FileRefused(SENTENCES[fault], fault=str(fault))
