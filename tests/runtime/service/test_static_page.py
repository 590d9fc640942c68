from kdxf_runtime.service.static_page import page_files


def test_files_have_fixed_addresses_and_types(tmp_path):
    for name in ("index.html", "page.css", "page.js", "icon.svg", "notes.txt", "run.py"):
        (tmp_path / name).write_text(name)
    (tmp_path / "deep.js").mkdir()
    (tmp_path / "deep.js" / "x.js").touch()
    found = page_files(tmp_path)
    assert {path: response.headers["content-type"] for path, response in found.items()} == {
        "/": "text/html; charset=utf-8",
        "/page.css": "text/css; charset=utf-8",
        "/page.js": "text/javascript; charset=utf-8",
        "/icon.svg": "image/svg+xml",
    }
    assert found["/"].body == b"index.html"


def test_nothing_is_loaded_from_elsewhere(tmp_path):
    (tmp_path / "index.html").touch()
    headers = page_files(tmp_path)["/"].headers
    assert headers["content-security-policy"] == "default-src 'self'; img-src 'self' blob: data:"
    assert headers["x-content-type-options"] == "nosniff"


def test_without_files_there_is_no_page(tmp_path):
    assert page_files(tmp_path / "none") == {}
