"""OCR in parallel: the interface of what reads images, and worker processes on this machine."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from types import TracebackType

from kdxf_runtime.ocr.base import BaseOCREngine
from kdxf_runtime.ocr.image_source import ImageSource
from kdxf_runtime.ocr.record import OCRRecord, read_text
from kdxf_runtime.workers import Workers

MakeEngine = Callable[[], BaseOCREngine]


class OCRExecutor(ABC):
    """Base class of executors that read images in parallel, as context managers; only their owner writes the table.

    Attributes:
        engine_name: Name of the engine.
    """

    engine_name: str

    @abstractmethod
    def read(self, images: Sequence[str]) -> Iterator[OCRRecord]:
        """Read ``images`` (keys) and yield one record for each, in the order in which they are done.

        No image ends the job: one that cannot be read, or that crashes the engine, has a record with ``error``.
        """

    @abstractmethod
    def close(self) -> None:
        """Stop the workers, even in the middle of an image."""

    def __enter__(self) -> "OCRExecutor":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class Reader:
    """Reads the text of images by their keys.

    Args:
        make_engine: Builds the engine.
        root: Folder that the image keys are relative to.

    Attributes:
        name: Name of the engine.
    """

    def __init__(self, make_engine: MakeEngine, root: Path) -> None:
        self._engine = make_engine()
        self._source = ImageSource(root)
        self.name = self._engine.name

    def __call__(self, image: str) -> OCRRecord:
        """Read an image."""
        return read_text(self._engine, image, image, self._source)


class OCRWorkers(OCRExecutor):
    """Worker processes (:class:`kdxf_runtime.workers.Workers`), each with an engine of its own.

    Args:
        make_engine: Builds the engine; it is pickled, and called in each process.
        root: Folder that the image keys are relative to.
        count: Number of processes.

    Raises:
        UserError: The engine cannot be built.
    """

    def __init__(self, make_engine: MakeEngine, root: Path, count: int) -> None:
        self._workers: Workers[str, OCRRecord] = Workers(
            partial(Reader, make_engine, root), self._blame, count, "OCR worker"
        )
        self.engine_name = self._workers.name

    def _blame(self, image: str, reason: str) -> OCRRecord:
        return OCRRecord.empty(image, reason, engine=self.engine_name)

    def read(self, images: Sequence[str]) -> Iterator[OCRRecord]:
        """Hand each free worker the next image and yield the records as they come."""
        return self._workers.map(images)

    def close(self) -> None:
        """Stop the worker processes, even in the middle of an image."""
        self._workers.close()
