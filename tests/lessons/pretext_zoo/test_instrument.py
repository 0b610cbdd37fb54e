"""The patch quiz and the jigsaw game where nothing is displayed: their rules."""

import pytest
import torch

from course_utils.lessons.pretext_zoo.instrument import JigsawGame, PatchQuiz
from course_utils.selfsup.jigsaw import cut_tiles, permutation_set
from course_utils.selfsup.patches import relative_patch_pairs


@pytest.fixture
def quiz():
    generator = torch.Generator().manual_seed(0)
    pictures = torch.rand(3, 3, 40, 40, generator=generator)
    pairs = relative_patch_pairs(pictures, 10, 3, 2, generator)
    chances = torch.eye(8)[(pairs.labels + torch.tensor([0, 1, 0])) % 8]  # wrong on the second
    return PatchQuiz(pairs, pictures, chances)


def test_the_score_counts_each_question_once(quiz):
    right = int(quiz.pairs.labels[0])
    assert not quiz.answer((right + 1) % 8)
    assert quiz.answer(right)  # too late: the first answer counts
    assert (quiz.asked, quiz.yours, quiz.networks) == (1, 0, 1)
    assert f"it is place {right + 1}" in quiz.words
    quiz.next()
    assert quiz.answer(int(quiz.pairs.labels[1]))
    assert (quiz.asked, quiz.yours, quiz.networks) == (2, 1, 1)
    assert quiz.words.startswith("Right")


def test_the_answer_is_hidden_until_it_is_asked(quiz):
    def picture_seen():
        return quiz.figure().axes[2].images[0].get_array()

    def chances_seen():
        return any("%" in text.get_text() for text in quiz.figure().axes[0].texts)

    assert picture_seen().std() == 0 and not chances_seen()
    quiz.answer(0)
    expected = quiz.pictures[0].permute(1, 2, 0).numpy()
    assert abs(picture_seen() - expected).max() < 1e-6 and chances_seen()
    quiz.next()
    assert picture_seen().std() == 0 and not chances_seen()
    for _ in range(2):
        quiz.next()
    assert quiz.number == 0


def test_places_and_numbers_are_checked(quiz):
    with pytest.raises(ValueError, match="0 to 7"):
        quiz.answer(8)
    with pytest.raises(ValueError, match="2 answers"):
        PatchQuiz(quiz.pairs, quiz.pictures, quiz.chances[:2])


# ------------------------------------------------------------------------------ jigsaw


def make_game(judge, seed=0):
    generator = torch.Generator().manual_seed(seed)
    tiles = cut_tiles(torch.rand(5, 3, 30, 30, generator=generator), 3, 10, generator)
    return JigsawGame(judge, tiles, permutation_set(6, 9, generator), generator)


def test_swapping_by_hand_until_it_is_solved():
    game = make_game(None)
    while game.in_place < 9:
        place = next(k for k, tile in enumerate(game.order.tolist()) if tile != k)
        game.press(place)
        assert game.held == place
        game.press(int((game.order == place).nonzero()))
    assert "Solved in" in game.words and 1 <= game.swaps <= 8
    assert game.order.tolist() == list(range(9))


def test_pressing_the_same_piece_twice_puts_it_down():
    game = make_game(None)
    before = game.order.clone()
    game.press(4)
    game.press(4)
    assert game.held is None and game.swaps == 0 and torch.equal(game.order, before)
    with pytest.raises(ValueError, match="0 to 8"):
        game.press(9)


def test_a_network_that_knows_lays_the_puzzle_and_one_that_does_not_is_not_helped():
    game = make_game(None)
    right = next(k for k, p in enumerate(game.permutations) if torch.equal(p, game.order))
    game.judge = lambda tiles: torch.eye(6)[None, (right + 1) % 6]
    game.ask_network()
    assert game.in_place < 9 and "laid by the network" in game.words
    game.judge = lambda tiles: torch.eye(6)[None, right]
    game.ask_network()
    assert game.in_place == 9 and game.words == "Solved, laid by the network!"


def test_the_board_shows_the_pieces_where_they_lie():
    game = make_game(None)
    board = game.picture(scale=2, gap=3)
    assert board.shape == (3 * 23 + 3, 3 * 23 + 3, 3)
    first = game.tiles[game.puzzle, game.order[0]]
    expected = (first * 255).round().byte().permute(1, 2, 0).numpy()
    assert (board[3:23:2, 3:23:2] == expected).all()


def test_pieces_and_permutations_must_agree():
    tiles = torch.rand(1, 8, 3, 4, 4)
    with pytest.raises(ValueError, match="no square puzzle"):
        JigsawGame(None, tiles, torch.zeros(1, 8, dtype=torch.long), torch.Generator())
