from kdxf.recipes.ensembles import average, options, task


def test_the_names_are_those_of_the_functions():
    assert tuple(average.MEANS) == options.MEANS
    assert tuple(task.METRICS) == options.METRICS
