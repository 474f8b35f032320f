"""What a trace looks like: one file a view, each a pure function from trace to view data."""
