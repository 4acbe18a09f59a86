"""Grand strategy: two to eight powers on one budget, the full game, one file a subject.

============== ============================================================ ================
file           subject                                                      equations
============== ============================================================ ================
`parameters`   every constant, with unit, range and meaning                 all
`world`        what changes while the game runs; what powers choose         all
`economy`      production, investment, capital, technology                  1, 2, 7, 8, 10, 11
`treasury`     tax, spending, debt, interest, default, aid and tribute      3 to 6
`military`     procurement, generations, readiness, mobilisation, odds      12, 13, 18
`resilience`   supply security, reserves, blackouts, embargoes              14, 15
`diplomacy`    offers, notice, autonomy, the record of pledges              16, 17
`crisis`       demand, resistance, honour or abandon, back down, war        19 to 21
`politics`     coherence, turnover, collapse, what a year is worth          22 to 25
`perception`   what powers see, and what is open to them                    26
`year`         the order of events in one year                              the timing
============== ============================================================ ================

The equations are written out, with sources, in ``docs/games/grand_strategy.md``; their numbers
stand beside the lines that compute them.
"""
