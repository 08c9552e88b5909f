"""The table of rankers."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Integer, LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from stores.sql.tables import Base


class RankerRow(Base):
    """What was once learned from judgements: the newest counts.

    ``fingerprint``: of the judgements and the settings that it was learned from; ``body``, ``checksum``: the numbers;
    ``report``: what was tried and why it was taken or not.
    """

    __tablename__ = "rankers"
    ranker_id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=True)
    name: Mapped[str]
    fingerprint: Mapped[str]
    made_at: Mapped[float]
    judgements: Mapped[int]
    report: Mapped[dict[str, Any]]
    body: Mapped[bytes] = mapped_column(LargeBinary)
    checksum: Mapped[int]
