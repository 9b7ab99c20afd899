"""Writes the vectors: `python Protocol/vectors/make` (needs google-crc32c).

The written files, not these scripts, are the truth.
"""

import invalid
import invalid_scores
import valid
from fields import FOLDER

for old in [*FOLDER.glob("valid/*.hex"), *FOLDER.glob("invalid/*.hex")]:
    old.unlink()
for frames in (valid, invalid):
    frames.small_frames()
    frames.bounds()
valid.greetings()
valid.errors()
valid.scores()
valid.later_columns()
valid.replies()
invalid.headers()
invalid_scores.scores()
