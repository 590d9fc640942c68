import duplicates_pictures as pictures
import numpy as np
import pytest

from kdxf.data.duplicates import pairs as duplicates_pairs
from kdxf.data.duplicates.cache import take_fingerprints
from kdxf.data.duplicates.pairs import find_pairs, hamming_pairs


@pytest.mark.parametrize("radius", [0, 2, 3, 7, 10])
@pytest.mark.parametrize("block", [1 << 22, 7])
def test_finds_exactly_what_comparing_each_with_each_finds(radius, block, monkeypatch):
    monkeypatch.setattr(duplicates_pairs, "_BLOCK", block)
    random = np.random.default_rng(radius)
    targets = random.integers(0, 2**64, 200, dtype=np.uint64)
    queries = targets[:60].copy()
    for row in range(60):  # turn 0 to 11 bits
        for bit in random.choice(64, row % 12, replace=False):
            queries[row] ^= np.uint64(1 << int(bit))
    queries[50:] = queries[0]  # several of the same value
    distances = np.array([[(int(a) ^ int(b)).bit_count() for b in targets] for a in queries])
    rows, columns = np.nonzero(distances <= radius)
    found = hamming_pairs(queries, targets, radius)
    assert found[0].tolist() == rows.tolist() and found[1].tolist() == columns.tolist()
    assert found[2].tolist() == distances[rows, columns].tolist()


def test_nothing_among_nothing():
    none = np.zeros(0, np.uint64)
    assert [len(part) for part in hamming_pairs(none, none, 3)] == [0, 0, 0]


@pytest.mark.parametrize("count", [1000, 1_000_000])
@pytest.mark.parametrize("radius", [0, 3, 8, 10])
def test_the_chunks_cover_the_hash_and_the_radius(count, radius):
    chunks = duplicates_pairs._chunks(count, radius)
    assert [shift for shift, _, _ in chunks] == list(np.cumsum([0] + [bits for _, bits, _ in chunks])[:-1])
    assert sum(bits for _, bits, _ in chunks) == 64
    assert sum(allowed + 1 for _, _, allowed in chunks) > radius


def prints_of(folder, images):
    for number, image in enumerate(images):
        pictures.save(folder / f"{number:02d}.png", image)
    return take_fingerprints(sorted(folder.iterdir()), 1)


@pytest.mark.parametrize("edit", pictures.EDITS)
def test_an_edited_copy_is_found_among_strangers(edit, tmp_path):
    images = [pictures.picture(seed) for seed in range(6)]
    pairs = find_pairs(prints_of(tmp_path, [*images, pictures.EDITS[edit](images[2])]), 1)
    assert (pairs.first.tolist(), pairs.second.tolist(), pairs.mirrored.tolist()) == ([2], [6], [False])
    assert 0.992 <= pairs.similarity[0] <= 1


def test_mirror_images_only_where_asked_for(tmp_path):
    images = [pictures.picture(seed) for seed in range(4)]
    prints = prints_of(tmp_path, [*images, images[1][:, ::-1]])
    assert len(find_pairs(prints, 1).first) == 0
    pairs = find_pairs(prints, 1, mirrored=True)
    assert (pairs.first.tolist(), pairs.second.tolist(), pairs.mirrored.tolist()) == ([1], [4], [True])


def test_other_colours_are_another_picture(tmp_path):
    image = pictures.picture(0)
    assert len(find_pairs(prints_of(tmp_path, [image, image[:, :, ::-1]]), 1).first) == 0


def test_plain_pictures_are_left_out(tmp_path):
    grey = np.full((100, 100, 3), 200, np.uint8)
    assert len(find_pairs(prints_of(tmp_path, [grey, grey + 1]), 1).first) == 0


def test_candidates_from_elsewhere_are_looked_at_as_well(tmp_path, monkeypatch):
    monkeypatch.setattr(duplicates_pairs, "RADIUS", 0)
    images = [pictures.picture(seed) for seed in range(4)]
    prints = prints_of(tmp_path, [*images, pictures.EDITS["cropped"](images[2])])
    assert len(find_pairs(prints, 1).first) == 0
    pairs = find_pairs(prints, 1, more=(np.array([4, 0]), np.array([2, 1])))
    assert (pairs.first.tolist(), pairs.second.tolist()) == ([2], [4])


def test_pairs_that_are_joined_already_are_passed_over(tmp_path, monkeypatch):
    image = pictures.picture(0)
    prints = prints_of(tmp_path, [image, *(edit(image) for edit in pictures.EDITS.values())])
    monkeypatch.setattr(duplicates_pairs, "_PAIR_BLOCK", 1)
    looked = []
    monkeypatch.setattr(duplicates_pairs, "_score", lambda pair: looked.append(pair) or 1.0)
    assert len(find_pairs(prints, 1).first) == len(looked) == 6  # seven pictures in one group
