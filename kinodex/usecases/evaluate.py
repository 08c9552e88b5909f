"""Measuring search, tagging and answers on annotated clips."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from kinodex.usecases.search import open_answerer, open_finder
from kinodex.usecases.tags import open_tagger

if TYPE_CHECKING:
    from agents.llm import LLM
    from encoders.bundle import Encoders
    from kinodex.settings import Settings
    from stores.library_store import LibraryStore
    from workflows.evaluation.evaluate import Evaluation


def evaluate(
    store: LibraryStore, encoders: Encoders, settings: Settings, llm: LLM | None, annotations: Path, clips: Path
) -> Evaluation:
    """Measure retrieval, tagging and answers against annotations (see `workflows.evaluation.annotations`).

    Without tags in the library, tagging is not measured.
    """
    from workflows.evaluation.evaluate import evaluate as measure

    large = None if settings.endpoint.local else llm  # as `Library.tagger`
    tagger = open_tagger(store, encoders, large) if store.tags.count() else None
    finder = open_finder(store, encoders, settings)
    answerer = open_answerer(store, encoders, finder, llm, settings)
    return measure(store, finder, tagger, answerer, annotations, clips)
