import hashlib

from mmengine.config import Config

from kdxf.apis.prediction_source import prediction_source
from kdxf.engine.config import config_digest


def test_files_and_addresses(tmp_path):
    (tmp_path / "c.py").write_text("lr = 1")
    (tmp_path / "a.pth").write_bytes(b"weights")
    cfg = Config.fromfile(tmp_path / "c.py")
    expected = {"config": str(tmp_path / "c.py"), "config_digest": config_digest(cfg), "tta": True}
    digest = hashlib.sha256(b"weights").hexdigest()
    local = {**expected, "checkpoint": str(tmp_path / "a.pth"), "checkpoint_digest": digest}
    assert prediction_source(cfg, tmp_path / "a.pth", True) == local
    assert prediction_source(cfg, "https://x/a.pth", True) == {**expected, "checkpoint": "https://x/a.pth"}
