from pathlib import Path

import pytest
import torch
from mmengine.config import Config

from kdxf.engine import precision
from kdxf.engine.precision import bfloat16_pays, choose_precision


@pytest.mark.parametrize(("capabilities", "pays"), [({"amx_bf16": True}, True), ({"avx512_bf16": True}, False)])
def test_a_processor_needs_amx(monkeypatch, capabilities, pays):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: capabilities)
    assert bfloat16_pays() is pays


@pytest.mark.parametrize("pays", [True, False])
def test_a_gpu_must_have_it_in_hardware(monkeypatch, pays):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda including_emulation: not including_emulation and pays)
    assert bfloat16_pays() is pays


def test_this_machine_is_asked():
    """The flag that Linux shows is the one that torch reports."""
    flags = Path("/proc/cpuinfo").read_text().split()
    assert torch.cpu.get_capabilities().get("amx_bf16", False) == ("amx_bf16" in flags)


@pytest.mark.parametrize("pays", [True, False])
def test_only_what_is_left_to_the_machine_is_chosen(monkeypatch, pays):
    monkeypatch.setattr(precision, "bfloat16_pays", lambda: pays)
    cfg = Config({"val_cfg": {"fp16": "auto"}, "test_cfg": {"fp16": not pays}})
    choose_precision(cfg)
    assert cfg.val_cfg.fp16 is pays
    assert cfg.test_cfg.fp16 is not pays
    empty = Config({"val_cfg": None, "test_cfg": {}})
    choose_precision(empty)
    assert empty.to_dict() == {"val_cfg": None, "test_cfg": {}}
