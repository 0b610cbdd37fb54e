import warnings

import numpy as np
import pytest
import torch
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import r2_score
from sklearn.preprocessing import StandardScaler

from course_utils.core.encoders import Classifier, ConvEncoder
from course_utils.selfsup import probe


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def blobs(count=300, size=6, classes=3, spread=1.5, seed=0):
    draw = generator(seed)
    centres = 2 * torch.randn(classes, size, generator=generator(99))
    labels = torch.arange(count) % classes
    features = centres[labels] + spread * torch.randn(count, size, generator=draw)
    return 5 + 3 * features, labels


@pytest.mark.parametrize("penalty", [1e-3, 1e-1])
def test_linear_probe_equals_scikit_learn(penalty):
    features, labels = (t.double() if t.is_floating_point() else t for t in blobs())
    ours = probe.fit_linear_probe(features, labels, 3, penalty, iterations=200)
    scaled = StandardScaler().fit_transform(features.numpy())
    # scikit-learn minimises sum of cross-entropies + |W|^2 / (2 C)
    peer = LogisticRegression(C=1 / (2 * len(labels) * penalty), tol=1e-8, max_iter=5000)
    peer.fit(scaled, labels.numpy())
    theirs = peer.predict_log_proba(scaled)
    assert np.allclose(torch.log_softmax(ours(features), 1).numpy(), theirs, atol=2e-3)


def test_probe_does_not_see_scale_nor_shift_of_features():
    features, labels = blobs()
    one = probe.fit_linear_probe(features, labels, 3, 1e-2)
    other = probe.fit_linear_probe(100 * features - 7, labels, 3, 1e-2)
    assert torch.allclose(one(features), other(100 * features - 7), atol=1e-2)


def test_constant_features_do_no_harm():
    features, labels = blobs()
    constant = torch.cat([features, torch.full((300, 2), 0.1)], dim=1)
    one = probe.fit_linear_probe(features, labels, 3, 1e-2)
    other = probe.fit_linear_probe(constant, labels, 3, 1e-2)
    assert torch.allclose(one(features), other(constant), atol=1e-3)
    assert torch.isfinite(other.weight).all()


def test_the_penalty_is_chosen_without_the_test_set():
    train, test = blobs(), blobs(600, seed=1)
    honest = probe.linear_probe(train, test, 3, generator=generator())
    shuffled = (test[0], (test[1] + 1) % 3)
    misled = probe.linear_probe(train, shuffled, 3, generator=generator())
    assert honest.penalty == misled.penalty and honest.score > 0.7 > misled.score
    refit = probe.fit_linear_probe(*train, 3, honest.penalty)
    assert honest.score == probe.accuracy(refit(test[0]), test[1])


def test_a_strong_penalty_is_chosen_when_there_is_nothing_but_noise():
    noise = torch.randn(120, 200, generator=generator())
    labels = torch.randint(0, 2, (120,), generator=generator(1))
    signal = noise.clone()
    signal[:, :40] += 0.35 * (2 * labels[:, None] - 1)
    result = probe.linear_probe(
        (signal, labels), (signal, labels), 2, penalties=(1e-7, 1.0), generator=generator(2)
    )
    assert result.penalty == 1.0


def test_hold_out_splits_all_rows():
    kept, held = probe.hold_out(50, 0.2, generator())
    assert len(held) == 10
    assert torch.equal(torch.cat([kept, held]).sort().values, torch.arange(50))
    with pytest.raises(ValueError, match="empty"):
        probe.hold_out(1, 0.2)


def test_probes_refuse_bad_input():
    features, labels = blobs(30)
    with pytest.raises(ValueError, match="labels must lie"):
        probe.fit_linear_probe(features, labels, 2, 1e-3)
    with pytest.raises(ValueError, match="penalty"):
        probe.fit_linear_probe(features, labels, 3, -1.0)
    features[3, 2] = float("nan")
    with pytest.raises(ValueError, match="finite"):
        probe.fit_linear_probe(features, labels, 3, 1e-3)


def test_neighbours_vote_as_in_the_loop():
    (features, labels), (test, truth) = blobs(90), blobs(40, seed=1)
    right = 0
    for row, label in zip(test.double(), truth.tolist(), strict=True):
        cosine = [float(row @ f / row.norm() / f.norm()) for f in features.double()]
        nearest = sorted(range(90), key=lambda k: -cosine[k])[:7]
        votes = [0.0, 0.0, 0.0]
        for k in nearest:
            votes[labels[k]] += np.exp(cosine[k] / 0.07)
        right += votes.index(max(votes)) == label
    assert probe.knn_probe((features, labels), (test, truth), 3, 7) == pytest.approx(right / 40)
    with pytest.raises(ValueError, match="neighbours"):
        probe.knn_probe((features, labels), (test, truth), 3, 91)


def test_ridge_equals_scikit_learn():
    features, _ = blobs()
    targets = features[:, :2] @ torch.randn(2, 3, generator=generator()) + torch.randn(
        300, 3, generator=generator(1)
    )
    ours = probe.fit_ridge(features, targets, 0.05)
    scaled = StandardScaler().fit_transform(features.double().numpy())
    peer = Ridge(alpha=0.05 * 300).fit(scaled, targets.double().numpy())
    assert np.allclose(ours(features).numpy(), peer.predict(scaled), atol=1e-3)
    expected = r2_score(targets.numpy(), ours(features).numpy())
    assert probe.r_squared(ours(features), targets) == pytest.approx(expected, abs=1e-4)


def test_r_squared_on_cases_known_by_hand():
    targets = torch.tensor([[1.0], [2.0], [3.0]])
    assert probe.r_squared(targets, targets) == 1
    assert probe.r_squared(torch.full((3, 1), 2.0), targets) == 0
    assert probe.r_squared(torch.tensor([[3.0], [2.0], [1.0]]), targets) == pytest.approx(-3)
    with pytest.raises(ValueError, match="varies"):
        probe.r_squared(torch.zeros(3, 1), torch.ones(3, 1))


def test_regression_probe_reads_an_angle_through_its_circle():
    angle = 6.28 * torch.rand(400, generator=generator())
    target = torch.stack([angle.sin(), angle.cos()], dim=1)
    mix = torch.randn(2, 8, generator=generator(1))
    features = target @ mix + 0.05 * torch.randn(400, 8, generator=generator(2))
    split = (features[:300], target[:300]), (features[300:], target[300:])
    result = probe.regression_probe(*split, generator=generator(3))
    assert result.score > 0.95


def test_label_budget_is_stratified_and_repeats_with_its_seed():
    labels = torch.tensor([0, 1, 2, 1, 0, 2, 2, 1, 0, 0, 1, 2] * 10)
    rows = probe.label_budget(labels, 5, generator())
    assert torch.equal(torch.bincount(labels[rows]), torch.tensor([5, 5, 5]))
    assert len(rows.unique()) == 15
    assert torch.equal(rows, probe.label_budget(labels, 5, generator()))
    assert not torch.equal(rows, probe.label_budget(labels, 5, generator(1)))
    with pytest.raises(ValueError, match="41 were asked"):
        probe.label_budget(labels, 41)


def test_frozen_blocks_neither_learn_nor_count():
    encoder = ConvEncoder(4)
    probe.freeze_first_blocks(encoder, 2)
    classifier = Classifier(encoder, 3).train()
    before = {name: value.clone() for name, value in classifier.state_dict().items()}
    images, labels = torch.rand(6, 3, 16, 16), torch.tensor([0, 1, 2] * 2)
    optimiser = torch.optim.SGD(classifier.parameters(), lr=0.5)
    probe.classification_losses(classifier, images, labels)["loss"].backward()
    optimiser.step()
    for name, value in classifier.state_dict().items():
        frozen = name.startswith(("encoder.first", "encoder.second"))
        assert torch.equal(value, before[name]) == frozen, name
    with pytest.raises(ValueError, match="3 blocks"):
        probe.freeze_first_blocks(encoder, 4)


def test_third_block_on_frozen_maps_equals_the_whole_network():
    encoder = ConvEncoder(4)
    probe.freeze_first_blocks(encoder)
    images = torch.rand(5, 3, 16, 16)
    third = probe.ThirdBlockClassifier(encoder, 3).eval()
    whole = Classifier(encoder, 3).eval()
    whole.linear.load_state_dict(third.linear.state_dict())
    maps = probe.frozen_maps(encoder, images, batch_size=2)
    assert torch.allclose(third(maps), whole(images), atol=1e-5)
    labels = torch.tensor([0, 1, 2, 0, 1])
    expected = (whole(images).argmax(1) == labels).float().mean().item()
    assert probe.classifier_accuracy(third, maps, labels, 2) == pytest.approx(expected)


def test_budgets_give_steps_between_their_bounds():
    assert probe.steps_for_budget(10, 64) == 200
    assert probe.steps_for_budget(1000, 100) == 400
    assert probe.steps_for_budget(10**6, 64) == 1500
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert probe.steps_for_budget(1, 1, most=5, least=1) == 5
