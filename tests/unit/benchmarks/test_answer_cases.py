"""Answers are judged by what was planted, and the files of questions say what they mean."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path

import pytest
from pydantic import create_model

from agents.answering.claims import Answer, Citation, Claim
from agents.llm import LLM, EndpointSettings
from benchmarks.answer_cases.asking import Outcome
from benchmarks.answer_cases.cases import Case, read_cases, read_conversations, read_lists
from benchmarks.answer_cases.judging import Judged, judge, lengths_in, times_in
from benchmarks.answer_cases.measuring import Match, Measured, figures
from benchmarks.answer_cases.scripted_model import reply, scripted_endpoint
from benchmarks.answer_cases.table import failures, table
from stores.core.records import Span

NAMES = {"v1": "pets.mp4", "v2": "birds.mp4"}


def answer(text: str, *cited: tuple[str, float, float]) -> Answer:
    citations = tuple(
        Citation(f"e{i}", video, Span(round(start * 10), round(end * 10), Fraction(1, 10)), "speech", "…")
        for i, (video, start, end) in enumerate(cited)
    )
    return Answer("?", text, not text, "extractive", (Claim(text, citations),) if text else ())


def judged(case: Case, text: str, *cited: tuple[str, float, float]) -> Judged:
    return judge(case, answer(text, *cited), NAMES)


CAT = Case("What is the cat called?", "fact", ("Luna",), ("pets.mp4",), (0, 10), ("Luna",))


def test_a_right_answer_says_it_and_cites_where_it_is():
    assert judged(CAT, "The cat is Luna.", ("v1", 1, 5)) == Judged(True, False, 1, 1)
    assert judged(CAT, "Bruno", ("v1", 1, 5)).why_not == "other words"
    assert judged(CAT, "Luna", ("v1", 11, 12)).why_not == "cites something else"
    assert judged(CAT, "Luna", ("v2", 1, 5)).why_not == "cites something else"
    assert judged(CAT, "").why_not == "declined"


def test_what_may_not_be_said_spoils_an_answer():
    case = Case("May I?", "fact", ("not allowed", "no"), never=("yes",))
    assert judged(case, "No: it is not allowed").right
    assert not judged(case, "Yes: it is not allowed").right
    assert judged(case, "No, there is a rule").right
    assert not judged(case, "There are rules, no more").right


def test_nothing_to_answer_is_declined():
    case = Case("Is there a giraffe?", "shown", why="absent", no=True)
    assert judged(case, "").right
    assert judged(case, "No, nothing shows a giraffe.").right
    assert judged(case, "没有长颈鹿。").right
    assert not judged(case, "Seen: giraffe", ("v1", 0, 1)).right
    assert not judged(Case("How heavy is it?", "fact", why="detail"), "No: 3 kg", ("v1", 0, 1)).right


@pytest.mark.parametrize(
    ("text", "times"),
    [
        ("at 0:12", [12.0]),
        ("from 1:05 to 1:10", [65.0, 70.0]),
        ("第12秒", [12.0]),
        ("after 3.5 s", [3.5]),
        ("3 cars", []),
    ],
)
def test_times_are_read(text: str, times: list[float]):
    assert times_in(text) == times


def test_times_and_lengths_are_compared_with_what_was_planted():
    when = Case("When does the dog appear?", "when", (), ("pets.mp4",), time=(10, 20))
    assert judged(when, "At 0:10.", ("v1", 10, 20)).right
    assert judged(when, "At 0:30.", ("v1", 10, 20)).why_not == "other time"
    long = Case("How long is it?", "metadata", (), ("pets.mp4",), seconds=(19, 21))
    assert judged(long, "20 seconds", ("v1", 0, 20)).right
    assert judged(long, "2 minutes", ("v1", 0, 20)).why_not == "other length"
    assert lengths_in("2 minutes") == [120.0]


def test_a_list_of_videos_is_neither_too_short_nor_too_long():
    case = Case("Which show birds?", "which_videos", (), ("birds.mp4",), every=True)
    assert judged(case, "birds.mp4", ("v2", 0, 1)).right
    assert judged(case, "both", ("v2", 0, 1), ("v1", 0, 1)).why_not == "other videos"
    some = Case("Which show animals?", "which_videos", (), ("birds.mp4", "pets.mp4"), least=2)
    assert judged(some, "birds.mp4", ("v2", 0, 1)).why_not == "too few videos"


def test_a_summary_says_enough():
    case = Case("Sum it up", "summarise", (), ("pets.mp4",), parts=("cat", "dog", "thunder"), least=2)
    assert judged(case, "A cat and a dog", ("v1", 0, 1)).right
    assert judged(case, "A cat", ("v1", 0, 1)).why_not == "too little"


def test_files_are_read(tmp_path: Path):
    path = tmp_path / "cases.toml"
    path.write_text(
        'questions = [{q = "猫叫什么？", intent = "fact", a = ["Luna"], in = ["pets.mp4"], at = [0, 10]}]\n'
        '[[conversations]]\nturns = [{q = "Hi", intent = "nothing", why = "absent"}]\n',
        encoding="utf-8",
    )
    (case,) = read_cases(path)
    assert (case.answers, case.videos, case.span, case.answerable, case.chinese) == (
        ("Luna",),
        ("pets.mp4",),
        (0, 10),
        True,
        True,
    )
    ((turn,),) = read_conversations(path)
    assert not turn.answerable
    path.write_text('absent = ["a yak"]\n')
    assert read_lists(path) == {"absent": ["a yak"]}
    path.write_text('questions = [{q = "?", intent = "fact", answer = "x"}]')
    with pytest.raises(TypeError, match="answer"):
        read_cases(path)


def test_the_table_tells_each_share_of_what_it_is():
    outcomes = [
        Outcome(CAT, "Luna", Judged(True, False, 2, 1), valid=2, seconds=1.0),
        Outcome(CAT, "", Judged(False, True, why_not="declined"), seconds=3.0),
        Outcome(Case("A yak?", "shown", why="absent"), "Seen: yak", Judged(False, False, 1, 0, "answered"), valid=1),
    ]
    row = figures(outcomes)
    assert (row["right"], row["abstained"], row["declined"]) == (0.5, 0.5, 0.0)
    assert (row["citation_precision"], row["citation_validity"]) == (0.5, 1.0)
    measured = Measured(
        tuple(outcomes),
        matches={"absent": (Match("yak", True, 0.6),), "present": (Match("cat", True, 0.9),)},
        idle_answered=(("Hi", "Seen: person"),),
        idle=2,
    )
    text = table(measured)
    assert "| fact | 2 | 0.50 | 0.50 | 0 |  |" in text
    assert "| 0.65 | 0.00 | 1.00 |" in text
    assert "1 of 2" in text
    listed = failures(measured)
    assert "What is the cat called?  [declined]" in listed
    assert "to be declined: absent" in listed
    assert "IDLE Hi" in listed


def test_the_scripted_model_quotes_what_shares_most_words_with_the_question():
    prompt = 'Notes:\n[1] "This is our dog"\n[2] "The cat is called Luna" (×2)\nQuestion: What is the cat called?'
    said = json.loads(reply(prompt))
    assert said["claims"][0] == {"notes": [2], "text": "The cat is called Luna"}
    assert json.loads(reply('Question: Why?\n[1] "nothing"')) == {"claims": [], "found": False}


def test_the_scripted_model_is_an_endpoint():
    with scripted_endpoint() as url:
        llm = LLM(EndpointSettings(base_url=url, model="scripted", api_key="none"))
        shape = create_model("Shape", notes=(list[int], []), found=(bool, ...))
        assert not llm.ask("Answer.", "Question: Why?", shape).found
        assert llm.judge("Notes:\n- 'a'", "Do they say so?") == 1.0
        assert llm.usage.calls == 2
        llm.close()
