"""Two languages: every visible word follows the choice; what was typed and made stays."""

import re

import pytest
from playwright.sync_api import Page, expect

from components.texts import table
from tests.browser.acts import ask, card_texts, cards, chips, ended, pick, room, status
from tests.browser.conftest import Browse, ScriptedApp

QUESTION = "小明有 24 支笔，送出 7 支，又丢了 2 支，还剩多少支？"


def speak(page: Page, language: str) -> None:
    page.locator("#language").get_by_label({"en": "English", "zh": "中文"}[language]).check()
    expect(page.locator("#run")).to_have_text(table(language)["explore.run"])


def visible(page: Page) -> str:
    text: str = page.evaluate("document.body.innerText")
    return text


def test_switching_changes_every_word_and_keeps_what_was_typed_and_made(page: Page):
    ask(page, "How many pens?")
    ended(page)
    cards(page).nth(2).click()
    expect(page.locator("#explore-inspector h3")).to_have_text("Path 3")
    page.locator("#question textarea").fill("Typed, and not yet run")
    made, english = card_texts(page), visible(page)
    speak(page, "zh")
    expect(page.locator("#explore-inspector h3")).to_have_text("路径 3")
    expect(status(page)).not_to_contain_text("finished")
    expect(page.locator("#question textarea")).to_have_value("Typed, and not yet run")
    assert card_texts(page) == made
    expect(page.locator("#explore-votes .ytick text").first).to_contain_text(
        table("zh")["votes.abstained"]
    )
    # What is left of English: names, examples, the question, and what the model wrote.
    words = visible(page)
    for text in made:
        words = words.replace(text, "")
    left = set(re.findall(r"[A-Za-z]{4,}", words)) & set(re.findall(r"[A-Za-z]{4,}", english))
    prompt = page.locator("#explore-inspector pre").first.inner_text()
    names = " Thoughtscope English scripted none vLLM Auto-CoT"
    assert left <= set(re.findall(r"[A-Za-z]{4,}", prompt + names))
    speak(page, "en")
    expect(page.locator("#explore-inspector h3")).to_have_text("Path 3")
    # The parts of the page change one after the other, so the whole is awaited.
    page.wait_for_function("english => document.body.innerText === english", arg=english)


def test_the_controls_speak_the_language_and_keep_their_values(page: Page):
    page.get_by_role("spinbutton", name="number input for Paths").fill("5")
    speak(page, "zh")
    field = page.get_by_role("spinbutton", name=re.compile(table("zh")["param.paths"]))
    expect(field).to_have_value("5")
    weighting = page.get_by_role("combobox", name=table("zh")["param.weighting"], exact=True)
    expect(weighting).to_have_value(table("zh")["option.weighting.count"])
    ask_in_chinese(page)
    expect(cards(page)).to_have_count(5)
    ended(page, "完成：5 条路径中有 3 条一致")


def ask_in_chinese(page: Page) -> None:
    page.locator("#question textarea").fill(QUESTION)
    page.locator("#run").click()


@pytest.mark.parametrize("path", ["/", "/?lang=zh"])
def test_the_first_language_is_that_of_the_address_or_the_browser(
    scripted: ScriptedApp, browse: Browse, path: str
):
    page = browse(scripted.url, path, locale="zh-CN" if path == "/" else "en-US")
    expect(page.locator("#run")).to_have_text(table("zh")["explore.run"])
    expect(page.get_by_role("tab").first).to_have_text(table("zh")["page.explore"])
    expect(page.locator("#explore-paths .hint")).to_have_text(table("zh")["explore.empty"])


def test_the_choice_is_kept_for_the_next_visit(scripted: ScriptedApp, page: Page):
    expect(page.locator("#run")).to_have_text("Run")
    speak(page, "zh")
    page.goto(scripted.url)
    expect(page.locator("#run")).to_have_text(table("zh")["explore.run"])


def test_a_chinese_question_is_prompted_in_chinese_and_answered(scripted: ScriptedApp, page: Page):
    ask_in_chinese(page)
    ended(page, "finished: 5 of 8")
    prompt = scripted.calls[-1]["prompt"]
    assert QUESTION in prompt
    assert "最后用一句话结束" in prompt and prompt.endswith("让我们一步一步地思考。")
    assert chips(page).filter(has_text="15 · 5").count() == 1
    assert "答案是 15" in card_texts(page)[0]


def test_a_message_stays_in_the_language_that_is_spoken(page: Page):
    speak(page, "zh")
    page.locator("#run").click()
    ended(page, table("zh")["error.question_empty"])


def test_a_chinese_example_fills_the_form(page: Page):
    pick(page, "examples", "算术 · 分苹果")
    expect(page.locator("#question textarea")).not_to_be_empty()
    expect(page.locator("#reference").get_by_role("textbox")).to_have_value("11")


def test_the_other_rooms_speak_it_as_well(page: Page):
    speak(page, "zh")
    room(page, table("zh")["page.replays"])
    expect(page.locator("#play")).to_have_text(table("zh")["replay.play"])
    expect(page.locator("#replay-paths .hint")).to_have_text(table("zh")["replay.empty"])
    room(page, table("zh")["page.about"])
    about = page.locator(".prose-page")
    expect(about).to_be_visible()
    assert "Reading the picture" not in about.inner_text()
