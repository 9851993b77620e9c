#include <gtest/gtest.h>

#include "shell/certificate_files_test.hpp"
#include "shell/server_fixture_test.hpp"

namespace sidetone::shell {
namespace {

using test::CertificateFiles;
using test::CertificateWish;
using test::make_certificate;

class Tls : public testing::Test {
 protected:
  void serve(const CertificateWish& wish) {
    files_ = make_certificate(wish);
    HttpServerOptions options;
    options.certificate_file = files_.certificate;
    options.key_file = files_.key;
    server_ = std::make_unique<test::EchoServer>(runtime_, options);
  }

  // Empty: it opened.
  std::string connect(const std::string& host, const std::string& ca_file) {
    WebSocketClientOptions options;
    options.connector.ca_file = ca_file;
    test::RecordingClient client(
        runtime_,
        {.server = {true, host, server_->server->port()}, .target = "/rtc", .headers = {}},
        options);
    EXPECT_TRUE(client.watched.wait([&] { return client.open || client.closed; }));
    if (!client.closed) {
      client.post([](WebSocketClient& socket) { socket.send("secret"); });
      EXPECT_TRUE(client.watched.wait([&] { return client.messages.size() == 1; }));
      return "";
    }
    code_ = client.closed->code;
    return client.closed->text;
  }

  Runtime runtime_;
  CertificateFiles files_;
  std::unique_ptr<test::EchoServer> server_;
  errc code_{};
};

TEST_F(Tls, CertificateOfOurOwnAuthorityIsAdmittedByCaFile) {
  serve({.name = "localhost"});
  EXPECT_EQ(connect("localhost", files_.authority), "");
}

TEST_F(Tls, AddressMayStandInTheCertificate) {
  serve({.name = "IP:127.0.0.1"});
  EXPECT_EQ(connect("127.0.0.1", files_.authority), "");
}

TEST_F(Tls, WrongNameIsRefusedInWords) {
  serve({.name = "other.example"});
  EXPECT_EQ(connect("localhost", files_.authority),
            "the certificate is for other.example, not for localhost");
  EXPECT_EQ(code_, errc::tls_verification);
  EXPECT_EQ(connect("127.0.0.1", files_.authority),
            "the certificate is for other.example, not for 127.0.0.1");
}

TEST_F(Tls, SelfSignedIsRefusedInWordsUnlessItIsTheCaFile) {
  serve({.name = "localhost", .self_signed = true});
  EXPECT_EQ(connect("localhost", ""),
            "the certificate of localhost is self-signed and not in the CA file");
  EXPECT_EQ(code_, errc::tls_verification);
  EXPECT_EQ(connect("localhost", files_.authority), "");
}

TEST_F(Tls, ExpiredIsRefusedInWords) {
  serve({.name = "localhost", .valid_from_days = -3, .valid_to_days = -1});
  auto text = connect("localhost", files_.authority);
  EXPECT_TRUE(text.starts_with("the certificate of localhost expired on 20")) << text;
  EXPECT_EQ(code_, errc::tls_verification);
}

TEST_F(Tls, NotYetValidIsRefusedInWords) {
  serve({.name = "localhost", .valid_from_days = 1, .valid_to_days = 2});
  auto text = connect("localhost", files_.authority);
  EXPECT_TRUE(text.starts_with("the certificate of localhost is not valid before 20")) << text;
}

TEST_F(Tls, UnknownAuthorityIsRefusedInWords) {
  serve({.name = "localhost"});
  EXPECT_EQ(connect("localhost", make_certificate({}).authority),
            "the certificate of localhost is signed by an authority that is not trusted here");
  EXPECT_EQ(code_, errc::tls_verification);
}

TEST_F(Tls, UnreadableCaFileIsNamed) {
  serve({.name = "localhost"});
  auto text = connect("localhost", "/nonexistent/ca.pem");
  EXPECT_TRUE(text.starts_with("the CA file /nonexistent/ca.pem: ")) << text;
  EXPECT_EQ(code_, errc::invalid_argument);
}

TEST_F(Tls, PlainServerBehindAWssUrlIsUnreachable) {
  server_ = std::make_unique<test::EchoServer>(runtime_);
  auto text = connect("127.0.0.1", "");
  EXPECT_TRUE(text.starts_with("the TLS handshake with 127.0.0.1 failed: ")) << text;
  EXPECT_EQ(code_, errc::unreachable);
}

TEST_F(Tls, PlainClientIsCountedAndDropped) {
  serve({});
  test::BareClient client(server_->server->port());
  client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  client.read_all();
  EXPECT_EQ(server_->counters().tls_failed, 1U);
}

TEST_F(Tls, MissingServerFilesAreNamed) {
  HttpServerOptions options;
  options.addresses = {test::kLoopback};
  options.certificate_file = "/nonexistent/cert.pem";
  try {
    HttpServer::open(runtime_.loop()->make_strand(), options, {});
    FAIL();
  } catch (const boost::system::system_error& error) {
    EXPECT_NE(std::string(error.what()).find("TLS certificate file /nonexistent/cert.pem"),
              std::string::npos);
  }
}

}  // namespace
}  // namespace sidetone::shell
