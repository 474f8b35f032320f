"""What the scripted engine thinks on after a word, and what it then answers."""

WORDS = ("Wait", "Hmm", "等等")
FINAL = ("Final Answer:", "最终答案：")
ANSWERS = (15, 17, 17, None)
"""After no word, one, two and three; None: nothing in the text is an answer."""

THOUGHTS = {
    "en": (
        ", did she really give away seven of the pens? Then 24 - 7 = 17 would remain.",
        ", did she really give away seven of the pens? Then 24 - 7 = 17 would remain.",
        ", that is enough of it.",
    ),
    "zh": (
        "，她真的送走了七支笔吗？那么 24 - 7 = 17。",
        "，她真的送走了七支笔吗？那么 24 - 7 = 17。",
        "，够了。",
    ),
}


def waits_reply(prompt: str) -> str | None:
    """The reply to a prompt that ends with a word or asks for the answer, or None to any other."""
    thought = prompt.split("<|assistant|>")[-1]
    waits = sum(thought.count(f"\n{word}") for word in WORDS)
    if prompt.endswith(FINAL):
        answer = ANSWERS[min(waits, len(ANSWERS) - 1)]
        return f" {answer}." if answer is not None else " I cannot say."
    if prompt.endswith(WORDS):
        thoughts = THOUGHTS["zh" if "让我们" in thought else "en"]
        return thoughts[min(waits, len(thoughts)) - 1]
    return None
