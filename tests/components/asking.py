"""Requests as Gradio hands them to a handler: who asks, and from which tab."""

import gradio as gr
from starlette.requests import Request


def request(address: str = "203.0.113.7", tab: str = "tab", forwarded: tuple[str, ...] = ()):
    """`forwarded`: the values of the X-Forwarded-For headers, each a header of its own."""
    headers = [(b"x-forwarded-for", value.encode()) for value in forwarded]
    scope = {"type": "http", "client": (address, 5_000) if address else None, "headers": headers}
    return gr.Request(Request(scope), session_hash=tab)
