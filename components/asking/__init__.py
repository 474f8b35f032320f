"""The form: the question, the settings, the exemplars and pools, and what they come to."""
