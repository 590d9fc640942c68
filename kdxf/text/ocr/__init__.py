"""OCR: engines that read text in images, the table that keeps what they read, and the job that fills it."""

from kdxf.text.ocr.build import build_engine, engine_config
from kdxf.text.ocr.easyocr_engine import EasyOCREngine
from kdxf.text.ocr.runner import OCRSummary, run_ocr
from kdxf.text.ocr.sources import list_inputs
from kdxf.text.ocr.table import OCRTable
from kdxf.text.ocr.tesseract_engine import TesseractEngine
from kdxf.text.ocr.writer import OCRTableWriter
from kdxf.text.registry import OCR_ENGINES
from kdxf_runtime.ocr.base import BaseOCREngine
from kdxf_runtime.ocr.rapidocr_engine import RapidOCREngine
from kdxf_runtime.ocr.record import OCRLine, OCRRecord, read_text

OCR_ENGINES.register_module(module=RapidOCREngine)

__all__ = [
    "BaseOCREngine",
    "EasyOCREngine",
    "OCRLine",
    "OCRRecord",
    "OCRSummary",
    "OCRTable",
    "OCRTableWriter",
    "RapidOCREngine",
    "TesseractEngine",
    "build_engine",
    "engine_config",
    "list_inputs",
    "read_text",
    "run_ocr",
]
