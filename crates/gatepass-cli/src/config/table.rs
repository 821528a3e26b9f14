//! A TOML table that remembers which of its fields were asked for, and where each one lies.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt::Display;
use std::ops::Range;
use std::str::FromStr;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// Gathers what is wrong, and where everything lies.
#[derive(Debug, Default)]
pub(super) struct Reader {
    pub(super) mistakes: RefCell<Vec<(Range<usize>, String)>>,
    /// Paths such as `distribution[0].origin[1].id` and their places in the text.
    pub(super) places: RefCell<BTreeMap<String, Range<usize>>>,
}

impl Reader {
    pub(super) fn is_clean(&self) -> bool {
        self.mistakes.borrow().is_empty()
    }

    fn mistake(&self, place: Range<usize>, problem: impl Into<String>) {
        self.mistakes.borrow_mut().push((place, problem.into()));
    }

    fn found(&self, path: &str, place: Range<usize>) {
        self.places.borrow_mut().insert(path.to_owned(), place);
    }
}

/// One table. Ask for every field it may have, then [`finish`](Self::finish) it.
pub(super) struct Table<'d> {
    reader: &'d Reader,
    path: String,
    place: Range<usize>,
    fields: Option<&'d DeTable<'d>>,
    asked: Vec<&'static str>,
}

/// A value and where it lies.
#[derive(Clone)]
pub(super) struct Value<'d> {
    reader: &'d Reader,
    path: String,
    place: Range<usize>,
    content: &'d DeValue<'d>,
}

impl<'d> Table<'d> {
    pub(super) fn root(reader: &'d Reader, document: &'d Spanned<DeTable<'d>>) -> Self {
        let (fields, place) = (Some(document.get_ref()), 0..0);
        Self { reader, path: String::new(), place, fields, asked: Vec::new() }
    }

    /// Says whether the table is there at all.
    pub(super) const fn is_there(&self) -> bool {
        self.fields.is_some()
    }

    /// Tells a mistake in a field, or in the table if the field is not there.
    pub(super) fn mistake(&self, field: &str, problem: impl Into<String>) {
        let place = self.fields.and_then(|fields| fields.get(field)).map(Spanned::span);
        self.reader.mistake(place.unwrap_or(self.place.clone()), problem);
    }

    /// A field that may be missing.
    pub(super) fn value(&mut self, field: &'static str) -> Option<Value<'d>> {
        self.asked.push(field);
        let found = self.fields?.get(field)?;
        let path = self.path_of(field);
        self.reader.found(&path, found.span());
        Some(Value { reader: self.reader, path, place: found.span(), content: found.get_ref() })
    }

    /// A field that must be there.
    pub(super) fn required(&mut self, field: &'static str, expected: &str) -> Option<Value<'d>> {
        let value = self.value(field);
        if value.is_none() && self.is_there() {
            self.mistake("", format!("{field} is missing: expected {expected}"));
        }
        value
    }

    /// A table within this one; one without fields if it is missing.
    pub(super) fn table(&mut self, field: &'static str) -> Table<'d> {
        match self.value(field) {
            Some(value) => value.table(),
            None => Table {
                reader: self.reader,
                path: self.path_of(field),
                place: self.place.clone(),
                fields: None,
                asked: Vec::new(),
            },
        }
    }

    /// An array of tables; empty if it is missing.
    pub(super) fn tables(&mut self, field: &'static str) -> Vec<Table<'d>> {
        self.value(field)
            .map_or_else(Vec::new, |value| value.items().into_iter().map(Value::table).collect())
    }

    /// Tells every field that nobody asked for.
    pub(super) fn finish(self) {
        for (name, value) in self.fields.into_iter().flatten() {
            let (name, place) = (name.get_ref(), value.span());
            if !self.asked.contains(&&**name) {
                let known = self.asked.join(", ");
                let table = if self.path.is_empty() { "this file" } else { &self.path };
                let key = self.fields.and_then(|fields| fields.get_key_value(&**name));
                let place = key.map_or(place, |(key, _)| key.span());
                self.reader
                    .mistake(place, format!("{table} has no field {name:?}; it has {known}"));
            }
        }
    }

    fn path_of(&self, field: &str) -> String {
        if self.path.is_empty() { field.to_owned() } else { format!("{}.{field}", self.path) }
    }
}

impl<'d> Value<'d> {
    /// Tells that the value is wrong.
    pub(super) fn mistake(&self, problem: impl Into<String>) {
        self.reader.mistake(self.place.clone(), problem);
    }

    pub(super) fn text(&self) -> Option<&'d str> {
        let text = self.content.as_str();
        if text.is_none() {
            self.expected("text in quotes");
        }
        text
    }

    pub(super) fn flag(&self) -> Option<bool> {
        let flag = self.content.as_bool();
        if flag.is_none() {
            self.expected("true or false");
        }
        flag
    }

    /// Says whether it is text, without telling a mistake.
    pub(super) fn is_text(&self) -> bool {
        self.content.is_str()
    }

    /// Says whether it is a table, without telling a mistake.
    pub(super) fn is_table(&self) -> bool {
        self.content.is_table()
    }

    /// Says whether it is a list, without telling a mistake.
    pub(super) fn is_list(&self) -> bool {
        self.content.is_array()
    }

    /// Text that is one of a few words.
    pub(super) fn choice<T: Copy>(&self, words: &[(&str, T)]) -> Option<T> {
        let text = self.text()?;
        let chosen = words.iter().find(|(word, _)| *word == text).map(|(_, meaning)| *meaning);
        if chosen.is_none() {
            let known: Vec<_> = words.iter().map(|(word, _)| format!("{word:?}")).collect();
            let (last, others) = known.split_last().expect("there is something to choose");
            let known = format!("{} or {last}", others.join(", "));
            self.mistake(format!("{text:?} is not known here: expected {known}"));
        }
        chosen
    }

    /// A whole number within bounds.
    pub(super) fn number(&self, bounds: std::ops::RangeInclusive<u64>) -> Option<u64> {
        let number = self
            .content
            .as_integer()
            .and_then(|integer| u64::from_str_radix(integer.as_str(), integer.radix()).ok());
        let number = number.filter(|number| bounds.contains(number));
        if number.is_none() {
            self.expected(&format!("a whole number from {} to {}", bounds.start(), bounds.end()));
        }
        number
    }

    /// A part of one: from 0, nothing, to 1, all.
    pub(super) fn part(&self) -> Option<f64> {
        let text = match self.content {
            DeValue::Integer(number) => Some(number.as_str()),
            DeValue::Float(number) => Some(number.as_str()),
            _ => None,
        };
        let part = text.and_then(|text| text.parse().ok());
        let part = part.filter(|part| (0.0..=1.0).contains(part));
        if part.is_none() {
            self.expected("a number from 0 to 1, such as 0.1");
        }
        part
    }

    /// Text that is read as something else.
    pub(super) fn parsed<T: FromStr<Err: Display>>(&self) -> Option<T> {
        match self.text()?.parse() {
            Ok(parsed) => Some(parsed),
            Err(error) => {
                self.mistake(T::Err::to_string(&error));
                None
            }
        }
    }

    /// The items of an array.
    pub(super) fn items(self) -> Vec<Value<'d>> {
        let Some(array) = self.content.as_array() else {
            self.expected("a list in [brackets]");
            return Vec::new();
        };
        let items = array.iter().enumerate().map(|(at, item)| {
            let path = format!("{}[{at}]", self.path);
            self.reader.found(&path, item.span());
            Value { reader: self.reader, path, place: item.span(), content: item.get_ref() }
        });
        items.collect()
    }

    /// The items of an array of texts.
    pub(super) fn texts(self) -> Vec<Box<str>> {
        self.items().iter().filter_map(|item| item.text().map(Box::from)).collect()
    }

    /// The names and texts of a table whose names are the operator's.
    pub(super) fn named_texts(self) -> Vec<(Box<str>, Box<str>)> {
        let named = self.named_values().into_iter();
        named.filter_map(|(name, value)| Some((name, value.text()?.into()))).collect()
    }

    /// The names and values of a table whose names are the operator's.
    pub(super) fn named_values(self) -> Vec<(Box<str>, Self)> {
        let Some(fields) = self.content.as_table() else {
            self.expected("a table such as { X-Name = \"value\" }");
            return Vec::new();
        };
        let named = fields.iter().map(|(name, value)| {
            let path = format!("{}.{}", self.path, name.get_ref());
            self.reader.found(&path, name.span());
            let (place, content) = (value.span(), value.get_ref());
            (Box::from(&**name.get_ref()), Value { reader: self.reader, path, place, content })
        });
        named.collect()
    }

    pub(super) fn table(self) -> Table<'d> {
        let fields = self.content.as_table();
        if fields.is_none() {
            self.expected("a table");
        }
        Table { reader: self.reader, path: self.path, place: self.place, fields, asked: Vec::new() }
    }

    /// Tells that the value is of another kind than `what`.
    pub(super) fn expected(&self, what: &str) {
        self.mistake(format!("{}: expected {what}, not {}", self.path, kind(self.content)));
    }
}

fn kind(value: &DeValue<'_>) -> String {
    match value {
        DeValue::Integer(number) => number.to_string(),
        DeValue::Float(number) => number.to_string(),
        other => format!("a value of type {}", other.type_str()),
    }
}
