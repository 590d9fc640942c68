import argparse
from pathlib import Path

from kdxf.data.options import EXTENSION_OF, FORMS, add_common_arguments


def test_common_arguments():
    parser = argparse.ArgumentParser()
    add_common_arguments(parser, seed=True, workers=True)
    args = parser.parse_args(["--root", "images", "--seed", "3"])
    assert (args.root, args.seed, args.dry_run, args.overwrite) == (Path("images"), 3, False, False)
    assert args.workers >= 1


def test_options_of_results_are_added_where_a_tool_has_such_results():
    parser = argparse.ArgumentParser()
    add_common_arguments(parser, excel=False)
    assert set(vars(parser.parse_args([]))) == {"root", "dry_run", "overwrite"}


def test_forms_and_formats():
    assert FORMS == ("csv", "json", "coco", "mmpretrain", "folders")
    assert EXTENSION_OF == {"JPEG": ".jpg", "PNG": ".png", "WEBP": ".webp"}
