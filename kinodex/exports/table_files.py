"""Tables as files: CSV, JSON Lines and Parquet, written row by row, so that a table may be larger than memory."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from types import TracebackType
from typing import TYPE_CHECKING, Any, BinaryIO, Literal

from kinodex.exports.tables import Row, TableKind, Value
from kinodex.exports.wording import cell
from kinodex.text import printable, to_json

if TYPE_CHECKING:
    import pyarrow

TableForm = Literal["csv", "jsonl", "parquet"]


class TableWriter:
    """Writes one table. Use as a context manager, whose end completes the file.

    CSV is that of RFC 4180 in UTF-8; no cell is a formula; boxes are JSON. JSON Lines are one object a line, in UTF-8.
    Parquet is compressed with Zstandard; each call of `write` makes one row group.

    Args:
        out: what it is written to, from its beginning.
        bom: begin CSV with the mark by which Excel knows UTF-8.
    """

    def __init__(self, kind: TableKind, form: TableForm, out: BinaryIO, bom: bool = False) -> None:
        self._kind, self._form, self._out = kind, form, out
        self._parquet: Any = None
        self._schema: pyarrow.Schema | None = None
        if form == "csv":
            out.write(b"\xef\xbb\xbf" if bom else b"")
            self._write_csv([list(kind.columns)])
        elif form == "parquet":
            from pyarrow import parquet

            self._schema = _schema(kind)
            self._parquet = parquet.ParquetWriter(out, self._schema, compression="zstd")

    def write(self, rows: Iterable[Row]) -> None:
        """Add rows."""
        columns = self._kind.columns
        if self._form == "csv":
            self._write_csv([_cell(row[column]) for column in columns] for row in rows)
        elif self._form == "jsonl":
            for row in rows:
                line = to_json({column: row[column] for column in columns}, one_line=True)
                self._out.write(f"{line}\n".encode("utf-8", "replace"))
        else:
            import pyarrow as pa

            kept = [{name: _printable(value) for name, value in row.items()} for row in rows]
            if kept:
                self._parquet.write_table(pa.Table.from_pylist(kept, schema=self._schema))

    def __enter__(self) -> TableWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._parquet is not None:
            self._parquet.close()

    def _write_csv(self, rows: Iterable[Iterable[str]]) -> None:
        text = io.StringIO()
        csv.writer(text, lineterminator="\r\n").writerows(rows)
        self._out.write(text.getvalue().encode("utf-8", "replace"))


def table_file(kind: TableKind, form: TableForm, rows: Iterable[Row], bom: bool = False) -> bytes:
    """A table as one file; see `TableWriter`."""
    out = io.BytesIO()
    with TableWriter(kind, form, out, bom) as writer:
        writer.write(rows)
    return out.getvalue()


def _schema(kind: TableKind) -> pyarrow.Schema:
    import pyarrow as pa

    types = {
        "text": pa.string(),
        "number": pa.float64(),
        "whole": pa.int64(),
        "flag": pa.bool_(),
        "boxes": pa.list_(pa.list_(pa.float64())),
    }
    return pa.schema([(name, types[of]) for name, of in kind.columns.items()])


def _cell(value: Value) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return cell(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    return to_json(value, one_line=True) if isinstance(value, list) else repr(value)


def _printable(value: Value) -> Value:
    return printable(value) if isinstance(value, str) else value
