"""`python -m milepost.verify`, and what runs first in verify.pyz."""

import sys

from .command import main

sys.exit(main())
