import hashlib

from kdxf.digests import file_digest, settings_digest


def test_file(tmp_path):
    content = b"x" * (1 << 20) + b"y"  # more than is read at once
    (tmp_path / "f").write_bytes(content)
    assert file_digest(tmp_path / "f") == hashlib.sha256(content).hexdigest()


def test_settings():
    assert settings_digest({"a": 1, "b": {"c": 2, "d": 3}}) == settings_digest({"b": {"d": 3, "c": 2}, "a": 1})
    assert settings_digest({"a": 1}) != settings_digest({"a": 2}) and len(settings_digest([])) == 64
