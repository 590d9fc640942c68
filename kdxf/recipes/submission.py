"""Writes submissions."""

import json
from pathlib import Path

import pandas as pd

from kdxf.whole_files import write_whole


def write_submission(table: pd.DataFrame, file: Path, *, as_json: bool = False, decimals: int = 6) -> None:
    """Writes the rows of a submission as UTF-8; a file that is there is replaced when the new one is whole.

    Args:
        table: The rows.
        file: The file.
        as_json: Writes a list of objects in place of a CSV.
        decimals: Digits of scores after the point.
    """
    if as_json:
        records = [
            {key: round(value, decimals) if isinstance(value, float) else value for key, value in row.items()}
            for row in table.to_dict("records")
        ]
        text = json.dumps(records, indent=1, ensure_ascii=False) + "\n"
    else:
        text = table.to_csv(index=False, lineterminator="\n", float_format=f"%.{decimals}f")
    write_whole(text.encode(), file)
