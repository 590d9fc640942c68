from kdxf.data.cleaning.options import PREFILLS, RULES, Options


def test_what_is_taken_by_default_may_be_chosen():
    chosen = Options()
    assert (chosen.rule, chosen.prefill) == ("improbable", "drop")
    assert chosen.rule in RULES and chosen.prefill in PREFILLS
