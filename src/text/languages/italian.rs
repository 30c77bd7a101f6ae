//! Italian: endings and stop words.

use crate::text::stem::{Stemmer, Verbs};

pub(crate) const STEMMER: Stemmer = Stemmer {
    vowels: "aeiou",
    verbs: Verbs::Romance,
    prepare: |_| {},
    rounds: &[
        "@v/ando,endo ci gli la le li lo mi ne si ti vi sene gliela gliele glieli glielo gliene mela mele \
         meli melo mene tela tele teli telo tene cela cele celi celo cene vela vele veli velo vene \
         @v/ar,er,ir ci>e gli>e la>e le>e li>e lo>e mi>e ne>e si>e ti>e vi>e sene>e gliela>e gliele>e \
         glieli>e glielo>e gliene>e mela>e mele>e meli>e melo>e mene>e tela>e tele>e teli>e telo>e tene>e \
         cela>e cele>e celi>e celo>e cene>e vela>e vele>e veli>e velo>e vene>e",
        "@2 anza anze ico ici ica ice iche ichi ismo ismi abile abili ibile ibili ista iste isti oso osi osa ose mente \
         atrice atrici ante anti azione azioni atore atori icazione icazioni logia>log logie>log uzione>u uzioni>u \
         usione>u usioni>u enza>ente enze>ente ita abilita icita ivita ivo ivi iva ive ativo ativi ativa ative \
         @v amento amenti imento imenti @1 amente osamente icamente ivamente abilmente",
        "|@v ammo ando ano are arono asse assero assi assimo ata ate ati ato ava avamo avano avate avi avo emmo enda \
         ende endi endo era erai eranno ere erebbe erebbero erei eremmo eremo ereste eresti erete ero erono essero \
         ete eva evamo evano evate evi evo iamo immo ira irai iranno ire irebbe irebbero irei iremmo iremo ireste \
         iresti irete iro irono isca iscano isce isci isco iscono issero ita ite iti ito iva ivamo ivano ivate ivi \
         ivo ono uta ute uti uto ar ir",
        "@v a e i o",
        "@v i",
        "@v/c,g h",
    ],
};

pub(crate) const STOP_WORDS: &str = "il lo la i gli le l un uno una del dello della dei degli delle dell al allo alla ai \
    agli alle all dal dallo dalla dai dagli dalle dall nel nello nella nei negli nelle nell sul sullo sulla sui sugli \
    sulle sull di a da in con su per tra fra senza sopra sotto durante dopo prima \
    e ed o ma se che chi cui quale quali quando dove come perche quanto quanta quanti quante cosa cos \
    io mi me tu ti te lui lei si ci noi vi voi loro li ne lo mio mia miei mie tuo tua tuoi tue suo sua suoi sue nostro \
    nostra nostri nostre vostro vostra \
    questo questa questi queste quello quella quelli quelle quell quest \
    non piu molto anche gia tutto tutta tutti tutte poi \
    sono sei siamo siete era ero eri erano fu stato stata essere ho hai ha abbiamo avete hanno aveva avevo avere \
    sta sto fa faccio fare puo posso va vado c s n m t d";

/// Words with content that show the language of a short question.
pub(crate) const TELLING: &str = "abita abito abiti piace piacciono chiama chiamo mangia mangio lavora lavoro vive vivo vuole \
    voglio oggi ieri domani sempre mai anni anno giorno gioca sorella fratello preferito preferita";
