"""What people see: one file a view, the pure function from trace to view data beside it."""
