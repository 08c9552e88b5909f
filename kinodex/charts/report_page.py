"""The report about tagging as one HTML page, which loads nothing and runs no script."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

from kinodex.charts.reliability import reliability_svg
from kinodex.exports.wording import one_line
from kinodex.schemas.tagging.report import CountsDocument, ListedTag, TagList, TagReportDocument

SAMPLE = "People judge what review shows them first, not a random sample: shares are of what was judged."
"""What the numbers must not be taken for."""

_STYLE = """
:root{color-scheme:light dark;--ink:#1b1f24;--soft:#57606a;--line:#d8dee4;--paper:#fff;--card:#f6f8fa}
@media(prefers-color-scheme:dark){:root{--ink:#e6edf3;--soft:#9da7b3;--line:#30363d;--paper:#0d1117;--card:#161b22}}
*{box-sizing:border-box}
body{margin:0;font:16px/1.5 system-ui,sans-serif;color:var(--ink);background:var(--paper)}
main{max-width:1180px;margin:0 auto;padding:24px 16px 64px}
h1{font-size:1.6rem;margin:0 0 4px}h2{font-size:1.15rem;margin:36px 0 8px}
p{margin:4px 0;max-width:70ch}.soft{color:var(--soft)}
.cards{display:grid;grid-template-columns:repeat(auto-fit,minmax(150px,1fr));gap:12px;margin:20px 0}
.card{background:var(--card);border:1px solid var(--line);border-radius:8px;padding:12px}
.card b{display:block;font-size:1.4rem;font-variant-numeric:tabular-nums}
.card span{display:block;font-size:.85rem;color:var(--soft)}
.two{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,460px),1fr));gap:8px 40px;align-items:start}
.wide{overflow-x:auto}
table{border-collapse:collapse;width:100%;font-size:.92rem}
th,td{padding:6px 10px 6px 0;border-bottom:1px solid var(--line);text-align:right;white-space:nowrap;
font-variant-numeric:tabular-nums}
th:first-child,td:first-child{text-align:left;white-space:normal;overflow-wrap:anywhere;min-width:8em}
th{font-weight:600;color:var(--soft)}
ul{margin:6px 0;padding-left:1.2em}li{overflow-wrap:anywhere}
"""


def report_page(report: TagReportDocument) -> str:
    """The page."""
    overall, calibration = report.overall, report.calibration
    body = [
        "<h1>How well tagging does</h1>",
        f'<p class="soft">{overall.judged} judgements by people on {report.judged_videos} videos, '
        f"{overall.unsure} of them unsure. {SAMPLE} In brackets: 95 % intervals.</p>",
        '<div class="cards">',
        _card("precision of what was accepted", _percent(overall.precision), _ends(overall.precision_interval)),
        _card("recall of what is true", _percent(overall.recall), _ends(overall.recall_interval)),
        _card("right / wrong / missed", f"{overall.right} / {overall.wrong} / {overall.missed}", ""),
        _card("expected calibration error", _plain(calibration.ece), f"Brier score {_plain(calibration.brier)}"),
        "</div>",
        '<div class="two"><section><h2>Can confidences be trusted?</h2>',
        reliability_svg(calibration.bins, "Reliability", "on the dashed line a confidence is what it says"),
        "</section><section><h2>What each source is worth</h2>",
        '<p class="soft">Earned and cost: right and wrong tags that would not have been accepted without it.</p>',
        _table(
            ("source", "recalled", "true", "earned", "cost"),
            (
                (
                    one.source,
                    str(one.said),
                    f"{_percent(one.share)} {_ends(one.interval)}",
                    str(one.earned),
                    str(one.cost),
                )
                for one in report.sources
            ),
        ),
        "</section></div>",
        "<h2>By facet</h2>",
        _table(("facet", *_COUNTED), ((name or "(none)", *_row(one)) for name, one in report.by_facet.items())),
        f"<h2>Tags with most mistakes</h2><p class='soft'>{len(report.tags)} of {report.tags_judged} judged tags.</p>",
        _table(("tag", "facet", *_COUNTED), ((one.name or one.tag_id, one.facet, *_row(one)) for one in report.tags)),
        '<div class="two">',
        _list("Never recalled", "nothing was ever decided about them", report.never_recalled),
        _list("Dead", "decided about, and accepted for no video", report.dead),
        _names(report),
        "</div>",
    ]
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1"><title>How well tagging does</title>'
        f"<style>{_STYLE}</style></head><body><main>{''.join(body)}</main></body></html>\n"
    )


_COUNTED = ("judged", "right", "wrong", "missed", "precision", "recall")


def _row(one: CountsDocument) -> tuple[str, ...]:
    return (
        str(one.judged),
        str(one.right),
        str(one.wrong),
        str(one.missed),
        f"{_percent(one.precision)} {_ends(one.precision_interval)}",
        f"{_percent(one.recall)} {_ends(one.recall_interval)}",
    )


def _card(name: str, value: str, more: str) -> str:
    return f'<div class="card"><b>{_text(value)}</b><span>{_text(name)}</span><span>{_text(more)}</span></div>'


def _table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    head = "".join(f"<th>{_text(column)}</th>" for column in columns)
    lines = "".join("<tr>" + "".join(f"<td>{_text(cell)}</td>" for cell in row) + "</tr>" for row in rows)
    if not lines:
        return '<p class="soft">Nothing was judged yet.</p>'
    return f'<div class="wide" tabindex="0"><table><thead><tr>{head}</tr></thead><tbody>{lines}</tbody></table></div>'


def _list(title: str, what: str, some: TagList) -> str:
    lines = "".join(f"<li>{_named(one)}</li>" for one in some.tags)
    more = some.count - len(some.tags)
    rest = f'<p class="soft">and {more} more</p>' if more > 0 else ""
    head = f'<section><h2>{_text(title)}: {some.count}</h2><p class="soft">{_text(what)}</p>'
    return f"{head}<ul>{lines}</ul>{rest}</section>" if lines else f"{head}</section>"


def _names(report: TagReportDocument) -> str:
    lines = "".join(
        f"<li>{_text(one.name)}: {', '.join(_named(tag) for tag in one.tags)}</li>" for one in report.duplicates
    )
    head = f'<section><h2>Names that several tags have: {report.shared_names}</h2><p class="soft">names and aliases</p>'
    return f"{head}<ul>{lines}</ul></section>" if lines else f"{head}</section>"


def _named(one: ListedTag) -> str:
    return f'{_text(one.name)} <span class="soft">({_text(one.tag_id)})</span>'


def _text(value: str) -> str:
    return escape(one_line(value))


def _percent(share: float | None) -> str:
    return "–" if share is None else f"{100 * share:.1f} %"


def _plain(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"


def _ends(interval: tuple[float, float] | None) -> str:
    return f"({100 * interval[0]:.0f}–{100 * interval[1]:.0f})" if interval is not None else ""
