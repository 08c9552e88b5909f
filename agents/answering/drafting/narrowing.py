"""The same question asked of the one video that is about its subject.

What a thing costs is said in its video, but seldom together with its name, and a large library has nearer lines.
"""

from __future__ import annotations

from dataclasses import replace

from agents.answering.claims import Claim
from agents.answering.drafting.material import Material
from agents.answering.from_text import draft_from_text
from agents.answering.lines import gather, rank_lines
from agents.answering.text.units import RankedLine
from agents.questions.question import Question
from agents.questions.understanding import understand
from agents.tools.video_topics import VideoTopics


def draft_narrowed(material: Material) -> list[Claim]:
    """Claims from the text of the video that is most about the question's words; none if no video has any."""
    question = material.question
    topics = VideoTopics(material.store, material.encoders).ranked(question.terms, material.found, material.within)
    for topic in topics[:1]:
        # All of the question's words stay: without them any price would be that of the thing asked about.
        ranked = ranked_lines(material, question, [topic.video_id])
        return draft_from_text(question, ranked, material.encoders, video_ids=[topic.video_id])
    return []


def draft_asked(material: Material, text: str) -> list[Claim]:
    """Claims from text for a question of our own about the same videos: "how much does the drum cost?"."""
    question = understand(text, material.encoders.concepts.vocabulary)
    of_it = replace(material, question=replace(question, chinese=material.chinese))
    videos = material.within
    ranked = ranked_lines(of_it, question, videos)
    return draft_from_text(question, ranked, of_it.encoders, video_ids=videos) or draft_narrowed(of_it)


def ranked_lines(material: Material, question: Question, videos: list[str] | None) -> list[RankedLine]:
    """The lines of some videos about a question, the best first."""
    gathered = gather(question, material.store, material.encoders, None, videos)
    return rank_lines(question, gathered, material.encoders)
