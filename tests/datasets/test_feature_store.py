"""Features of a tiny frozen backbone: kept, resumed, and computed anew where something changed."""

import tarfile

import cv2
import numpy as np
import pytest
import torch

import kdxf.models  # noqa: F401  (registers)
from kdxf.datasets.feature_store import FeatureStore
from kdxf.errors import UserError
from kdxf.registry import MODELS
from kdxf_runtime.io.images import ImageReadError

TEST = [dict(type="LoadImage", blank_size=32), dict(type="Resize", scale=(32, 32))]
TRAIN = [dict(type="LoadImage", blank_size=32), dict(type="RandomResizedCrop", scale=32)]


def draw(path, seed):
    pixels = np.random.default_rng(seed).integers(0, 255, (40, 50, 3), dtype=np.uint8)
    path.write_bytes(cv2.imencode(".png", pixels)[1].tobytes())
    return str(path)


def save_weights(path, seed):
    torch.manual_seed(seed)
    torch.save(MODELS.build(dict(BARE)).state_dict(), path)
    return str(path)


BARE = dict(type="ResNet", depth=18, stem_channels=4, base_channels=4)


@pytest.fixture
def lab(tmp_path):
    """Options of a store, and three pictures."""
    backbone = {**BARE, "init_cfg": dict(type="Pretrained", checkpoint=save_weights(tmp_path / "w.pth", 0))}
    images = [draw(tmp_path / f"图 {index}.png", index) for index in range(3)]
    options = dict(folder=tmp_path / "store", backbone=backbone, test_image=TEST, train_image=TRAIN, views=2)
    return options, images


def test_features_are_those_of_the_backbone(lab):
    options, images = lab
    store = FeatureStore(**options)
    assert store.compute(images) == 3 and len(store) == 3 and store.views == 3
    model = MODELS.build(dict(options["backbone"]))
    model.init_weights()
    picture = cv2.resize(cv2.imdecode(np.fromfile(images[1], np.uint8), cv2.IMREAD_COLOR), (32, 32))
    pixels = torch.from_numpy(picture[..., ::-1].transpose(2, 0, 1).copy()).float()
    with torch.no_grad():
        model.eval()
        expected = model(pixels[None])[-1].mean(dim=(2, 3))[0].numpy()
    np.testing.assert_allclose(store.feature(images[1]), expected, rtol=2e-2, atol=2e-2)
    views = [store.feature(images[1], view) for view in (1, 2)]
    assert not np.allclose(*views) and not np.allclose(views[0], expected, rtol=2e-2, atol=2e-2)


def test_nothing_is_computed_twice_and_only_what_changed_anew(lab, tmp_path):
    options, images = lab
    assert FeatureStore(**options).compute(images[:2]) == 2
    again = FeatureStore(**options)
    assert images[1] in again and images[2] not in again and again.compute(images) == 1
    draw(tmp_path / "图 0.png", 77)  # another picture under an old name
    assert FeatureStore(**options).compute(images) == 1
    other_pipeline = {**options, "test_image": [TEST[0], dict(type="Resize", scale=(48, 32))], "views": 0}
    assert FeatureStore(**other_pipeline).compute(images) == 3
    save_weights(tmp_path / "w.pth", 1)  # other weights under an old name
    assert FeatureStore(**options).compute(images) == 3
    assert len(list((tmp_path / "store").iterdir())) == 3


def test_training_views_do_not_depend_on_the_order_or_on_workers(lab, tmp_path):
    options, images = lab
    one, two = FeatureStore(**options), FeatureStore(**{**options, "folder": tmp_path / "other"})
    one.compute(images)
    two.compute(images[::-1], workers=2)
    for view in range(3):
        np.testing.assert_array_equal(one.feature(images[0], view), two.feature(images[0], view))


def test_images_to_test_on_have_one_view_until_they_are_trained_on(lab):
    options, images = lab
    store = FeatureStore(**options)
    assert store.compute(images[:1], training_views=False) == 1
    with pytest.raises(UserError, match=r"lacks .*图 0.png; compute it first: tools/features.py CONFIG"):
        store.feature(images[0], 1)
    assert store.compute(images[:1]) == 1 and store.feature(images[0], 1).shape == (32,)
    assert FeatureStore(**options).compute(images[:1], training_views=False) == 0


def test_new_and_unreadable_images(lab, tmp_path):
    options, images = lab
    store = FeatureStore(**options)
    np.testing.assert_allclose(store.feature(images[0]), _kept(store, images[0]), rtol=2e-2, atol=2e-2)
    (tmp_path / "broken.png").write_bytes(b"no picture")
    assert store.compute([str(tmp_path / "broken.png"), str(tmp_path / "gone.png")]) == 0
    for name in ("broken.png", "gone.png"):
        with pytest.raises(ImageReadError):
            store.feature(str(tmp_path / name))
    np.testing.assert_array_equal(FeatureStore(**options).blank, store.blank)


def _kept(store, image):
    assert image not in store
    store.compute([image])
    return store.feature(image)


def test_faults_are_named(lab):
    options, _ = lab
    with pytest.raises(UserError, match="2 training views need train_image; give its transforms"):
        FeatureStore(**{**options, "train_image": []})
    with pytest.raises(UserError, match="the frozen backbone has no weights; name some, such as init_cfg"):
        FeatureStore(**{**options, "backbone": BARE})
    with pytest.raises(UserError, match=r"knows no text, so LoadImage\(upright=True\) cannot turn its pictures; turn"):
        FeatureStore(**{**options, "test_image": [{"type": "LoadImage", "upright": True}]})


def test_weights_and_policies_count_by_their_content_not_by_their_place(lab, tmp_path):
    options, images = lab
    store = FeatureStore(**options)
    store.compute(images)
    (tmp_path / "moved").mkdir()
    moved = (tmp_path / "w.pth").rename(tmp_path / "moved" / "w.pth")
    backbone = {**BARE, "init_cfg": dict(type="Pretrained", checkpoint=str(moved))}
    assert FeatureStore(**{**options, "backbone": backbone}).path == store.path


def test_the_encoder_and_the_test_view_give_the_feature(lab):
    options, images = lab
    store = FeatureStore(**options)
    pixels = store.test_view(images[0])
    assert pixels.shape == (3, 32, 32) and pixels.dtype == torch.uint8
    assert [step["type"] for step in store.test_steps()] == ["LoadImage", "Resize"] and store.encoder is store.encoder
    feature = store.encoder(pixels[None].float().requires_grad_())  # as in a heatmap: with a gradient
    feature.sum().backward()
    np.testing.assert_allclose(feature.detach()[0], store.feature(images[0]), rtol=1e-4, atol=1e-4)


def test_a_member_of_a_tar_shard_has_the_feature_of_its_file(lab, tmp_path):
    options, images = lab
    with tarfile.open(tmp_path / "0.tar", "w") as archive:
        for index, image in enumerate(images):
            archive.add(image, f"cat/{index}.png")
    store = FeatureStore(**options)
    assert store.compute([f"{tmp_path}/0.tar/cat/{index}.png" for index in range(3)]) == 3
    assert store.compute(images) == 0  # the same bytes
    for view in (0, 1):
        assert np.array_equal(store.feature(f"{tmp_path}/0.tar/cat/2.png", view), store.feature(images[2], view))
    with pytest.raises(ImageReadError, match="the tar shard has no such member"):
        store.feature(f"{tmp_path}/0.tar/cat/3.png")
