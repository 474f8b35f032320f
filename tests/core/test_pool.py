"""A pool of questions: its formats, what is left out of it, and what is refused."""

import json
import time

import pytest

from components.texts import error_text
from core.errors import InvalidInput
from core.pool import MAX_BYTES, MAX_CHARACTERS, MAX_QUESTIONS, Loaded, Pool, bundled, parse
from core.question import Question

APPLES = "Ann has 3 apples, 2 pears and a plum. How many fruits is that?"
BUS = "A bus with 20 seats is half full. How many people sit in it?"
FISH = "鱼缸里有 5 条鱼，又放进 2 条，现在有多少条？"
WHALE = "鲸鱼会飞吗？"


def texts(content):
    return [question.text for question in parse(content, "own").pool.questions]


def refused(content):
    with pytest.raises(InvalidInput) as fault:
        parse(content, "own")
    error = fault.value
    for language in ("en", "zh"):
        said = error_text(error.as_dict(), language)
        assert said.encode()
        assert all(str(field)[:300] in said for field in error.fields.values())
    return error.code, dict(error.fields)


def test_text_is_a_question_a_line_with_kind_and_language_guessed():
    loaded = parse(f"{APPLES}\n{WHALE}\n", "mine.txt")
    assert loaded == Loaded(
        Pool("mine.txt", (Question(APPLES, "number", "en"), Question(WHALE, "yes_no", "zh")))
    )


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_lines_may_end_as_on_any_system(end):
    assert texts(end.join([APPLES, BUS])) == [APPLES, BUS]
    assert texts(end.join([APPLES, BUS, ""]).encode()) == [APPLES, BUS]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_utf_8_and_marked_utf_16_are_read(encoding):
    assert texts(f"{FISH}\n{BUS}".encode(encoding)) == [FISH, BUS]


def test_both_byte_orders_of_utf_16_and_a_pasted_mark_are_read():
    assert texts(b"\xfe\xff" + BUS.encode("utf-16-be")) == [BUS]
    assert texts("\ufeff" + BUS) == [BUS]


def test_repeated_and_empty_lines_are_left_out_and_counted():
    repeated = f"{BUS}\n\n  \t\n  {BUS.upper().replace(' ', '   ')}\n{APPLES}\n{BUS}\n"
    loaded = parse(repeated, "own")
    assert [question.text for question in loaded.pool.questions] == [BUS, APPLES]
    assert (loaded.duplicates, loaded.empty) == (2, 2)


def test_prose_with_commas_is_no_csv():
    lines = [
        APPLES,
        "A village had 1,200 people. How many is half of that?",
        "1,200 people live here, and 300 leave. How many stay?",
        '"Six," said Tom, "and 3 more." How many is that?',
        "Question: what is this kind of thing? A picture, text",
        "Say what is half of 1,200",
        "1,200 people live here. How many is half of them?",
        "Tom has 3 pens,Ann has 2 pens. How many do they have?",
        "Who is it?, asked Ann.",
        "Say what comes next,please",
        "First,take 3 pens and add 2",
    ]
    for content in (*lines, "\n".join(lines), "小明有 3 支笔,又买了 2 支,一共有多少支?"):
        assert texts(content) == content.split("\n")


@pytest.mark.parametrize("name", ["question", "Question ", "题目", "问题", "TEXT"])
def test_a_csv_with_a_known_header_gives_that_column(name):
    assert texts(f'id,{name},answer\n1,"{APPLES}",6\n2,{BUS},10\n') == [APPLES, BUS]


def test_of_two_known_names_the_better_one_is_taken():
    assert texts(f"text,question\nnothing,{BUS}\n") == [BUS]


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("header", [True, False])
def test_a_csv_may_have_any_usual_delimiter(delimiter, header):
    rows = [["topic", "question"]] if header else []
    rows += [["t1", f'"{APPLES}"'], ["t2", BUS]]
    assert texts("\n".join(delimiter.join(row) for row in rows)) == [APPLES, BUS]


@pytest.mark.parametrize(
    "rows",
    [
        f'"{APPLES}",6\n{BUS},10',
        f'1,"{APPLES}"\n2,{BUS}',
        f'easy,"{APPLES}",6\nhard,{BUS},10',
        f'q-1,"{APPLES}",6\nq-2,{BUS},10',
        f'"{APPLES}"\n"{BUS}"',
    ],
)
def test_a_csv_without_a_header_keeps_its_first_row(rows):
    assert texts(rows) == [APPLES, BUS]


def test_a_csv_of_one_row_and_one_in_chinese_are_read():
    assert texts(f"{BUS},10") == [BUS]
    assert texts(f"{FISH},7\n{WHALE},否") == [FISH, WHALE]


def test_a_csv_of_questions_without_question_marks_is_read():
    assert texts("Name 2 pets,number\nAdd 3 to 4 here,7\n") == ["Name 2 pets", "Add 3 to 4 here"]
    thousands = ["Say what is half of 1,200", "Say what is half of 1,500"]
    assert texts("\n".join(thousands)) == thousands


def test_a_quoted_question_with_a_comma_is_told_from_prose_in_a_single_row():
    assert texts('"Add 3 apples, then 2 pears",five of them\n') == ["Add 3 apples, then 2 pears"]


def test_a_space_may_follow_the_delimiter_where_there_is_a_header():
    assert texts(f'id, question\n1, "{APPLES}"\n2, {BUS}') == [APPLES, BUS]


def test_a_row_of_unknown_names_is_not_lost():
    assert texts(f"id,prompt,answer\n1,{BUS},10\n2,{FISH},7") == ["prompt", BUS, FISH]


def test_a_single_column_needs_no_quotation_marks_after_its_header():
    assert texts(f'question\n{APPLES}\n"{BUS}"\n') == [APPLES, BUS]


def test_new_lines_in_a_record_become_spaces():
    choice = "Which is red?\n(A) grass\n(B) blood"
    flat = choice.replace("\n", " ")
    assert texts(f'question,answer\n"{choice}",B\n') == [flat]
    assert texts(json.dumps({"question": choice})) == [flat]
    assert parse(json.dumps({"question": choice}), "own").pool.questions[0].kind == "choice"


def test_empty_and_short_records_of_a_csv_are_counted():
    loaded = parse(f"id,question\n\n1,{BUS}\n2,\n3\n", "own")
    assert [question.text for question in loaded.pool.questions] == [BUS]
    assert loaded.empty == 3


def test_json_lines_may_tell_the_kind():
    rows = [
        {"question": BUS, "kind": "text", "topic": "traffic"},
        {"question": FISH},
        {"question": "  "},
        {"question": WHALE, "kind": None},
        {"question": "a\u2028b", "kind": "choice"},
    ]
    content = "\n".join(json.dumps(row, ensure_ascii=False) for row in rows) + "\n\n"
    loaded = parse(content, "own")
    assert loaded.pool.questions == (
        Question(BUS, "text", "en"),
        Question(FISH, "number", "zh"),
        Question(WHALE, "yes_no", "zh"),
        Question("a b", "choice", "en"),
    )
    assert loaded.empty == 2


@pytest.mark.parametrize(
    "broken",
    ['{"question": "a"', "How many?", '{"question": "b"} {', "[" * 100_000, f'{{"n": {"9" * 5000}'],
)
def test_broken_json_is_refused_by_its_line(broken):
    assert refused(f'{{"question": "a?"}}\n\n{broken}\n') == ("pool_json", {"line": 3})


@pytest.mark.parametrize("row", ['{"prompt": "a"}', '{"question": 3}', "5", '["question"]'])
def test_a_json_line_without_a_question_is_refused(row):
    assert refused(f'{{"question": "a?"}}\n{row}') == ("pool_no_question", {"line": 2})


@pytest.mark.parametrize("content", ['[{"question": "a?"}]', '[\n"a?"\n]', "[\n", "[]"])
def test_a_json_list_is_refused_and_not_taken_for_questions(content):
    assert refused(content)[0] == "pool_json_list"


def test_a_question_in_square_brackets_is_a_question():
    assert texts("[easy] What is 1 + 1?") == ["[easy] What is 1 + 1?"]


@pytest.mark.parametrize("kind", ["maths", 3, ["number"], "\ud83d"])
def test_an_unknown_kind_is_refused(kind):
    code, fields = refused(json.dumps({"question": BUS, "kind": kind}))
    assert (code, fields["line"]) == ("pool_kind", 1)
    assert fields["allowed"] == "number, choice, yes_no, text"


def test_a_csv_question_that_would_be_cut_at_its_comma_is_refused():
    assert refused(f"question,answer\n{BUS},10\n{APPLES},6") == ("pool_csv", {"line": 3})


def test_an_open_quotation_mark_is_refused_by_the_line_on_which_its_record_begins():
    assert refused(f'question,answer\n{BUS},10\n"Ann,6\n{BUS},10\n') == ("pool_csv", {"line": 3})


def test_too_large_a_pool_is_refused_before_it_is_read():
    assert refused(b"\xff" * (MAX_BYTES + 1)) == (
        "pool_large",
        {"bytes": MAX_BYTES + 1, "limit": MAX_BYTES},
    )
    assert refused("多" * (MAX_BYTES // 3 + 1))[0] == "pool_large"


@pytest.mark.parametrize("row", ["How many is {0}?", '{{"question": "{0}?"}}', '"{0} a?",1', "x"])
def test_100_000_lines_are_refused_with_the_limit_in_time(row):
    began = time.process_time()
    content = "\n".join(row.format(number) for number in range(100_000))[:MAX_BYTES]
    lines = content[: content.rindex("\n")]
    assert refused(lines) == (
        "pool_many",
        {"found": lines.count("\n") + 1, "limit": MAX_QUESTIONS},
    )
    assert time.process_time() - began < 5.0


def test_beyond_the_limit_no_question_is_made(monkeypatch):
    monkeypatch.setattr("core.pool.ask", lambda *_: pytest.fail("a question was made"))
    assert refused("\n".join(f"{number}?" for number in range(MAX_QUESTIONS + 1)))[0] == "pool_many"


def test_as_many_questions_as_the_limit_says_are_taken():
    content = "\n".join(f"What is {number} + 1?" for number in range(MAX_QUESTIONS))
    assert len(texts(content)) == MAX_QUESTIONS


def test_a_question_of_5_000_words_is_taken_and_a_longer_one_refused_by_its_line():
    long = "seven " * 5_000 + "and?"
    assert texts(f"{BUS}\n{long}") == [BUS, long]
    assert refused(f"{BUS}\n{'x' * (MAX_CHARACTERS + 1)}") == (
        "pool_question_long",
        {"line": 2, "characters": MAX_CHARACTERS + 1, "limit": MAX_CHARACTERS},
    )


@pytest.mark.parametrize(
    "content",
    [
        b"How many?\0",
        "How many?\0",
        b"\x89PNG\r\n\x1a\n\xff\x03",
        bytes(range(1, 256)),
        BUS.encode("utf-16-le"),
        BUS.encode("utf-32"),
    ],
)
def test_what_is_no_text_is_refused(content):
    assert refused(content) == ("pool_binary", {})


@pytest.mark.parametrize(
    "content", [FISH.encode("gb18030"), "Wie viele Äpfel?".encode("latin-1"), b"\xff\xfea\0b"]
)
def test_another_encoding_is_refused(content):
    assert refused(content) == ("pool_encoding", {})


def test_half_characters_are_refused_by_their_line():
    assert refused("a?\nb \ud83d?") == ("pool_characters", {"line": 2})
    assert refused('{"question": "\\ud83d?"}') == ("pool_characters", {"line": 1})


def test_a_pool_of_nothing_but_empty_lines_is_refused_in_time():
    began = time.process_time()
    assert refused("\n" * MAX_BYTES)[0] == "pool_empty"
    assert time.process_time() - began < 5.0


@pytest.mark.parametrize("content", ["", b"", " \n\t\n", "question,answer\n", '{"question": ""}'])
def test_a_pool_without_a_question_is_refused(content):
    assert refused(content) == ("pool_empty", {})


@pytest.mark.parametrize("text", ["<img src=x onerror=alert(1)>", "${alert(1)}", "{{a}} {b}"])
def test_hostile_questions_are_kept_as_data(text):
    pool = Pool(text, (Question(text, "text", "en"),))
    assert parse(json.dumps({"question": text}), text).pool == pool
    assert parse(text, text).pool == pool


def test_the_digest_tells_texts_kinds_and_order_and_not_the_name():
    pool = parse(f"{BUS}\n{WHALE}", "a").pool
    assert pool.digest == parse(f"{BUS}\n\n{WHALE}\n", "b").pool.digest
    others = [
        Pool("a", pool.questions[::-1]),
        Pool("a", pool.questions[:1]),
        Pool("a", (Question(BUS, "text", "en"), pool.questions[1])),
        Pool("a"),
    ]
    assert len({pool.digest, *(other.digest for other in others)}) == 5
    assert len(pool.digest) == 16


def test_a_pool_of_one_kind_keeps_the_name_and_the_order():
    pool = parse(f"{BUS}\n{WHALE}\n{FISH}", "mine").pool
    assert [question.text for question in pool.of_kind("number").questions] == [BUS, FISH]
    assert pool.of_kind("number").name == "mine"
    assert pool.of_kind("choice") == Pool("mine")


def test_our_own_pools_are_read_whole():
    assert list(bundled()) == ["en", "zh"]
    assert {name: pool.name for name, pool in bundled().items()} == {"en": "en", "zh": "zh"}
    assert len(bundled()["en"].questions) == 119
    assert len(bundled()["zh"].questions) == 44
