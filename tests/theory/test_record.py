"""Claims about the record: figures follow from data by their definition, with their error."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import polars
import pytest

from counterpoise.envs.engine.errors import CounterpoiseError, UnknownNameError
from counterpoise.theory import record
from counterpoise.theory.metrics import METRICS
from counterpoise.theory.record import sources


def write_copy(folder: Path) -> Path:
    """Write tables of three majors from 1900 to 1909, of which one leaves in 1904."""
    spells = {"ccode": [1.0, 2.0, 3.0], "styear": [1900.0] * 3, "endyear": [1909.0, 1909.0, 1904.0]}
    polars.DataFrame(spells).write_parquet(folder / "cow_majors.parquet")
    # A pact of 1 and 2 listed in both orders, and one with a minor power.
    pacts = [(1, 2, 1900, 1), (2, 1, 1900, 1), (1, 9, 1900, 1), (1, 3, 1901, 0)]
    names = sources.COLUMNS["atop_alliance"]
    polars.DataFrame(
        {name: [float(row[k]) for row in pacts] for k, name in enumerate(names)}
    ).write_parquet(folder / "atop_alliance.parquet")
    usual = dict(
        dispnum=1, ccode1=1, ccode2=2, year=1900, midonset=1, sidea1=1, orig1=1, orig2=1,
        hostlev=4, outcome=4, recip=0,
    )  # fmt: skip
    changes = (
        {},  # the target yields
        {"hostlev": 5, "outcome": 1, "recip": 1, "year": 1902},  # a war
        {"outcome": 5, "recip": 1, "year": 1903},  # a stalemate
        {"ccode1": 2, "ccode2": 1, "sidea1": 0},  # the same dispute from the other side
        {"midonset": 0, "year": 1901},  # it goes on
        {"orig2": 0},  # joined later
        {"ccode2": 3, "year": 1906},  # no longer a major
    )
    rows = [{**usual, **change} for change in changes]
    polars.DataFrame({k: [float(row[k]) for row in rows] for k in usual}).write_parquet(
        folder / "gml_dirdisp.parquet"
    )
    return folder


def test_events_among_majors_are_counted_once_and_joiners_not_at_all(tmp_path: Path) -> None:
    years = sources.by_year(write_copy(tmp_path))
    assert years["year"].to_list() == list(range(1900, 1910))
    assert years["powers"].to_list() == [3] * 5 + [2] * 5
    assert years["pairs"].to_list() == [3] * 5 + [1] * 5
    assert years["pacts"].sum() == 1
    assert {name: years[name].sum() for name in years.columns[4:]} == {
        "disputes": 3,
        "wars": 1,
        "yields": 1,
        "stalemates": 1,
        "reciprocated": 2,
    }


def test_a_copy_may_be_of_csv_files(tmp_path: Path) -> None:
    write_copy(tmp_path)
    expected = sources.by_year(tmp_path)
    for path in list(tmp_path.glob("*.parquet")):
        polars.read_parquet(path).write_csv(path.with_suffix(".csv"))
        path.unlink()
    assert sources.by_year(tmp_path).equals(expected)


def test_a_copy_that_lacks_something_is_refused_by_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(sources.VARIABLE, raising=False)
    with pytest.raises(CounterpoiseError, match=sources.VARIABLE):
        sources.folder()
    with pytest.raises(CounterpoiseError, match=r"no cow_majors\.parquet"):
        sources.by_year(tmp_path)
    polars.DataFrame({"ccode": [1.0]}).write_parquet(tmp_path / "cow_majors.parquet")
    with pytest.raises(CounterpoiseError, match="no column 'styear'"):
        sources.by_year(tmp_path)
    write_copy(tmp_path)
    moment = record.moments()["demand_rate"]
    before = sources.by_year(tmp_path).filter(polars.col("year") < 1900)
    with pytest.raises(CounterpoiseError, match="no powers from 1816 to 1945"):
        sources.computed(moment, before)


def test_a_ratio_is_of_sums_and_its_error_grows_where_years_resemble_their_neighbours() -> None:
    rng = np.random.default_rng(0)
    over = np.full(200, 5.0)
    apart = rng.permutation(np.repeat([0.0, 1.0], 100))
    spells = np.repeat(np.tile([0.0, 1.0], 10), 10)
    independent, clustered = sources.ratio(apart, over), sources.ratio(spells, over)
    assert independent.value == clustered.value == pytest.approx(0.1)
    assert clustered.error is not None
    assert independent.error is not None
    assert clustered.error > 1.5 * independent.error
    assert clustered.low < clustered.value < clustered.high
    assert sources.ratio(apart, over) == independent


def test_every_moment_has_a_counterpart_a_source_and_a_figure_with_an_error_or_a_tolerance() -> (
    None
):
    found = record.moments()
    assert len(found) >= 11
    for moment in found.values():
        assert moment.counterpart in METRICS
        assert moment.source
        assert moment.figures, moment.name
        if moment.is_computed:
            assert set(moment.figures) == set(record.PERIODS)
        for figure in moment.figures.values():
            assert figure.low <= figure.value <= figure.high
            assert (figure.error is not None) == moment.is_computed
            assert figure.accepts(figure.value)
            assert not figure.accepts(figure.high + 0.01)
    assert record.counterparts()["concession_rate"].name == "concession_rate"


def test_the_figures_are_those_of_the_published_counts() -> None:
    """84 disputes of 792 major-years until 1945: 8 wars, 17 that yield; 193 of 1,153 until 2010."""
    found = {name: moment.figures for name, moment in record.moments().items()}
    assert found["demand_rate"]["until_1945"].value == pytest.approx(84 / 792, abs=1e-5)
    assert found["fought_rate"]["until_1945"].value == pytest.approx(8 / 84, abs=1e-5)
    assert found["war_rate"]["until_1945"].value == pytest.approx(8 / 792, abs=1e-5)
    assert found["concession_rate"]["until_1945"].value == pytest.approx(17 / 84, abs=1e-5)
    assert found["demand_rate"]["until_2010"].value == pytest.approx(193 / 1153, abs=1e-5)


def test_a_moment_without_a_known_counterpart_is_refused(tmp_path: Path) -> None:
    declared = tmp_path / "moments.toml"
    text = '[[moments]]\nname = "a"\ncounterpart = "{}"\nunit = "1"\ndefinition = "b"\nsource = "c"'
    declared.write_text(text.format("alies"))
    with pytest.raises(UnknownNameError, match="allies"):
        record.read(declared, tmp_path / "none.toml")
    declared.write_text(text.format("allies"))
    with pytest.raises(CounterpoiseError, match="until_1945 or until_2010"):
        record.read(declared, tmp_path / "none.toml")
    declared.write_text(text.format("allies") + '\ncolour = "red"')
    with pytest.raises(UnknownNameError, match="colour"):
        record.read(declared, tmp_path / "none.toml")


@pytest.mark.skipif(sources.VARIABLE not in os.environ, reason="No copy of the data at hand.")
def test_the_figures_follow_from_the_data() -> None:
    years = sources.by_year(sources.folder())
    for moment in record.moments().values():
        if not moment.is_computed:
            continue
        for period, figure in sources.computed(moment, years).items():
            shown = moment.figures[period]
            for name in ("value", "error", "low", "high"):
                assert getattr(figure, name) == pytest.approx(getattr(shown, name), abs=6e-6)
