"""What is not there is not found: noise of the library, names that were (not) recognised, lines that stand out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from agents.questions.keystrokes import only_strange_words
from agents.search.candidates import Candidate
from agents.search.finder import Finder, Found
from agents.search.noise import MOST_NOISE, LineNoise, noise_of
from agents.search.recognition import EVIDENCE, NEUTRAL, Named, named_concepts, support, worth_of
from agents.search.scoring import QueryScale
from encoders.bundle import Encoders
from stores.core.records import Clip
from stores.library_store import LibraryStore
from tests.unit.agents.small_library import CLIP, add_video

SCALE = QueryScale(0.0, 0.1, 4.0)
SEEN = {
    "boats": ("imagenet:914", ("We set the mainsail at noon.", "The harbour was full.")),
    "pizza": ("imagenet:963", ("Today we bake a pizza at home.", "The oven must be at 250 degrees.")),
    "taxi": ("imagenet:468", ("Hmm.", "This is the Zorblax Quandine.")),
    "guitar": ("imagenet:546", ("Play the second chord.",)),
}


@pytest.fixture(scope="module")
def finder(tmp_path_factory: pytest.TempPathFactory, encoders: Encoders) -> Iterator[Finder]:
    root = tmp_path_factory.mktemp("quiet")
    with LibraryStore.open(root / "library", create=True) as store:
        for name, (concept, said) in SEEN.items():
            add_video(store, encoders, root / f"{name}.mp4", concept, said)
        yield Finder(store, encoders)


def video(found: Found, finder: Finder) -> str:
    return Path(finder._store.catalog.display_uri(found.moments[0].video_id)).stem


@pytest.mark.parametrize(
    ("query", "where"),
    [
        ("a sailing boat", "boats"), ("帆船", "boats"), ("pizza", "pizza"), ("披萨", "pizza"), ("taxi ride", "taxi"),
        ("electric guitar", "guitar"), ("how hot must the oven be", "pizza"), ("Zorblax", "taxi"),
    ],
)  # fmt: skip
def test_what_is_seen_or_said_is_found(finder: Finder, query: str, where: str) -> None:
    found = finder.search(query)
    assert found.verdict == "match"
    assert video(found, finder) == where


@pytest.mark.parametrize(
    "query",
    [
        "elephant", "大象", "helicopter", "直升机", "a wedding in a church", "婚礼", "penguin", "企鹅", "microscope",
        "显微镜", "windmill", "风车", "swimming pool", "a surgeon operating", "地铁站", "volcano", "waterfall", "瀑布",
    ],
)  # fmt: skip
def test_what_is_absent_is_not(finder: Finder, query: str) -> None:
    assert finder.search(query).verdict == "no_match"


@pytest.mark.parametrize(
    "query",
    [
        "blorf", "lorem ipsum dolor sit amet", "dravik plomten", "consectetur adipiscing elit", "quandoria vestip",
        "龘靐齉", "霍坷钮搪", "鑫焱淼垚", "1234567890", "88 41 73", "!!!???", "... --- ...", "hahahahahaha", "lalalala",
        "the of and to", "的了吗呢", "blorf " * 400, "龘靐齉" * 300, "aaaaaaaaaaaa", "qwertyuiop",
    ],
)  # fmt: skip
def test_of_what_means_nothing_nothing_is_found(finder: Finder, query: str) -> None:
    assert finder.search(query).verdict == "no_match"


def test_explain_says_why_nothing_matches(finder: Finder) -> None:
    def reason(query: str) -> str:
        explanation = finder.search(query, explained=True).explanation
        assert explanation is not None
        return explanation.remarks[0]

    assert "nothing that the query names was recognised" in reason("elephant")
    assert "none that the picture models know" in reason("dravik plomten")
    assert "names nothing" in reason("!!!")
    found = finder.search("pizza", explained=True)
    assert found.explanation is not None
    assert not found.explanation.remarks


def test_a_name_of_several_words_is_one_name(encoders: Encoders) -> None:
    space = encoders.concepts
    named = named_concepts("a red traffic light at night", space)
    assert space.matching("traffic light") in named.parts
    assert space.matching("light") not in named.parts
    assert named_concepts("traffic lights", space) == Named((space.matching("traffic light"),))
    assert named_concepts("zorblax", space) == Named((), True)
    assert named_concepts("狗", space).parts == (space.matching("狗"),)


def test_the_best_recognised_part_counts() -> None:
    named = Named(({"a": 1.0, "b": 0.5}, {"c": 0.9}))
    assert support(named, {}) == 0.0
    assert support(named, {"a": 0.4, "b": 0.4, "c": 0.1}) == pytest.approx(0.5)
    assert support(replace(named, others=True), {}) == NEUTRAL
    assert worth_of(NEUTRAL) == 0.0
    assert worth_of(1.0) > 0 > worth_of(0.0) > -2 * EVIDENCE


def test_most_of_what_similar_pictures_gave_can_be_lost_and_nothing_else() -> None:
    candidate = Candidate("v", Clip("c", CLIP, 0))
    candidate.offer("picture", 0.2, "p")
    candidate.add_words("picture", 0.7, 0.7, "dog")
    candidate.offer("object", 0.05, "o")
    candidate.offer("speech", 0.4, "t")
    candidate.weigh_pictures(-1.0, "p")
    assert candidate.channels == pytest.approx({"picture": 0.72, "object": 0.005, "speech": 0.4})
    candidate.weigh_pictures(0.1, "p")
    assert candidate.ratio == pytest.approx(1.225)


def test_varied_pictures_are_noise_and_a_few_alike_are_not(encoders: Encoders) -> None:
    space = encoders.concepts
    generator = np.random.default_rng(0)
    assert noise_of(space.prototypes[:3], space) == 0.0
    mixed = np.stack([space.prototypes[generator.integers(0, 1000, 3)].sum(axis=0) for _ in range(2000)])
    assert noise_of(mixed / np.linalg.norm(mixed, axis=1, keepdims=True), space) == MOST_NOISE
    assert noise_of(np.zeros((0, 0), np.float32), space) == 0.0


def test_a_line_about_the_query_stands_out_and_the_nearest_of_many_others_does_not() -> None:
    generator = np.random.default_rng(1)
    query = np.eye(64, dtype=np.float32)[0]
    lines = generator.normal(0, 0.1, (200, 64)).astype(np.float32)
    noise = LineNoise(lines, len(lines))
    nearest = float(SCALE.z(float((lines @ query).max())))
    assert noise.standing(nearest, query, SCALE) < 0.5
    assert noise.standing(9.0, query, SCALE) == 1.0
    # The more lines there are, the nearer the nearest comes by chance.
    assert LineNoise(lines, 100_000).floor(query, SCALE) > noise.floor(query, SCALE)
    none = LineNoise(np.zeros((0, 0), np.float32), 0)
    assert none.floor(query, SCALE) < 6.0 < none.floor(query, SCALE) * 2


@pytest.mark.parametrize(
    ("query", "strange"),
    [("blorf glimph", True), ("quinoa", True), ("marathon", False), ("Samsung", False), ("狗", False), ("", False)],
)  # fmt: skip
def test_words_that_may_be_none(encoders: Encoders, query: str, strange: bool) -> None:
    assert only_strange_words(query, encoders) is strange
