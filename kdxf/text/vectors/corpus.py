"""The text that word vectors are trained on: OCR tables or plain text, cut into words once, kept in a file."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from tqdm import tqdm

from kdxf.errors import UserError
from kdxf.text.ocr.table import OCRTable
from kdxf.text.tokenizers import BaseTokenizer
from kdxf_runtime.io.bounds import lines_of


def read_documents(source: Path) -> Iterator[list[str]]:
    """Yield the lines of each document: of each image of an OCR table, or each single line of a text file.

    Raises:
        UserError: The source is missing, or is neither an OCR table nor UTF-8 text.
    """
    if source.is_dir() or source.suffix == ".parquet":
        for record in OCRTable.open(source):
            yield record.texts
        return
    try:
        with source.open("rb") as file:
            for number, line in enumerate(lines_of(file, source), 1):
                yield [_decode(line, source, number)]
    except OSError as error:
        raise UserError(f"{source} cannot be read: {error.strerror}") from None


def _decode(line: bytes, source: Path, number: int) -> str:
    try:
        return line.decode("utf-8-sig" if number == 1 else "utf-8")
    except UnicodeDecodeError:
        raise UserError(f"{source}: line {number} is not UTF-8 text: give an OCR table or a UTF-8 text file") from None


@dataclass(frozen=True)
class TokenFile:
    """A corpus cut into words, one document per line and a tab between words; each iteration reads it again.

    Attributes:
        path: The file.
        documents: The number of documents that were read.
        documents_with_words: The number of documents in the file.
        counts: How often each word occurs in all sources together.
    """

    path: Path
    documents: int
    documents_with_words: int
    counts: Counter[str]

    def __iter__(self) -> Iterator[list[str]]:
        with self.path.open(encoding="utf-8", newline="\n") as file:
            for line in file:
                yield line[:-1].split("\t")

    @property
    def tokens(self) -> int:
        """The number of words in the text, repetitions included."""
        return self.counts.total()


def tokenized(sources: Sequence[Path], tokenizer: BaseTokenizer) -> Iterator[list[str]]:
    """Yield the words of each document of the sources, with a progress bar per source.

    Raises:
        UserError: A source cannot be read.
    """
    for source in sources:
        for lines in tqdm(read_documents(source), desc=f"read {source.name}", unit="doc"):
            yield [word for line in lines for word in tokenizer.tokenize(line)]


def write_token_file(sources: Sequence[Path], tokenizer: BaseTokenizer, path: Path) -> TokenFile:
    """Cut all documents of the sources into words.

    Raises:
        UserError: A source cannot be read, or there are no words in any of them.
    """
    counts: Counter[str] = Counter()
    documents = with_words = 0
    with path.open("w", encoding="utf-8", newline="\n") as file:
        for words in tokenized(sources, tokenizer):
            documents += 1
            if words:
                with_words += 1
                counts.update(words)
                file.write("\t".join(words) + "\n")
    if not counts:
        names = ", ".join(map(str, sources))
        raise UserError(f"{names}: no words in {documents} documents; is this the right table and --tokenizer?")
    return TokenFile(path, documents, with_words, counts)
