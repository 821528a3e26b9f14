#!/bin/sh
# Signs for CloudFront and Gatepass with openssl alone.
#
#   sign.sh cookies|url canned|custom SHA1|SHA256 URL EXPIRES [ADDRESS]
#
# KEY_ID and PRIVATE_KEY name the key. EXPIRES is in seconds since 1970; ADDRESS goes with custom alone.
# The URL may hold * if the policy is custom. RESOURCE is what the policy covers, if it isn't the URL.
set -eu
kind=$1 policy_kind=$2 hash=$3 url=$4 expires=$5 address=${6-}
: "${KEY_ID:?the ID of the public key}" "${PRIVATE_KEY:?the file of the private key}"
resource=${RESOURCE-$url}
case "$resource$address" in *[\"\\]*) echo "a quote or a backslash would change the policy" >&2; exit 2 ;; esac
case "$policy_kind$resource" in canned*\**) echo "a canned policy takes no *" >&2; exit 2 ;; esac

# The policy. No white space, and in a canned policy exactly this order: the edge puts it together again.
condition="\"DateLessThan\":{\"AWS:EpochTime\":$expires}"
if [ -n "$address" ]; then condition="\"IpAddress\":{\"AWS:SourceIp\":\"$address\"},$condition"; fi
policy="{\"Statement\":[{\"Resource\":\"$resource\",\"Condition\":{$condition}}]}"

# CloudFront's base64: on one line, with - _ ~ for + = /.
encode() { openssl base64 -A | tr '+=/' '-_~'; }
digest=$(printf %s "$hash" | tr '[:upper:]' '[:lower:]')
signature=$(printf %s "$policy" | openssl dgst "-$digest" -sign "$PRIVATE_KEY" -binary | encode)

case $policy_kind in
  canned) terms="Expires=$expires" ;;
  custom) terms="Policy=$(printf %s "$policy" | encode)" ;;
esac
pairs="$terms Signature=$signature Key-Pair-Id=$KEY_ID"
if [ "$hash" = SHA256 ]; then pairs="$pairs Hash-Algorithm=SHA256"; fi # silence means SHA1

case $kind in
  cookies) echo "Cookie: $(printf %s "$pairs" | sed 's/[^ ]*/CloudFront-&/g; s/ /; /g')" ;;
  url) case $url in *\?*) join='&' ;; *) join='?' ;; esac
    echo "$url$join$(printf %s "$pairs" | tr ' ' '&')" ;;
esac
