"""The classes of the demo, and which of them share their look or their words."""

from collections import Counter
from dataclasses import dataclass


@dataclass(frozen=True)
class DemoClass:
    """One class of advertisements.

    Attributes:
        name: Its Chinese name, as in ``classes.txt``.
        look: Key of :data:`advertisements.looks.LOOKS`.
        words: Key of :data:`advertisements.phrases.TOPICS`.
    """

    name: str
    look: str
    words: str


# Every pair of look and words occurs once, so both together identify the class. A look or a topic alone identifies
# only classes that do not share it: 5 of 12 by look, 5 of 12 by words.
CLASSES = (
    DemoClass("化妆品", look="cosmetics", words="makeup"),
    DemoClass("淘宝/京东电商", look="coupon", words="promotion"),
    DemoClass("饿了么外卖", look="coupon", words="meals"),
    DemoClass("母婴奶粉", look="baby", words="formula"),
    DemoClass("手机", look="phone", words="promotion"),
    DemoClass("抖音快手", look="phone", words="video"),
    DemoClass("口红", look="lipstick", words="makeup"),
    DemoClass("母婴纸尿裤", look="baby", words="nappies"),
    DemoClass("女装", look="clothes", words="promotion"),
    DemoClass("小型厨房电器", look="kitchen", words="appliances"),
    DemoClass("家电", look="home", words="appliances"),
    DemoClass("打车优惠券", look="coupon", words="rides"),
)

_LOOKS = Counter(item.look for item in CLASSES)
_WORDS = Counter(item.words for item in CLASSES)


def told_by_look(item: DemoClass) -> bool:
    """Return whether no other class has the look of ``item``."""
    return _LOOKS[item.look] == 1


def told_by_words(item: DemoClass) -> bool:
    """Return whether no other class has the words of ``item``."""
    return _WORDS[item.words] == 1
