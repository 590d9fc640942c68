import hashlib

from kdxf.digests import file_digest, files_of, known_digest, settings_digest


def test_file(tmp_path):
    content = b"x" * (1 << 20) + b"y"  # more than is read at once
    (tmp_path / "f").write_bytes(content)
    assert file_digest(tmp_path / "f") == hashlib.sha256(content).hexdigest()


def test_settings():
    assert settings_digest({"a": 1, "b": {"c": 2, "d": 3}}) == settings_digest({"b": {"d": 3, "c": 2}, "a": 1})
    assert settings_digest({"a": 1}) != settings_digest({"a": 2}) and len(settings_digest([])) == 64


def test_a_file_is_read_again_when_it_has_changed(tmp_path, monkeypatch):
    path = tmp_path / "f"
    path.write_text("a")
    before = known_digest(path)
    assert before == file_digest(path)
    with monkeypatch.context() as patch:
        patch.setattr("kdxf.digests.file_digest", None)
        assert known_digest(path) == before
    path.write_text("ab")
    assert known_digest(path) == file_digest(path)


def test_files_of_a_folder(tmp_path):
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "a" / "b" / "c.txt").write_text("xyz")
    (tmp_path / "a" / "nowhere").symlink_to(tmp_path / "no")
    assert [(name, status.st_size) for name, status in files_of(tmp_path / "a")] == [("b/c.txt", 3)]


def test_links_in_a_circle_end(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "x").touch()
    for name in ("me", "you"):
        (tmp_path / "a" / name).symlink_to(tmp_path)
    assert [name for name, _ in files_of(tmp_path)] == ["a/x"]
