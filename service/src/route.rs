//! What a line of the table of [`routes`](crate::routes) says: what a route does, takes and answers.

/// What a route does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Want {
    /// Whether the service is up; public.
    Health,
    /// Whether it can serve: its settings, its store; public.
    Ready,
    /// The description of all routes; public.
    OpenApi,
    /// Whose token this is.
    Ping,
    /// Remember messages.
    Add,
    /// A page of memories.
    List,
    /// Memories that answer a question, as mem0 names its owners.
    Search,
    /// Memories of composed scopes that answer a question.
    Find,
    /// The same as text for a prompt.
    Context,
    /// A list of memories of composed scopes.
    ListComposed,
    /// Delete all memories of a scope.
    DeleteAll,
    /// Read one memory.
    Get,
    /// Change one memory.
    Update,
    /// Delete one memory.
    Delete,
    /// What happened to one memory.
    History,
    /// Who has memories.
    Entities,
    /// Delete one of them with all memories.
    DeleteEntity,
    /// Change the texts or the metadata of many memories.
    BatchUpdate,
    /// Delete many memories.
    BatchDelete,
    /// What became of an add.
    Event,
    /// What became of the last ones of an owner.
    Events,
    /// Note what someone thinks of a memory.
    Feedback,
    /// Name an export.
    Export,
    /// Read an export.
    ReadExport,
    /// A message of the Model Context Protocol.
    Mcp,
    /// Counts.
    Stats,
    /// The batches of an account's devices.
    RelayList,
    /// One of them.
    RelayRead,
    /// One more.
    RelayAppend,
    /// Without some.
    RelayDrop,
    /// List the keys of an organisation.
    Keys,
    /// Make a key.
    MakeKey,
    /// Revoke a key.
    RevokeKey,
    /// Tell who wrote.
    Audit,
    /// Move some memories of a spread owner to the shards where they belong.
    Reshard,
    /// What mem0's platform has and this service has not.
    Missing,
}

impl Want {
    /// Whether it is what administrators do, and not what they look at.
    pub fn administers(self) -> bool {
        matches!(self, Want::MakeKey | Want::RevokeKey | Want::Reshard)
    }

    /// Whether it changes anything. What a message of MCP wants is known when it was read.
    pub fn writes(self) -> bool {
        use Want::*;
        self.administers()
            || matches!(self, Add | DeleteAll | Update | Delete | DeleteEntity | BatchUpdate | BatchDelete)
            || matches!(self, Feedback | Mcp | RelayAppend | RelayDrop)
    }
}

/// What a field holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A text.
    Text,
    /// The id of an owner: a text, in a body also a number.
    Id,
    /// A whole number from 0.
    Count,
    /// A number from 0 to 1.
    Share,
    /// True or false.
    Flag,
    /// A day, as `2026-12-31`.
    Day,
    /// A moment: ISO 8601, or seconds or milliseconds since 1970.
    Time,
    /// A list of texts.
    Texts,
    /// A list of objects that have these members.
    Items(&'static [&'static [Field]]),
    /// An object.
    Object,
    /// A text, a message, or a list of messages.
    Messages,
    /// Conditions on memories.
    Filters,
    /// Anything.
    Any,
}

/// A member of a query or of a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Field {
    /// Its name.
    pub name: &'static str,
    /// What it holds.
    pub kind: Kind,
    /// Whether the request is refused without it.
    pub required: bool,
}

/// A method of a path.
#[derive(Clone, Copy, Debug)]
pub struct Route {
    /// The method.
    pub method: &'static str,
    /// The path without slashes at its ends; a part in braces stands for any text, which is taken percent-decoded.
    pub path: &'static str,
    /// What it does.
    pub want: Want,
    /// What may stand in the query. Anything else is refused: a misspelt scope must not widen a deletion.
    pub query: &'static [&'static [Field]],
    /// What may stand in the body; nothing if there is none.
    pub body: &'static [&'static [Field]],
    /// The name of the answer's schema.
    pub answer: &'static str,
    /// What it is for, in a sentence.
    pub about: &'static str,
}

impl Route {
    /// Whether there is a body.
    pub fn has_body(&self) -> bool {
        !self.body.is_empty()
    }

    /// Whether the query or the body may have this member.
    pub fn takes(&self, name: &str) -> bool {
        [self.query, self.body]
            .iter()
            .any(|lists| lists.iter().any(|list| list.iter().any(|it| it.name == name)))
    }

    /// Whether members of the body that are not named here are passed over, as mem0's platform does with messages.
    pub fn passes_over(&self) -> bool {
        self.want == Want::Add
    }
}
