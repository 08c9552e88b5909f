"""What users are told when an endpoint fails: a code, what is wrong, and what to do."""

from __future__ import annotations

import email.utils
import math
import time
from collections.abc import Mapping

from agents.llm.refusals import Refusal
from agents.llm.replies import FilteredError, UnreadableError
from agents.llm.settings import EndpointSettings
from stores.core.errors import EndpointError

_MOST_TOLD = 240
"""Characters of what the endpoint says that are shown."""

_HINTS = {
    401: "Check the API key.",
    403: "Check the API key.",
    404: "Check base_url (it usually ends in /v1) and the model's name.",
    429: "The endpoint's rate limit is used up: wait, or lower the load.",
}


class Failures:
    """The errors of one endpoint. Keys and passwords are never in them."""

    def __init__(self, settings: EndpointSettings) -> None:
        self._settings = settings
        self._address = settings.address

    def absent(self) -> EndpointError:
        """Nobody listens there."""
        return EndpointError(
            "ENDPOINT_UNREACHABLE",
            f"Cannot connect to {self._address}.",
            "Check base_url and that the server runs, or unset both to do without a language model.",
        )

    def slow(self) -> EndpointError:
        """The time-out has passed."""
        return EndpointError(
            "ENDPOINT_UNREACHABLE",
            f"No answer from {self._address} within {self._settings.timeout_seconds:g} s.",
            "Raise timeout_seconds, or lighten the server's load.",
        )

    def cut(self) -> EndpointError:
        """The connection was lost in the middle of a reply."""
        return EndpointError(
            "ENDPOINT_UNREACHABLE",
            f"The reply of {self._address} broke off before its end.",
            "Try again; if it happens often, see the server's log and any proxy before it.",
        )

    def unusable(self, error: UnreadableError | FilteredError) -> EndpointError:
        """A reply came, with nothing in it that could be used."""
        if isinstance(error, FilteredError):
            return self._filtered(str(error))
        return EndpointError(
            "ENDPOINT_BAD_OUTPUT",
            f"{self._address} did not answer with a chat completion: {error}.",
            "Check base_url (it usually ends in /v1).",
        )

    def refused(self, refusal: Refusal, wait: float = 0.0) -> EndpointError:
        """The endpoint said no. ``wait``: seconds after which it wants to be asked again, if that is too long."""
        said, reason = self._said(refusal), refusal.reason
        answered = f"{self._address} answered HTTP {refusal.status}" if refusal.status else f"{self._address} failed"
        if reason == "filtered":
            return self._filtered(refusal.message)
        if reason == "context":
            return EndpointError(
                "ENDPOINT_CONTEXT",
                f"The request is too long for the model {self._settings.model!r}{said}.",
                "Use a model or a server setting with a longer context, or lower max_output_tokens.",
            )
        if reason == "quota":
            hint = "The account's quota is spent: see its billing, or use another endpoint."
            return EndpointError("ENDPOINT_REFUSED", f"{answered}{said}.", hint)
        hint = _HINTS.get(refusal.status, "")
        if reason == "busy" and wait > self._settings.timeout_seconds:
            hint = f"It asks to wait for {wait:.0f} s, longer than timeout_seconds: try again then, or lower the load."
        code = "ENDPOINT_UNREACHABLE" if reason == "busy" else "ENDPOINT_REFUSED"
        return EndpointError(code, f"{answered}{said}.", hint)

    def _filtered(self, message: str) -> EndpointError:
        said = self._said(Refusal(0, message))
        return EndpointError(
            "ENDPOINT_FILTERED",
            f"{self._address} or its model declined to answer this{said}.",
            "Its content filter objects to what is asked or to the material; other videos and questions may pass.",
        )

    def _said(self, refusal: Refusal) -> str:
        if refusal.status in (401, 403):
            return ""  # may quote the key
        text = " ".join(refusal.message.split())
        if not text or "<html" in text.casefold() or "<!doctype" in text.casefold():
            return ""
        shown = text if len(text) <= _MOST_TOLD else text[: _MOST_TOLD - 1] + "…"
        return ": " + self._settings.without_secrets(shown).rstrip(".")


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds after which the endpoint wants to be asked again; None if its headers do not say.

    Source: RFC 9110, section 10.2.3 (seconds or a date); OpenAI and Azure also send ``retry-after-ms``.
    """
    for name, unit in (("retry-after-ms", 1e-3), ("retry-after", 1.0)):
        try:
            seconds = float(headers.get(name, "")) * unit
        except ValueError:
            continue
        if math.isfinite(seconds):
            return max(0.0, seconds)
    date = email.utils.parsedate_tz(headers.get("retry-after", ""))
    return max(0.0, email.utils.mktime_tz(date) - time.time()) if date else None


def of_one_answer(error: EndpointError) -> bool:
    """Whether the error is about one request alone: others to the same endpoint may well be answered."""
    return error.code.name in ("ENDPOINT_BAD_OUTPUT", "ENDPOINT_CONTEXT", "ENDPOINT_FILTERED")
