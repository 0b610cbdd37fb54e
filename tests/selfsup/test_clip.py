import inspect
import math

import pytest
import torch

from course_utils.core import steps
from course_utils.selfsup import clip, tokenizer


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def random_vectors(n, m, d=6):
    pictures = torch.randn(n, d, generator=generator(), dtype=torch.float64)
    return pictures, torch.randn(m, d, generator=generator(1), dtype=torch.float64)


# --------------------------------------------------------------------------------- loss


def test_logits_are_scaled_cosines():
    pictures, texts = random_vectors(3, 4)
    logits = clip.similarity_logits(pictures, texts, math.log(20.0))
    for i in range(3):
        for j in range(4):
            inner = sum(float(pictures[i, k] * texts[j, k]) for k in range(6))
            lengths = math.hypot(*pictures[i].tolist()) * math.hypot(*texts[j].tolist())
            assert logits[i, j].item() == pytest.approx(20 * inner / lengths, rel=1e-12)
    longer = clip.similarity_logits(7 * pictures, 0.1 * texts, math.log(20.0))
    assert torch.allclose(logits, longer, rtol=1e-12)


def test_loss_equals_the_loop_over_rows_and_columns():
    logits = 3 * torch.randn(5, 5, generator=generator(), dtype=torch.float64)
    total = 0.0
    for i in range(5):
        row = sum(math.exp(float(logits[i, j])) for j in range(5))
        column = sum(math.exp(float(logits[j, i])) for j in range(5))
        own = float(logits[i, i])
        total += (math.log(row) - own + math.log(column) - own) / (2 * 5)
    assert clip.symmetric_loss(logits).item() == pytest.approx(total, rel=1e-12)
    assert clip.symmetric_loss(logits.T).item() == pytest.approx(total, rel=1e-12)


def test_loss_in_closed_form():
    n, gap = 8, 2.5
    equal = torch.full((n, n), 4.0, dtype=torch.float64)
    assert clip.symmetric_loss(equal).item() == pytest.approx(math.log(n))
    sure = gap * torch.eye(n, dtype=torch.float64)
    expected = math.log(1 + (n - 1) * math.exp(-gap))
    assert clip.symmetric_loss(sure).item() == pytest.approx(expected)


def test_gradient_is_share_minus_truth():
    logits = torch.randn(4, 4, generator=generator(), dtype=torch.float64, requires_grad=True)
    clip.symmetric_loss(logits).backward()
    powers = logits.detach().exp()
    rows, columns = powers / powers.sum(1, keepdim=True), powers / powers.sum(0, keepdim=True)
    expected = (rows + columns - 2 * torch.eye(4, dtype=torch.float64)) / (2 * 4)
    assert torch.allclose(logits.grad, expected, rtol=1e-10)


def test_gradients_reach_both_sides_and_the_temperature():
    pictures, texts = (x.requires_grad_() for x in random_vectors(4, 4))
    log_scale = torch.tensor(1.3, dtype=torch.float64, requires_grad=True)

    def loss(*inputs):
        return clip.symmetric_loss(clip.similarity_logits(*inputs))

    assert torch.autograd.gradcheck(loss, (pictures, texts, log_scale))


def test_without_twins_both_losses_agree():
    logits = torch.randn(6, 6, generator=generator(), dtype=torch.float64)
    alone = torch.eye(6, dtype=torch.bool)
    assert torch.allclose(
        clip.symmetric_loss_with_twins(logits, alone), clip.symmetric_loss(logits), rtol=1e-12
    )


def test_twins_share_the_label():
    twins = torch.eye(3, dtype=torch.bool)
    twins[0, 1] = twins[1, 0] = True
    logits = torch.randn(3, 3, generator=generator(), dtype=torch.float64)
    total = 0.0
    for table in (logits, logits.T):
        for i, own in enumerate(([0, 1], [0, 1], [2])):
            everybody = math.log(sum(math.exp(float(table[i, j])) for j in range(3)))
            surprise = [everybody - float(table[i, j]) for j in own]
            total += sum(surprise) / len(surprise) / 6
    loss = clip.symmetric_loss_with_twins(logits, twins)
    assert loss.item() == pytest.approx(total, rel=1e-12)
    # a model that gives both twins the same, high logit is right, and only the new loss says so
    sure = 50.0 * twins
    assert clip.symmetric_loss_with_twins(sure, twins) == pytest.approx(2 * math.log(2) / 3)
    plain = clip.symmetric_loss_with_twins(sure, torch.eye(3, dtype=torch.bool))
    assert plain == pytest.approx(2 * math.log(2) / 3)
    better = sure.clone()
    better[0, 1] = better[1, 0] = 0.0  # tears the twins apart
    assert clip.symmetric_loss(better) < clip.symmetric_loss(sure)
    assert clip.symmetric_loss_with_twins(better, twins) > 10


def test_same_caption_is_word_for_word():
    words = tokenizer.vocabulary_of(["a red car on the left right"])
    tokens = tokenizer.tokenise(["a red car", "a car", "a red car"], words)
    expected = [[True, False, True], [False, True, False], [True, False, True]]
    assert clip.same_caption(tokens).tolist() == expected


def test_losses_refuse_bad_input():
    with pytest.raises(ValueError, match="square"):
        inspect.unwrap(clip.symmetric_loss)(torch.zeros(3, 4))
    with pytest.raises(ValueError, match="equal features"):
        inspect.unwrap(clip.similarity_logits)(torch.ones(2, 3), torch.ones(2, 4), 0.0)
    with pytest.raises(ValueError, match="itself"):
        clip.symmetric_loss_with_twins(torch.zeros(2, 2), torch.zeros(2, 2, dtype=torch.bool))


def test_temperature_starts_at_007_and_its_scale_is_limited_to_100():
    model = small_model()
    assert model.temperature == pytest.approx(0.07, rel=1e-6)
    with torch.no_grad():
        model.log_scale.fill_(9.0)
    clip.limit_scale(model.log_scale)
    assert model.log_scale.exp().item() == pytest.approx(100, rel=1e-5)
    with torch.no_grad():
        model.log_scale.fill_(1.0)
    clip.limit_scale(model.log_scale)
    assert model.log_scale.item() == 1.0


# ----------------------------------------------------------------------------- encoders

WORDS = tokenizer.vocabulary_of(["a red blue car duck on the left right of to"])


def small_model():
    return clip.Clip(clip.PictureEncoder(4, 8, 2), clip.TextEncoder(len(WORDS.words), 12, 16, 8, 2))


def test_padding_changes_nothing_and_the_order_of_words_does():
    torch.manual_seed(0)
    encoder = clip.TextEncoder(len(WORDS.words), 12, 16, 8, 2).eval()
    sentence, longer = "a red car to the left of a duck", "a red car"
    short = tokenizer.tokenise([longer], WORDS, 5)
    padded = tokenizer.tokenise([longer, sentence], WORDS, 12)
    assert torch.allclose(encoder(short)[0], encoder(padded)[0], atol=1e-5)
    swapped = tokenizer.tokenise(["a duck to the left of a red car"], WORDS, 12)
    assert (encoder(swapped) - encoder(padded)[1]).norm() > 1e-3
    with pytest.raises(ValueError, match="end within"):
        encoder(torch.full((1, 4), 5))
    with pytest.raises(ValueError, match="multiple"):
        clip.TextEncoder(10, width=30, heads=4)


def test_picture_encoder_sees_where_a_thing_is():
    torch.manual_seed(0)
    encoder = clip.PictureEncoder(4, 8).eval()
    picture = torch.zeros(1, 3, 32, 32)
    picture[..., 8:16, 4:10] = 1
    assert (encoder(picture) - encoder(picture.flip(3))).norm() > 1e-3


def test_label_weights_are_the_mean_of_normalised_prompts():
    torch.manual_seed(0)
    model = small_model()
    prompts = torch.stack(
        [
            tokenizer.tokenise([f"a {colour} car", f"{colour} car on the left"], WORDS, 12)
            for colour in ("red", "blue")
        ]
    )
    weights = clip.classifier_from_text(model, prompts)
    model.eval()
    for label in range(2):
        rows = [model.texts(prompts[label, k][None])[0] for k in range(2)]
        mean = sum(row / row.norm() for row in rows)
        assert torch.allclose(weights[label], mean / mean.norm(), atol=1e-5)
    assert torch.allclose(weights.norm(dim=1), torch.ones(2), atol=1e-5)
    with pytest.raises(ValueError, match="prompts"):
        inspect.unwrap(clip.classifier_from_text)(model, prompts[:, :0])


def test_vectors_in_batches_are_those_of_all_at_once_and_the_mode_stays():
    torch.manual_seed(0)
    model = small_model().train()
    images = torch.rand(5, 3, 16, 16)
    whole, parts = clip.picture_vectors(model, images), clip.picture_vectors(model, images, 2)
    assert torch.allclose(whole, parts, atol=1e-5) and model.pictures.training
    assert torch.allclose(whole.norm(dim=1), torch.ones(5), atol=1e-5)


def test_best_matches_are_the_nearest_by_angle():
    gallery = torch.tensor([[1.0, 0], [0, 5], [3, 3.1], [-1, 0]])
    rows, cosines = clip.best_matches(torch.tensor([2.0, 0]), gallery, 3)
    assert rows.tolist() == [0, 2, 1]
    expected = torch.tensor([1, 3 / math.hypot(3, 3.1), 0])
    assert torch.allclose(cosines, expected, atol=1e-6)
    with pytest.raises(ValueError, match="5 of 4"):
        clip.best_matches(torch.ones(2), gallery, 5)


def test_mirrored_pictures_have_mirrored_words():
    mirrored = tokenizer.mirrored_words(WORDS)
    assert torch.equal(mirrored[mirrored], torch.arange(len(WORDS.words)))
    texts = ["a red car on the left", "a red car on the right"]
    tokens = tokenizer.tokenise(10 * texts, WORDS, 12)
    images = torch.zeros(20, 3, 16, 16)
    images[0::2, :, :, :6] = 1
    images[1::2, :, :, 10:] = 1
    new, words = clip.mirror_and_shift(images, tokens, mirrored, generator())
    on_left = new[:, 0, 8, :8].sum(dim=1) > new[:, 0, 8, 8:].sum(dim=1)
    says_left = (words == WORDS.number("left")).any(dim=1)
    assert torch.equal(on_left, says_left) and new.shape == images.shape
    changed = (words != tokens).any(dim=1).sum()
    assert 3 < changed < 17
    with pytest.raises(ValueError, match="19 sentences"):
        inspect.unwrap(clip.mirror_and_shift)(images, tokens[:19], mirrored)


# ----------------------------------------------------------------------------- training


def test_it_learns_from_pairs_what_words_mean():
    """Squares of three colours at two places; the classifier is made from the sentences."""
    torch.manual_seed(0)
    colours = {"red": (1.0, 0, 0), "blue": (0, 0, 1.0), "green": (0, 1.0, 0)}
    texts = [f"a {colour} thing on the {side}" for colour in colours for side in ("left", "right")]
    words = tokenizer.vocabulary_of(texts)
    dice = generator()

    def picture(sentence):
        _, colour, _, _, _, side = sentence.split()
        image = 0.4 + 0.1 * torch.rand(3, 16, 16, generator=dice)
        column = (2 if side == "left" else 9) + int(torch.randint(0, 3, (1,), generator=dice))
        row = int(torch.randint(2, 10, (1,), generator=dice))
        image[:, row : row + 4, column : column + 4] = torch.tensor(colours[colour])[:, None, None]
        return image

    images = torch.stack([picture(text) for text in 20 * texts])
    tokens = tokenizer.tokenise(20 * texts, words, 8)
    model = clip.Clip(
        clip.PictureEncoder(8, 16, 2), clip.TextEncoder(len(words.words), 8, 32, 16, 2)
    )
    optimiser, schedule = steps.one_cycle([model], 40, rate=5e-3)

    def losses(batch):
        logits, twins = model(*batch), clip.same_caption(batch[1])
        return {"loss": clip.symmetric_loss_with_twins(logits, twins)}

    step = steps.gradient_step(losses, optimiser, schedule)
    for _ in range(40):
        chosen = torch.randperm(120, generator=dice)[:48]
        step((images[chosen], tokens[chosen]))
        clip.limit_scale(model.log_scale)
    weights = clip.classifier_from_text(model, tokenizer.tokenise(texts, words, 8)[:, None])
    new = torch.stack([picture(text) for text in 10 * texts])
    found = (clip.picture_vectors(model, new) @ weights.T).argmax(dim=1)
    right = (found == torch.arange(6).repeat(10)).float().mean()
    print(f"right in {right:.0%} of new pictures (chance 17 %)")
    assert right > 0.8
