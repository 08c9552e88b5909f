"""What the owner knows of videos besides their content: products, and searches that led to them."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kinodex.schemas.tagging import explained as schema
from stores.core.errors import UsageError

if TYPE_CHECKING:
    from kinodex.settings import Settings
    from stores.library_store import LibraryStore

_PRODUCT_COLUMNS = ("product_id", "title", "category", "attributes")


def import_products(store: LibraryStore, path: Path) -> schema.ProductsImportedDocument:
    """Attach products to videos, from a CSV file with a header or a JSON list (or lines) of objects.

    Fields: ``video`` (id, path or name; in JSON also a list ``videos``), ``product_id``, ``title``, ``category``
    (levels between ``>`` or ``/``, or a list) and ``attributes`` (``name=value;…``, or an object). Other columns of a
    CSV file are attributes. A product that is known gets its new words. All or none is imported, but for videos that
    are not in the library: those are told.

    Raises:
        UsageError: USAGE if the file cannot be read, naming the row.
        StoreError: LIBRARY_LOCKED if another process writes.
    """
    from stores.tags.recall.products import product_of

    products, pairs, unknown = [], [], []
    videos = _Videos(store)
    for number, row in _rows(path):
        extra = {name: value for name, value in row.items() if name not in (*_PRODUCT_COLUMNS, "video", "videos")}
        fields = dict(row)
        if extra and not row.get("attributes"):
            fields["attributes"] = extra
        try:
            product = product_of(fields)
        except ValueError as error:
            raise _wrong(path, number, str(error)) from None
        products.append(product)
        named = row.get("videos") or row.get("video") or []
        for name in named if isinstance(named, list) else [named]:
            video_id = videos.find(str(name))
            if video_id:
                pairs.append((video_id, product.product_id))
            else:
                unknown.append(str(name))
    with store.writer():
        done = store.products.add(products, pairs)
    return schema.ProductsImportedDocument(
        products=done.products,
        attached=done.attached,
        total=store.products.count(),
        unknown=list(dict.fromkeys(unknown)),
    )


def import_searches(store: LibraryStore, path: Path) -> schema.SearchesImportedDocument:
    """Add to the counts of which searches led to which videos, from a CSV file with a header or JSON.

    Fields: ``query``, ``video`` (id, path or name), and ``clicks`` (1 if there is none). Who searched is not asked for,
    and not kept.

    Raises:
        UsageError: USAGE if the file cannot be read, naming the row.
        StoreError: LIBRARY_LOCKED if another process writes.
    """
    clicks, unknown = [], []
    videos = _Videos(store)
    for number, row in _rows(path):
        query = str(row.get("query") or "").strip()
        if not query:
            raise _wrong(path, number, "there is no query")
        try:
            often = int(str(row.get("clicks") or 1))
        except ValueError:
            raise _wrong(path, number, f"clicks is no whole number: {row['clicks']}") from None
        name = str(row.get("video") or "")
        video_id = videos.find(name)
        if video_id:
            clicks.append((query, video_id, often))
        else:
            unknown.append(name)
    with store.writer():
        added = store.clicks.add(clicks, "import")
    return schema.SearchesImportedDocument(clicks=added, unknown=list(dict.fromkeys(unknown)))


def searches(store: LibraryStore, settings: Settings) -> schema.SearchesDocument:
    """How many searches are kept, and whether new ones are."""
    counts = store.clicks.count()
    return schema.SearchesDocument(
        imported=counts.get("import", 0), logged=counts.get("log", 0), logging=settings.tagging.log_searches
    )


def forget_searches(store: LibraryStore) -> schema.ForgottenDocument:
    """Forget all searches, imported and logged.

    Raises:
        StoreError: LIBRARY_LOCKED if another process writes.
    """
    with store.writer():
        return schema.ForgottenDocument(removed=store.clicks.clear())


def forget_products(store: LibraryStore) -> schema.ForgottenDocument:
    """Remove all products.

    Raises:
        StoreError: LIBRARY_LOCKED if another process writes.
    """
    with store.writer():
        return schema.ForgottenDocument(removed=store.products.clear())


class _Videos:
    """Finds videos by what files call them, each name once."""

    def __init__(self, store: LibraryStore) -> None:
        self._store = store
        self._known: dict[str, str] = {}

    def find(self, name: str) -> str:
        """The id; "" if there is no such video, or more than one."""
        if name not in self._known:
            try:
                self._known[name] = self._store.catalog.resolve(name) if name else ""
            except UsageError:
                self._known[name] = ""
        return self._known[name]


def _rows(path: Path) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """The rows of a file, each with its number, from 1."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise UsageError("USAGE", f"{path} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError:
        raise UsageError("USAGE", f"{path} is not UTF-8.", "Save it as UTF-8.") from None
    if text.lstrip().startswith(("[", "{")):
        yield from _objects(path, text)
        return
    reader = csv.DictReader(io.StringIO(text, newline=""), strict=True)
    try:
        for number, row in enumerate(reader, 1):
            if None in row:
                raise _wrong(path, number, "it has more values than there are columns")
            yield number, {str(name).strip().lower(): (value or "").strip() for name, value in row.items()}
    except csv.Error as error:
        raise UsageError("USAGE", f"{path} is no CSV file: {error}.") from error


def _objects(path: Path, text: str) -> Iterator[tuple[int, Mapping[str, Any]]]:
    try:
        listed = json.loads(text)
        found = listed if isinstance(listed, list) else [listed]
    except ValueError:
        try:
            found = [json.loads(line) for line in text.splitlines() if line.strip()]
        except ValueError as error:
            raise UsageError("USAGE", f"{path} is neither JSON nor JSON lines: {error}.") from error
    for number, one in enumerate(found, 1):
        if not isinstance(one, dict):
            raise _wrong(path, number, "it is no object")
        yield number, one


def _wrong(path: Path, number: int, what: str) -> UsageError:
    return UsageError("USAGE", f"{path}, row {number}: {what}.", "Nothing was imported. Correct it and try again.")
