//! Portuguese: endings and stop words.

use crate::text::stem::{Stemmer, Verbs};

pub(crate) const STEMMER: Stemmer = Stemmer {
    vowels: "aeiou",
    verbs: Verbs::Romance,
    prepare: |_| {},
    rounds: &[
        // Plurals that Snowball leaves alone: aviões, animais, viagens.
        "@v oes>ao aes>ao ais>al eis>el ois>ol ns>m",
        "@2 eza ezas ico ica icos icas ismo ismos avel ivel ista istas oso osa osos osas amento amentos imento \
         imentos adora ador acao adoras adores ante antes ancia ancias logia>log logias>log ucao>u \
         encia>ente encias>ente mente antemente avelmente ivelmente idade idades abilidade abilidades icidade \
         ividade iva ivo ivas ivos ativa ativo ativas ativos @1 amente osamente icamente ivamente adamente \
         @v/e ira>ir iras>ir",
        "|@v ada ida ia aria eria iria ara era ira ava asse esse isse aste este iste ei arei erei irei am iam ariam \
         eriam iriam aram eram iram avam em arem erem irem assem essem issem ado ido ando endo indo arao erao irao \
         ar er ir as adas idas ias arias erias irias aras eras iras avas es ardes erdes irdes ares eres ires asses \
         esses isses astes estes istes is ados idos amos iamos ariamos eriamos iriamos aramos eramos iramos avamos \
         emos aremos eremos iremos assemos essemos issemos imos armos ermos irmos eu iu ou",
        "|@v os a i o @v/a,e s",
        "@v/c i",
        "@v e",
        "@v/g u @v/c i",
    ],
};

pub(crate) const STOP_WORDS: &str = "o a os as um uma uns umas ao aos do da dos das no na nos nas num numa pelo pela \
    pelos pelas de em este esta isto estes estas esse essa isso esses essas aquele aquela aquilo \
    e ou mas nem porque pois se que quem qual quais quando onde como quanto quanta quantos quantas \
    eu me mim tu te ti voce voces ele ela eles elas nos lhe lhes meu minha meus minhas teu tua teus tuas seu sua seus \
    suas nosso nossa nossos nossas dele dela deles delas \
    nao muito mais tao tambem ja tudo todo toda todos todas algo nada \
    com contra desde entre para por sem sobre sob ate apos durante \
    sou es somos era eram foi fui foram ser sendo sido estou esta estamos estao estava estavam estar \
    ha tenho tem temos tinha tinham ter fez faz fazer pode posso vai vou vao aqui ali";

/// Words with content that show the language of a short question.
pub(crate) const TELLING: &str = "mora moro moras gosta gosto gostas chama chamo come bebe trabalha trabalho quer quero vive \
    vivo hoje ontem amanha sempre nunca anos ano dia joga irma irmao favorito favorita";
