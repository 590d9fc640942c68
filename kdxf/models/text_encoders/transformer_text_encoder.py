"""Text encoder on a Hugging Face transformer. Shapes: N batch, L tokens, D width, M documents, C channels."""

from collections.abc import Iterator, Mapping
from typing import Any

import torch
from mmengine.model import BaseModule
from torch import Tensor, nn

from kdxf.errors import UserError
from kdxf.models.text_encoders.hugging_face_models import add_lora, build_model, load_weights, merge_lora
from kdxf.registry import MODELS


def different_documents(
    text_ids: Tensor, text_mask: Tensor, text_boxes: Tensor | None = None
) -> tuple[Tensor, Tensor, Tensor | None, Tensor]:
    """List the documents of a mixed batch, each once, so that none is encoded twice.

    A mixed batch holds each of its documents twice: in its own sample, and in the sample that it was mixed into.

    Args:
        text_ids: Token ids of the two documents of each sample (N, 2, L), int64.
        text_mask: Their weights (N, 2, L), each times the document's share; 0 is padding.
        text_boxes: Their boxes (N, 2, L, 4), int64, for models that take them.

    Returns:
        Token ids (M, L), weights (M, L) and boxes (M, L, 4) of the distinct documents, and their indices for each
        sample (N, 2), int64.
    """
    ids, mask = text_ids.flatten(0, 1), text_mask.flatten(0, 1)
    boxes = None if text_boxes is None else text_boxes.flatten(0, 1)
    # The share of the document, by which the weights differ between its two places, does not count.
    weights = mask / mask.amax(dim=1, keepdim=True).clamp_min(torch.finfo(mask.dtype).tiny)
    parts = [torch.where(mask > 0, ids, -1), (weights * 10_000).round().long()]
    parts += [] if boxes is None else [(boxes * (mask > 0).unsqueeze(-1)).flatten(1)]
    documents, which = torch.cat(parts, dim=1).unique(dim=0, return_inverse=True)
    place = torch.arange(len(ids), device=ids.device)
    place = which.new_empty(len(documents)).scatter_(0, which, place)  # one occurrence of each document
    return ids[place], mask[place], None if boxes is None else boxes[place], which.view(text_ids.shape[:2])


def document_shares(text_mask: Tensor) -> Tensor:
    """Return the shares of the two documents of each sample.

    Args:
        text_mask: Their weights (N, 2, L), 0 for padding. That of the heaviest token counts.

    Returns:
        (N, 2); rows sum to 1. A document without text has the share 0; if neither has text, the first has 1.
    """
    share = text_mask.amax(dim=2)
    total = share.sum(dim=1, keepdim=True)
    return torch.where(total > 0, share / total, share.new_tensor([1.0, 0.0]))


POOLINGS = ("cls", "mean", "attention")


@MODELS.register_module()
class TransformerTextEncoder(BaseModule):
    """Encode a document with a transformer such as BERT, RoBERTa, ELECTRA or XLNet.

    ::

        text_encoder=dict(type='TransformerTextEncoder', pretrained='data/pretrained/chinese-roberta-wwm-ext')

    The architecture is that of the folder's config.json, or of ``config``. The weights of ``pretrained`` are read when
    training starts (:meth:`init_weights`); for testing and prediction they come from the checkpoint, and only
    config.json and the tokenizer's files of the folder are needed. Only safetensors and pickles that run no code are
    read.

    A document without text gets a learned vector. In distributed training, models that do not always use all of their
    weights (XLNet) need ``find_unused_parameters=True`` in the config.

    Args:
        pretrained: Folder with config.json and weights, not a name on the Hugging Face hub.
        config: Instead of ``pretrained``, an architecture to train from scratch: a folder with config.json, or a dict
            such as ``dict(model_type='bert', num_hidden_layers=2, ...)``.
        pooling: How token vectors become the document's: ``'cls'`` takes the classification token (the first one, in
            XLNet the last), ``'mean'`` the mean of all by their weights in ``text_mask``, ``'attention'`` the same with
            each weight times the exponential of a learned linear score, which starts as the mean. The weights are all 1
            unless ``TokenizeForTransformer`` has ``score_weights``.
        out_channels: C of a linear projection of the vectors; by default there is none and C is D.
        dropout: Dropout probability of the result.
        frozen_stages: Parts that do not train and stay in evaluation mode: 0 the embeddings, n also the first n layers,
            -1 none.
        gradient_checkpointing: Recompute the layers in the backward pass instead of keeping their activations: a third
            more time, far less memory.
        lora: Options of :func:`~kdxf.models.text_encoders.hugging_face_models.add_lora` (``r``, ``alpha``, ``dropout``,
            ``target_modules``): the transformer's own weights stay as they are and low-rank updates train.
        init_cfg: Initialization, as everywhere in MMEngine.

    Raises:
        UserError: A folder or a package is missing, or the model does not support an option.
        ValueError: Not exactly one of ``pretrained`` and ``config`` is given, or ``pooling`` is unknown.
    """

    input_keys: tuple[str, ...] = ("text_ids", "text_mask")
    """Keys of the batch inputs that :meth:`forward` takes, in order."""
    _prefix = ""  # of the weights' names in the folder

    def __init__(
        self,
        pretrained: str | None = None,
        config: str | Mapping[str, Any] | None = None,
        pooling: str = "cls",
        out_channels: int | None = None,
        dropout: float = 0.0,
        frozen_stages: int = -1,
        gradient_checkpointing: bool = False,
        lora: Mapping[str, Any] | None = None,
        init_cfg: dict | list[dict] | None = None,
    ) -> None:
        super().__init__(init_cfg=init_cfg)
        if pooling not in POOLINGS:
            raise ValueError(f"pooling must be one of {', '.join(POOLINGS)}, got {pooling!r}")
        if (pretrained is None) == (config is None):
            raise ValueError("give either pretrained or config")
        self.pretrained = pretrained
        self.pooling, self.frozen_stages = pooling, frozen_stages
        name = type(self).__name__
        self.option = f"{name}: {'pretrained' if config is None else 'config'}"
        self.model = self._build(str(pretrained) if config is None else config)
        self.model.is_init = True  # otherwise BaseModule.init_weights would initialize its weights again
        self.max_positions = _max_positions(self.model)
        if lora is not None:
            add_lora(self.model, f"{name}: lora", **lora)
        for part in self._frozen_parts():
            part.requires_grad_(False)
        if gradient_checkpointing:
            self._checkpoint_gradients()

        width = self.model.config.hidden_size
        self.out_channels = self.token_channels = width if out_channels is None else out_channels
        self.score = nn.Linear(width, 1, bias=False) if pooling == "attention" else None
        if self.score is not None:
            nn.init.zeros_(self.score.weight)
        self.project = nn.Identity() if out_channels is None else nn.Linear(width, out_channels)
        self.no_text = nn.Parameter(torch.zeros(self.out_channels))
        self.dropout = nn.Dropout(dropout)

    def init_weights(self) -> None:
        """Load the weights of ``pretrained``, then initialize as ``init_cfg`` says.

        Raises:
            UserError: The folder has no weights, or those of another model.
        """
        if self.pretrained is not None and not self.is_init:
            self.load_pretrained(self.pretrained)
        super().init_weights()

    def load_pretrained(self, folder: str) -> None:
        """Load the weights in a folder.

        Raises:
            UserError: It has no weights, or those of another model.
        """
        load_weights(self.model, folder, self.option, self._prefix)

    def train(self, mode: bool = True) -> "TransformerTextEncoder":
        """Switch to training or evaluation; frozen parts stay in evaluation."""
        super().train(mode)
        for part in self._frozen_parts():
            part.eval()
        return self

    def forward(self, text_ids: Tensor, text_mask: Tensor, text_boxes: Tensor | None = None) -> Tensor:
        """Encode a batch of documents, or of pairs of documents from batch augmentations.

        Args:
            text_ids: Token ids (N, L), or (N, 2, L) for pairs, int64.
            text_mask: Weights of the tokens, 0 for padding, of the same shape; in pairs times the document's share.
            text_boxes: Boxes of the tokens (N, L, 4), or (N, 2, L, 4) for pairs, int64; if ``input_keys`` names it.

        Returns:
            Text features (N, C), for a pair the mean of its documents' features weighted by their shares.

        Raises:
            UserError: The documents have more tokens than the model has positions, or are cut by another model's
                tokenizer.
        """
        if text_ids.dim() == 2:
            return self.dropout(self._document_features(text_ids, text_mask, text_boxes))
        ids, mask, boxes, which = different_documents(text_ids, text_mask, text_boxes)
        pairs = self._document_features(ids, mask, boxes)[which]  # (N, 2, C)
        return self.dropout((pairs * document_shares(text_mask).unsqueeze(-1)).sum(dim=1))

    def encode_tokens(
        self, text_ids: Tensor, text_mask: Tensor, text_boxes: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        """Encode the tokens of a batch of documents, for fusions that work on sequences.

        Args:
            text_ids: As of :meth:`forward`.
            text_mask: As of :meth:`forward`.
            text_boxes: As of :meth:`forward`.

        Returns:
            Token features (N, L, C), the learned vector where there is padding, and the share of each token in its
            document (N, L), float32: by the weights, and by the scores of ``pooling='attention'``; 0 for padding. For
            pairs (N, 2 L, C) and (N, 2 L), first the tokens of one document, then those of the other.

        Raises:
            UserError: As of :meth:`forward`.
        """
        if text_ids.dim() == 2:
            tokens, shares = self._token_features(text_ids, text_mask, text_boxes)
            return self.dropout(tokens), shares
        ids, mask, boxes, which = different_documents(text_ids, text_mask, text_boxes)
        tokens, shares = self._token_features(ids, mask, boxes)
        shares = shares[which] * document_shares(text_mask).unsqueeze(-1)
        return self.dropout(tokens[which].flatten(1, 2)), shares.flatten(1, 2)

    def merge_lora(self) -> None:
        """Add LoRA's updates to the weights; the result is a model of the same config without ``lora``."""
        merge_lora(self.model)

    def _build(self, source: str | Mapping[str, Any]) -> Any:
        """Build the transformer of a folder or of settings, with random weights."""
        return build_model(source, self.option)

    def _document_features(self, text_ids: Tensor, text_mask: Tensor, text_boxes: Tensor | None) -> Tensor:
        """Return the feature of each document (N, C) of token ids, weights (N, L) and boxes."""
        has_text, mask = usable_mask(text_mask)
        feature = self.project(self._pool(self._hidden(text_ids, mask, text_boxes), mask, text_mask))
        return torch.where(has_text, feature, self.no_text)

    def _token_features(self, text_ids: Tensor, text_mask: Tensor, text_boxes: Tensor | None) -> tuple[Tensor, Tensor]:
        """Return the features (N, L, C) and the shares (N, L) of the tokens of documents (N, L)."""
        has_text, mask = usable_mask(text_mask)
        hidden = self._hidden(text_ids, mask, text_boxes)
        # Padding counts nothing, but every parameter must have a part in the result: distributed training asks for it.
        tokens = torch.where((mask & has_text).unsqueeze(-1), self.project(hidden), self.no_text)
        return tokens, self._shares(hidden, mask, text_mask) * has_text

    def _hidden(self, text_ids: Tensor, mask: Tensor, text_boxes: Tensor | None) -> Tensor:
        """Return the last hidden states (N, L, D)."""
        self._check_ids(text_ids)
        return self.model(input_ids=text_ids, attention_mask=mask.long()).last_hidden_state

    def _check_ids(self, text_ids: Tensor) -> None:
        if self.max_positions is not None and text_ids.size(1) > self.max_positions:
            raise UserError(
                f"the documents have up to {text_ids.size(1)} tokens, but the text encoder has {self.max_positions} "
                "positions: set max_length of TokenizeForTransformer to that, or less"
            )
        if torch.compiler.is_exporting():  # there are no values
            return
        # Reading the values would wait for a GPU, which reports such an id itself, in other words.
        words = self.model.get_input_embeddings().num_embeddings
        if text_ids.device.type == "cpu" and int(text_ids.max()) >= words:
            raise UserError(
                f"the documents have the token id {int(text_ids.max())}, but the text encoder knows {words} tokens: "
                "give TokenizeForTransformer the tokenizer of the same model"
            )

    def _pool(self, hidden: Tensor, mask: Tensor, text_mask: Tensor) -> Tensor:
        """Pool the hidden states (N, L, D) where ``mask`` (N, L) is true, by the weights (N, L), to (N, D)."""
        if self.pooling == "cls":
            if self.model.config.model_type != "xlnet":
                return hidden[:, 0]
            return hidden[torch.arange(hidden.size(0), device=hidden.device), mask.sum(dim=1) - 1]
        shares = self._shares(hidden, mask, text_mask).to(hidden.dtype)
        return torch.bmm(shares.unsqueeze(1), hidden).squeeze(1)  # (N, 1, L) x (N, L, D)

    def _shares(self, hidden: Tensor, mask: Tensor, text_mask: Tensor) -> Tensor:
        """Return the share of each token in its document (N, L), float32; each document has at least one token."""
        scores = hidden.new_zeros(mask.shape) if self.score is None else self.score(hidden).squeeze(-1)
        # Where there is no text, mask has a token whose weight is 0.
        weights = text_mask.float().masked_fill(text_mask <= 0, 1.0)
        return (scores.float() + weights.log()).masked_fill(~mask, -torch.inf).softmax(dim=1)

    def _frozen_parts(self) -> list[nn.Module]:
        """List the modules that ``frozen_stages`` freezes."""
        if self.frozen_stages < 0:
            return []
        count = self.model.config.num_hidden_layers
        layers = [part for part in self.model.modules() if isinstance(part, nn.ModuleList) and len(part) == count]
        if not layers or self.frozen_stages > count:
            raise UserError(
                f"{type(self).__name__}: frozen_stages is {self.frozen_stages}, but the model has "
                f"{count if layers else 0} layers of their own weights; give at most that, or -1"
            )
        return [*_embeddings(self.model, layers[0]), *layers[0][: self.frozen_stages]]

    def _checkpoint_gradients(self) -> None:
        if not self.model.supports_gradient_checkpointing:
            kind = self.model.config.model_type
            raise UserError(f"{type(self).__name__}: {kind} has no gradient checkpointing; leave it out")
        # Newer transformers renamed the method.
        enable = getattr(self.model, "activation_checkpointing_enable", None)
        (enable or self.model.gradient_checkpointing_enable)({"use_reentrant": False})


def usable_mask(text_mask: Tensor) -> tuple[Tensor, Tensor]:
    """Return which documents have text (N, 1), and a mask (N, L) in which each has at least one token.

    Attention over no token at all is undefined; the result for the one padding token is not used.
    """
    mask = text_mask > 0
    has_text = mask.any(dim=1, keepdim=True)
    return has_text, torch.cat((mask[:, :1] | ~has_text, mask[:, 1:]), dim=1)


def _embeddings(model: nn.Module, layers: nn.ModuleList) -> Iterator[nn.Module]:
    """Yield the children of a model that come before the one with the layers."""
    for child in model.children():
        if any(part is layers for part in child.modules()):
            return
        yield child


def _max_positions(model: nn.Module) -> int | None:
    """Return the number of positions for which a model has embeddings; None if it has none (XLNet)."""
    for name, part in model.named_modules():
        last = name.rpartition(".")[2]  # not x_position_embeddings, which are of boxes
        if last in ("position_embedding", "position_embeddings") and isinstance(part, nn.Embedding):
            # RoBERTa's positions start after that of the padding.
            return part.num_embeddings - (0 if part.padding_idx is None else part.padding_idx + 1)
    return None
