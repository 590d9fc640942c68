"""The exception for what a user can put right."""

from kdxf.errors import UserError


def test_a_user_error_is_a_value_error():
    error = UserError("list.csv: no such annotation file")
    assert isinstance(error, ValueError)
    assert str(error) == "list.csv: no such annotation file"
