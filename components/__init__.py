"""What people see: the page and what its tabs share; `asking` has the form, `views` the picture."""
