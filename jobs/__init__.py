"""Work done outside requests: one module per slice that has some."""
