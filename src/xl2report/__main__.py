"""``xl2report`` and ``python -m xl2report``: the command line; its version is told before anything of it is imported."""

import sys

from xl2report import __version__


def main() -> int:
    """Run the command line; returns the exit status."""
    if sys.argv[1:] == ["--version"]:
        print(f"xl2report {__version__}")
        return 0
    from xl2report.cli import main as run

    return run()


if __name__ == "__main__":
    sys.exit(main())
