"""A conversation as a page of Markdown. What is said and written in videos is data: it is escaped."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Sequence

from kinodex.schemas.answer import CitationDocument
from kinodex.schemas.conversations.chat import ConversationDocument, TurnDocument
from kinodex.schemas.conversations.linked import escaped
from kinodex.schemas.conversations.numbering import cited_lines, numbered
from kinodex.text import clean, clock, several
from stores.core.uris import path_of


def markdown(conversation: ConversationDocument, videos: Sequence[str] = ()) -> str:
    """The page.

    Args:
        videos: names of the only videos that it is about; none for all.
    """
    about, lines = conversation.thread, []
    begun = time.strftime("%Y-%m-%d %H:%M", time.localtime(about.created_at))
    lines += [f"# {escaped(about.title) or 'Conversation'}", ""]
    lines += [f"Thread `{about.thread_id}`, {several(len(conversation.turns), 'question')}, begun {begun}."]
    if about.video_ids is not None:
        lines += [f"Only about: {', '.join(map(escaped, videos)) or 'videos that are gone'}."]
    for turn in conversation.turns:
        lines += ["", *_turn(turn)]
    return "\n".join(lines) + "\n"


def _turn(turn: TurnDocument) -> Iterator[str]:
    yield f"## {turn.ordinal}. {escaped(turn.question)}"
    if turn.stand_alone not in ("", turn.question):
        yield f"\n*Understood as: {escaped(turn.stand_alone)}*"
    if turn.status != "done":
        why = f" ({turn.error_code}: {escaped(turn.error_message)})" if turn.error_code else ""
        yield f"\n*{turn.status}{why}*"
    if turn.answer:
        # Two spaces end a line in Markdown.
        yield "\n" + "  \n".join(map(escaped, cited_lines(turn.answer, turn.claims)))
    if turn.claims:
        yield ""
    for number, one in enumerate(numbered(turn.claims).citations, 1):
        yield f"{number}. {_citation(one)}"
    for query in dict.fromkeys(claim.sql for claim in turn.claims if claim.sql):
        yield f"\nCounted by {_code(query)}"


def _citation(one: CitationDocument) -> str:
    span = f"{clock(one.start)}–{clock(one.end)}"
    quote = f"({one.channel}): “{escaped(one.quote)}”"
    name = escaped(one.uri.rsplit("/", 1)[-1] or one.video_id)
    path = path_of(one.uri)
    if not path.is_absolute():
        return f"{name} {span} {quote}"
    # Source: W3C Media Fragments URI 1.0, section 4.2.1, for the times.
    return f"[{name} {span}](<{path.as_uri()}#t={one.start:.3f},{one.end:.3f}>) {quote}"


def _code(text: str) -> str:
    text = clean(text)
    fence = "`" * (1 + max((len(run) for run in re.findall("`+", text)), default=0))
    return f"{fence} {text} {fence}" if len(fence) > 1 else f"`{text}`"
