"""A mini crossword: its clues, its board, its file, and how much of a solution is right."""

import copy
import json
import random
import re
from pathlib import Path

import pytest

from core.crossword import (
    EMPTY,
    MAX_BOARD_TEXT,
    MAX_BYTES,
    MAX_CLUE,
    MAX_PUZZLES,
    POSITIONS,
    Board,
    InvalidWord,
    Puzzle,
    Score,
    load,
    parse_board,
    read_clues,
    score,
)
from core.errors import InvalidInput

OWN = Path(__file__).resolve().parents[2] / "assets" / "crosswords.json"
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXY"
ROWS = "\n".join(LETTERS[start : start + 5] for start in range(0, 25, 5))
CLUES = tuple(f"clue {number}" for number in range(10))


def board(letters):
    return Board(letters.replace(" ", ""))


def refused(data):
    with pytest.raises(InvalidInput) as fault:
        load(data if isinstance(data, bytes) else json.dumps(data).encode())
    assert fault.value.code == "crossword_file"
    return fault.value.fields["reason"]


def not_placed(place):
    with pytest.raises(InvalidWord) as fault:
        place()
    return fault.value.reason


# Clues as a person types them


def test_there_are_five_positions_across_and_then_five_down():
    assert " ".join(POSITIONS) == "h1 h2 h3 h4 h5 v1 v2 v3 v4 v5"


@pytest.mark.parametrize("label", ["", "{}. ", "{}: ", "{}) ", "{} ", "{}、", "  {} .", "{}."])
def test_ten_lines_are_ten_clues_with_or_without_labels(label):
    lines = [label.format(position) + clue for position, clue in zip(POSITIONS, CLUES, strict=True)]
    assert read_clues("\n".join(lines)) == CLUES
    assert read_clues("\n\n  \r\n".join(lines).upper()) == tuple(clue.upper() for clue in CLUES)


def test_clues_whose_labels_are_complete_may_stand_in_any_order():
    lines = [f"{position}. {clue}" for position, clue in zip(POSITIONS, CLUES, strict=True)]
    random.Random(5).shuffle(lines)
    assert read_clues("\n".join(lines)) == CLUES
    capitals = [line.replace("h", "H", 1).replace("v", "V", 1) for line in lines]
    assert read_clues("\n".join(capitals)) == CLUES


def test_clues_some_of_which_are_labelled_stay_in_their_order():
    lines = ["v1. clue 0", "h1. clue 1", "h1. clue 2", *CLUES[3:]]
    assert read_clues("\n".join(lines)) == CLUES


def test_a_clue_keeps_its_words_with_single_spaces_between_them():
    lines = ["h1.  An  agendum;\tsomething to be done ", "home, sweet home", *CLUES[2:]]
    assert read_clues("\n".join(lines))[:2] == (
        "An agendum; something to be done",
        "home, sweet home",
    )


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", 0),
        (" \n\t\n", 0),
        ("\n".join(CLUES[1:]), 9),
        ("\n".join([*CLUES, "one more"]), 11),
        ("\n".join([*CLUES[1:], "v5."]), 9),
        ("\n".join([*CLUES[1:], "v5"]), 9),
        ("x\n" * 100_000, 100_000),
        ("h1. clue 0, h2. clue 1", 1),
    ],
)
def test_anything_but_ten_clues_is_refused_with_their_number(text, found):
    with pytest.raises(InvalidInput) as fault:
        read_clues(text)
    assert (fault.value.code, fault.value.fields) == ("crossword_clues", {"found": found})


def test_a_long_clue_is_refused_with_its_place():
    assert read_clues("\n".join([*CLUES[:9], "x" * MAX_CLUE]))[9] == "x" * MAX_CLUE
    with pytest.raises(InvalidInput) as fault:
        read_clues("\n".join([*CLUES[:8], "x" * (MAX_CLUE + 1), CLUES[9]]))
    assert fault.value.code == "crossword_clue_long"
    assert fault.value.fields == {"position": "v4", "characters": MAX_CLUE + 1, "limit": MAX_CLUE}


# Files


def test_a_file_in_the_published_form_is_read():
    text = json.dumps([[list(CLUES), list(LETTERS)], [list(CLUES[::-1]), list(LETTERS.lower())]])
    assert load(text.encode()) == (Puzzle(CLUES, LETTERS), Puzzle(CLUES[::-1], LETTERS))
    assert load(b"\xef\xbb\xbf" + text.encode()) == load(text.encode())


def element(*, clues=CLUES, letters=LETTERS):
    return [list(clues), list(letters)]


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "not JSON"),
        (b"\xff\xfe\x00", "not JSON"),
        (b"[" * 100_000, "not JSON"),
        (b"[" * 100_000 + b"]" * 100_000, "not JSON"),
        (b'{"a":' * 100_000, "not JSON"),
        (b"[1" + b"0" * 100_000 + b"]", "not JSON"),
        (b"<script>alert(1)</script>", "not JSON"),
        ({"a": 1}, "not a list of puzzles"),
        (7, "not a list of puzzles"),
        (None, "not a list of puzzles"),
        ([], "not a list of puzzles"),
        ("abc", "not a list of puzzles"),
        ([element(), 5], "element 2: not a list of clues and a list of letters"),
        ([[]], "element 1: not a list of clues and a list of letters"),
        ([[list(CLUES)]], "element 1: not a list of clues and a list of letters"),
        ([[*element(), []]], "element 1: not a list of clues and a list of letters"),
        ([[list(CLUES), LETTERS]], "element 1: not a list of clues and a list of letters"),
        ([element(), element(), element(clues=CLUES[:9])], "element 3: 9 clues"),
        ([element(letters=LETTERS[:24])], "element 1: 24 letters"),
        ([element(letters=LETTERS + "Z")], "element 1: 26 letters"),
        ([element(clues=[*CLUES[:9], 3])], "element 1: clue 10 is not text"),
        ([element(clues=[" ", *CLUES[:9]])], "element 1: clue 1 is not text"),
        ([element(clues=["\ud83d", *CLUES[:9]])], "element 1: clue 1 is not text"),
        ([element(clues=["x" * 301, *CLUES[:9]])], "element 1: clue 1 has 301 characters"),
        ([element(letters=[*LETTERS[:24], "AB"])], "element 1: letter 25 is not one of A to Z"),
        ([element(letters=[*LETTERS[:24], ""])], "element 1: letter 25 is not one of A to Z"),
        ([element(letters=[*LETTERS[:24], "Ä"])], "element 1: letter 25 is not one of A to Z"),
        ([element(letters=[*LETTERS[:24], "Ａ"])], "element 1: letter 25 is not one of A to Z"),
        ([element(letters=["A\n", *LETTERS[1:]])], "element 1: letter 1 is not one of A to Z"),
        ([element(letters=[["A"], *LETTERS[1:]])], "element 1: letter 1 is not one of A to Z"),
    ],
)
def test_a_malformed_file_is_refused_with_the_place_and_the_reason(data, reason):
    assert refused(data) == reason


def test_a_clue_of_a_file_is_one_line():
    clues = ["first\n\u2028 second", *CLUES[1:]]
    assert load(json.dumps([element(clues=clues)]).encode())[0].clues[0] == "first second"


def test_a_file_has_a_largest_size_and_a_largest_number_of_puzzles():
    full = json.dumps([element()] * MAX_PUZZLES).encode()
    assert len(load(full.ljust(MAX_BYTES))) == MAX_PUZZLES
    assert refused(full.ljust(MAX_BYTES + 1)) == "2000001 bytes, more than 2000000"
    assert refused([element()] * (MAX_PUZZLES + 1)) == "1001 puzzles, more than 1000"


def test_whatever_a_file_contains_it_is_read_or_refused():
    chance = random.Random(25)
    whole = json.dumps([element(), element()]).encode()
    for _ in range(1500):
        data = bytearray(whole)
        for _ in range(chance.randrange(1, 4)):
            place = chance.randrange(len(data))
            data[place : place + chance.randrange(3)] = chance.choice(
                [b"", b"[", b"]", b'"', b",", b"\\ud800", b"\xff", b"null", b"{}", b"1e999", b"\0"]
            )
        try:
            assert all(isinstance(puzzle, Puzzle) for puzzle in load(bytes(data)))
        except InvalidInput as fault:
            assert 0 < len(str(fault.fields["reason"])) < 100


def test_whatever_stands_in_the_place_of_a_part_is_refused():
    odd = [None, True, 0, -1.5, float("nan"), "", "ab", [], {}, [[]], {"a": []}, ["A"] * 24]
    for value in odd:
        for path in ((), (0,), (0, 0), (0, 1), (0, 0, 3), (0, 1, 3)):
            data = [element()]
            target = data
            for step in path[:-1]:
                target = target[step]
            if path:
                target[path[-1]] = copy.deepcopy(value)
            else:
                data = value
            if (path, value) == ((0, 0, 3), "ab"):
                assert load(json.dumps(data).encode())[0].clues[3] == "ab"
            else:
                refused(data)


# The board


def test_a_board_is_empty_at_first():
    assert Board.empty().text() == "\n".join(["_ _ _ _ _"] * 5)
    assert (Board.empty().filled, Board.empty().unfilled) == ((), POSITIONS)


def test_words_go_across_and_down():
    full = Board(LETTERS)
    assert [full.word(position) for position in ("h1", "h2", "h5")] == ["ABCDE", "FGHIJ", "UVWXY"]
    assert [full.word(position) for position in ("v1", "v2", "v5")] == ["AFKPU", "BGLQV", "EJOTY"]


def test_a_word_is_placed_and_the_board_before_it_stays_as_it_was():
    empty = Board.empty()
    placed = empty.place("v2", "motor")
    assert placed == board("_M___ _O___ _T___ _O___ _R___")
    assert empty == Board.empty()
    assert placed.place("h1", "amend") == board("AMEND _O___ _T___ _O___ _R___")


@pytest.mark.parametrize("position", POSITIONS)
def test_every_position_takes_its_word_and_gives_it_back(position):
    word = Board(LETTERS).word(position)
    placed = Board.empty().place(position, word)
    assert placed.word(position) == word
    assert placed.filled == (position,)
    assert placed.letters.count(EMPTY) == 20
    assert placed.place(position, word) == placed


def test_placing_all_words_across_fills_those_down():
    full = Board.empty()
    for position in POSITIONS[:4]:
        full = full.place(position, Board(LETTERS).word(position))
    assert full.unfilled == ("h5", "v1", "v2", "v3", "v4", "v5")
    full = full.place("h5", "UVWXY")
    assert (full.filled, full.unfilled) == (POSITIONS, ())


def test_a_pattern_shows_the_letters_there_are():
    placed = Board.empty().place("v2", "AGENT").place("v5", "EAGLE")
    assert placed.pattern("h1") == "_ A _ _ E"
    assert placed.pattern("v2") == "A G E N T"
    assert placed.pattern("v1") == "_ _ _ _ _"


@pytest.mark.parametrize(
    "position", ["", "h", "h0", "h6", "v9", "x1", "H1", "h11", "１", "h１", "1h"]
)
def test_where_there_is_no_such_position_nothing_is_placed_or_read(position):
    assert not_placed(lambda: Board.empty().place(position, "AGENT")) == "not_a_position"
    assert not_placed(lambda: Board.empty().word(position)) == "not_a_position"
    assert not_placed(lambda: Board.empty().pattern(position)) == "not_a_position"


@pytest.mark.parametrize(
    "word",
    ["", "FOUR", "SIXSIX", "AGE T", "AG_NT", "ÄGENT", "ＡＧＥＮＴ", "A-BCD", "12345", "A" * 10**6],
)
def test_what_is_not_five_letters_is_not_placed(word):
    assert not_placed(lambda: Board.empty().place("h1", word)) == "not_five_letters"


def test_a_word_that_disagrees_with_a_crossing_one_is_not_placed():
    placed = Board.empty().place("v2", "AGENT")
    assert not_placed(lambda: placed.place("h1", "BBBBB")) == "conflict"
    assert not_placed(lambda: placed.place("v2", "AGENS")) == "conflict"
    assert placed.place("h1", "BABBB").filled == ("h1", "v2")


def test_a_word_not_placed_is_an_ordinary_value_error():
    with pytest.raises(ValueError, match="conflict"):
        Board(LETTERS).place("h1", "AGENT")


# Boards as text


@pytest.mark.parametrize(
    "text",
    [
        ROWS,
        ROWS.lower(),
        "\n".join(" ".join(row) for row in ROWS.split("\n")),
        "\n\n".join(f"  {row} " for row in ROWS.split("\n")),
        "\r\n".join(f"| {' | '.join(row)} |" for row in ROWS.split("\n")),
        f"Output:\n{ROWS}\nThat is all.",
        f"ABCDE\nis the first row of\n{ROWS}",
        f"{ROWS}\nLATER",
    ],
)
def test_five_rows_of_five_letters_are_read(text):
    assert parse_board(text) == Board(LETTERS)


def test_a_board_is_read_from_its_own_text_with_its_gaps():
    for words in ([], [("v2", "AGENT")], [("h3", "EAGLE"), ("v1", "SHEEP")]):
        placed = Board.empty()
        for position, word in words:
            placed = placed.place(position, word)
        assert parse_board(placed.text()) == placed


@pytest.mark.parametrize(
    "text",
    [
        "",
        "ABCDE",
        "\n".join(ROWS.split("\n")[:4]),
        ROWS.replace("FGHIJ", "FGHI"),
        ROWS.replace("FGHIJ", "FGHIJK"),
        ROWS.replace("FGHIJ", "F GHIJ"),
        ROWS.replace("FGHIJ", "so far"),
        ROWS.replace("FGHIJ", "FGH1J"),
        ROWS.replace("FGHIJ", "FGHIÄ"),
        ROWS.replace("FGHIJ", "then"),
        ROWS.replace("\n", " "),
        " " * MAX_BOARD_TEXT + ROWS,
        "A " * 100_000,
        "| " * 100_000,
        "\x00\ud83d\n" * 1000,
    ],
)
def test_a_text_without_five_such_rows_is_no_board(text):
    assert parse_board(text) is None


# How much is right


@pytest.mark.parametrize(
    ("rows", "right"),
    [
        (ROWS, Score(25, 10, True)),
        (ROWS.lower(), Score(25, 10, True)),
        (ROWS.replace("A", "Z"), Score(24, 8, False)),
        (ROWS.replace("ABCDE", "_____"), Score(20, 4, False)),
        (ROWS.replace("ABCDE", "EDCBA"), Score(21, 5, False)),
        (ROWS.replace("A", "_").replace("Y", "_"), Score(23, 6, False)),
        (Board.empty().text(), Score(0, 0, False)),
        ("I do not know", Score(0, 0, False)),
        ("", Score(0, 0, False)),
    ],
)
def test_letters_words_and_games_are_counted(rows, right):
    assert score(rows, LETTERS) == right


@pytest.mark.parametrize("solution", ["", LETTERS[:24], LETTERS.lower(), EMPTY * 25, LETTERS + "Z"])
def test_nothing_is_scored_against_what_is_no_solution(solution):
    with pytest.raises(ValueError, match="25 letters"):
        score(ROWS, solution)


# Our own puzzles


def own():
    return load(OWN.read_bytes())


def test_our_own_puzzles_are_in_the_published_form():
    assert len(own()) >= 4


def test_each_of_our_puzzles_has_ten_different_words_and_clues_that_do_not_tell_them():
    for puzzle in own():
        words = [Board(puzzle.board).word(position) for position in POSITIONS]
        assert len(set(words)) == len(set(puzzle.clues)) == 10
        for word, clue in zip(words, puzzle.clues, strict=True):
            assert not re.search(word[:4], clue, re.IGNORECASE), (word, clue)
            assert len(clue) <= 60


def test_no_word_of_ours_is_asked_twice():
    words = [Board(puzzle.board).word(position) for puzzle in own() for position in POSITIONS]
    assert len(set(words)) == len(words)


def test_our_puzzles_are_solved_by_their_words():
    for puzzle in own():
        solved = Board.empty()
        for position in POSITIONS:
            solved = solved.place(position, Board(puzzle.board).word(position))
        assert score(solved.text(), puzzle.board) == Score(25, 10, True)
