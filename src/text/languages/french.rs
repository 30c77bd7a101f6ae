//! French: endings and stop words.

use crate::text::stem::{Stemmer, Verbs};

pub(crate) const STEMMER: Stemmer = Stemmer {
    vowels: "aeiouy",
    verbs: Verbs::French,
    prepare: |_| {},
    rounds: &[
        "@v amment>ant emment>ent @v/V ment ments",
        "@2 ance ique isme able iste eux ances iques ismes ables istes atrice ateur ation atrices ateurs ations \
         icatrice icateur ication icateurs ications logie>log logies>log usion>u ution>u usions>u utions>u \
         ence>ent ences>ent ite ites abilite>abl abilites>abl icite icites ivite ivites if ive ifs ives atif ative \
         atifs atives euse euses @v ement ements @w eaux>eau @1 aux>al euse>eux euses>eux @1/C issement issements",
        "|@v/C imes ites i ie ies ir ira irai iraient irais irait iras irent irez iriez irions irons iront is \
         issaient issais issait issant issante issantes issants isse issent isses issez issiez issions issons it",
        "|@2 ions @v ee ees erent er era erai eraient erais erait eras erez eriez erions erons eront ez iez \
         ames ates a ai aient ais ait ant ante antes ants as asse assent asses assiez assions \
         eames eates ea eai eaient eais eait eant eante eantes eants eas easse eassent easses",
        "@w/b,c,d,f,g,h,j,k,l,m,n,p,q,r,t,v,w,x,y,z,e s",
        "@2/s,t ion @v ier>i iere>i e",
        "@w enn>en onn>on ett>et ell>el eill>eil y>i",
    ],
};

pub(crate) const STOP_WORDS: &str = "le la les un une des du de d l au aux ce cet cette ces ca cela ceci \
    et ou mais donc or ni car si que qu qui quoi dont quand comme comment pourquoi combien quel quelle quels quelles \
    je j me m moi tu te t toi il elle on nous vous ils elles se s lui leur leurs eux y en \
    mon ma mes ton ta tes son sa ses notre nos votre vos \
    ne n pas plus non oui tres aussi tout toute tous toutes meme bien alors encore deja \
    a dans par pour sur sous avec sans chez entre vers depuis pendant avant apres \
    est suis es sommes etes sont etait etais etaient sera serait etre c ai as avons avez ont avait avais avaient \
    aura avoir eu fait faire fais font peut peux va vais vas vont ici";

/// Words with content that show the language of a short question.
pub(crate) const TELLING: &str = "habite habites aime aimes mange appelle travaille vit parle joue hier demain toujours \
    beaucoup jamais rien aujourd jour ans ete veut veux";
