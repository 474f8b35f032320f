"""What a person does on the page, and what is read off it."""

import re

from playwright.sync_api import Locator, Page, expect

STRATEGIES = {
    "direct": "Direct",
    "zero_shot_cot": "Chain of thought (zero-shot)",
    "few_shot_cot": "Few-shot chain of thought",
    "auto_cot": "Auto-CoT",
    "self_consistency": "Self-consistency",
    "tree_of_thoughts": "Tree of Thoughts",
    "budget_forcing": "“Wait” (budget forcing)",
}


def choose_strategy(page: Page, name: str) -> None:
    page.locator("#strategy").get_by_label(STRATEGIES[name], exact=True).check()


def ask(page: Page, question: str, strategy: str = "self_consistency") -> None:
    """Type, choose, press Run."""
    choose_strategy(page, strategy)
    page.locator("#question textarea").fill(question)
    page.locator("#run").click()


def press(page: Page, button: str) -> None:
    """Run anew, and wait until it does: a run may be over before one looks."""
    page.evaluate(
        """() => {
          const status = document.querySelector('#explore-headline .status');
          const look = () => { if (status.textContent.includes('thinking')) window.ran = true; };
          window.ran = false;
          new MutationObserver(look).observe(status, { childList: true });
        }"""
    )
    page.locator(button).click()
    page.wait_for_function("window.ran")


def ended(page: Page, words: str | re.Pattern[str] = "finished") -> None:
    """Wait until the run says so, and may be asked for again."""
    expect(status(page)).to_contain_text(words)
    expect(page.locator("#run")).to_be_enabled()


def status(page: Page, stage: str = "explore") -> Locator:
    return page.locator(f"#{stage}-headline .status")


def answer(page: Page, stage: str = "explore") -> Locator:
    return page.locator(f"#{stage}-headline .result strong")


def cards(page: Page, stage: str = "explore") -> Locator:
    return page.locator(f"#{stage}-paths .card")


def card_texts(page: Page, stage: str = "explore") -> list[str]:
    """The text on each card, exactly."""
    found: list[str] = page.locator(f"#{stage}-paths .card-text").evaluate_all(
        "cards => cards.map(card => card.textContent)"
    )
    return found


def grown(page: Page, lengths: list[int]) -> None:
    """Wait until every card has more text than that, in characters."""
    page.wait_for_function(
        """lengths => {
          const cards = [...document.querySelectorAll('#explore-paths .card-text')];
          return cards.length === lengths.length
            && cards.every((card, i) => card.textContent.length > lengths[i]);
        }""",
        arg=lengths,
    )


def named(list_of: Locator) -> dict[str, str]:
    """What a list of names and figures says."""
    names, figures = (list_of.locator(tag).all_inner_texts() for tag in ("dt", "dd"))
    return dict(zip(names, figures, strict=True))


def chips(page: Page, stage: str = "explore") -> Locator:
    """All answers, and then one for each; what they say is "A15 · 5"."""
    return page.locator(f"#{stage}-votes .chip")


def titles(page: Page, which: str) -> list[str]:
    """The titles of the cards that have the class `which`."""
    return page.locator(f"#explore-paths .card.{which} .card-title").all_inner_texts()


def pick(page: Page, elem_id: str, option: str) -> None:
    """Take an option of a dropdown."""
    page.locator(f"#{elem_id} input").click()
    page.get_by_role("option", name=option, exact=True).click()


def number(page: Page, label: str, value: float) -> None:
    """Write a slider's number."""
    field = page.get_by_role("spinbutton", name=f"number input for {label}")
    field.fill(f"{value:g}")
    field.blur()


def tab_to(page: Page, target: Locator, most: int = 80) -> None:
    """Press Tab until `target` has the focus."""
    for _ in range(most):
        if target.evaluate("node => node === document.activeElement"):
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"Tab does not reach {target}")


def room(page: Page, name: str) -> Page:
    page.get_by_role("tab", name=name).click()
    return page


def load(page: Page, content: bytes, name: str = "run.jsonl") -> None:
    """Choose a file to open."""
    with page.expect_file_chooser() as chooser:
        page.locator("#upload").click()
    file = {"name": name, "mimeType": "application/jsonl", "buffer": content}
    chooser.value.set_files(file)  # type: ignore[arg-type]
