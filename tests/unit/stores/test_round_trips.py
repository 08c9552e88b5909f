"""Any output of a model can be stored and is read back, except for characters that no database can store."""

from __future__ import annotations

from fractions import Fraction
from itertools import count
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stores.core.record_columns import clean
from stores.core.records import (
    Caption,
    Clip,
    Fact,
    Label,
    Record,
    Scene,
    ScreenText,
    Script,
    Span,
    SpeechActivity,
    StageKey,
    StageOutput,
    Tracklet,
    Utterance,
    Word,
)
from stores.core.staged_output import pack, unpack
from stores.library_store import LibraryStore
from tests.unit.stores.builders import BASE, add_video, begun, put, sha, video_of

TICKS = st.integers(0, 2**62)
ANY_TEXT = st.text(st.characters(), max_size=20)
STORABLE = ANY_TEXT.map(clean)
SHARE = st.floats(0, 1)
BOX = st.tuples(SHARE, SHARE, SHARE, SHARE)
SPANS = st.tuples(TICKS, TICKS).map(lambda pair: Span(min(pair), max(pair), BASE))
WORDS = st.lists(st.builds(Word, STORABLE, SPANS, SHARE), max_size=3).map(tuple)
NAMES = st.lists(STORABLE, max_size=3).map(tuple)
TRAJECTORY = st.lists(st.tuples(TICKS, SHARE, SHARE, SHARE, SHARE), max_size=3).map(tuple)
IDS = st.builds(lambda n: f"id_{n}", st.shared(st.just(count()), key="ids").map(next))
RECORDS = st.one_of(
    st.builds(Scene, STORABLE, SPANS),
    st.builds(Clip, IDS, SPANS, TICKS, STORABLE),
    st.builds(Utterance, IDS, SPANS, STORABLE, STORABLE, SHARE, WORDS),
    st.builds(ScreenText, IDS, SPANS, STORABLE, SHARE, BOX),
    st.builds(Label, IDS, SPANS, STORABLE, STORABLE, STORABLE, STORABLE, NAMES, SHARE, SHARE),
    st.builds(
        Tracklet, IDS, SPANS, STORABLE, STORABLE, STORABLE, NAMES, STORABLE, STORABLE, TRAJECTORY, STORABLE, SHARE
    ),
    st.builds(Fact, IDS, SPANS, STORABLE, SHARE),
    st.builds(SpeechActivity, SPANS),
    st.builds(
        Caption, IDS, SPANS, STORABLE, STORABLE, STORABLE, st.lists(TICKS, max_size=3).map(tuple), st.none() | SHARE
    ),
    st.builds(Script, IDS, SPANS, STORABLE, STORABLE, NAMES),
)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.lists(RECORDS, max_size=6).map(tuple))
def test_records_through_the_library(store: LibraryStore, records: tuple[Record, ...]) -> None:
    video_id = add_video(store, f"{len(store.catalog.videos())}.mp4")
    put(store, video_id, "speech", *records)
    assert store.memory(video_id).records("speech") == records
    citable = [record for record in records if hasattr(record, "evidence_id")]
    assert len(store.catalog.evidence_of(video_id)) == len(citable)


@settings(max_examples=40, deadline=None)
@given(st.lists(RECORDS, max_size=6).map(tuple))
def test_records_through_a_staged_output(records: tuple[Record, ...]) -> None:
    assert unpack(pack(StageKey("v", "s", "f"), StageOutput(records)))[1].records == records


@given(ANY_TEXT)
def test_cleaning_keeps_all_that_can_be_kept(text: str) -> None:
    kept = clean(text)
    kept.encode()
    assert "\0" not in kept
    assert clean(kept) == kept
    if not any(char == "\0" or 0xD800 <= ord(char) < 0xE000 for char in text):
        assert kept == text


@pytest.mark.parametrize(("said", "kept"), [("a\ud800b", "a\ufffdb"), ("\ud83d\ude00", "\U0001f600"), ("\0", "\ufffd")])
def test_characters_that_cannot_be_stored_are_replaced(store: LibraryStore, said: str, kept: str) -> None:
    video_id = add_video(store)
    span = Span(0, 1, BASE)
    put(store, video_id, "speech", Utterance("utt_1", span, said, "en", 0.5, (Word(said, span, 0.5),)))
    assert store.memory(video_id).records("speech") == (
        Utterance("utt_1", span, kept, "en", 0.5, (Word(kept, span, 0.5),)),
    )
    assert store.catalog.evidence(["utt_1"])["utt_1"].text == kept


def test_time_bases_are_exact(store: LibraryStore) -> None:
    base = Fraction(1001, 30000)
    video_id = store.catalog.register(Path("/videos/ntsc.mp4"), sha("ntsc"), 1, 1)
    store.commit(begun(store, video_id, "probe"), StageOutput(video=video_of(video_id, sha("ntsc"), base)))
    put(store, video_id, "speech_activity", SpeechActivity(Span(3, 10**15, base)))
    assert store.memory(video_id).records("speech_activity") == (SpeechActivity(Span(3, 10**15, base)),)
