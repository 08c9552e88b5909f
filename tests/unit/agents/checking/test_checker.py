"""What the checker says of single claims: computed, listed, quoted, seen; why it rejects; how often it encodes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from agents.answering.checker import CitationChecker
from agents.answering.checking.quantities import quantities
from agents.answering.checking.verdict import Verdict
from agents.answering.claims import Claim, cite
from agents.questions.understanding import understand
from encoders.bundle import Encoders
from stores.core.errors import UsageError
from stores.library_store import LibraryStore
from tests.unit.agents.checking.planted import plant

ASKED = "How much rye flour is needed?"


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory, encoders: Encoders) -> Iterator[LibraryStore]:
    root = tmp_path_factory.mktemp("checked")
    with LibraryStore.open(root / "library", create=True) as opened:
        plant("planted_one.toml", opened, encoders, root)
        yield opened


def claim(store: LibraryStore, text: str, *ids: str) -> Claim:
    lines = store.catalog.evidence(ids)
    return Claim(text, tuple(cite(lines[one]) for one in ids))


def judge(checker: CitationChecker, one: Claim, question: str = "") -> Verdict:
    return checker.judge([one], question).verdicts[0]


@pytest.mark.parametrize(
    ("text", "ids", "reason"),
    [
        ("You need five cups of rye flour.", ("b2",), "NUMBER"),
        ("The next meeting is on Friday, September 14.", ("o5",), "DATE"),
        ("Someone says: “You need five cups of rye flour.”", ("b2",), "QUOTE"),
        ("Elena Petrova needs three cups of rye flour.", ("b2",), "NAME"),
        ("You should open the oven door while it is rising.", ("b4",), "POLARITY"),
        ("Daniel gave Marta the keys.", ("o9",), "ROLES"),
        ("The car is black.", ("s1", "s2"), "COLOUR"),
        ("All patients feel better after three days.", ("c4",), "QUANTIFIER"),
        ("Adults must drink about two litres of water a day.", ("c2",), "MODALITY"),
        ("The battery lasts less than the old model.", ("o4",), "COMPARISON"),
        ("A limousine is on the road.", ("s1",), "WORDS"),
    ],
)
def test_a_rejected_claim_says_why(
    store: LibraryStore, encoders: Encoders, text: str, ids: tuple[str, ...], reason: str
) -> None:
    verdict = judge(CitationChecker(store, encoders), claim(store, text, *ids))
    assert not verdict.kept
    assert verdict.reason == reason
    assert verdict.message.endswith(".")


def test_an_answer_about_another_person_is_off_topic(store: LibraryStore, encoders: Encoders) -> None:
    one = claim(store, "Captain Rosa follows the whales.", "t9")
    checker = CitationChecker(store, encoders)
    assert judge(checker, one, "Who follows the whales?").kept
    assert judge(checker, one, "What does Captain Henry follow?").reason == "TOPIC"


def test_a_question_can_be_given_understood(store: LibraryStore, encoders: Encoders) -> None:
    one = claim(store, "You need three cups of rye flour.", "b2")
    checker = CitationChecker(store, encoders)
    assert checker.check([one], understand(ASKED)) == checker.check([one], ASKED) == (one,)


def test_all_claims_of_an_answer_are_encoded_in_one_batch(
    store: LibraryStore, encoders: Encoders, monkeypatch: pytest.MonkeyPatch
) -> None:
    batches: list[Sequence[str]] = []
    encode = encoders.text.encode_queries

    def counted(texts: Sequence[str]) -> Any:
        batches.append(texts)
        return encode(texts)

    monkeypatch.setattr(encoders.text, "encode_queries", counted)
    claims = [
        claim(store, "The bread is cooked at 220 degrees.", "b5"),
        claim(store, "The soup requires merely fifteen minutes.", "b8"),
        claim(store, "A motorbike is on the road.", "s2"),
    ]
    CitationChecker(store, encoders).judge(claims, "")
    assert len(batches) == 1


@pytest.mark.parametrize(
    ("text", "value", "ids", "kept"),
    [
        ("2 vehicles are seen.", "2", ("s1", "s2"), True),
        ("Three vehicles are seen.", "Three", ("s1", "s2"), False),
        ("The motorcycle is first seen at 0:03.", "0:03", ("s2",), True),
        ("The motorcycle is first seen at 0:05.", "0:05", ("s2",), False),
        ("The motorcycle is seen for 6 seconds.", "6 seconds", ("s2",), True),
        ("The motorcycle is seen for 9 seconds.", "9 seconds", ("s2",), False),
        ("The motorcycle is first seen at 0:03.", "0:05", ("s2",), False),
    ],
)
def test_without_a_query_a_value_must_follow_from_the_cited_lines(
    store: LibraryStore, encoders: Encoders, text: str, value: str, ids: tuple[str, ...], kept: bool
) -> None:
    one = replace(claim(store, text, *ids), basis="computed", value=value)
    assert judge(CitationChecker(store, encoders), one, "When is the vehicle seen?").kept is kept


def test_a_query_is_run_again(store: LibraryStore, encoders: Encoders) -> None:
    one = replace(
        claim(store, "17 vehicles are seen.", "s1"), basis="computed", value="17", sql="SELECT count(*) FROM labels"
    )
    asked: list[str] = []

    def gives(number: int) -> Any:
        def run(sql: str, video_ids: object) -> list[tuple[int]]:
            asked.append(sql)
            return [(number,)]

        return run

    def fails(sql: str, video_ids: object) -> list[tuple[int]]:
        raise UsageError("USAGE", "There is no such table.", "See the views.")

    question = "How many vehicles are there?"
    assert judge(CitationChecker(store, encoders, recompute=gives(17)), one, question).kept
    assert judge(CitationChecker(store, encoders, recompute=gives(16)), one, question).reason == "VALUE"
    assert judge(CitationChecker(store, encoders, recompute=fails), one, question).reason == "VALUE"
    assert asked == [one.sql, one.sql] * 2 or set(asked) == {one.sql}
    assert not judge(CitationChecker(store, encoders), one, question).kept


def test_a_model_can_only_remove_claims(store: LibraryStore, encoders: Encoders) -> None:
    true = claim(store, "You need three cups of rye flour.", "b2")
    false = claim(store, "You need five cups of rye flour.", "b2")

    def surely(probability: float | None) -> CitationChecker:
        return CitationChecker(store, encoders, entail=lambda text, lines: probability)

    assert surely(0.99).check([true, false], ASKED) == (true,)
    assert surely(None).check([true], ASKED) == (true,)
    assert surely(0.5).judge([true], ASKED).rejected[0].reason == "ENTAILMENT"


def test_a_listed_claim_may_name_the_file_and_the_times(store: LibraryStore, encoders: Encoders) -> None:
    checker = CitationChecker(store, encoders)
    listed = replace(claim(store, "road.mp4: a motorcycle at 0:03", "s2"), basis="listed")
    other = replace(claim(store, "road.mp4: a tank at 0:03", "s2"), basis="listed")
    assert judge(checker, listed, "Which videos show a motorcycle?").kept
    assert not judge(checker, other, "Which videos show a tank?").kept


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("forty minutes", "40 min", True),
        ("四十分钟", "40 minutes", True),
        ("3 minutes", "3 hours", False),
        ("$49", "49 %", False),
        ("$49", "49 dollars", True),
        ("half past eight", "8:30", True),
        ("八点半", "8:30", True),
        ("ten centimetres", "10 cm", True),
        ("two hundred", "200", True),
        ("百分之十五", "15 percent", True),
        ("二十五", "25", False),
        ("1,200", "1200", True),
        ("6 people", "6 pages", False),
    ],
)
def test_numbers_are_the_same_with_the_same_unit(one: str, other: str, same: bool) -> None:
    ours, theirs = quantities(one), quantities(other)
    assert bool(ours and theirs and ours[0].same(theirs[0])) is same


def test_what_asks_for_no_answer_finds_no_fault_in_an_empty_list(
    store: LibraryStore, encoders: Encoders, tmp_path: Path
) -> None:
    assert CitationChecker(store, encoders).judge([], "").verdicts == ()
