"""``python -m central`` is ``tearoff-hub``."""

from central.cli import main

main()
