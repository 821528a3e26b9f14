//! A POSIX shell's quotes: written around what is to be pasted, read from what was pasted.

use crate::words::Failure;

/// The text as one word of a shell command.
pub(crate) fn quote(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

/// The words of a command line, as bash splits it: `'…'`, `"…"`, `$'…'`, backslashes.
///
/// Nothing is expanded: a `$` or a backquote outside of single quotes stands for itself.
pub(crate) fn split(line: &str) -> Result<Vec<String>, Failure> {
    let mut words = Vec::new();
    let mut rest = line.trim_start();
    while !rest.is_empty() {
        let (word, after) = one_word(rest)?;
        words.push(word);
        rest = after.trim_start();
        while let Some(after) = rest.strip_prefix("\\\r\n").or(rest.strip_prefix("\\\n")) {
            rest = after.trim_start();
        }
    }
    Ok(words)
}

fn one_word(text: &str) -> Result<(String, &str), Failure> {
    let mut word = String::new();
    let mut rest = text;
    loop {
        let mut letters = rest.chars();
        let Some(letter) = letters.next() else { return Ok((word, "")) };
        let after = letters.as_str();
        rest = match letter {
            _ if letter.is_whitespace() => return Ok((word, rest)),
            '\'' => single(after, &mut word)?,
            '"' => double(after, &mut word)?,
            '$' if after.starts_with('\'') => ansi_c(&after[1..], &mut word)?,
            '\\' => escaped(after, &mut word),
            _ => {
                word.push(letter);
                after
            }
        };
    }
}

fn escaped<'t>(after: &'t str, word: &mut String) -> &'t str {
    let mut letters = after.chars();
    word.extend(letters.next().filter(|letter| *letter != '\n'));
    letters.as_str()
}

fn single<'t>(text: &'t str, word: &mut String) -> Result<&'t str, Failure> {
    let (inside, after) = text.split_once('\'').ok_or_else(|| open_quote("'"))?;
    word.push_str(inside);
    Ok(after)
}

fn double<'t>(text: &'t str, word: &mut String) -> Result<&'t str, Failure> {
    let mut letters = text.chars();
    while let Some(letter) = letters.next() {
        match letter {
            '"' => return Ok(letters.as_str()),
            '\\' => match letters.next() {
                Some(special @ ('"' | '\\' | '$' | '`')) => word.push(special),
                Some('\n') => {}
                Some(other) => word.extend(['\\', other]),
                None => break,
            },
            _ => word.push(letter),
        }
    }
    Err(open_quote("\""))
}

/// `$'…'`, which Chrome and Firefox write as soon as there is a `!` or a letter beyond ASCII.
fn ansi_c<'t>(text: &'t str, word: &mut String) -> Result<&'t str, Failure> {
    let mut rest = text;
    loop {
        let mut letters = rest.chars();
        let letter = letters.next().ok_or_else(|| open_quote("$'"))?;
        rest = letters.as_str();
        match letter {
            '\'' => return Ok(rest),
            '\\' => rest = ansi_c_escape(rest, word)?,
            _ => word.push(letter),
        }
    }
}

fn ansi_c_escape<'t>(text: &'t str, word: &mut String) -> Result<&'t str, Failure> {
    let mut letters = text.chars();
    let letter = letters.next().ok_or_else(|| open_quote("$'"))?;
    let rest = letters.as_str();
    let (most, radix, start) = match letter {
        'x' => (2, 16, rest),
        'u' => (4, 16, rest),
        'U' => (8, 16, rest),
        '0'..='7' => (3, 8, text),
        _ => {
            word.push(match letter {
                'n' => '\n',
                'r' => '\r',
                't' => '\t',
                other => other,
            });
            return Ok(rest);
        }
    };
    let length = start.chars().take(most).take_while(|digit| digit.is_digit(radix)).count();
    let code = u32::from_str_radix(&start[..length], radix).ok();
    word.extend(code.and_then(char::from_u32));
    Ok(&start[length..])
}

fn open_quote(quote: &str) -> Failure {
    Failure::new(format!("a {quote} is opened and never closed"))
        .hint("paste the whole command, and put '…' around it only if it has no ' itself")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn splits_as_bash_does() {
        for (line, words) in [
            ("curl 'a b' c", &["curl", "a b", "c"][..]),
            (r#"curl "a \"b\" \n" -b x\ y"#, &["curl", r#"a "b" \n"#, "-b", "x y"]),
            ("curl \\\n  -H 'Cookie: a=b' \\\r\n  u", &["curl", "-H", "Cookie: a=b", "u"]),
            (r"curl $'it\'s \u0021\x41\101\n'", &["curl", "it's !AA\n"]),
            ("a'b'\"c\"d", &["abcd"]),
            ("''", &[""]),
            ("  ", &[]),
        ] {
            assert_eq!(split(line).unwrap(), words, "{line}");
        }
        for line in ["'a", "\"a", "$'a", "$'a\\", "\"a\\"] {
            assert!(split(line).is_err(), "{line}");
        }
    }

    #[test]
    fn reads_back_what_it_quotes() {
        for text in ["", "a b", "it's", "$x `y` \"z\" \\", "é!"] {
            assert_eq!(split(&quote(text)).unwrap(), [text]);
        }
    }
}
