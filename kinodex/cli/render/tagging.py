"""What batches of tagging print for people."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from rich.console import Console

from kinodex.cli.render.cells import data, table

Payload = Mapping[str, Any]

_SHOWN = 20  # failed videos that are listed; --json has all
_CANDIDATES = 30  # tags that are explained; --json has all


def batch(console: Console, payload: Payload) -> None:
    """How many videos ended how, and the receipts of those that failed."""
    totals = payload["totals"]
    console.print(
        f"{totals['inputs']} videos: {totals['done']} tagged ({totals['reused']} of them were up to date), "
        f"{totals['failed']} failed, {totals['wall_seconds']:.1f} s"
    )
    failed = [one for one in payload["videos"] if one["status"] == "failed"]
    if failed:
        rows = table("failed", "code", "seconds", "why", right=("seconds",))
        for one in failed[:_SHOWN]:
            name = one["uri"].rsplit("/", 1)[-1] or one["video_id"]
            rows.add_row(data(name), one["error_code"], f"{one['seconds']:.2f}", data(one["message"]))
        console.print(rows)
        if len(failed) > _SHOWN:
            console.print(f"and {len(failed) - _SHOWN} more (--json lists all)")
        console.print("They keep their former tags; run the same command again to try them again.")
    if payload["output"] is not None:
        console.print(data(f"{payload['rows']} decisions are in {payload['output']}"))


def plan(console: Console, payload: Payload) -> None:
    """How many videos a batch would decide about, and how long that would take."""
    how = "as measured here" if payload["measured"] else "a guess"
    console.print(
        f"{payload['videos']} of {payload['inputs']} videos to tag, {payload['work_seconds']:.0f} s of work ({how})"
    )
    if payload["waiting"]:
        console.print(f"{payload['waiting']} were decided before an interruption and need only be put in place")


def explained(console: Console, payload: Payload) -> None:
    """What each source brought, and the likeliest candidates with what they are worth."""
    rows = table("source", "recalled", "accepted", "surest of", right=("recalled", "accepted", "surest of"))
    for one in payload["sources"]:
        rows.add_row(one["source"], str(one["recalled"]), str(one["accepted"]), str(one["strongest"]))
    console.print(rows)
    candidates = table("tag", "confidence", "outcome", "by", right=("confidence",))
    for one in payload["candidates"][:_CANDIDATES]:
        by = ", ".join(map(_worth, one["sources"]))
        outcome = f"{one['outcome']}: {one['why']}" if one["why"] else one["outcome"]
        candidates.add_row(data(one["name"] or one["tag_id"]), f"{one['confidence']:.2f}", outcome, by)
    console.print(candidates)
    more = len(payload["candidates"]) - _CANDIDATES
    if more > 0:
        console.print(f"and {more} less likely ones (--json lists all)")


def _worth(word: Payload) -> str:
    why = f" ({word['why']})" if word["why"] else ""
    return f"{word['source']} {word['worth']:.2f}{why}"


def products(console: Console, payload: Payload) -> None:
    """What an import of products did."""
    console.print(
        f"{payload['products']} products, attached to videos {payload['attached']} times; "
        f"{payload['total']} in the library now"
    )
    _unknown(console, payload["unknown"])


def searches_imported(console: Console, payload: Payload) -> None:
    """What an import of searches did."""
    console.print(f"{payload['clicks']} clicks were added")
    _unknown(console, payload["unknown"])


def searches(console: Console, payload: Payload) -> None:
    """How many searches are kept."""
    console.print(f"{payload['imported']} clicks imported, {payload['logged']} noted by this library")
    console.print("New ones are noted." if payload["logging"] else "New ones are not noted.")


def forgotten(console: Console, payload: Payload, what: str) -> None:
    """How many were removed."""
    console.print(f"{payload['removed']} {what} removed")


def _unknown(console: Console, names: list[str]) -> None:
    if names:
        shown = ", ".join(names[:_SHOWN]) + (", …" if len(names) > _SHOWN else "")
        console.print(data(f"Not in the library: {shown}"))


_COUNTED = ("judged", "right", "wrong", "missed", "precision", "recall")


def report(console: Console, payload: Payload) -> None:
    """How well tagging does: facets, tags, sources, confidences, and tags that do nothing."""
    overall = payload["overall"]
    console.print(
        f"{overall['judged']} judgements by people on {payload['judged_videos']} videos, {overall['unsure']} unsure. "
        "They judge what review shows first: shares are of that."
    )
    console.print("In brackets: 95 % intervals.")
    rows = table("facet", *_COUNTED, right=_COUNTED)
    for name, counts in (("all", overall), *payload["by_facet"].items()):
        rows.add_row(data(name or "(none)"), *_row(counts))
    console.print(rows)
    if payload["sources"]:
        columns = ("recalled", "true", "earned", "cost")
        rows = table("source", *columns, right=columns)
        for one in payload["sources"]:
            share = _share(one["share"], one["interval"])
            rows.add_row(data(one["source"]), str(one["said"]), share, str(one["earned"]), str(one["cost"]))
        console.print(rows)
        console.print("earned, cost: right and wrong tags that would not have been accepted without it")
    if payload["tags"]:
        rows = table("tag", "facet", *_COUNTED, right=_COUNTED)
        for one in payload["tags"]:
            rows.add_row(data(one["name"] or one["tag_id"]), data(one["facet"]), *_row(one))
        console.print(rows)
        console.print(f"{len(payload['tags'])} of {payload['tags_judged']} judged tags, those with most mistakes first")
    _confidences(console, payload["calibration"])
    for key, what in (
        ("never_recalled", "tags were never recalled"),
        ("dead", "tags are decided about and accepted for no video"),
    ):
        _listed(console, payload[key]["count"], what, (one["name"] for one in payload[key]["tags"]))
    names = (f"{one['name']} ({', '.join(tag['tag_id'] for tag in one['tags'])})" for one in payload["duplicates"])
    _listed(console, payload["shared_names"], "names belong to several tags", names)


def _confidences(console: Console, calibration: Payload) -> None:
    if not calibration["bins"]:
        return
    rows = table("confidence", "judged", "true", right=("judged", "true"))
    for one in calibration["bins"]:
        share = _share(one["true"], one["interval"])
        rows.add_row(f"{one['low']:.1f}–{one['high']:.1f}", str(one["cases"]), share)
    console.print(rows)
    console.print(f"expected calibration error {calibration['ece']:.3f}, Brier score {calibration['brier']:.3f}")


def _listed(console: Console, count: int, what: str, names: Iterable[str]) -> None:
    some = list(names)
    more = ", …" if count > len(some) else ""
    console.print(data(f"{count} {what}" + (f": {', '.join(some)}{more}" if some else "")))


def _row(counts: Payload) -> list[str]:
    shares = [_share(counts[key], counts[f"{key}_interval"]) for key in ("precision", "recall")]
    return [*(str(counts[key]) for key in _COUNTED[:4]), *shares]


def _share(share: float | None, ends: Sequence[float] | None) -> str:
    if share is None:
        return "–"
    return f"{100 * share:.1f} %" + (f" ({100 * ends[0]:.0f}–{100 * ends[1]:.0f})" if ends else "")


def retagged(console: Console, payload: Payload) -> None:
    """For how many videos some tags were accepted."""
    rows = table("tag", "accepted", "for review", right=("accepted", "for review"))
    for one in payload["tags"]:
        rows.add_row(data(one["name"]), str(one["accepted"]), str(one["abstained"]))
    console.print(rows)
    console.print(f"{payload['looked_at']} videos were looked at")
    if payload["unknown"]:
        console.print(data(f"Not in use: {', '.join(payload['unknown'])}"))
