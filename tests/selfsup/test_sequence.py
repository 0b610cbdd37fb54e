import math

import pytest
import torch
from torch.nn import functional as F

from course_utils.selfsup import sequence


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def models():
    torch.manual_seed(0)
    return {
        "transformer": sequence.CausalTransformer(11, width=16, heads=2, context=40),
        "wavenet": sequence.WaveNet(11, channels=8, dilations=(1, 2, 4)),
    }


def test_loss_equals_the_loop():
    logits = torch.randn(2, 5, 7, generator=generator(), dtype=torch.float64)
    tokens = torch.randint(0, 7, (2, 5), generator=generator(1))
    total = 0.0
    for n in range(2):
        for t in range(4):
            row = logits[n, t].tolist()
            total -= row[tokens[n, t + 1]] - math.log(sum(math.exp(value) for value in row))
    assert sequence.next_token_loss(logits, tokens).item() == pytest.approx(total / 8)


def test_loss_of_the_undecided_is_log_of_the_vocabulary():
    tokens = torch.randint(0, 7, (2, 5))
    loss = sequence.next_token_loss(torch.zeros(2, 5, 7), tokens)
    assert loss.item() == pytest.approx(math.log(7))
    sure = 50 * F.one_hot(tokens.roll(-1, dims=1), 7).float()
    assert sequence.next_token_loss(sure, tokens).item() == pytest.approx(0, abs=1e-6)
    with pytest.raises(ValueError, match="time >= 2"):
        sequence.next_token_loss(torch.zeros(2, 1, 7), tokens[:, :1])


@pytest.mark.parametrize("name", ["transformer", "wavenet"])
def test_no_model_sees_the_future(name):
    model = models()[name].eval()
    tokens = torch.randint(0, 11, (1, 24), generator=generator())
    before = model(tokens)
    for place in (0, 7, 23):
        changed = tokens.clone()
        changed[0, place] = (changed[0, place] + 1) % 11
        after = model(changed)
        assert torch.allclose(before[:, :place], after[:, :place], atol=1e-6)
        assert not torch.allclose(before[:, place], after[:, place], atol=1e-6)


@pytest.mark.parametrize(("kernel", "dilations"), [(2, (1, 2, 4)), (3, (1, 3)), (2, (5,))])
def test_receptive_field_is_what_perturbation_finds(kernel, dilations):
    torch.manual_seed(1)
    model = sequence.WaveNet(11, 8, dilations, kernel).eval()
    field = sequence.receptive_field(kernel, dilations)
    tokens = torch.randint(0, 11, (1, 30), generator=generator())
    seen = []
    for place in range(30):
        changed = tokens.clone()
        changed[0, place] = (changed[0, place] + 5) % 11
        seen.append(not torch.equal(model(tokens)[0, -1], model(changed)[0, -1]))
    assert seen.index(True) == 30 - field == 30 - model.field


def test_ten_doubling_layers_see_1024_samples():
    assert sequence.receptive_field(2, [2**k for k in range(10)]) == 1024


def test_causal_convolution_equals_the_loop():
    layer = sequence.CausalConvolution(2, 3, 3, dilation=2)
    inputs = torch.randn(1, 2, 9)
    outputs = layer(inputs)
    for t in range(9):
        for o in range(3):
            total = layer.bias[o].item()
            for k in range(3):
                source = t - 2 * (2 - k)
                if source >= 0:
                    total += float(layer.weight[o, :, k].detach() @ inputs[0, :, source])
            assert outputs[0, o, t].item() == pytest.approx(total, abs=1e-5)


def test_mu_law_equals_the_formula_and_is_undone_within_a_level():
    signal = torch.linspace(-1, 1, 2001, dtype=torch.float64)
    tokens = sequence.mu_law_encode(signal)
    for x, token in zip(signal.tolist()[::50], tokens.tolist()[::50], strict=True):
        pressed = math.copysign(math.log(1 + 255 * abs(x)) / math.log(256), x)
        assert token == math.floor((pressed + 1) / 2 * 255 + 0.5)
    assert tokens.min() == 0 and tokens.max() == 255
    error = (sequence.mu_law_decode(tokens) - signal).abs()
    assert error.max() < 0.025 and error[signal.abs() < 0.01].max() < 5e-4


def test_every_level_survives_the_round_trip():
    levels = torch.arange(256)
    assert torch.equal(sequence.mu_law_encode(sequence.mu_law_decode(levels)), levels)
    assert sequence.mu_law_encode(torch.tensor([-3.0, 3.0])).tolist() == [0, 255]


def test_alphabet_round_trip_and_strangers():
    alphabet = sequence.Alphabet("the cat sat on the mat")
    assert alphabet.decode(alphabet.encode("neat chat")) == "neat chat"
    assert len(alphabet) == len(set("the cat sat on the mat"))
    with pytest.raises(ValueError, match="z"):
        alphabet.encode("zoo")
    with pytest.raises(ValueError, match="needs a text"):
        sequence.Alphabet("")


def test_attention_equals_the_loop_over_the_past():
    torch.manual_seed(2)
    block = sequence.CausalBlock(8, 2)
    hidden = torch.randn(1, 5, 8)
    normal = F.layer_norm(hidden, (8,), block.before_attention.weight, block.before_attention.bias)
    queries, keys, values = (
        normal @ block.queries_keys_values.weight.T + block.queries_keys_values.bias
    ).chunk(3, dim=-1)
    mixed = torch.zeros(5, 8)
    for head in range(2):
        part = slice(4 * head, 4 * head + 4)
        for t in range(5):
            scores = keys[0, : t + 1, part] @ queries[0, t, part] / 2.0
            mixed[t, part] = torch.softmax(scores, dim=0) @ values[0, : t + 1, part]
    expected = hidden + block.join(mixed[None])
    expected = expected + block.network(block.before_network(expected))
    assert torch.allclose(block(hidden), expected, atol=1e-5)


def test_a_repeating_text_is_learned_in_seconds_by_both():
    tokens = torch.tensor([0, 1, 2, 3, 4, 2, 1] * 30)
    for name, model in models().items():
        optimiser = torch.optim.Adam(model.parameters(), lr=1e-2)
        for step in range(80):
            starts = torch.randint(len(tokens) - 15, (8, 1), generator=generator(step))
            batch = tokens[starts + torch.arange(16)]
            loss = sequence.next_token_loss(model(batch), batch)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
        # only the first tokens of a window are uncertain
        assert loss < 0.35, name
        grown = sequence.continue_sequence(model, tokens[None, :9], 14, 15, 0.01)
        assert torch.equal(grown[0], tokens[:23]), name


def test_tones_have_the_pitch_they_say():
    signal, pitch = sequence.draw_tones(20, 4000, 8000.0, generator())
    assert signal.abs().max() <= 1
    for tone, hertz in zip(signal, pitch.tolist(), strict=True):
        spectrum = torch.fft.rfft(tone * torch.hann_window(4000)).abs()
        assert abs(spectrum.argmax().item() * 2 - hertz) <= 2
    assert pitch.min() >= 200 and pitch.max() <= 800


def test_models_refuse_bad_input():
    with pytest.raises(ValueError, match="heads"):
        sequence.CausalTransformer(5, width=10, heads=4)
    with pytest.raises(ValueError, match="context holds 40"):
        models()["transformer"](torch.zeros(1, 41, dtype=torch.long))
    with pytest.raises(ValueError, match="temperature"):
        sequence.continue_sequence(models()["wavenet"], torch.zeros(1, 3).long(), 1, 8, 0.0)
