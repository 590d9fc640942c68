import re
import subprocess
import sys

import jieba
import pytest

from kdxf.errors import UserError
from kdxf.text.tokenizers import JiebaTokenizer
from kdxf_runtime.tokenizers.cleaning import converter
from kdxf_runtime.tokenizers.jieba_tokenizer import load_segmenter


def test_loaded_once_per_process():
    assert load_segmenter() is load_segmenter(None) is load_segmenter(None, simplify=True)


def test_dictionary_is_that_of_jieba():
    own = jieba.Tokenizer()
    segmenter = load_segmenter()
    assert (segmenter.FREQ, segmenter.total) == own.gen_pfdict(own.get_dict_file())


def test_frequency_decides_whether_a_word_is_cut(tmp_path):
    path = tmp_path / "words.txt"
    path.write_text("\ufeff大减价周 100000 n\n\n", encoding="utf-8")
    assert list(load_segmenter(str(path)).cut("大减价周")) == ["大减价周"]
    assert "大减价周" not in load_segmenter().FREQ


def test_not_utf8(tmp_path):
    path = tmp_path / "words.txt"
    path.write_bytes("手机".encode("gbk"))
    with pytest.raises(UserError, match=r"words\.txt is not UTF-8 text: save it as UTF-8"):
        load_segmenter(str(path))


def test_a_folder_is_no_dictionary(tmp_path):
    with pytest.raises(UserError, match="cannot be read: Is a directory"):
        load_segmenter(str(tmp_path))


def test_loading_is_silent_and_leaves_no_file(tmp_path):
    code = "from kdxf_runtime.tokenizers.jieba_tokenizer import load_segmenter; list(load_segmenter().cut('手机'))"
    environment = {"PATH": "", "TMPDIR": str(tmp_path), "PYTHONWARNINGS": "default::SyntaxWarning"}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert list(tmp_path.iterdir()) == []


def table(docstring):
    """Rows of text, words, words with chinese_only; cells stand at least two spaces apart."""
    for line in docstring.splitlines():
        if line.startswith("    ``"):
            text, *cells = [re.findall("``(.*?)``", cell) for cell in re.split(" {2,}", line.strip())]
            yield text[0], *cells


def test_table_of_the_docstring():
    rows = list(table(JiebaTokenizer.__doc__))
    assert len(rows) == 6
    for text, words, chinese in rows:
        assert JiebaTokenizer().tokenize(text) == words
        assert JiebaTokenizer(chinese_only=True).tokenize(text) == chinese


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", []),
        ("STANDARDMJÖLK 3.0%", ["STANDARDMJÖLK", "3.0%"]),
        ("淘宝/京东", ["淘宝", "京东"]),
        ("¥99起 50%off", ["¥99", "起", "50%", "off"]),
        ("XT恤", ["XT", "恤"]),
        ("C++ Wi-Fi", ["C++", "Wi", "Fi"]),
        ("𠮷野家", ["𠮷", "野家"]),
    ],
)
def test_tokenize(text, words):
    assert JiebaTokenizer().tokenize(text) == words


def test_lowercase():
    assert JiebaTokenizer(lowercase=True).tokenize("OPPO手机 T恤 5G") == ["oppo", "手机", "t恤", "5g"]


def test_user_dictionary_holds_words_of_any_script(tmp_path):
    path = tmp_path / "words.txt"
    path.write_text("对对队\nＯＰＰＯ手机 100 n\nWi-Fi\n", encoding="utf-8")
    text = "对对队OPPO手机Wi-Fi"
    assert JiebaTokenizer(user_dict=str(path)).tokenize(text) == ["对对队", "OPPO手机", "Wi-Fi"]
    # Another tokenizer does not see these words.
    assert JiebaTokenizer().tokenize("OPPO手机Wi-Fi") == ["OPPO", "手机", "Wi", "Fi"]


def test_missing_user_dictionary_is_reported_at_once():
    with pytest.raises(UserError, match=r"user dictionary nowhere\.txt cannot be read: No such file"):
        JiebaTokenizer(user_dict="nowhere.txt")


def test_simplify(tmp_path):
    pytest.importorskip("opencc", reason="needs the extra 'chinese'")
    text = "限時優惠價 iPhone13僅售￥5,999元"
    words = ["限时", "优惠价", "iPhone13", "仅售", "¥5,999", "元"]
    assert JiebaTokenizer(simplify=True).tokenize(text) == words
    assert JiebaTokenizer(simplify=True).tokenize("限时优惠价 iPhone13仅售￥5,999元") == words
    assert JiebaTokenizer(simplify=True, chinese_only=True).tokenize(text) == ["限时", "优惠价", "仅售", "元"]
    assert "優惠" in "".join(JiebaTokenizer().tokenize(text))
    # the words of the user's dictionary as well, in whichever script they are written
    path = tmp_path / "words.txt"
    path.write_text("對對隊 100000\n", encoding="utf-8")
    assert JiebaTokenizer(str(path), simplify=True).tokenize("對對隊 对对队") == ["对对队", "对对队"]
    assert JiebaTokenizer(str(path)).tokenize("對對隊") == ["對對隊"]


def test_simplify_without_opencc_is_reported_at_once(monkeypatch):
    converter.cache_clear()
    monkeypatch.setitem(sys.modules, "opencc", None)
    message = r"^the option simplify of JiebaTokenizer needs the package opencc: pip install 'kdxf\[chinese\]'"
    with pytest.raises(UserError, match=message):
        JiebaTokenizer(simplify=True)
    assert JiebaTokenizer().tokenize("優惠價")
