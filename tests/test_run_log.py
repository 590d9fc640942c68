import logging

from mmengine.logging import MMLogger

from kdxf.run_log import ToRunLog, forward_warnings
from kdxf_runtime.log import LOG


def test_warnings_of_the_runtime_are_in_the_log_of_the_run(tmp_path):
    log = tmp_path / "run.log"
    MMLogger.get_instance("run_log_test", logger_name="run_log_test", log_file=str(log))
    LOG.warning("12 .psd are left out")
    assert "WARNING - 12 .psd are left out" in log.read_text()


def test_they_are_forwarded_once():
    forward_warnings()
    assert [type(handler) for handler in LOG.handlers].count(ToRunLog) == 1
    assert not LOG.propagate and LOG.level == logging.NOTSET
