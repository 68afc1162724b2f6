"""What survives a restart: memories, stops, budgets and the change log, in one SQLite file."""
