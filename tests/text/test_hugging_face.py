"""Local folders of Hugging Face models, and what is wrong with them."""

import re
import shutil
import sys

import pytest

from kdxf.errors import UserError
from kdxf.text.hugging_face import local_folder, open_tokenizer, read_config_json

OPTION = "Encoder: pretrained"


def refused(message):
    return pytest.raises(UserError, match=f"^{message}$")


def test_folder(tmp_path, monkeypatch):
    assert local_folder(str(tmp_path), OPTION) == tmp_path
    monkeypatch.setenv("HOME", str(tmp_path))
    assert local_folder("~", OPTION) == tmp_path


@pytest.mark.parametrize("name", ["hfl/chinese-bert-wwm", "bert-base-chinese"])
def test_a_name_on_the_hub_must_be_downloaded_first(name):
    command = f"hf download {name} --local-dir data/pretrained/{name.rpartition('/')[2]}"
    message = (
        f"is a name on the Hugging Face hub, not a folder; download it first with '{command}' and give that folder"
    )
    with refused(f"Encoder: pretrained {name} {message}"):
        local_folder(name, OPTION)


def test_a_missing_folder(tmp_path, monkeypatch):
    message = "does not exist; download a model into it with 'hf download OWNER/NAME --local-dir {0}'"
    with refused(f"Encoder: pretrained data/pretrained/bert {message.format('data/pretrained/bert')}"):
        local_folder("data/pretrained/bert", OPTION)
    # models/bert could be a name on the hub, too, but here models is a folder
    monkeypatch.chdir(tmp_path)
    (tmp_path / "models").mkdir()
    with refused(f"Encoder: pretrained models/bert {message.format('models/bert')}"):
        local_folder("models/bert", OPTION)


def test_a_file_is_no_folder(tiny_bert):
    with refused(r"Encoder: pretrained \S+/config\.json is a file; give the folder that holds config\.json"):
        local_folder(tiny_bert / "config.json", OPTION)


def test_config_json(tiny_bert, tmp_path):
    assert read_config_json(tiny_bert, OPTION)["model_type"] == "bert"
    name = re.escape(str(tmp_path))
    with refused(f"Encoder: pretrained {name} has no config.json; give the folder of a Hugging Face model"):
        read_config_json(tmp_path, OPTION)
    (tmp_path / "config.json").write_text('{"model_type": ')
    with refused(rf"{name}/config\.json is damaged \(Expecting value: .*\); download it again"):
        read_config_json(tmp_path, OPTION)
    (tmp_path / "config.json").write_text("[]")
    with refused(rf"{name}/config\.json is damaged \(it holds no JSON object\); download it again"):
        read_config_json(tmp_path, OPTION)


def test_tokenizer(tiny_bert):
    tokenizer = open_tokenizer(tiny_bert, OPTION)
    assert tokenizer("Milks 牛奶?")["input_ids"] == [2, 9, 10, 5, 6, 1, 3]
    assert open_tokenizer(tiny_bert, OPTION) is tokenizer


def test_tokenizer_without_the_model(tiny_bert, tmp_path):
    for name in ("vocab.txt", "tokenizer_config.json"):
        shutil.copy(tiny_bert / name, tmp_path)
    assert open_tokenizer(tmp_path, OPTION)("a")["input_ids"] == [2, 7, 3]


def test_tokenizer_faults(tmp_path):
    with refused(
        rf"Encoder: pretrained {re.escape(str(tmp_path))} has no tokenizer \(tokenizer\.json, vocab\.txt, .*\); put "
        "the model's tokenizer files there"
    ):
        open_tokenizer(tmp_path, OPTION)
    (tmp_path / "tokenizer.json").write_text("{")
    (tmp_path / "config.json").write_text('{"model_type": "bert"}')
    with refused(r"Encoder: pretrained .*: the tokenizer cannot be opened \(.+\); download it again"):
        open_tokenizer(tmp_path, OPTION)


def test_transformers_is_missing(tiny_bert, monkeypatch):
    monkeypatch.setitem(sys.modules, "transformers", None)
    install = r"pip install 'kdxf\[transformers\]' \(in a clone: pip install -e '\.\[transformers\]'\)"
    with refused(rf"Encoder needs the package transformers: {install}"):
        open_tokenizer(tiny_bert, OPTION)
