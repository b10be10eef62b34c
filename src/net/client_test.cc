// Goal: the client gets what the server sends, over plain sockets and TLS, and never waits for
// ever. Method: our client against our server on a loopback port; a bare listening socket where the
// server must misbehave.
#include "regatta/net/client.h"

#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <atomic>
#include <thread>

#include "regatta/codec/hex.h"
#include "test_support.h"

namespace regatta::net {
namespace {

using std::chrono::milliseconds;

// A certificate for "localhost" and 127.0.0.1 that signs itself, and its key, as PEM files.
void WriteCertificate(const std::filesystem::path& certificate_path,
                      const std::filesystem::path& key_path) {
  EVP_PKEY* const key = EVP_EC_gen("P-256");
  X509* const certificate = X509_new();
  X509_set_version(certificate, 2);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
  X509_gmtime_adj(X509_getm_notBefore(certificate), -3600);
  X509_gmtime_adj(X509_getm_notAfter(certificate), 3600);
  X509_set_pubkey(certificate, key);
  X509_NAME* const name = X509_get_subject_name(certificate);
  X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
                             reinterpret_cast<const unsigned char*>("regatta test"), -1, -1, 0);
  X509_set_issuer_name(certificate, name);
  X509_EXTENSION* const names =
      X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, "DNS:localhost,IP:127.0.0.1");
  X509_add_ext(certificate, names, -1);
  X509_EXTENSION_free(names);
  X509_sign(certificate, key, EVP_sha256());
  FILE* file = std::fopen(certificate_path.c_str(), "w");
  PEM_write_X509(file, certificate);
  std::fclose(file);
  file = std::fopen(key_path.c_str(), "w");
  PEM_write_PrivateKey(file, key, nullptr, nullptr, 0, nullptr, nullptr);
  std::fclose(file);
  X509_free(certificate);
  EVP_PKEY_free(key);
}

// Listens and does what the test says.
class BareListener {
 public:
  BareListener() : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(::bind(socket_, reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
    EXPECT_EQ(::listen(socket_, 8), 0);
    socklen_t size = sizeof(address);
    ::getsockname(socket_, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
  }
  ~BareListener() { ::close(socket_); }
  BareListener(const BareListener&) = delete;
  BareListener& operator=(const BareListener&) = delete;
  std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }
  // Takes one connection, reads a request's head, answers `text` and closes.
  void AnswerOnce(const std::string& text) const {
    const int peer = ::accept(socket_, nullptr, nullptr);
    std::string head;
    char byte = 0;
    while (!head.ends_with("\r\n\r\n") && ::recv(peer, &byte, 1, 0) == 1) head.push_back(byte);
    ::send(peer, text.data(), text.size(), MSG_NOSIGNAL);
    ::close(peer);
  }

 private:
  int socket_;
  std::uint16_t port_ = 0;
};

class ClientTest : public testing::Test {
 protected:
  void Start(bool is_tls = false) {
    router_.Add("*", "/echo", [](const Request& request, const Responder& responder) {
      Response response =
          TextResponse(request.method + " " + std::string(request.headers.Get("Authorization")) +
                       " " + std::to_string(request.peer_port) + " " + request.body);
      response.headers.Add("X-Target", request.target);
      responder.Send(std::move(response));
    });
    router_.Add("GET", "/wrong", [](const Request&, const Responder& responder) {
      responder.Send(FailedPrecondition("run \"x\" is finished"));
    });
    RouteOptions spool;
    spool.body_mode = BodyMode::kSpool;
    spool.spool_folder = folder_.path();
    spool.body_bytes_max = std::uint64_t{64} << 20;
    router_.Add(
        "PUT", "/upload",
        [](const Request& request, const Responder& responder) {
          responder.Send(
              TextResponse(codec::EncodeHex(codec::AsBytes(request.spooled_body->md5()))));
        },
        spool);
    router_.Add("GET", "/file", [this](const Request&, const Responder& responder) {
      Response response;
      response.body = FileBody{folder_.path() / "big", std::nullopt};
      responder.Send(std::move(response));
    });
    router_.Add("GET", "/events", [this](const Request& request, const Responder& responder) {
      last_event_id_.Set(std::string(request.headers.Get("Last-Event-ID")));
      stream_.Set(responder.StartEvents());
    });
    router_.Add("GET", "/hold",
                [this](const Request&, const Responder& responder) { held_.Set(responder); });
    if (is_tls) {
      options_.tls_certificate_path = folder_.path() / "cert.pem";
      options_.tls_key_path = folder_.path() / "key.pem";
      WriteCertificate(options_.tls_certificate_path, options_.tls_key_path);
    }
    server_.emplace(options_, std::move(router_));
    const Result<void> started = server_->Start();
    ASSERT_TRUE(started) << started.error().message;
  }

  // Round trips that must be the same over plain sockets and TLS.
  void ExchangeEverything(HttpClient& client) {
    const Result<ClientResponse> echoed = client.Do("POST", "/echo", {}, "hi");
    ASSERT_TRUE(echoed) << echoed.error().message;
    EXPECT_TRUE(echoed->body.ends_with(" hi"));
    std::string text(std::size_t{5} << 20, 'a');
    for (std::size_t i = 0; i < text.size(); i += 977) text[i] = static_cast<char>(i);
    const auto path = folder_.Write("big", text);
    const Result<ClientResponse> uploaded = client.Upload("PUT", "/upload", {}, path);
    ASSERT_TRUE(uploaded) << uploaded.error().message;
    EXPECT_EQ(uploaded->body, codec::EncodeHex(codec::AsBytes(codec::Md5::Of(text))));
    const auto target = folder_.path() / "copy";
    const Result<ClientResponse> downloaded = client.Download("/file", {}, target);
    ASSERT_TRUE(downloaded) << downloaded.error().message;
    EXPECT_TRUE(ReadFile(target) == text) << "the download differs from the upload";
  }

  TempFolder folder_;
  ServerOptions options_;
  Router router_;
  Later<EventStream> stream_;
  Later<std::string> last_event_id_;
  Later<Responder> held_;
  std::optional<Server> server_;
};

TEST_F(ClientTest, ExchangesEverythingOverPlainSockets) {
  Start();
  HttpClient client(server_->url());
  ExchangeEverything(client);
}

TEST_F(ClientTest, ExchangesEverythingOverTls) {
  Start(true);
  HttpClient client(server_->url(), {.ca_file = options_.tls_certificate_path});
  ExchangeEverything(client);
  HttpClient careless(server_->url(), {.verifies_certificate = false});
  ExchangeEverything(careless);
}

TEST_F(ClientTest, DoesNotTrustWhomNobodyVouchesFor) {
  Start(true);
  HttpClient client(server_->url());
  const Result<ClientResponse> answer = client.Do("GET", "/echo");
  ASSERT_FALSE(answer);
  EXPECT_NE(answer.error().message.find("not trusted"), std::string::npos)
      << answer.error().message;
}

TEST_F(ClientTest, DoesNotTrustACertificateForAnotherHost) {
  Start(true);
  options_.listen = "127.0.0.2:0";
  // The certificate is good for 127.0.0.1 alone.
  server_.emplace(options_, Router());
  ASSERT_TRUE(server_->Start());
  HttpClient other(server_->url(), {.ca_file = options_.tls_certificate_path});
  const Result<ClientResponse> answer = other.Do("GET", "/");
  ASSERT_FALSE(answer);
  EXPECT_NE(answer.error().message.find("not trusted"), std::string::npos)
      << answer.error().message;
}

TEST_F(ClientTest, KeepsItsConnection) {
  Start();
  HttpClient client(server_->url());
  const std::string first = client.Do("GET", "/echo").value().body;
  EXPECT_EQ(client.Do("GET", "/echo").value().body, first) << "the port changed";
  EXPECT_TRUE(client.Do("HEAD", "/echo").value().body.empty());
  EXPECT_EQ(client.Do("GET", "/echo").value().body, first);
}

TEST_F(ClientTest, ComesBackAfterTheServerHasClosed) {
  options_.limits.keep_alive_timeout = milliseconds(1);
  Start();
  HttpClient client(server_->url());
  for (int i = 0; i < 20; ++i) {
    const Result<ClientResponse> answer = client.Do("GET", "/echo");
    ASSERT_TRUE(answer) << answer.error().message;
  }
}

TEST_F(ClientTest, SendsCredentialsBelowItsBaseUrlOnly) {
  Start();
  HttpClient client(server_->url(), {.basic_user = "api", .basic_password = "key"});
  EXPECT_TRUE(client.Do("GET", "/echo").value().body.starts_with("GET Basic YXBpOmtleQ== "));
  EXPECT_TRUE(client.Do("GET", server_->url() + "/echo").value().body.starts_with("GET Basic "));
  HttpClient elsewhere("http://localhost:1/base", {.bearer_token = "secret"});
  EXPECT_TRUE(elsewhere.Do("GET", server_->url() + "/echo").value().body.starts_with("GET  "));
}

TEST_F(ClientTest, AppendsThePathToTheBase) {
  options_.base_path = "/wandb";
  Start();
  HttpClient client(server_->url() + "/");
  EXPECT_EQ(client.Do("GET", "/echo?a=1").value().headers.Get("x-target"), "/wandb/echo?a=1");
  EXPECT_FALSE(client.Do("GET", "echo"));
  EXPECT_FALSE(client.Do("GET", "/a b"));
}

TEST_F(ClientTest, TurnsRefusalsIntoErrors) {
  Start();
  HttpClient client(server_->url());
  const Result<ClientResponse> answer = client.Do("GET", "/wrong");
  ASSERT_TRUE(answer);
  const Error error = answer->ToError();
  EXPECT_EQ(error.code, ErrorCode::kFailedPrecondition);
  EXPECT_EQ(error.message, "run \"x\" is finished");
}

TEST_F(ClientTest, AFailedDownloadLeavesTheFileAlone) {
  Start();
  const auto target = folder_.Write("copy", "old");
  HttpClient client(server_->url());
  const Result<ClientResponse> answer = client.Download("/wrong", {}, target);
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 412);
  EXPECT_NE(answer->body.find("finished"), std::string::npos);
  EXPECT_EQ(ReadFile(target), "old");
  const auto files = std::filesystem::directory_iterator(folder_.path());
  EXPECT_EQ(std::distance(begin(files), end(files)), 1);
}

TEST_F(ClientTest, HearsARefusalInTheMiddleOfAnUpload) {
  Start();
  const auto path = folder_.path() / "big";
  folder_.Write("big", "");
  std::filesystem::resize_file(path, std::uintmax_t{200} << 20);
  HttpClient client(server_->url());
  const Result<ClientResponse> answer = client.Upload("PUT", "/upload", {}, path);
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(answer->status, 413);
  EXPECT_EQ(client.Do("GET", "/echo").value().status, 200);
}

TEST_F(ClientTest, ReadsEventsUntilItHasEnough) {
  Start();
  HttpClient client(server_->url());
  std::thread sender([&] {
    EventStream stream = stream_.Wait();
    for (int i = 0; i < 100; ++i) stream.Send("row", std::to_string(i), "line 1\nline 2");
    stream.Close();
  });
  std::vector<ServerEvent> events;
  const auto take = [&](const ServerEvent& event) {
    events.push_back(event);
    return events.size() < 50;
  };
  const Result<void> read = client.ReadEvents("/events", {{"Last-Event-ID", "41"}}, take);
  sender.join();
  EXPECT_TRUE(read) << read.error().message;
  ASSERT_EQ(events.size(), 50U);
  EXPECT_EQ(events[49].event, "row");
  EXPECT_EQ(events[49].id, "49");
  EXPECT_EQ(events[49].data, "line 1\nline 2");
  EXPECT_EQ(last_event_id_.Wait(), "41");
  EXPECT_EQ(client.Do("GET", "/echo").value().status, 200);
}

TEST_F(ClientTest, SaysWhenTheStreamEndsOrIsNone) {
  Start();
  HttpClient client(server_->url());
  std::thread sender([&] { stream_.Wait().Close(); });
  const auto take = [](const ServerEvent&) { return true; };
  EXPECT_EQ(client.ReadEvents("/events", {}, take).error().code, ErrorCode::kUnavailable);
  sender.join();
  EXPECT_EQ(client.ReadEvents("/nothing", {}, take).error().code, ErrorCode::kNotFound);
}

TEST_F(ClientTest, CancelBreaksACallThatWaits) {
  Start();
  HttpClient client(server_->url());
  std::thread canceller([&] {
    held_.Wait();
    client.Cancel();
  });
  const Result<ClientResponse> answer = client.Do("GET", "/hold");
  canceller.join();
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().message, "the call was cancelled");
  EXPECT_FALSE(client.Do("GET", "/echo"));
}

TEST_F(ClientTest, GivesUpOnASilentServer) {
  Start();
  HttpClient client(server_->url(), {.read_timeout = milliseconds(30)});
  const Result<ClientResponse> answer = client.Do("GET", "/hold");
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, ErrorCode::kUnavailable);
  EXPECT_NE(answer.error().message.find("longer than 30 ms"), std::string::npos);
}

TEST_F(ClientTest, ServesSeveralThreads) {
  Start();
  HttpClient client(server_->url());
  std::atomic<int> right{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 50; ++i) {
        const std::string text = "#" + std::to_string(t * 100 + i);
        const Result<ClientResponse> answer = client.Do("POST", "/echo", {}, text);
        if (answer && answer->body.ends_with(text)) ++right;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(right, 200);
}

TEST(HttpClient, NamesWhatItCannotReach) {
  std::uint16_t port = 0;
  {
    Server server({}, Router());
    ASSERT_TRUE(server.Start());
    port = server.port();
  }
  HttpClient client("http://127.0.0.1:" + std::to_string(port));
  const Result<ClientResponse> answer = client.Do("GET", "/");
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, ErrorCode::kUnavailable);
  EXPECT_NE(answer.error().message.find("cannot connect to 127.0.0.1:"), std::string::npos);
  EXPECT_EQ(HttpClient("nonsense").Do("GET", "/").error().code, ErrorCode::kInvalidArgument);
}

TEST(HttpClient, ReadsAnswersOfOtherServers) {
  const BareListener listener;
  const auto ask = [&](const std::string& answer) {
    std::thread server([&] { listener.AnswerOnce(answer); });
    HttpClient client(listener.url());
    Result<ClientResponse> response = client.Do("GET", "/");
    server.join();
    return response ? std::to_string(response->status) + " " + response->body
                    : response.error().message;
  };
  EXPECT_EQ(ask("HTTP/1.1 200 OK\r\n\r\nuntil the end"), "200 until the end");
  EXPECT_EQ(ask("HTTP/1.1 103 Early\r\nLink: x\r\n\r\nHTTP/1.1 204 No\r\n\r\n"), "204 ");
  EXPECT_EQ(ask("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n"),
            "200 ab");
  EXPECT_EQ(ask("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab"),
            "the connection ended in the middle of a message");
  EXPECT_EQ(ask(""), "the server closed the connection without an answer");
  EXPECT_NE(ask("SSH-2.0-x\r\n").find("not a valid HTTP/1.1 message"), std::string::npos);
}

TEST(HttpClient, BoundsWhatItHoldsInMemory) {
  const BareListener listener;
  std::thread server(
      [&] { listener.AnswerOnce("HTTP/1.1 200 OK\r\n\r\n" + std::string(5000, 'x')); });
  HttpClient client(listener.url(), {.response_bytes_max = 1000});
  const Result<ClientResponse> answer = client.Do("GET", "/");
  server.join();
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, ErrorCode::kResourceExhausted);
}

}  // namespace
}  // namespace regatta::net
