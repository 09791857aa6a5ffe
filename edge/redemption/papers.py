"""What a paper that is owed says: a receipt from the journal, or a key paper."""

from __future__ import annotations

from edge.bundles.store import BundleStore
from edge.contract.journal_entry import EntryKind
from edge.journal.store import Journal, Recorded
from edge.receipt.document import Document, OpenDrawer, Shop, Stub, Translate, receipt
from edge.receipt.key_papers import KeyPapers, key_document
from edge.receipt.spool import Job


class Papers:
    """Makes the documents of print jobs.

    Args:
        opens_drawer: Whether the original of an acceptance's receipt opens the cash drawer.
    """

    def __init__(
        self, journal: Journal, bundles: BundleStore, key_papers: KeyPapers,
        translate: Translate, *, opens_drawer: bool = False,
    ) -> None:  # fmt: skip
        self._journal = journal
        self._bundles = bundles
        self._key_papers = key_papers
        self._translate = translate
        self._opens_drawer = opens_drawer

    def document(self, job: Job) -> Document | None:
        """Return what a paper says; None if there is nothing to print of it any more."""
        recorded = self._journal.get(job.epoch, job.seq)
        word = self._bundles.word
        if recorded is None or word is None:
            return None
        if job.key_paper:
            key_paper = self._key_papers.read(job)
            words = (self._translate(locale, "COPY") for locale in word.template.locales)
            title = f"{' '.join(dict.fromkeys(words))} {job.copy}" if job.copy else ""
            return key_document(key_paper, f"{recorded.entry.ref}", title) if key_paper else None
        who = word.enrolment
        shop = Shop(who.store_name, who.currency, who.timezone)
        stub = stub_of(recorded, self._bundles)
        stub = stub._replace(is_part=self._is_part(recorded))
        document = receipt(stub, shop, word.template, self._translate, copy=job.copy)
        # Never with a copy: the original may have opened it, and whoever only wants another
        # receipt is not to get at the money.
        opens = self._opens_drawer and job.copy == 0
        if opens and recorded.entry.kind is EntryKind.REDEMPTION:
            return (OpenDrawer(), *document)
        return document

    def _is_part(self, recorded: Recorded) -> bool:
        """Say whether this takes only a part of an acceptance back."""
        entry = recorded.entry
        accepted = self._journal.get(*entry.voids) if entry.voids else None
        return accepted is not None and accepted.entry.amount != entry.amount


def stub_of(recorded: Recorded, bundles: BundleStore) -> Stub:
    """Return what was torn off, with the product that the catalogue has for it now."""
    entry, digest, notes = recorded
    products = bundles.word.catalogue.products if bundles.word else {}
    product = products.get(notes.product) if notes.product is not None else None
    return Stub(entry, digest, product, notes.worth_minor, notes.remaining)
