"""Whether everything is in place."""

from __future__ import annotations

from typing import Literal

from kinodex.schemas.base import Document

Result = Literal["ok", "warn", "fail"]


class Check(Document):
    """One thing that was checked, and what was found, in a sentence."""

    name: str
    result: Result
    finding: str


class DoctorDocument(Document):
    """What `kinodex doctor` found, in the order in which it was checked."""

    checks: list[Check]

    @property
    def failed(self) -> bool:
        """Whether something that is needed is missing."""
        return any(check.result == "fail" for check in self.checks)
