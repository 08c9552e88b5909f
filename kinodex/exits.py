"""What a command ends with."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from workflows.report import Totals

EXIT_SOME_FAILED = 3
EXIT_NOT_RECONCILED = 4
EXIT_STOPPED = 5


def exit_code(totals: Totals) -> int:
    """The exit status of a job: 0 all done, 3 some failed, 4 the counts do not add up, 5 a budget stopped it."""
    if not totals.reconciled:
        return EXIT_NOT_RECONCILED
    if totals.postponed:
        return EXIT_STOPPED
    return EXIT_SOME_FAILED if totals.failed or totals.quarantined else 0
