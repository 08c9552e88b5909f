"""Who said what: words by the turns they were said in."""

from __future__ import annotations

from fractions import Fraction

from stores.core.records import Span, SpeakerTurn, Utterance, Word
from stores.listing.speakers import Said, VideoSpeakers, said_by

BASE = Fraction(1, 100)


def span(start: float, end: float) -> Span:
    return Span(round(start * 100), round(end * 100), BASE)


def turn(speaker: int, start: float, end: float) -> SpeakerTurn:
    return SpeakerTurn(f"spk_{start}", span(start, end), f"speaker {speaker}", "", speaker, 1.0)


def line(*words: tuple[str, float, float], text: str = "") -> Utterance:
    made = tuple(Word(word, span(start, end), 1.0) for word, start, end in words)
    text = text or " ".join(word for word, _, _ in words)
    return Utterance("utt_1", Span(made[0].span.start, made[-1].span.end, BASE), text, "en", 1.0, made)


def shown(parts: tuple[Said, ...]) -> list[tuple[int | None, str]]:
    return [(part.speaker, part.text) for part in parts]


TALK = (turn(1, 0, 2), turn(2, 2.2, 4))


def test_a_line_belongs_to_the_turn_it_is_said_in() -> None:
    said = said_by(line(("Good", 0.1, 0.5), ("morning.", 0.6, 1.4)), TALK)
    assert shown(said) == [(1, "Good morning.")]
    assert said[0].span == span(0.1, 1.4)


def test_a_line_that_changes_hands_is_cut_between_its_words() -> None:
    words = ("How", 0.5, 0.8), ("are", 0.9, 1.1), ("you?", 1.2, 1.8), ("Fine,", 2.3, 2.8), ("thanks.", 2.9, 3.4)
    said = said_by(line(*words), TALK)
    assert shown(said) == [(1, "How are you?"), (2, "Fine, thanks.")]
    assert [part.span for part in said] == [span(0.5, 1.8), span(2.3, 3.4)]


def test_text_is_cut_as_it_is_written_also_without_spaces() -> None:
    words = ("你好", 0.5, 1.0), ("吗", 1.1, 1.6), ("我", 2.3, 2.7), ("很好", 2.8, 3.4)
    assert shown(said_by(line(*words, text="你好吗?我很好。"), TALK)) == [(1, "你好吗?"), (2, "我很好。")]


def test_the_first_word_after_a_pause_does_not_belong_to_who_spoke_before_it() -> None:
    late = (turn(1, 0, 2), turn(2, 3.4, 5))
    said = said_by(line(("The", 1.8, 3.6), ("harbour", 3.7, 4.2)), late)
    assert shown(said) == [(2, "The harbour")]


def test_a_time_that_is_a_little_off_makes_no_turn() -> None:
    words = (
        ("So", 0.2, 0.6),
        ("it", 0.7, 1.2),
        ("is.", 1.95, 2.15),
        ("Yes,", 2.3, 2.9),
        ("it", 3.0, 3.2),
        ("is.", 3.3, 3.8),
    )
    assert [part.speaker for part in said_by(line(*words), TALK)] == [1, 2]
    back = ("well", 0.2, 0.9), ("er", 2.1, 2.3), ("yes", 1.0, 1.9)
    assert len(said_by(line(*back), TALK)) == 1


def test_what_no_turn_is_near_to_has_no_speaker() -> None:
    assert shown(said_by(line(("Hm", 8.0, 9.0)), TALK)) == [(None, "Hm")]
    assert shown(said_by(line(("Hm", 1.0, 1.5)), ())) == [(None, "Hm")]
    assert shown(said_by(line(("Hm", 4.1, 4.6)), TALK)) == [(2, "Hm")], "a tail that the turn just missed"


def test_lines_without_words_go_to_who_speaks_most_of_them() -> None:
    bare = Utterance("utt_1", span(1.5, 4.0), "Fine.", "en", 1.0, ())
    assert shown(said_by(bare, TALK)) == [(2, "Fine.")]


def test_names_and_corrected_lines() -> None:
    words = ("How", 0.5, 0.8), ("you?", 1.2, 1.8), ("Fine.", 2.3, 2.8)
    speakers = VideoSpeakers(TALK, {2: "Ann"})
    assert speakers.of(line(*words)) == "Speaker 1, Ann"
    assert shown(speakers.said(line(*words, text="How are you? Fine."), corrected=True)) == [(1, "How are you? Fine.")]
    assert speakers.name(1, chinese=True) == "说话人1"
    assert speakers.name(2, chinese=True) == "Ann"
    assert speakers.name(None) == ""
    assert VideoSpeakers().of(line(*words)) == ""
