"""Mail about a month: who gets which, in both languages, each sent once."""
