"""Why a file is not taken, in a sentence each."""

from __future__ import annotations

from edge.contract.bundle_file import FileFault
from edge.errors import N_, FileRefused

SENTENCES: dict[FileFault, str] = {
    FileFault.NOT_A_FILE: N_("This is not a bundle file, or one of a later version."),
    FileFault.CUT_OFF: N_("The file is cut off. Copy it again, and wait until it is written."),
    FileFault.ALTERED: N_("The file was altered on its way. Fetch it again from headquarters."),
    FileFault.NOT_SIGNED: N_("The file was not signed by headquarters."),
    FileFault.OTHER_ISSUER: N_("The file is from another company's headquarters."),
    FileFault.OTHER_UNIT: N_("The file is for another unit; its name begins with that unit's."),
    FileFault.OLDER: N_("This unit knows something newer. Fetch a new file from headquarters."),
}


def refused(fault: FileFault) -> FileRefused:
    """Return the error for a fault; ``fault`` is its stable name."""
    return FileRefused(SENTENCES[fault], fault=str(fault))
