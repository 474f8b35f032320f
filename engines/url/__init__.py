"""Any completions server at a URL: which dialect it speaks, and what it can do."""
