"""What a person does with the editors of the form, and what is read off them."""

import json
from typing import Any

from playwright.sync_api import Locator, Page, expect

from tests.browser.acts import choose_strategy, ended

QUESTION = "How many pens are 3 packs of 8 pens?"


def rows(page: Page, editor: str = "exemplars") -> Locator:
    return page.locator(f"#form-{editor} .ex-row")


def asked(page: Page, editor: str = "exemplars") -> list[str]:
    """The questions, in their order."""
    return page.locator(f"#form-{editor} .ex-asked").all_inner_texts()


def tokens(page: Page, editor: str = "exemplars") -> list[str]:
    return page.locator(f"#form-{editor} .ex-tokens").all_inner_texts()


def counted(page: Page, count: int, editor: str = "exemplars") -> None:
    """Wait until each of so many exemplars has its cost."""
    page.wait_for_function(
        """([editor, count]) => {
          const shown = [...document.querySelectorAll(`#form-${editor} .ex-tokens`)];
          return shown.length === count && shown.every((one) => /\\d/.test(one.textContent));
        }""",
        arg=[editor, count],
    )


def unfold(page: Page, number: int, editor: str = "exemplars") -> Locator:
    """Open an exemplar, by its number, and return its row."""
    row = rows(page, editor).nth(number - 1)
    row.locator(".ex-open").click()
    return row


def few_shot(page: Page, question: str = QUESTION) -> Page:
    """The form with exemplars, their costs known."""
    choose_strategy(page, "few_shot_cot")
    page.locator("#question textarea").fill(question)
    counted(page, 8)
    return page


def pick_set(page: Page, label: str) -> None:
    page.locator("#exemplars-pick").select_option(label=label)


def saved(page: Page, editor: str = "exemplars") -> tuple[str, bytes]:
    """Press Save; the file's name and content."""
    with page.expect_download() as download:
        page.locator(f"#{editor}-save").click()
    return download.value.suggested_filename, download.value.path().read_bytes()


def open_file(page: Page, button: str, content: bytes, name: str = "set.json") -> None:
    with page.expect_file_chooser() as chooser:
        page.locator(button).click()
    chooser.value.set_files({"name": name, "mimeType": "text/plain", "buffer": content})  # type: ignore[arg-type]


def prompt_parts(page: Page) -> list[str]:
    return page.locator("#form-prompt .prompt-part .name").all_inner_texts()


def unfold_prompt(page: Page) -> Locator:
    fold = page.locator("#prompt-fold")
    fold.get_by_role("button").first.click()
    expect(page.locator("#form-prompt")).to_be_visible()
    return fold


def exemplar(question: str = "What is 2 + 2?", answer: str = "4", **more: Any) -> dict[str, Any]:
    return {"question": question, "rationale": f"It is {answer}.", "answer": answer, **more}


def as_file(*exemplars: dict[str, Any], **more: Any) -> bytes:
    whole = {"thoughtscope_exemplars": 1, "name": "mine", "exemplars": exemplars, **more}
    return json.dumps(whole).encode()


def run_anew(page: Page) -> None:
    """Run, and wait until that has ended: a run has another seed than the one before it."""
    about = page.locator("#explore-headline .about")
    before = about.text_content() or ""
    page.locator("#run").click()
    expect(about).not_to_have_text(before)
    ended(page)
