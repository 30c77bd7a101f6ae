//! German: endings, the past participle's "ge-", umlauts that were typed as two letters, stop words.
//!
//! Compounds stay whole: "Lieblingsfarbe" is found by itself and not by "Farbe".

use crate::text::find::find;
use crate::text::stem::{Stemmer, Verbs};

pub(crate) const STEMMER: Stemmer = Stemmer {
    vowels: "aeiouy",
    verbs: Verbs::Vowel,
    prepare,
    rounds: &[
        "@1 em ern er e en es @1/b,d,f,g,h,k,l,m,n,r,t s",
        "@w niss>nis",
        // Snowball keeps the "t" of verbs. Here it goes: "Wo wohnt sie?" asks for "Ich wohne in Rom".
        "@1 en er est et @1/b,d,g,h,k,l,m,n,p,r,auf,lf st",
        "@1/b,d,g,h,k,l,m,n,p,r,auf,lf t",
        "@2 lich heit",
        "&@1 er en",
        "|@2 end ung igung isch keit lichkeit igkeit ig ik",
    ],
};

/// "Koeln" becomes "koln", as "Köln" does, and "gekauft" becomes "kauft".
fn prepare(word: &mut String) {
    for pair in ["ae", "oe", "ue"] {
        if let Some(at) = find(word, pair).filter(|&at| at + 2 < word.len())
            && !word[..at].ends_with(['a', 'e', 'i', 'o', 'u', 'q'])
        {
            word.remove(at + 1);
        }
    }
    // Nouns that look like participles: Gesicht, Geschäft, Geburt, Gelegenheit.
    let noun = ["icht", "aft", "urt", "eit"].iter().any(|ending| word.ends_with(ending));
    if word.len() >= 6 && word.starts_with("ge") && word.ends_with('t') && !noun {
        word.drain(..2);
    }
}

pub(crate) const STOP_WORDS: &str = "der die das den dem des ein eine einen einem einer eines kein keine keinen keiner \
    und oder aber sondern denn weil dass wenn als ob wie so sehr auch nur noch schon doch mal ja nicht nichts \
    ich du er sie es wir ihr mich dich sich uns euch mir dir ihm ihn ihnen man \
    mein meine meinen meinem meiner meines dein deine deinen deinem deiner sein seine seinen seinem seiner seines \
    ihre ihren ihrem ihrer ihres unser unsere unseren unserem unserer euer eure \
    dieser diese dieses diesen diesem jener jede jeder jedes \
    wer wen wem wessen was wo wohin woher wann warum wieso weshalb welche welcher welches welchen welchem womit wofur \
    bin bist ist sind seid war warst waren wart gewesen sei habe hast hat haben habt hatte hatten hattest gehabt \
    werde wirst wird werden wurde wurden worden kann kannst konnen konnte muss musst mussen soll sollen will willst \
    wollen mochte mochten darf durfen \
    in im an am auf aus bei beim mit nach von vom vor zu zum zur fur uber unter um durch gegen ohne bis seit \
    da dort hier dann";

/// Words with content that show the language of a short question.
pub(crate) const TELLING: &str = "wohnt wohne macht mache gibt geht heisst heisse kommt mag magst isst lebt lebe arbeitet \
    gerne gern heute gestern morgen jahre jahren immer viel mehr alle gefallt welch";
