"""Grand strategy, the full game: two to eight powers with one budget each; one file per subject.

============== ============================================================ ================
file           subject                                                      equations
============== ============================================================ ================
`parameters`   every parameter, with unit, range and meaning                all
`world`        the state, the budget and the other decisions                all
`economy`      production, investment, capital, technology                  1, 2, 7, 8, 10, 11
`treasury`     tax, spending, debt, interest, default, aid and tribute      3 to 6
`military`     procurement, generations, readiness, mobilisation, odds      12, 13, 18
`resilience`   supply security, reserves, blackouts, embargoes              14, 15
`diplomacy`    alliances, notice, autonomy, the record of pledges           16, 17
`crisis`       demands, resistance, allied support, backing down, war       19 to 21
`politics`     coherence, turnover, collapse, the yearly payoff             22 to 25
`perception`   observations and action masks                                26
`year`         the order of events in one year                              the timing
============== ============================================================ ================

``docs/games/grand_strategy.md`` states the equations with their sources; comments give their
numbers beside the lines that compute them.
"""
