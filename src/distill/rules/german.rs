//! What is recognised in German. Words are folded: "heiße" is "heisse", "fünf" is "funf".

use super::*;

pub(super) const SOURCE: Source = Source {
    language: Language::German,
    rules: RULES,
    dates: DATES,
    words: WORDS,
    favourite: &["lieblings"],
    of: &["von", "fur", "des", "der"],
    longest_name: 3,
};

const RULES: &str = "\
$ wohne/wohn/wohnt/lebe/lebt/wohnen/leben ~ nicht mehr in *N => lives in|home|-
$ wohne/wohn/wohnt/lebe/lebt/wohnen/leben ~ in *N => lives in|home
wohne/lebe/wohnen/leben $ ~ in *N => lives in|home
$ bin/ist/sind ~ nach *N gezogen/umgezogen => lives in|home|t
$ bin/ist/sind @? nach *N gezogen/umgezogen => lives in|home|t
bin/sind $ ~ nach *N gezogen/umgezogen => lives in|home|t
^ heisst/heissen *C => is|^
$ heisse/heiss/heisst *N => is called|name
nenn/nenne mich ~ *C => procedural; is called|name|0
$ komme/kommt/stamme/stammt ~ ursprunglich? aus *P => is from|origin
$ arbeite/arbeitet ~ nicht mehr bei/fur *E => works at|employer|-
$ arbeite/arbeitet ~ bei/fur *E als *J => works at|employer; works as|job
$ arbeite/arbeitet ~ als *J bei *E => works as|job; works at|employer
$ arbeite/arbeitet ~ bei/fur *E => works at|employer
arbeite $ ~ bei/fur *E => works at|employer
$ arbeite/arbeitet ~ als *J => works as|job
$ bin/ist ~ *O von beruf => works as|job
$ bin/ist ~ *J => works as|job
$ bin/ist/sind ~ kein/keine <vegetarier/vegetarierin/veganer/veganerin> mehr => eats|diet|-
$ bin/ist/sind ~ <vegetarier/vegetarierin/veganer/veganerin/vegan/vegetarisch> => eats|diet
$ bin/ist/sind ~ nicht mehr <vegan/vegetarisch> => eats|diet|-
$ bin/ist/sind ~ allergisch gegen *A => is allergic to|allergy: *|&
$ mag/liebe/liebt ~ kein/keine/keinen *A mehr => attitude to *|attitude: *|-=like
$ mag/liebe/liebt *A nicht mehr => attitude to *|attitude: *|-=like
$ mag/liebe ~ kein/keine/keinen *A => attitude to *|attitude: *|=dislike&
$ mag/liebe *A nicht => attitude to *|attitude: *|=dislike
$ esse/isst kein/keine/keinen *A => attitude to eating *|attitude: eat *|=dislike&
$ hasse/hasst *A => attitude to *|attitude: *|=dislike&
$ mag/liebe/liebt ~ *A => attitude to *|attitude: *|=like&
$ benutze/benutzt/nutze/nutzt/verwende/verwendet ~ nicht mehr *T => uses|uses: *|-
$ benutze/benutzt/nutze/nutzt/verwende/verwendet *T nicht mehr => uses|uses: *|-
$ benutze/benutzt/nutze/nutzt/verwende/verwendet ~ *T => uses|uses: *|&
$ spreche/spricht ~ *L => speaks|language: *|&
$ lerne/lernt ~ *L => learns|learns: *|&
$ bin/ist ~ *# jahre? alt? => is|age
$ bin/ist ~ mit *C verheiratet => partner|partner
^ ist/sind/lautet ~ am/um/bei? *V => is|^
$ muss/mussen * => task
vergiss nicht * => task
erinner/erinnere mich * => task
bitte? ! immer/nie/niemals/stets * => procedural
bitte ! * => procedural
ab jetzt/sofort * => procedural
von jetzt an * => procedural
antworte/schreib/schreibe/sprich ~ auf/in/mit * => procedural
nein/sorry/entschuldigung , ich meinte/meine *V => correct
ich meinte *V => correct
nein/sorry , es ist *V , nicht *V => correct
korrektur *V => correct";

const DATES: &str = "\
heute => 0d
gestern => -1d
vorgestern => -2d
morgen => +1d
ubermorgen => +2d
letzte/letzten/letztes/letzter/vergangene/vergangenen U => -1
diese/diesen/dieses/dieser U => 0
nachste/nachsten/nachstes/nachster/kommende/kommenden U => +1
vor N U => -N
in N U => +N
letzten/vergangenen W => <
nachsten/kommenden W => >
W => =
letzten S => <
diesen S => =
nachsten S => >
D M Y? => abs
M Y => abs
M => !abs
Y => !abs
I => abs";

const WORDS: &[(u32, &str)] = &[
    (I | STOP, "ich wir"),
    (YOU | STOP, "du"),
    (MY | STOP, "mein meine meinen meinem meiner"),
    (YOUR | STOP, "dein deine deinen"),
    (THE, "der die das unser unsere"),
    (ARTICLE, "der die das den dem"),
    (
        RELATION,
        "schwester=sister bruder=brother sohn=son tochter=daughter freund=friend freundin=friend hund=dog katze=cat kater=cat tante=aunt onkel=uncle kind=child cousin cousine=cousin",
    ),
    (
        ONLY,
        "frau=partner mann=partner partner partnerin=partner verlobte=partner mutter=mother mama=mother vater=father papa=father chef=boss chefin=boss",
    ),
    (
        ADVERB,
        "jetzt nun aktuell derzeit gerade auch noch immer sehr wirklich seit wieder gern gerne total halt eben letzte schon einfach",
    ),
    (
        FILLER,
        "ja nein hallo hi hey also na ach und aber denn ubrigens naja tja sorry jetzt bitte genau gut ok okay danke heute",
    ),
    (AND, "und aber denn"),
    (UNREAL, "wenn falls ob dass wurde ware vielleicht wunschte sagt sagte meint angenommen stell"),
    (
        STOP,
        "dich dir mich mir es ihn sie er ihm ihr uns euch das was wie dieser diese dieses dem so sehr nicht kein keine ein eine einen einer einem \
        viel mehr zu im am und oder da hier dort ordnung mein dein als wenn dass ruhe frieden buro mude froh glucklich krank",
    ),
    (END, "und oder aber weil denn dass wenn ich wir er sie du ist sind war"),
    (NAME_END, "und oder aber mit seit fur bei in an auf von zu nicht als im am bis"),
    (TAIL, "jetzt nun mehr auch wieder gerade aktuell sehr gern gerne total nicht so"),
    (
        JOB,
        "lehrer lehrerin ingenieur ingenieurin arzt arztin krankenschwester krankenpfleger pfleger pflegerin koch kochin anwalt anwaltin entwickler \
        entwicklerin programmierer programmiererin student studentin architekt architektin designer designerin journalist journalistin professor \
        professorin verkaufer verkauferin kellner kellnerin backer mechaniker elektriker polizist polizistin pilot pilotin buchhalter buchhalterin \
        informatiker informatikerin musiker musikerin autor autorin grafiker grafikerin berater beraterin erzieher erzieherin friseur friseurin \
        psychologe psychologin physiker physikerin chemiker tischler schreiner handwerker",
    ),
    (
        VALUE,
        "name=name email=email e-mail=email adresse=address telefonnummer=phone handynummer=phone geburtstag=birthday passwort wlan-passwort abgabe frist abgabefrist budget \
        miete gehalt preis nummer version port bank code pin termin farbe beruf=job chef arbeitgeber=employer wohnort=home abgabetermin deadline",
    ),
    (TITLE, "dr herr frau prof"),
    (
        ORDER,
        "antworte benutze verwende schreib schreibe sprich nenne nenn fass erklare halte vermeide duze sieze nutze gib",
    ),
    (
        MONTH,
        "januar=1 februar=2 marz=3 april=4 mai=5 juni=6 juli=7 august=8 september=9 oktober=10 november=11 dezember=12",
    ),
    (WEEKDAY, "montag=0 dienstag=1 mittwoch=2 donnerstag=3 freitag=4 samstag=5 sonnabend=5 sonntag=6"),
    (
        UNIT,
        "tag=d tage=d tagen=d woche=w wochen=w monat=m monate=m monaten=m jahr=y jahre=y jahren=y wochenende=e",
    ),
    (
        NUMBER,
        "ein=1 eine=1 einem=1 einer=1 zwei=2 drei=3 vier=4 funf=5 sechs=6 sieben=7 acht=8 neun=9 zehn=10 elf=11 zwolf=12",
    ),
    (SEASON, "fruhling=3 fruhjahr=3 sommer=6 herbst=9 winter=12"),
    (
        BEFORE_DATE,
        "am im in an seit ab bis vor um von zum nach letzten nachsten anfang ende mitte der den dem",
    ),
    (SINCE, "seit ab"),
    (UNTIL, "bis"),
    (IDLE | VALUE, "farbe passwort wlan-passwort"),
    (PAST, "war waren hatte hatten habe haben hat ging kam bin sind wurde gewesen"),
    (IS, "ist sind heisst lautet"),
];
