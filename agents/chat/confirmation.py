"""Claims about pictures, looked at once more by a model with eyes before they are shown. It can only remove."""

from __future__ import annotations

from typing import Any

from agents.answering.claims import Claim
from agents.chat.limits import ChatLimits
from agents.chat.run_context import RunContext
from agents.chat.state import ChatState, claim_in, claim_out
from agents.llm import Budget
from agents.tools.eyes import MOST_FRAMES, Eyes
from stores.core.errors import EndpointError, KinodexError

MOST_LOOKS = 3
"""Claims of one turn that are looked at: the first ones, which are read first. Ours."""


class Confirmation:
    """Looks at the frames that claims cite.

    Args:
        eyes: None where there are none; then every claim stays.
    """

    def __init__(self, eyes: Eyes | None, limits: ChatLimits) -> None:
        self._eyes = eyes
        self._limits = limits

    def applied(self, state: ChatState, changes: dict[str, Any], context: RunContext | None = None) -> dict[str, Any]:
        """What a check has changed of a turn, without the claims that their frames clearly do not show.

        Where a frame or the model fails, a claim stays: it rests on stored evidence, and was checked.

        Raises:
            EndpointError: ENDPOINT_REFUSED: a wrong key, name or address is for its owner to put right.
        """
        if self._eyes is None:
            return changes
        used: dict[str, float] = changes.get("usage", state.get("usage", {}))
        before: ChatState = {**state, "usage": used}
        with self._limits.spending(before, context) as budget:
            kept, denied = self._looked_at(state, changes, budget)
        changes = {
            **changes,
            "claims": [claim_out(one) for one in kept],
            "rejected": [*changes.get("rejected", []), *denied],
        }
        if budget.spent.calls:
            changes["usage"] = self._limits.used(before, budget.spent)
        return changes

    def _looked_at(
        self, state: ChatState, changes: dict[str, Any], budget: Budget
    ) -> tuple[list[Claim], list[dict[str, str]]]:
        """The claims that stay, and those that are denied."""
        assert self._eyes is not None
        kept: list[Claim] = []
        denied: list[dict[str, str]] = []
        looks = 0
        for claim in (claim_in(one) for one in changes["claims"]):
            if claim.basis != "seen" or looks >= MOST_LOOKS:
                kept.append(claim)
                continue
            looks += 1
            video_id = claim.citations[0].video_id
            spans = [one.span.seconds for one in claim.citations if one.video_id == video_id][:MOST_FRAMES]
            try:
                wrong = self._eyes.denies(
                    video_id, [(start + end) / 2 for start, end in spans], _statement(state, claim), budget
                )
            except KinodexError as error:
                if isinstance(error, EndpointError) and error.code.name == "ENDPOINT_REFUSED":
                    raise
                wrong = False
            if wrong:
                denied.append({"text": claim.text, "reason": "A model that looked at the frames does not see this."})
            else:
                kept.append(claim)
        return kept, denied


def _statement(state: ChatState, claim: Claim) -> str:
    """The claim with what it answers: alone, \"Yes: cat\" says little."""
    return f"{claim.text!r}, as the answer to {state['stand_alone']!r}"
