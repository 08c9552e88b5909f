"""Questions about what is heard: not what is said or sung, but whether, when, how long and who makes them."""

from __future__ import annotations

import re
from collections.abc import Iterable

from agents.questions.question import Intent
from agents.sounds import SPEECH, names_only_sounds
from encoders.sound_names import SILENCE, sound_names

_ASKS_CONTENT = re.compile(
    r"\b(?:what(?! (?:time|second|minute|point|moment|videos?|clips?))|why|how(?! (?:long|often|many))|whose|about|"
    r"which (?!videos?|clips?|films?|part|moment|scenes?))\b|什么(?!时候|时间)|为何|怎么|哪首|关于",
    re.I,
)
_ASKS_WHAT_IS_HEARD = re.compile(
    r"\bwhat (?:can|do|does|could|did|is|are)\b.*\b(?:hear|heard|sounds? (?:are|is)|audible)\b|"
    r"\b(?:what|which) (?:kinds? of )?sounds?\b(?! like)|听(?:得?到|得?见)(?:了)?(?:什么|哪些)|有(?:什么|哪些)声音",
    re.I,
)
_NO_SOUND = re.compile(r"\b(?:no|without|lack\w*)\W+(?:any\W+)?(?:sound|audio)\b|没有?声音|无声|静音", re.I)
_TIMED: frozenset[Intent] = frozenset(("when", "find", "where", "which_videos"))


def sounds_asked(text: str, vocabulary: Iterable[str] = ()) -> tuple[str, ...]:
    """The sounds that a question names, all of them if it asks what is heard."""
    if _ASKS_WHAT_IS_HEARD.search(text):
        return tuple(sound_names())
    return names_only_sounds(text, vocabulary)


def asks_what_is_heard(text: str, intent: Intent, yes_or_no: bool, vocabulary: Iterable[str] = ()) -> bool:
    """Whether a question is about sounds and no other thing; who speaks, and what, is for what was said to tell."""
    if _ASKS_WHAT_IS_HEARD.search(text):
        return True
    sounds = names_only_sounds(text, vocabulary)
    if not sounds or _ASKS_CONTENT.search(text):
        return False
    if sounds == (SILENCE,) and intent in ("metadata", "which_videos") and _NO_SOUND.search(text):
        return False  # that a file has no sound is a property of it
    return SPEECH not in sounds or yes_or_no or intent in _TIMED
