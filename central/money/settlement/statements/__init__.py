"""One statement a store and business day: drawn up, issued and sealed, answered, proven."""
