"""What waits for a person, and what people decided, for people."""

from __future__ import annotations

import time
from collections import Counter
from typing import TYPE_CHECKING

from kinodex.cli.render.cells import data, status, table
from kinodex.text import clock, several

if TYPE_CHECKING:
    from rich.console import Console

    from kinodex.schemas.api import tags as schema


def page(console: Console, page: schema.ReviewPage, more: str) -> None:
    """What waits, a line each; ``more``: the command that shows what follows."""
    if not page.items:
        console.print("Nothing waits for you.")
        return
    shown = table("tag", "score", "video", "evidence", "why", "ids", right=("score",), whole=("ids",))
    for one in page.items:
        first = one.evidence[0] if one.evidence else None
        said = f"{clock(first.start)} {first.kind}: {first.text}" if first else ""
        ids = data(f"{one.video_id} {one.tag_id}", "dim")
        shown.add_row(data(one.tag), f"{one.score:.2f}", data(one.name), data(said), data(why(one)), ids)
    console.print(shown)
    count = "10,000 or more" if page.left >= 10_000 else f"{page.left:,}"
    console.print(f"{count} waiting")
    if more:
        console.print(data(f"more: {more}"), soft_wrap=True)


def item(console: Console, one: schema.ReviewCard, left: int) -> None:
    """One decision to be made: the tag, why it is asked, and what speaks for it with times."""
    console.print()
    console.print(data(one.tag, "bold"), data(f"in {one.name}?"), data(f"({left:,} waiting)", "dim"))
    console.print(data(f"  {one.state}, score {one.score:.2f}: {why(one)}", "dim"), soft_wrap=True)
    if one.scores:
        said = ", ".join(f"{name} {score:.2f}" for name, score in one.scores.items())
        console.print(data(f"  sources: {said}", "dim"), soft_wrap=True)
    for line in one.evidence:
        times = f"{clock(line.start)}–{clock(line.end)}"
        console.print(data(f"  {times}"), data(line.kind, "dim"), data(f"“{line.text}”"), soft_wrap=True)
    if not one.evidence:
        console.print("  no evidence is left to show", style="dim")


def why(one: schema.ReviewCard) -> str:
    """Why something is asked, in words."""
    words = {
        "near_threshold": "near the threshold",
        "sources_disagree": "sources disagree",
        "many_videos": f"{one.shared or 0:,} videos have it",
        "new_tag": "nobody judged this tag yet",
        "undecided": "nobody decided yet",
    }
    return ", ".join(words[reason] for reason in one.reasons)


def decided(console: Console, document: schema.DecidedTogether, undo: str) -> None:
    """What was decided, or would be; ``undo``: the command that takes it back."""
    pairs = document.decisions
    videos = len({one.video_id for one in pairs})
    if not pairs:
        console.print("Nothing that waits is meant, so nothing was decided.")
        return
    count = f"{several(len(pairs), 'decision')} on {several(videos, 'video')}"
    if not document.undo:
        console.print(f"{count} would be {document.verdict}; nothing was changed")
        return
    console.print(f"{count}:", status(document.verdict))
    console.print(data(f"to take this back: {undo}"), soft_wrap=True)


def undone(console: Console, document: schema.Undone) -> None:
    """What is as it was."""
    videos = len({one.video_id for one in document.decisions})
    console.print(f"{several(len(document.decisions), 'decision')} on {several(videos, 'video')} taken back")


def history(console: Console, document: schema.ReviewHistory, names: dict[str, str]) -> None:
    """Who decided what; ``names``: of videos, by id."""
    if not document.reviews:
        console.print("Nobody has decided anything yet.")
        return
    shown = table("when", "who", "verdict", "tag", "video", "before", "undo", whole=("undo",))
    for one in document.reviews:
        when = time.strftime("%Y-%m-%d %H:%M", time.localtime(one.at))
        verdict = status(one.verdict)
        if one.undone_at is not None:
            verdict.append(" (taken back)", style="dim")
        before = f"{one.automatic} {one.score:.2f}" if one.automatic and one.score is not None else one.automatic
        video = names.get(one.video_id, one.video_id)
        shown.add_row(when, data(one.by), verdict, data(one.tag_id), data(video), data(before), data(one.undo, "dim"))
    console.print(shown)


def merged(console: Console, document: schema.ReviewMerged) -> None:
    """What became of the events of another copy."""
    console.print(
        f"{document.added:,} reviews added, {document.known:,} known; something else counts now for "
        f"{several(document.changed, 'decision')}"
    )
    if document.foreign:
        what = f"{document.foreign:,} were left out: this library does not have their videos or tags"
        console.print(what, style="yellow")


def session(console: Console, verdicts: Counter[str]) -> None:
    """What was decided in one sitting."""
    said = ", ".join(f"{count} {verdict}" for verdict, count in sorted(verdicts.items()) if count)
    console.print(said or "nothing was decided")
