"""Compute the moments of the record of the major powers, with their sampling errors.

    python studies/record.py FOLDER
    COUNTERPOISE_HISTORY=FOLDER python studies/record.py

FOLDER holds your copy of the tables `cow_majors`, `gml_dirdisp` and `atop_alliance`, as Parquet or
CSV; `counterpoise.theory.record.sources` says what they are and whom to cite. Writes the figures,
which the project contains, and nothing of the tables, which it does not.
"""

from __future__ import annotations

from pathlib import Path

import study

from counterpoise.envs.engine.files import write_text_atomically
from counterpoise.theory import record
from counterpoise.theory.record import sources

HEAD = (
    "# Written by `python studies/record.py`. The error is the standard error, and low and high\n"
    "# are the ends of the 95 % interval, of a bootstrap over blocks of ten years.\n"
)


def main() -> None:
    parser = study.options(__doc__)
    parser.add_argument("folder", nargs="?", type=Path, help="folder of the tables")
    parser.add_argument("--out", type=Path, default=record.FIGURES_FILE, help="file of the figures")
    asked = parser.parse_args()
    years = sources.by_year(sources.folder(asked.folder))
    lines = [HEAD]
    for moment in record.moments().values():
        if not moment.is_computed:
            continue
        lines.append(f"[{moment.name}]")
        for period, found in sources.computed(moment, years).items():
            lines.append(
                f"{period} = {{ value = {found.value:.5f}, error = {found.error:.5f}, "
                f"low = {found.low:.5f}, high = {found.high:.5f} }}"
            )
            study.tell(moment.name, lines[-1])
        lines.append("")
    write_text_atomically(asked.out, "\n".join(lines))


if __name__ == "__main__":
    main()
