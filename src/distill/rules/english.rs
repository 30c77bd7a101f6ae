//! What is recognised in English.

use super::*;

pub(super) const SOURCE: Source = Source {
    language: Language::English,
    rules: RULES,
    dates: DATES,
    words: WORDS,
    favourite: &["favorite", "favourite", "fav"],
    of: &["of", "for"],
    longest_name: 4,
};

const RULES: &str = "\
$ live/lives/reside/resides ~ in/at *N => lives in|home
$ am/are/is/'s ~ living/based/residing ~ in *N => lives in|home
$ have/has/'s ~ been living ~ in *N => lives in|home
$ have/has/'s ~ lived in *N => lives in|home
$ have/has/'s? ~ moved/relocated ~ from *N to *N => lives in|home|t1
$ have/has/'s? ~ moved/relocated ~ back/over? to *N => lives in|home|t
moved/relocated back/over? to *N => lives in|home|t
my home ~ is/'s ~ in *N => lives in|home
$ no longer live/lives in *N => lives in|home|-
$ do/does not live/lives in *N anymore/longer => lives in|home|-
$ used to live in *N => lives in|home|-
$ lived in *N until/till => lives in|home|-
^ is/'s/are ~ called/named *V => is|^
^ is/'s/are ~ at/on/in/a/an? *V => is|^
% is/'s ~ at *V => is|^
call me *C => is called|name
from now on , please? call me *C => procedural; is called|name|0
please call me *C => procedural; is called|name|0
you/people/everyone can/may? call/calls me *C => is called|name
$ go/goes by *C => is called|name
hello/hi/hey , ~ i am *C => is called|name
i am *C from => is called|name
$ am/are/is/'s ~ originally/born? from *P => is from|origin
$ ~ come/comes from *P => is from|origin
$ grew up in *P => grew up in|
$ was/were born and? raised? in *P => was born in|
$ work/works ~ at/for/with *E as a/an? *J => works at|employer; works as|job
$ am/is/'s/are ~ working ~ at/for *E as a/an? *J => works at|employer; works as|job
$ work/works ~ at/for *E => works at|employer
$ am/is/'s/are ~ working ~ at/for *E => works at|employer
$ have/has/'s ~ been working ~ at/for *E => works at|employer
$ have/has/'s worked at/for *E since => works at|employer
$ am/is/'s ~ employed at/by *E => works at|employer
$ have? /has? ~ started ~ working at/for *E => works at|employer|t
$ have? /has? ~ started at *E => works at|employer|t
$ joined *C as a/an *J => works at|employer|t; works as|job|t
$ have? got/started/landed/accepted a new? job as a/an *J at/with/for *E => works as|job|t; works at|employer|t
$ have? got/started/landed/accepted a new? job at/with *E => works at|employer|t
$ have? got/started/landed/accepted a new? job as a/an *J => works as|job|t
$ ~ quit *C => works at|employer|-
$ ~ left/quit my job at *E => works at|employer|-
$ no longer work/works at/for *E => works at|employer|-
$ do/does not work/works at/for *E anymore/longer => works at|employer|-
$ used to work at/for *E => works at|employer|-
$ am/are/is/'s ~ a/an *J based/living in *N => works as|job; lives in|home
$ have/has/'s ~ been a/an *J for/since => works as|job
$ have? ~ lost my job as a/an *J => works as|job|-
lost my job as a/an *J => works as|job|-
$ have? ~ lost my job at *E => works at|employer|-
work at/for *C => works at|employer
$ am/are/is/'s ~ a/an *J at/for *E => works as|job; works at|employer
$ am/are/is/'s ~ a/an *J => works as|job
$ work/works ~ as a/an? *J => works as|job
$ am/is/'s/are ~ working ~ as a/an? *J => works as|job
$ have/has/'s ~ been working ~ as a/an? *J => works as|job
$ have? ~ became/become a/an *J => works as|job|t
$ used to be a/an *J => works as|job|-
$ am/is/are/'s no longer a/an *J => works as|job|-
$ am/is/are/'s not a/an *J anymore => works as|job|-
$ study/studies ~ *S at *C => studies|; studies at|school
$ am/is/'s ~ studying *S at *C => studies|; studies at|school
$ am/is/'s ~ studying *S => studies|
$ study/studies *S => studies|
$ go/goes to *U => studies at|school
$ attend/attends *C => studies at|school
$ am/are/is/'s ~ a/an? strict? <vegan/vegetarian/pescatarian/vegetarians/vegans/keto/gluten-free/omnivore> => eats|diet
$ have? ~ became/become/went/gone/turned a? <vegan/vegetarian/pescatarian/keto> => eats|diet|t
$ am/are/is/'s no longer a? <vegan/vegetarian/pescatarian> => eats|diet|-
$ am/are/is/'s not a? <vegan/vegetarian/pescatarian> anymore => eats|diet|-
$ used to be a? <vegan/vegetarian/pescatarian> => eats|diet|-
$ do/does not eat *A anymore => attitude to eating *|attitude: eat *|-=like
$ no longer eat/eats *A => attitude to eating *|attitude: eat *|-=like
$ do/does not eat *A => attitude to eating *|attitude: eat *|=dislike&
$ never eat/eats *A => attitude to eating *|attitude: eat *|=dislike&
$ do/does not drink *A anymore => attitude to drinking *|attitude: drink *|-=like
$ do/does not drink *A => attitude to drinking *|attitude: drink *|=dislike&
$ am/are/is/'s ~ severely/highly? allergic to *A => is allergic to|allergy: *|&
$ have/has a/an severe? *1 allergy => is allergic to|allergy: *
$ ~ like/likes/love/loves/enjoy/enjoys/adore/adores to? *A => attitude to *|attitude: *|=like&
$ ~ prefer/prefers *A => attitude to *|attitude: *|=like&
$ am/is/'s ~ a ~ big/huge? fan of *A => attitude to *|attitude: *|=like&
$ am/is/'s ~ into *A => attitude to *|attitude: *|=like&
$ ~ hate/hates/dislike/dislikes/detest/detests *A => attitude to *|attitude: *|=dislike&
$ can not ~ stand *A => attitude to *|attitude: *|=dislike&
$ do/does not ~ like/love/enjoy *A anymore/longer => attitude to *|attitude: *|-=like
$ no longer like/likes/love/loves/enjoy/enjoys *A => attitude to *|attitude: *|-=like
$ do/does not ~ like/love/enjoy *A => attitude to *|attitude: *|=dislike&
$ used to like/love/enjoy *A => attitude to *|attitude: *|-=like
$ used to hate/dislike *A => attitude to *|attitude: *|-=dislike
*C is/are my favorite/favourite @ => is|favourite @
*S is my favorite/favourite color/colour => is|favourite color
$ ~ use/uses *T => uses|uses: *|&
$ am/is/'s ~ using *T => uses|uses: *|&
% use/uses *T => uses|uses: *|&
$ have? ~ stopped/quit using *T => uses|uses: *|-
$ no longer use/uses *T => uses|uses: *|-
$ do/does not use *T anymore => uses|uses: *|-
$ have? ~ switched/migrated from *C to *C => uses|uses: *|-t; uses|uses: *|t
$ have? ~ switched/migrated to *C => uses|uses: *|t
$ speak/speaks ~ fluent? *L => speaks|language: *|&
$ am/is/'s ~ fluent in *L => speaks|language: *|&
$ am/is/'s ~ learning *L => learns|learns: *|&
$ am/is/'s ~ *# years/yrs/year old => is|age
$ am/is/'s ~ *# yo => is|age
$ am/is/'s ~ *# => is|age
$ have? ~ turned *# => is|age|t
$ was born on/in *D => was born|birthday
$ am/is/'s ~ married/engaged to *C => partner|partner
$ ~ have/has/got/adopted got? a/an/another new? @ named/called *C => @|
$ ~ have/own/owns/has/drive/drives a/an new? *C => has|has: *
$ have? ~ bought a/an new? *C => has|has: *|t
$ have? ~ sold my/the/our *C => has|has: *|-
$ no longer have/own/drive a/an/my *C => has|has: *|-
$ no longer *B *R => does +|routine: +|-1
$ do not *B *R anymore => does +|routine: +|-1
$ *B *R => does +|routine: +|1
$ am/is/are/'s ~ planning/hoping to *Q => plans|
$ ~ plan/plans/intend/intends to *Q => plans|
$ have? ~ quit/stopped <smoking/drinking/vaping/gambling> => does *|habit: *|-
% runs/listens/is on port *# => runs on port|port
% runs on *C => runs on|runs on
todo , * => task
to-do , * => task
i/we ~ need/have to *K => task
i/we have? got to *K tomorrow/today/tonight => task
i/we ~ must/gotta *K => task
need to *K => task
please? remind me to/about/of/at/on/in/when/tomorrow/next * => task
please? do not forget to/about/my/the *K => task
please? remember to *K => task
please? always ! * => procedural
please? never ! * => procedural
please ! * => procedural
from now on * => procedural
! * from now on => procedural
do not ever? ! * => procedural
please? do not use/add/include/write/call * => procedural
stop using/adding/asking/calling/writing * => procedural
answer/reply/respond/speak/write ~ in/with * => procedural
keep your/all/answers/replies/responses * => procedural
no/sorry/oops/wait/actually/well , sorry? i meant/mean *V => correct
i meant/mean *V => correct
no/sorry/actually/wait , it is/'s *V , not *V => correct
it is/'s *V , not *V => correct
correction , it? is/'s? *V => correct";

const DATES: &str = "\
today/tonight => 0d
this morning/afternoon/evening => 0d
yesterday => -1d
last night => -1d
tomorrow => +1d
the? day before yesterday => -2d
the? day after tomorrow => +2d
last/past/previous U => -1
this U => 0
next U => +1
N U ago => -N
N U from now => +N
in N U => +N
last W => <
last week W => <
this W => =
next W => >
W => =
last S => <
this S => =
next S => >
M D Y? => abs
D of? M Y? => abs
M Y => abs
last M => <abs
next M => >abs
M => !abs
Y => !abs
I => abs";

const WORDS: &[(u32, &str)] = &[
    (I | STOP, "i we"),
    (YOU | STOP, "you"),
    (MY | STOP, "my"),
    (YOUR | STOP, "your"),
    (THE, "the our this"),
    (ARTICLE, "the"),
    (
        RELATION,
        "sister brother son daughter friend cousin aunt uncle niece nephew roommate colleague coworker neighbor=neighbour neighbour \
        kid=child child dog cat puppy=dog kitten=cat parrot hamster rabbit horse fish turtle grandma=grandmother grandmother grandpa=grandfather grandfather",
    ),
    (
        ONLY,
        "wife=partner husband=partner partner girlfriend=partner boyfriend=partner fiance=partner fiancee=partner spouse=partner gf=partner bf=partner \
        mom=mother mum=mother mother dad=father father boss manager=boss dentist doctor therapist landlord",
    ),
    (
        ADVERB,
        "also now currently still just always really absolutely actually recently totally finally officially only mostly usually \
        often already even truly genuinely both all temporarily permanently much very so pretty sometimes",
    ),
    (
        FILLER,
        "so well yes yeah yep yup oh ah hey hi hello also actually btw anyway ok okay honestly and but because since now currently \
        lol haha fyi then plus no nope sorry hmm um uh guess today sure right today though",
    ),
    (AND, "and but because so however plus"),
    (
        UNREAL,
        "if whether wish imagine suppose unless when would might could pretend hope dreamed thinks think thought told said says say asked asks \
        as according maybe perhaps heard",
    ),
    (
        STOP,
        "it that this these those what how who him her his she he they them their there here me us myself something anything everything nothing one ones \
        not no so very really too a an going been being having to and or just my your our its same such some any all more most \
        fear peace harmony general fact bed home love when where why which because but if at in on with for from of is are was be both \
        about like back well fine good great nice okay sure happy sad tired sorry late busy bored lazy different other another wrong incorrect correct expired everyone everybody someone somebody nobody people called named",
    ),
    (
        END,
        "and or but because so who whom which where while when if although though i we he she they you is are was were that since as 's then",
    ),
    (
        NAME_END,
        "and or but for with by from after before until till instead not at on in to near than during through about of? like via under",
    ),
    (
        TAIL,
        "now anymore currently again too actually though lol haha right today either instead here there already so much well please btw yet days again \
        these mostly personally really very as honestly still lately recently",
    ),
    (
        JOB,
        "nurse teacher engineer developer designer doctor lawyer chef cook writer artist musician student programmer scientist manager accountant \
        architect dentist pilot driver carpenter plumber electrician mechanic farmer baker barista waiter waitress bartender photographer journalist \
        editor translator therapist psychologist counselor professor researcher analyst consultant librarian pharmacist physician surgeon veterinarian \
        vet paramedic firefighter policeman officer soldier secretary receptionist assistant cashier clerk salesman freelancer contractor economist \
        biologist chemist physicist mathematician statistician historian actor actress dancer singer painter sculptor director producer coach trainer \
        tutor lecturer nanny gardener florist tailor hairdresser barber butcher banker broker realtor recruiter intern apprentice postdoc administrator \
        technician operator architect specialist strategist marketer copywriter illustrator animator paralegal judge attorney caregiver midwife optician \
        electrician welder machinist sailor guide blogger streamer youtuber ceo cto founder entrepreneur cleaner janitor",
    ),
    (
        VALUE,
        "email=email e-mail=email mail phone=phone address birthday deadline password passcode pin code budget price cost rent salary port version \
        number size height weight color colour name nickname surname username handle bank car bike laptop team school major hometown goal job title \
        standup meeting appointment flight type zodiac timezone currency url website branch host hostname server database language editor \
        temperature date limit quota id key account plan insurance gate seat room nationality religion profession occupation due",
    ),
    (TITLE, "dr mr mrs ms mx prof st"),
    (
        ORDER,
        "use answer reply respond call write speak add include ask format explain translate summarize summarise address suggest recommend cite \
        keep avoid round commit sign refer prefer",
    ),
    (
        IDLE,
        "say admit be tell agree ask see go know mention confess think wait laugh have do get feel like love need want try hope am is are was will can could may might should",
    ),
    (
        MONTH,
        "january=1 february=2 march=3 april=4 may=5 june=6 july=7 august=8 september=9 october=10 november=11 december=12 jan=1 feb=2 mar=3 \
        apr=4 jun=6 jul=7 aug=8 sep=9 sept=9 oct=10 nov=11 dec=12",
    ),
    (WEEKDAY, "monday=0 tuesday=1 wednesday=2 thursday=3 friday=4 saturday=5 sunday=6 tues=1 thurs=3 fri=4"),
    (
        UNIT,
        "day=d days=d week=w weeks=w month=m months=m year=y years=y weekend=e morning=t evening=t night=t",
    ),
    (
        NUMBER,
        "a=1 an=1 one=1 two=2 three=3 four=4 five=5 six=6 seven=7 eight=8 nine=9 ten=10 eleven=11 twelve=12 couple=2",
    ),
    (SEASON, "spring=3 summer=6 autumn=9 fall=9 winter=12"),
    (
        BEFORE_DATE,
        "on in at since from until till by for as of during starting beginning before after around last next this early late mid back the",
    ),
    (SINCE, "since from starting beginning as"),
    (UNTIL, "until till"),
    (
        IDLE | VALUE,
        "password passcode color colour username handle nickname branch hostname type database editor religion nationality profession seat",
    ),
    (
        PAST,
        "was were had did went saw got met had took came became made told gave left began bought felt found had ran",
    ),
    (IS, "is are 's"),
];
