"""How much is tried: each day what tells soon enough, with `make thorough` everything, which takes hours."""

import os

IS_THOROUGH = "THOROUGH" in os.environ
