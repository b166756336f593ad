"""What the Registration Office works with: queues and decisions, composed of the slices below."""
