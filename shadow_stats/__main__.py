"""`python -m shadow_stats`."""

import sys

from shadow_stats.command import main

sys.exit(main())
