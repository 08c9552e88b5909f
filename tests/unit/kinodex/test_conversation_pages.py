"""Numbers of citations and pages of conversations: stable, and never what a video would have them be."""

from __future__ import annotations

import io
import re
from dataclasses import replace

from rich.console import Console

from kinodex.cli.render import conversation as render
from kinodex.schemas.answer import CitationDocument, ClaimDocument
from kinodex.schemas.conversations import chat
from kinodex.schemas.conversations.numbering import cited_lines, numbered
from kinodex.usecases.conversations.markdown import markdown
from stores.threads.records import RunEvent
from tests.unit.kinodex import results as made


def claim(text: str, *cited: str) -> ClaimDocument:
    citations = [
        CitationDocument(
            evidence_id=one, video_id="vid_1", uri="/films/a.mp4", start=1.0, end=2.5, channel="speech", quote=one
        )
        for one in cited
    ]
    return ClaimDocument(text=text, citations=citations, basis="quote", value="", sql="")


def test_what_several_claims_cite_has_one_number():
    claims = [claim("A dog", "e2", "e1"), claim("a cat", "e1", "e3"), claim("none")]
    assert numbered(claims).numbers == ((1, 2), (2, 3), ())
    assert [one.evidence_id for one in numbered(claims).citations] == ["e2", "e1", "e3"]
    assert cited_lines("A dog; a cat; none", claims) == ["A dog [1][2]", "a cat [2][3]", "none"]


def test_many_numbers_in_a_row_are_a_range():
    claims = [claim("many", *(f"e{n}" for n in range(9))), claim("some", "e0", "x", "e1", "e2", "y")]
    assert cited_lines("many；some", claims) == ["many [1–9]", "some [1][2][3][10][11]"]


def test_what_an_answer_says_around_its_claims_is_kept():
    claims = [claim("a dog", "e1"), claim("a cat", "e2")]
    assert cited_lines("I see a dog and a cat.", claims) == ["I see a dog [1] and a cat [2]."]
    assert cited_lines("I see animals.", claims) == ["I see animals.", "a dog [1]", "a cat [2]"]
    assert cited_lines("Nothing.\nReally.", []) == ["Nothing.", "Really."]


def test_a_page_shows_what_was_said_and_obeys_none_of_it():
    page = markdown(chat.conversation(made.THREAD, made.TURNS, {"vid_1": made.HOSTILE.removeprefix("file://")}))
    assert page.startswith("# What does “he” say?\n")
    assert "*Understood as: What does the man say?*" in page
    assert "He says it is a rock \\[1\\]  \n2 rocks \\[1\\]" in page
    assert "Counted by `SELECT COUNT(*) FROM tracklets`" in page
    assert "*failed (TURN_TIMEOUT: No answer was found.)*" in page
    assert "\x1b" not in page
    (link,) = re.findall(r"\(<(\S+)>\)", page)
    assert link.startswith("file:///films/%5Bred%5D%20")
    assert link.endswith("#t=0.000,1.000")


def step(**payload: object) -> str:
    return render.step(RunEvent("trn_1", 1, "step", payload, 0.0), lambda one: one.replace("vid_", "film "))


def test_steps_are_lines_for_people():
    assert step(kind="looking", tool="search_moments", arguments={"query": "a dog", "k": 3}) == "searching for a dog"
    within = {"query": "a dog", "videos": ["vid_1", "vid_2", "vid_3", "vid_4"]}
    assert step(kind="looking", tool="search_moments", arguments=within).endswith("in film 1, film 2, film 3 …")
    assert step(kind="looking", tool="read_text", arguments={"video": "vid_1"}).endswith("written in film 1")
    assert step(kind="looking", tool="tags_of", arguments={"videos": ["vid_1"]}) == "looking up tags of film 1"
    assert step(kind="looking", tool="new_tool", arguments={}) == "new_tool"
    assert step(kind="looked", tool="read_text", found=1, note="", code="") == "1 line"
    assert step(kind="looked", tool="read_text", found=0, note="why", code="USAGE") == "failed: USAGE, why"
    assert step(kind="planned by rules", code="ENDPOINT_CONTEXT") == "planned by rules ENDPOINT_CONTEXT"
    assert render.step(RunEvent("trn_1", 1, "begun", {}, 0.0), str) == ""


def test_the_id_of_a_thread_can_be_copied_at_a_narrow_terminal():
    console = Console(width=80, record=True, file=io.StringIO())
    one = replace(made.THREAD, thread_id=f"thr_{'0123456789' * 2}", title="How hot must the oven be for this pizza?")
    render.threads(console, chat.threads([one]).threads)
    assert one.thread_id in console.export_text()
