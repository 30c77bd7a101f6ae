//! What questions in Chinese, Japanese, Korean and Thai hold beside their content: function words, particles and
//! polite endings, all in composed form. Only queries lose them; documents keep every character.

/// Chinese, simplified and traditional. Cut wherever they stand.
pub(crate) const CHINESE: &str = "什么时候 什麼時候 为什么 為什麼 什么 什麼 哪里 哪裡 哪儿 哪個 哪个 怎么样 怎麼樣 怎么 怎麼 多少 谁 誰 吗 嗎 呢 吧 \
    了 的 我们 我們 你们 你們 他们 他們 她们 她們 我 你 您 她 是 请问 請問";

/// Thai. Cut wherever they stand.
pub(crate) const THAI: &str = "ที่ไหน อะไร ใคร เมื่อไหร่ เมื่อไร ทำไม อย่างไร ยังไง หรือเปล่า หรือไม่ ไหม ฉัน คุณ ครับ ค่ะ";

/// Japanese words in Kana. Cut where no Hiragana stands before them.
pub(crate) const JAPANESE: &str = "どこ だれ なに なん いつ なぜ どう どの どんな どうして どちら いくつ いくら あなた わたし ぼく \
    この その あの これ それ あれ という について から まで には では とは にも でも へは する した";

/// Japanese words with Chinese characters. Cut wherever they stand.
pub(crate) const JAPANESE_HAN: &str = "何 誰 私 僕 俺 彼女 君";

/// Japanese particles. Cut between characters that are not Hiragana.
pub(crate) const JAPANESE_PARTICLES: &str = "は が を に で の へ と も や か";

/// Japanese endings. Cut where no Hiragana follows.
pub(crate) const JAPANESE_ENDINGS: &str = "ですか です でした でしたか ますか ます ました ましたか ていますか ています \
    でいますか でいます ていた ている でいる でいた しますか します しましたか しました していますか しています している したか \
    だったか だった ですかね ください";

/// Korean particles and copulas at the end of a word, that leave at least two syllables.
pub(crate) const KOREAN_ENDINGS: &str = "에서는 에서도 에서의 에서 에게서 에게 한테서 한테 으로부터 부터 까지 으로는 으로 에는 에도 \
    이랑 하고 께서 보다 처럼 마다 밖에 이라고 라고 이나 입니다 입니까 이에요 예요 인가요 이야 은 는 이 가 을 를 에 의 와 과 도 만 로 랑 께 야";

/// Korean particles that may leave a single syllable: they seldom end a noun themselves.
pub(crate) const KOREAN_PARTICLES: &str = "에서는 에서 에게 한테 부터 까지 으로 은 는 이 가 을 를 에";

/// Korean words without content, before or after a particle is taken away.
pub(crate) const KOREAN: &str = "어디 누구 누가 무엇 뭐 뭘 무얼 언제 왜 어떻게 어떤 어느 무슨 몇 내 제 나 나는 저 저는 우리 그 그녀 그는 너 너는 당신 이 것 \
    거 수 있어요 있나요 있습니까 있어 있니 있습니다 이에요 입니까 인가요 해요 하나요 합니까 했나요 했어요";
