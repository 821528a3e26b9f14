//! `[edge] tls` and `[edge] acme`: which certificates are shown to viewers.

use std::path::{Path, PathBuf};

use gatepass_edge::{AcmeConfig, CertificateFiles};

use super::ReadFile;
use super::table::{Table, Value};

pub(super) fn certificates(
    tables: Vec<Table<'_>>,
    folder: &Path,
    read_file: ReadFile<'_>,
) -> Vec<CertificateFiles> {
    let read = |mut table: Table<'_>| {
        let certificate = table.required("certificate", "the path of a certificate in PEM");
        let key = table.required("key", "the path of its private key in PEM");
        table.finish();
        let readable = |value: &Value<'_>| readable(value, folder, read_file);
        let certificate = certificate.as_ref().and_then(readable);
        let key = key.as_ref().and_then(readable);
        Some(CertificateFiles { certificate: certificate?, key: key? })
    };
    tables.into_iter().filter_map(read).collect()
}

fn readable(value: &Value<'_>, folder: &Path, read_file: ReadFile<'_>) -> Option<PathBuf> {
    let path = folder.join(value.text()?);
    match read_file(&path) {
        Ok(_) => Some(path),
        Err(error) => {
            value.mistake(format!("can't read {}: {error}", path.display()));
            None
        }
    }
}

pub(super) fn acme(mut table: Table<'_>, folder: &Path) -> Option<AcmeConfig> {
    let is_there = table.is_there();
    let directory = table.required("directory", "the URL of an authority's directory");
    let directory = directory.and_then(|value| authority(&value));
    let contact = table.value("contact").map_or_else(Vec::new, contact);
    let domains = table.value("domains").map_or_else(Vec::new, domains);
    let storage = table.required("storage", "a folder for the account and its certificates");
    let storage = storage.and_then(|value| value.text()).map(|path| folder.join(path));
    let terms = table.required("accept-terms", "true, once you have read the authority's terms");
    let accepts_terms = terms.as_ref().and_then(Value::flag);
    if let (Some(terms), Some(false)) = (terms, accepts_terms) {
        terms.mistake("an authority gives certificates only to those who accept its terms");
    }
    table.finish();
    let (directory, storage) = (directory?, storage?);
    let accepts_terms = accepts_terms?;
    is_there.then_some(AcmeConfig { directory, contact, domains, storage, accepts_terms })
}

fn authority(value: &Value<'_>) -> Option<Box<str>> {
    let text = value.text()?;
    let is_url = text.strip_prefix("https://").is_some_and(|rest| !rest.is_empty())
        && text.bytes().all(|byte| byte.is_ascii_graphic());
    if !is_url {
        value.mistake(format!(
            "{text:?} is no directory: expected a URL such as https://acme-v02.api.letsencrypt.org/directory"
        ));
    }
    is_url.then(|| text.into())
}

/// One address, or a list of them.
fn contact(value: Value<'_>) -> Vec<Box<str>> {
    let items = if value.is_text() { vec![value] } else { value.items() };
    let read = |value: &Value<'_>| {
        let text = value.text()?;
        let is_address = text.strip_prefix("mailto:").is_some_and(|it| it.contains('@'))
            && text.bytes().all(|byte| byte.is_ascii_graphic());
        if !is_address {
            value.mistake(format!("{text:?} is no contact: expected mailto:admin@example.com"));
        }
        Some(text.into())
    };
    items.iter().filter_map(read).collect()
}

fn domains(value: Value<'_>) -> Vec<Box<str>> {
    let read = |value: &Value<'_>| {
        let text = value.text()?;
        let is_byte = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'.';
        if !text.contains('.') || !text.bytes().all(is_byte) {
            value.mistake(format!(
                "{text:?} is no name for a certificate: expected media.example.com, without *"
            ));
        }
        Some(text.to_ascii_lowercase().into())
    };
    value.items().iter().filter_map(read).collect()
}
