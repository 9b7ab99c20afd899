"""Writes the vectors: `python Protocol/vectors/make` (needs google-crc32c).

The written files, not these scripts, are the truth.
"""

import invalid
import invalid_scores
import valid
from fields import HERE

for old in [*HERE.glob("valid/*.hex"), *HERE.glob("invalid/*.hex")]:
    old.unlink()
for frames in (valid, invalid):
    frames.small_frames()
    frames.bounds()
valid.scores()
invalid_scores.scores()
