"""The fuzzer notices what no reader may do; a short slice of it finds nothing, and what it found before is mended."""

import json
import runpy
import sys

import numpy as np
import pytest
from fuzzing.campaign import RECORD, kept_input, make_input, run, try_input
from fuzzing.found import FOUND
from fuzzing.misbehaving import READERS
from fuzzing.targets import TARGETS

from kdxf.errors import UserError
from kdxf_runtime.vectors.word_vectors import WordVectors


@pytest.mark.parametrize("name", FOUND)
def test_what_was_found_is_refused_in_one_line(name, tmp_path):
    target, file, write, said = FOUND[name]
    write(tmp_path / file)
    with pytest.raises(UserError, match=rf"{said}$") as error:
        TARGETS[target].read(tmp_path / file)
    assert "\n" not in str(error.value)


# Their files have several forms, and each reader refuses some of them.
_SEVERAL_FORMS = {"annotations", "class-files", "predictions"}


@pytest.mark.parametrize("name", sorted(set(TARGETS) - _SEVERAL_FORMS))
def test_the_valid_files_are_read(name, tmp_path):
    (tmp_path / "seeds").mkdir()
    TARGETS[name].seeds(tmp_path / "seeds")
    outcomes = {path.name: try_input(TARGETS[name], path)[:2] for path in (tmp_path / "seeds").iterdir()}
    assert set(outcomes.values()) == {("read", "")}, outcomes


@pytest.mark.parametrize("name", TARGETS)
def test_a_short_slice_finds_nothing(name, tmp_path):
    (tmp_path / "seeds").mkdir()
    TARGETS[name].seeds(tmp_path / "seeds")
    found = {}
    for index in range(12):
        folder = tmp_path / str(index)
        folder.mkdir()
        found[index] = try_input(TARGETS[name], make_input(name, tmp_path / "seeds", 15, index, folder))
    assert {index: outcome for index, outcome in found.items() if outcome[0] not in ("read", "refused")} == {}


@pytest.mark.parametrize("kind", [kind for kind in READERS if kind != "death"])
def test_each_kind_is_noticed(kind, tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("milk")
    assert try_input(READERS[kind], path, seconds=0.2, memory=20 << 20)[0] == kind


def test_a_seed_gives_the_same_inputs(tmp_path):
    (tmp_path / "seeds").mkdir()
    TARGETS["annotations"].seeds(tmp_path / "seeds")
    made = []
    for place, seed in enumerate((3, 3, 4)):
        (tmp_path / str(place)).mkdir()
        inputs = []
        for index in range(8):
            folder = tmp_path / str(place) / str(index)
            folder.mkdir()
            path = make_input("annotations", tmp_path / "seeds", seed, index, folder)
            inputs.append((path.name, path.read_bytes()))
        made.append(inputs)
    assert made[0] == made[1] != made[2]


def test_lengths_of_ngrams_beyond_any_word_take_no_time(tmp_path):
    TARGETS["tfidf"].seeds(tmp_path)
    file = tmp_path / "tfidf" / "tfidf.json"
    facts = json.loads(file.read_text(encoding="utf-8"))
    file.write_text(json.dumps({**facts, "ngrams": [2, 2**31]}), encoding="utf-8")
    assert try_input(TARGETS["tfidf"], tmp_path / "tfidf", seconds=5.0)[0] == "read"


def test_a_spelling_index_that_names_rows_beyond_the_words_is_no_traceback(tmp_path):
    TARGETS["word-vectors"].seeds(tmp_path)
    file = tmp_path / "words" / "spelling.npy"
    np.save(file, np.load(file) | np.uint64(238))
    store = WordVectors.open(tmp_path / "words")
    assert [store.respell(word) for word in ("oatlv", "mlik")] == ["oatly", None]  # the look-alike needs no index


def test_a_type_that_is_no_name_does_not_stop_an_option(tmp_path):
    TARGETS["configs"].seeds(tmp_path)
    file = tmp_path / "config.json"
    file.write_text(file.read_text(encoding="utf-8").replace('"EMAHook"', '{"a": 1}'), encoding="utf-8")
    assert try_input(TARGETS["configs"], file)[0] == "read"


@pytest.mark.slow
def test_a_campaign_goes_on_after_the_end_of_a_process_and_keeps_one_of_a_kind(tmp_path):
    count, findings = run("death", READERS["death"], 0, 3, 300.0, tmp_path)
    assert (count.inputs, dict(count.findings)) == (3, {"death": 3})
    assert [(found.kind, found.what) for found in findings] == [("death", "the process ended with -11")]
    assert [path.name for path in tmp_path.iterdir()] == ["death-0"]
    record = json.loads((tmp_path / "death-0" / RECORD).read_text(encoding="utf-8"))
    assert record["seed"] == 0 and record["index"] == 0
    count, _ = run("read", READERS["read"], 0, 3, 300.0, tmp_path)
    assert (count.inputs, count.read) == (3, 3)


def test_a_finding_is_read_again(tmp_path, repo, monkeypatch, capsys):
    folder = tmp_path / "annotations-json-7"
    folder.mkdir()
    (folder / "input.json").write_text("[3]", encoding="utf-8")
    (folder / RECORD).write_text('{"target": "annotations-json"}', encoding="utf-8")
    assert kept_input(folder / "input.json") == kept_input(folder) == ("annotations-json", folder / "input.json")
    monkeypatch.setattr(sys, "argv", ["fuzz.py", "--replay", str(folder)])
    with pytest.raises(SystemExit) as end:
        runpy.run_path(str(repo / "benchmarks" / "fuzz.py"), run_name="__main__")
    assert end.value.code == 0 and "annotations-json: refused" in capsys.readouterr().out
    with pytest.raises(UserError, match=r"--replay .*none: no finding, which is a folder with finding.js"):
        kept_input(tmp_path / "none")
