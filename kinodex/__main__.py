"""``python -m kinodex``."""

from kinodex.cli.app import main

main()
