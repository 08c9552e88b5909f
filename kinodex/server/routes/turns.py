"""Questions in the making, and their answers."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response
from starlette.responses import StreamingResponse

from kinodex.schemas.api.conversations import Cancelled, TurnShown
from kinodex.server.asking import Viewed
from kinodex.server.etags import kept
from kinodex.server.events import RESPONSES, After, Event, LastEventId, News, streams_of
from kinodex.server.problems import errors
from kinodex.views.conversations import answering
from kinodex.views.conversations import turns as views

router = APIRouter(prefix="/turns/{turn_id}", tags=["chat"], responses=errors("UNKNOWN_THREAD"))


@router.get("", response_model=TurnShown)
def get_turn(view: Viewed, request: Request, turn_id: str) -> Response:
    """A question and its answer. One whose process died is gone on with."""
    found = views.turn(view, turn_id)
    if found.status == "running":
        answering.resume(view, found.thread_id)
    return kept(request, found)


@router.get("/events", response_class=StreamingResponse, responses=RESPONSES)
def follow_turn(
    view: Viewed, request: Request, turn_id: str, last_event_id: LastEventId = 0, after: After = 0
) -> Response:
    """What happens in a turn, step by step, from the first step on or from `Last-Event-ID`.

    The last event is called `turn`; its data is the turn. The steps are stored: they are the same after a reload, and
    after a restart of the server.
    """
    views.turn_of(view, turn_id)

    def look(known: int) -> News:
        now = view.renewed()
        events, turn = answering.events_after(now, turn_id, known)
        sent = [Event(one.kind, {"at": one.at, **one.details}, one.number) for one in events]
        if turn.status == "running":
            return News(sent)
        shown = views.shown_turns(now, [turn])[0]
        return News([*sent, Event("turn", shown.model_dump(mode="json"))], over=True)

    return streams_of(request.app).stream(look, max(last_event_id, after))


@router.post("/cancel")
def cancel_turn(view: Viewed, turn_id: str) -> Cancelled:
    """Stop a turn; what was found until then is not shown."""
    return answering.cancel(view, turn_id)
