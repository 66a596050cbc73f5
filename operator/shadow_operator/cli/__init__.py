"""What people and init containers call by hand: thin, over the same core as the operator."""
