"""What all documents share."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

from pydantic import BaseModel, ConfigDict, Field

Payload = dict[str, Any]

Number = Annotated[int | float, Field(json_schema_extra={"type": "number"})]
"""A number that is printed as it is: an int stays an int, a float stays a float."""


class Document(BaseModel):
    """A JSON object with its keys in the order of its fields."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    left_out: ClassVar[frozenset[str]] = frozenset()
    """Keys that are left out where they have no value."""

    def payload(self) -> Payload:
        """What `kinodex.text.to_json` prints. Names may hold lone surrogates, so this is not `model_dump_json`."""
        made = self.model_dump()
        return {key: value for key, value in made.items() if value is not None or key not in self.left_out}


class Fault(Document):
    """Why something failed.

    Attributes:
        code: a name in `stores.core.errors.CODES`.
        message: what is wrong, in one sentence.
    """

    code: str
    message: str


def fault(code: str, message: str) -> Fault | None:
    """The fault behind a code, None where there is none ("")."""
    return Fault(code=code, message=message) if code else None
