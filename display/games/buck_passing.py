"""What is asked of learners of `buck_passing`, and its comparative statics."""

from __future__ import annotations

from counterpoise.display.appearance import Display

DISPLAY = Display()
