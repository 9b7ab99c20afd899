"""Writes the vectors: `python Protocol/vectors/make` (needs google-crc32c).

The written files, not these scripts, are the truth.
"""

import invalid
import invalid_scores
import transcripts
import valid
import valid_scores
from fields import FOLDER

for pattern in ("valid/*.hex", "invalid/*.hex", "transcripts/*.txt"):
    for old in FOLDER.glob(pattern):
        old.unlink()
for frames in (valid, invalid):
    frames.small_frames()
    frames.bounds()
valid.greetings()
valid.errors()
valid_scores.scores()
valid_scores.later_columns()
valid.replies()
invalid.headers()
invalid.replies()
invalid_scores.scores()
transcripts.greetings()
transcripts.refused_frames()
transcripts.handles()
transcripts.work()
