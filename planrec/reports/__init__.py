"""Reports about runs: leaderboard, comparison, explanation, page, cards."""
