"""``python -m edge`` is ``tearoff-unit``."""

from edge.cli import main

main()
