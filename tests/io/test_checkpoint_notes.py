"""Notes beside a checkpoint."""

import json
import re

import pytest

from kdxf.errors import UserError
from kdxf.io.checkpoint_notes import note_file, read_note, write_note
from kdxf_runtime.io.digests import file_digest


def test_a_note_comes_back(checkpoint):
    assert read_note(checkpoint, "mood", dict) is None
    path = write_note(checkpoint, "mood", {"good": True})
    assert path == note_file(checkpoint, "mood") == checkpoint.with_name("model.pth.mood.json")
    assert json.loads(path.read_text())["checkpoint"] == file_digest(checkpoint)
    assert read_note(checkpoint, "mood", lambda content: content["good"]) is True


@pytest.mark.parametrize(
    ("text", "parse"),
    [("[", dict), ("[]", dict), ("{}", dict), ('{"checkpoint": 1}', lambda content: content["good"]),
     ('{"checkpoint": 1, "many": 1e999}', lambda content: int(content["many"])), ("[" * 100_000, dict)],
)  # fmt: skip
def test_another_file_is_named(checkpoint, text, parse):
    path = note_file(checkpoint, "mood")
    path.write_text(text)
    message = rf"^{re.escape(str(path))}: no mood \(.*\); remove it, or make it anew with kdxf calibrate$"
    with pytest.raises(UserError, match=message):
        read_note(checkpoint, "mood", parse)


def test_a_note_of_another_checkpoint(checkpoint):
    write_note(checkpoint, "mood", {})
    checkpoint.write_bytes(b"other weights")
    with pytest.raises(UserError, match=r"mood.json: belongs to another checkpoint than .*model.pth is now; remove it"):
        read_note(checkpoint, "mood", dict)
