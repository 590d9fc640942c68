from pathlib import Path

import pandas as pd
import pytest

from kdxf.data.lists import read_list, write_lists
from kdxf.errors import UserError


def _touch(root, *names):
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()


def test_a_folder_is_a_list_without_labels(tmp_path):
    _touch(tmp_path, "a/2.jpg", "a/1.png", "a/notes.txt")
    found = read_list(tmp_path / "a")
    assert found.frame.to_dict("list") == {"image": ["1.png", "2.jpg"]} and found.root == tmp_path / "a"
    found = read_list(tmp_path / "a", root=tmp_path)
    assert found.frame.to_dict("list") == {"image": ["a/1.png", "a/2.jpg"]} and found.root == tmp_path


def test_an_annotation_file_lies_in_its_image_root_unless_told_otherwise(tmp_path):
    (tmp_path / "train.csv").write_text("image,label\nx.jpg,b\n")
    assert read_list(tmp_path / "train.csv").root == tmp_path
    found = read_list(tmp_path / "train.csv", root=Path("elsewhere"), labels=True)
    assert found.root == Path("elsewhere") and found.frame["label"].tolist() == ["b"]


def test_what_cannot_be_a_list_is_said(tmp_path):
    _touch(tmp_path, "empty/notes.txt", "a/1.jpg", "b/1.jpg")
    with pytest.raises(UserError, match=r"empty: no images in it$"):
        read_list(tmp_path / "empty")
    with pytest.raises(UserError, match=r"a: does not lie below the image root .*b; change --root$"):
        read_list(tmp_path / "a", root=tmp_path / "b")
    with pytest.raises(UserError, match=r"a: has no labels; give a list with the column 'label'$"):
        read_list(tmp_path / "a", labels=True)


def test_results_are_written_all_or_none(tmp_path):
    frame = pd.DataFrame({"image": ["x.jpg"]})
    (tmp_path / "there.csv").write_text("kept")
    with pytest.raises(UserError, match=r"there.csv: is there already; choose another name, or replace it with --over"):
        write_lists({tmp_path / "new.csv": frame, tmp_path / "there.csv": frame}, [])
    assert not (tmp_path / "new.csv").exists() and (tmp_path / "there.csv").read_text() == "kept"
    write_lists({tmp_path / "there.csv": frame}, [], overwrite=True)
    assert (tmp_path / "there.csv").read_text() == "image\nx.jpg\n"


def test_an_input_is_never_replaced(tmp_path):
    frame = pd.DataFrame({"image": ["x.jpg"]})
    (tmp_path / "in.csv").write_text("image\nx.jpg\n")
    with pytest.raises(UserError, match=r"in.csv: is an input, which is never changed; choose another name for the re"):
        write_lists({tmp_path / "in.csv": frame}, [tmp_path / "." / "in.csv"], overwrite=True)


def test_a_dry_run_checks_and_writes_nothing(tmp_path):
    frame = pd.DataFrame({"image": ["x.jpg"]})
    write_lists({tmp_path / "new.csv": frame}, [], dry_run=True)
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(UserError, match="is an input"):
        write_lists({tmp_path / "new.csv": frame}, [tmp_path / "new.csv"], dry_run=True)


def test_a_folder_is_no_name_for_a_result(tmp_path):
    with pytest.raises(UserError, match=r": is a folder; give the name of a file$"):
        write_lists({tmp_path: pd.DataFrame({"image": ["x.jpg"]})}, [], overwrite=True)


def test_lists_for_excel_are_read_alike(tmp_path):
    frame = pd.DataFrame({"image": ["=图.jpg"], "label": ["+x"]})
    write_lists({tmp_path / "a.csv": frame}, [], excel=True)
    assert (tmp_path / "a.csv").read_bytes() == "\ufeffimage,label\n'=图.jpg,'+x\n".encode()
    assert read_list(tmp_path / "a.csv").frame.to_dict("list") == frame.to_dict("list")
