"""Runs mmengine's Runner in a way that can be repeated in one process."""

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from mmengine.config import Config
from mmengine.logging import MMLogger
from mmengine.registry import RUNNERS
from mmengine.runner import BaseLoop, Runner
from mmengine.utils import ManagerMixin
from mmengine.visualization import Visualizer

from kdxf.engine.hooks import (
    EnvironmentHook,
    EqualBuffersHook,
    FiniteLossHook,
    IterationSeedHook,
    LeftOutTextHook,
    ResumedScheduleHook,
    ResumedValidationHook,
    TrainedImagesHook,
    TrainingDataHook,
)
from kdxf.engine.precision import choose_precision

HOOKS_OF_EVERY_RUN = (
    EnvironmentHook,
    EqualBuffersHook,
    FiniteLossHook,
    IterationSeedHook,
    LeftOutTextHook,
    ResumedScheduleHook,
    ResumedValidationHook,
    TrainedImagesHook,
    TrainingDataHook,
)

# mmengine calls its own old interface, and warns of it in every run.
_NOISE = ('"FileClient" will be deprecated', '"HardDiskBackend" is the alias')


@contextmanager
def open_runner(cfg: Config) -> Iterator[Runner]:
    """Build the Runner of a config, and clean up when the block ends.

    mmengine keeps loggers, message hubs, visualizers and scopes in global tables under a name that holds the time in
    seconds. Two runs within one second would share them, and every run would leave its log file open. So the entries
    that a run adds are removed again. Loader workers that persist end with the run.

    Every run also gets the hooks of :data:`HOOKS_OF_EVERY_RUN`.

    Args:
        cfg: A complete config; the precision that it leaves to the machine is set in it
            (:mod:`kdxf.engine.precision`). A ``runner_type`` names a runner other than mmengine's.
    """
    before = {kind: set(kind._instance_dict) for kind in _managers()}
    show = logging.FileHandler.handleError
    logging.FileHandler.handleError = _end_the_run  # type: ignore[assignment, method-assign]
    runner = None
    try:
        choose_precision(cfg)
        build: Any = RUNNERS.build if "runner_type" in cfg else Runner.from_cfg
        runner = build(cfg)
        runner.logger.addFilter(_is_no_noise)
        for hook in HOOKS_OF_EVERY_RUN:
            runner.register_hook(hook())
        yield runner
    finally:
        logging.FileHandler.handleError = show  # type: ignore[method-assign]
        if runner is not None:
            _end_workers(runner)
        for kind in _managers():
            for name in set(kind._instance_dict) - before.get(kind, set()):
                _close(kind._instance_dict.pop(name))


def _end_workers(runner: Runner) -> None:
    """End the loader workers that persist.

    Those that a garbage collection finds get no word that they are to end, and it waits five seconds for each.
    """
    for loop in (runner._train_loop, runner._val_loop, runner._test_loop):
        if isinstance(loop, BaseLoop):
            loop.dataloader._iterator = None


def _end_the_run(handler: logging.FileHandler, record: logging.LogRecord) -> None:
    """End a run whose log cannot be written; Python would print a traceback for each line, and the run go on unsaved.

    Raises:
        OSError: The disk is full, or fails, with the name of the log.
    """
    error = sys.exc_info()[1]
    if not isinstance(error, OSError):
        logging.Handler.handleError(handler, record)
        return
    error.filename = error.filename or handler.baseFilename
    raise error


def _is_no_noise(record: logging.LogRecord) -> bool:
    return not str(record.msg).startswith(_NOISE)


def _managers(base: Any = ManagerMixin) -> Iterator[Any]:
    """Yield all classes that keep such a table: loggers, message hubs, scopes, and each kind of visualizer."""
    for kind in base.__subclasses__():
        yield kind
        yield from _managers(kind)


def _close(instance: object) -> None:
    if isinstance(instance, Visualizer):
        instance.close()
    elif isinstance(instance, MMLogger):
        for handler in instance.handlers:
            with suppress(OSError):  # a full disk, of which the run has said so
                handler.close()
