//! Spanish: endings and stop words.

use crate::text::stem::{Stemmer, Verbs};

pub(crate) const STEMMER: Stemmer = Stemmer {
    vowels: "aeiou",
    verbs: Verbs::Romance,
    prepare: |_| {},
    rounds: &[
        "@v/iendo,yendo,ando,ar,er,ir me se sela selo selas selos la le lo las les los nos",
        "@2 anza anzas ico ica icos icas ismo ismos able ables ible ibles ista istas oso osa osos osas amiento \
         amientos imiento imientos adora ador acion adoras adores aciones ante antes ancia ancias icacion icaciones \
         logia>log logias>log ucion>u uciones>u encia>ente encias>ente mente antemente ablemente iblemente \
         idad idades abilidad abilidades icidad ividad iva ivo ivas ivos ativa ativo ativas ativos \
         @1 amente osamente icamente ivamente adamente",
        "|@v/u ya ye yan yen yeron yendo yo yas yes yais yamos",
        "|@v en es eis emos arian arias aran aras ariais aria areis ariamos aremos ara are erian erias eran eras \
         eriais eria ereis eriamos eremos era irian irias iran iras iriais iria ireis iriamos iremos ira ire \
         aba ada ida ia iera ad ed id ase iese aste iste an aban ian ieran asen iesen aron ieron ado ido ando iendo \
         io ios anes eses ar er ir as abas adas idas ias ieras ases ieses is ais abais iais arais ierais aseis ieseis asteis isteis \
         ados idos amos abamos iamos imos aramos ieramos iesemos asemos",
        "@v os a o i e @v/a,e s",
        "@v/g u",
    ],
};

pub(crate) const STOP_WORDS: &str = "el la los las lo un una unos unas al del de este esta esto estos estas ese esa eso \
    esos esas aquel aquella \
    y e o u ni pero sino porque pues si que quien quienes cual cuales cuyo cuando donde adonde como cuanto cuanta \
    cuantos cuantas \
    yo me mi mis tu te ti tus se su sus el ella ello nos nosotros nuestra nuestro nuestros nuestras vosotros os \
    vuestro vuestra ellos ellas le les usted ustedes mio mia suyo suya \
    no muy mas tan tambien ya todo toda todos todas algo nada hay \
    a ante con contra desde en entre hacia hasta para por segun sin sobre tras durante \
    es soy eres son somos era eras eran fue fui fueron sera ser siendo sido estoy estas estamos estan estaba estar \
    he has ha hemos han habia haber tengo tiene tienes tenemos tienen tenia tener hace hacer \
    puede puedo va voy vas van aqui alli";

/// Words with content that show the language of a short question.
pub(crate) const TELLING: &str = "vive vives vivo gusta gustan gusto llama llamo come bebe trabaja trabajo quiere quiero \
    hizo hoy ayer siempre nunca mucho mucha anos dia juega favorito favorita hermana hermano";
