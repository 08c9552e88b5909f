"""Recall over a large vocabulary says exactly what a plain walk through all tags says."""

from __future__ import annotations

import math
import random
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import literal_column, select, update

from agents.search.pictures import best_fits
from agents.search.scoring import query_scales
from agents.tagging.phrases import Phrases
from agents.tagging.rank import decide, rank
from agents.tagging.recall import Case, Recalled, formats, similar
from agents.tagging.recall import lines as said_lines
from agents.tagging.recall import pictures as shown
from agents.tagging.recall.case import CERTAIN, MENTIONED
from agents.tagging.recall.objects import ASSOCIATED
from agents.tagging.recall.seen import LINES, Seen
from agents.tagging.vocabulary import TagVectors
from agents.words import contains_phrase, folded_characters, folded_phrases, folded_words, is_chinese
from encoders.bundle import Encoders
from encoders.concepts import CONTEXT
from stores.core.records import Decision, Evidence, Span, Tag, VectorItem
from stores.core.text_keys import search_key, search_keys
from stores.library_store import LibraryStore
from stores.sql.database import reading, writing
from stores.sql.tables import TagVectorRow
from stores.tags.recall.seen import SeenLabel, SeenThings
from stores.tags.vectors import KeptTagVectors, text_key
from tests.unit.stores.builders import add_video, put, span

WORDS = "cat cats Dog berries boxes news glasses ice-cream don't the sailing boat pizza CAFÉ 3d ねこ".split()
HAN = ["帆船", "船", "披萨", "猫", "打鼓", "红色的帆船", "A股", "猫 dog"]
MS = Fraction(1, 1000)
NAME = st.lists(st.sampled_from(WORDS), min_size=1, max_size=3).map(" ".join) | st.sampled_from(HAN)
LINE = st.lists(st.sampled_from([*WORDS, *HAN, ",", "…", "很"]), max_size=12).flatmap(
    lambda words: st.sampled_from([" ", ""]).map(lambda between: between.join(words))
)


@settings(max_examples=300, deadline=None)
@given(st.lists(NAME | st.text(max_size=4), max_size=12), LINE | st.text(max_size=20))
def test_phrases_are_found_where_the_plain_definition_finds_them(phrases: list[str], line: str) -> None:
    there = {n for n, phrase in enumerate(phrases) if len(phrase) > 1 and contains_phrase(phrase, line)}
    assert Phrases(enumerate(phrases)).said_in(line) == there


@settings(max_examples=300, deadline=None)
@given(st.lists(st.text(max_size=6) | NAME | LINE, max_size=12))
def test_phrases_are_folded_together_as_each_alone(phrases: list[str]) -> None:
    assert search_keys(phrases) == [search_key(phrase) for phrase in phrases]
    assert list(folded_phrases(phrases)) == [
        (True, folded_characters(phrase)) if is_chinese(phrase) else (False, folded_words(phrase).strip())
        for phrase in phrases
    ]


@pytest.fixture(scope="module")
def encoders() -> Iterator[Encoders]:
    with Encoders.open("embedded") as bundle:
        yield bundle


class Counted:
    """The text encoder's place taken: a vector of each text's own, and a count of what was asked for."""

    dim = 384
    query_batch = 8

    def __init__(self, stop_after: int | None = None) -> None:
        self.encoded: list[str] = []
        self.stop_after = stop_after

    def encode_queries(self, texts: Sequence[str]) -> Any:
        if self.stop_after is not None and len(self.encoded) >= self.stop_after:
            raise KeyboardInterrupt
        self.encoded += texts
        rows = np.stack([np.random.default_rng(list(text.encode())).standard_normal(384) for text in texts])
        return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


def bundle(encoders: Encoders, texts: Counted, revision: str = "tiny@1") -> Encoders:
    known = {"image_text": revision, "concepts": "concepts@1"}
    return cast(
        Encoders,
        SimpleNamespace(
            concepts=encoders.concepts, zero_shot=None, image_text=texts, text=texts, revision=known.__getitem__
        ),
    )


def random_tags(encoders: Encoders, count: int, seed: int) -> list[Tag]:
    """Tags of which many name concepts, broader nouns or situations, in two languages, and some repeat others."""
    draw = random.Random(seed)
    concepts = encoders.concepts.concepts
    pool = [w for c in concepts[::7] for w in (c.name, *c.zh, *c.broader, *c.context, *c.zh_context)] + WORDS + HAN
    return [
        Tag(
            f"t{number}",
            f"{draw.choice(pool)}s" if draw.random() < 0.2 else draw.choice(pool),
            draw.choice(["a", "b", ""]),
            tuple(draw.choice(pool) for _ in range(draw.randint(0, 3))),
            "",
            "",
            "active",
        )
        for number in range(count)
    ]


def case_of(tags: Sequence[Tag], encoders: Encoders, **seen: Any) -> Case:
    fitted = bundle(encoders, Counted())
    parts = Seen("vid", cast(LibraryStore, None), fitted)
    lines = {channel: seen.get(channel, []) for channel in LINES}
    pictures = seen.get("pictures", ([], np.zeros((0, 0), np.float32)))
    things = SeenThings(seen.get("labels", ()))
    parts.__dict__.update(lines=lines, things=things, pictures=pictures, clips=1, length=seen.get("length", 10))
    return Case("vid", cast(LibraryStore, None), fitted, TagVectors(tags, fitted), parts, top=len(tags))


def line(number: int, text: str, channel: Any, confidence: float = 0.8) -> Evidence:
    return Evidence(f"e{number}", "vid", Span(number, number + 1, MS), channel, text, text, confidence)


def plainly_mentioned(once: float, lines: Sequence[Evidence], tags: Sequence[Tag]) -> list[tuple[Any, ...]]:
    found = []
    for tag in tags:
        names = [name for name in (tag.name, *tag.aliases) if len(name) > 1]
        said = [one for one in lines if any(contains_phrase(name, one.text) for name in names)]
        if said:
            doubt = math.prod(1.0 - once * one.confidence for one in said)
            shown = tuple(one.evidence_id for one in said[:3]) if 1.0 - doubt >= MENTIONED else ()
            found.append((tag.tag_id, min(CERTAIN, 1.0 - doubt), shown))
    return found


def short(recalled: Sequence[Recalled]) -> list[tuple[Any, ...]]:
    return [(word.tag_id, word.probability, word.evidence_ids) for word in recalled]


def test_lines_speak_for_the_same_tags_as_in_a_walk_through_all_of_them(encoders: Encoders) -> None:
    tags = random_tags(encoders, 400, 1)
    draw = random.Random(2)
    pool = [name for tag in tags for name in (tag.name, *tag.aliases)]
    lines = [line(n, " ".join(draw.sample(pool, 4)), "speech", draw.random()) for n in range(60)]
    plain = plainly_mentioned(said_lines.SPOKEN, lines, tags)
    assert len(plain) > 50
    assert sorted(short(said_lines.speech_source(case_of(tags, encoders, speech=lines)))) == sorted(plain)


def test_facts_speak_for_the_same_tags(encoders: Encoders) -> None:
    facts = [line(1, "vertical video 竖屏视频", "format"), line(2, "black and white 黑白", "format", 1.0)]
    names = [
        "Vertical ",
        "竖屏",
        "vertical video",
        "竖屏视频",
        "黑白",
        "video",
        "white",
        "black and WHITE",
        "horizontal",
    ]
    tags = [Tag(f"t{n}", name, "", ("x", name), "", "", "active") for n, name in enumerate(names)]
    found = short(formats.format_source(case_of(tags, encoders, format=facts)))
    assert sorted(found) == [(f"t{n}", 0.8 if n < 4 else 0.97, ("e1" if n < 4 else "e2",)) for n in (0, 1, 2, 3, 4, 7)]


def test_styles_speak_for_their_tags_by_how_much_of_the_video_is_made_so(encoders: Encoders) -> None:
    drawn, bit = line(1, "2d animation 二维动画", "format", 0.9), line(2, "3d animation 三维动画", "format", 0.8)
    names = ["animation", "动画片", "2D animation", "3d animation", "cartoon for children", "photograph", "竖屏"]
    tags = [Tag(f"t{n}", name, "", (), "", "", "active") for n, name in enumerate(names)]
    lines = [drawn, bit, line(3, "vertical video 竖屏视频", "format")]

    def found(length: int) -> dict[str, float]:
        recalled = formats.style_source(case_of(tags, encoders, format=lines, length=length))
        assert {one.source for one in recalled} <= {"styles"}
        return {one.tag_id: one.probability for one in recalled}

    in_ten = found(10)
    assert in_ten["t0"] == in_ten["t1"] == pytest.approx(0.1 * (0.9 + 0.8))
    assert (in_ten["t2"], in_ten["t3"]) == (pytest.approx(0.7 * 0.1 * 0.9), pytest.approx(0.7 * 0.1 * 0.8))
    assert 0 < in_ten["t4"] < in_ten["t0"]
    assert in_ten.keys() == {"t0", "t1", "t2", "t3", "t4"}
    alone = found(1)
    assert alone["t0"] == CERTAIN
    assert max(alone["t2"], alone["t3"], alone["t4"]) <= ASSOCIATED, "kinds, and what is often made so, wait for people"
    assert found(0) == {}, "of how much of a video nobody knows"
    measured = formats.format_source(case_of(tags, encoders, format=lines))
    assert [one.tag_id for one in measured] == ["t6"], "styles are no measured properties"


def test_pictures_speak_for_the_same_tags(encoders: Encoders, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("agents.search.pictures._TEXTS", 64)  # several blocks
    tags = [replace(tag, name=f"qux {tag.tag_id}", aliases=()) for tag in random_tags(encoders, 300, 5)]
    rows = np.random.default_rng(6).standard_normal((9, 384))
    pictures = (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)
    case = case_of(tags, encoders)
    # Some pictures show what some tags say.
    pictures[2] = (pictures[2] + case.tags.vectors[17]) / np.linalg.norm(pictures[2] + case.tags.vectors[17])
    vectors = case.tags.vectors
    plain_z = []
    for vector, scale in zip(vectors, query_scales(vectors, encoders.concepts), strict=True):
        plain_z.append(max(scale.z(float(picture @ vector)) for picture in pictures))
    z, best = best_fits(case.encoders, vectors, pictures, case.tags.scales)
    assert z == pytest.approx(plain_z, abs=1e-3)
    assert best[17] == 2
    facet_best: dict[str, float] = defaultdict(lambda: -math.inf)
    for value, tag in zip(plain_z, tags, strict=True):
        facet_best[tag.facet] = max(facet_best[tag.facet], value)
    expected = {}
    for value, tag in zip(plain_z, tags, strict=True):
        rivalled = value - shown.FACET_COMPETITION * (facet_best[tag.facet] - value)
        likely = CERTAIN / (1.0 + math.exp(-shown.PICTURE_STEEPNESS * (rivalled - shown.PICTURE_CENTRE)))
        odds = likely / (1.0 - likely) * shown.UNNAMED / CONTEXT
        expected[tag.tag_id] = odds / (1.0 + odds)
    hits = [SimpleNamespace(clip_id=f"c{n}") for n in range(9)]
    labels = [SeenLabel(f"e{n}", f"c{n}", "imagenet:0", 0.5) for n in range(9)]
    found = shown.picture_source(case_of(tags, encoders, pictures=(hits, pictures), labels=labels))
    assert found[0].tag_id == "t17"
    assert {word.tag_id: word.probability for word in found} == pytest.approx(expected, abs=1e-2)


def test_the_picture_that_fits_is_found_where_it_is_asked_for(
    encoders: Encoders, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("agents.search.pictures._TEXTS", 64)
    texts = np.random.default_rng(8).standard_normal((300, 384)).astype(np.float32)
    texts /= np.linalg.norm(texts, axis=1, keepdims=True)
    pictures = texts[[5, 5, 100, 299, 7]] + 0.01 * np.random.default_rng(9).standard_normal((5, 384), np.float32)
    made = query_scales(texts, encoders.concepts)
    scales = np.array([s.mean for s in made], np.float32), np.array([s.deviation for s in made], np.float32)
    cosines = pictures @ texts.T
    plain_z, plain_rows = (cosines.max(axis=0) - scales[0]) / scales[1], cosines.argmax(axis=0)
    z, rows = best_fits(bundle(encoders, Counted()), texts, pictures, scales, least=2.0)
    assert z == pytest.approx(plain_z, abs=1e-4)
    assert 4 < (z >= 2.0).sum() < 300
    assert rows.tolist() == [row if near else -1 for row, near in zip(plain_rows, z >= 2.0, strict=True)]


@pytest.mark.parametrize(
    ("exactly", "prepared"),
    [(5000, True), (1, True), (5000, False), (1, False)],
    ids=["prepared, small", "prepared, large", "ranked in memory", "by the index"],
)
def test_tags_of_look_alikes_are_those_that_each_clip_finds_alone(
    encoders: Encoders, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, exactly: int, prepared: bool
) -> None:
    monkeypatch.setattr("stores.vectors.store.RANKED_EXACTLY", exactly)
    monkeypatch.setattr("agents.tagging.looks.FEW", 30 if prepared else 0)
    monkeypatch.setattr("agents.tagging.looks.WORTH", 0)
    monkeypatch.setattr(similar, "NEIGHBOURS", 4)
    monkeypatch.setattr(similar, "least_likeness", lambda _: 0.8)
    monkeypatch.setattr(similar, "collections", lambda _: SimpleNamespace(likeness="toy-likeness"))
    draw = np.random.default_rng(11)
    shots = draw.standard_normal((12, 16))
    tags = [Tag(f"t{n}", f"name {n}", "", (), "", "", "active") for n in range(40)]
    with LibraryStore.open(tmp_path / "library", create=True) as store:
        videos = [add_video(store, f"{n}.mp4") for n in range(30)]
        for n, video in enumerate(videos):
            rows = shots[draw.integers(0, 12, size=5)] + 0.25 * draw.standard_normal((5, 16))
            items = [
                VectorItem("toy-likeness", f"{n}:{at}", row.astype(np.float32), span(at, at + 1), "picture", f"c{at}")
                for at, row in enumerate(rows)
            ]
            put(store, video, "vectors", vectors=items)
            accepted = Decision(video, f"t{n}", "accepted", 0.5 + n / 100, ("picture",), (), (("picture", 0.95),))
            shared = Decision(video, "t39", "accepted", 0.6 + n / 100, ("speech",), (), (("speech", 0.95),))
            second_hand = Decision(video, "t38", "accepted", 0.9, ("similar",), (), (("similar", 0.7),))
            store.tags.save_decisions(video, [accepted, shared, second_hand])
        known = TagVectors(tags, bundle(encoders, Counted()))
        most = 0
        for video in videos:
            hits, matrix = store.vectors.fetch("toy-likeness", video_ids=[video])
            expected: dict[str, float] = {}
            for vector in matrix:
                near = store.vectors.query("toy-likeness", vector, 150)
                # The index also counts clips of the video itself.
                near = [hit for hit in near if hit.video_id != video or not prepared][: len(hits) + 4]
                alike = {hit.video_id for hit in near if hit.video_id != video and hit.similarity >= 0.8}
                for other in alike:
                    for decision in store.tags.decisions(other):
                        if decision.tag_id != "t38":
                            worth = similar.SIMILAR * decision.confidence / (len(alike) * len(matrix))
                            expected[decision.tag_id] = worth + expected.get(decision.tag_id, 0.0)
            found = similar.similar_source(Case(video, store, bundle(encoders, Counted()), known))
            assert {word.tag_id: word.probability for word in found} == pytest.approx(expected)
            most = max(most, len(found))
        assert most > 3


def test_what_half_of_the_library_looks_like_says_little(
    encoders: Encoders, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(similar, "least_likeness", lambda _: 0.8)
    monkeypatch.setattr(similar, "collections", lambda _: SimpleNamespace(likeness="toy-likeness"))
    known = TagVectors(
        [Tag(f"t{n}", f"name {n}", "", (), "", "", "active") for n in range(6)], bundle(encoders, Counted())
    )
    card, *own = np.eye(16, dtype=np.float32)
    with LibraryStore.open(tmp_path / "library", create=True) as store:
        videos = [add_video(store, f"{n}.mp4") for n in range(6)]
        for n, video in enumerate(videos):
            shots = [card, own[n], own[n] if n > 1 else own[7]]  # the first two share two of three shots
            items = [
                VectorItem("toy-likeness", f"{n}:{at}", row, span(at, at + 1), "picture", f"c{at}")
                for at, row in enumerate(shots)
            ]
            put(store, video, "vectors", vectors=items)
            accepted = Decision(video, f"t{n}", "accepted", 0.9, ("picture",), (), (("picture", 0.9),))
            store.tags.save_decisions(video, [accepted])
        found = similar.similar_source(Case(videos[0], store, bundle(encoders, Counted()), known))
    worth = {word.tag_id: word.probability / (similar.SIMILAR * 0.9) for word in found}
    assert worth == pytest.approx({"t1": (1 + 1 / 5) / 3} | {f"t{n}": 1 / 15 for n in range(2, 6)})


def test_copies_do_not_raise_each_others_confidence_at_every_run(
    encoders: Encoders, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(similar, "least_likeness", lambda _: 0.8)
    monkeypatch.setattr(similar, "collections", lambda _: SimpleNamespace(likeness="toy-likeness"))
    known = TagVectors([Tag("t", "guitar", "", (), "", "", "active")], bundle(encoders, Counted()))
    vector = np.ones(16, np.float32)
    runs: list[list[float]] = []
    with LibraryStore.open(tmp_path / "library", create=True) as store:
        videos = [add_video(store, f"{n}.mp4") for n in range(2)]
        for n, video in enumerate(videos):
            items = [VectorItem("toy-likeness", f"{n}", vector, span(0, 1), "picture", "c")]
            put(store, video, "vectors", vectors=items)
        for _ in range(4):
            runs.append([])
            for video in videos:
                own = Recalled("t", "picture", 0.8, ("e",))
                second = similar.similar_source(Case(video, store, bundle(encoders, Counted()), known))
                (made,) = decide(video, rank([own, *second]))
                store.tags.save_decisions(video, [made])
                runs[-1].append(made.confidence)
    assert runs[0] == pytest.approx([0.8, 1 - 0.2 * (1 - similar.SIMILAR * 0.8)])
    assert runs[1:] == [[runs[0][1]] * 2] * 3


def test_what_neither_of_two_copies_shows_any_more_goes(
    encoders: Encoders, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(similar, "least_likeness", lambda _: 0.8)
    monkeypatch.setattr(similar, "collections", lambda _: SimpleNamespace(likeness="toy-likeness"))
    known = TagVectors([Tag("t", "guitar", "", (), "", "", "active")], bundle(encoders, Counted()))
    with LibraryStore.open(tmp_path / "library", create=True) as store:
        videos = [add_video(store, f"{n}.mp4") for n in range(2)]
        for n, video in enumerate(videos):
            items = [VectorItem("toy-likeness", f"{n}", np.ones(16, np.float32), span(0, 1), "picture", "c")]
            put(store, video, "vectors", vectors=items)
            store.tags.save_decisions(video, [Decision(video, "t", "accepted", 0.8, ("p",), (), (("picture", 0.8),))])
        for video in (*videos, *videos):
            own = Recalled("t", "picture", 0.45, ("e",))
            second = similar.similar_source(Case(video, store, bundle(encoders, Counted()), known))
            store.tags.save_decisions(video, decide(video, rank([own, *second])))
        assert {one.decision for video in videos for one in store.tags.decisions(video)} == {"abstained"}


def test_only_new_tags_are_encoded_at_the_next_start(encoders: Encoders, tmp_path: Path) -> None:
    tags = [Tag(f"t{n}", f"name {n}", "", (f"alias {n}",), "", "", "active") for n in range(600)]
    progress: list[tuple[int, int]] = []
    with LibraryStore.open(tmp_path / "library", create=True) as store:
        kept, first = store.tag_vectors, Counted()
        made = TagVectors(tags, bundle(encoders, first), kept, lambda *done: progress.append(done))
        assert len(first.encoded) == 600
        assert progress[0] == (0, 600)
        assert progress[-1] == (600, 600)
        assert len(progress) > 50
    with LibraryStore.open(tmp_path / "library") as store:
        kept, again = store.tag_vectors, Counted()
        found = TagVectors(tags, bundle(encoders, again), kept, lambda *_: pytest.fail("nothing is new"))
        assert not again.encoded
        assert found.scales is not None
        assert made.scales is not None
        assert np.array_equal(found.vectors, made.vectors)
        assert np.array_equal(found.scales, made.scales)
        new = Tag("t9", "name 9", "", ("another alias",), "", "", "active")
        TagVectors([*tags, new], bundle(encoders, again), kept)
        assert again.encoded == ["name 9 another alias"]
        other = Counted()
        TagVectors(tags, bundle(encoders, other, "tiny@2"), kept)
        assert len(other.encoded) == 600, "vectors of another model are of no use"


def test_an_interruption_loses_nothing_that_was_encoded(encoders: Encoders, tmp_path: Path) -> None:
    tags = [Tag(f"t{n}", f"name {n}", "", (), "", "", "active") for n in range(100)]
    with LibraryStore.open(tmp_path / "library", create=True) as store:
        with pytest.raises(KeyboardInterrupt):
            TagVectors(tags, bundle(encoders, Counted(stop_after=40)), store.tag_vectors)
        rest = Counted()
        TagVectors(tags, bundle(encoders, rest), store.tag_vectors)
        assert len(rest.encoded) == 60


@pytest.mark.parametrize(
    "damage",
    [{"numbers": b"\0" * 99}, {"checksum": 7}, {"numbers": b""}, {"numbers": literal_column("'of another type'")}],
)
def test_what_is_damaged_is_made_again(encoders: Encoders, tmp_path: Path, damage: dict[str, Any]) -> None:
    tags = [Tag(f"t{n}", f"name {n}", "", (), "", "", "active") for n in range(30)]
    with LibraryStore.open(tmp_path / "library", create=True) as store:
        made = TagVectors(tags, bundle(encoders, Counted()), store.tag_vectors)
        with writing(store.engine) as connection:
            connection.execute(update(TagVectorRow).values(**damage))
        again = Counted()
        found = TagVectors(tags, bundle(encoders, again), store.tag_vectors)
        assert len(again.encoded) == 30
        assert np.array_equal(found.vectors, made.vectors)
        last = Counted()
        TagVectors(tags, bundle(encoders, last), store.tag_vectors)
        assert not last.encoded


def test_tags_of_one_text_share_a_vector_and_old_texts_go(encoders: Encoders, tmp_path: Path) -> None:
    with LibraryStore.open(tmp_path / "library", create=True) as store:
        kept: KeptTagVectors = store.tag_vectors
        twice = [Tag("a", "cat", "x", (), "", "", "active"), Tag("b", "cat", "y", (), "", "", "active")]
        texts = Counted()
        found = TagVectors(twice, bundle(encoders, texts), kept)
        assert texts.encoded == ["cat"]
        assert np.array_equal(found.vectors[0], found.vectors[1])
        TagVectors([Tag("c", "dog", "x", (), "", "", "active")], bundle(encoders, texts), kept)
        TagVectors(twice, bundle(encoders, texts), kept)
        assert texts.encoded == ["cat", "dog", "cat"], "vectors that no tag has any more are not kept for ever"


def kept_texts(store: LibraryStore) -> dict[str, list[bytes]]:
    """Keys of the kept texts, by space."""
    found: dict[str, list[bytes]] = defaultdict(list)
    with reading(store.engine) as connection:
        for space, held in connection.execute(select(TagVectorRow.space, TagVectorRow.keys)):
            found[space] += [held[start : start + 16] for start in range(0, len(held), 16)]
    return {space: sorted(keys) for space, keys in found.items()}


def test_former_texts_of_tags_go_when_vectors_are_renewed(encoders: Encoders, tmp_path: Path) -> None:
    tags = [Tag(f"t{n}", f"name {n}", "", (), "", "", "active") for n in range(300)]
    changed = [replace(tag, aliases=("also",)) if n % 100 == 7 else tag for n, tag in enumerate(tags)]
    with LibraryStore.open(tmp_path / "library", create=True) as store:
        TagVectors(tags, bundle(encoders, Counted()), store.tag_vectors)
        before = TagVectors(changed, bundle(encoders, Counted()), store.tag_vectors)
        (kept,) = kept_texts(store).values()
        assert kept == sorted(text_key(" ".join((tag.name, *tag.aliases))) for tag in changed)
        again = Counted()
        after = TagVectors(changed, bundle(encoders, again), store.tag_vectors)
        assert not again.encoded, "what stays is still there, and right"
        assert np.array_equal(before.vectors, after.vectors)


def test_what_former_revisions_of_a_model_made_goes_and_other_models_stay(encoders: Encoders, tmp_path: Path) -> None:
    tags = [Tag(f"t{n}", f"name {n}", "", (), "", "", "active") for n in range(5)]
    with LibraryStore.open(tmp_path / "library", create=True) as store:
        for revision in ("tiny@1", "large@1", "tiny@2"):
            TagVectors(tags, bundle(encoders, Counted(), revision), store.tag_vectors)
        assert sorted(kept_texts(store)) == ["large@1+concepts@1", "tiny@2+concepts@1"]
        again = Counted()
        TagVectors(tags, bundle(encoders, again, "large@1"), store.tag_vectors)
        assert not again.encoded
