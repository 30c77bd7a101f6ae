//! What is recognised in Spanish. Words are folded: "mudé" is "mude", "año" is "ano".

use super::*;

pub(super) const SOURCE: Source = Source {
    language: Language::Spanish,
    rules: RULES,
    dates: DATES,
    words: WORDS,
    favourite: &["favorito", "favorita"],
    of: &["de", "del", "para"],
    longest_name: 4,
};

const RULES: &str = "\
yo? ya no vivo/vivimos en *N => lives in|home|-
$ ya no vive en *N => lives in|home|-
yo? ~ vivo/vivimos ~ en *N => lives in|home
$ ~ vive ~ en *N => lives in|home
yo? ~ me he? mude/mudado a *N => lives in|home|t
nos mudamos a *N => lives in|home|t
$ se mudo a *N => lives in|home|t
antes vivia en *N => lives in|home|-
yo? me llamo *N => is called|name
a partir de ahora/hoy llamame *C => procedural; is called|name|0
llamame *C => procedural; is called|name|0
puedes llamarme *C => is called|name
yo? ~ soy ~ de *C => is from|origin
$ es ~ de *C => is from|origin
naci en *N => was born in|
yo? ~ vengo de *C => is from|origin
ya no trabajo en/para *E => works at|employer|-
~ ya no trabajo en/para *E => works at|employer|-
yo? ~ trabajo ~ en/para *E como *J => works at|employer; works as|job
yo? ~ trabajo ~ en/para *E => works at|employer
$ trabaja ~ en/para *E => works at|employer
yo? ~ trabajo ~ como/de *J => works as|job
yo? ~ soy un/una? *J => works as|job
$ es un/una? *J => works as|job
ya no soy <vegetariano/vegetariana/vegano/vegana> => eats|diet|-
yo? ~ soy <vegetariano/vegetariana/vegano/vegana> => eats|diet
$ es <vegetariano/vegetariana/vegano/vegana> => eats|diet
yo? ~ soy alergico/alergica a/al *A => is allergic to|allergy: *|&
$ es alergico/alergica a/al *A => is allergic to|allergy: *|&
ya no me gusta/gustan/encanta/encantan *A => attitude to *|attitude: *|-=like
no me gusta/gustan nada? *A => attitude to *|attitude: *|=dislike&
a mi? no me gusta/gustan nada? *A => attitude to *|attitude: *|=dislike&
a? mi? me gusta/gustan/encanta/encantan ~ *A => attitude to *|attitude: *|=like&
yo? no como *A => attitude to eating *|attitude: eat *|=dislike&
yo? ~ odio/detesto *A => attitude to *|attitude: *|=dislike&
yo? ~ prefiero *A => attitude to *|attitude: *|=like&
yo? ya no uso *T => uses|uses: *|-
yo? ~ uso/utilizo *T => uses|uses: *|&
$ usa/utiliza *T => uses|uses: *|&
yo? ~ hablo *L => speaks|language: *|&
yo? ~ tengo *# anos => is|age
^ se llama/llaman *C => is|^
^ ~ es/son ~ a/el/la? *V => is|^
tengo/tenemos que * => task
debo/necesito *K => task
recuerdame * => task
no olvides/olvide * => task
acuerdate de * => task
por? favor? ! siempre * => procedural
siempre/nunca ! * => procedural
por favor ! * => procedural
no uses/utilices/escribas * => procedural
a partir de ahora/hoy * => procedural
responde/contesta/escribe/habla ~ en/con * => procedural
no/perdon/perdona , quise/queria decir *V => correct
quise/queria decir *V => correct
no/perdon , es *V , no *V => correct
correccion *V => correct";

const DATES: &str = "\
hoy => 0d
ayer => -1d
anoche => -1d
anteayer => -2d
manana => +1d
pasado manana => +2d
el? la? U pasada/pasado => -1
esta/este U => 0
el? la? proximo/proxima U => +1
el? la? U que viene => +1
el? la? U proximo/proxima => +1
hace N U => -N
dentro de N U => +N
en N U => +N
el? W pasado => <
el? proximo W => >
el? W que viene => >
este W => =
el W => =
el? S pasado => <
este S => =
D de M del? de? Y? => abs
M de Y => abs
M => !abs
Y => !abs
I => abs";

const WORDS: &[(u32, &str)] = &[
    (I | STOP, "yo nosotros"),
    (YOU | STOP, "usted"),
    (MY | STOP, "mi mis"),
    (YOUR | STOP, "tu tus su"),
    (THE, "el la los las nuestro nuestra"),
    (ARTICLE, "el la los las"),
    (
        RELATION,
        "hermana=sister hermano=brother hijo=son hija=daughter amigo=friend amiga=friend primo=cousin prima=cousin tia=aunt tio=uncle perro=dog perra=dog gato=cat gata=cat",
    ),
    (
        ONLY,
        "esposa=partner esposo=partner mujer=partner marido=partner novia=partner novio=partner pareja=partner madre=mother mama=mother padre=father papa=father jefe=boss jefa=boss",
    ),
    (ADVERB, "ahora actualmente tambien mucho muchisimo bastante originalmente siempre todavia aun ya"),
    (FILLER, "no hola bueno pues y pero porque oye ahora ademas claro vale gracias perdon hoy"),
    (AND, "y pero porque"),
    (UNREAL, "si quizas quiza ojala cuando dice dijo dicen gustaria viviera imagina supongo tal"),
    (
        STOP,
        "lo que te ti eso esto esta este ese esa aqui ahi alli mi tu su un una unos unas mucho muy nada todo no es y o a al me se casa cocina paz feliz cansado \
        cansada ver cuando como de en estar hacer",
    ),
    (END, "y o pero porque cuando que yo nosotros es son si"),
    (NAME_END, "y o pero con desde para por en como hasta no cerca"),
    (TAIL, "ahora ya tambien mucho todavia actualmente"),
    (
        JOB,
        "medico medica enfermera enfermero profesor profesora maestro maestra ingeniero ingeniera abogado abogada cocinero cocinera piloto programador \
        programadora desarrollador desarrolladora estudiante arquitecto arquitecta disenador disenadora periodista escritor escritora artista musico \
        contador contadora camarero camarera dentista psicologo psicologa policia bombero mecanico electricista carpintero veterinario veterinaria \
        fotografo fotografa traductor traductora investigador investigadora economista fisico quimico biologo software",
    ),
    (
        VALUE,
        "nombre=name correo=email email=email telefono=phone direccion=address cumpleanos=birthday contrasena fecha limite presupuesto alquiler sueldo salario precio \
        numero version puerto banco codigo color trabajo=job clave plazo entrega ciudad",
    ),
    (TITLE, "dr dra sr sra srta"),
    (
        ORDER,
        "responde contesta usa uses utiliza utilices escribe escribas habla hables llamame explica evita manten resume traduce",
    ),
    (IDLE, "decir admitir que un una ayuda"),
    (
        MONTH,
        "enero=1 febrero=2 marzo=3 abril=4 mayo=5 junio=6 julio=7 agosto=8 septiembre=9 octubre=10 noviembre=11 diciembre=12",
    ),
    (WEEKDAY, "lunes=0 martes=1 miercoles=2 jueves=3 viernes=4 sabado=5 domingo=6"),
    (UNIT, "dia=d dias=d semana=w semanas=w mes=m meses=m ano=y anos=y"),
    (
        NUMBER,
        "un=1 una=1 dos=2 tres=3 cuatro=4 cinco=5 seis=6 siete=7 ocho=8 nueve=9 diez=10 once=11 doce=12",
    ),
    (SEASON, "primavera=3 verano=6 otono=9 invierno=12"),
    (BEFORE_DATE, "en el la desde hasta a partir de del para antes por"),
    (SINCE, "desde partir"),
    (UNTIL, "hasta"),
    (IDLE | VALUE, "color contrasena clave"),
    (PAST, "fui fue fuimos estuve estuvo era tuve hice hicimos conoci mude mudo mudamos"),
    (IS, "es son se"),
];
