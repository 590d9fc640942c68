"""The texts of the advertisements: phrases of each topic, and general ones that all of them share.

``{slot}`` stands for one of the entries of that slot in :data:`SLOTS`. No brand is named.
"""

import random
import re

SLOTS = {
    "n": ("10", "20", "30", "50", "99", "100", "200", "300"),
    "off": ("20", "30", "50"),
    "fold": ("三", "五", "六", "七", "八"),
    "dish": ("汉堡", "炸鸡", "麻辣烫", "奶茶", "盖浇饭", "小龙虾", "火锅", "牛肉面", "寿司", "烤鱼", "披萨", "饺子"),
    "meal": ("早餐", "午餐", "晚餐", "夜宵", "下午茶"),
    "clip": ("短视频", "直播", "搞笑视频", "舞蹈视频", "热门视频"),
    "milk": ("奶粉", "婴儿奶粉", "有机奶粉", "羊奶粉", "配方奶粉"),
    "nappy": ("纸尿裤", "拉拉裤", "尿不湿", "婴儿纸尿裤", "学步裤"),
    "car": ("快车", "专车", "拼车", "打车", "顺风车"),
    "trip": ("上班", "下班", "机场", "夜间", "雨天", "回家"),
    "skin": ("肌肤", "双唇", "脸庞", "妆容"),
    "device": ("家电", "电器", "家用电器", "生活电器"),
}

TOPICS: dict[str, tuple[str, ...]] = {
    "promotion": (
        "限时特惠", "全场{fold}折", "年中大促", "新品上市", "清仓甩卖", "狂欢购物节", "爆款直降", "买一送一",
        "超级秒杀", "品牌特卖", "周年庆典", "会员专享", "折扣来袭", "热卖爆款", "好物推荐", "低价疯抢",
        "领券立减{n}元", "全国包邮", "正品保障", "七天无理由退换", "限量抢购", "前{n}名半价", "下单立省{n}元",
        "新人专享价", "折上再打{fold}折",
    ),
    "makeup": (
        "水润显白", "持久不脱妆", "一抹显气色", "美妆盛典", "滋润不拔干", "补水保湿", "焕亮{skin}", "精致妆容",
        "素颜也好看", "敏感肌可用", "轻盈服帖", "约会必备", "彩妆专场", "女神同款", "变美秘籍", "呵护{skin}",
        "高级质感", "丝绒哑光", "滋养{skin}", "美丽绽放",
    ),
    "appliances": (
        "{device}专场", "静音省电", "一键操作", "大容量设计", "家用必备", "一级能效", "手机遥控", "解放双手",
        "懒人神器", "强劲电机", "预约定时", "全国联保", "三年质保", "轻松清洗", "触控面板", "低噪音",
        "智能{device}", "品质{device}", "节能环保", "以旧换新",
    ),
    "meals": (
        "{dish}热腾腾", "今天吃{dish}", "{dish}第二份半价", "骑手准时送达", "外卖{n}分钟到", "附近美食",
        "深夜食堂", "{meal}吃什么", "免配送费", "饿了就点外卖", "好吃不贵", "{dish}到家", "{meal}外卖红包",
        "美味{dish}", "招牌{dish}", "一人食套餐", "吃货福利", "{meal}来份{dish}",
    ),
    "video": (
        "刷{clip}领金币", "看{clip}赚零花", "{clip}教学", "主播招募中", "涨粉秘籍", "热门音乐", "同款特效",
        "搞笑段子", "一键剪辑", "记录美好生活", "关注主播", "万人在线观看", "才艺表演", "拍{clip}上热门",
        "附近的人都在看", "{clip}神器", "老铁点赞", "网红带货",
    ),
    "formula": (
        "进口{milk}", "{milk}新升级", "进口奶源", "呵护宝宝成长", "乳铁蛋白", "天然牧场", "好吸收不上火",
        "益生菌配方", "{milk}专场", "宝宝爱喝", "助力大脑发育", "钙铁锌营养", "亲和母乳", "宝妈首选{milk}",
        "保护力更强", "营养好吸收", "宝宝{milk}", "三段{milk}",
    ),
    "nappies": (
        "超薄透气", "{nappy}新升级", "瞬吸干爽", "一夜安睡", "防侧漏", "呵护宝宝小屁屁", "柔软亲肤",
        "不红屁屁", "大吸量", "干爽整夜", "{nappy}专场", "立体护围", "宝妈首选{nappy}", "宝宝{nappy}",
        "弹力腰围", "轻薄{nappy}", "吸水不反渗", "透气{nappy}",
    ),
    "rides": (
        "{car}优惠券", "{car}立减{n}元", "司机秒接单", "出行红包", "首单免费乘车", "{trip}打车", "{trip}{car}",
        "拼车更便宜", "一键叫车", "平安到家", "{trip}叫车不等待", "代驾服务", "{car}随叫随到", "乘车{fold}折",
        "安心出行", "接送机服务", "出租车打表", "行程分享更安全",
    ),
}

BUTTONS = ("立即抢购", "点击领取", "马上下单", "查看详情", "了解更多", "立即参与", "马上领取", "点我查看")
SMALL_TALK = (
    "今日特价", "活动进行中", "满300减{off}", "仅限今天", "新用户专享", "数量有限", "先到先得",
    "官方正品", "天天有惊喜", "扫码关注", "热线400-000-0{n}", "NEW ARRIVAL", "5G", "SALE {off}%OFF", "HOT",
    "2021", "VIP",
)
FINE_PRINT = ("活动最终解释权归商家所有", "图片仅供参考", "具体以活动页面为准", "广告")
BRANDS = ("LUMORA", "Novika", "KELPO", "Yunmei", "ARVELLA", "Tavino", "MIRUO", "Zentora", "Poffi", "OKUMI", "Velano")


def fill(phrase: str, rng: random.Random) -> str:
    """Replace each ``{slot}`` of ``phrase`` by a random entry."""
    return re.sub(r"\{(\w+)\}", lambda match: rng.choice(SLOTS[match[1]]), phrase)


def characters() -> str:
    """Return every character that may have to be drawn, each once, sorted."""
    phrases = [*BUTTONS, *SMALL_TALK, *FINE_PRINT, *BRANDS, *(entry for slot in SLOTS.values() for entry in slot)]
    phrases += [phrase for topic in TOPICS.values() for phrase in topic]
    return "".join(sorted({character for phrase in phrases for character in phrase} - set("{}") | set("¥0123456789.")))
