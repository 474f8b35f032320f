"""The client of a completions server, in any dialect."""
