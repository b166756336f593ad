"""What every application shares: drafts, documents, deadlines, events, decisions."""
