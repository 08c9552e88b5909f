"""Results as the use cases return them; ``data/*.json`` are the documents that are printed of them."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

from agents.answering.claims import Answer, Citation, Claim
from agents.search.explanation import CandidateOutcome, Explanation, Gap, Part, Scale, Source
from agents.search.finder import Also, Found, Moment
from agents.search.videos import FoundVideo, FoundVideos
from stores.core.errors import StoreError
from stores.core.records import Decision, Evidence, Receipt, Span, StageKey, Tag, Video
from stores.entries import IndexHealth, VideoEntry
from stores.maintenance.forget import Forgotten
from stores.maintenance.rebuild import Rebuilt
from stores.maintenance.sweeping import Swept
from stores.maintenance.verification import Problem, Verification
from stores.tags.vocabulary.importing import ImportReport
from stores.threads.records import RunEvent, Thread, ThreadCitation, ThreadClaim, Turn, Usage
from workflows.describe import DescribedVideo, DescribeReport
from workflows.evaluation.evaluate import AnswerResult, Evaluation, QueryResult
from workflows.evaluation.measures import TagCounts, ranking
from workflows.planning.budget import Estimate, Spent
from workflows.planning.describe_plan import PlannedDescription
from workflows.planning.plan import Plan, PlannedInput
from workflows.reembed import Reembedded, ReembedPlan
from workflows.replay import Replay
from workflows.report import IngestReport, VideoReport, total
from workflows.watch_folder import Round

TICKS = Fraction(1, 12800)
HOSTILE = "file:///films/[red] “学校”\x1b[31m caf\udce9.mp4"
URIS = {"vid_1": "file:///films/one.mp4", "vid_2": HOSTILE}
HEALTH = IndexHealth("partial", 7, 9, 1, 2, 1)

VIDEO = Video(
    "vid_1", "ab" * 32, 123456, 76800, TICKS, 0, 640, 360, 90, Fraction(30000, 1001), True, "h264", "", "mov", ("X: y",)
)
ENTRIES = (
    VideoEntry(VIDEO, "vid_1", (URIS["vid_1"], HOSTILE), "done", "", "", {"probe": "done", "speech": "done"}),
    VideoEntry(None, "vid_3", (), "failed", "NOT_MEDIA", "no film 打", {"probe": "failed"}),
)
EVIDENCE = (
    Evidence("ev_1", "vid_1", Span(0, 12801, TICKS), "speech", "Look at my pretty rock.", "look", 0.8765),
    Evidence("ev_2", "vid_1", Span(1, 25600, TICKS), "screen", HOSTILE, "x", 1),
)
REPORTS = (
    VideoReport("vid_1", URIS["vid_1"], "done", "", "", (("probe", "done"), ("speech", "done")), True),
    VideoReport("", HOSTILE, "failed", "NOT_MEDIA", "It is a text file.", (), False),
    VideoReport("vid_2", HOSTILE, "postponed", "", "", (("probe", "done"), ("speech", "pending")), False),
)
INGESTED = IngestReport(REPORTS, total(REPORTS, 3, 61.5, 12.25))
NOTHING = IngestReport((), total((), 0, 0, 0.5))
REPORT_PATH = Path("library/reports/run-000012.json")
ROUND = Round(1, 3, 1, 12.25, 1764400000.5, INGESTED)
FAILED_ROUND = Round(2, 1, 0, 0, 1764400060.0, None, StoreError("LIBRARY_LOCKED", "Another job writes.", "Wait."))

COST = Estimate(120.0, 5_000_000.4, 12.6, 0.5)
PLAN = Plan(
    (
        PlannedInput("/films/new.mp4", media_seconds=600.0, stages=("probe", "speech"), cost=COST),
        PlannedInput("/films/old.mp4", "vid_1", "known", 60.0),
        PlannedInput("/films/x.mp4", state="problem", error_code="NOT_MEDIA", error_message="no film"),
    ),
    (("probe", 1), ("speech", 1), ("dream", 1)),
    COST,
    66.0,
    2,
    ("probe",),
    ("speech",),
    ("dream",),
    10**9,
    True,
)
EMPTY_PLAN = Plan((), (), Estimate(), 0.0, 2, (), (), (), 10**9, False)
REEMBED_PLAN = ReembedPlan(("pictures", "vectors"), 9, (Path("/films/one.mp4"),), ("vid_2", "vid_9"), ("vid_1",))
REEMBEDDED = Reembedded(REEMBED_PLAN, INGESTED, 1, Swept(1, 2, 3, 4, 5))
KEPT = Reembedded(REEMBED_PLAN, None, 0, Swept())

FOUND = Found(
    "打鼓的人 \udce9",
    "match",
    HEALTH,
    (
        Moment(
            1,
            "vid_1",
            "clp_1",
            Span(1000, 25600, TICKS),
            0.87654321,
            1.2,
            {"speech": 0.5, "picture": 0},
            HOSTILE,
            "thumb.jpg",
            (Also("vid_2", Span(0, 12800, TICKS)), Also("vid_9", Span(0, 0, TICKS))),
        ),
        Moment(2, "vid_9", "clp_2", Span(0, 12800, TICKS), 1e-7, 0.1, {}, "", ""),
    ),
)
FOUND_VIDEOS = FoundVideos("cooking", "no_match", "mean", HEALTH, (FoundVideo(1, "vid_1", 0.5, 0.7, 0.123),))
_SEEN = Part("picture", "vectors", "conse@1", 0.6, 0.6)
_SAID = Part("speech", "words", "whisper@2", -0.4, -0.4)
EXPLANATION = Explanation(
    0.5,
    0.65,
    8,
    {"picture": 1.0, "lines_floor": 2},
    (Scale("picture-x", 0.01, 0.08, 6.3),),
    (Source("picture", "vectors", "conse@1", "e5@1", "picture-x", 12, 3, False),),
    (
        Gap("vid_4", "all", "not_indexed", "DECODE_FAILED: not one picture"),
        Gap("vid_1", "text", "nothing_found"),
        Gap("vid_2", "text", "nothing_found"),
    ),
    (
        CandidateOutcome("vid_1", "clp", Span(0, 12800, TICKS), "shown", 1, "", 0.2, 0.7, (_SEEN, _SAID)),
        CandidateOutcome(
            "vid_2", "clp", Span(0, 12800, TICKS), "left_out", 0, "stands behind the last one", 0.1, 0.1, ()
        ),
    ),
    ("itm: looked at 2 of 3 moments",),
)
ANSWER = Answer(
    "What does he say?",
    "He says it is a rock.",
    False,
    "extractive",
    (Claim("He says it is a rock.", (Citation("ev_1", "vid_1", Span(0, 12801, TICKS), "speech", "pretty rock"),)),),
)
COUNTED = Answer(
    "How many submarines?",
    "0 submarines",
    False,
    "extractive",
    (Claim("0 submarines", (), "computed", "SELECT COUNT(*) FROM tracklets", "0"),),
)
DECLINED = Answer("Who?", "The videos do not tell.", True, "llm", ())

TAGS = (
    Tag("t1", "rock", "object", ("stone", "石头"), "", "en"),
    Tag("t2", "old", "", (), "t1", "", "retired"),
)
DECISIONS = {
    "vid_1": (
        Decision("vid_1", "t1", "accepted", 0.9, ("speech",), ("ev_1", "ev_gone"), (("words", 0.5), ("model", 1))),
        Decision("vid_1", "gone", "rejected", 0, (), (), ()),
    ),
    "vid_9": (),
}
IMPORTED = ImportReport(3, 1, 0, 4)
VERIFIED = Verification(
    {"videos": 2, "blobs": 3},
    (Problem("blob", "BLOB_MISSING", "vid_1/x", "It is not there.", "Ingest again."),),
    (StageKey("vid_1", "speech", "f"),),
)
ORPHANS = Verification({"blobs": 3}, (Problem("orphan", "BLOB_ORPHAN", "x", "Nothing points at it.", "gc"),), ())
SWEPT, REBUILT, FORGOTTEN = Swept(1, 2, 3, 4, 5), Rebuilt(10, 3, 7), Forgotten(1, 2, 3)
REPLAYED = Replay("vid_1", "speech", URIS["vid_1"], 1.25, records=(("Utterance", 3),), blobs=(("a.npz", 9),), same=True)
REPLAY_FAILED = Replay("vid_1", "speech", HOSTILE, 0.5, "DECODE_FAILED", "no picture", "Traceback\n  x")
RECEIPT = Receipt(StageKey("vid_2", "speech", "f"), "quarantined", 3, 12.5, "DECODE_TIMEOUT", "took too long", 2)

DESCRIBED = DescribeReport(
    (DescribedVideo(REPORTS[0], 4, "A man shows a rock."), DescribedVideo(REPORTS[1], 0, "")),
    total(REPORTS[:2], 2, 12, 3.0),
    Spent(tokens=100.6, money=0.25),
    7,
    "",
)
PLANNED_DESCRIPTIONS = (
    PlannedDescription("vid_1", URIS["vid_1"], "described", {"captions": "f"}, (), 6.0, 3, 0, 0.0),
    PlannedDescription("vid_2", HOSTILE, "outdated", {"captions": "f"}, ("captions",), 6, 3, 3, 1200.7),
)

EVALUATION = Evaluation(
    annotations="sha256:ab",
    clips=2,
    missing=("three.mp4",),
    queries=(
        QueryResult("a man playing drums", "en", "one", 1, True, 2),
        QueryResult("打鼓的人", "zh", "two", None, True, None),
    ),
    retrieval=ranking([1, None]),
    retrieval_by_language={"en": ranking([1]), "zh": ranking([None])},
    tagging=TagCounts(2, 1, 1, 1, 1),
    tagging_by_facet={"what": TagCounts(1, 1, 1, 1, 1), "who": TagCounts()},
    tagging_by_tag={"dog": TagCounts(1, 1, 1, 1, 1)},
    answers=(
        AnswerResult("What?", "one", "a rock", HOSTILE, False, True, 2, 1, True),
        AnswerResult("Who?", "", "", "The videos do not tell.", True, False, 0, 0),
    ),
    moments=ranking([2, None]),
    moments_by_language={"en": ranking([2])},
    tagging_by_clip={"one": {"dog": TagCounts(1, 1, 1, 1, 1)}, "two": {"cat": TagCounts(1, 0, 0, 0, 0)}},
    facets={"dog": "what", "cat": "who"},
)
NOTHING_EVALUATED = Evaluation("x", 0, (), (), ranking([]), {}, TagCounts(), {}, {}, (), ranking([]), {}, {}, {})

CITED = ThreadCitation("ev_1", "vid_1", Span(0, 12801, TICKS), "speech", "pretty rock")
THREAD = Thread("thr_1", "What does “he” say?", None, 2, 1764400000.0, 1764400060.5)
NARROW_THREAD = Thread("thr_2", "", ("vid_1", "vid_2"), 0, 1764400000, 1764400000)
TURNS = (
    Turn(
        "trn_1",
        "thr_1",
        1,
        "And what does “he” say?",
        "What does the man say?",
        "done",
        "He says it is a rock; 2 rocks",
        False,
        False,
        "extractive",
        (
            ThreadClaim("He says it is a rock", (CITED,), "words"),
            ThreadClaim("2 rocks", (CITED,), "computed", "SELECT COUNT(*) FROM tracklets", "2"),
        ),
        Usage(3, 1200, 4.25, 0.001),
        "",
        "",
        1,
        12,
        1764400000.5,
        1764400004.75,
    ),
    Turn(
        *("trn_2", "thr_1", 2, HOSTILE, "", "failed", "", False, False, "", (), Usage()),
        *("TURN_TIMEOUT", "No answer was found.", 1, 3, 1764400050.0, None),
    ),
)
EVENT = RunEvent("trn_1", 4, "step", {"kind": "looking", "arguments": {"query": "rock", "k": 12}}, 1764400001.5)
