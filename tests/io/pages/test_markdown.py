from kdxf.io.pages import markdown_table


def test_lines():
    assert markdown_table(["a", "b"], [["1", ""], ["x y", "2"]]) == "| a | b |\n| --- | --- |\n| 1 |  |\n| x y | 2 |\n"
    assert markdown_table(["a"], []) == "| a |\n| --- |\n"
