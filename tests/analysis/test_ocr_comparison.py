import cv2
import numpy as np
import pytest

from kdxf.analysis.ocr_comparison import EngineRun, agreement, run_engines, totals, words_apart, words_of
from kdxf.errors import UserError
from kdxf.text.ocr import OCRRecord

IMPORTS = ["fake_ocr_engine"]


def test_each_engine_reads_each_image(fake_engine, draw, tmp_path):
    draw(tmp_path / "a.png", width=30)
    draw(tmp_path / "b.png", "green")  # the engine raises on it
    (tmp_path / "c.jpg").write_bytes(b"\xff\xd8\xff")
    engines = {
        "one": {**fake_engine, "name": "fake 7"},
        "two": {**fake_engine, "delay": 0.05},
        "none": {"type": "None"},
    }
    one, two, none = run_engines(["a.png", "b.png", "c.jpg"], tmp_path, engines, IMPORTS, progress=False)
    assert (one.label, one.name, two.name) == ("one", "fake 7", "fake 1") and one.error is two.error is None
    assert [record.image for record in one.records] == ["a.png", "b.png", "c.jpg"]
    assert one.records[0].texts[0] == "宽30 高4" and one.records[0].engine == "fake 7"
    assert "is too much" in one.records[1].error and one.records[2].error
    assert two.seconds > 0.1 > one.seconds > 0  # two delays; the broken file reaches no engine
    assert none.records == [] and none.error.startswith("no OCR engine 'None' is registered")


def test_members_of_a_tar_shard(fake_engine, tmp_path):
    import tarfile

    (tmp_path / "a.png").write_bytes(cv2.imencode(".png", np.full((4, 9, 3), 255, np.uint8))[1].tobytes())
    with tarfile.open(tmp_path / "shard.tar", "w") as shard:
        shard.add(tmp_path / "a.png", "in/a.png")
    (run,) = run_engines(["shard.tar/in/a.png"], tmp_path, {"fake": fake_engine}, IMPORTS, progress=False)
    assert run.records[0].texts[0] == "宽9 高4"


def test_no_engine_starts(tmp_path):
    engines = {"one": {"type": "One"}, "two": {"type": "Two"}}
    with pytest.raises(UserError, match="no OCR engine starts: one: no OCR engine 'One' .*; two: no OCR engine 'Two'"):
        run_engines(["a.png"], tmp_path, engines, progress=False)


def record(*lines, error=None):
    texts, scores = [text for text, _ in lines], np.array([score for _, score in lines], np.float32)
    return OCRRecord("a.jpg", texts, scores, np.zeros((len(lines), 4, 2), np.float32), 9, 9, "e", error)


ONE = EngineRun(
    "one", "one 1", 1.0, 4.0, [record(("Fresh MILK", 0.9), ("牛奶", 0.6)), record(), record(error="broken")]
)
TWO = EngineRun("two", "two 1", 1.0, 0.0, [record(("milk fresh!", 0.5), ("milk", 0.5)), record(), record(error="x")])


def test_words_are_folded_and_counted():
    assert words_of(TWO.records[0]) == {"milk": 2, "fresh": 1}


def test_words_of_several_and_of_one_alone():
    several, alone = words_apart([run.records[0] for run in (ONE, TWO)])
    assert several == {"fresh": 1, "milk": 2} and alone == [{"牛": 1, "奶": 1}, {}]


def test_totals():
    one, two = totals([ONE, TWO])
    assert (one.images_per_second, one.failures, one.with_text, one.lines) == (0.5, 1, 1, 2)
    assert (one.characters, one.words, one.words_alone) == (11, 4, 2)  # 5 + 4 + 2 characters
    assert one.mean_score == pytest.approx((9 * 0.9 + 2 * 0.6) / 11)
    assert (two.images_per_second, two.words, two.words_alone) == (0, 3, 0)


def test_totals_of_an_engine_that_found_nothing():
    (empty,) = totals([EngineRun("empty", seconds=1.0, records=[record()])])
    assert (empty.lines, empty.mean_score, empty.with_text) == (0, 0.0, 0)


def test_agreement():
    agreed = agreement(ONE, TWO)
    # shared: fresh, milk; either: fresh, milk twice, 牛, 奶
    assert agreed.words == pytest.approx(2 / 5)
    # "fresh milk 奶 牛" and "fresh milk milk": 11 characters in common of 14 and 15
    assert agreed.text == pytest.approx(2 * 11 / (14 + 15))
    assert agreement(ONE, ONE).words == agreement(ONE, ONE).text == 1.0
    nothing = EngineRun("nothing", records=[record()])
    assert agreement(nothing, nothing) is None
