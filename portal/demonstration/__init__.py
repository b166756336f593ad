"""Something to show the portal with: real institutions, made-up applicants, a clock to move."""
