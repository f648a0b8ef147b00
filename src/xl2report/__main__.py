"""``xl2report`` and ``python -m xl2report``: the command line; its version is told before anything of it is imported."""

import os
import sys
from typing import NoReturn

from xl2report import __version__


def main() -> NoReturn:
    """Run the command line and end the process."""
    if sys.argv[1:] == ["--version"]:
        print(f"xl2report {__version__}")
        sys.exit(0)
    import gc

    from xl2report.cli import main as run

    gc.set_threshold(100_000, 50, 50)  # a command lives for a moment: looking for cycles in it is in vain
    status = run()
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except OSError:  # whoever read has gone
        pass
    # every file is on the disk; to take half a million objects apart one by one takes a tenth of the whole time
    os._exit(status)


if __name__ == "__main__":
    main()
