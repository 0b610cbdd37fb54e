"""CLIP: a picture and its caption should have the same vector, and nobody else's.

    logits_ij = e^t cos(f(picture_i), g(caption_j))
    loss      = (cross-entropy of the rows + cross-entropy of the columns) / 2, label of i is i

Trained on pairs alone, it becomes a classifier of anything that can be said: a label's weights are
the vector of its text.

Source: Radford et al. (2021), "Learning transferable visual models from natural language
supervision", figure 3 for the loss, section 2.5 for the temperature, 3.1 for zero-shot.
"""

from __future__ import annotations

import math

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn
from torch.nn import functional as F

from course_utils.core.encoders import ConvEncoder, evaluation_mode, pool_map
from course_utils.selfsup.tokenizer import END, PADDING

FIRST_TEMPERATURE = 0.07
LARGEST_SCALE = 100.0  # of the logits
Pictures = Float[Tensor, "n 3 height width"]
Tokens = Int[Tensor, "n length"]
Logits = Float[Tensor, "pictures texts"]


# --------------------------------------------------------------------------------- loss


def similarity_logits(
    pictures: Float[Tensor, "pictures features"],
    texts: Float[Tensor, "texts features"],
    log_scale: Float[Tensor, ""] | float,
) -> Logits:
    """Returns ``exp(log_scale) cos(picture_i, text_j)``; vectors of any length are normalised.

    Raises:
        ValueError: when the vectors differ in size.
    """
    if pictures.ndim != 2 or texts.ndim != 2 or pictures.shape[1] != texts.shape[1]:
        raise ValueError(
            f"pictures {tuple(pictures.shape)} and texts {tuple(texts.shape)} need equal features"
        )
    cosines = F.normalize(pictures, dim=1) @ F.normalize(texts, dim=1).T
    scale = torch.as_tensor(log_scale, dtype=cosines.dtype, device=cosines.device).exp()
    return scale * cosines


def symmetric_loss(logits: Float[Tensor, "n n"]) -> Float[Tensor, ""]:
    """Returns the mean cross-entropy in nats of finding caption i for picture i, and back.

    Source: Radford et al. (2021), figure 3.

    Raises:
        ValueError: when the matrix is not square: pair i is row i and column i.
    """
    if logits.ndim != 2 or logits.shape[0] != logits.shape[1]:
        raise ValueError(f"n pictures and their n captions make a square, got {logits.shape}")
    labels = torch.arange(len(logits), device=logits.device)
    return (F.cross_entropy(logits, labels) + F.cross_entropy(logits.T, labels)) / 2


def symmetric_loss_with_twins(
    logits: Float[Tensor, "n n"], twins: Bool[Tensor, "n n"]
) -> Float[Tensor, ""]:
    """Returns the symmetric loss where pictures with the same caption share the label.

    ``loss = -mean_i mean_{j in twins of i} log softmax_j(logits_i)``, over rows and columns. In a
    small world a caption often comes twice in one batch, and the plain loss then punishes a
    right answer. Without twins (``twins = identity``) the two agree.

    Source: Yang et al. (2022), "Unified contrastive learning in image-text-label space", eq. 3-5.

    Raises:
        ValueError: when the shapes differ, or somebody is not a twin of itself.
    """
    if logits.shape != twins.shape or not bool(twins.diagonal().all()):
        raise ValueError(f"twins {tuple(twins.shape)} must fit and hold everybody with itself")
    both = twins & twins.T
    share = both / both.sum(dim=1, keepdim=True)
    rows = -(share * logits.log_softmax(dim=1)).sum(dim=1).mean()
    columns = -(share.T * logits.log_softmax(dim=0)).sum(dim=0).mean()
    return (rows + columns) / 2


def same_caption(tokens: Tokens) -> Bool[Tensor, "n n"]:
    """Returns which sentences of a batch are word for word the same."""
    return (tokens[:, None] == tokens[None]).all(dim=2)


# ----------------------------------------------------------------------------- encoders


class PictureEncoder(nn.Module):
    """The course's convolutional encoder; its last map is read cell by cell.

    A mean over cells would forget where things are, and the captions say so.
    """

    def __init__(self, width: int = 16, features: int = 64, cells: int = 4) -> None:
        super().__init__()
        self.encoder, self.cells = ConvEncoder(width), cells
        self.project = nn.Linear(self.encoder.feature_size * cells**2, features)

    def forward(self, images: Pictures) -> Float[Tensor, "n features"]:
        """Returns one vector a picture, not normalised."""
        return self.project(pool_map(self.encoder.maps(images).third, self.cells))


class TextEncoder(nn.Module):
    """A small transformer over words and their places; the sentence is the mean of its words.

    CLIP reads the end token alone, which learns as much but needs far longer to.

    Raises:
        ValueError: when ``width`` is no multiple of ``heads``.
    """

    def __init__(
        self, words: int, length: int = 20, width: int = 64, features: int = 64, heads: int = 4
    ) -> None:
        super().__init__()
        if width % heads:
            raise ValueError(f"width {width} must be a multiple of heads {heads}")
        self.word = nn.Embedding(words, width, padding_idx=PADDING)
        self.place = nn.Parameter(0.3 * torch.randn(length, width))
        self.block = nn.TransformerEncoderLayer(
            width, heads, 2 * width, dropout=0.0, batch_first=True, norm_first=True
        )
        self.normalise = nn.LayerNorm(width)
        self.project = nn.Linear(width, features)

    def forward(self, tokens: Tokens) -> Float[Tensor, "n features"]:
        """Returns one vector a sentence, not normalised.

        Raises:
            ValueError: when a sentence has no end token, or is too long.
        """
        if tokens.shape[1] > len(self.place) or not bool((tokens == END).any(dim=1).all()):
            raise ValueError(f"sentences need an end within {len(self.place)} tokens")
        used = int((tokens != PADDING).sum(dim=1).max())  # the rest would be computed for nothing
        tokens = tokens[:, :used]
        states = self.block(
            self.word(tokens) + self.place[:used], src_key_padding_mask=tokens == PADDING
        )
        there = (tokens != PADDING)[..., None]
        mean = (states * there).sum(dim=1) / there.sum(dim=1)
        return self.project(self.normalise(mean))


class Clip(nn.Module):
    """Both encoders and the learned scale ``e^t`` of the logits, ``t = -log(temperature)``."""

    def __init__(self, pictures: nn.Module, texts: nn.Module) -> None:
        super().__init__()
        self.pictures, self.texts = pictures, texts
        self.log_scale = nn.Parameter(torch.tensor(-math.log(FIRST_TEMPERATURE)))

    def forward(self, images: Pictures, tokens: Tokens) -> Logits:
        """Returns the logits of every picture with every sentence."""
        return similarity_logits(self.pictures(images), self.texts(tokens), self.log_scale)

    @property
    def temperature(self) -> float:
        """The learned temperature, ``e^-t``."""
        return math.exp(-self.log_scale.item())


def limit_scale(log_scale: nn.Parameter) -> None:
    """Keeps ``e^t`` at 100 or less, in place; to be called after each update.

    Without it the loss of separable pairs falls for ever by growing t, and training gets unstable.

    Source: Radford et al. (2021), section 2.5.
    """
    with torch.no_grad():
        log_scale.clamp_(max=math.log(LARGEST_SCALE))


def mirror_and_shift(
    images: Pictures,
    tokens: Tokens,
    mirrored: Int[Tensor, " words"],
    generator: torch.Generator | None = None,
    reach: int = 2,
) -> tuple[Pictures, Tokens]:
    """Returns half of the pictures mirrored, with left and right swapped in their words; all moved.

    Args:
        mirrored: what each token becomes, from ``captions.mirrored_words``. Mirroring the picture
            alone would make its caption wrong.
        reach: the largest shift in pixels; one for the whole batch.

    Raises:
        ValueError: when there is another number of sentences than of pictures.
    """
    if len(images) != len(tokens):
        raise ValueError(f"{len(images)} pictures but {len(tokens)} sentences")
    flip = (torch.rand(len(images), generator=generator) < 0.5).to(images.device)
    images = torch.where(flip[:, None, None, None], images.flip(3), images)
    tokens = torch.where(flip[:, None], mirrored[tokens], tokens)
    down, right = torch.randint(0, 2 * reach + 1, (2,), generator=generator).tolist()
    height, width = images.shape[2:]
    padded = F.pad(images, (reach,) * 4, mode="replicate")
    return padded[:, :, down : down + height, right : right + width], tokens


# -------------------------------------------------------------------- using what it learned


@torch.no_grad()
def picture_vectors(model: Clip, images: Pictures, batch: int = 500) -> Float[Tensor, "n features"]:
    """Returns the normalised vectors of pictures, in evaluation mode."""
    with evaluation_mode(model):
        return torch.cat([F.normalize(model.pictures(x), dim=1) for x in images.split(batch)])


@torch.no_grad()
def text_vectors(model: Clip, tokens: Tokens, batch: int = 1000) -> Float[Tensor, "n features"]:
    """Returns the normalised vectors of sentences, in evaluation mode."""
    with evaluation_mode(model):
        return torch.cat([F.normalize(model.texts(x), dim=1) for x in tokens.split(batch)])


def classifier_from_text(
    model: Clip, prompts: Int[Tensor, "labels templates length"]
) -> Float[Tensor, "labels features"]:
    """Returns one weight vector a label: the mean of its prompts' vectors, normalised again.

    Source: Radford et al. (2021), section 3.1.4: ensembling in the space of embeddings.

    Raises:
        ValueError: when there is no label or no template.
    """
    if prompts.ndim != 3 or 0 in prompts.shape:
        raise ValueError(f"prompts must be (labels, templates, tokens), got {prompts.shape}")
    vectors = text_vectors(model, prompts.flatten(0, 1)).unflatten(0, prompts.shape[:2])
    return F.normalize(vectors.mean(dim=1), dim=1)


def best_matches(
    query: Float[Tensor, " features"], gallery: Float[Tensor, "n features"], count: int
) -> tuple[Int[Tensor, " count"], Float[Tensor, " count"]]:
    """Returns the rows of the gallery nearest to a query, best first, and their cosines.

    Raises:
        ValueError: when the gallery has fewer rows than asked for.
    """
    if not 1 <= count <= len(gallery):
        raise ValueError(f"cannot return {count} of {len(gallery)} pictures")
    cosines, rows = (F.normalize(gallery, dim=1) @ F.normalize(query, dim=0)).topk(count)
    return rows, cosines
