"""Describing many videos: resumable through the ledger, repeated only where something changed, and accounted for."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from agents.describing.captioner import EndpointDescriber
from agents.describing.portraits import portraits
from agents.describing.script import ScriptWriter
from agents.llm import LLM, EndpointSettings
from agents.llm.costs import PICTURE_TOKENS
from encoders.bundle import Encoders
from encoders.spaces import collections
from encoders.types import Pixels, WeightsError
from pipeline.decode.decoder import Decoder
from pipeline.describe.captions import CaptionConfig
from pipeline.describe.describers import PictureDescriber
from pipeline.perceive import stages
from stores.core.errors import ModelError, UsageError
from stores.core.ids import sha256_of
from stores.core.records import Caption, Clip, Span, StageKey, StageOutput
from stores.ledger import Attempt
from stores.library_store import LibraryStore
from stores.maintenance.sweeping import sweep
from stores.maintenance.verify import verify
from tests.unit.agents.chat_server import chat_server
from tests.unit.agents.scripted_endpoint import pictures
from tests.unit.pipeline.media import BLUE, GREEN, RED, flat, make_video, video_of
from workflows.describe import DescribeReport, describe_videos
from workflows.planning.budget import Budget, Estimate, Meter
from workflows.planning.describe_plan import DescribeSetup, PlannedDescription, plan_descriptions
from workflows.telemetry.progress import Event, Planned, StageAdvanced, StageFinished, VideoFinished
from workflows.units import Planner

Held = tuple[LibraryStore, list[str]]


class Namer:
    """Gives every picture the same caption, or fails as configured."""

    name = "namer"

    def __init__(self, text: str = "a plain wall", fail: Callable[[int], None] = lambda _: None) -> None:
        self.text = text
        self.calls = 0
        self._fail = fail

    def caption(self, pixels: Pixels) -> list[str]:
        self.calls += 1
        self._fail(self.calls)
        return [self.text] * len(pixels)


@pytest.fixture(scope="module")
def encoders() -> Iterator[Encoders]:
    with Encoders.open("embedded") as bundle:
        yield bundle


def commit(store: LibraryStore, video_id: str, stage: str, output: StageOutput, fingerprint: str = "f1") -> None:
    attempt = store.ledger.begin(StageKey(video_id, stage, fingerprint), "test")
    assert isinstance(attempt, Attempt)
    store.commit(attempt, output)


def clips(store: LibraryStore, video_id: str, count: int, fingerprint: str = "f1") -> None:
    video = store.catalog.video(video_id)
    assert video is not None
    edges = [video.duration * number // count for number in range(count + 1)]
    spans = [Span(edges[n], edges[n + 1], video.time_base) for n in range(count)]
    made = [Clip(f"clp_{video_id}_{fingerprint}_{n}", span, span.start) for n, span in enumerate(spans)]
    commit(store, video_id, "clips", StageOutput(tuple(made)), fingerprint)


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Held]:
    """Four films of two clips each."""
    with LibraryStore.open(tmp_path / "library", create=True) as store, Decoder() as decoder:
        ids = []
        for number, colour in enumerate((RED, GREEN, BLUE, (90, 90, 0))):
            path = make_video(tmp_path / f"film{number}.mp4", [flat(colour)] * 50)
            stat = path.stat()
            video_id = store.catalog.register(path, sha256_of(path), stat.st_size, stat.st_mtime_ns)
            video = replace(video_of(path, decoder), video_id=video_id, sha256=sha256_of(path))
            commit(store, video_id, "probe", StageOutput(video=video))
            clips(store, video_id, 2)
            ids.append(video_id)
        yield store, ids


def by(captioner: Namer, revision: str = "1") -> DescribeSetup:
    return DescribeSetup(PictureDescriber(lambda: captioner, f"namer@{revision}"), CaptionConfig())


def texts(store: LibraryStore, video_id: str) -> list[str]:
    return [line.text for line in store.catalog.evidence_of(video_id, "caption")]


def statuses(report: DescribeReport) -> list[str]:
    assert report.totals.reconciled
    return [one.report.status for one in report.videos]


def test_captions_and_their_vectors_are_stored_and_not_made_twice(library: Held, encoders: Encoders) -> None:
    store, ids = library
    events: list[Event] = []
    namer = Namer()
    report = describe_videos(store, encoders, ids, by(namer), progress=events.append)
    assert statuses(report) == ["done"] * 4
    assert {one.captions for one in report.videos} == {2}
    assert texts(store, ids[0]) == ["a plain wall"] * 2
    assert next(event for event in events if isinstance(event, Planned)).stages[0] == ("captions", 4)
    assert sum(isinstance(event, VideoFinished) for event in events) == 4
    assert any(isinstance(event, StageAdvanced) and event.share == 1.0 for event in events)
    (caption, _) = store.memory(ids[0]).records("captions")
    assert isinstance(caption, Caption)
    hits, _ = store.vectors.fetch(collections(encoders).text, video_ids=[ids[0]])
    assert {(hit.channel, hit.evidence_id == caption.evidence_id) for hit in hits} == {
        ("caption", True),
        ("caption", False),
    }
    asked = namer.calls
    again = describe_videos(store, encoders, ids, by(namer))
    assert namer.calls == asked
    assert (again.totals.reused, again.totals.done) == (4, 4)
    assert not verify(store).harmful


def test_an_ingest_leaves_captions_unchanged(library: Held, encoders: Encoders) -> None:
    store, ids = library
    describe_videos(store, encoders, ids[:1], by(Namer()))
    planner = Planner(store, stages(encoders))
    assert not {"captions", "caption_vectors", "script"} & set(planner.left(store.ledger.receipts(ids[0])))
    commit(store, ids[0], "speech", StageOutput(), "new")
    sweep(store)
    assert texts(store, ids[0]) == ["a plain wall"] * 2


def test_another_model_describes_again_and_old_captions_are_used_until_then(library: Held, encoders: Encoders) -> None:
    store, ids = library
    describe_videos(store, encoders, ids[:2], by(Namer("old words")))

    def broken(_: int) -> None:
        raise RuntimeError("the model hiccups")

    failed = describe_videos(store, encoders, ids[:1], by(Namer(fail=broken), "2"))
    assert (statuses(failed), failed.videos[0].report.error_code) == (["failed"], "INTERNAL")
    assert texts(store, ids[0]) == ["old words"] * 2
    report = describe_videos(store, encoders, ids[:2], by(Namer("new words"), "3"))
    assert statuses(report) == ["done", "done"]
    assert texts(store, ids[0]) == texts(store, ids[1]) == ["new words"] * 2


def test_changed_clips_are_reported_and_described_again(library: Held, encoders: Encoders) -> None:
    store, ids = library
    setup = by(Namer())
    describe_videos(store, encoders, ids[:1], setup)
    clips(store, ids[0], 3, "f2")
    outdated, fresh = plan_descriptions(store, encoders, ids[:2], setup)
    assert (outdated.state, outdated.left) == ("outdated", ("captions", "caption_vectors"))
    assert (fresh.state, fresh.clips, fresh.calls) == ("not_described", 2, 0)
    assert len(texts(store, ids[0])) == 2
    describe_videos(store, encoders, ids[:1], setup)
    assert len(texts(store, ids[0])) == 3
    assert plan_descriptions(store, encoders, ids[:1], setup)[0].state == "described"


def test_nothing_found_is_not_the_same_as_not_described(library: Held, encoders: Encoders) -> None:
    store, ids = library
    report = describe_videos(store, encoders, ids[:1], by(Namer("")))
    assert (statuses(report), report.videos[0].captions) == (["done"], 0)
    assert store.catalog.described("captions") == {ids[0]: 0}
    describe_videos(store, encoders, ids[1:2], by(Namer()))
    assert store.catalog.described("captions") == {ids[0]: 0, ids[1]: 2}


def test_only_a_missing_file_fails_and_it_is_retried_when_it_is_back(library: Held, encoders: Encoders) -> None:
    store, ids = library
    path = store.catalog.path(ids[0])
    assert path is not None
    away = path.rename(path.with_suffix(".away"))
    report = describe_videos(store, encoders, ids[:2], by(Namer()))
    assert statuses(report) == ["failed", "done"]
    assert report.videos[0].report.error_code == "FILE_MISSING"
    away.rename(path)
    assert statuses(describe_videos(store, encoders, ids[:2], by(Namer()))) == ["done", "done"]


def test_an_undecodable_video_is_retried_only_on_request(library: Held, encoders: Encoders) -> None:
    store, ids = library
    path = store.catalog.path(ids[0])
    assert path is not None
    whole = path.read_bytes()
    path.write_bytes(b"no film")
    assert describe_videos(store, encoders, ids[:1], by(Namer())).videos[0].report.error_code == "NOT_MEDIA"
    path.write_bytes(whole)
    assert plan_descriptions(store, encoders, ids[:1], by(Namer()))[0].state == "failed"
    assert statuses(describe_videos(store, encoders, ids[:1], by(Namer()))) == ["failed"]
    assert statuses(describe_videos(store, encoders, ids[:1], replace(by(Namer()), retry=True))) == ["done"]


def test_an_interruption_loses_one_video_and_counts_against_none(library: Held, encoders: Encoders) -> None:
    store, ids = library

    def interrupted(call: int) -> None:
        if call == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        describe_videos(store, encoders, ids, by(Namer(fail=interrupted)))
    assert [len(texts(store, video_id)) for video_id in ids] == [2, 0, 0, 0]
    stopped = [receipt for receipt in store.ledger.receipts(ids[1]) if receipt.key.stage == "captions"]
    assert [(receipt.status, receipt.strikes) for receipt in stopped] == [("pending", 0)]
    report = describe_videos(store, encoders, ids, by(Namer()))
    assert (report.totals.done, report.totals.reused) == (4, 1)


def test_a_missing_model_ends_the_job_and_blames_no_video(library: Held, encoders: Encoders) -> None:
    store, ids = library

    def missing(_: int) -> None:
        raise WeightsError("missing", "The weights of namer are not on this machine.", "Pull them.")

    with pytest.raises(ModelError, match="MODEL_MISSING"):
        describe_videos(store, encoders, ids, by(Namer(fail=missing)))
    assert {receipt.strikes for receipt in store.ledger.receipts() if receipt.key.stage == "captions"} == {0}


def test_a_video_that_is_not_indexed_is_refused(library: Held, encoders: Encoders, tmp_path: Path) -> None:
    store, _ = library
    (tmp_path / "new.mp4").write_text("new")
    video_id = store.catalog.register(tmp_path / "new.mp4", "e" * 64, 3, 1)
    with pytest.raises(UsageError, match="UNKNOWN_VIDEO"):
        describe_videos(store, encoders, [video_id], by(Namer()))


def asking(store: LibraryStore, encoders: Encoders, base_url: str, script: bool = True) -> DescribeSetup:
    llm = LLM(EndpointSettings(base_url, "eyes", max_retries=0, timeout_seconds=5.0))
    writer = ScriptWriter(store, encoders, llm) if script else None
    return DescribeSetup(EndpointDescriber(llm), CaptionConfig(), writer, llm.usage, asks=True)


def replies(request: dict[str, Sequence[dict[str, object]]]) -> str:
    if isinstance(request["messages"][1]["content"], list):
        return json.dumps({"description": "A wall is painted red."})
    ids = [part.split("]")[0] for part in str(request["messages"][1]["content"]).split("[")[1:]]
    return json.dumps({"sentences": [{"text": "A wall is painted red.", "evidence_ids": ids}]})


def test_an_endpoint_describes_and_writes_a_script_and_its_cost_is_counted(library: Held, encoders: Encoders) -> None:
    store, ids = library
    with chat_server(replies) as server:
        setup = asking(store, encoders, server.base_url)
        (planned,) = plan_descriptions(store, encoders, ids[:1], setup)
        assert planned.calls == 3
        assert planned.tokens > 1000
        report = describe_videos(store, encoders, ids[:1], replace(setup, prices=(1e6, 2e6)))
        assert statuses(report) == ["done"]
        assert report.videos[0].script == "A wall is painted red."
        assert (report.calls, report.spent.tokens, report.spent.money) == (3, 54, 3 * 11 + 3 * 2 * 7)
        # Without changes the endpoint is not called again.
        assert describe_videos(store, encoders, ids[:1], setup).calls == 0
    (script,) = store.catalog.evidence_of(ids[0], "script")
    assert script.span.seconds == pytest.approx((0.0, 2.0), abs=0.1)
    assert not verify(store).harmful


def portrait(folder: Path, name: str, colour: int) -> Path:
    folder.mkdir(exist_ok=True)
    made, data = cv2.imencode(".png", np.full((40, 30, 3), colour, np.uint8))
    assert made
    (folder / name).write_bytes(data.tobytes())
    return folder


def test_portraits_and_what_others_write_are_counted_and_only_what_they_change_is_done_again(
    library: Held, encoders: Encoders, tmp_path: Path
) -> None:
    store, ids = library
    with chat_server(replies) as server:
        plain = asking(store, encoders, server.base_url)
        describe_videos(store, encoders, ids, plain)
        calls = len(server.requests)
        people = portraits(portrait(tmp_path / "people", "Mina Sato.png", 9))
        llm = LLM(EndpointSettings(server.base_url, "eyes", max_retries=0, timeout_seconds=5.0))
        shown = replace(plain, describer=EndpointDescriber(llm, people), portraits=1, usage=llm.usage)
        before, after = (plan_descriptions(store, encoders, ids[:1], each)[0] for each in (plain, shown))
        assert (before.left, before.calls) == ((), 0)
        assert after.left == ("captions", "caption_vectors", "script")
        (fresh,) = plan_descriptions(store, encoders, ids[:1], replace(shown, portraits=0))
        assert after.tokens - fresh.tokens == after.clips * PICTURE_TOKENS
        assert len(server.requests) == calls, "a plan sends nothing"
        describe_videos(store, encoders, ids[:1], shown)
        assert {len(pictures(one)) for one in server.requests[calls:]} == {5, 0}
        # A text beside one video concerns that video only.
        (tmp_path / "film1.txt").write_text("A wall is painted on the farm of Mina Sato.")
        states = [one.state for one in plan_descriptions(store, encoders, ids[1:], plain)]
        assert states == ["outdated", "described", "described"]
        ignored = replace(plain, metadata=False)
        assert {one.state for one in plan_descriptions(store, encoders, ids[1:], ignored)} == {"described"}
        asked = len(server.requests)
        describe_videos(store, encoders, ids[1:], plain)
        assert len(server.requests) == asked + 3
        assert all("farm of Mina Sato" in str(one["messages"][1]) for one in server.requests[asked:])


def test_the_tags_of_a_video_reach_the_endpoint_after_what_lies_beside_it(encoders: Encoders, tmp_path: Path) -> None:
    path = tmp_path / "tagged.mp4"
    make_video(tmp_path / "plain.mp4", [flat(RED)] * 50)
    with av.open(str(tmp_path / "plain.mp4")) as plain, av.open(str(path), "w") as out:
        out.metadata.update({"title": "The farm of Mina Sato", "comment": "In spring."})
        stream = out.add_stream_from_template(plain.streams.video[0])
        for packet in plain.demux(video=0):
            if packet.dts is not None:
                packet.stream = stream
                out.mux(packet)
    (tmp_path / "tagged.txt").write_text("In autumn.")
    with LibraryStore.open(tmp_path / "library", create=True) as store, Decoder() as decoder:
        stat = path.stat()
        video_id = store.catalog.register(path, sha256_of(path), stat.st_size, stat.st_mtime_ns)
        video = replace(video_of(path, decoder), video_id=video_id, sha256=sha256_of(path))
        commit(store, video_id, "probe", StageOutput(video=video))
        clips(store, video_id, 1)
        with chat_server(replies) as server:
            describe_videos(store, encoders, [video_id], asking(store, encoders, server.base_url))
    assert len(server.requests) == 2
    for request in server.requests:
        told = str(request["messages"][1])
        assert "The farm of Mina Sato" in told
        assert "In autumn." in told
        assert "In spring." not in told


def test_nothing_of_a_video_is_read_from_outside_for_a_model_on_this_machine(
    library: Held, encoders: Encoders, tmp_path: Path
) -> None:
    store, ids = library
    describe_videos(store, encoders, ids, by(Namer()))
    (tmp_path / "film1.txt").write_text("A wall.")
    assert {one.state for one in plan_descriptions(store, encoders, ids, by(Namer()))} == {"described"}


def test_an_unreachable_endpoint_ends_the_job_early(library: Held, encoders: Encoders) -> None:
    store, ids = library
    events: list[Event] = []
    with chat_server(500) as server:
        setup = asking(store, encoders, server.base_url, script=False)
        report = describe_videos(store, encoders, ids, setup, progress=events.append)
    assert statuses(report) == ["failed"] * 3 + ["postponed"]
    assert report.videos[0].report.error_code == "ENDPOINT_UNREACHABLE"
    assert "3 videos in a row" in report.stopped
    assert {event.error_code for event in events if isinstance(event, StageFinished)} == {"ENDPOINT_UNREACHABLE"}
    with chat_server(replies) as server:
        setup = asking(store, encoders, server.base_url, script=False)
        assert statuses(describe_videos(store, encoders, ids, setup)) == ["done"] * 4


def test_bad_answers_about_some_clips_and_videos_stop_no_others(library: Held, encoders: Encoders) -> None:
    store, ids = library
    filtered = {"message": "Rejected by our content policy.", "code": "content_policy_violation"}
    answers = iter(["no JSON", "no JSON", "still none", "none"])

    def moody(request: dict[str, object]) -> object:
        return next(answers, None) or replies(request)  # type: ignore[arg-type]

    with chat_server(moody) as server:
        setup = asking(store, encoders, server.base_url, script=False)
        report = describe_videos(store, encoders, ids[:1], setup)
        assert statuses(report) == ["failed"], "no clip of it could be described"
        assert report.videos[0].report.error_code == "ENDPOINT_BAD_OUTPUT"

    def one_in_two(request: dict[str, object]) -> object:
        return filtered if server.served % 2 else replies(request)  # type: ignore[arg-type]

    with chat_server(one_in_two) as server:
        setup = asking(store, encoders, server.base_url, script=False)
        report = describe_videos(store, encoders, ids[1:], setup)
    assert statuses(report) == ["done"] * 3
    assert [(one.captions, one.failed_clips) for one in report.videos] == [(1, 1)] * 3
    assert report.stopped == ""
    with chat_server("no JSON at all") as server:
        setup = replace(asking(store, encoders, server.base_url, script=False), config=CaptionConfig(long_side=256))
        report = describe_videos(store, encoders, ids, setup)
    assert statuses(report) == ["failed"] * 4, "each is tried: bad answers about three say nothing of the fourth"
    assert report.stopped == ""
    assert len(texts(store, ids[1])) == 1, "what was there is still there"


def test_a_budget_leaves_the_rest_for_another_run(library: Held, encoders: Encoders) -> None:
    store, ids = library

    def estimate(unit: object) -> Estimate:
        assert isinstance(unit, PlannedDescription)
        return unit.estimate()

    with chat_server(replies) as server:
        setup = asking(store, encoders, server.base_url, script=False)
        (one, *_) = plan_descriptions(store, encoders, ids, setup)
        meter = Meter(store.root, estimate, 1, Budget(tokens=1.5 * one.tokens))
        report = describe_videos(store, encoders, ids[:2], setup, meter=meter)
        # The first cost less than estimated, so the second still fitted.
        assert statuses(report) == ["done", "done"]
        meter = Meter(store.root, estimate, 1, Budget(tokens=0.5 * one.tokens))
        report = describe_videos(store, encoders, ids[2:], setup, meter=meter)
        assert statuses(report) == ["postponed", "postponed"]
        assert "tokens would be exceeded" in report.stopped
