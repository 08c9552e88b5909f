"""What the turns of a conversation leave to be referred to: what they were about, named, showed and enumerated."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from agents.answering.wording import file_name
from agents.questions.conversation.mentions import introduced, is_attribute, mentioned
from agents.questions.conversation.numbered import in_order, numbered_noun
from agents.questions.conversation.turns import Shown, Turn
from agents.questions.understanding import understand
from agents.questions.wording import is_in_chinese
from stores.core.records import Evidence, Span
from stores.core.text_keys import HAN
from stores.library_store import LibraryStore

MOST_FOCUSED = 2
"""Videos that an answer may cite for the next question to be about the first of them. Ours: more are a list."""

MOST_LINES = 2000
"""Lines of a video that are looked through for what is numbered. Ours."""

_OTHER = re.compile(
    r"\b(?:the )?other (?:man|woman|person|guy|lady|girl|boy|speaker|guest|presenter)\b|(?:另|"
    r"别的)(?:外)?(?:那)?一?[个位名]?(?:人|女士|女的|男的|男士|女人|男人|嘉宾|讲者)",
    re.I,
)
_NAME_AND_ROLE = re.compile(
    rf"^(?P<name>[A-Z][\w'’-]+(?: [A-Z][\w'’-]+){{1,2}})\s*[,:–—|-]\s*[A-Za-z]|"
    rf"^(?P<zh>[{HAN}]{{2,3}})[ ,，:：]+[{HAN}]{{2,8}}$"
)


class Memory:
    """Reads the history of conversations over one library."""

    def __init__(self, store: LibraryStore) -> None:
        self._store = store

    def turns(self, history: Mapping[str, Any]) -> list[Turn]:
        """The turns that follow-ups are resolved by, the newest last."""
        turns: list[Turn] = []
        for one in history.get("turns", []):
            if one["status"] == "done":
                turns.append(self._turn(one, turns[-1] if turns else None))
        return turns

    def _turn(self, entry: Mapping[str, Any], before: Turn | None) -> Turn:
        claims = entry.get("claims", [])
        ids = [one["evidence_id"] for one in (*entry["cited"], *claims)]
        lines = self._store.catalog.evidence(list(dict.fromkeys(ids)))
        shown = tuple(self._shown(lines[one["evidence_id"]]) for one in entry["cited"] if one["evidence_id"] in lines)
        said = tuple(
            (one["text"], self._shown(lines[one["evidence_id"]])) for one in claims if one["evidence_id"] in lines
        )
        noun = numbered_noun([entry["stand_alone"], *(one.text for one in shown)])
        items = self._items(shown[0].video_id, noun) if shown and noun else ()
        if not items and before is not None and before.items:
            # "How many can sleep there?" is still about the second of the stops.
            items = before.items if not shown or shown[0].video_id == before.items[0].video_id else ()
        return Turn(
            entry["question"],
            entry["stand_alone"],
            entry["answer"],
            shown,
            mentioned(entry["stand_alone"]) or self._things(entry["stand_alone"]),
            (),
            () if entry["abstained"] else introduced(entry["answer"]),
            said,
            items,
            bool(entry["abstained"]),
        )

    def _things(self, text: str) -> tuple[str, ...]:
        """What a Chinese question counts or looks for, where nothing stands before its question word."""
        question = understand(text) if is_in_chinese(text) else None
        return tuple(one for one in question.things if len(one) > 1 and not is_attribute(one)) if question else ()

    def _shown(self, line: Evidence) -> Shown:
        return _of(line, self._name(line.video_id))

    def _name(self, video_id: str) -> str:
        return file_name(self._store.catalog.display_uri(video_id))

    def _items(self, video_id: str, noun: str) -> tuple[Shown, ...]:
        name = self._name(video_id)
        return in_order([_of(line, name) for line in self._lines(video_id, ("screen", "speech"))], noun)

    def _lines(self, video_id: str, channels: Sequence[Any]) -> list[Evidence]:
        video = self._store.catalog.video(video_id)
        if video is None:
            return []
        whole = Span(0, max(1, video.duration), video.time_base)
        return self._store.catalog.evidence_during(video_id, whole, channels, MOST_LINES)

    def focus(self, turns: Sequence[Turn]) -> tuple[str, ...]:
        """The video that was last spoken of; () if there was none, or a list."""
        for turn in reversed(turns[-3:]):
            if turn.abstained and turn.things:
                return ()  # it was about something that was not found there
            videos = turn.videos
            if videos:
                return (videos[0].video_id,) if len(videos) <= MOST_FOCUSED else ()
        return ()

    def moment(self, turns: Sequence[Turn]) -> Shown | None:
        """The place that was shown last."""
        return next((turn.shown[0] for turn in reversed(turns[-3:]) if turn.shown), None)

    def with_others_named(self, text: str, turns: Sequence[Turn]) -> str:
        """The text with a name for "the other woman": who else is named on screen in the video last spoken of."""
        other = _OTHER.search(text)
        focus = self.focus(turns) if other else ()
        if not other or not focus:
            return text
        spoken = " ".join(f"{turn.asked} {turn.question} {turn.answer}" for turn in turns)
        names = dict.fromkeys(
            found["name"] or found["zh"]
            for line in self._lines(focus[0], ("screen",))
            if (found := _NAME_AND_ROLE.match(line.text.strip()))
        )
        rest = [name for name in names if name not in spoken]
        return f"{text[: other.start()]}{rest[0]}{text[other.end() :]}" if rest else text


def _of(line: Evidence, name: str) -> Shown:
    return Shown(line.video_id, name, line.span, line.text)
