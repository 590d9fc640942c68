import numpy as np
from papers.reading import ENGINE, read

from kdxf_runtime.ocr.record import OCRLine


def test_most_of_the_text_is_read():
    boxes = [np.full((4, 2), index, np.float32) for index in range(200)]
    lines = [OCRLine("receipt of milk", 1.0, box) for box in boxes]
    record = read("a.png", (30, 60), lines, np.random.default_rng(0))
    assert (record.image, record.width, record.height, record.engine, record.error) == ("a.png", 30, 60, ENGINE, None)
    assert 180 <= len(record.texts) < 200  # a few lines are lost
    right = np.mean([text == "receipt of milk" for text in record.texts])
    assert 0.5 < right < 0.95  # and a few characters misread
    assert len(record.scores) == len(record.boxes) == len(record.texts)
    assert set(record.boxes[:, 0, 0]) <= set(range(200)) and (np.diff(record.boxes[:, 0, 0]) > 0).all()


def test_a_page_without_a_word():
    record = read("a.png", (30, 60), [], np.random.default_rng(0))
    assert record.texts == [] and record.boxes.shape == (0, 4, 2)
