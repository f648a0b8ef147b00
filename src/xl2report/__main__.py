"""``python -m xl2report``: the command line."""

import sys

from xl2report.cli import main

sys.exit(main())
