//! What is recognised in Chinese. Each character is a word, except for the words of the list.

use super::*;

pub(super) const SOURCE: Source = Source {
    language: Language::Chinese,
    rules: RULES,
    dates: DATES,
    words: WORDS,
    favourite: &[],
    of: &[],
    longest_name: 8,
};

const RULES: &str = "\
$ ~ 不 再? 住 在 *N 了 => lives in|home|-
$ 不 再 住 在 *N => lives in|home|-
$ ~ 住 在 *N => lives in|home
$ ~ 搬 到 了? *N => lives in|home|t
$ ~ 搬 去 了? *N => lives in|home|t
$ ~ 叫 做? *N => is called|name
$ 的 名 字 是/叫 *N => is called|name
以 后 请? 叫 我 *N => procedural; is called|name|0
请 叫 我 *N => procedural; is called|name|0
$ ~ 不 再? 在 *N 工作/上班 了 => works at|employer|-
$ 不 再 在 *N 工作/上班 => works at|employer|-
$ ~ 在 *N 工作/上班 => works at|employer
$ ~ 是 一? 个/名/位? *J => works as|job
$ ~ 不 再? 吃 <素> 了 => eats|diet|-
$ 不 再 吃 <素> => eats|diet|-
$ ~ 吃 <素> => eats|diet
$ ~ 是 一? 个? <素食主义者/素食者> => eats|diet
$ ~ 对 *1 过 敏 => is allergic to|allergy: *
$ 最 喜欢 的 @ 是 *V => is|favourite @
$ ~ 不 再? 喜欢/爱 *A 了 => attitude to *|attitude: *|-=like
$ 不 再 喜欢/爱 *A => attitude to *|attitude: *|-=like
$ ~ 不 喜欢/爱 *A => attitude to *|attitude: *|=dislike
$ ~ 不 吃 *A => attitude to eating *|attitude: eat *|=dislike
$ ~ 讨厌 *A => attitude to *|attitude: *|=dislike
$ ~ 喜欢 *A => attitude to *|attitude: *|=like
$ ~ 用 *T => uses|uses: *
$ 来自 *N => is from|origin
$ ~ *# 岁 => is|age
$ 的 @ 是 *V => is|@
^ 是/为 *V => is|^
提 醒 我 * => task
别 忘 了? * => task
不 要 忘 记? * => task
$ 需 要 * => task
$ 必 须 * => task
请 总是/一直 * => procedural
请 用 * => procedural
总是 用 * => procedural
不 要 用/使 * => procedural
别 用 * => procedural
从 现在 起/开 * => procedural
以 后 * => procedural
不 对 , 我 是 说 *V => correct
不 对 , 是 *V => correct
不 , 我 是 说 *V => correct";

const DATES: &str = "\
今天 => 0d
今晚 => 0d
昨天 => -1d
前天 => -2d
明天 => +1d
后天 => +2d
上 个? U => -1
这 个? U => 0
本 U => 0
下 个? U => +1
去年 => -1y
今年 => 0y
明年 => +1y
N 个? U 前 => -N
N 个? U 后 => +N
上 周/星期/礼拜 w => <
下 周/星期/礼拜 w => >
周/星期/礼拜 w => =
Y 年 m 月 D 日/号? => abs
m 月 D 日/号 => abs
Y 年 m 月 => abs
Y 年 => abs
I => abs";

const WORDS: &[(u32, &str)] = &[
    (I | STOP, "我 我们"),
    (YOU | STOP, "你 您"),
    (
        RELATION,
        "姐姐=sister 妹妹=sister 哥哥=brother 弟弟=brother 儿子=son 女儿=daughter 朋友=friend 同事=colleague 狗=dog 猫=cat",
    ),
    (
        ONLY,
        "妈妈=mother 母亲=mother 爸爸=father 父亲=father 老婆=partner 妻子=partner 老公=partner 丈夫=partner 女朋友=partner 男朋友=partner 老板=boss",
    ),
    (ADVERB, "现在 目前 已经 也 很 就 还 刚 刚刚 非常 真的 特别 都 最近"),
    (FILLER, "你好 嗯 对 哈哈 其实 因为 所以 但是 而且 不过 那 请"),
    (AND, "和 但是 因为 所以 而且"),
    (UNREAL, "如果 要是 可能 也许 希望 假如"),
    (STOP, "我 你 他 她 它 这 那 什么 吗 呢 家 这里 那里 说 很 不 谁 哪 想 的 了 过 着"),
    (END, "但是 因为 所以 而且 我"),
    (NAME_END, "的 工作 上班 了"),
    (TAIL, "了 吧 啊 呀 哦 呢 的"),
    (
        JOB,
        "医生 老师 护士 律师 工程师 程序员 学生 设计师 厨师 会计 记者 司机 警察 教授 作家 画家 演员 经理 研究员 科学家 翻译",
    ),
    (
        VALUE,
        "密码 邮箱=email 电话=phone 地址=address 生日=birthday 截止日期 预算 端口 版本 价格 名字=name 工资 房租 号码 颜色",
    ),
    (MONTH, "一月=1"),
    (WEEKDAY, "一 二 三 四 五 六 日 天"),
    (UNIT, "天=d 周=w 星期=w 礼拜=w 月=m 年=y 周末=e"),
    (NUMBER, "一=1 两=2 二=2 三=3 四=4 五=5 六=6 七=7 八=8 九=9 十=10"),
    (BEFORE_DATE, "在 从 到 自"),
    (SINCE, "从 自"),
    (IDLE | VALUE, "密码 颜色"),
    (PAST, "了 过"),
    (ASKS, "吗 呢 么"),
    (IS, "是 为"),
    (0, "喜欢 讨厌 来自 总是 一直 工作 上班 今天 今晚 昨天 前天 明天 后天 去年 今年 明年 素食主义者 素食者"),
];
