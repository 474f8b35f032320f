"""Paper and ink: Gradio's theme variables mapped to ours (assets/style.css)."""

import inspect

import gradio as gr

SANS = [
    "system-ui",
    "-apple-system",
    "Segoe UI",
    "Roboto",
    "Noto Sans",
    "Noto Sans CJK SC",
    "sans-serif",
]
MONO = ["ui-monospace", "SFMono-Regular", "Menlo", "Consolas", "monospace"]


def theme() -> gr.themes.Base:
    """No web fonts, no shadows, one radius."""
    base = gr.themes.Base(font=SANS, font_mono=MONO, radius_size="sm", text_size="md")
    both = {
        "body_background_fill": "var(--paper)",
        "body_text_color": "var(--ink)",
        "body_text_color_subdued": "var(--quiet)",
        "background_fill_primary": "var(--paper)",
        "background_fill_secondary": "var(--sunken)",
        "border_color_primary": "var(--hairline)",
        "border_color_accent": "var(--accent)",
        "color_accent": "var(--accent)",
        "color_accent_soft": "var(--accent-soft)",
        "block_background_fill": "transparent",
        "block_border_color": "var(--hairline)",
        "block_label_background_fill": "transparent",
        "block_label_text_color": "var(--ink)",
        "block_title_text_color": "var(--ink)",
        "block_info_text_color": "var(--quiet)",
        "input_background_fill": "var(--raised)",
        "input_background_fill_focus": "var(--raised)",
        "input_border_color": "var(--hairline-strong)",
        "input_border_color_focus": "var(--accent)",
        "input_placeholder_color": "var(--quiet)",
        "button_primary_background_fill": "var(--accent)",
        "button_primary_background_fill_hover": "var(--accent-strong)",
        "button_primary_text_color": "var(--on-accent)",
        "button_secondary_background_fill": "var(--raised)",
        "button_secondary_background_fill_hover": "var(--sunken)",
        "button_secondary_text_color": "var(--ink)",
        "button_secondary_border_color": "var(--hairline-strong)",
        "checkbox_background_color": "var(--raised)",
        "checkbox_background_color_selected": "var(--accent)",
        "checkbox_border_color": "var(--hairline-strong)",
        "checkbox_border_color_selected": "var(--accent)",
        "checkbox_label_background_fill": "var(--raised)",
        "checkbox_label_background_fill_selected": "var(--accent-soft)",
        "checkbox_label_text_color": "var(--ink)",
        "checkbox_label_text_color_selected": "var(--ink)",
        "checkbox_label_border_color": "var(--hairline-strong)",
        "checkbox_label_border_color_selected": "var(--accent)",
        "slider_color": "var(--accent)",
        "link_text_color": "var(--accent)",
        "panel_background_fill": "transparent",
        "table_border_color": "var(--hairline)",
    }
    variants = inspect.signature(base.set).parameters
    dark = {f"{k}_dark": value for k, value in both.items() if f"{k}_dark" in variants}
    flat = {"block_shadow": "none", "block_border_width": "0px", "block_padding": "0px"}
    return base.set(**both, **dark, **flat, input_border_width="1px", layout_gap="16px")
