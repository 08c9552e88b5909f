"""Conversations for people: turns with numbered citations, the steps that lead to them, and lists of threads."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from rich.console import Console

from kinodex.cli.render.cells import counted, data, table, witness
from kinodex.schemas.answer import CitationDocument
from kinodex.schemas.conversations.numbering import cited_lines, numbered
from kinodex.text import clock, several, shell_word
from stores.core.uris import path_of

if TYPE_CHECKING:
    from kinodex.schemas.conversations.chat import (
        ConversationDocument,
        DeletedThreadsDocument,
        ThreadDocument,
        TurnDocument,
    )
    from stores.threads.records import RunEvent

MOST_LISTED = 12
"""Citations that are listed below an answer, where the others can be asked for. Source: our choice: half a screen."""

_LOOKING = {
    "search_moments": ("searching for", "query"),
    "read_text": ("reading what is said and written in", "video"),
    "what_is_shown": ("looking at what is shown in", "video"),
    "list_videos": ("listing videos", "name"),
    "tags_of": ("looking up tags of", "videos"),
    "similar_moments": ("looking for moments like one in", "video"),
    "query_tables": ("asking the tables:", "sql"),
    "look_at_frames": ("looking at frames of", "video"),
    "video_overview": ("looking over", "video"),
}
"""What each look-up of `agents.tools` does, and the argument that tells it from others."""


def turn(console: Console, document: TurnDocument, most: int | None = None, queries: bool = False) -> None:
    """An answer with the numbers of its citations, and the numbered list; or why there is no answer.

    Args:
        most: citations that are listed; None for all.
        queries: also show the statements by which was counted.
    """
    unwrapped = not console.is_terminal
    if document.status == "running":
        console.print("(not answered yet)", style="yellow")
    elif document.status != "done":
        why = f": {document.error_code}: {document.error_message}" if document.error_code else ""
        console.print(data(f"({document.status}{why})", "yellow"), soft_wrap=unwrapped)
    if not document.answer:
        return
    style = "yellow" if document.removed else "" if document.abstained else "bold"
    for line in cited_lines(document.answer, document.claims):
        console.print(data(line, style), soft_wrap=unwrapped)
    citations = numbered(document.claims).citations
    for number, one in enumerate(citations[:most], 1):
        console.print(data(f"  {source(number, one)}"), soft_wrap=unwrapped)
    if most is not None and len(citations) > most:
        console.print(f"  … and {len(citations) - most} more: /sources", style="dim")
    for line in counted(dict.fromkeys(claim.sql for claim in document.claims if claim.sql), queries):
        console.print(data(line, "dim"), soft_wrap=unwrapped)
    if document.mode == "extractive" and document.claims:
        console.print("(put together from the evidence, without a language model)", style="dim")


def source(number: int, one: CitationDocument) -> str:
    """One line of the list of citations."""
    name = PurePosixPath(one.uri).name or one.video_id
    return f"[{number}] {name} {clock(one.start)}–{clock(one.end)} {witness(one.channel, one.quote)}"


def playing(one: CitationDocument) -> list[str]:
    """The command that plays a citation, which goes on past its end."""
    return ["mpv", f"--start={one.start:.1f}", str(path_of(one.uri))]


def opening(one: CitationDocument) -> str:
    """The same to be typed or pasted into a shell."""
    return " ".join(map(shell_word, playing(one)))


def step(event: RunEvent, name_of: Callable[[str], str], nodes: bool = False) -> str:
    """One line on a step of a turn; "" for those that are not shown.

    Args:
        name_of: the name of a video, by its id.
        nodes: also tell which node of the graph has ended.
    """
    details = event.payload
    if event.kind == "node":
        return f"{details['node']}: {details['seconds']:.2f} s" if nodes else ""
    if event.kind == "resumed":
        return f"going on where it was, attempt {details['attempt']}"
    if event.kind != "step":
        return ""
    kind = details.get("kind")
    if kind == "understood":
        return f"understood: {details.get('question', '')}" + (f" ({details['why']})" if details.get("why") else "")
    if kind == "looking":
        return _looking(details, name_of)
    if kind == "looked":
        note = f", {details['note']}" if details.get("note") else ""
        return (
            f"failed: {details['code']}{note}"
            if details.get("code")
            else f"{several(details.get('found', 0), 'line')}{note}"
        )
    return " ".join(str(value) for value in details.values() if isinstance(value, str | int | float))


def _looking(details: Mapping[str, Any], name_of: Callable[[str], str]) -> str:
    arguments = details.get("arguments") or {}
    does, key = _LOOKING.get(str(details.get("tool")), (str(details.get("tool")), ""))
    what = arguments.get(key) or ""
    names = ", ".join(name_of(str(one)) for one in (what if isinstance(what, list) else [what]) if one)
    text = f"{does} {names}".strip()
    within = arguments.get("videos") if key not in ("video", "videos") else None
    if isinstance(within, list) and within:
        text += f" in {', '.join(name_of(str(one)) for one in within[:3])}{' …' if len(within) > 3 else ''}"
    return text


def heading(console: Console, about: ThreadDocument, names: Sequence[str]) -> None:
    """Which conversation it is.

    Args:
        names: of the only videos that it is about.
    """
    console.print(data(about.title or "(no question yet)", "bold"), data(about.thread_id, "dim"))
    if about.video_ids is not None:
        console.print(data(f"only about {', '.join(names) or 'videos that are gone'}"))


def conversation(console: Console, document: ConversationDocument, names: Sequence[str]) -> None:
    """A thread with all that was said in it."""
    heading(console, document.thread, names)
    for one in document.turns:
        console.print()
        console.print(data(f"{one.ordinal}. {one.question}", "cyan"), soft_wrap=not console.is_terminal)
        if one.stand_alone not in ("", one.question):
            console.print(data(f"understood: {one.stand_alone}", "dim"), soft_wrap=not console.is_terminal)
        turn(console, one)


def threads(console: Console, every: Sequence[ThreadDocument], more: str = "") -> None:
    """One line a thread, the last changed first.

    Args:
        more: the command for the next page; "" if there is none.
    """
    if not every:
        console.print("There is no conversation yet. To begin one: kinodex chat")
        return
    listed = table("thread", "changed", "questions", "about", "title", right=("questions",), whole=("thread",))
    for one in every:
        about = "all videos" if one.video_ids is None else several(len(one.video_ids), "video")
        changed = time.strftime("%Y-%m-%d %H:%M", time.localtime(one.changed_at))
        listed.add_row(one.thread_id, changed, str(one.turn_count), about, data(one.title))
    console.print(listed)
    if more:
        console.print(data(f"more: {more}", "dim"), soft_wrap=True)


def deleted(console: Console, document: DeletedThreadsDocument) -> None:
    """What was deleted."""
    console.print(f"{several(len(document.deleted), 'thread')} deleted, with {several(document.turns, 'question')}")
