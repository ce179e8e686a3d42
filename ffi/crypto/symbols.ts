/**
 * libcrypto's symbols, typed, with the C prototype above each line. The verbs that use them stand in the other files of
 * this folder; nothing outside it sees this table. Symbols of OpenSSL 3 alone are optional, so that 1.1 opens too.
 *
 * @module
 */

/** The table for `Deno.dlopen`. Constant `const` and `unsigned` details of C are left out where FFI has no word for them. */
export const SYMBOLS = {
  // int OPENSSL_init_crypto(uint64_t opts, const OPENSSL_INIT_SETTINGS *settings);
  OPENSSL_init_crypto: { parameters: ["u64", "pointer"], result: "i32" },
  // const char *OpenSSL_version(int t);
  OpenSSL_version: { parameters: ["i32"], result: "pointer" },
  // int CRYPTO_secure_malloc_init(size_t sz, size_t minsize);   (1.1: int minsize)
  CRYPTO_secure_malloc_init: { parameters: ["usize", "usize"], result: "i32" },
  // int CRYPTO_secure_malloc_initialized(void);
  CRYPTO_secure_malloc_initialized: { parameters: [], result: "i32" },
  // void *CRYPTO_secure_malloc(size_t num, const char *file, int line);
  CRYPTO_secure_malloc: { parameters: ["usize", "pointer", "i32"], result: "pointer" },
  // void CRYPTO_secure_clear_free(void *ptr, size_t num, const char *file, int line);
  CRYPTO_secure_clear_free: { parameters: ["pointer", "usize", "pointer", "i32"], result: "void" },
  // size_t CRYPTO_secure_used(void);
  CRYPTO_secure_used: { parameters: [], result: "usize" },
  // unsigned long ERR_get_error(void);
  ERR_get_error: { parameters: [], result: "u64" },
  // void ERR_error_string_n(unsigned long e, char *buf, size_t len);
  ERR_error_string_n: { parameters: ["u64", "buffer", "usize"], result: "void" },
  // int RAND_priv_bytes(unsigned char *buf, int num);
  RAND_priv_bytes: { parameters: ["buffer", "i32"], result: "i32" },

  // const EVP_MD *EVP_sha1(void);
  EVP_sha1: { parameters: [], result: "pointer" },
  // const EVP_MD *EVP_sha256(void);
  EVP_sha256: { parameters: [], result: "pointer" },
  // const EVP_MD *EVP_sha384(void);
  EVP_sha384: { parameters: [], result: "pointer" },
  // const EVP_MD *EVP_sha512(void);
  EVP_sha512: { parameters: [], result: "pointer" },
  // int EVP_Digest(const void *data, size_t count, unsigned char *md, unsigned int *size, const EVP_MD *type, ENGINE *impl);
  EVP_Digest: { parameters: ["buffer", "usize", "buffer", "pointer", "pointer", "pointer"], result: "i32" },

  // EVP_MD_CTX *EVP_MD_CTX_new(void);
  EVP_MD_CTX_new: { parameters: [], result: "pointer" },
  // int EVP_MD_CTX_reset(EVP_MD_CTX *ctx);
  EVP_MD_CTX_reset: { parameters: ["pointer"], result: "i32" },
  // void EVP_MD_CTX_free(EVP_MD_CTX *ctx);
  EVP_MD_CTX_free: { parameters: ["pointer"], result: "void" },
  // int EVP_DigestSignInit(EVP_MD_CTX *ctx, EVP_PKEY_CTX **pctx, const EVP_MD *type, ENGINE *e, EVP_PKEY *pkey);
  EVP_DigestSignInit: { parameters: ["pointer", "pointer", "pointer", "pointer", "pointer"], result: "i32" },
  // int EVP_DigestSign(EVP_MD_CTX *ctx, unsigned char *sig, size_t *siglen, const unsigned char *tbs, size_t tbslen);
  EVP_DigestSign: { parameters: ["pointer", "buffer", "buffer", "buffer", "usize"], result: "i32" },
  // EVP_PKEY *EVP_PKEY_new_raw_private_key(int type, ENGINE *e, const unsigned char *key, size_t keylen);
  EVP_PKEY_new_raw_private_key: { parameters: ["i32", "pointer", "buffer", "usize"], result: "pointer" },
  // int EVP_PKEY_get_raw_public_key(const EVP_PKEY *pkey, unsigned char *pub, size_t *len);
  EVP_PKEY_get_raw_public_key: { parameters: ["pointer", "buffer", "buffer"], result: "i32" },
  // void EVP_PKEY_free(EVP_PKEY *key);
  EVP_PKEY_free: { parameters: ["pointer"], result: "void" },
  // EVP_PKEY_CTX *EVP_PKEY_CTX_new_from_name(OSSL_LIB_CTX *libctx, const char *name, const char *propquery);
  EVP_PKEY_CTX_new_from_name: { parameters: ["pointer", "buffer", "pointer"], result: "pointer", optional: true },
  // void EVP_PKEY_CTX_free(EVP_PKEY_CTX *ctx);
  EVP_PKEY_CTX_free: { parameters: ["pointer"], result: "void" },
  // int EVP_PKEY_fromdata_init(EVP_PKEY_CTX *ctx);
  EVP_PKEY_fromdata_init: { parameters: ["pointer"], result: "i32", optional: true },
  // int EVP_PKEY_fromdata(EVP_PKEY_CTX *ctx, EVP_PKEY **ppkey, int selection, OSSL_PARAM params[]);
  EVP_PKEY_fromdata: { parameters: ["pointer", "buffer", "i32", "buffer"], result: "i32", optional: true },

  // BIGNUM *BN_new(void);
  BN_new: { parameters: [], result: "pointer" },
  // BIGNUM *BN_secure_new(void);
  BN_secure_new: { parameters: [], result: "pointer" },
  // void BN_clear_free(BIGNUM *a);
  BN_clear_free: { parameters: ["pointer"], result: "void" },
  // BIGNUM *BN_bin2bn(const unsigned char *s, int len, BIGNUM *ret);
  BN_bin2bn: { parameters: ["buffer", "i32", "pointer"], result: "pointer" },
  // int BN_bn2binpad(const BIGNUM *a, unsigned char *to, int tolen);
  BN_bn2binpad: { parameters: ["pointer", "buffer", "i32"], result: "i32" },
  // void BN_set_flags(BIGNUM *b, int n);
  BN_set_flags: { parameters: ["pointer", "i32"], result: "void" },
  // int BN_num_bits(const BIGNUM *a);
  BN_num_bits: { parameters: ["pointer"], result: "i32" },
  // int BN_cmp(const BIGNUM *a, const BIGNUM *b);
  BN_cmp: { parameters: ["pointer", "pointer"], result: "i32" },
  // int BN_is_odd(const BIGNUM *a);
  BN_is_odd: { parameters: ["pointer"], result: "i32" },
  // int BN_is_one(const BIGNUM *a);
  BN_is_one: { parameters: ["pointer"], result: "i32" },
  // int BN_is_zero(const BIGNUM *a);
  BN_is_zero: { parameters: ["pointer"], result: "i32" },
  // BIGNUM *BN_copy(BIGNUM *to, const BIGNUM *from);
  BN_copy: { parameters: ["pointer", "pointer"], result: "pointer" },
  // int BN_sub_word(BIGNUM *a, BN_ULONG w);
  BN_sub_word: { parameters: ["pointer", "u64"], result: "i32" },
  // int BN_mul(BIGNUM *r, const BIGNUM *a, const BIGNUM *b, BN_CTX *ctx);
  BN_mul: { parameters: ["pointer", "pointer", "pointer", "pointer"], result: "i32" },
  // int BN_mod_mul(BIGNUM *r, const BIGNUM *a, const BIGNUM *b, const BIGNUM *m, BN_CTX *ctx);
  BN_mod_mul: { parameters: ["pointer", "pointer", "pointer", "pointer", "pointer"], result: "i32" },
  // int BN_div(BIGNUM *dv, BIGNUM *rem, const BIGNUM *m, const BIGNUM *d, BN_CTX *ctx);
  BN_div: { parameters: ["pointer", "pointer", "pointer", "pointer", "pointer"], result: "i32" },
  // BN_CTX *BN_CTX_secure_new(void);
  BN_CTX_secure_new: { parameters: [], result: "pointer" },
  // void BN_CTX_free(BN_CTX *c);
  BN_CTX_free: { parameters: ["pointer"], result: "void" },

  // EC_GROUP *EC_GROUP_new_by_curve_name(int nid);
  EC_GROUP_new_by_curve_name: { parameters: ["i32"], result: "pointer" },
  // void EC_GROUP_free(EC_GROUP *group);
  EC_GROUP_free: { parameters: ["pointer"], result: "void" },
  // const BIGNUM *EC_GROUP_get0_order(const EC_GROUP *group);
  EC_GROUP_get0_order: { parameters: ["pointer"], result: "pointer" },
  // EC_POINT *EC_POINT_new(const EC_GROUP *group);
  EC_POINT_new: { parameters: ["pointer"], result: "pointer" },
  // void EC_POINT_clear_free(EC_POINT *point);
  EC_POINT_clear_free: { parameters: ["pointer"], result: "void" },
  // int EC_POINT_mul(const EC_GROUP *group, EC_POINT *r, const BIGNUM *n, const EC_POINT *q, const BIGNUM *m, BN_CTX *ctx);
  EC_POINT_mul: { parameters: ["pointer", "pointer", "pointer", "pointer", "pointer", "pointer"], result: "i32" },
  // size_t EC_POINT_point2oct(const EC_GROUP *, const EC_POINT *p, point_conversion_form_t form, unsigned char *buf, size_t len, BN_CTX *);
  EC_POINT_point2oct: { parameters: ["pointer", "pointer", "i32", "buffer", "usize", "pointer"], result: "usize" },
  // int EC_POINT_oct2point(const EC_GROUP *group, EC_POINT *p, const unsigned char *buf, size_t len, BN_CTX *ctx);
  EC_POINT_oct2point: { parameters: ["pointer", "pointer", "buffer", "usize", "pointer"], result: "i32" },
  // EC_KEY *EC_KEY_new_by_curve_name(int nid);
  EC_KEY_new_by_curve_name: { parameters: ["i32"], result: "pointer" },
  // int EC_KEY_set_private_key(EC_KEY *key, const BIGNUM *prv);
  EC_KEY_set_private_key: { parameters: ["pointer", "pointer"], result: "i32" },
  // void EC_KEY_free(EC_KEY *key);
  EC_KEY_free: { parameters: ["pointer"], result: "void" },
  // int ECDSA_sign(int type, const unsigned char *dgst, int dgstlen, unsigned char *sig, unsigned int *siglen, EC_KEY *eckey);
  ECDSA_sign: { parameters: ["i32", "buffer", "i32", "buffer", "buffer", "pointer"], result: "i32" },

  // RSA *RSA_new(void);
  RSA_new: { parameters: [], result: "pointer" },
  // void RSA_free(RSA *rsa);
  RSA_free: { parameters: ["pointer"], result: "void" },
  // int RSA_set0_key(RSA *r, BIGNUM *n, BIGNUM *e, BIGNUM *d);
  RSA_set0_key: { parameters: ["pointer", "pointer", "pointer", "pointer"], result: "i32" },
  // int RSA_set0_factors(RSA *r, BIGNUM *p, BIGNUM *q);
  RSA_set0_factors: { parameters: ["pointer", "pointer", "pointer"], result: "i32" },
  // int RSA_set0_crt_params(RSA *r, BIGNUM *dmp1, BIGNUM *dmq1, BIGNUM *iqmp);
  RSA_set0_crt_params: { parameters: ["pointer", "pointer", "pointer", "pointer"], result: "i32" },
  // void RSA_clear_flags(RSA *r, int flags);
  RSA_clear_flags: { parameters: ["pointer", "i32"], result: "void" },
  // int RSA_sign(int type, const unsigned char *m, unsigned int m_len, unsigned char *sig, unsigned int *siglen, RSA *rsa);
  RSA_sign: { parameters: ["i32", "buffer", "u32", "buffer", "buffer", "pointer"], result: "i32", nonblocking: true },
} as const satisfies Deno.ForeignLibraryInterface;

/** The opened library. */
export type Library = Deno.DynamicLibrary<typeof SYMBOLS>;
/** Its functions. */
export type Symbols = Library["symbols"];
/** What C calls a pointer to something of its own, never null. */
export type Pointer = Deno.PointerObject;
