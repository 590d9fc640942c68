"""The layout of GroceryStoreDataset for kdxf.

M. Klasson, C. Zhang, H. Kjellström: A Hierarchical Grocery Store Image Dataset with Visual and Semantic Labels, WACV
2019. Real photographs of 81 kinds of fruit, vegetables and packages; packages carry text, fruit does not.
"""

from pathlib import Path

import pandas as pd

from kdxf.errors import UserError
from kdxf.io.annotations import write_annotations, write_classes
from kdxf.io.class_tree import COARSE, tree_table


def lay_out(source: Path, out: Path) -> dict[str, int]:
    """Write annotation files for the dataset at ``source`` and link its images as ``out/images``.

    Writes ``classes.txt``; ``train.csv`` and ``val.csv`` (columns ``image``, ``label``, ``coarse_label``, and
    ``package``: whether the photograph shows a package); ``train_packages.csv`` and ``val_packages.csv``, with only
    their rows of packages; ``class_tree.csv``, the coarse class of each.

    Returns:
        File name to number of rows.

    Raises:
        UserError: ``source`` is not the dataset, or ``out/images`` exists and is not a link to it.
    """
    classes = _read(source, "classes.csv", header=0)
    names = dict(zip(classes[1].astype(int), classes[0].str.strip(), strict=True))
    coarse_names = dict(zip(classes[3].astype(int), classes[2].str.strip(), strict=True))
    _link_images(source, out)
    write_classes([names[index] for index in sorted(names)], out / "classes.txt")
    counts = {}
    for split in ("train", "val"):
        rows = _read(source, f"{split}.txt", header=None)
        frame = pd.DataFrame(
            {
                "image": rows[0].str.strip(),
                "label": rows[1].astype(int).map(names),
                "coarse_label": rows[2].astype(int).map(coarse_names),
            }
        )
        frame["package"] = frame["image"].str.split("/").str[1].eq("Packages").astype(int)
        for name, part in ((f"{split}.csv", frame), (f"{split}_packages.csv", frame[frame["package"] == 1])):
            write_annotations(part, out / name)
            counts[name] = len(part)
        if split == "train":
            tree = tree_table(frame, [names[index] for index in sorted(names)], {"coarse_label": COARSE}, source)
            write_annotations(tree, out / "class_tree.csv")
            counts["class_tree.csv"] = len(tree)
    return counts


def _read(source: Path, name: str, header: int | None) -> pd.DataFrame:
    path = source / name
    if not path.is_file():
        raise UserError(f"{path}: no such file; give the folder of GroceryStoreDataset that holds {name}")
    frame = pd.read_csv(path, header=header)
    frame.columns = list(range(frame.shape[1]))
    return frame


def _link_images(source: Path, out: Path) -> None:
    link = out / "images"
    out.mkdir(parents=True, exist_ok=True)
    if link.is_symlink():
        link.unlink()
    elif link.exists():
        raise UserError(f"{link} is there and is not a link; move it away")
    link.symlink_to(source.resolve(), target_is_directory=True)
