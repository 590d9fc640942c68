"""The power of the tests: plants one fault at a time in the package, and counts how many the tests notice.

    python benchmarks/mutation.py [--only PATTERN] [--jobs N] [--timeout SECONDS]

Each fault replaces one piece of code of the table below. The test files that mirror the changed file (and those of
:data:`MORE_TESTS`) then run in a copy of the repository in a temporary folder; the working tree is never changed. A
fault is *caught* if a test fails, and *survived* if all pass. It is *broken*, and not counted, if the tests fail
without a fault as well, run out of time, or cannot be collected. The exit status is 1 if less than 90 % are caught.

The table must follow the code: each old text occurs exactly once in its file. ``tests/test_mutation_table.py`` checks
that, and names the entries to correct. To try a new fault, add a line and run with ``--only`` and a part of its file's
name or of its reason.
"""

import argparse
import os
import queue
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

REPO = Path(__file__).resolve().parents[1]
GOAL = 0.9

# What nearly every test imports: loaded once, before the processes of the single runs are forked.
PRELOADED = ["pytest", "torch", "mmpretrain.apis", "pandas", "pyarrow.parquet", "sklearn.metrics", "cv2", "timm"]

# Of each file: old text, new text, what is wrong then.
FAULTS: dict[str, list[tuple[str, str, str]]] = {
    "kdxf_runtime/service/body.py": [
        (
            "if size > self._limits.request_bytes:\n                raise",
            "if False:\n                raise",
            "an endless body",
        ),
        ("self._held -= size", "pass", "memory of requests never given back"),
        ("if not parts.is_whole:", "if False:", "a form that is cut off loses its last picture"),
        ('.replace("\\\\", "/")', "", "Windows paths as names"),
        ("if self._left < 0:", "if self._left < -1:", "a picture more than may be"),
        ("spool_max_size = sys.maxsize", "spool_max_size = 1", "pictures on disk"),
    ],
    "kdxf_runtime/service/pool.py": [
        ("if self.waiting + len(jobs) > self._places or", "if self.waiting >= self._places or", "more wait than may"),
        ("/ len(self._groups) if taken", "if taken", "the wait is that of one worker"),
        ("if not job.future.cancelled()", "", "questions of clients that have gone keep their place"),
        ("            self._groups[index] = None\n", "", "a worker that could not start is never tried again"),
    ],
    "kdxf_runtime/service/gate.py": [
        ("_SANE_ID.fullmatch(given)", "_SANE_ID.match(given)", "any id that begins well"),
        (", self._token) and scheme", ", self._token) or scheme", "any bearer token"),
        (
            "if self._token is None or path in self._open_paths:",
            "if self._token is None:",
            "health checks need the token",
        ),
    ],
    "kdxf_runtime/service/service.py": [
        ('"queue": max(', '"queue": min(', "the shortest wait"),
        ("            answers.cancel()", "            pass", "questions go on after the time is up"),
        (
            "if self.is_ending:\n            raise ending()",
            "if False:\n            raise ending()",
            "new requests while it ends",
        ),
    ],
    "kdxf_runtime/service/failures.py": [
        ("while left > 0 and", "while", "an endless request is drained for seconds"),
    ],
    "kdxf_runtime/service/protocol.py": [
        (
            "call_later(seconds, self._end)",
            "call_later(60 * seconds, self._end)",
            "headers may take a minute for a second",
        ),
    ],
    "kdxf_runtime/service/answering.py": [
        (
            "self._routed if prediction.text in (READ, NOT_READ) else self._accepted",
            "self._accepted",
            "one threshold for both systems",
        ),
        ("with_text=question.with_text)\n        seconds", "with_text=True)\n        seconds", "text=0 reads the text"),
    ],
    "kdxf/models/losses/label_smooth_focal_loss.py": [
        (".clamp_min(torch.finfo(log_p.dtype).tiny)", "", "slope of the power infinite at p = 1"),
        ("1 / target.size(-1)", "1 / (target.size(-1) - 1)", "smoothing over the other classes only"),
        (" if self.alpha is None else (every * self.alpha).mean(dim=-1)", "", "smoothed part without class weights"),
        ("(target >= num_classes)).any()", "(target > num_classes)).any()", "a label equal to the number of classes"),
        ("cls_score.float()", "cls_score", "softmax in half precision"),
    ],
    "kdxf/models/heads/arcface_cls_head.py": [
        ("margins * target)", "self.margins * target)", "margin_factor forgotten for soft targets"),
        ("cosine > -margin.cos()", "cosine > margin.cos()", "wrong end of the range of angles"),
        (".clamp_min(_LEAST_SQUARED_SINE)", "", "gradient infinite at 0 degrees"),
        ("avg_factor=len(logits)", "avg_factor=self.num_classes", "loss divided by the wrong number"),
    ],
    "kdxf/models/heads/hierarchical_cls_head.py": [
        ('self.loss_factors[name] * value if "loss" in key else value', "value", "factor of a level forgotten"),
        ("of_level.log_softmax(dim=1)", "of_level.log_softmax(dim=0)", "softmax over the batch"),
        ("scores.mean(dim=0)", "scores.amax(dim=0)", "views merged by their maximum"),
    ],
    "kdxf/models/heads/mixture_of_experts.py": [
        ("gates[:, :-1] * expert_logits", "gates[:, 1:] * expert_logits", "the first gate taken for the dummy"),
        ("torch.softmax(scores, dim=1,", "torch.softmax(scores, dim=-1,", "softmax over the classes"),
        ("nn.init.normal_(layer.weight, std=0.01)", "pass", "default initialization"),
    ],
    "kdxf/models/heads/moe_cls_head.py": [
        ("gates[:, -1].detach()", "gates[:, 0].detach()", "another gate reported"),
        ("if count < 1:", "if count < 0:", "zero experts allowed"),
    ],
    "kdxf/models/heads/predicted_classes.py": [
        ("score >= head.thr", "score > head.thr", "threshold at equality"),
        ("if head.thr is None", "if head.thr is not None", "topk and threshold swapped"),
    ],
    "kdxf/models/fusion/concat_fusion.py": [
        ("torch.cat(features, dim=1)", "torch.cat(features[::-1], dim=1)", "order of the parts"),
    ],
    "kdxf/models/fusion/gated_fusion.py": [
        ("(others, torch.zeros_like(others[:, :1]))", "(torch.zeros_like(others[:, :1]), others)", "gates swapped"),
    ],
    "kdxf/models/fusion/cross_attention_fusion.py": [
        ("(self.text_norm(words) * shares).sum(dim=1)", "self.text_norm(words).mean(dim=1)", "padding counts"),
        ("(weight <= 0).all(dim=1", "(weight <= 0).any(dim=1", "padding taken for no text"),
        ("key_padding_mask=word_bias, ", "", "attention to padding"),
        ("(width, height), self.embed_dims", "(height, width), self.embed_dims", "positions transposed"),
    ],
    "kdxf/models/text_encoders/document_norm.py": [
        ("document.detach()[has_text]", "document.detach()", "documents without text in the statistics"),
        (".clamp(max=self.horizon)", "", "statistics that never forget"),
        ("len(document) < 2", "len(document) < 1", "variance of one document"),
        ("if self.training:", "if True:", "statistics updated in prediction"),
    ],
    "kdxf/models/text_encoders/ngram_encoder.py": [
        (">= buckets:", "> buckets:", "id equal to the number of buckets"),
        ("(ngram_weight > 0).any(dim=1", "(ngram_weight > 0).all(dim=1", "padding taken for no text"),
    ],
    "kdxf/models/text_encoders/joined_text_encoder.py": [
        ("(named[key] for key in part.input_keys)", "inputs", "every encoder gets all inputs"),
    ],
    "kdxf/models/text_encoders/word2vec_encoder.py": [
        (".clamp(max=1)", "", "area of overlapping boxes above 1"),
        ("keepdim=True).clamp_min(tiny)", "keepdim=True)", "division by zero without text"),
        (".clamp_min(1), weight.amax", ", weight.amax", "mean of no words"),
    ],
    "kdxf/models/text_encoders/transformer_text_encoder.py": [
        ("mask.sum(dim=1) - 1]", "mask.sum(dim=1) - 2]", "off by one in the last token"),
        ("            part.eval()", "            pass", "dropout in frozen layers"),
        ("share.new_tensor([1.0, 0.0])", "share.new_tensor([0.0, 0.0])", "shares of no text sum to 0"),
        ("text_ids.size(1) > self.max_positions", "text_ids.size(1) >= self.max_positions", "full length refused"),
    ],
    "kdxf/models/layer_depth.py": [
        ("count = len(stages) + 2", "count = len(stages) + 1", "off by one in the depths"),
    ],
    "kdxf/models/batch_augments/mixing.py": [
        ("pair = pair * shares.unsqueeze(-1)", "pass", "mixed texts count fully"),
        ("torch.stack((own, other), dim=1)", "torch.stack((other, own), dim=1)", "shares swapped"),
    ],
    "kdxf/models/tta/batched_score_tta.py": [
        ("predictions[index::num_samples]", "predictions[index : index + num_samples]", "views of other images"),
        ("head.merge_views(merged, data_samples)", "pass", "levels of one view"),
    ],
    "kdxf/models/classifiers/image_text_classifier.py": [
        ("torch.autocast(device, enabled=False)", "torch.autocast(device, enabled=True)", "head in half precision"),
        (".contiguous(memory_format=torch.channels_last)", "", "channels_last forgotten for images"),
    ],
    "kdxf/analysis/explain/shortcuts.py": [
        ("max(1, 2 * marks)", "1", "significance not divided by the words tried"),
    ],
    "kdxf/analysis/report/evidence.py": [
        ("same.all(axis=1)", "same.any(axis=1)", "right with one of the classes"),
    ],
    "kdxf/analysis/report/fiftyone_dataset.py": [
        (
            "np.clip(record.boxes / np.array([record.width, record.height]), 0, 1)",
            "record.boxes / np.array([record.width, record.height])",
            "boxes beyond the picture",
        ),
    ],
    "kdxf/analysis/runs/comparison.py": [
        ("other if gain > 0 else one", "one if gain > 0 else other", "the loser named"),
    ],
    "kdxf/evaluation/class_scores.py": [
        ("csr_matrix(has & ~gives", "csr_matrix(has", "found classes counted as missed"),
    ],
    "kdxf/evaluation/calibration/reliability.py": [
        ('side="left"', 'side="right"', "confidence on the edge of a bin"),
        ("accuracy * (1 - accuracy) / (count - 1)", "0", "the bias of few images left in"),
    ],
    "kdxf_runtime/trust/temperature.py": [
        ("log_scores(scores) / temperatures", "log_scores(scores) * temperatures", "temperature the wrong way round"),
    ],
    "kdxf/evaluation/calibration/temperature.py": [
        ("fit(scores[~held], labels[~held])", "fit(scores, labels)", "scores judged on what fitted them"),
    ],
    "kdxf_runtime/trust/selective.py": [
        ("confidence >= threshold", "confidence > threshold", "images at the threshold refused"),
    ],
    "kdxf_runtime/io/shard_members.py": [
        ("known is None or known[0] != stamp", "known is None", "places of a shard that was replaced"),
        ("self._hashes[row] != key", "False", "another member in place of a missing one"),
        ("[row, 1])", "[row, 0])", "the offset taken for the length"),
        ("_last[0][0] != os.getpid() or ", "", "a fork moves the position in its parent's shard"),
        (
            "        if is_compressed(shard):\n            raise",
            "        if False:\n            raise",
            "compressed shards accepted",
        ),
    ],
    "kdxf_runtime/io/addresses.py": [
        (' and not any(map(is_hidden, name.split("/")))', "", "hidden pictures listed"),
    ],
    "kdxf_runtime/io/part_files.py": [
        ("max(taken, default=-1) + 1", "len(taken)", "a part overwritten after a gap"),
        ("fcntl.LOCK_EX | fcntl.LOCK_NB", "fcntl.LOCK_SH | fcntl.LOCK_NB", "two jobs on one folder"),
    ],
    "kdxf_runtime/prediction_parts.py": [
        ('if found["bundle"] != wanted.bundle:', "if False:", "predictions of two bundles mixed"),
        ("if found[name] != getattr(wanted, name):", "if False:", "predictions of two settings mixed"),
        ("os.path.abspath(path)", "path", "a key that depends on the folder"),
        ("reversed(np.flatnonzero(rows < 0).tolist())", "np.flatnonzero(rows < 0).tolist()", "the last of equal keys"),
    ],
    "kdxf_runtime/parts_job.py": [
        ("columns.topk > 1 or", "False or", "scores of further classes forgotten"),
        ("replace(label, image_id=image.image_id)", "label", "paths in place of names"),
    ],
    "kdxf_runtime/sources.py": [
        ("os.path.dirname(source), read_list(path)", "'', read_list(path)", "lists relative to the working folder"),
    ],
    "kdxf_runtime/ray_group.py": [
        ("max(_IMAGES_PER_TASK, len(keys) // _MOST_TASKS)", "_IMAGES_PER_TASK", "too many tasks to hold"),
    ],
    "kdxf/evaluation/metrics/accuracy.py": [
        ("min(max(self.topk), len(scores))", "max(self.topk)", "topk above K"),
    ],
    "kdxf/evaluation/metrics/calibration_error.py": [
        ("max(scores[true], _SMALLEST)", "scores[true]", "logarithm of 0"),
    ],
    "kdxf/evaluation/metrics/global_average_precision.py": [
        ("right.sum() / labelled.sum()", "right.sum() / len(labelled)", "images without a class counted"),
    ],
    "kdxf/evaluation/metrics/grouped_accuracy.py": [
        ("(1 - accuracy) / count)", "(1 - accuracy) / len(true))", "standard error of all images"),
    ],
    "kdxf/evaluation/metrics/hierarchical_accuracy.py": [
        ("(branch >= 0).all()", "(branch >= 0).any()", "samples without the label counted"),
        ("(branch != implied)", "(branch != level.parents[true])", "disagreement with the truth"),
    ],
    "kdxf/evaluation/metrics/mean_class_accuracy.py": [
        (", labels=np.unique(true)", "", "classes that no image has are counted"),
    ],
    "kdxf/evaluation/metrics/ranking_metrics.py": [
        ("np.maximum.accumulate(precision[:-1])", "precision[:-1]", "no envelope"),
        ("None if belongs.all() or not belongs.any()", "None if not belongs.any()", "AUC without negatives"),
    ],
    "kdxf/evaluation/scoring.py": [
        ("**numbers.sem()", "**numbers.std()", "standard deviation for its error"),
    ],
    "kdxf/datasets/soft_labels.py": [
        ("self.scores >= 0.5 if", "self.scores > 0.5 if", "threshold at equality"),
        ("else abs(excess)) >", "else excess) >", "sums below 1 allowed"),
        (", np.isin(np.arange(len(predictions)), rows))", ")", "images that are not trained on refused"),
    ],
    "kdxf/datasets/sample_rows.py": [
        ("self.ocr_rows[index] >= 0", "self.ocr_rows[index] > 0", "first row of the table lost"),
        ("self.soft_labels.take(rows)", "self.soft_labels", "soft labels of other rows"),
    ],
    "kdxf/datasets/collate.py": [
        ("int(used.max()) + 1", "int(used.max())", "last word cut off"),
    ],
    "kdxf/datasets/labels.py": [
        ("(weights >= 0)", "(weights > 0)", "weight 0 refused"),
    ],
    "kdxf/datasets/ocr_text_dataset.py": [
        ("np.arange(picked) * count // picked", "np.arange(picked)", "the first classes instead of all"),
        ('if "weight" in frame', 'if "weights" in frame', "column of weights ignored"),
    ],
    "kdxf_runtime/steps/images.py": [
        ("np.floor(low)", "np.ceil(low)", "left end of a fractional box cut"),
        ("np.ceil(high) - window", "np.floor(high) - window", "right end of a fractional box cut"),
        ("np.ceil(np.multiply(", "np.floor(np.multiply(", "widened crop short of a pixel"),
        ("left, top = (self.scale[0] - size[0])", "left, top = (self.scale[1] - size[0])", "height for width"),
    ],
    "kdxf_runtime/explain.py": [
        ("both[answered] - score", "score", "what is left instead of what falls"),
        ("found[0] - found[1:]", "both[answered] - found[1:]", "the smaller picture compared with the whole one"),
        ("np.delete(record.boxes, line, axis=0)", "record.boxes[1:]", "the box of another line taken away"),
        ("islice(pictures, _BATCH - 1)", "islice(pictures, _BATCH)", "batches of one more"),
        ("(total - _sum(region)) / max(rest, 1)", "total / (height * width)", "the mean colour of all"),
        ("key=lambda line: -len(record.texts[line])", "key=lambda line: len(record.texts[line])", "the shortest lines"),
    ],
    "kdxf_runtime/steps/line_boxes.py": [
        ("> boxes[:, :2]).all(axis=1)", "> boxes[:, :2]).any(axis=1)", "boxes without an area kept"),
        (".clip(0, [width, height, width, height])", "", "boxes beyond the image"),
    ],
    "kdxf/datasets/transforms/dropping.py": [
        ("draw < self.image_prob + self.text_prob:", "draw < self.text_prob:", "probability of dropping text"),
        ("if has_text(results) or has_table(results) else results", "", "nothing left"),
    ],
    "kdxf/datasets/transforms/lines.py": [
        ("self.prob * scores + self.unsure_prob", "self.unsure_prob * scores + self.prob", "probabilities swapped"),
        ("cut_quad(quad, 1 - len(after)", "cut_quad(quad, len(after)", "place of the second half"),
    ],
    "kdxf_runtime/table_columns.py": [
        ("self._places.get(text, len(self.values))", "self._places.get(text, 0)", "unknown value is the first one"),
        ("day.weekday() / 7", "day.weekday() / 5", "weeks of five days"),
    ],
    "kdxf/data/table/leaks.py": [
        ("folds != fold, folds == fold", "folds >= 0, folds == fold", "leaks are not cross-fitted"),
    ],
    "kdxf_runtime/steps/ngrams.py": [
        ("if stop <= self.max_ngrams", "if stop < self.max_ngrams", "last place never used"),
        ("score / math.sqrt(len(buckets))", "score / len(found)", "weight of a word"),
    ],
    "kdxf_runtime/steps/text.py": [
        ("if score >= self.min_score", "if score > self.min_score", "threshold at equality"),
        (".clip(0, 1)", "", "boxes beyond the picture"),
    ],
    "kdxf/datasets/transforms/packing.py": [
        ("permute(2, 0, 1)", "permute(2, 1, 0)", "image transposed"),
    ],
    "kdxf/engine/hooks/swa_hook.py": [
        ("runner.epoch + 1 >= self.begin_epoch", "runner.epoch >= self.begin_epoch", "off by one epoch"),
    ],
    "kdxf/engine/norm_statistics.py": [
        ("loader.sampler.set_epoch(epoch)", "pass", "batches differ after resuming"),
        ("layer.momentum = size / seen", "layer.momentum = 1 / seen", "batches weighted alike"),
    ],
    "kdxf/engine/split_step.py": [
        ("loss * share", "loss", "each part counts like a whole batch"),
        ("            _restore(samples, targets)\n", "", "mixed targets mixed again"),
        ("wrapper._inner_count -= 1", "pass", "parts counted as batches"),
    ],
    "kdxf/apis/soup.py": [
        ("if not pot.better(best, score)", "if pot.better(best, score)", "what makes the mean worse is taken"),
        ("if len(places) > 1 and self._norms", "if False", "batch norms keep averaged statistics"),
    ],
    "kdxf/models/distillation/distillation.py": [
        ("self.temperature**2 *", "", "gradients shrink with the temperature"),
        ("return self\n", "import copy\n\n        return copy.copy(self)\n", "an average copies the teachers"),
    ],
    "kdxf/engine/hooks/early_stopping_hook.py": [
        ("step >= self.min_epochs", "step > self.min_epochs", "stops one epoch late"),
    ],
    "kdxf/engine/hooks/top_checkpoints_hook.py": [
        ("self._sign * score <= min(", "self._sign * score <= max(", "only new records kept"),
        ("key=lambda item: -self._sign", "key=lambda item: self._sign", "the worst ones kept"),
    ],
    "kdxf/engine/hooks/class_weights_hook.py": [
        ("raw / raw.mean()", "raw / raw.sum()", "weights with another mean"),
        ("[np.asarray(dataset.repeat_indices, dtype=np.int64)]", "", "repeats not counted"),
    ],
    "kdxf/engine/hooks/freeze_hook.py": [
        ("step < self.end)", "step <= self.end)", "frozen one step too long"),
        ("requires_grad_(holds == 0)", "requires_grad_(True)", "freed while another hook holds it"),
        ("parameter.grad = None", "pass", "old gradients stepped on"),
    ],
    "kdxf/engine/hooks/margin_schedule_hook.py": [
        (" + batch_idx / len(runner.train_dataloader)", "", "margin rises in steps of an epoch"),
    ],
    "kdxf/engine/hooks/gradient_centralization_hook.py": [
        ("gc_conv_only=self.conv_only", "gc_conv_only=False", "option ignored"),
        ("register_step_pre_hook", "register_step_post_hook", "gradient centred after the step"),
    ],
    "kdxf/engine/hooks/iteration_seed_hook.py": [
        ("runner.iter + 1, _LOAD", "runner.iter, _LOAD", "seed of the last load"),
    ],
    "kdxf/engine/hooks/budget_hook.py": [
        ("steps >= self.steps", "steps > self.steps", "one step too many"),
    ],
    "kdxf/engine/hooks/unreadable_image_hook.py": [
        ("if image not in self._reasons:", "if True:", "repeated warnings"),
    ],
    "kdxf/engine/checkpoint.py": [
        ("weights_only=not _trusted.get()", "weights_only=False", "untrusted code runs"),
        ('checkpoint["meta"].pop("config", None)', "pass", "text kept that mmengine would run"),
        ("_trusted.set(trust or _trusted.get())", "_trusted.set(trust)", "trust of the outer block lost"),
    ],
    "kdxf/engine/fit_weights.py": [
        ("or (times == 1 and old != new)", "or times == 1", "a hidden layer taken for the classifier"),
        ("places[name], index) for", "index, places[name]) for", "old and new rows swapped"),
    ],
    "kdxf/engine/publish.py": [
        ("{key[7:]: raw[key]", "{key: raw[key]", "averaged weights under other names"),
    ],
    "kdxf/engine/optimizers/one_cycle_lr.py": [
        ('group["lr"] / rate if rate else 1.0', "1.0", "rates of single layers lost"),
    ],
    "kdxf/inference/model.py": [
        ("return model.eval(), content", "return model, content", "prediction in training mode"),
        ('key.removeprefix("module."): value', "key: value", "prefix of a wrapped model"),
    ],
    "kdxf/engine/config.py": [
        ('False if k == "pretrained" and v is True else', "", "published weights asked for"),
    ],
    "kdxf/text/ocr/mapped_table.py": [
        (">= LARGE", ">= 0", "small tables are unpacked"),
        (".as_py() == len(images)", ".as_py() <= len(images)", "the first of several rows counts"),
    ],
    "kdxf/text/ocr/table.py": [
        ('starts, row, side="right"', 'starts, row, side="left"', "first row of a later batch"),
        (" if name is not None)", ")", "rows without an engine"),
        ('starts, wanted, side="right"', 'starts, wanted, side="left"', "first row left out of the digest"),
        ("take(pa.array(np.argsort(order)))", "take(pa.array(order))", "rows of the digest in another order"),
        ("np.arange(len(self))[::-1]", "np.arange(len(self))", "the first of several rows counts"),
    ],
    "kdxf_runtime/ocr/tiling.py": [
        ("set(matches) - {largest}", "set()", "fragments of a joined line stay"),
        ("dtype=np.float32)[axis]", "dtype=np.float32)[1 - axis]", "boxes moved along the wrong axis"),
        ("size = math.ceil((length + (count - 1)", "size = math.floor((length + (count - 1)", "tiles short of a pixel"),
        ("(start, seen), axis)", "(0, seen), axis)", "strip that both tiles show"),
    ],
    "kdxf_runtime/ocr/base.py": [
        ("if line.score >= self.min_score", "if line.score > self.min_score", "threshold at equality"),
        ("(best + _FEW)", "best", "a speck of texture is sure"),
        ("(tall if _is_tall(line.box) else 1.0)", "1.0", "tall lines count fully"),
        ("min(max(1.0, self.min_side / short), self.max_side / long)", "max(1.0, self.min_side / short)", "no limit"),
    ],
    "kdxf_runtime/ocr/quarter_turns.py": [
        ("90: (height - y, x)", "90: (y, height - x)", "boxes turned the other way"),
    ],
    "kdxf/text/ocr/changes.py": [
        ("most is not None and len(doubtful) > most", "False", "a warning reads every picture"),
        ("if time == 0 or (size, time) ==", "if time == 0 or (size, 0) ==", "every picture read for its digest"),
        ("not in (None, digests", "not in (digests", "pictures that are gone have changed"),
    ],
    "kdxf_runtime/ocr/record.py": [
        ("if (stripped := line.strip())", "if (stripped := line)", "blank lines kept"),
    ],
    "kdxf_runtime/tokenizers/base.py": [
        (r'r"\d+,\d\d?"', r'r"\d+,\d+"', "thousands taken for a decimal"),
    ],
    "kdxf_runtime/tokenizers/numbers.py": [
        ("number = _RAISED[tag] + number", "pass", "powers glued to their base"),
        ('return f" {plain} "\n    before', "return plain\n    before", "circled numbers glued to their neighbours"),
    ],
    "kdxf_runtime/tokenizers/cleaning.py": [
        (".translate(_BEFORE_NFKC)", "", "trademark signs become letters"),
    ],
    "kdxf_runtime/tokenizers/jieba_tokenizer.py": [
        ("range(match.start() + 1, match.end())", "range(match.start() + 2, match.end())", "cut after one letter"),
    ],
    "kdxf_runtime/tokenizers/word_tokenizer.py": [
        ("text.casefold()", "text.lower()", "sharp s"),
    ],
    "kdxf/text/vectors/index.py": [
        ("if pair[0] != word][:count]", "][:count]", "a word is its own neighbour"),
        ("np.argsort(-cosines", "np.argsort(cosines", "the farthest first"),
    ],
    "kdxf_runtime/vectors/word_vectors.py": [
        ("found[position] = True", "pass", "composed words count as unknown"),
    ],
    "kdxf_runtime/vectors/subwords.py": [
        ("rows[rows >= 0]", "rows", "unknown characters taken for the last word"),
        ("byte | 0xFFFFFF00 if byte > 127 else byte", "byte", "hash of letters beyond ASCII"),
        ("if length >= shortest and", "if length > shortest and", "shortest n-grams left out"),
    ],
    "kdxf/text/vectors/corpus.py": [
        ('"utf-8-sig" if number == 1 else "utf-8"', '"utf-8"', "byte order mark kept"),
    ],
    "kdxf_runtime/spelling/distance.py": [
        ("if len(word) < 6 else 1", "if len(word) <= 6 else 1", "limit of words of six letters"),
    ],
    "kdxf_runtime/spelling/speller.py": [
        ("<= most:", "< most:", "distance at the limit"),
    ],
    "kdxf/data/folds/assign.py": [
        ("(folds_of_class < number)", "(folds_of_class <= number)", "warning of complete classes"),
        ("groups_of_class[pairs[0]] == 1", "groups_of_class[pairs[0]] == 0", "lone groups validated"),
    ],
    "kdxf/data/folds/dealing.py": [
        ("(lowest, -np.bincount(groups))", "(lowest, np.bincount(groups))", "small groups first"),
        ("in_all[best] -= count * unit", "pass", "ties always to the same part"),
    ],
    "kdxf/data/folds/groups.py": [
        ("np.flatnonzero(key >= 0)", "np.flatnonzero(key > 0)", "first group lost"),
        ("pc.greater_equal(", "pc.greater(", "text of just enough characters"),
    ],
    "kdxf/data/split.py": [
        ('classes["images"] < FEW_IMAGES', 'classes["images"] <= FEW_IMAGES', "warning at equality"),
        ("Fraction(str(fraction))", "fraction", "rounding of 0.29 * 100"),
        ("max(1, _share(len(images), fraction))", "_share(len(images), fraction)", "class without training images"),
    ],
    "kdxf/data/balance.py": [
        ("(ranks < (wanted % sizes)", "(ranks <= (wanted % sizes)", "one image too many"),
        ("in sorted(caps)", "in sorted(caps, reverse=True)", "the smallest cap always counts"),
    ],
    "kdxf/data/sampling.py": [
        ("np.cumsum(sizes) - sizes", "np.cumsum(sizes)", "ranks below 0"),
    ],
    "kdxf/data/duplicates/pairs.py": [
        ("distances <= radius", "distances < radius", "distance at the limit"),
        ("[turned + (k < more)", "[turned", "pairs missed at larger distances"),
        ("scores >= limit", "scores <= limit", "unlike pictures taken for duplicates"),
    ],
    "kdxf/data/duplicates/fingerprint.py": [
        ("_COLUMNS % 2 == 1", "_ROWS % 2 == 1", "mirrored top to bottom"),
        ("spectrum[_ROWS, _COLUMNS]", "spectrum[_COLUMNS, _ROWS]", "frequencies transposed"),
    ],
    "kdxf_runtime/trust/rule.py": [
        ("np.logical_and.accumulate(within)", "within", "a lucky low threshold"),
        ("scores.max(axis=1) >= np", "scores.max(axis=1) > np", "not sure at the threshold"),
    ],
    "kdxf/evaluation/routing/fit.py": [
        ("full[~held], image[~held], labels[~held]", "full, image, labels", "judged on what chose the threshold"),
        ("fit_limit(_own(full, image, by_image))", "fit_limit(full)", "spread of the wrong scores"),
    ],
    "kdxf/recipes/ensembles/times.py": [
        ("self.ocr * self.takes_text[chosen].any()", "self.ocr * self.takes_text[chosen].sum()", "text read for each"),
    ],
    "kdxf/data/duplicates/find.py": [
        ("size = -pixels", "size = pixels", "the smallest copy kept"),
        ("alike >= limit", "alike <= limit", "unlike pictures joined"),
    ],
    "kdxf_runtime/drift/joint_feature.py": [
        ("mean = -features / (count - 1)", "mean = 0 * features", "each is measured by a mean that it is part of"),
        ("_LEAST * variance.mean", "0 * variance.mean", "a channel that hardly varied outweighs all others"),
    ],
    "kdxf/evaluation/drift/response.py": [
        ("unflatten(0, (-1, count))", "unflatten(0, (count, -1))", "views taken for images"),
        ("passed += len(samples)", "passed += 1", "images of later batches under other numbers"),
    ],
    "kdxf_runtime/drift/comparison.py": [
        ("take_fingerprint(rows, before)", "take_fingerprint(rows)", "distances from the new mean"),
    ],
    "kdxf/recipes/ensembles/average.py": [
        ("np.maximum(scores, np.float32(FLOOR))", "scores.copy()", "one model alone rules a class out"),
        ("votes >= _HALF", "votes > 0.5", "half of the votes"),
        ("weight / len(unit.files)", "weight", "groups count by their size"),
        ("edges[:-1] + edges[1:] + 1", "edges[:-1] + edges[1:]", "ranks from 0"),
    ],
    "kdxf/recipes/ensembles/weights.py": [
        ("np.flatnonzero(folds != fold)", "np.flatnonzero(folds == fold)", "judged on what they were found on"),
        ("np.sqrt(size / count)", "np.sqrt(count / size)", "interval scaled the wrong way"),
    ],
    "kdxf/recipes/ensembles/search.py": [
        ("return weights / weights.sum()", "return weights", "weights that do not sum to 1"),
        ("== members else", "> members else", "one member too many"),
        ("if times.of(joined) > limit", "if False", "the limit forgotten"),
    ],
    "kdxf/recipes/submissions/tables.py": [
        ("scores.argmax(axis=1)[rows]", "scores.argmax(axis=1)", "classes of other images"),
        ("scores[:, order] if order", "scores if order", "columns in another order"),
    ],
    "kdxf/recipes/submissions/options.py": [
        ('.with_suffix("").as_posix()', ".stem", "folder lost from the id"),
    ],
    "kdxf/recipes/pseudo_labels.py": [
        ("first >= np.float32(choice.threshold)", "first > np.float32(choice.threshold)", "threshold at equality"),
        ("second >= np.float32(choice.margin)", "second > np.float32(choice.margin)", "margin at equality"),
        ("- starts < choice.per_class", "- starts <= choice.per_class", "one per class too many"),
        ("usable[list(predictions.errors)] = False", "pass", "unreadable images labelled"),
    ],
    "kdxf/data/review/queue.py": [
        ("margins(scores) if", "-margins(scores) if", "the surest first"),
        ("start = (part - 1) * limit", "start = part * limit", "first part left out"),
        ("readable[list(predictions.errors)] = False", "pass", "unreadable images by their score"),
    ],
    "kdxf/data/review/label_studio.py": [
        ('if not item.get("was_cancelled")', "", "skipped tasks decided"),
    ],
    "kdxf/recipes/soft_labels.py": [
        ("mean.seen is None or mean.seen.any()", "mean.seen is not None and mean.seen.any()", "warning left out"),
    ],
    "kdxf/io/targets.py": [
        ("np.flatnonzero(labels >= 0)", "np.flatnonzero(labels > 0)", "first class not mixed"),
        ("return (1 - part) * scores + part * labels", "return part * scores + (1 - part) * labels", "shares swapped"),
    ],
    "kdxf/recipes/folds/plan.py": [
        ('"--amp": amp', '"--amp": False', "changed precision not noticed"),
        ('"--seed": seed', '"--seed": None', "changed seed not noticed"),
    ],
    "kdxf/io/provenance.py": [
        ("predictions.seen & rows", "predictions.seen | rows", "images that are not asked for refused"),
        ('any(source.mean == "rank"', 'all(source.mean == "rank"', "one mean of ranks among others"),
        ('logger="current",\n            level=logging.WARNING', "logger=None", "warning left out of the log"),
    ],
    "kdxf/io/predictions.py": [
        ("errors={new: self.errors[old]", "errors={old: self.errors[old]", "errors of other images"),
        ("mask=labels < 0", "mask=labels <= 0", "label 0 lost"),
        ("None if seen.null_count else", "None if not seen.null_count else", "what is known swapped"),
    ],
    "kdxf_runtime/bundle.py": [
        ("path.is_symlink() or not path.is_file()", "not path.is_file()", "links out of the bundle followed"),
        ('or file_digest(path) != facts.get("sha256")', "", "changed files of the same size taken"),
        ("min(path.stat().st_size, _LARGEST)", "_LARGEST", "archives that overlap themselves unpacked"),
        ("with contextlib.suppress(UserError):", "if True:", "what was damaged in the cache kept"),
    ],
    "kdxf_runtime/pipeline.py": [
        ("view = dict(results)", "view = results", "views that change each other"),
    ],
    "kdxf_runtime/runner.py": [
        ("spared &= np.array([error is None", "spared |= np.array([error is not None", "unreadable pictures answered"),
        ("np.float32(len(ran))", "np.float32(1)", "views added, not averaged"),
        ("if found.tta == tta else None", "", "a calibration of single views for means of views"),
        ("if takes != expected:", "if len(takes) != len(expected):", "inputs of other types not noticed"),
    ],
    "kdxf_runtime/predict.py": [
        ("while position in done:", "if position in done:", "predictions lost that came early"),
    ],
    "kdxf_runtime/workers.py": [
        ("connection.send(_Failed(str(error), True))\n            return", "raise", "one line for the user lost"),
    ],
    "kdxf/export/bundle.py": [
        ("images=np.empty(0, np.int64)", "images=calibration.images", "keys of the user's images given away"),
        ("[None if row in unread else texts[row]", "[texts[row]", "unread texts taken for none"),
        ("else (out / MANIFEST).is_file()", "else True", "a folder that is no bundle replaced"),
    ],
    "kdxf/export/check.py": [
        ("or not agreement.largest <= most", "or agreement.largest > most", "scores that are no numbers taken"),
    ],
    "kdxf/export/steps.py": [
        ("if path not in taken", "", "a file overwritten by another of its kind"),
    ],
    "kdxf/export/eight_bits.py": [
        ("min(found) for found", "max(found) for found", "other work of the machine timed"),
        ("np.flatnonzero(labels >= 0)", "np.arange(len(labels))", "pictures without a label judged"),
    ],
    "kdxf_runtime/io/digests.py": [
        ("status.st_size, status.st_mtime_ns)", "status.st_size, 0)", "changed file not noticed"),
    ],
    "kdxf_runtime/io/images.py": [
        (
            "width * height > times * MAX_PIXELS",
            "width * height > 2 * times * MAX_PIXELS",
            "pictures of twice the bound",
        ),
        ("max(size) > MAX_RATIO * min(size)", "False", "strips"),
        ("deep and (in_planes or", "deep and (False or", "wrong pixels of planes"),
    ],
    "kdxf_runtime/io/pixels.py": [
        ("min(top + rows, height)", "min(top + rows, height - 1)", "the last row lost"),
    ],
    "kdxf/io/class_tree.py": [
        ("order_ids(column)", "list(dict.fromkeys(column))", "classes of a level in another order"),
    ],
}

# Test files beside the mirrored one, where another file has the tests of a piece of code.
MORE_TESTS: dict[str, tuple[str, ...]] = {
    "kdxf/models/tta/batched_score_tta.py": ("tests/models/heads/test_hierarchical_cls_head.py",),
}


@dataclass(frozen=True)
class Fault:
    """One entry of the table.

    Attributes:
        file: The changed file, from the repository's root.
        old: The text that is replaced; it occurs once in the file.
        new: What replaces it.
        reason: What is wrong then.
    """

    file: str
    old: str
    new: str
    reason: str

    @property
    def tests(self) -> tuple[str, ...]:
        """The test files that should notice the fault: the mirrored one, and what :data:`MORE_TESTS` adds."""
        path = Path(self.file)
        area = ("runtime",) if path.parts[0] == "kdxf_runtime" else ()
        mirror = Path("tests", *area, *path.parts[1:-1], f"test_{path.name}")
        return (mirror.as_posix(), *MORE_TESTS.get(self.file, ()))


def all_faults() -> list[Fault]:
    """Return the entries of the table in its order."""
    return [Fault(file, *entry) for file, entries in FAULTS.items() for entry in entries]


def stale_entries(root: Path = REPO) -> list[str]:
    """Describe the entries that do not fit the code below ``root``; empty where all do."""
    problems = []
    for fault in all_faults():
        path = root / fault.file
        count = path.read_text(encoding="utf-8").count(fault.old) if path.is_file() else None
        if count != 1:
            found = "no such file" if count is None else f"found {count} times, not once"
            problems.append(f"{fault.file}: {fault.old!r} ({fault.reason}): {found}")
        problems += [f"{fault.file}: no test file {test}" for test in fault.tests if not (root / test).is_file()]
    return problems


def copy_tree(target: Path) -> None:
    """Copy the files of the working tree that git knows or does not ignore to ``target``."""
    listing = ["git", "-C", str(REPO), "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(listing, check=True, capture_output=True).stdout.decode().split("\0")
    for name in filter(None, names):
        source = REPO / name
        if source.is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, target / name)


def run_pytest(tree: Path, tests: Sequence[str], log: Path) -> None:
    """Run test files in ``tree`` and end the process with pytest's exit status; what it prints goes to ``log``."""
    with log.open("w") as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
    # Sources are changed and restored within a second: bytecode would be taken for up to date.
    sys.dont_write_bytecode = True
    os.environ.update(PYTHONPATH=str(tree), PYTHONDONTWRITEBYTECODE="1", OMP_NUM_THREADS="1")
    sys.path.insert(0, str(tree))
    os.chdir(tree)

    import pytest
    import torch

    import kdxf

    if not Path(kdxf.__file__).is_relative_to(tree):
        raise RuntimeError(f"kdxf comes from {kdxf.__file__}, not from the copy")
    torch.set_num_threads(1)
    base = tree.parent / f"{tree.name}-files"
    os._exit(pytest.main(["-x", "-q", "-p", "no:cacheprovider", f"--basetemp={base}", *tests]))


class Trees:
    """Copies of the repository, one for each job."""

    def __init__(self, folder: Path, jobs: int, timeout: float) -> None:
        self.timeout = timeout
        self._context = get_context("forkserver")
        self._context.set_forkserver_preload(PRELOADED)
        self._free: queue.Queue[Path] = queue.Queue()
        for job in range(jobs):
            copy_tree(folder / str(job))
            self._free.put(folder / str(job))

    def status(self, tests: Sequence[str], fault: Fault | None = None) -> tuple[int | None, str]:
        """Return pytest's exit status, None after the time limit, and its last lines, with ``fault`` planted."""
        tree = self._free.get()
        path = None if fault is None else tree / fault.file
        text = "" if path is None else path.read_text(encoding="utf-8")
        log = tree.parent / f"{tree.name}.log"
        try:
            if path is not None and fault is not None:
                path.write_text(text.replace(fault.old, fault.new), encoding="utf-8")
            process = self._context.Process(target=run_pytest, args=(tree, tests, log))
            process.start()
            process.join(self.timeout)
            if process.is_alive():
                process.kill()
                process.join()
                return None, ""
            return process.exitcode, "".join(log.read_text(errors="replace").splitlines(keepends=True)[-12:])
        finally:
            if path is not None:
                path.write_text(text, encoding="utf-8")
            self._free.put(tree)


def results(faults: Sequence[Fault], jobs: int, timeout: float) -> Iterator[tuple[Fault, str, str]]:
    """Yield each fault with ``caught``, ``survived`` or ``broken``, and the last lines of pytest."""
    groups: dict[tuple[str, ...], list[Fault]] = {}
    for fault in faults:
        groups.setdefault(fault.tests, []).append(fault)
    with tempfile.TemporaryDirectory(prefix="kdxf-mutation-") as folder, ThreadPoolExecutor(jobs) as pool:
        trees = Trees(Path(folder), jobs, timeout)

        def judge(group: list[Fault]) -> list[tuple[Fault, str, str]]:
            code, tail = trees.status(group[0].tests)
            if code != 0:
                return [(fault, "broken", f"without any fault:\n{tail}") for fault in group]
            judged = []
            for fault in group:
                code, tail = trees.status(fault.tests, fault)
                judged.append((fault, {0: "survived", 1: "caught"}.get(-1 if code is None else code, "broken"), tail))
            return judged

        for group in pool.map(judge, groups.values()):
            yield from group


def main() -> int:
    """Plant the chosen faults and print the table and the score."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--only", default="", help="faults whose file, text or reason contains this")
    parser.add_argument("--jobs", type=int, default=1, help="runs at a time (default: 1)")
    parser.add_argument("--timeout", type=float, default=600, help="seconds for the test files of a fault")
    arguments = parser.parse_args()
    if stale := stale_entries():
        print("stale entries; correct the table:", *stale, sep="\n")
        return 2
    chosen = [fault for fault in all_faults() if arguments.only in f"{fault.file} {fault.old} {fault.reason}"]
    started, count = time.monotonic(), Counter[str]()
    for fault, result, tail in results(chosen, arguments.jobs, arguments.timeout):
        count[result] += 1
        print(f"{result:9} {fault.file}: {fault.reason}", flush=True)
        if result == "broken":
            print(tail)
    judged = count["caught"] + count["survived"]
    score = count["caught"] / judged if judged else 0.0
    minutes = (time.monotonic() - started) / 60
    print(f"{count['caught']} of {judged} faults caught: {score:.0%} ({count['broken']} broken, {minutes:.0f} minutes)")
    return int(score < GOAL)


if __name__ == "__main__":
    raise SystemExit(main())
