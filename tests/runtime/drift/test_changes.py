import numpy as np
import pytest

from kdxf_runtime.drift.changes import describe_changes, engine_changes, find_changes
from kdxf_runtime.drift.fingerprint import Fingerprint
from kdxf_runtime.drift.statistics import STATISTICS, distance_name

RAPID = "rapidocr 3.10.0 PP-OCRv6_small side=736-2000 max_aspect=2.5"


def fingerprint(engines=None, **values) -> Fingerprint:
    """A fingerprint of the statistics whose names begin as the keywords do."""
    named = {next(n for n in STATISTICS if n.startswith(key)): np.sort(v).astype(float) for key, v in values.items()}
    return Fingerprint(max(map(len, named.values()), default=0), engines or {}, named)


def test_a_shift_is_named_with_its_numbers():
    before = fingerprint(lines=np.repeat([3, 4], 30), brightness=np.arange(60))
    now = fingerprint(lines=np.repeat([1, 2], 30), brightness=np.arange(60))
    (change,) = find_changes(before, now)
    assert (change.name, change.distance) == ("lines of text per image", 1.0)
    assert describe_changes(before, now) == (
        "this data differs from that of the model's validation: lines of text per image 1.5 instead of 3.5; "
        "predictions may be worse"
    )


def test_the_same_data_is_passed_over():
    same = fingerprint({RAPID: 60}, lines=np.arange(60), brightness=np.arange(60))
    assert describe_changes(same, same) is None


def test_few_images_say_nothing():
    before, now = np.zeros(100), np.ones(100)
    assert find_changes(fingerprint(sharpness=before), fingerprint(sharpness=now[:30]))
    assert not find_changes(fingerprint(sharpness=before), fingerprint(sharpness=now[:29]))
    assert not find_changes(fingerprint(sharpness=before[:29]), fingerprint(sharpness=now))


def test_a_small_difference_does_not_count_however_sure_it_is():
    before, now = np.arange(10000), np.arange(10000)
    # 15 and 25 % of the numbers are moved beyond all others: so large is the distance.
    assert not find_changes(fingerprint(sharpness=before), fingerprint(sharpness=np.where(now < 1500, 20000, now)))
    (change,) = find_changes(fingerprint(sharpness=before), fingerprint(sharpness=np.where(now < 2500, 20000, now)))
    assert change.distance == pytest.approx(0.25)


def test_many_statistics_need_more_evidence():
    """A distance of 0.25 in 2 x 60 images has p = 0.047 by the formula of Kolmogorov, too much for one of several."""
    before, now = np.arange(60), np.where(np.arange(60) < 15, 100, np.arange(60))
    alone = find_changes(fingerprint(sharpness=before), fingerprint(sharpness=now))
    assert [change.name for change in alone] == ["sharpness"]
    others = {name: np.arange(60) for name in ("lines", "words", "brightness")}
    assert not find_changes(fingerprint(sharpness=before, **others), fingerprint(sharpness=now, **others))


def test_what_has_changed_most_comes_first_and_the_rest_is_counted():
    names = ("images", "lines", "words", "characters", "brightness", "colourfulness")
    before = fingerprint(**{name: np.arange(100) / 100 for name in names})
    shifts = dict(zip(names, (0.5, 0.9, 0.6, 0.7, 0.8, 0.55), strict=True))
    now = fingerprint(**{name: np.arange(100) / 100 + shift for name, shift in shifts.items()})
    assert [change.name.split()[0] for change in find_changes(before, now)] == [
        "lines", "brightness", "characters", "words", "colourfulness", "images",
    ]  # fmt: skip
    assert ", and 2 more; predictions may be worse" in describe_changes(before, now)


def test_shares_medians_and_spreads():
    before = fingerprint(
        images=np.repeat([0, 1], 50), sharpness=np.append(np.arange(99), 1e6), brightness=np.linspace(90, 110, 101)
    )
    now = fingerprint(
        images=np.ones(100), sharpness=np.arange(200, 300), brightness=np.linspace(0, 200, 101)
    )  # the same mean of brightness
    said = describe_changes(before, now)
    assert "images with text 100 % instead of 50 %" in said
    assert "sharpness 250 instead of 49.5" in said
    assert "brightness 20.0 to 180 instead of 92.0 to 108" in said


@pytest.mark.parametrize(
    ("now", "said"),
    [
        ({RAPID: 5}, []),
        ({}, []),
        ({RAPID.replace("736", "400"): 5}, ["OCR engine with side=400-2000 instead of side=736-2000"]),
        ({RAPID: 3, RAPID.replace("736", "400"): 1}, [
            "OCR engine with side=400-2000 instead of side=736-2000 for 1 of 4 images"
        ]),
        ({RAPID + " min_score=0.5": 5}, ["OCR engine with min_score=0.5"]),
        ({RAPID.replace(" max_aspect=2.5", ""): 5}, ["OCR engine without max_aspect=2.5"]),
        ({"tesseract 5 chi_sim": 5}, [f"OCR engine tesseract 5 chi_sim instead of {RAPID}"]),
    ],
)  # fmt: skip
def test_engines(now, said):
    assert engine_changes({RAPID: 20, "rapidocr 3.9.0": 3}, now) == said


def test_gates_and_the_joint_feature_are_summed_up_as_means():
    before = Fingerprint(40, {}, {"gate of expert 1": np.full(40, 0.25), distance_name(""): np.repeat([1, 1.2], 20)})
    now = Fingerprint(40, {}, {"gate of expert 1": np.full(40, 0.75), distance_name(""): np.repeat([2, 4.2], 20)})
    said = describe_changes(before, now)
    assert "gate of expert 1 0.75 instead of 0.25" in said
    assert "standard deviations of the joint feature from its mean 3.1 instead of 1.1" in said
    assert describe_changes(before, Fingerprint(40, {}, {})) is None


def test_one_image_is_enough_for_the_engine():
    said = describe_changes(fingerprint({RAPID: 60}), fingerprint({RAPID.replace("736", "400"): 1}))
    assert said == (
        "this data differs from that of the model's validation: OCR engine with side=400-2000 instead of "
        "side=736-2000; predictions may be worse"
    )


def test_a_fingerprint_without_engines_knows_of_none():
    assert engine_changes({}, {RAPID: 5}) == []


def test_false_alarms_of_random_halves():
    """At most 1 in 20 of random halves of the same numbers; 400 tries, of which 20 alarms are 5 %."""
    random = np.random.default_rng(0)
    names = ("lines", "words", "characters", "OCR", "brightness", "sharpness", "colourfulness", "score", "margin")
    found = 0
    for _ in range(400):
        sides = [fingerprint(**{name: random.normal(size=80) for name in names}) for _ in range(2)]
        found += bool(find_changes(*sides))
    assert 0 < found <= 20
