"""From the cells of a picture's row to the vector of a table. Shapes: D numbers."""

from kdxf_runtime.errors import UserError
from kdxf_runtime.log import LOG
from kdxf_runtime.steps.step import Step
from kdxf_runtime.table_columns import TableColumns


class EncodeTable(Step):
    """Encode the columns of a picture's row as numbers (:mod:`kdxf_runtime.table_columns`), for ``TabularEncoder``.

    Required key: ``columns``, the cells by the names of their columns; what it lacks is missing. Added key: ``table``
    (float32 (D,)), all 0 where nothing is known. The first cell of each column that it cannot read is warned of.

    Args:
        file: The file that ``tools/table.py`` wrote.

    Raises:
        UserError: It is no such file, or a sample has no ``columns``.
    """

    needs_table = True  # tells inference to say so where there are none

    def __init__(self, file: str) -> None:
        self.columns = TableColumns.open(file)
        self.file = file
        self._warned: set[str] = set()

    def transform(self, results: dict) -> dict:
        """Encode ``columns``."""
        if "columns" not in results:
            names = ", ".join(f"{name!r}" for name in self.columns.names)
            raise UserError(f"EncodeTable: the dataset hands no columns on; set columns=[{names}] in its config")
        row = results["columns"]
        results["table"] = self.columns.encode(row)
        for name in self.columns.unread(row):
            if name not in self._warned:
                self._warned.add(name)
                LOG.warning(
                    "%s: the column %r of %s has %r, which is no %s; it counts as missing, and so do others like it",
                    results.get("img_path"),
                    name,
                    self.file,
                    row[name],
                    next(column.kind for column in self.columns.columns if column.name == name),
                )
        return results
