"""What the methods say to a model, in English and Chinese.

Triggers are those of Kojima et al. 2022 (arXiv 2205.11916, table 4 and appendix A.5); the
Chinese ones are ours. A trigger opens the assistant's turn: it is forced, not sampled.
"""

from core.answers import option_letters
from core.engine import Message
from core.question import Language, Question

TRIGGERS: dict[str, dict[Language, str]] = {
    "step_by_step": {"en": "Let's think step by step.", "zh": "让我们一步一步地思考。"},
    "first": {"en": "First,", "zh": "首先，"},
    "think": {"en": "Let's think", "zh": "让我们想一想"},
}

_ANSWER: dict[Language, dict[str, str]] = {
    "en": {
        "number": "the answer (arabic numerals) is",
        "choice": "among {first} through {last}, the answer is",
        "yes_no": "the answer (Yes or No) is",
        "text": "the answer is",
    },
    "zh": {
        "number": "答案（阿拉伯数字）是",
        "choice": "在 {first} 到 {last} 中，答案是",
        "yes_no": "答案（是或否）是",
        "text": "答案是",
    },
}

# No stand-in letter where the answer is a word or a letter: small models answer "X".
_CLOSING: dict[Language, dict[str, str]] = {
    "en": {
        "number": "Finish with the sentence “The answer is N.”, where N is a number in digits.",
        "choice": "Finish with the sentence “The answer is …”, completed with one of the letters.",
        "yes_no": "Finish with the sentence “The answer is Yes.” or “The answer is No.”",
        "text": "Finish with the sentence “The answer is …”, completed with your short answer.",
    },
    "zh": {
        "number": "最后用一句话结束：“答案是 N。”，其中 N 是阿拉伯数字。",
        "choice": "最后用一句话结束：“答案是……”，填上你选择的字母。",
        "yes_no": "最后用一句话结束：“答案是：是。”或“答案是：否。”",
        "text": "最后用一句话结束：“答案是……”，填上简短的答案。",
    },
}


_BRIEF: dict[Language, str] = {
    "en": "Reason in at most five short sentences.",
    "zh": "请用不超过五句简短的话推理。",
}


def ask(question: Question) -> list[Message]:
    """The question as it is, as the user's turn."""
    return [{"role": "user", "content": question.text}]


def ask_to_close(question: Question) -> list[Message]:
    """The question, and the wish that the answer be said in a closing sentence of fixed form."""
    closing = _CLOSING[question.language][question.kind]
    return [{"role": "user", "content": f"{question.text}\n\n{closing}"}]


def ask_briefly(question: Question) -> list[Message]:
    """The question, and the wish that the reasoning be short."""
    return [{"role": "user", "content": f"{question.text}\n\n{_BRIEF[question.language]}"}]


def reasoning_trigger(name: str, language: Language) -> str:
    """The words that start the reasoning: a known trigger by name, or the person's own."""
    return TRIGGERS[name][language] if name in TRIGGERS else name


def direct_trigger(question: Question) -> str:
    """The answer trigger without reasoning: the paper's zero-shot baseline."""
    words = _answer_words(question)
    return words[0].upper() + words[1:]


def answer_trigger(question: Question) -> str:
    """The answer trigger that follows a rationale: the paper's second stage."""
    words = _answer_words(question)
    return f"\nTherefore, {words}" if question.language == "en" else f"\n所以，{words}"


def _answer_words(question: Question) -> str:
    letters = option_letters(question.text)
    words = _ANSWER[question.language][question.kind]
    return words.format(first=letters[0], last=letters[-1])
