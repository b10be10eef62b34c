// Goal: the parts below server and client keep their contracts.
// Method: values in, values out; no sockets.
#include <gtest/gtest.h>

#include "body_sink.h"
#include "error_text.h"
#include "event_parser.h"
#include "message_decoder.h"
#include "rate_window.h"
#include "regatta/codec/hex.h"
#include "regatta/net/router.h"
#include "response_writer.h"
#include "test_support.h"
#include "url.h"

namespace regatta::net {
namespace {

const Handler kNothing = [](const Request&, const Responder&) {};

TEST(Headers, CompareNamesWithoutCaseAndListsByToken) {
  Headers headers = {{"Content-Type", "a"}, {"X", "1"}, {"x", "2"}, {"Accept", "gzip , Br"}};
  EXPECT_EQ(headers.Get("content-type"), "a");
  EXPECT_EQ(headers.Get("X"), "1");
  EXPECT_TRUE(headers.HasToken("accept", "br"));
  EXPECT_FALSE(headers.HasToken("accept", "b"));
  headers.Set("x", "3");
  EXPECT_EQ(headers.Get("X"), "3");
  EXPECT_EQ(headers.size(), 3U);
}

TEST(Http, ReadsCredentials) {
  const Headers basic = {{"Authorization", "Basic YXBpOnNlOmNyZXQ="}};
  EXPECT_EQ(BasicCredentials(basic), (std::pair<std::string, std::string>("api", "se:cret")));
  EXPECT_EQ(BasicCredentials({{"Authorization", "Basic !"}}), std::nullopt);
  EXPECT_EQ(BearerToken({{"authorization", "bearer  t "}}), "t");
  EXPECT_EQ(BearerToken(basic), std::nullopt);
  EXPECT_EQ(Cookie({{"Cookie", "a=1; key=x=y"}}, "key"), "x=y");
}

TEST(Http, ErrorsHaveTheFormThatClientsShow) {
  const Response response = ErrorResponse(NotFound("no run \"x\""));
  EXPECT_EQ(response.status, 404);
  EXPECT_EQ(std::get<std::string>(response.body), R"({"errors":[{"message":"no run \"x\""}]})");
  EXPECT_EQ(ErrorTextOf(std::get<std::string>(response.body)), "no run \"x\"");
  EXPECT_EQ(ErrorTextOf(R"({"error": "\u00e9\ud83d\ude00"})"), "é😀");
  // Half a pair is no character; what follows it is.
  EXPECT_EQ(ErrorTextOf(R"({"error": "\ud83d\u00e9"})"), "\uFFFDé");
  EXPECT_EQ(ErrorTextOf(R"({"error": "\ud83d\ud83d\ude00"})"), "\uFFFD😀");
  EXPECT_EQ(ErrorTextOf("plain"), "plain");
}

TEST(Router, DecodesEachSegmentAfterTheSplit) {
  Router router;
  router.Add("POST", "/files/{entity}/{project}/{run}/file_stream", kNothing);
  const Router::Match match = router.Find("POST", "/files/a%2Fb/p%20q/r/file_stream");
  ASSERT_NE(match.route, nullptr);
  const std::vector<std::pair<std::string, std::string>> expected = {
      {"entity", "a/b"}, {"project", "p q"}, {"run", "r"}};
  EXPECT_EQ(match.params, expected);
}

TEST(Router, PrefersLiteralsOverNamesOverTheRest) {
  Router router;
  router.Add("GET", "/files/{entity}/{path...}", kNothing);
  router.Add("GET", "/files/{entity}/{run}", kNothing);
  router.Add("GET", "/files/me/x", kNothing);
  router.Add("GET", "/{path...}", kNothing);
  const auto pattern = [&](std::string_view path) {
    const Router::Match match = router.Find("GET", path);
    return match.route == nullptr ? std::string("none") : match.route->pattern;
  };
  EXPECT_EQ(pattern("/files/me/x"), "/files/me/x");
  EXPECT_EQ(pattern("/files/me/y"), "/files/{entity}/{run}");
  EXPECT_EQ(pattern("/files/me/x/y"), "/files/{entity}/{path...}");
  EXPECT_EQ(pattern("/files/me/"), "/files/{entity}/{path...}");
  EXPECT_EQ(pattern("/"), "/{path...}");
  EXPECT_EQ(router.Find("GET", "/files/e/a/b%20c").params.back().second, "a/b c");
}

TEST(Router, TellsTheMethodsThatAPathHas) {
  Router router;
  router.Add("GET", "/a", kNothing);
  router.Add("PUT", "/a", kNothing);
  router.Add("*", "/any", kNothing);
  EXPECT_EQ(router.Find("POST", "/a").allowed, (std::vector<std::string>{"GET", "PUT"}));
  EXPECT_EQ(router.Find("HEAD", "/a").route->method, "GET");
  EXPECT_NE(router.Find("PATCH", "/any").route, nullptr);
  EXPECT_TRUE(router.Find("GET", "/b").allowed.empty());
  EXPECT_EQ(router.Find("GET", "/%zz").route, nullptr);
}

TEST(ChooseRange, FollowsRfc9110) {
  using Kind = RangeChoice::Kind;
  const auto range = [](std::string_view field, std::uint64_t size) {
    const RangeChoice choice = ChooseRange(field, size);
    return std::tuple(choice.kind, choice.range.offset, choice.range.length);
  };
  EXPECT_EQ(range("bytes=0-499", 1000), std::tuple(Kind::kPart, 0U, 500U));
  EXPECT_EQ(range("bytes=500-", 1000), std::tuple(Kind::kPart, 500U, 500U));
  EXPECT_EQ(range("bytes=-1", 1000), std::tuple(Kind::kPart, 999U, 1U));
  EXPECT_EQ(range("bytes=-2000", 1000), std::tuple(Kind::kPart, 0U, 1000U));
  EXPECT_EQ(range("bytes=990-2000", 1000), std::tuple(Kind::kPart, 990U, 10U));
  EXPECT_EQ(std::get<0>(range("bytes=1000-", 1000)), Kind::kUnsatisfiable);
  EXPECT_EQ(std::get<0>(range("bytes=-0", 1000)), Kind::kUnsatisfiable);
  EXPECT_EQ(std::get<0>(range("bytes=0-0", 0)), Kind::kUnsatisfiable);
  for (const std::string_view whole : {"", "bytes=5-1", "bytes=0-1,3-4", "lines=0-1", "bytes=x-"}) {
    EXPECT_EQ(std::get<0>(range(whole, 1000)), Kind::kWhole) << whole;
  }
}

TEST(PrepareResponse, KeepsLineEndsOutOfFields) {
  Response response = TextResponse("x");
  response.headers.Add("X-Name", "a\r\nSet-Cookie: b");
  const WireResponse wire = PrepareResponse(std::move(response), Request(), {}, true);
  EXPECT_NE(wire.head.find("X-Name: a  Set-Cookie: b\r\n"), std::string::npos);
}

struct Decoded {
  std::string body;
  std::string failure;
  bool is_done = false;
};

// Feeds `bytes` in pieces of `step`.
Decoded Decode(std::string_view bytes, std::size_t step) {
  Decoded decoded;
  MessageDecoder decoder(MessageDecoder::Kind::kRequest, 1024);
  std::string input;
  const auto sink = [&](std::string_view piece) {
    decoded.body += piece;
    return Ok();
  };
  while (!bytes.empty()) {
    input += bytes.substr(0, step);
    bytes.remove_prefix(std::min(step, bytes.size()));
    if (!decoder.has_head()) {
      const Result<std::size_t> taken = decoder.DecodeHead(input);
      if (!taken) return {decoded.body, taken.error().message, false};
      input.erase(0, *taken);
    }
    if (decoder.has_head()) {
      const Result<std::size_t> taken = decoder.DecodeBody(input, sink);
      if (!taken) return {decoded.body, taken.error().message, false};
      input.erase(0, *taken);
    }
  }
  decoded.is_done = decoder.is_done();
  return decoded;
}

TEST(MessageDecoder, GivesTheSameInAnyPieces) {
  constexpr std::string_view kChunked =
      "POST /x HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
      "5\r\nhello\r\n1;ext=1\r\n \r\n5\r\nworld\r\n0\r\nTrailer: t\r\n\r\n";
  constexpr std::string_view kSized = "POST /x HTTP/1.1\r\nContent-Length: 11\r\n\r\nhello world";
  for (std::size_t step = 1; step < 120; ++step) {
    for (const std::string_view text : {kChunked, kSized}) {
      const Decoded decoded = Decode(text, step);
      EXPECT_EQ(decoded.body, "hello world") << step << decoded.failure;
      EXPECT_TRUE(decoded.is_done) << step;
    }
  }
}

// Pieces may end anywhere in the last chunk: sanitized builds keep the assertions of Beast.
TEST(MessageDecoder, EndsAnEmptyChunkedBodyInAnyPieces) {
  for (const std::string_view end : {"0\r\n\r\n", "0\r\nT: t\r\n\r\n", "000;ext\r\n\r\n"}) {
    const std::string text =
        "POST /x HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n" + std::string(end);
    for (std::size_t step = 1; step <= text.size(); ++step) {
      const Decoded decoded = Decode(text, step);
      EXPECT_EQ(decoded.body, "") << step << decoded.failure;
      EXPECT_TRUE(decoded.is_done) << step;
    }
  }
}

TEST(MessageDecoder, GivesAChunksBytesAsSoonAsTheyCome) {
  const Decoded decoded = Decode("POST /x HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n2\r\na", 1);
  EXPECT_EQ(decoded.body, "a");
  EXPECT_FALSE(decoded.is_done);
}

TEST(MessageDecoder, RefusesWhatSmugglingNeeds) {
  for (const std::string_view fields :
       {"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n",
        "Transfer-Encoding: chunked\r\nContent-Length: 3\r\n",
        "Content-Length: 3\r\nContent-Length: 4\r\n", "Content-Length: -1\r\n",
        "Content-Length: 0x3\r\n", "Transfer-Encoding: gzip, chunked\r\n",
        "Transfer-Encoding: identity\r\n", "Content-Length : 3\r\n", "X\r\n"}) {
    const Decoded decoded =
        Decode("POST / HTTP/1.1\r\nHost: h\r\n" + std::string(fields) + "\r\n0\r\n\r\n", 4096);
    EXPECT_FALSE(decoded.failure.empty()) << fields;
  }
}

TEST(MessageDecoder, RefusesLongHeadsAndLongChunkLines) {
  EXPECT_NE(Decode("GET / HTTP/1.1\r\nX: " + std::string(2000, 'a'), 100).failure.find("1024"),
            std::string::npos);
  EXPECT_NE(
      Decode("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n5;" + std::string(5000, 'a'),
             100)
          .failure.find("1024"),
      std::string::npos);
}

TEST(SpoolSink, LeavesNothingUnlessTaken) {
  const TempFolder folder;
  {
    auto sink = MakeSpoolSink(100, folder.path());
    ASSERT_TRUE(sink);
    ASSERT_TRUE((*sink)->Write("abc"));
    EXPECT_FALSE(folder.empty());
  }
  EXPECT_TRUE(folder.empty());
  Request request;
  {
    auto sink = MakeSpoolSink(100, folder.path());
    ASSERT_TRUE((*sink)->Write("a"));
    ASSERT_TRUE((*sink)->Write("bc"));
    ASSERT_TRUE((*sink)->Finish(request));
  }
  EXPECT_EQ(ReadFile(request.spooled_body->path()), "abc");
  EXPECT_EQ(codec::EncodeHex(codec::AsBytes(request.spooled_body->md5())),
            "900150983cd24fb0d6963f7d28e17f72");
  EXPECT_EQ(request.spooled_body->sha256(), codec::Sha256::Of("abc"));
  request = Request();
  EXPECT_TRUE(folder.empty());
}

TEST(RateWindow, LetsNoFastBeginningBuyASlowEnd) {
  using std::chrono::seconds;
  const RateWindow::Time start{};
  RateWindow rate(seconds(30), 1024, start);
  EXPECT_TRUE(rate.Note(64'000'000, start + seconds(1)));
  EXPECT_TRUE(rate.Note(64'000'000, start + seconds(30)));
  EXPECT_TRUE(rate.Note(64'000'001, start + seconds(59)));
  EXPECT_FALSE(rate.Note(64'000'002, start + seconds(60)));
}

TEST(RateWindow, TakesWhatKeepsItsRateForHours) {
  using std::chrono::seconds;
  const RateWindow::Time start{};
  RateWindow rate(seconds(30), 1024, start);
  for (int second = 1; second <= 7200; ++second) {
    ASSERT_TRUE(rate.Note(static_cast<std::uint64_t>(second) * 1024, start + seconds(second)))
        << second;
  }
}

TEST(PeerBudgets, GiveOnePeerItsShareAndLeaveTheRestToOthers) {
  MemoryBudget all(100);
  PeerBudgets peers(60);
  const auto first = peers.Of("192.0.2.1");
  const auto second = peers.Of("192.0.2.2");
  BudgetShare greedy(all, *first);
  EXPECT_TRUE(greedy.Take(60));
  BudgetShare again(all, *peers.Of("192.0.2.1"));
  const Result<void> refused = again.Take(1);
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().message.find("your address"), std::string::npos);
  BudgetShare other(all, *second);
  EXPECT_TRUE(other.Take(40));
  EXPECT_EQ(other.Take(1).error().code, ErrorCode::kUnavailable);
  EXPECT_EQ(second->used(), 40U) << "what the server refused is not counted against the peer";
}

TEST(PeerBudgets, ForgetPeersThatHaveLeft) {
  PeerBudgets peers(10);
  const auto stays = peers.Of("stays");
  EXPECT_TRUE(stays->Take(10));
  for (int i = 0; i < 10'000; ++i) peers.Of(std::to_string(i));
  EXPECT_LE(peers.size(), 130U);
  EXPECT_FALSE(peers.Of("stays")->Take(1)) << "it was forgotten with the others";
}

TEST(MemorySink, GivesItsShareBack) {
  MemoryBudget budget(10);
  MemoryBudget of_peer(100);
  {
    BudgetShare share(budget, of_peer);
    const auto sink = MakeMemorySink(100, 0, share);
    EXPECT_TRUE(sink->Write("12345678"));
    EXPECT_EQ(sink->Write("901").error().code, ErrorCode::kUnavailable);
    EXPECT_EQ(budget.used(), 8U);
    EXPECT_EQ(of_peer.used(), 8U);
  }
  EXPECT_EQ(budget.used(), 0U);
  EXPECT_EQ(of_peer.used(), 0U);
}

TEST(Url, ReadsHostPortAndPath) {
  const Url url = ParseUrl("https://[::1]:8443/base?x=1#f").value();
  EXPECT_TRUE(url.is_tls);
  EXPECT_EQ(url.host, "::1");
  EXPECT_EQ(url.port, 8443);
  EXPECT_EQ(url.path, "/base?x=1");
  EXPECT_EQ(url.HostField(), "[::1]:8443");
  EXPECT_EQ(ParseUrl("http://h").value().HostField(), "h");
  for (const std::string_view bad :
       {"", "h:80", "ftp://h", "http://", "http://h:0", "http://h:99999", "http://[::1",
        "http://a b/", "http://u:secret@h/"}) {
    const Result<Url> refused = ParseUrl(bad);
    ASSERT_FALSE(refused) << bad;
    EXPECT_EQ(refused.error().message.find("secret"), std::string::npos);
  }
}

TEST(EventParser, GivesTheSameEventsInAnyPieces) {
  constexpr std::string_view kStream =
      ": comment\n\nid: 7\nevent: row\ndata: a\ndata:b\n\r\ndata\r\n\r\nid\rdata: last\r\r";
  for (std::size_t step = 1; step <= kStream.size(); ++step) {
    EventParser parser(1000);
    std::string seen;
    const auto take = [&](const ServerEvent& event) {
      seen += event.event + "/" + event.id + "/" + event.data + ";";
      return true;
    };
    for (std::size_t at = 0; at < kStream.size(); at += step) {
      ASSERT_TRUE(parser.Feed(kStream.substr(at, step), take));
    }
    EXPECT_EQ(seen, "row/7/a\nb;message/7/;message//last;") << step;
  }
}

TEST(EventParser, RefusesAnEndlessLine) {
  EventParser parser(100);
  const auto take = [](const ServerEvent&) { return true; };
  EXPECT_FALSE(parser.Feed(std::string(101, 'x'), take));
}

}  // namespace
}  // namespace regatta::net
