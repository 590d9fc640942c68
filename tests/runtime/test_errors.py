from kdxf import errors
from kdxf_runtime.errors import UserError


def test_it_is_a_value_error_and_that_of_kdxf():
    assert issubclass(UserError, ValueError) and errors.UserError is UserError
