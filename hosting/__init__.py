"""How the app is put where others can use it. No Gradio, no engine library."""
