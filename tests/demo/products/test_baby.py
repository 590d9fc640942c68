import pytest

from kdxf.demo.products.baby import PRODUCTS


@pytest.mark.parametrize("product", PRODUCTS)
def test_products(product, check_product):
    check_product(product)
