// Goal: no page of another place reaches a server that asks for no key; programs and own pages do.
// Method: the gate alone, with the header fields that browsers send.
#include "regatta/server/loopback_gate.h"

#include <gtest/gtest.h>

namespace regatta::server {
namespace {

struct Sent {
  std::string method = "POST";
  net::Headers headers;
};

int StatusOf(const Sent& sent, std::string_view external_url = "") {
  net::Request request;
  request.method = sent.method;
  request.headers = sent.headers;
  const std::optional<net::Response> refusal = LoopbackGate(external_url)(request);
  return refusal ? refusal->status : 200;
}

TEST(LoopbackGate, LetsProgramsThrough) {
  EXPECT_EQ(StatusOf({.headers = {{"Host", "127.0.0.1:8080"}}}), 200);
  EXPECT_EQ(StatusOf({.headers = {}}), 200);
}

TEST(LoopbackGate, LetsTheOwnPageThroughUnderEachNameOfTheLoopback) {
  for (const std::string name :
       {"127.0.0.1:8080", "localhost:8080", "LocalHost", "[::1]:8080", "[::1]", "127.8.9.1:1"}) {
    EXPECT_EQ(StatusOf({.headers = {{"Host", name},
                                    {"Origin", "http://" + name},
                                    {"Sec-Fetch-Site", "same-origin"}}}),
              200)
        << name;
  }
}

TEST(LoopbackGate, RefusesAHostThatANameServerMayTurnToTheLoopback) {
  for (const char* host : {"evil.example", "evil.example:8080", "127.0.0.1.example.org", "10.0.0.1",
                           "localhost.evil.example", "[::2]:8080", "localhost@evil.example"}) {
    EXPECT_EQ(StatusOf({.method = "GET", .headers = {{"Host", host}}}), 403) << host;
  }
}

TEST(LoopbackGate, RefusesAPageOfAnotherPlace) {
  for (const char* origin : {"http://evil.example", "https://127.0.0.1.evil.example", "null", "",
                             "file://", "http://192.168.0.1:8080"}) {
    EXPECT_EQ(StatusOf({.headers = {{"Host", "127.0.0.1:8080"}, {"Origin", origin}}}), 403)
        << origin;
  }
}

TEST(LoopbackGate, RefusesWhatABrowserCallsCrossSiteEvenWithoutAnOrigin) {
  const net::Headers image = {{"Host", "127.0.0.1:8080"},
                              {"Sec-Fetch-Site", "cross-site"},
                              {"Sec-Fetch-Mode", "no-cors"},
                              {"Sec-Fetch-Dest", "image"}};
  EXPECT_EQ(StatusOf({.method = "GET", .headers = image}), 403);
  const net::Headers frame = {{"Host", "127.0.0.1:8080"},
                              {"Sec-Fetch-Site", "cross-site"},
                              {"Sec-Fetch-Mode", "navigate"},
                              {"Sec-Fetch-Dest", "iframe"}};
  EXPECT_EQ(StatusOf({.method = "GET", .headers = frame}), 403);
}

TEST(LoopbackGate, FollowsALinkFromElsewhereToThePageButTakesNoForm) {
  const net::Headers link = {{"Host", "localhost:8080"},
                             {"Sec-Fetch-Site", "cross-site"},
                             {"Sec-Fetch-Mode", "navigate"},
                             {"Sec-Fetch-Dest", "document"}};
  EXPECT_EQ(StatusOf({.method = "GET", .headers = link}), 200);
  EXPECT_EQ(StatusOf({.method = "POST", .headers = link}), 403);
}

TEST(LoopbackGate, KnowsTheConfiguredAddressAsItsOwn) {
  const net::Headers headers = {{"Host", "laptop.example"}, {"Origin", "https://Laptop.example"}};
  EXPECT_EQ(StatusOf({.headers = headers}, "https://laptop.example:443/x"), 200);
  EXPECT_EQ(StatusOf({.headers = headers}, "https://other.example"), 403);
  EXPECT_EQ(StatusOf({.headers = headers}, ""), 403);
}

TEST(LoopbackGate, NamesTheFieldAndTheRemedy) {
  net::Request request;
  request.headers = {{"Host", "evil.example"}};
  const std::optional<net::Response> refusal = LoopbackGate("")(request);
  ASSERT_TRUE(refusal);
  const std::string& text = std::get<std::string>(refusal->body);
  EXPECT_NE(text.find("Host is \\\"evil.example\\\""), std::string::npos) << text;
  EXPECT_NE(text.find("--base-url"), std::string::npos) << text;
}

}  // namespace
}  // namespace regatta::server
