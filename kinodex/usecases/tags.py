"""The vocabulary, and deciding with it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from kinodex.schemas import tags as schema

if TYPE_CHECKING:
    from agents.llm import LLM
    from agents.tagging.graph import Tagger
    from agents.tagging.learning import Learning
    from encoders.bundle import Encoders
    from kinodex.settings import Settings
    from stores.core.errors import EndpointError
    from stores.core.records import Decision
    from stores.library_store import LibraryStore
    from stores.tags.removal import Removed
    from stores.tags.vocabulary.importing import ImportReport


def import_tags(store: LibraryStore, path: Path) -> ImportReport:
    """Add the tags of a file to the tag library; tags that are known get its values.

    Raises:
        TagFileError: TAG_FILE_INVALID.
    """
    return store.tags.import_csv(path)


def remove_tags(store: LibraryStore, tag_ids: Sequence[str]) -> Removed:
    """Remove tags from the tag library, with all decisions about them.

    Raises:
        UsageError: USAGE if there is no tag of one of these ids; then none is removed.
    """
    from stores.tags.removal import remove_tags as remove

    return remove(store.engine, tag_ids)


def open_tagger(
    store: LibraryStore, encoders: Encoders, llm: LLM | None, on_encoded: Callable[[int, int], None] | None = None
) -> Tagger:
    """Decides about tags, with a language model if there is one.

    Args:
        on_encoded: called with (done, total) while tags that are new to the library are encoded.

    Raises:
        UsageError: NO_TAGS if the tag library is empty.
    """
    from agents.tagging.graph import Tagger

    return Tagger(store, encoders, llm, on_encoded)


def tag(
    store: LibraryStore,
    tagger: Tagger,
    videos: Sequence[str],
    on_tagged: Callable[[str], None] | None = None,
    on_failed: Callable[[str, EndpointError], None] | None = None,
) -> dict[str, tuple[Decision, ...]]:
    """Decide which tags fit each of these videos (ids), and keep the decisions.

    Args:
        on_tagged: called with each video's id when its decisions are saved.
        on_failed: called with each video's id that a language model gave no useful answer about, and the error.

    Raises:
        EndpointError: as `workflows.tag.tag_videos`.
    """
    from workflows.tag import tag_videos

    return tag_videos(store, tagger, videos, on_tagged, on_failed)


def decisions(
    store: LibraryStore, decided: Mapping[str, Iterable[Decision]], uris: Mapping[str, str]
) -> schema.DecisionsDocument:
    """The document of decisions, with the names of the tags and the lines that they rest on.

    Args:
        uris: of each video, by id.
    """
    made = {video_id: tuple(some) for video_id, some in decided.items()}
    cited = [one for some in made.values() for decision in some for one in decision.evidence_ids]
    by_id = {one.tag_id: one for one in store.tags.tags()}
    return schema.decisions(made, by_id, store.catalog.evidence(list(dict.fromkeys(cited))), uris)


def train(store: LibraryStore, encoders: Encoders, settings: Settings, again: bool = False) -> Learning:
    """Learns from what people decided about tags; the ranker that wins decides from now on.

    Args:
        settings: the precision that is wanted, and where networks are trained.
        again: learn even if nothing changed since the last time.
    """
    from agents.tagging.learning import learn

    trainer = None
    if settings.executor == "ray":
        from workflows.training import recipe

        where = recipe.Where(store.root / "training", ray=True, workers=1, gpu=settings.device == "cuda")
        trainer = recipe.trainer(where)
    return learn(store, encoders, settings.tagging.precision, again, trainer)
