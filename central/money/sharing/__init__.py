"""Who earns what on a sale: instant in the ledger, held until the refund window has passed."""
