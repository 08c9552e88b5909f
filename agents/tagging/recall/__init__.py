"""The sources along which tags are recalled for one video.

Every source takes the whole tag library (`agents.tagging.vocabulary`) and returns the tags it recalls, at most
`Case.top`, weak ones, too: each with a probability, the source's name and evidence. Its cost does not grow with the
number of tags that it does not recall. Sources are independent of each other, `AFTERWARDS` apart, which are told what
the others recalled; `agents.tagging.rank` fuses all of it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from agents.tagging.recall.activities import activity_source
from agents.tagging.recall.behaviour import behaviour_source
from agents.tagging.recall.case import Case, Recalled, counted_once
from agents.tagging.recall.cooccurrence import cooccurrence_source
from agents.tagging.recall.faces import face_source, framing_source, people_source
from agents.tagging.recall.formats import format_source, style_source
from agents.tagging.recall.lines import caption_source, screen_source, speech_source
from agents.tagging.recall.pictures import context_source, object_source, picture_source
from agents.tagging.recall.places import place_source
from agents.tagging.recall.products import product_source
from agents.tagging.recall.similar import SECOND_HAND, first_hand, related_source, similar_source
from agents.tagging.recall.sounds import sound_source
from agents.tagging.recall.texts import text_source

SOURCES: Mapping[str, Callable[[Case], list[Recalled]]] = {
    "picture": picture_source,
    "objects": object_source,
    "context": context_source,
    "places": place_source,
    "activities": activity_source,
    "speech": speech_source,
    "screen": screen_source,
    "text": text_source,
    "caption": caption_source,
    "format": format_source,
    "styles": style_source,
    "faces": face_source,
    "framing": framing_source,
    "people": people_source,
    "sound": sound_source,
    "similar": similar_source,
    "related": related_source,
    "products": product_source,
    "behaviour": behaviour_source,
}
"""Each source's name, as decisions keep it, and the function that recalls along it."""

AFTERWARDS: Mapping[str, Callable[[Case, Sequence[Recalled]], list[Recalled]]] = {"cooccurrence": cooccurrence_source}
"""Sources that build on what the others recalled."""

OF_OTHERS = frozenset({"similar", "related"})
"""Sources that only give tags which other videos have."""

__all__ = ["AFTERWARDS", "OF_OTHERS", "SECOND_HAND", "SOURCES", "Case", "Recalled", "counted_once", "first_hand"]
