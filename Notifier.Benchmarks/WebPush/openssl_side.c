/* The limit: the same cryptography in C on OpenSSL 3, and nothing else. A key pair, its secret with the user agent's key,
 * five HMACs, AES-128-GCM. What can be kept between messages is kept. */
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

enum { USER_AGENTS = 1000, PLAINTEXT = 200, BODY = 86 + PLAINTEXT + 1 + 16 };

static EVP_PKEY_CTX *generator;
static EVP_PKEY *peer;
static EVP_MAC_CTX *hmac;
static EVP_CIPHER *aes;
static EVP_CIPHER_CTX *cipher;
static unsigned char points[USER_AGENTS][65], auths[USER_AGENTS][16];

static void must(int ok) { if (ok <= 0) { fputs("OpenSSL failed\n", stderr); exit(1); } }

static void mac(const unsigned char *key, size_t key_length, const unsigned char *a, size_t a_length, const unsigned char *b, size_t b_length, unsigned char out[32]) {
  size_t length;
  must(EVP_MAC_init(hmac, key, key_length, NULL));
  must(EVP_MAC_update(hmac, a, a_length));
  if (b_length) must(EVP_MAC_update(hmac, b, b_length));
  must(EVP_MAC_final(hmac, out, &length, 32));
}

static EVP_PKEY *generate(unsigned char point[65]) {
  EVP_PKEY *key = NULL;
  size_t length;
  must(EVP_PKEY_generate(generator, &key));
  must(EVP_PKEY_get_octet_string_param(key, OSSL_PKEY_PARAM_ENCODED_PUBLIC_KEY, point, 65, &length));
  return key;
}

static void message(int i, const unsigned char *plaintext, unsigned char *body) {
  unsigned char secret[32], prk[32], input[32], key[32], nonce[32], info[14 + 130], record[PLAINTEXT + 1], *own = body + 21;
  size_t length = 32;
  int written;
  EVP_PKEY *pair = generate(own);
  must(EVP_PKEY_set1_encoded_public_key(peer, points[i], 65));
  EVP_PKEY_CTX *deriving = EVP_PKEY_CTX_new_from_pkey(NULL, pair, NULL);
  must(EVP_PKEY_derive_init(deriving));
  must(EVP_PKEY_derive_set_peer_ex(deriving, peer, 0));
  must(EVP_PKEY_derive(deriving, secret, &length));
  EVP_PKEY_CTX_free(deriving);
  EVP_PKEY_free(pair);

  memcpy(info, "WebPush: info", 14);
  memcpy(info + 14, points[i], 65);
  memcpy(info + 79, own, 65);
  mac(auths[i], 16, secret, 32, NULL, 0, prk);
  mac(prk, 32, info, sizeof info, (const unsigned char *)"\1", 1, input);
  must(RAND_bytes(body, 16));
  memcpy(body + 16, "\0\0\x10\0\x41", 5);
  mac(body, 16, input, 32, NULL, 0, prk);
  mac(prk, 32, (const unsigned char *)"Content-Encoding: aes128gcm\0\1", 29, NULL, 0, key);
  mac(prk, 32, (const unsigned char *)"Content-Encoding: nonce\0\1", 25, NULL, 0, nonce);
  memcpy(record, plaintext, PLAINTEXT);
  record[PLAINTEXT] = 2;
  must(EVP_EncryptInit_ex2(cipher, aes, key, nonce, NULL));
  must(EVP_EncryptUpdate(cipher, body + 86, &written, record, sizeof record));
  must(EVP_EncryptFinal_ex(cipher, body + 86 + written, &written));
  must(EVP_CIPHER_CTX_ctrl(cipher, EVP_CTRL_AEAD_GET_TAG, 16, body + 86 + sizeof record));
}

static double cpu(void) {
  struct rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  return (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1e6 + usage.ru_utime.tv_usec + usage.ru_stime.tv_usec;
}

int main(void) {
  unsigned char plaintext[PLAINTEXT], body[BODY], point[65];
  char order[32];
  OSSL_PARAM digest[] = { OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, "SHA256", 0), OSSL_PARAM_construct_end() };
  memset(plaintext, 'x', sizeof plaintext);
  generator = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
  must(EVP_PKEY_keygen_init(generator));
  must(EVP_PKEY_CTX_set_group_name(generator, "P-256"));
  peer = generate(point);
  hmac = EVP_MAC_CTX_new(EVP_MAC_fetch(NULL, "HMAC", NULL));
  must(EVP_MAC_CTX_set_params(hmac, digest));
  aes = EVP_CIPHER_fetch(NULL, "AES-128-GCM", NULL);
  cipher = EVP_CIPHER_CTX_new();
  for (int i = 0; i < USER_AGENTS; i++) {
    EVP_PKEY_free(generate(points[i]));
    must(RAND_bytes(auths[i], 16));
  }
  while (fgets(order, sizeof order, stdin)) {
    double before = cpu();
    for (int i = 0, pieces = atoi(order); i < pieces; i++) message(i % USER_AGENTS, plaintext, body);
    printf("%.0f\n", cpu() - before);
    fflush(stdout);
  }
  return 0;
}
