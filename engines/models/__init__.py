"""Models by name, and how their files are had."""
