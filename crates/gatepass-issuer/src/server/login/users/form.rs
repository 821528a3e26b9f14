//! What a login form brings.

use zeroize::Zeroizing;

use crate::person::Person;
use crate::server::password::PasswordHash;
use crate::server::return_to::ReturnTo;

/// A login form that was sent.
#[derive(Clone, Eq, PartialEq)]
pub(crate) struct LoginForm {
    pub(crate) token: String,
    pub(crate) return_to: String,
    pub(crate) name: String,
    pub(crate) password: Zeroizing<String>,
}

impl LoginForm {
    /// The longest form, in bytes: each of its fields at its longest, and escaped.
    pub(crate) const LONGEST: usize =
        3 * (PasswordHash::LONGEST_PASSWORD + Person::MAX_SUBJECT + ReturnTo::LONGEST) + 256;

    /// Reads a form. Fields that are missing are empty; of a field that comes twice the last
    /// counts; others are left aside.
    pub(crate) fn read(body: &[u8]) -> Option<Self> {
        if body.len() > Self::LONGEST {
            return None;
        }
        let mut form = Self {
            token: String::new(),
            return_to: String::new(),
            name: String::new(),
            password: Zeroizing::new(String::new()),
        };
        for (name, value) in form_urlencoded::parse(body) {
            match &*name {
                "token" => form.token = value.into_owned(),
                "return-to" => form.return_to = value.into_owned(),
                // Keyboards of phones add a space behind a word.
                "name" => value.trim().clone_into(&mut form.name),
                "password" => form.password = Zeroizing::new(value.into_owned()),
                _ => {}
            }
        }
        (form.name.len() <= Person::MAX_SUBJECT
            && form.password.len() <= PasswordHash::LONGEST_PASSWORD)
            .then_some(form)
    }
}

impl std::fmt::Debug for LoginForm {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("LoginForm")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_is_read_as_browsers_send_it() {
        let form =
            LoginForm::read(b"token=t&return-to=%2Fa%3Fb&name=Ada+L+&password=+a%26%C3%A4+&x=y");
        let form = form.unwrap();
        assert_eq!((&*form.token, &*form.return_to, &*form.name), ("t", "/a?b", "Ada L"));
        assert_eq!(*form.password, " a&ä ");
        assert_eq!(format!("{form:?}"), "LoginForm");
        assert!(LoginForm::read(b"").is_some());
    }

    #[test]
    fn what_is_too_long_is_no_form() {
        let name = |length| LoginForm::read(format!("name={}", "a".repeat(length)).as_bytes());
        assert!(name(255).is_some() && name(256).is_none());
        let password =
            |length| LoginForm::read(format!("password={}", "a".repeat(length)).as_bytes());
        assert!(password(1_024).is_some() && password(1_025).is_none());
        let longest = |length| LoginForm::read("&".repeat(length).as_bytes());
        assert!(longest(LoginForm::LONGEST).is_some() && longest(LoginForm::LONGEST + 1).is_none());
    }
}
