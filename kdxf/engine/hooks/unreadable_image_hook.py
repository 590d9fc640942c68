"""Reports the images that a run could not read."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from mmengine.dist import all_gather_object, is_main_process
from mmengine.hooks import Hook
from mmengine.runner import Runner

from kdxf.registry import HOOKS
from kdxf_runtime.io.files import NOT_UTF8, replacing
from kdxf_runtime.io.prediction_csv import row_writer


@HOOKS.register_module()
class UnreadableImageHook(Hook):
    """Names each unreadable image once in the log, and lists all of them in a file of the run's log folder.

    The loading transform replaces an image that it cannot read by a blank one, and puts the reason into the data
    sample's ``error``. So the run continues, and this hook makes sure that this is noticed. The list covers
    training and validation of all processes, and is rewritten after every epoch in which it grew.

    Args:
        filename: Name of the list, a CSV with the columns ``image`` and ``reason``, for a person to open in Excel.
    """

    priority = "LOW"

    def __init__(self, filename: str = "unreadable_images.csv") -> None:
        self.filename = filename
        self._reasons: dict[str, str] = {}
        self._reported = 0

    def _after_iter(
        self, runner: Runner, batch_idx: int, data_batch: Any = None, outputs: Any = None, mode: str = "train"
    ) -> None:
        if isinstance(data_batch, dict):
            for sample in _flatten(data_batch.get("data_samples") or ()):
                if sample.get("error") is not None:
                    self._note(runner, str(sample.get("img_path")), str(sample.get("error")))

    def _after_epoch(self, runner: Runner, mode: str = "train") -> None:
        for reasons in all_gather_object(self._reasons):
            for image, reason in reasons.items():
                self._note(runner, image, reason)
        if len(self._reasons) == self._reported or not is_main_process():
            return
        self._reported = len(self._reasons)
        path = Path(runner.log_dir, self.filename)
        self._write(path)
        runner.logger.warning(f"{self._reported} images cannot be read and count as blank ones; {path} lists them")

    def _note(self, runner: Runner, image: str, reason: str) -> None:
        if image not in self._reasons:
            self._reasons[image] = reason
            runner.logger.warning(f"unreadable image {image}: {reason}")

    def _write(self, path: Path) -> None:
        with replacing(path) as temporary, temporary.open("w", encoding="utf-8", errors=NOT_UTF8, newline="") as file:
            write = row_writer(file, ["image", "reason"], excel=True)
            for row in self._reasons.items():
                write(row)


def _flatten(samples: Iterable[Any]) -> Iterator[Any]:
    """Yield the data samples of a batch; test-time augmentation nests them, one list for each view."""
    for sample in samples:
        if isinstance(sample, (list, tuple)):
            yield from _flatten(sample)
        else:
            yield sample
