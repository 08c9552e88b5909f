"""Products that videos show or are sold with: given by the owner, never seen by a model."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import Engine, delete, func, insert, or_, select

from stores.core.text_keys import search_key
from stores.sql.among import among, among_listed, listed
from stores.sql.database import reading, writing
from stores.tags.recall.tables import ProductRow, VideoProductRow


@dataclass(frozen=True, slots=True)
class Product:
    """One product.

    Attributes:
        category: its path, the general first.
        attributes: (name, value) each, e.g. ("colour", "red").
    """

    product_id: str
    title: str
    category: tuple[str, ...] = ()
    attributes: tuple[tuple[str, str], ...] = ()

    @property
    def text(self) -> str:
        """All its words."""
        return " \n ".join((self.title, *self.category, *(f"{name} {value}" for name, value in self.attributes)))


@dataclass(frozen=True, slots=True)
class ProductsImported:
    """What an import changed: products in it, and pairs of a video and a product that were new."""

    products: int
    attached: int


class ProductStore:
    """Owner of the tables of products."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def add(self, products: Iterable[Product], attached: Iterable[tuple[str, str]]) -> ProductsImported:
        """Keeps products, a known one with its new words, and attaches them to videos; all or none.

        Args:
            attached: (video id, product id) each.
        """
        made = {one.product_id: one for one in products}
        pairs = sorted(set(attached))
        now = time.time()
        rows = [
            {
                "product_id": one.product_id,
                "title": one.title,
                "category": list(one.category),
                "attributes": [list(pair) for pair in one.attributes],
                "folded": search_key(one.text),
                "changed_at": now,
            }
            for one in made.values()
        ]
        with writing(self._engine) as connection:
            row = VideoProductRow
            there = select(row.video_id, row.product_id).where(among(self._engine, row.product_id, list(made)))
            known = {(video_id, product_id) for video_id, product_id in connection.execute(there)}
            # Replaced as a whole; rows that point at them are put back within the transaction.
            connection.execute(delete(row).where(among(self._engine, row.product_id, list(made))))
            connection.execute(delete(ProductRow).where(among(self._engine, ProductRow.product_id, list(made))))
            if rows:
                connection.execute(insert(ProductRow), rows)
            kept = sorted(known | set(pairs))
            if kept:
                connection.execute(insert(row), [{"video_id": video, "product_id": one} for video, one in kept])
        return ProductsImported(len(made), len(set(pairs) - known))

    def of_videos(self, video_ids: Collection[str]) -> dict[str, list[Product]]:
        """The products of each of some videos, by id; a video without any is absent."""
        chosen = _of_videos(self._engine.dialect.name)
        found: defaultdict[str, list[Product]] = defaultdict(list)
        with reading(self._engine) as connection:
            for video_id, product_id, title, category, attributes in connection.execute(
                chosen, {"chosen_ids": listed(video_ids)}
            ):
                pairs = tuple((str(name), str(value)) for name, value in attributes)
                found[video_id].append(Product(product_id, title, tuple(category), pairs))
        return dict(found)

    def videos_with(self, product_ids: Sequence[str], limit: int) -> dict[str, list[str]]:
        """The videos of each of some products, ``limit`` of each at most."""
        row = VideoProductRow
        found: dict[str, list[str]] = {}
        with reading(self._engine) as connection:
            for product_id in product_ids:
                chosen = select(row.video_id).where(row.product_id == product_id).order_by(row.video_id).limit(limit)
                found[product_id] = list(connection.execute(chosen).scalars())
        return found

    def videos_naming(self, names: Iterable[str], limit: int) -> list[str]:
        """Videos that have a product with one of some names somewhere in its words; at most ``limit``."""
        keys = [key for key in dict.fromkeys(search_key(name).strip() for name in names) if len(key) > 1]
        if not keys:
            return []
        row, product = VideoProductRow, ProductRow
        named = or_(*(product.folded.contains(key, autoescape=True) for key in keys))
        chosen = select(row.video_id).join(product, product.product_id == row.product_id).where(named).distinct()
        with reading(self._engine) as connection:
            return list(connection.execute(chosen.order_by(row.video_id).limit(limit)).scalars())

    def count(self) -> int:
        """How many products there are."""
        with reading(self._engine) as connection:
            return int(connection.execute(select(func.count()).select_from(ProductRow)).scalar_one())

    def clear(self) -> int:
        """Removes all products; returns how many there were."""
        with writing(self._engine) as connection:
            connection.execute(delete(VideoProductRow))
            return int(connection.execute(delete(ProductRow)).rowcount)


@cache
def _of_videos(dialect: str) -> Any:
    row, product = VideoProductRow, ProductRow
    columns = (row.video_id, product.product_id, product.title, product.category, product.attributes)
    chosen = select(*columns).join(product, product.product_id == row.product_id)
    return chosen.where(among_listed(dialect, row.video_id)).order_by(row.video_id, row.product_id)


def product_of(fields: Mapping[str, object]) -> Product:
    """A product out of the fields of a file.

    ``product_id`` (else its title is its id), ``title``, ``category`` (a list, or levels between ``>`` or ``/``),
    ``attributes`` (a mapping, or ``name=value`` pairs between ``;``).

    Raises:
        ValueError: if there is neither an id nor a title.
    """
    title = _text(fields.get("title"))
    product_id = _text(fields.get("product_id")) or title
    if not product_id:
        raise ValueError("there is neither a product_id nor a title")
    return Product(product_id, title, _levels(fields.get("category")), _attributes(fields.get("attributes")))


def _text(value: object) -> str:
    return "" if value is None else str(value).strip()


def _levels(value: object) -> tuple[str, ...]:
    if isinstance(value, (list, tuple)):
        levels = [_text(one) for one in value]
    else:
        text = _text(value)
        levels = [one.strip() for one in text.split(">" if ">" in text else "/")]
    return tuple(one for one in levels if one)


def _attributes(value: object) -> tuple[tuple[str, str], ...]:
    if isinstance(value, Mapping):
        given = [(_text(name), one) for name, one in value.items()]
        each = [(name, one) for name, some in given for one in (some if isinstance(some, list) else [some])]
        return tuple((name, _text(one)) for name, one in each if name and _text(one))
    pairs = (part.partition("=") for part in _text(value).replace("；", ";").split(";"))
    return tuple((name.strip(), rest.strip()) for name, _, rest in pairs if name.strip() and rest.strip())
