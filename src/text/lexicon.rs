//! What English analysis knows by heart: stop words, irregular forms, everyday synonyms.
//!
//! Groups are written as words; the analyzer stems both sides once when it is made, so an entry also covers
//! the regular inflections of its words. A form with an unrelated everyday meaning is left out ("saw" and
//! "left" are in, "rose" and "bit" are not): a missed link costs one match, a wrong one disturbs many.

/// Words that carry no content of their own: articles, pronouns, question words, auxiliaries, prepositions,
/// conjunctions. Contractions are reduced to their first part before this list is asked.
pub(crate) const STOP_WORDS: &[&str] = &[
    // Articles, determiners, conjunctions.
    "a", "an", "the", "this", "that", "these", "those", "and", "or", "but", "if", "because", "as", "than", "then",
    "so", "not", "nor", "both", "such", "each",
    // Pronouns.
    "i", "me", "my", "mine", "myself", "we", "us", "our", "ours", "ourselves", "you", "your", "yours", "yourself",
    "he", "him", "his", "himself", "she", "her", "hers", "herself", "it", "its", "itself", "they", "them", "their",
    "theirs", "themselves",
    // Question words.
    "what", "which", "who", "whom", "whose", "when", "where", "why", "how",
    // Auxiliaries, with the spellings of people who type no apostrophe.
    "am", "is", "are", "was", "were", "be", "been", "being", "have", "has", "had", "having", "do", "does", "did",
    "doing", "done", "will", "would", "shall", "should", "can", "could", "may", "might", "must", "cannot", "im",
    "ive", "dont", "didnt", "doesnt", "isnt", "wasnt",
    // Prepositions and adverbs of place and degree.
    "of", "at", "by", "for", "with", "about", "into", "through", "to", "from", "in", "out", "on", "off", "over",
    "under", "up", "down", "there", "here", "just", "too", "very", "also",
    // Abbreviations that spell no word once their points are gone.
    "eg", "ie",
];

/// Bases of negated contractions that are no words: "can't", "won't", "shan't", "ain't".
pub(crate) const NEGATED_BASES: &[&str] = &["ca", "wo", "sha", "ai"];

/// Groups of words that become one term: the first word's stem.
pub(crate) const GROUPS: &[&str] = &[
    // Irregular verbs.
    "be been", "become became", "begin began begun", "bend bent", "blow blew blown", "break broke broken",
    "bring brought", "build built", "buy bought", "catch caught", "choose chose chosen", "come came", "deal dealt",
    "dig dug", "draw drew drawn", "dream dreamt", "drink drank", "drive drove driven", "eat ate eaten",
    "fall fell fallen", "feed fed", "feel felt", "fight fought", "find found", "flee fled", "fly flew flown",
    "forget forgot forgotten", "forgive forgave forgiven", "freeze froze", "get got gotten", "give gave given",
    "go went gone", "grow grew grown", "hang hung", "hear heard", "hide hid hidden", "hold held", "keep kept",
    "know knew known", "lead led", "learn learnt", "leave left", "lend lent", "lose lost", "make made",
    "mean meant", "meet met", "pay paid", "ride rode ridden", "ring rang", "rise risen", "run ran", "say said",
    "see saw seen", "seek sought", "sell sold", "send sent", "shake shook shaken", "shine shone", "show shown",
    "sing sang sung", "sit sat", "sleep slept", "speak spoke spoken", "spend spent", "stand stood",
    "steal stole stolen", "stick stuck", "strike struck", "swear swore sworn", "swim swam swum", "take took taken",
    "teach taught", "tear tore torn", "tell told", "think thought", "throw threw thrown",
    "understand understood", "wake woke woken", "wear wore worn", "win won", "write wrote written",
    // Irregular plurals.
    "man men", "woman women", "person people", "foot feet", "tooth teeth", "mouse mice", "goose geese",
    "wife wives", "knife knives", "shelf shelves", "half halves", "wolf wolves", "loaf loaves", "thief thieves",
    // British and American spelling.
    "color colour", "favorite favourite fave", "center centre", "theater theatre", "neighbor neighbour",
    "behavior behaviour", "flavor flavour", "humor humour", "honor honour", "jewelry jewellery", "gray grey",
    "program programme", "organize organise", "realize realise", "recognize recognise", "apologize apologise",
    "pajamas pyjamas", "mold mould", "donut doughnut", "cozy cosy",
    // Everyday synonyms.
    "mom mum mommy mummy mother mama", "dad daddy father papa", "grandma grandmother granny",
    "grandpa grandfather granddad", "photo photograph pic picture image", "kid child children",
    "tv television telly", "bike bicycle", "phone telephone cellphone smartphone", "movie film", "fridge refrigerator",
    "husband hubby", "car automobile", "couch sofa", "doctor physician", "birthday bday", "math maths mathematics",
    "exam examination", "info information", "usa america", "cat kitty", "dog doggy doggo",
    // Months, where the short form is no other word.
    "january jan", "february feb", "april apr", "august aug", "september sept sep", "october oct", "november nov",
    "december dec",
];

/// Words before a lower-case "may" after which it can only be the month.
pub(crate) const BEFORE_MONTH: &[&str] = &["in", "of", "last", "next", "since", "until", "early", "late", "mid", "during"];
