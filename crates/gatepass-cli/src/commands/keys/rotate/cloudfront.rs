//! What to tell CloudFront at each step, as lines for a shell with the AWS CLI.

use gatepass::{PublicKey, PublicKeyId};

use crate::shell::quote;

/// Hands CloudFront the public half; it answers with the ID that passes are to name.
pub(super) fn create(key: &PublicKey) -> String {
    let pem = key.to_pem();
    let reference = data_encoding::HEXLOWER.encode(&key.fingerprint()[..8]);
    let config = serde_json::json!({
        "CallerReference": format!("gatepass-{reference}"),
        "Name": format!("gatepass-{reference}"),
        "EncodedKey": pem,
    });
    format!(
        "Hand its public half to CloudFront:\n\n  aws cloudfront create-public-key --query PublicKey.Id --output text \\\n    --public-key-config {}",
        quote(&config.to_string())
    )
}

pub(super) fn add(new: &PublicKeyId) -> String {
    let items = format!("[KeyGroup.KeyGroupConfig.Items, ['{new}']][]");
    format!(
        "Add it to the key group (aws cloudfront list-key-groups says its ID):\n\n{}",
        update(&items)
    )
}

pub(super) fn remove(old: &PublicKeyId) -> String {
    let items = format!("KeyGroup.KeyGroupConfig.Items[?@ != '{old}']");
    format!(
        "Take {old} out of the key group, and then away:

{}
  ETAG=$(aws cloudfront get-public-key --id {old} --query ETag --output text)
  aws cloudfront delete-public-key --id {old} --if-match \"$ETAG\"",
        update(&items)
    )
}

/// Writes the group anew with these items, and all else as it is.
fn update(items: &str) -> String {
    format!(
        "  GROUP=…
  ETAG=$(aws cloudfront get-key-group --id \"$GROUP\" --query ETag --output text)
  aws cloudfront get-key-group --id \"$GROUP\" --output json > group.json \\
    --query \"merge(KeyGroup.KeyGroupConfig, {{Items: {items}}})\"
  aws cloudfront update-key-group --id \"$GROUP\" --if-match \"$ETAG\" \\
    --key-group-config file://group.json"
    )
}
