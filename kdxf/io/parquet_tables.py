"""Reading of Parquet files, which may come from a stranger, within bounds."""

from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from kdxf.errors import UserError
from kdxf_runtime.io.bounds import check_parquet, check_unpacked, repeated_texts


def read_parquet_schema(path: Path, advice: str) -> pa.Schema:
    """Read the columns of a Parquet file and their types, with its metadata, and no row.

    Raises:
        UserError: It is no Parquet file; ``advice`` says what to do.
    """
    try:
        schema = pq.read_schema(path)
        _ = schema.names  # fails where they are no UTF-8
        return schema
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        raise not_parquet(path, error, advice) from error


def read_parquet(path: Path, advice: str, columns: Sequence[str] | None = None) -> pa.Table:
    """Read a Parquet file.

    Args:
        path: The file, which exists.
        advice: What to do if it cannot be read, for the message.
        columns: Those to read of the ones that are there; None means all.

    Raises:
        UserError: It is no whole Parquet file, or unpacks to too much (:mod:`kdxf_runtime.io.bounds`).
    """
    try:
        with pq.ParquetFile(path) as reader:
            metadata = reader.metadata
        check_parquet(path, metadata)
        texts = repeated_texts(metadata)
        # Memory-mapped or threaded reading would keep the whole file; a table is packed by those who keep it.
        with pq.ParquetFile(path, read_dictionary=texts) as reader:
            wanted = None if columns is None else [name for name in columns if name in reader.schema_arrow.names]
            table = reader.read(columns=wanted, use_threads=False)
        table.validate(full=True)  # of what pyarrow trusts: texts in UTF-8, lists that begin and end in their values
        return _plain(table, path) if texts else table
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        raise not_parquet(path, error, advice) from error


def not_parquet(path: Path, error: Exception, advice: str) -> UserError:
    """Return the error that says of a file that it is no whole Parquet file, and why."""
    reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
    return UserError(f"{path}: not readable as Parquet ({reason}); {advice}")


def _plain(table: pa.Table, path: Path) -> pa.Table:
    """Turn dictionaries of texts into texts, once it is known how large these are."""
    check_unpacked(path, sum(_text_bytes(column) for column in table.columns))
    kinds = [_plain_type(field.type) for field in table.schema]
    schema = pa.schema([field.with_type(kind) for field, kind in zip(table.schema, kinds, strict=True)])
    return table.cast(schema.with_metadata(table.schema.metadata))


def _text_bytes(column: pa.ChunkedArray) -> int:
    total = 0
    for chunk in column.chunks:
        values = chunk
        while pa.types.is_list(values.type) or pa.types.is_large_list(values.type):
            values = values.flatten()
        if pa.types.is_dictionary(values.type):
            lengths = pc.binary_length(values.dictionary).cast(pa.int64())
            total += pc.sum(lengths.take(values.indices)).as_py() or 0
    return total


def _plain_type(kind: pa.DataType) -> pa.DataType:
    if pa.types.is_dictionary(kind):
        return kind.value_type
    if pa.types.is_list(kind):
        return pa.list_(_plain_type(kind.value_type))
    return pa.large_list(_plain_type(kind.value_type)) if pa.types.is_large_list(kind) else kind
