//! Resources with placeholders: `https://media.example.com/of/{sub}/*`.
//!
//! What stands for a placeholder comes from outside, and must not reach further than the one
//! it stands for. So a template is refused in which it could, and so is a value:
//!
//! 1. A placeholder stands in the path, or behind the `=` of a query parameter.
//! 2. No `*` stands before it in its section, so the value's place is fixed.
//! 3. Its path segment, or its parameter, holds no other placeholder and no wildcard.
//! 4. A value holds only characters that stand for themselves there; none is encoded for it.
//!
//! # Invariants
//!
//! Of one template and two persons with different values, no URL is covered by both.

use std::fmt;

use gatepass::Resource;

use crate::person::Person;

/// A resource that may hold placeholders, checked.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ResourceTemplate {
    text: Box<str>,
    parts: Box<[Part]>,
}

#[derive(Clone, Debug, Eq, PartialEq)]
enum Part {
    Literal(Box<str>),
    Placeholder { field: Field, section: Section, beside: Option<Dots> },
}

/// What a value must not be, so that its segment is none of one or two dots.
#[derive(Clone, Debug, Eq, PartialEq)]
struct Dots(Box<str>);

/// Where a placeholder stands.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Section {
    Path,
    Query,
}

/// What of a person a placeholder stands for.
#[derive(Clone, Debug, Eq, PartialEq)]
#[expect(clippy::exhaustive_enums, reason = "all claims can be named by the third")]
pub enum Field {
    /// `{sub}`: the subject.
    Subject,
    /// `{email}`: the address, if it is known to be theirs.
    Email,
    /// `{claim:name}`: a claim that is one text.
    Claim(Box<str>),
}

/// Why a resource's placeholders are refused, whoever comes.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum TemplateError {
    /// No `}`, or one without `{`.
    #[error("a {{ is not closed, or a }} was never opened")]
    Braces,
    /// A name that means nothing.
    #[error("{{{0}}} is no placeholder: expected {{sub}}, {{email}} or {{claim:name}}")]
    Unknown(Box<str>),
    /// In scheme or host.
    #[error(
        "{{{0}}} stands before the path: a person may choose a place on a host, never the host"
    )]
    Host(Field),
    /// A `*` stands before it.
    #[error(
        "a * stands before {{{0}}} in its section and could take its place: leave it out, or put it behind"
    )]
    AfterStar(Field),
    /// A wildcard or another placeholder stands beside it.
    #[error(
        "{{{0}}} shares its path segment or parameter with a wildcard or another placeholder, so that one person's could begin as another's: put a / (or &) between them, and write the ? before a query as \\?"
    )]
    Shared(Field),
    /// In the query, but not in a parameter's value.
    #[error("{{{0}}} stands in the query before a =: a person may give a value, never a name")]
    ParameterName(Field),
    /// The template is too long.
    #[error("the resource has {0} bytes, more than {max}", max = ResourceTemplate::LONGEST)]
    TooLong(usize),
}

/// Why a person's value can't stand for a placeholder. The value itself is not told.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{{{field}}} {problem}")]
pub struct ValueError {
    /// Which one.
    pub field: Field,
    /// What is wrong with it.
    pub problem: ValueProblem,
}

/// What is wrong with a value.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ValueProblem {
    /// The person has no such text.
    #[error("is not known of this person")]
    Missing,
    /// The claim is a list.
    #[error("has several values, where one can stand")]
    Several,
    /// It has no or too many bytes.
    #[error("has {0} bytes, where 1 to {max} can stand", max = ResourceTemplate::LONGEST_VALUE)]
    Length(usize),
    /// A character that means something else in a URL, or that does not travel as it is.
    #[error(
        "holds {0:?}, which does not stand for itself there; values are refused rather than encoded"
    )]
    Character(char),
    /// Two dots, or a segment of dots.
    #[error("holds dots that lead out of its folder")]
    Dots,
}

impl ResourceTemplate {
    /// The longest template, in bytes.
    pub const LONGEST: usize = 1_024;

    /// The longest value of a placeholder, in bytes: that of a subject.
    pub const LONGEST_VALUE: usize = Person::MAX_SUBJECT;

    /// Reads a resource, in which `{` begins a placeholder and means nothing else.
    pub fn parse(text: &str) -> Result<Self, TemplateError> {
        if text.len() > Self::LONGEST {
            return Err(TemplateError::TooLong(text.len()));
        }
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some(start) = rest.find(['{', '}']) {
            let (literal, placeholder) = rest.split_at(start);
            let end = placeholder.find('}').filter(|end| *end > 0).ok_or(TemplateError::Braces)?;
            let field = Field::parse(&placeholder[1..end])?;
            let at = text.len() - placeholder.len();
            let (before, after) = (&text[..at], &placeholder[end + 1..]);
            let section = check(before, after, &field)?;
            parts.push(Part::Literal(literal.into()));
            parts.push(Part::Placeholder { beside: dots(before, after, section), field, section });
            rest = after;
        }
        parts.push(Part::Literal(rest.into()));
        Ok(Self { text: text.into(), parts: parts.into() })
    }

    /// The template as written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// What of a person it needs.
    pub fn fields(&self) -> impl Iterator<Item = &Field> {
        self.parts.iter().filter_map(|part| match part {
            Part::Literal(_) => None,
            Part::Placeholder { field, .. } => Some(field),
        })
    }

    /// The resource of one person.
    pub fn fill(&self, person: &Person) -> Result<Resource, ValueError> {
        self.fill_with(|field| match field.value(person) {
            Ok(value) => Ok(value),
            Err(problem) => Err(ValueError { field: field.clone(), problem }),
        })
    }

    /// The resource of somebody whose values are all alike: an example to look at.
    pub(crate) fn sample(&self) -> Resource {
        let filled = self.fill_with(|_| Ok("somebody"));
        filled.unwrap_or_else(|_| Resource::new(&*self.text))
    }

    fn fill_with<'v>(
        &self,
        value: impl Fn(&Field) -> Result<&'v str, ValueError>,
    ) -> Result<Resource, ValueError> {
        let mut text = String::with_capacity(self.text.len() + 32);
        for part in &self.parts {
            match part {
                Part::Literal(literal) => text.push_str(literal),
                Part::Placeholder { field, section, beside } => {
                    let value = value(field)?;
                    check_value(value, *section, beside.as_ref())
                        .map_err(|problem| ValueError { field: field.clone(), problem })?;
                    text.push_str(value);
                }
            }
        }
        Ok(Resource::new(text))
    }
}

impl std::str::FromStr for ResourceTemplate {
    type Err = TemplateError;

    fn from_str(text: &str) -> Result<Self, TemplateError> {
        Self::parse(text)
    }
}

impl Field {
    fn parse(name: &str) -> Result<Self, TemplateError> {
        match name {
            "sub" => Ok(Self::Subject),
            "email" => Ok(Self::Email),
            _ => match name.strip_prefix("claim:") {
                Some("sub") => Ok(Self::Subject),
                Some("email") => Ok(Self::Email),
                Some(claim) if !claim.is_empty() && !claim.contains(['{', '}']) => {
                    Ok(Self::Claim(claim.into()))
                }
                _ => Err(TemplateError::Unknown(name.chars().take(80).collect())),
            },
        }
    }

    fn value<'p>(&self, person: &'p Person) -> Result<&'p str, ValueProblem> {
        let name = match self {
            Self::Subject => return Ok(person.subject()),
            Self::Email => return person.verified_email().ok_or(ValueProblem::Missing),
            Self::Claim(name) => name,
        };
        let mut texts = person.texts(name);
        match (texts.next(), texts.next()) {
            (Some(one), None) => Ok(one),
            (None, _) => Err(ValueProblem::Missing),
            (Some(_), Some(_)) => Err(ValueProblem::Several),
        }
    }
}

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Subject => f.write_str("sub"),
            Self::Email => f.write_str("email"),
            Self::Claim(name) => write!(f, "claim:{name}"),
        }
    }
}

/// Rules 1 to 3.
fn check(before: &str, after: &str, field: &Field) -> Result<Section, TemplateError> {
    let head = before.split('{').next().unwrap_or_default();
    let path = head
        .find("://")
        .and_then(|scheme| Some(scheme + 3 + head[scheme + 3..].find('/')?))
        .ok_or_else(|| TemplateError::Host(field.clone()))?;
    let (before, after, section) = section(&before[path..], after);
    if before.contains('*') {
        return Err(TemplateError::AfterStar(field.clone()));
    }
    let (start, end) = unit(before, after, section);
    if [start, end].iter().any(|beside| beside.contains(['*', '?', '\\', '{'])) {
        return Err(TemplateError::Shared(field.clone()));
    }
    if section == Section::Query && !start.contains('=') {
        return Err(TemplateError::ParameterName(field.clone()));
    }
    Ok(section)
}

/// What stands around a placeholder in its section. If no `\?` says where the query begins,
/// a plain `?` may: then both are looked at as one, for both are tried.
fn section<'t>(before: &'t str, after: &'t str) -> (&'t str, &'t str, Section) {
    if let Some((_, query)) = before.split_once(r"\?") {
        return (query, after, Section::Query);
    }
    if let Some((path, _)) = after.split_once(r"\?") {
        return (before, path, Section::Path);
    }
    let section = if before.contains('?') { Section::Query } else { Section::Path };
    (before, after, section)
}

/// What stands around a placeholder in its path segment, or in its parameter.
fn unit<'t>(before: &'t str, after: &'t str, section: Section) -> (&'t str, &'t str) {
    let (separators, end): (&[char], _) = match section {
        Section::Path => (&['/'], '/'),
        Section::Query => (&['&', '?'], '&'),
    };
    let start = before.rfind(separators).map_or(0, |at| at + 1);
    (&before[start..], after.split(end).next().unwrap_or_default())
}

/// If dots alone stand beside a placeholder in its segment, what they are.
fn dots(before: &str, after: &str, section_of: Section) -> Option<Dots> {
    let (before, after, _) = section(before, after);
    let (start, end) = unit(before, after, section_of);
    let beside = format!("{start}{end}");
    (section_of == Section::Path && beside.bytes().all(|byte| byte == b'.'))
        .then(|| Dots(beside.into()))
}

/// Rule 4.
fn check_value(value: &str, section: Section, beside: Option<&Dots>) -> Result<(), ValueProblem> {
    if value.is_empty() || value.len() > ResourceTemplate::LONGEST_VALUE {
        return Err(ValueProblem::Length(value.len()));
    }
    // Of the characters of a path or query (RFC 3986, section 3.3), those that no browser
    // encodes and no server takes for a separator.
    let others = match section {
        Section::Path => "-._~!$'()+,=:@",
        Section::Query => "-._~!$(),:@",
    };
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || others.contains(letter);
    if let Some(letter) = value.chars().find(|letter| !is_plain(*letter)) {
        return Err(ValueProblem::Character(letter));
    }
    let leads_out =
        |dots: &Dots| value.bytes().all(|byte| byte == b'.') && value.len() + dots.0.len() <= 2;
    if value.contains("..") || beside.is_some_and(leads_out) {
        return Err(ValueProblem::Dots);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use gatepass::ViewerUrl;
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn person(subject: &str, claims: &serde_json::Value) -> Person {
        Person::new(subject, claims.as_object().unwrap().clone()).unwrap()
    }

    fn filled(template: &str, subject: &str) -> Result<Resource, ValueProblem> {
        let template = ResourceTemplate::parse(template).unwrap();
        template.fill(&person(subject, &json!({}))).map_err(|error| error.problem)
    }

    #[test]
    fn a_placeholder_stands_for_what_is_known_of_a_person() {
        let claims = json!({
            "email": "ada@example.com", "email_verified": true, "team": ["red"], "sub": "eve",
        });
        let ada = person("ada", &claims);
        for (template, resource) in [
            ("https://m.test/of/{sub}/*", "https://m.test/of/ada/*"),
            ("https://*.test/of/{claim:sub}/*", "https://*.test/of/ada/*"),
            ("https://m.test/{email}.mp4", "https://m.test/ada@example.com.mp4"),
            ("https://m.test/{claim:team}/{sub}/*", "https://m.test/red/ada/*"),
            ("https://m.test/*.mp4\\?u={sub}", "https://m.test/*.mp4\\?u=ada"),
            ("https://m.test/f?u={sub}&*", "https://m.test/f?u=ada&*"),
            ("https://m.test/f/{sub}\\?*", "https://m.test/f/ada\\?*"),
            ("*", "*"),
        ] {
            let template = ResourceTemplate::parse(template).unwrap();
            assert_eq!(template.fill(&ada).unwrap().as_str(), resource);
        }
    }

    #[test]
    fn a_template_is_refused_in_which_one_persons_would_be_anothers() {
        use TemplateError::*;
        let sub = Field::Subject;
        for (template, error) in [
            ("https://{sub}.m.test/*", Host(sub.clone())),
            ("https://m.test{sub}/*", Host(sub.clone())),
            ("{sub}://m.test/*", Host(sub.clone())),
            ("*/of/{sub}/*", Host(sub.clone())),
            ("https://m.test/*/{sub}/*", AfterStar(sub.clone())),
            ("https://m.test/*?u={sub}", AfterStar(sub.clone())),
            ("https://m.test/f\\?*&u={sub}", AfterStar(sub.clone())),
            ("https://m.test/of/{sub}*", Shared(sub.clone())),
            ("https://m.test/of/{sub}-*/x", Shared(sub.clone())),
            ("https://m.test/of/?{sub}/x", ParameterName(sub.clone())),
            ("https://m.test/of/{sub}?u=*", Shared(sub.clone())),
            ("https://m.test/of/{sub}{email}/*", Shared(sub.clone())),
            ("https://m.test/f?u={sub}*", Shared(sub.clone())),
            ("https://m.test/f?u={sub}?", Shared(sub.clone())),
            ("https://m.test/f?{sub}=1", ParameterName(sub.clone())),
            ("https://m.test/f\\?{sub}", ParameterName(sub)),
            ("https://m.test/{sub", Braces),
            ("https://m.test/sub}", Braces),
            ("https://m.test/{name}", Unknown("name".into())),
            ("https://m.test/{claim:}", Unknown("claim:".into())),
            ("https://m.test/{}", Unknown("".into())),
        ] {
            assert_eq!(ResourceTemplate::parse(template), Err(error), "{template}");
        }
        let long = format!("https://m.test/{}", "a".repeat(1_010));
        assert_eq!(ResourceTemplate::parse(&long), Err(TooLong(1_025)));
        assert!(ResourceTemplate::parse(&long[1..]).is_ok());
    }

    #[test]
    fn a_value_that_would_mean_something_else_is_refused() {
        let folder = "https://m.test/of/{sub}/*";
        for value in [
            "*", "a*", "?", "a\\", "a/b", "/", "#", "%2e", "a%2Fb", "a b", "\u{0}", "é", "a;b",
            "a&b", "a\nb", "\"", "<", ">", "a|b", "{", "}", "a\u{7f}",
        ] {
            let problem = filled(folder, value).unwrap_err();
            assert!(matches!(problem, ValueProblem::Character(_)), "{value:?}: {problem}");
        }
        for value in [".", "..", "a..b"] {
            assert_eq!(filled(folder, value), Err(ValueProblem::Dots), "{value}");
        }
        assert_eq!(filled("https://m.test/.{sub}/*", "."), Err(ValueProblem::Dots));
        assert!(filled("https://m.test/v{sub}/*", ".").is_ok());
        assert!(filled(folder, "a.b").is_ok() && filled(folder, &"a".repeat(255)).is_ok());
        let parameter = "https://m.test/f\\?u={sub}";
        for value in ["a=b", "a+b", "a&Policy=b", "it's"] {
            assert!(filled(parameter, value).is_err(), "{value}");
        }
        assert!(filled(parameter, "ada@example.com").is_ok());
    }

    #[test]
    fn what_is_not_one_text_stands_for_nothing() {
        let ada = person(
            "ada",
            &json!({"teams": ["red", "blue"], "age": 7, "empty": "",
            "long": "a".repeat(256), "email": "ada@example.com"}),
        );
        let problem = |field: &str| {
            let template = ResourceTemplate::parse(&format!("https://m.test/{{{field}}}/*"));
            template.unwrap().fill(&ada).unwrap_err().problem
        };
        assert_eq!(problem("claim:teams"), ValueProblem::Several);
        assert_eq!(problem("claim:age"), ValueProblem::Missing);
        assert_eq!(problem("claim:none"), ValueProblem::Missing);
        assert_eq!(problem("claim:empty"), ValueProblem::Length(0));
        assert_eq!(problem("claim:long"), ValueProblem::Length(256));
        assert_eq!(problem("email"), ValueProblem::Missing, "nobody has verified it");
        assert_eq!(problem("claim:email"), ValueProblem::Missing, "nor by its other name");
    }

    /// Values made of all that is allowed, and of what would widen if it were.
    fn value() -> impl Strategy<Value = String> {
        prop_oneof!["[a-c.=@:+*?/\\\\%&#{} é]{1,6}", "[ab.=]{1,4}"]
    }

    fn template() -> impl Strategy<Value = String> {
        let piece = prop_oneof![
            Just("{sub}"),
            Just("/"),
            Just("*"),
            Just("?"),
            Just("\\?"),
            Just("a"),
            Just("="),
            Just("&"),
            Just("."),
            Just("b"),
        ];
        proptest::collection::vec(piece, 1..9)
            .prop_map(|pieces| format!("https://m.test/{}", pieces.concat()))
    }

    /// URLs that a resource is likely to cover: its wildcards replaced.
    fn asked(resource: &str, instead: &[String; 3]) -> String {
        let mut turn = instead.iter().cycle();
        resource.replace(r"\?", "?").chars().fold(String::new(), |mut url, letter| {
            match letter {
                '*' => url.push_str(turn.next().unwrap()),
                letter => url.push(letter),
            }
            url
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4_000))]

        #[test]
        fn no_url_is_covered_by_the_resources_of_two_persons(
            template in template(),
            one in value(),
            other in value(),
            instead in proptest::array::uniform3("[ab./?=&]{0,5}"),
        ) {
            let Ok(template) = ResourceTemplate::parse(&template) else { return Ok(()) };
            let fill = |value: &str| template.fill(&person(value, &json!({})));
            let (Ok(ones), Ok(others)) = (fill(&one), fill(&other)) else { return Ok(()) };
            let is_personal = template.fields().next().is_some();
            let star = template.as_str().replace("{sub}", "*");
            for url in [asked(ones.as_str(), &instead), asked(others.as_str(), &instead)] {
                let url = ViewerUrl::parse(&url).unwrap();
                if ones.covers(&url) {
                    // A URL that is spelled out is covered with slashes that a pattern is not.
                    let within = Resource::new(&*star).covers(&url) || url.is_spelled(ones.as_str());
                    prop_assert!(within, "{} {}", star, url);
                    let both = is_personal && one != other && others.covers(&url);
                    prop_assert!(!both, "{} and {} cover {}", ones, others, url);
                }
            }
        }
    }
}
