//! Where content comes from. So far that is a folder: begin with [`directory`].

pub mod directory;

mod spelling;

mod found;

pub mod conditions;

pub mod range;

pub mod content_type;

pub mod file_body;
