"""``python -m kinodex``, and the `kinodex` script."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command line; Ctrl-C while modules are still being loaded ends it without a traceback, too."""
    try:
        from kinodex.cli.app import main as run

        run()
    except KeyboardInterrupt:
        from kinodex.exits import EXIT_INTERRUPTED

        print("interrupted", file=sys.stderr)
        sys.exit(EXIT_INTERRUPTED)


if __name__ == "__main__":
    main()
