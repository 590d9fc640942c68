import re

import pytest

from kdxf.cli.main import main


def test_a_folder_without_a_model(capsys, tmp_path):
    with pytest.raises(SystemExit) as end:
        main(["predict", str(tmp_path), "a.jpg", "--save_csv", str(tmp_path / "out.csv")])
    assert end.value.code == 2
    assert f"error: {tmp_path}: has no config.py and no model.pth; give the --out" in capsys.readouterr().err


def test_a_result_must_be_named(capsys):
    with pytest.raises(SystemExit) as end:
        main(["predict", "model", "a.jpg"])
    assert end.value.code == 2
    assert "--save_csv" in capsys.readouterr().err


def test_a_bundle_in_place_of_a_fit(colours, draw, tmp_path, capsys):
    for name in ("red", "green"):
        draw(tmp_path / f"{name}.png", name)
    (tmp_path / "list.txt").write_text("red.png 2\ngreen.png 1\n")  # paths with labels, as kdxf's reader knows them
    command = ["predict", str(colours.folder), str(tmp_path / "list.txt"), "--workers", "1"]
    with pytest.raises(SystemExit) as end:
        main([*command, "--save_csv", str(tmp_path / "out.csv"), "--parts", str(tmp_path / "p")])
    assert end.value.code == 0
    assert "2 images, 0 with an error\n2 of them answered now" in capsys.readouterr().out
    header, red, green = (tmp_path / "out.csv").read_text().splitlines()
    assert header == "image_id,category_id,category_name,score,error"
    assert red.startswith("red.png,2,red,0.96") and green.startswith("green.png,1,green,0.96")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            ["--device", "cpu", "--save_csv", "o.csv"],
            "--device: .*bundle is a bundle, which does not take it; leave it",
        ),
        (["--batch-size", "4", "--parts", "p"], "--batch-size: .*bundle is a bundle, which does not take it"),
        (["--executor", "ray", "--save_csv", "o.csv"], "--executor ray: name the folder that the predictions go to"),
        (["--ray-address", "a:1", "--parts", "p"], "--ray-address a:1 needs --executor ray"),
    ],
)
def test_options_that_do_not_go_together(colours, capsys, options, message):
    with pytest.raises(SystemExit) as end:
        main(["predict", str(colours.folder), "a.jpg", *options])
    assert end.value.code == 2 and re.search(message, capsys.readouterr().err)


def test_parts_need_a_bundle(tmp_path, capsys):
    with pytest.raises(SystemExit) as end:
        main(["predict", str(tmp_path), "a.jpg", "--parts", "p"])
    assert end.value.code == 2
    assert f"error: --parts p: needs a bundle in place of {tmp_path}; make one with" in capsys.readouterr().err
