//! Sentences and tags of each category. The sentences fit every kind of post.

#[derive(Debug, Clone, Copy)]
pub(super) struct Topic {
    pub(super) slug: &'static str,
    pub(super) sentences: &'static [&'static str],
    pub(super) tags: &'static [&'static str],
}

/// One topic for each category, in descending order of frequency.
pub(super) const TOPICS: &[Topic] = &[
    Topic {
        slug: "alcohol",
        sentences: &[
            "It has to do with drinking.",
            "For me it is alcohol.",
            "I do not drink any more, and some days I know it.",
        ],
        tags: &["sober", "evenings", "oneday", "firstyear"],
    },
    Topic {
        slug: "nicotine",
        sentences: &["It has to do with smoking.", "For me it is cigarettes.", "I am off nicotine, patches and all."],
        tags: &["smokefree", "patches", "breaks"],
    },
    Topic {
        slug: "anxiety",
        sentences: &[
            "It has to do with my anxiety.",
            "For me it is the worrying.",
            "My nerves have a say in all of this.",
        ],
        tags: &["breathing", "panic", "grounding"],
    },
    Topic {
        slug: "drugs",
        sentences: &["It has to do with using.", "For me it is the old habit.", "I am clean, and I want to stay it."],
        tags: &["clean", "meetings", "oneday"],
    },
    Topic {
        slug: "depression",
        sentences: &[
            "It has to do with my depression.",
            "For me it is the grey days.",
            "My mood decides a lot these days.",
        ],
        tags: &["lowdays", "therapy", "gettingup"],
    },
    Topic {
        slug: "gambling",
        sentences: &[
            "It has to do with gambling.",
            "For me it is betting.",
            "I have banned myself from the places, online and off.",
        ],
        tags: &["money", "blocked", "payday"],
    },
    Topic {
        slug: "loneliness",
        sentences: &["It has to do with the loneliness.", "For me it is the empty flat.", "I do not see many people."],
        tags: &["evenings", "company", "newtown"],
    },
    Topic {
        slug: "eating",
        sentences: &["It has to do with eating.", "For me it is food.", "Meals are what I am relearning."],
        tags: &["meals", "bodypeace", "support"],
    },
    Topic {
        slug: "grief",
        sentences: &["It has to do with grief.", "For me it is missing him.", "I lost somebody this year."],
        tags: &["missing", "anniversary", "memory"],
    },
    Topic {
        slug: "sleep",
        sentences: &["It has to do with sleep.", "For me it is the nights.", "I am always tired."],
        tags: &["insomnia", "nights", "routine"],
    },
    Topic {
        slug: "family",
        sentences: &["It has to do with my family.", "For me it is home.", "Family is where it gets complicated."],
        tags: &["parents", "children", "boundaries"],
    },
    Topic {
        slug: "self-harm",
        sentences: &[
            "It has to do with the urge to hurt myself.",
            "For me it is an old way of coping that I am leaving.",
            "I am learning other ways to cope.",
        ],
        tags: &["urges", "safe", "coping"],
    },
    Topic {
        slug: "trauma",
        sentences: &[
            "It has to do with the past.",
            "For me it is what happened back then.",
            "Some memories come without asking.",
        ],
        tags: &["memory", "therapy", "grounding"],
    },
    Topic {
        slug: "gaming",
        sentences: &[
            "It has to do with gaming.",
            "For me it is the screen.",
            "I have taken the games off my computer.",
        ],
        tags: &["screens", "nights", "offline"],
    },
    Topic {
        slug: "work",
        sentences: &["It has to do with work.", "For me it is the job.", "Work takes more than I have."],
        tags: &["burnout", "boss", "shift"],
    },
    Topic {
        slug: "sex",
        sentences: &[
            "It has to do with compulsive behaviour.",
            "For me it is a habit that I am ashamed of.",
            "I am working on intimacy with my counsellor.",
        ],
        tags: &["habits", "shame", "counselling"],
    },
    Topic {
        slug: "other",
        sentences: &[
            "It does not fit any label.",
            "For me it is several things at once.",
            "I do not have a word for it.",
        ],
        tags: &["mixed", "life"],
    },
];
