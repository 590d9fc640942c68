from kdxf.recipes.submissions.options import FORMATS, STYLES


def test_forms_of_an_id():
    assert {name: style("some/1.jpg") for name, style in STYLES.items()} == {
        "path": "some/1.jpg",
        "name": "1.jpg",
        "stem": "1",
        "path-stem": "some/1",
    }


def test_each_format_begins_with_the_image():
    assert {name: columns[0] for name, columns in FORMATS.items()} == {
        "class": "image_id",
        "scores": "image_id",
        "json": "image_name",
    }
