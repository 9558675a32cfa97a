<?php
// php seal.php KEY TEXT: seals a text for the relay. KEY: 32 random bytes in base64url.

function base64url(string $bytes): string
{
    return rtrim(strtr(base64_encode($bytes), '+/', '-_'), '=');
}

function seal(string $text, string $key): string
{
    $header = base64url('{"alg":"dir","enc":"A256GCM"}');
    $iv = random_bytes(12); // a new one for every message
    $sealed = openssl_encrypt($text, 'aes-256-gcm', base64_decode(strtr($key, '-_', '+/')), OPENSSL_RAW_DATA, $iv, $tag, $header, 16);
    return implode('.', [$header, '', base64url($iv), base64url($sealed), base64url($tag)]);
}

echo seal($argv[2], $argv[1]), "\n";
