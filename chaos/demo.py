"""The demo in a place of its own: `python -m chaos.demo DIRECTORY PORT`."""

from __future__ import annotations

import sys
from pathlib import Path

from core.demo.command import run
from core.demo.layout import Layout

if __name__ == "__main__":
    sys.exit(run(port=int(sys.argv[2]), reset=True, layout=Layout(var=Path(sys.argv[1]))))
