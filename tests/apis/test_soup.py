import pytest
import torch
from torch.testing import assert_close

from kdxf.apis.soup import soup
from kdxf.apis.test import test as run_test
from kdxf.apis.train import train
from kdxf.engine.checkpoint import load_checkpoint
from kdxf.engine.config import load_config
from kdxf.errors import UserError

METRIC = "accuracy/top1"


def config(path, **options):
    return load_config(path, {"default_hooks.checkpoint.save_best": METRIC, **options})


@pytest.fixture
def cooked(tiny_config, tiny_trained, tmp_path):
    """``write(name, change)`` writes the trained weights with changes, and returns the file."""
    content = load_checkpoint(tiny_trained.checkpoint)

    def write(name, change=lambda state: None, **meta):
        state = {key: value.clone() for key, value in content["state_dict"].items()}
        change(state)
        torch.save({"state_dict": state, "meta": {**content["meta"], **meta}}, tmp_path / name)
        return tmp_path / name

    return write


def spoil(state):
    """Answer the first class whatever comes."""
    state["head.fc.weight"].zero_()
    state["head.fc.bias"].copy_(torch.tensor([100.0, 0.0, 0.0]))


def test_the_mean_of_all(tiny_config, cooked, tmp_path):
    def double(state):
        for value in state.values():
            value.mul_(3)

    files = [cooked("a.pth", trained_on=torch.tensor([1, 5])), cooked("b.pth", double, trained_on=torch.tensor([1, 7]))]
    found = soup(config(tiny_config), files, tmp_path / "soup.pth")
    content = load_checkpoint(tmp_path / "soup.pth")
    expected = {name: 2 * value for name, value in load_checkpoint(files[0])["state_dict"].items()}
    assert_close(content["state_dict"], expected)
    assert content["meta"]["trained_on"].tolist() == [1, 5, 7]
    assert content["meta"]["soup"] == [str(path) for path in files]
    scores = [run_test(config(tiny_config), path)[METRIC] for path in (*files, tmp_path / "soup.pth")]
    assert (found.metric, found.members) == (METRIC, (0, 1))
    assert [*found.scores, found.score] == scores


def test_a_greedy_soup_leaves_out_what_makes_it_worse(tiny_config, cooked, tmp_path):
    files = [cooked("spoilt.pth", spoil), cooked("a.pth"), cooked("b.pth")]
    found = soup(config(tiny_config), files, tmp_path / "soup.pth", greedy=True)
    assert found.scores[0] == pytest.approx(100 / 3) and found.scores[1] == found.scores[2] > 50
    assert found.members == (1, 2) and found.score == found.scores[1]
    assert_close(load_checkpoint(tmp_path / "soup.pth")["state_dict"], load_checkpoint(files[1])["state_dict"])
    assert soup(config(tiny_config), files, tmp_path / "all.pth").score < found.score


def test_batch_norms_get_the_statistics_of_the_mean(tiny_config, tmp_path):
    options = {"model.backbone.norm_cfg": {"_delete_": True, "type": "BN"}, "default_hooks.checkpoint.save_best": None}
    train(load_config(tiny_config, options))
    files = [tmp_path / "work" / f"epoch_{epoch}.pth" for epoch in (1, 2)]
    found = soup(load_config(tiny_config, options), files, tmp_path / "soup.pth")
    assert found.metric == METRIC
    name = "backbone.bn1.running_mean"
    state, *states = (load_checkpoint(path)["state_dict"] for path in (tmp_path / "soup.pth", *files))
    for key in ("backbone.conv1.weight", "backbone.bn1.weight"):
        assert_close(state[key], (states[0][key] + states[1][key]) / 2)
    assert not torch.allclose(state[name], (states[0][name] + states[1][name]) / 2)
    # Once more with the same weights: all statistics agree, so nothing is computed anew.
    soup(load_config(tiny_config, options), [tmp_path / "soup.pth"] * 2, tmp_path / "same.pth")
    assert_close(load_checkpoint(tmp_path / "same.pth")["state_dict"][name], state[name], rtol=0, atol=0)


def test_what_cannot_be_averaged_is_refused(tiny_config, cooked, tmp_path):
    cfg, out, a = config(tiny_config), tmp_path / "soup.pth", cooked("a.pth")

    def refused(message, *files, cfg=cfg, out=out):
        with pytest.raises(UserError, match=message):
            soup(cfg, files, out)
        assert not out.exists()

    refused("a soup needs two checkpoints or more, got 1", a)
    refused(r"soup\.onnx: the name of the checkpoint must end with \.pth", a, a, out=tmp_path / "soup.onnx")
    wide = cooked("wide.pth", lambda state: state.update({"head.fc.bias": torch.zeros(5)}))
    refused(r"wide\.pth has another structure than .*a\.pth \(head\.fc\.bias: \(5,\), \(3,\)\); average", a, wide)
    more = cooked("more.pth", lambda state: state.update({"neck.weight": torch.zeros(5)}))
    refused(r"more\.pth has another structure than .*a\.pth \(neck\.weight: \(5,\), no such weights\)", a, more)
    refused(r"more\.pth does not fit the config's model \(first: neck\.weight\); give the config of", more, more)
    other = cooked("other.pth", dataset_meta={"classes": ["x", "y", "z"]})
    refused(r"other\.pth was trained on other classes than .*a\.pth", a, other)
    refused(
        "the validation has no score 'accuracy/top9', only accuracy/top1",
        a,
        a,
        cfg=config(tiny_config, **{"default_hooks.checkpoint.save_best": "accuracy/top9"}),
    )
    blind = config(tiny_config, val_cfg=None, val_dataloader=None, val_evaluator=None)
    refused("has no validation set to check a soup on: it needs val_dataloader", a, a, cfg=blind)
