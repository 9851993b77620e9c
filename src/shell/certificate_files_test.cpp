#include "shell/certificate_files_test.hpp"

#include <gtest/gtest.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <memory>

namespace sidetone::shell::test {

namespace {

using Key = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;
using Certificate = std::unique_ptr<X509, decltype(&X509_free)>;

// Removed with everything in it when the program ends.
class Directory {
 public:
  Directory() {
    std::string pattern = std::filesystem::temp_directory_path() / "sidetone-test-XXXXXX";
    path_ = mkdtemp(pattern.data());
  }

  ~Directory() { std::filesystem::remove_all(path_); }

  std::string file(const std::string& name) {
    return path_ / (std::to_string(next_++) + "-" + name);
  }

 private:
  std::filesystem::path path_;
  int next_ = 0;
};

Directory& directory() {
  static Directory instance;
  return instance;
}

void add_extension(X509* certificate, X509* issuer, int nid, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  auto* extension = X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str());
  X509_add_ext(certificate, extension, -1);
  X509_EXTENSION_free(extension);
}

Certificate sign(const CertificateWish& wish, EVP_PKEY* key, X509* authority, EVP_PKEY* signer) {
  Certificate certificate(X509_new(), X509_free);
  auto* x = certificate.get();
  static long serial = 1;
  X509_set_version(x, 2);
  ASN1_INTEGER_set(X509_get_serialNumber(x), serial++);
  constexpr long kDay = 86400;
  X509_gmtime_adj(X509_getm_notBefore(x), wish.valid_from_days * kDay);
  X509_gmtime_adj(X509_getm_notAfter(x), wish.valid_to_days * kDay);
  X509_set_pubkey(x, key);
  auto* subject = X509_get_subject_name(x);
  const auto* name = reinterpret_cast<const unsigned char*>(wish.name.c_str());
  X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, name, -1, -1, 0);
  X509_set_issuer_name(x, authority != nullptr ? X509_get_subject_name(authority) : subject);
  auto* issuer = authority != nullptr ? authority : x;
  bool is_authority = authority == nullptr && !wish.self_signed;
  add_extension(x, issuer, NID_basic_constraints, is_authority ? "critical,CA:TRUE" : "CA:FALSE");
  if (!is_authority)
    add_extension(x, issuer, NID_subject_alt_name,
                  wish.name.starts_with("IP:") ? wish.name : "DNS:" + wish.name);
  X509_sign(x, signer, EVP_sha256());
  return certificate;
}

void append(const std::string& path, X509* certificate) {
  auto* file = std::fopen(path.c_str(), "ae");
  PEM_write_X509(file, certificate);
  std::fclose(file);
}

}  // namespace

CertificateFiles make_certificate(const CertificateWish& wish) {
  CertificateFiles files{directory().file("cert.pem"), directory().file("key.pem"),
                         directory().file("ca.pem")};
  Key key(EVP_EC_gen("P-256"), EVP_PKEY_free);
  auto* file = std::fopen(files.key.c_str(), "we");
  PEM_write_PrivateKey(file, key.get(), nullptr, nullptr, 0, nullptr, nullptr);
  std::fclose(file);
  if (wish.self_signed) {
    auto leaf = sign(wish, key.get(), nullptr, key.get());
    append(files.certificate, leaf.get());
    append(files.authority, leaf.get());
    return files;
  }
  Key authority_key(EVP_EC_gen("P-256"), EVP_PKEY_free);
  auto authority =
      sign({.name = "Sidetone test authority"}, authority_key.get(), nullptr, authority_key.get());
  auto leaf = sign(wish, key.get(), authority.get(), authority_key.get());
  append(files.certificate, leaf.get());
  append(files.certificate, authority.get());
  append(files.authority, authority.get());
  return files;
}

TEST(CertificateFiles, AreWritten) {
  auto files = make_certificate({});
  EXPECT_GT(std::filesystem::file_size(files.certificate),
            std::filesystem::file_size(files.authority));
  EXPECT_GT(std::filesystem::file_size(files.key), 0U);
}

}  // namespace sidetone::shell::test
