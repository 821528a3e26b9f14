<?php
// Signed URLs and cookies with PHP's own openssl.
//
//   php sign.php cookies|url URL SECONDS     KEY_ID and PRIVATE_KEY name the key

/** CloudFront's base64. */
function encode(string $data): string
{
    return strtr(base64_encode($data), '+=/', '-_~');
}

/** The parts of a pass. A canned policy covers one URL; a custom one may hold * and ?. */
function signed(string $resource, int $expires, string $keyPairId, OpenSSLAsymmetricKey $key, bool $canned): array
{
    $policy = json_encode(
        ['Statement' => [[
            'Resource' => $resource,
            'Condition' => ['DateLessThan' => ['AWS:EpochTime' => $expires]],
        ]]],
        JSON_UNESCAPED_SLASHES | JSON_UNESCAPED_UNICODE | JSON_THROW_ON_ERROR,
    );
    if (!openssl_sign($policy, $signature, $key, OPENSSL_ALGO_SHA256)) {
        throw new RuntimeException('the policy could not be signed: ' . openssl_error_string());
    }
    return [
        ...($canned ? ['Expires' => $expires] : ['Policy' => encode($policy)]),
        'Signature' => encode($signature),
        'Key-Pair-Id' => $keyPairId,
        'Hash-Algorithm' => 'SHA256',
    ];
}

[, $kind, $url, $seconds] = $argv;
$key = openssl_pkey_get_private(file_get_contents(getenv('PRIVATE_KEY')));
$expires = time() + (int) $seconds;
$parts = signed($url, $expires, getenv('KEY_ID'), $key, $kind === 'url');
$pairs = array_map(fn ($name, $value) => "$name=$value", array_keys($parts), $parts);
if ($kind === 'url') {
    echo $url, str_contains($url, '?') ? '&' : '?', implode('&', $pairs), "\n";
} else {
    // In a page: setcookie("CloudFront-$name", $value, ['path' => '/private', 'secure' => true, …]).
    echo 'Cookie: ', implode('; ', array_map(fn ($pair) => "CloudFront-$pair", $pairs)), "\n";
}
