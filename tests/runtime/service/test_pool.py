import statistics
import time
from concurrent.futures import CancelledError

import pytest
from service_workers import MakeOnce, make_doubler

from kdxf_runtime.errors import UserError
from kdxf_runtime.service.pool import ClosedError, FullError, Pool


def blame(question, reason):
    return f"{question}: {reason}"


def replies(pool, *questions):
    return [future.result(timeout=30)[1] for future in pool.offer(questions)]


@pytest.fixture(scope="module")
def pool():
    pool = Pool(make_doubler, blame, 2, 8, 0.6)
    yield pool
    pool.close()


def test_replies_are_in_the_order_of_the_questions(pool):
    assert replies(pool, 1, 2, 3, 4, 5) == [2, 4, 6, 8, 10]


def test_the_wait_is_that_before_a_worker_takes_the_question(pool):
    slow = pool.offer(["sleep", "sleep"])  # both are busy for 0.6 seconds
    (future,) = pool.offer([1])
    waited, reply = future.result(timeout=30)
    assert reply == 2
    assert 0.5 < waited < 30
    assert [one.result(timeout=30)[0] < waited for one in slow] == [True, True]


def test_a_worker_that_dies_costs_its_question_alone(pool):
    assert replies(pool, "die", 4) == ["die: the worker died on this image (exit code 3)", 8]
    assert replies(pool, 5, 6, 7) == [10, 12, 14]


def test_a_worker_that_takes_too_long_is_ended(pool):
    begun = time.monotonic()
    (reply,) = replies(pool, "sleep")
    assert reply == "sleep: the worker took longer than 0.6 s for this image, and was ended"
    assert time.monotonic() - begun < 30
    assert replies(pool, 5, 6, 7) == [10, 12, 14]


def test_questions_are_taken_all_or_none(pool):
    with pytest.raises(FullError):
        pool.offer(list(range(9)))
    assert pool.waiting == 0
    assert not pool.is_full


def test_the_queue_is_full_and_cancelled_questions_leave_it():
    pool = Pool(make_doubler, blame, 1, 2, 30)
    (busy,) = pool.offer(["sleep"])
    while not busy.running():
        time.sleep(0.01)
    first, second = pool.offer([1, 2])
    assert pool.is_full
    with pytest.raises(FullError):
        pool.offer([3])
    first.cancel()
    (third,) = pool.offer([3])
    pool.close()
    for future in (busy, second, third):
        with pytest.raises(ClosedError):
            future.result(timeout=0)
    with pytest.raises(CancelledError):
        first.result(timeout=0)
    with pytest.raises(ClosedError):
        pool.offer([4])


def test_questions_that_would_not_be_answered_in_time_are_refused():
    pool = Pool(make_doubler, blame, 1, 100, 2)
    assert pool.wait == 0
    assert replies(pool, "nap", "nap") == ["napnap", "napnap"]  # 0.3 s each
    (busy,) = pool.offer(["sleep"])
    while not busy.running():
        time.sleep(0.01)
    queued = 0
    while not pool.is_full:
        pool.offer([1])
        queued += 1
    assert pool.wait == pytest.approx(queued * statistics.fmean(pool._taken))
    assert pool.wait > 1 >= pool.wait - statistics.fmean(pool._taken)
    with pytest.raises(FullError):
        pool.offer([3])
    pool.close()


def test_a_worker_that_cannot_start(tmp_path):
    with pytest.raises(UserError, match="^the model is gone$"):
        Pool(MakeOnce(tmp_path / "none"), blame, 1, 2, 30)


def test_a_worker_that_cannot_start_again_costs_questions_until_it_can(tmp_path):
    file = tmp_path / "model"
    file.touch()
    pool = Pool(MakeOnce(file), blame, 1, 2, 30)
    assert replies(pool, 1) == [2]
    file.unlink()
    assert replies(pool, "die") == ["die: the worker died on this image (exit code 3)"]
    assert replies(pool, 1) == ["1: no worker can be started: the model is gone"]
    file.touch()
    assert replies(pool, 1) == [2]
    pool.close()
