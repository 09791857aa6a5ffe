"""Write the pages, or check them."""

from __future__ import annotations

import sys

from tests.tidy import reference

if "--check" in sys.argv:
    names = reference.stale()
    sys.stdout.write("".join(f"stale: {name}\n" for name in names))
    sys.exit(1 if names else 0)
reference.write()
