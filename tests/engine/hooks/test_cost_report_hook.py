import re
from types import SimpleNamespace

from kdxf.engine.hooks import CostReportHook
from kdxf.engine.hooks import cost_report_hook as module


def test_report(monkeypatch):
    clock = iter([0.0, 1.0, 3.0, 4.0, 5.0, 8.0])  # start, two iterations of 2 s and 1 s, end
    monkeypatch.setattr(module.time, "perf_counter", lambda: next(clock))
    monkeypatch.setattr(module.torch.cuda, "is_available", lambda: False)
    lines = []
    runner = SimpleNamespace(logger=SimpleNamespace(info=lines.append))
    hook = CostReportHook()
    hook.before_test_epoch(runner)
    for images in (3, 1):
        hook.before_test_iter(runner, 0)
        hook.after_test_iter(runner, 0, outputs=[None] * images)
    hook.after_test_epoch(runner)
    # 8 s and 3 s over 4 images
    pattern = r"4 images in 8\.0 s: 2000\.0 ms per image, 750\.0 ms of them in the model; peak memory (\d+) MiB"
    (line,) = lines
    assert 10 < int(re.fullmatch(pattern, line)[1]) < 1_000_000


def test_empty_test_set():
    lines = []
    runner = SimpleNamespace(logger=SimpleNamespace(info=lines.append))
    hook = CostReportHook()
    hook.before_test_epoch(runner)
    hook.after_test_epoch(runner)
    assert lines == []
