"""What our figures are measured against: each the straightforward way to do the same."""
