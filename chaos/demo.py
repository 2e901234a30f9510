"""The demo in a place of its own: `python -m chaos.demo DIRECTORY PORT`."""

from __future__ import annotations

import sys
from pathlib import Path

from core.demo.command import run
from core.demo.layout import Layout

# The machine may be busy with other work, and what is measured here is not how quick it is.
PATIENCE_SECONDS = 900.0

if __name__ == "__main__":
    where = Layout(var=Path(sys.argv[1]))
    sys.exit(run(port=int(sys.argv[2]), reset=False, layout=where, patience=PATIENCE_SECONDS))
