"""How well tagging does, by what people judged: measured, and as a chart or a page in a file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from kinodex.exports.places import refuse_existing, write_whole
from stores.core.errors import UsageError

if TYPE_CHECKING:
    from kinodex.schemas.tagging.report import TagReportDocument
    from stores.library_store import LibraryStore

_SUFFIXES = {"chart": (".svg",), "page": (".html", ".htm")}


def tag_report(store: LibraryStore, limit: int = 20) -> TagReportDocument:
    """Measure a library by what people judged in it.

    Args:
        limit: tags, and names, of each list.
    """
    from kinodex.schemas.tagging.report import tag_report as document
    from workflows.evaluation.tag_report import tag_report as measured

    return document(measured(store, limit))


def check_files(chart: Path | None, page: Path | None, force: bool = False) -> None:
    """Refuse places to write to before work begins.

    Raises:
        UsageError: USAGE for another suffix than ``.svg`` and ``.html``; CONFLICT if a file is there and ``force`` is
            not set.
    """
    for path, kind in ((chart, "chart"), (page, "page")):
        if path is not None:
            if path.suffix.lower() not in _SUFFIXES[kind]:
                hint = f"Give the file the suffix {_SUFFIXES[kind][0]}."
                raise UsageError("USAGE", f"{path} is no place for the {kind}.", hint)
            refuse_existing(path, force)


def write_files(report: TagReportDocument, chart: Path | None, page: Path | None, force: bool = False) -> None:
    """Write the reliability chart, and the whole report as a page, each whole or not at all.

    Raises:
        UsageError: as `check_files`; USAGE if a file cannot be written.
        StoreError: DISK_FULL.
    """
    from kinodex.charts.reliability import reliability_svg
    from kinodex.charts.report_page import report_page

    check_files(chart, page, force)
    if chart is not None:
        judged = sum(one.cases for one in report.calibration.bins)
        note = f"{judged} judged tags; on the dashed line a confidence is what it says"
        svg = reliability_svg(report.calibration.bins, "Reliability of confidences", note)
        write_whole(chart, svg.encode("utf-8", "replace"), force)
    if page is not None:
        write_whole(page, report_page(report).encode("utf-8", "replace"), force)
