from __future__ import annotations

from agents.answering.text.units import sentences_in, units_of
from tests.unit.agents.answering.spoken_and_read import line, placed, said, written


def test_a_sentence_that_recognition_cut_is_read_as_one_with_both_lines() -> None:
    lines = [line("She helps a lady who needs her garden", 0, 3), line("watered twice a week.", 3.2, 2)]
    (unit,) = units_of(lines)
    assert unit.text == "She helps a lady who needs her garden watered twice a week."
    assert [one.text for one in unit.lines] == [one.text for one in lines]


def test_a_pause_ends_a_sentence() -> None:
    lines = [line("and that was the plan", 0, 2), line("the next morning it rained", 9, 2)]
    assert len(units_of(lines)) == 2


def test_several_sentences_of_one_line_are_read_by_themselves() -> None:
    (line_,) = said("My name is Ada. The ticket costs 3.50 euros! Really?")
    assert [unit.text for unit in units_of([line_])] == ["My name is Ada.", "The ticket costs 3.50 euros!", "Really?"]
    assert all(unit.lines == (line_,) for unit in units_of([line_]))


def test_abbreviations_end_no_sentence() -> None:
    assert sentences_in("Dr. Mei Tanaka opened it. It was late.") == ["Dr. Mei Tanaka opened it.", "It was late."]


def test_chinese_clauses_stay_apart_unless_one_is_unfinished() -> None:
    assert [unit.text for unit in units_of(said("今天天气很好", "我们去公园"))] == ["今天天气很好", "我们去公园"]
    lines = [line("门票的价格是", 0, 2), line("四十九元", 2.1, 2)]
    assert [unit.text for unit in units_of(lines)] == ["门票的价格是四十九元"]


def test_a_name_above_a_role_is_one_caption_and_two_captions_side_by_side_are_two() -> None:
    screen = placed(
        [
            ("Ida Moreau", (0.1, 0.7, 0.3, 0.76)),
            ("Chief Pilot", (0.1, 0.78, 0.28, 0.82)),
            ("Tom Reyes", (0.6, 0.7, 0.8, 0.76)),
            ("Navigator", (0.6, 0.78, 0.75, 0.82)),
        ]
    )
    texts = {unit.text for unit in units_of(screen.lines, screen.boxes)}
    assert texts == {"Ida Moreau / Chief Pilot", "Tom Reyes / Navigator"}


def test_text_of_one_row_is_read_from_the_left() -> None:
    screen = placed([("12 €", (0.6, 0.5, 0.7, 0.55)), ("Soup of the day", (0.3, 0.5, 0.55, 0.55))])
    assert [unit.text for unit in units_of(screen.lines, screen.boxes)] == ["Soup of the day 12 €"]


def test_text_at_other_times_is_not_one_caption() -> None:
    assert [unit.text for unit in units_of(written("Step 1", "Step 2"))] == ["Step 1", "Step 2"]


def test_the_same_text_comes_once_with_all_its_times() -> None:
    lines = [
        line("NEWS 24", 0, channel="screen"),
        line("News 24", 30, channel="screen"),
        line("Weather", 40, channel="screen"),
    ]
    units = units_of(lines)
    assert [unit.text for unit in units] == ["NEWS 24", "Weather"]
    assert units[0].times == 2
    assert [span.seconds[0] for span in units[0].spans] == [0, 30]
    assert units[0].lines == (lines[0],)


def test_labels_of_one_name_are_folded_by_video() -> None:
    lines = [line("dog", n * 5, channel="picture", video=video) for video in ("vid_a", "vid_b") for n in range(4)]
    assert [(unit.video_id, unit.times) for unit in units_of(lines)] == [("vid_a", 4), ("vid_b", 4)]
