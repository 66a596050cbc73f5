module shadow-rollouts.local/pause

go 1.26.0
