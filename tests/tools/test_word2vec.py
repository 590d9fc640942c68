import runpy
import subprocess
import sys

import pytest

from kdxf_runtime.vectors.word_vectors import WordVectors


@pytest.fixture
def word2vec(repo, tmp_path, monkeypatch, capfd):
    """Run the tool in an empty folder, in this process, since gensim takes seconds to import."""
    monkeypatch.chdir(tmp_path)

    def call(*arguments):
        monkeypatch.setattr(sys, "argv", ["word2vec.py", *arguments])
        with pytest.raises(SystemExit) as end:
            runpy.run_path(str(repo / "tools" / "word2vec.py"), run_name="__main__")
        stdout, stderr = capfd.readouterr()
        return subprocess.CompletedProcess(arguments, end.value.code, stdout, stderr)

    return call


def test_train_and_neighbours(word2vec, tmp_path):
    (tmp_path / "corpus.txt").write_text("MJÖLK 3% arla\nmjölk arla\n***\n" * 3, encoding="utf-8")
    done = word2vec(
        *("train", "corpus.txt", "--tokenizer", "word", "--method", "fasttext", "--out", "v", "--dim", "5"),
        *("--min-count", "1", "--epochs", "2", "--window", "2", "--buckets", "50", "--ngrams", "2", "3"),
        *("--seed", "1", "--workers", "1", "--dtype", "float16", "--trees", "2"),
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [
        "documents       9 (3 without words)",
        "tokens          15, 3 different words",
        "words kept      3, 100.0% of the tokens",
        "characters      0 more, from the words that hold them",
        "most frequent   mjölk 6  arla 6  3% 3",
    ]
    assert "doc/s" in done.stderr
    store = WordVectors.open(tmp_path / "v")
    assert store.meta.tokenizer == {"type": "WordTokenizer", "normalize_units": False, "normalize_numerals": False}
    options = store.meta.details["options"]
    assert (options["window"], options["buckets"], options["ngrams"], options["seed"]) == (2, 50, [2, 3], 1)

    done = word2vec("neighbours", "v", "mjölk", "-k", "2")
    assert done.returncode == 0, done.stderr
    assert {line.split()[1] for line in done.stdout.splitlines()} == {"arla", "3%"}
    done = word2vec("neighbours", "v", "mjök")
    assert done.stdout.splitlines()[0] == "'mjök' is unknown; its vector is made of its ngrams"
    done = word2vec("neighbours", "v", "MJOLK", "-k", "1")
    assert done.stdout.splitlines()[0] == "'MJOLK' is unknown; its vector is that of 'mjölk'"
    assert done.stdout.splitlines()[1].split() == ["1.000", "mjölk"]


def test_train_with_jieba(word2vec, tmp_path):
    (tmp_path / "corpus.txt").write_text("新品OPPO手机\n", encoding="utf-8")
    (tmp_path / "words.txt").write_text("新品OPPO\n", encoding="utf-8")
    train = ("train", "corpus.txt", "--out", "v", "--dim", "3", "--min-count", "1", "--epochs", "1")
    done = word2vec(*train, "--user-dict", "words.txt", "--lowercase")
    assert done.returncode == 0, done.stderr
    assert "新品oppo 1" in done.stdout
    done = word2vec(*train, "--chinese-only", "--overwrite")
    assert done.stdout.splitlines()[-1] == "most frequent   新品 1  手机 1"


def test_train_with_one_spelling_for_units(word2vec, tmp_path):
    (tmp_path / "corpus.txt").write_text("Mjölk 500 ml\n", encoding="utf-8")
    train = ("train", "corpus.txt", "--out", "v", "--dim", "3", "--min-count", "1", "--epochs", "1")
    done = word2vec(*train, "--tokenizer", "word", "--normalize-units")
    assert done.stdout.splitlines()[-1] == "most frequent   mjölk 1  500ml 1"
    (tmp_path / "corpus.txt").write_text("新品手機\n", encoding="utf-8")
    done = word2vec(*train, "--simplify", "--overwrite")
    assert done.stdout.splitlines()[-1] == "most frequent   新品 1  手机 1"


def test_options_of_the_other_tokenizer_are_refused(word2vec, tmp_path):
    (tmp_path / "corpus.txt").write_text("milk\n")
    done = word2vec("train", "corpus.txt", "--out", "v", "--tokenizer", "word", "--chinese-only")
    assert done.returncode == 2
    assert done.stderr == "error: --chinese-only is for --tokenizer jieba: leave one of the two out\n"


def test_convert(word2vec, tmp_path):
    (tmp_path / "p.txt").write_text("3 2\na 1 2\na 3 4\nb 5 6\n")
    done = word2vec("convert", "p.txt", "--out", "v", "--trees", "0")
    assert done.returncode == 0, done.stderr
    assert "warning: 1 repeated words left out" in done.stdout
    assert list(WordVectors.open(tmp_path / "v").words) == ["a", "b"]
    done = word2vec("convert", "p.txt", "--out", "v", "--overwrite", "--max-words", "1")
    assert done.stdout == "1 words of 2 numbers, from 1 in the file\n"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["train", "nowhere.txt", "--out", "v"], "error: nowhere.txt cannot be read: No such file or directory"),
        (["train", "nowhere.txt", "--out", "v", "--dim", "0"], "error: dim must be at least 1, got 0"),
        (["convert", "nowhere.bin", "--out", "v"], "error: nowhere.bin cannot be read: No such file or directory"),
    ],
)
def test_errors_are_one_line(word2vec, arguments, message):
    done = word2vec(*arguments)
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1] == message
    assert "Traceback" not in done.stderr


def test_neighbours_of_no_store(word2vec):
    done = word2vec("neighbours", "v", "a")
    assert done.returncode == 2
    assert done.stderr.startswith("error: ")
    assert "v is not a word vector folder (no meta.json)" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_report(word2vec, tmp_path):
    (tmp_path / "corpus.txt").write_text("mjölk arla\n五百 ml\n***\n" * 2, encoding="utf-8")
    train = ("train", "corpus.txt", "--tokenizer", "word", "--out", "v", "--dim", "2", "--epochs", "1", "--trees", "0")
    assert word2vec(*train, "--normalize-units", "--normalize-numerals").returncode == 0
    (tmp_path / "new.txt").write_text("mjölk mjolk arla mjölk\n五百ml\nxyz\n\n", encoding="utf-8")
    done = word2vec("report", "v", "new.txt", "--out", "words.csv")
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [
        "documents       4 (1 without words, 1 without a word that has a vector)",
        "tokens          6, 5 different words",
        "own             66.7% of the tokens, 60.0% of the different words have a vector",
        "respelled       16.7% of the tokens, 20.0% of the different words have that of a word which was likely "
        "misread as theirs",
        "composed        0.0% of the tokens, 0.0% of the different words have one that is made of their pieces",
        "none            16.7% of the tokens, 20.0% of the different words have none",
        "unknown, by frequency: mjolk 1  xyz 1",
    ]
    assert (tmp_path / "words.csv").read_text(encoding="utf-8").splitlines()[:2] == [
        "word,count,share,vector,instead",
        "mjölk,2,0.3333333333333333,own,",
    ]
    cut = word2vec("report", "v", "new.txt", "--out", "words.csv", "--tokenizer", "jieba")  # 五百 stays
    assert cut.stdout.splitlines()[1] == "tokens          7, 6 different words"


def test_a_report_needs_to_know_the_tokenizer(word2vec, tmp_path):
    (tmp_path / "words.txt").write_text("2 2\na 1 0\nb 0 1\n")
    assert word2vec("convert", "words.txt", "--out", "v", "--trees", "0").returncode == 0
    done = word2vec("report", "v", "words.txt", "--out", "words.csv")
    assert done.returncode and done.stderr.strip().endswith(
        "v: was converted, and names no tokenizer; give --tokenizer jieba or word"
    )
    (tmp_path / "corpus.txt").write_text("a b\n" * 2)
    train = ("train", "corpus.txt", "--tokenizer", "word", "--out", "t", "--dim", "2", "--epochs", "1", "--trees", "0")
    assert word2vec(*train).returncode == 0
    done = word2vec("report", "t", "corpus.txt", "--out", "words.csv", "--normalize-units")
    assert done.returncode and done.stderr.strip().endswith(
        "--normalize-units needs --tokenizer: without one the text is cut as for the training of the vectors"
    )
