"""Explore on a real model: SmolLM2, through the app as a user starts it."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.acts import (
    ask,
    card_texts,
    cards,
    chips,
    choose_strategy,
    ended,
    grown,
    number,
    press,
    status,
)
from tests.browser.conftest import Browse
from tests.browser.editing import counted
from tests.conftest import App

QUESTION = "Mia has 3 packs of 8 pens and gives 7 pens away. How many pens are left?"
TRIGGER = len("Let's think step by step.")
# 135 million parameters on a busy machine.
PATIENCE = 120_000


@pytest.fixture
def real(app: App, browse: Browse) -> Page:
    """The app's page, with the model ready."""
    page = browse(app.url)
    page.set_default_timeout(PATIENCE)
    expect(page.locator("#badge .ts-badge")).to_have_attribute(
        "data-phase", "ready", timeout=PATIENCE
    )
    return page


def quick(page: Page) -> None:
    """Paths short enough for a test."""
    number(page, "Longest path (tokens)", 48)


def figures(page: Page) -> None:
    """Keep whatever the headline says of the prompt's being read."""
    page.evaluate(
        """() => {
          const status = document.querySelector('#explore-headline .status');
          window.read = [];
          new MutationObserver(() => {
            const figure = status.textContent.match(/reading the prompt: ([0-9,]+) of/);
            if (figure) window.read.push(Number(figure[1].replace(',', '')));
          }).observe(status, { childList: true });
        }"""
    )


def steps(page: Page) -> list[int]:
    """Of the prompt's tokens, those that had been read each time it was said."""
    found: list[int] = page.evaluate("[...new Set(window.read)]")
    return found


def lengthy(page: Page) -> None:
    """Paths so long that they go on while a test looks, and yet fit side by side; with one seed,
    since one path in two hundred says nothing at all."""
    number(page, "Longest path (tokens)", 400)
    number(page, "Temperature", 1.5)
    page.get_by_role("button", name="Answer kind, prompt language, seed").click()
    page.get_by_role("spinbutton", name="Seed", exact=True).fill("7")


def test_eight_paths_of_a_real_model_grow_at_once_and_vote(real: Page):
    quick(real)
    ask(real, QUESTION)
    expect(cards(real)).to_have_count(8, timeout=PATIENCE)
    real.wait_for_function(
        """trigger => [...document.querySelectorAll('#explore-paths .card.writing .card-text')]
            .filter(card => card.textContent.length > trigger).length > 1""",
        arg=TRIGGER,
    )
    expect(status(real)).to_contain_text("finished", timeout=PATIENCE)
    expect(real.locator("#explore-votes .votes-title")).to_contain_text("8 of 8 paths have voted")
    assert chips(real).count() >= 2
    assert all(len(text) > TRIGGER for text in card_texts(real))
    cards(real).nth(4).click()
    prompt = real.locator("#explore-inspector pre").first
    expect(prompt).to_contain_text(QUESTION)
    assert "<|im_start|>" in prompt.locator(".token").all_inner_texts()


def test_the_same_seed_gives_the_same_texts_of_a_real_model(real: Page):
    quick(real)
    number(real, "Paths", 2)
    ask(real, QUESTION)
    expect(status(real)).to_contain_text("finished", timeout=PATIENCE)
    expect(real.locator("#again")).to_be_enabled()
    first = card_texts(real)
    press(real, "#again")
    expect(status(real)).to_contain_text("finished", timeout=PATIENCE)
    assert card_texts(real) == first


def test_stop_ends_in_time_keeps_the_text_and_the_next_run_works(real: Page):
    lengthy(real)
    ask(real, QUESTION)
    grown(real, [TRIGGER] * 8)
    real.locator("#stop").click()
    ended(real, "stopped; what was made is kept")
    assert all(len(text) > TRIGGER for text in card_texts(real))
    expect(real.locator("#badge .state")).to_contain_text("idle")
    quick(real)
    number(real, "Paths", 2)
    real.locator("#run").click()
    expect(cards(real)).to_have_count(2, timeout=PATIENCE)
    expect(status(real)).to_contain_text("finished", timeout=PATIENCE)


def test_a_long_prompt_is_seen_to_be_read_and_stop_ends_the_reading(real: Page):
    """The exemplars are read once: with other ones before them, anew."""
    choose_strategy(real, "few_shot_cot")
    counted(real, 8)
    real.locator("#form-exemplars .ex-shuffle").click()
    figures(real)
    ask(real, QUESTION, "few_shot_cot")
    expect(cards(real).locator(".card-foot")).to_contain_text("reading the prompt")
    real.wait_for_function("window.read.some((done) => done > 0)")
    real.locator("#stop").click()
    ended(real, "stopped; what was made is kept")
    expect(real.locator("#badge .state")).to_contain_text("idle")
    read = steps(real)
    assert len(read) > 1 and read == sorted(read)


def test_closing_the_tab_in_mid_run_frees_the_engine(real: Page, app: App, browse: Browse):
    watching = browse(app.url)
    lengthy(real)
    ask(real, QUESTION)
    grown(real, [TRIGGER] * 8)
    expect(watching.locator("#badge .state")).to_contain_text("writing 8 texts")
    real.close()
    expect(watching.locator("#badge .state")).to_contain_text("idle")
    expect(watching.locator("#explore-paths .card")).to_have_count(0)
