"""A model that looks at frames, and claims that it can take away."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from agents.answering.claims import Basis, Claim, cite
from agents.chat.answerer import Answerer
from agents.chat.confirmation import MOST_LOOKS, Confirmation
from agents.chat.limits import ChatLimits
from agents.chat.state import ChatState, claim_out
from agents.llm import LLM, Budget, EndpointSettings
from agents.tools.eyes import ModelEyes
from encoders.bundle import Encoders
from pipeline.decode.decoder import Decoder
from pipeline.stills import picture_of
from stores.core.errors import EndpointError, MediaError
from stores.core.records import Channel, Evidence, Span
from stores.core.records import StageOutput as Output
from stores.library_store import LibraryStore
from tests.unit.agents.chat_server import ChatServer, chat_server
from tests.unit.agents.scripted_endpoint import pictures
from tests.unit.agents.small_library import MS, Library, commit
from tests.unit.pipeline.media import flat, make_video, video_of


@pytest.fixture
def film(tmp_path: Path) -> Iterator[tuple[LibraryStore, str, Path]]:
    """A library with one real file: a second of red."""
    path = make_video(tmp_path / "red.mp4", [flat((200, 30, 30))] * 25)
    with Decoder() as decoder:
        video = video_of(path, decoder)
    with LibraryStore.open(tmp_path / "library", create=True) as store:
        video_id = store.catalog.register(path, video.sha256, video.size, path.stat().st_mtime_ns)
        commit(store, video_id, "probe", Output(video=replace(video, video_id=video_id)))
        yield store, video_id, path


def eyes(store: LibraryStore, server: ChatServer) -> ModelEyes:
    return ModelEyes(store, LLM(EndpointSettings(server.base_url, "m", max_retries=0)))


def test_frames_of_the_file_are_shown(film: tuple[LibraryStore, str, Path]) -> None:
    store, video_id, _ = film
    with chat_server('{"answer": "All is red."}') as server:
        assert eyes(store, server).look(video_id, [0.2, 0.5, 0.5], "Which colour?") == "All is red."
        shown = pictures(server.requests[0])
    assert len(shown) == 2
    red, green, blue = picture_of(shown[0]).reshape(-1, 3).mean(axis=0)
    assert red > 150 > green
    assert blue < 100


@pytest.mark.parametrize(("shown", "denied"), [("yes", False), ("no", True), ("unclear", False)])
def test_only_a_clear_no_denies(film: tuple[LibraryStore, str, Path], shown: str, denied: bool) -> None:
    store, video_id, _ = film
    with chat_server(f'{{"shown": "{shown}"}}') as server:
        assert eyes(store, server).denies(video_id, [0.5], "The car is red") is denied


def test_without_file_and_thumbnail_there_is_nothing_to_see(film: tuple[LibraryStore, str, Path]) -> None:
    store, video_id, path = film
    path.unlink()
    with chat_server() as server, pytest.raises(MediaError, match="No frame"):
        eyes(store, server).look(video_id, [0.5], "Which colour?")


class Blind:
    """Eyes that deny everything, or fail with a code."""

    def __init__(self, fails: str = "") -> None:
        self.fails = fails
        self.looked: list[Sequence[float]] = []

    def look(self, video_id: str, seconds: Sequence[float], question: str, budget: Budget | None = None) -> str:
        return ""

    def denies(self, video_id: str, seconds: Sequence[float], statement: str, budget: Budget | None = None) -> bool:
        self.looked.append(seconds)
        if self.fails:
            raise EndpointError(self.fails, "gone")
        return True


def claim(number: int, basis: Basis = "seen", channel: Channel = "object") -> Claim:
    span = Span(1000 * number, 1000 * number + 500, MS)
    return Claim(f"car {number}", (cite(Evidence(f"e{number}", "vid_a", span, channel, "car", "car", 0.9)),), basis)


def checked(eyes: Any, claims: list[Claim]) -> dict[str, Any]:
    state = ChatState(question="q", stand_alone="q", began=time.time(), history={}, video_ids=None)
    changes: dict[str, Any] = {"claims": [claim_out(one) for one in claims], "rejected": []}
    return Confirmation(eyes, ChatLimits()).applied(state, changes)


def test_what_is_denied_is_not_claimed() -> None:
    blind = Blind()
    after = checked(blind, [claim(1), claim(2, "quote", "speech")])
    assert [one["text"] for one in after["claims"]] == ["car 2"]
    assert after["rejected"][0]["text"] == "car 1"
    assert blind.looked == [[1.25]]


def test_few_claims_are_looked_at() -> None:
    blind = Blind()
    after = checked(blind, [claim(number) for number in range(MOST_LOOKS + 2)])
    assert len(blind.looked) == MOST_LOOKS
    assert len(after["claims"]) == 2


def test_a_claim_stays_where_the_model_fails_or_there_is_none() -> None:
    assert len(checked(Blind(fails="ENDPOINT_UNREACHABLE"), [claim(1)])["claims"]) == 1
    assert len(checked(None, [claim(1)])["claims"]) == 1


def test_a_wrong_key_is_told_and_not_taken_for_a_claim_that_stays() -> None:
    with pytest.raises(EndpointError) as caught:
        checked(Blind(fails="ENDPOINT_REFUSED"), [claim(1)])
    assert caught.value.code.name == "ENDPOINT_REFUSED"


def test_an_answer_rests_on_what_eyes_leave(library: Library, encoders: Encoders) -> None:
    store, _ = library
    question = "What is shown in taxi.mp4?"
    assert not Answerer(store, encoders).ask(question).abstained
    assert Answerer(store, encoders, eyes=Blind()).ask(question).abstained
    assert not Answerer(store, encoders, eyes=Blind(fails="ENDPOINT_UNREACHABLE")).ask(question).abstained


@pytest.mark.parametrize("vision", [True, False])
def test_only_a_model_that_is_said_to_see_is_shown_frames(library: Library, vision: bool) -> None:
    from kinodex.settings import Endpoint, Settings
    from kinodex.usecases.config import open_eyes, open_llm

    endpoint = Endpoint(base_url="http://localhost:9/v1", model="m", vision=vision)
    assert (open_eyes(library[0], open_llm(Settings(endpoint=endpoint)), endpoint) is not None) is vision
    assert open_eyes(library[0], None, Endpoint()) is None
