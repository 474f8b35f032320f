"""The words every other room speaks. No Gradio, no engine library, no torch."""

VERSION = "0.1.0"
