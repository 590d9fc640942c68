import pytest
from advertisements.products import baby, clothes, cosmetics, coupons, home, kitchen, lipsticks, phones

MODULES = (baby, clothes, cosmetics, coupons, home, kitchen, lipsticks, phones)


@pytest.mark.parametrize("product", [product for module in MODULES for product in module.PRODUCTS])
def test_products(product, check_product):
    check_product(product)
