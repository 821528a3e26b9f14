//! Which of the things that a viewer sends are meant: query parameters, headers, cookies.

/// A choice among named things. Names are compared as they are written; `*` is a literal.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub enum Selection {
    /// None of them.
    #[default]
    None,
    /// These alone.
    Only(Vec<Box<str>>),
    /// All but these.
    AllExcept(Vec<Box<str>>),
    /// All.
    All,
}

impl Selection {
    /// Says whether a name is chosen. Headers ask in lower case, and are listed so.
    pub fn covers(&self, name: &str) -> bool {
        let is_listed = |names: &[Box<str>]| names.iter().any(|listed| **listed == *name);
        match self {
            Self::None => false,
            Self::Only(names) => is_listed(names),
            Self::AllExcept(names) => !is_listed(names),
            Self::All => true,
        }
    }

    /// The names that are listed, to be meant or left out.
    pub fn names(&self) -> &[Box<str>] {
        match self {
            Self::None | Self::All => &[],
            Self::Only(names) | Self::AllExcept(names) => names,
        }
    }

    /// Says whether nothing is chosen, whatever the viewer sends.
    pub const fn is_none(&self) -> bool {
        match self {
            Self::None => true,
            Self::Only(names) => names.is_empty(),
            Self::AllExcept(_) | Self::All => false,
        }
    }
}
