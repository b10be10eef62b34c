// Goal: the server keeps HTTP's rules and its own limits against clients that do not.
// Method: a real server on a loopback port, raw sockets against it. No test sleeps: where the
// server must give up, its time-outs are short and the test waits for the connection's end.
#include "regatta/net/server.h"

#include <gtest/gtest.h>

#include <thread>

#include "regatta/codec/gzip.h"
#include "regatta/codec/hex.h"
#include "test_support.h"

namespace regatta::net {
namespace {

using std::chrono::milliseconds;

class ServerTest : public testing::Test {
 protected:
  ServerTest() {
    options_.limits.header_timeout = milliseconds(5000);
    options_.limits.body_idle_timeout = milliseconds(5000);
  }

  void Start() {
    router_.Add("GET", "/hello/{name}", [](const Request& request, const Responder& responder) {
      responder.Send(TextResponse("hello " + std::string(request.Param("name"))));
    });
    router_.Add("POST", "/echo", [](const Request& request, const Responder& responder) {
      responder.Send(TextResponse(request.body));
    });
    router_.Add("GET", "/where", [](const Request& request, const Responder& responder) {
      responder.Send(TextResponse(request.base_url + " " + request.path + " " +
                                  std::string(request.Query("q"))));
    });
    server_.emplace(options_, std::move(router_));
    const Result<void> started = server_->Start();
    ASSERT_TRUE(started) << started.error().message;
  }

  // Sends it all and reads until the server closes.
  std::string Ask(std::string_view bytes) {
    RawConnection connection(server_->port());
    connection.Send(bytes);
    return connection.ReadAll();
  }

  static std::string Get(std::string_view path, std::string_view fields = "") {
    return "GET " + std::string(path) + " HTTP/1.1\r\nHost: test\r\n" + std::string(fields) +
           "Connection: close\r\n\r\n";
  }

  ServerOptions options_;
  Router router_;
  std::optional<Server> server_;
};

TEST_F(ServerTest, AnswersWithDecodedParameters) {
  Start();
  const std::string answer = Ask(Get("/hello/a%20b%2Fc"));
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 200 OK\r\n")) << answer;
  EXPECT_TRUE(answer.ends_with("\r\n\r\nhello a b/c")) << answer;
}

TEST_F(ServerTest, AnswersPipelinedRequestsInOrder) {
  Start();
  std::string requests;
  for (int i = 0; i < 50; ++i) {
    requests += "GET /hello/" + std::to_string(i) + " HTTP/1.1\r\nHost: t\r\n\r\n";
    requests += "POST /echo HTTP/1.1\r\nHost: t\r\nContent-Length: 3\r\n\r\n<" +
                std::to_string(i % 10) + ">";
  }
  const std::string answers = Ask(requests + Get("/hello/last"));
  EXPECT_EQ(CountOf(answers, "HTTP/1.1 200 OK"), 101);
  EXPECT_LT(answers.find("hello 7HTTP"), answers.find("<7>HTTP"));
  EXPECT_LT(answers.find("<7>HTTP"), answers.find("hello 8HTTP"));
  EXPECT_TRUE(answers.ends_with("hello last"));
}

TEST_F(ServerTest, SaysWhatIsNotThere) {
  Start();
  EXPECT_NE(Ask(Get("/nothing")).find(R"({"errors":[{"message":"there is nothing at /nothing"}]})"),
            std::string::npos);
  const std::string answer = Ask(Get("/echo"));
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 405 Method Not Allowed")) << answer;
  EXPECT_NE(answer.find("Allow: POST, OPTIONS\r\n"), std::string::npos) << answer;
}

TEST_F(ServerTest, AnswersHeadWithoutBody) {
  Start();
  const std::string answer = Ask("HEAD /hello/x HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n");
  EXPECT_NE(answer.find("Content-Length: 7\r\n"), std::string::npos);
  EXPECT_TRUE(answer.ends_with("\r\n\r\n")) << answer;
}

TEST_F(ServerTest, LivesBelowItsBasePath) {
  options_.base_path = "/wandb";
  Start();
  EXPECT_TRUE(Ask(Get("/wandb/hello/x")).ends_with("hello x"));
  EXPECT_TRUE(Ask(Get("/hello/x")).starts_with("HTTP/1.1 404"));
  EXPECT_TRUE(Ask(Get("/wandbx/hello/x")).starts_with("HTTP/1.1 404"));
  EXPECT_TRUE(Ask(Get("/wandb/where?q=a+b")).ends_with("http://test/wandb /where a b"));
}

TEST_F(ServerTest, BuildsItsAddressFromTheProxysFields) {
  Start();
  EXPECT_TRUE(Ask(Get("/where", "X-Forwarded-Proto: https\r\nX-Forwarded-Host: a.org, b\r\n"))
                  .ends_with("https://a.org /where "));
  EXPECT_TRUE(
      Ask(Get("/where", "X-Forwarded-Host: \"><script>\r\n")).ends_with("http://test /where "));
}

TEST_F(ServerTest, RefusesAHeaderBomb) {
  options_.limits.header_bytes_max = 8192;
  Start();
  const std::string one_field = "GET / HTTP/1.1\r\nX: " + std::string(1 << 20, 'a');
  EXPECT_TRUE(Ask(one_field).starts_with("HTTP/1.1 431 ")) << "one long field";
  std::string many_fields = "GET / HTTP/1.1\r\n";
  for (int i = 0; i < 100'000; ++i) many_fields += "A: b\r\n";
  EXPECT_TRUE(Ask(many_fields).starts_with("HTTP/1.1 431 ")) << "many fields";
}

TEST_F(ServerTest, RefusesWhatIsNotHttp) {
  Start();
  EXPECT_TRUE(Ask("\x16\x03\x01 TLS?\r\n\r\n").starts_with("HTTP/1.1 400 "));
  EXPECT_TRUE(Ask("POST /echo HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n")
                  .starts_with("HTTP/1.1 400 "));
  EXPECT_TRUE(Ask(Get("/hello/%00")).starts_with("HTTP/1.1 400 "));
  EXPECT_TRUE(Ask(Get("/hello/%zz")).starts_with("HTTP/1.1 400 "));
}

TEST_F(ServerTest, RefusesATooLargeBodyBeforeReadingIt) {
  options_.limits.body_bytes_max = 1000;
  Start();
  RawConnection connection(server_->port());
  connection.Send("POST /echo HTTP/1.1\r\nHost: t\r\nContent-Length: 1001\r\n\r\n");
  const std::string answer = connection.ReadUntil("]}");
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 413 ")) << answer;
  EXPECT_NE(answer.find("limit of 1000 bytes"), std::string::npos) << answer;
}

TEST_F(ServerTest, RefusesATooLargeChunkedBody) {
  options_.limits.body_bytes_max = 1000;
  Start();
  std::string request = "POST /echo HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n";
  for (int i = 0; i < 100; ++i) request += "64\r\n" + std::string(100, 'a') + "\r\n";
  EXPECT_TRUE(Ask(request).starts_with("HTTP/1.1 413 "));
}

TEST_F(ServerTest, TheClientFindsTheRefusalBehindALargeBodyItStillSends) {
  options_.limits.body_bytes_max = 1000;
  Start();
  const std::string body(std::size_t{8} << 20, 'x');
  const std::string answer =
      Ask("POST /echo HTTP/1.1\r\nHost: t\r\nContent-Length: " + std::to_string(body.size()) +
          "\r\n\r\n" + body);
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 413 ")) << answer.substr(0, 200);
}

TEST_F(ServerTest, EchoesLargeAndChunkedBodies) {
  Start();
  std::string body;
  for (int i = 0; i < 300'000; ++i) body += std::to_string(i);
  EXPECT_TRUE(Ask("POST /echo HTTP/1.1\r\nHost: t\r\nConnection: close\r\nContent-Length: " +
                  std::to_string(body.size()) + "\r\n\r\n" + body)
                  .ends_with("\r\n\r\n" + body));
  std::string chunked =
      "POST /echo HTTP/1.1\r\nHost: t\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n";
  for (std::size_t at = 0; at < body.size(); at += 70'000) {
    const std::string piece = body.substr(at, 70'000);
    char size[16];
    std::snprintf(size, sizeof(size), "%zx", piece.size());
    chunked += std::string(size) + "\r\n" + piece + "\r\n";
  }
  EXPECT_TRUE(Ask(chunked + "0\r\n\r\n").ends_with("\r\n\r\n" + body));
}

TEST_F(ServerTest, InflatesBodiesAndRefusesBombs) {
  options_.limits.body_bytes_max = std::size_t{8} << 20;
  Start();
  const auto post = [&](const std::string& packed) {
    return Ask(
        "POST /echo HTTP/1.1\r\nHost: t\r\nConnection: close\r\nContent-Encoding: gzip\r\n"
        "Content-Length: " +
        std::to_string(packed.size()) + "\r\n\r\n" + packed);
  };
  EXPECT_TRUE(post(codec::Gzip("squeezed")).ends_with("\r\n\r\nsqueezed"));
  const std::string bomb = post(codec::Gzip(std::string(std::size_t{64} << 20, 'a'), 9));
  EXPECT_TRUE(bomb.starts_with("HTTP/1.1 413 ")) << bomb;
  EXPECT_TRUE(post("not gzip").starts_with("HTTP/1.1 400 "));
}

TEST_F(ServerTest, AsksForTheBodyOnlyWhenItWantsIt) {
  options_.limits.body_bytes_max = 1000;
  Start();
  RawConnection wanted(server_->port());
  wanted.Send(
      "POST /echo HTTP/1.1\r\nHost: t\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_EQ(wanted.ReadUntil("\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
  wanted.Send("ok");
  EXPECT_TRUE(wanted.ReadUntil("\r\n\r\nok").starts_with("HTTP/1.1 200 OK"));
  RawConnection unwanted(server_->port());
  unwanted.Send(
      "POST /echo HTTP/1.1\r\nHost: t\r\nContent-Length: 2000\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_TRUE(unwanted.ReadUntil("\r\n").starts_with("HTTP/1.1 413 "));
}

TEST_F(ServerTest, TheGateRefusesBeforeTheBody) {
  RouteOptions route;
  route.gate = [](const Request& request) -> std::optional<Response> {
    if (request.Query("token") == "right") return std::nullopt;
    return ErrorResponse(Unauthenticated("wrong token"));
  };
  router_.Add(
      "PUT", "/upload",
      [](const Request&, const Responder& responder) { responder.Send(TextResponse("in")); },
      route);
  Start();
  RawConnection connection(server_->port());
  connection.Send("PUT /upload?token=x HTTP/1.1\r\nHost: t\r\nContent-Length: 1000000\r\n\r\n");
  EXPECT_TRUE(connection.ReadUntil("]}").starts_with("HTTP/1.1 401 "));
  EXPECT_TRUE(Ask("PUT /upload?token=right HTTP/1.1\r\nHost: t\r\nConnection: close\r\n"
                  "Content-Length: 1\r\n\r\nx")
                  .ends_with("in"));
}

TEST_F(ServerTest, ClosesOnAClientThatNeverEndsItsHeader) {
  options_.limits.header_timeout = milliseconds(50);
  Start();
  EXPECT_TRUE(Ask("GET / HTT").starts_with("HTTP/1.1 408 "));
  EXPECT_EQ(Ask(""), "");
}

TEST_F(ServerTest, ClosesOnAClientThatNeverEndsItsBody) {
  options_.limits.body_idle_timeout = milliseconds(50);
  Start();
  EXPECT_TRUE(Ask("POST /echo HTTP/1.1\r\nHost: t\r\nContent-Length: 10\r\n\r\nabc")
                  .starts_with("HTTP/1.1 408 "));
}

TEST_F(ServerTest, ClosesAnIdleConnectionSilently) {
  options_.limits.keep_alive_timeout = milliseconds(50);
  Start();
  const std::string answer = Ask("GET /hello/x HTTP/1.1\r\nHost: t\r\n\r\n");
  EXPECT_TRUE(answer.ends_with("hello x")) << answer;
}

TEST_F(ServerTest, SpoolsUploadsAndHashesThem) {
  const TempFolder folder;
  RouteOptions route;
  route.body_mode = BodyMode::kSpool;
  route.spool_folder = folder.path();
  router_.Add(
      "PUT", "/upload/{path...}",
      [](const Request& request, const Responder& responder) {
        const SpooledFile& file = *request.spooled_body;
        responder.Send(TextResponse(std::string(request.Param("path")) + " " +
                                    std::to_string(file.size()) + " " +
                                    codec::EncodeHex(codec::AsBytes(file.md5())) + " " +
                                    std::to_string(std::filesystem::file_size(file.path()))));
      },
      route);
  Start();
  EXPECT_TRUE(Ask("PUT /upload/a/b HTTP/1.1\r\nHost: t\r\nConnection: close\r\n"
                  "Content-Length: 3\r\n\r\nabc")
                  .ends_with("a/b 3 900150983cd24fb0d6963f7d28e17f72 3"));
  EXPECT_TRUE(Ask("PUT /upload/e HTTP/1.1\r\nHost: t\r\nConnection: close\r\n"
                  "Content-Length: 0\r\n\r\n")
                  .ends_with("e 0 d41d8cd98f00b204e9800998ecf8427e 0"));
  EXPECT_TRUE(folder.empty());
}

TEST_F(ServerTest, ABrokenOffUploadLeavesNothing) {
  const TempFolder folder;
  RouteOptions route;
  route.body_mode = BodyMode::kSpool;
  route.spool_folder = folder.path();
  std::atomic<int> calls{0};
  router_.Add(
      "PUT", "/upload",
      [&](const Request&, const Responder& responder) {
        ++calls;
        responder.Send(TextResponse("in"));
      },
      route);
  Start();
  RawConnection connection(server_->port());
  connection.Send("PUT /upload HTTP/1.1\r\nHost: t\r\nContent-Length: 1000000\r\n\r\nabc");
  connection.Close();
  ASSERT_TRUE(server_->Stop(milliseconds(5000)));
  EXPECT_EQ(calls, 0);
  EXPECT_TRUE(folder.empty());
}

TEST_F(ServerTest, ServesFilesWithRanges) {
  const TempFolder folder;
  std::string text;
  for (int i = 0; i < 200'000; ++i) text += static_cast<char>('a' + i % 26);
  const auto path = folder.Write("f", text);
  router_.Add("GET", "/file", [path](const Request&, const Responder& responder) {
    Response response;
    response.headers.Add("ETag", "\"v1\"");
    response.body = FileBody{path, std::nullopt};
    responder.Send(std::move(response));
  });
  router_.Add("GET", "/gone", [](const Request&, const Responder& responder) {
    Response response;
    response.body = FileBody{"/nowhere/at/all", std::nullopt};
    responder.Send(std::move(response));
  });
  Start();
  EXPECT_TRUE(Ask(Get("/file")).ends_with("\r\n\r\n" + text));
  const std::string part = Ask(Get("/file", "Range: bytes=26-51\r\n"));
  EXPECT_TRUE(part.starts_with("HTTP/1.1 206 ")) << part;
  EXPECT_NE(part.find("Content-Range: bytes 26-51/200000\r\n"), std::string::npos);
  EXPECT_TRUE(part.ends_with("\r\n\r\nabcdefghijklmnopqrstuvwxyz"));
  const std::string outside = Ask(Get("/file", "Range: bytes=200000-\r\n"));
  EXPECT_TRUE(outside.starts_with("HTTP/1.1 416 "));
  EXPECT_NE(outside.find("Content-Range: bytes */200000\r\n"), std::string::npos);
  EXPECT_TRUE(Ask(Get("/file", "If-None-Match: \"v1\"\r\n")).starts_with("HTTP/1.1 304 "));
  EXPECT_TRUE(
      Ask(Get("/file", "Range: bytes=0-1\r\nIf-Range: \"v0\"\r\n")).starts_with("HTTP/1.1 200 "));
  EXPECT_TRUE(Ask(Get("/gone")).starts_with("HTTP/1.1 404 "));
}

TEST_F(ServerTest, AsksItsGateBeforeAnyRouteAndBeforeTheBody) {
  options_.gate = [](const Request& request) -> std::optional<Response> {
    if (request.headers.Get("Origin") == "http://own") return std::nullopt;
    return ErrorResponse(403, "not from there");
  };
  Start();
  EXPECT_TRUE(Ask(Get("/hello/x", "Origin: http://own\r\n")).ends_with("hello x"));
  EXPECT_TRUE(Ask(Get("/hello/x")).starts_with("HTTP/1.1 403 "));
  EXPECT_TRUE(Ask(Get("/nothing")).starts_with("HTTP/1.1 403 "));
  EXPECT_TRUE(Ask("OPTIONS /echo HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n")
                  .starts_with("HTTP/1.1 403 "));
  RawConnection connection(server_->port());
  connection.Send("POST /echo HTTP/1.1\r\nHost: t\r\nContent-Length: 1000000\r\n\r\n");
  EXPECT_TRUE(connection.ReadUntil("\r\n").starts_with("HTTP/1.1 403 "));
}

TEST_F(ServerTest, AllowsOtherOriginsWhereTheRouteDoes) {
  RouteOptions route;
  route.allows_cross_origin = true;
  router_.Add(
      "GET", "/open",
      [](const Request&, const Responder& responder) { responder.Send(TextResponse("x")); }, route);
  Start();
  const std::string options =
      Ask("OPTIONS /open HTTP/1.1\r\nHost: t\r\nOrigin: http://o\r\n"
          "Access-Control-Request-Headers: Authorization\r\nConnection: close\r\n\r\n");
  EXPECT_TRUE(options.starts_with("HTTP/1.1 204 ")) << options;
  EXPECT_NE(options.find("Access-Control-Allow-Origin: *\r\n"), std::string::npos);
  EXPECT_NE(options.find("Access-Control-Allow-Headers: Authorization\r\n"), std::string::npos);
  EXPECT_NE(Ask(Get("/open")).find("Access-Control-Allow-Origin: *\r\n"), std::string::npos);
  EXPECT_EQ(Ask(Get("/hello/x")).find("Access-Control"), std::string::npos);
}

TEST_F(ServerTest, CompressesTextForThoseWhoAcceptIt) {
  options_.compresses_loopback = true;
  const std::string json(5000, '1');
  router_.Add("GET", "/json", [json](const Request&, const Responder& responder) {
    responder.Send(JsonResponse(json));
  });
  Start();
  const std::string packed = Ask(Get("/json", "Accept-Encoding: br, gzip;q=0.5\r\n"));
  EXPECT_NE(packed.find("Content-Encoding: gzip\r\n"), std::string::npos);
  EXPECT_EQ(codec::Gunzip(packed.substr(packed.find("\r\n\r\n") + 4)).value(), json);
  EXPECT_TRUE(Ask(Get("/json", "Accept-Encoding: gzip;q=0\r\n")).ends_with(json));
  EXPECT_TRUE(Ask(Get("/json")).ends_with(json));
}

TEST_F(ServerTest, AnswersFromAnotherThread) {
  std::vector<std::thread> threads;
  router_.Add("GET", "/later", [&](const Request&, const Responder& responder) {
    threads.emplace_back([responder] { responder.Send(TextResponse("late")); });
  });
  Start();
  for (int i = 0; i < 20; ++i) EXPECT_TRUE(Ask(Get("/later")).ends_with("late"));
  for (std::thread& thread : threads) thread.join();
}

TEST_F(ServerTest, AHandlerThatFailsIsA500AndTheServerLives) {
  router_.Add("GET", "/throws", [](const Request&, const Responder&) {
    throw std::runtime_error("a secret detail");
  });
  router_.Add("GET", "/forgets", [](const Request&, const Responder&) {});
  Start();
  const std::string answer = Ask(Get("/throws"));
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 500 ")) << answer;
  EXPECT_EQ(answer.find("secret"), std::string::npos);
  EXPECT_TRUE(Ask(Get("/forgets")).starts_with("HTTP/1.1 500 "));
  EXPECT_TRUE(Ask(Get("/hello/x")).ends_with("hello x"));
}

TEST_F(ServerTest, AHandlerThatTakesTooLongIsA503) {
  RouteOptions route;
  route.answer_timeout = milliseconds(30);
  Later<Responder> kept;
  router_.Add(
      "GET", "/slow", [&](const Request&, const Responder& responder) { kept.Set(responder); },
      route);
  Start();
  EXPECT_TRUE(Ask(Get("/slow")).starts_with("HTTP/1.1 503 "));
  kept.Wait().Send(TextResponse("nobody listens"));
}

TEST_F(ServerTest, RefusesConnectionsOverTheLimit) {
  options_.limits.connection_count_max = 2;
  Start();
  RawConnection first(server_->port());
  first.Send("GET /hello/1 HTTP/1.1\r\nHost: t\r\n\r\n");
  first.ReadUntil("hello 1");
  RawConnection second(server_->port());
  second.Send("GET /hello/2 HTTP/1.1\r\nHost: t\r\n\r\n");
  second.ReadUntil("hello 2");
  EXPECT_TRUE(Ask(Get("/hello/3")).starts_with("HTTP/1.1 503 "));
  EXPECT_NE(server_->MetricsText().find("regatta_http_connections_refused_total 1"),
            std::string::npos);
}

TEST_F(ServerTest, RefusesRequestsOverTheLimitButAnswersTheExempt) {
  options_.limits.in_flight_count_max = 1;
  Later<Responder> kept;
  router_.Add("GET", "/hold",
              [&](const Request&, const Responder& responder) { kept.Set(responder); });
  RouteOptions exempt;
  exempt.is_exempt_from_limits = true;
  router_.Add(
      "GET", "/healthz",
      [](const Request&, const Responder& responder) { responder.Send(TextResponse("ok")); },
      exempt);
  Start();
  RawConnection holder(server_->port());
  holder.Send(Get("/hold"));
  const Responder responder = kept.Wait();
  const std::string refused = Ask(Get("/hello/x"));
  EXPECT_TRUE(refused.starts_with("HTTP/1.1 503 ")) << refused;
  EXPECT_NE(refused.find("Retry-After: 1\r\n"), std::string::npos);
  EXPECT_TRUE(Ask(Get("/healthz")).ends_with("ok"));
  responder.Send(TextResponse("held"));
  EXPECT_TRUE(holder.ReadAll().ends_with("held"));
}

TEST_F(ServerTest, DrainsInTwoSteps) {
  Later<Responder> kept;
  router_.Add("GET", "/hold",
              [&](const Request&, const Responder& responder) { kept.Set(responder); });
  Start();
  RawConnection idle(server_->port());
  idle.Send("GET /hello/x HTTP/1.1\r\nHost: t\r\n\r\n");
  idle.ReadUntil("hello x");
  RawConnection holder(server_->port());
  holder.Send("GET /hold HTTP/1.1\r\nHost: t\r\n\r\n");
  const Responder responder = kept.Wait();

  server_->BeginDrain();
  idle.Send("GET /hello/y HTTP/1.1\r\nHost: t\r\n\r\n");
  const std::string refused = idle.ReadAll();
  EXPECT_TRUE(refused.starts_with("HTTP/1.1 503 ")) << refused;
  EXPECT_NE(refused.find("Connection: close\r\n"), std::string::npos);
  std::thread answerer([&] { responder.Send(TextResponse("in time")); });
  EXPECT_TRUE(server_->Stop(milliseconds(5000)));
  answerer.join();
  const std::string answer = holder.ReadAll();
  EXPECT_TRUE(answer.ends_with("in time")) << answer;
  EXPECT_NE(answer.find("Connection: close\r\n"), std::string::npos);
}

TEST_F(ServerTest, CutsWhatDoesNotEndInTime) {
  Later<Responder> kept;
  router_.Add("GET", "/hold",
              [&](const Request&, const Responder& responder) { kept.Set(responder); });
  Start();
  RawConnection holder(server_->port());
  holder.Send(Get("/hold"));
  const Responder responder = kept.Wait();
  EXPECT_FALSE(server_->Stop(milliseconds(10)));
  EXPECT_EQ(holder.ReadAll(), "");
  responder.Send(TextResponse("too late, and harmless"));
  server_.reset();
  responder.Send(TextResponse("harmless even now"));
}

TEST_F(ServerTest, StreamsEventsWithCommentsInBetween) {
  options_.limits.event_keep_alive = milliseconds(20);
  Later<EventStream> stream;
  Later<bool> closed;
  router_.Add("GET", "/events", [&](const Request&, const Responder& responder) {
    EventStream events = responder.StartEvents();
    events.OnClose([&] { closed.Set(true); });
    stream.Set(events);
  });
  Start();
  RawConnection connection(server_->port());
  connection.Send("GET /events HTTP/1.1\r\nHost: t\r\n\r\n");
  EventStream events = stream.Wait();
  EXPECT_TRUE(events.Send("row", "1", "a\nb"));
  const std::string text = connection.ReadUntil("event: row\nid: 1\ndata: a\ndata: b\n\n");
  EXPECT_NE(text.find("Content-Type: text/event-stream\r\n"), std::string::npos);
  connection.ReadUntil(": keep-alive\n\n");
  connection.Close();
  EXPECT_TRUE(closed.Wait());
  EXPECT_FALSE(events.Send("row", "2", "nobody"));
}

TEST_F(ServerTest, EndsAStreamWhoseReaderIsTooSlow) {
  options_.limits.event_buffer_bytes_max = 100'000;
  Later<EventStream> stream;
  router_.Add("GET", "/events", [&](const Request&, const Responder& responder) {
    stream.Set(responder.StartEvents());
  });
  Start();
  RawConnection connection(server_->port());
  connection.Send("GET /events HTTP/1.1\r\nHost: t\r\n\r\n");
  EventStream events = stream.Wait();
  const std::string data(50'000, 'x');
  int sent = 0;
  while (events.Send("", "", data)) {
    ASSERT_LT(++sent, 10'000) << "the buffer has no bound";
  }
  EXPECT_FALSE(events.is_open());
}

TEST_F(ServerTest, DrainingEndsStreams) {
  Later<EventStream> stream;
  router_.Add("GET", "/events", [&](const Request&, const Responder& responder) {
    stream.Set(responder.StartEvents());
  });
  Start();
  RawConnection connection(server_->port());
  connection.Send("GET /events HTTP/1.1\r\nHost: t\r\n\r\n");
  EventStream events = stream.Wait();
  EXPECT_TRUE(server_->Stop(milliseconds(5000)));
  EXPECT_FALSE(events.is_open());
  EXPECT_FALSE(connection.ReadAll().ends_with("(timeout)"));
}

TEST_F(ServerTest, ServesManyConnectionsAtOnce) {
  Start();
  std::vector<std::thread> threads;
  std::atomic<int> answered{0};
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([&, t] {
      RawConnection connection(server_->port());
      for (int i = 0; i < 100; ++i) {
        const std::string name = std::to_string(t * 1000 + i) + ".";
        connection.Send("GET /hello/" + name + " HTTP/1.1\r\nHost: t\r\n\r\n");
        if (connection.ReadUntil("hello " + name).ends_with("hello " + name)) ++answered;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(answered, 800);
  // A request is counted when its answer has been sent, so the last one may come a moment later.
  ASSERT_TRUE(server_->Stop(milliseconds(5000)));
  EXPECT_NE(
      server_->MetricsText().find(
          R"(regatta_http_requests_total{method="GET",route="/hello/{name}",status="200"} 800)"),
      std::string::npos);
}

TEST(Server, RefusesOptionsThatCannotBeUsed) {
  const auto start = [](ServerOptions options) {
    Server server(std::move(options), Router());
    const Result<void> started = server.Start();
    return started ? std::string("started") : started.error().message;
  };
  EXPECT_NE(start({.listen = "8080"}).find("HOST:PORT"), std::string::npos);
  EXPECT_NE(start({.listen = "127.0.0.1:99999"}).find("HOST:PORT"), std::string::npos);
  EXPECT_NE(start({.base_path = "wandb/"}).find("base path"), std::string::npos);
  EXPECT_NE(start({.tls_certificate_path = "/nowhere"}).find("both"), std::string::npos);
  Server first({}, Router());
  ASSERT_TRUE(first.Start());
  EXPECT_NE(start({.listen = "127.0.0.1:" + std::to_string(first.port())}).find("another server"),
            std::string::npos);
}

}  // namespace
}  // namespace regatta::net
